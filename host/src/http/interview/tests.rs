use serde_json::json;
use switchboard_domain::agent::AgentType;
use switchboard_domain::decision::PolicyName;
use switchboard_domain::interview::DecidedBy;

use super::*;
use crate::http::body::cases::{Kind::*, assert_problems};
use crate::http::job::JobBody;
use crate::http::schema::drift;

const NOW: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);
const ID: &str = "00000000-0000-7000-8000-000000000001";

/// An interview whose candidate, agent and job are made with it.
fn inline() -> Value {
    let mut candidate = drift::example_of::<CandidateBody>();
    candidate.as_object_mut().unwrap().remove("jobId");
    json!({
        "candidate": candidate,
        "agent": drift::example_of::<AgentBody>(),
        "job": drift::example_of::<JobBody>(),
    })
}

#[test]
fn the_schema_is_the_readers() {
    let mut older = inline();
    let job = older["job"].as_object_mut().unwrap();
    let title = job.remove("title").unwrap();
    job.insert("jobTitle".to_owned(), title);
    drift::assert_schema_is_the_readers::<InterviewBody>(
        &|body| read(body, NOW).map(drop),
        &[drift::example_of::<InterviewBody>(), inline(), older],
        &[
            "candidateId",
            "candidate",
            "agentId",
            "agent",
            "candidate.email",
            "candidate.phoneNumber",
            "job.title",
            "job.jobTitle",
        ],
    );
}

fn interview() -> Interview {
    let Named::New(agent) = read(&inline(), NOW).unwrap().agent else { panic!("the agent is inline") };
    Interview {
        id: ID.parse().unwrap(),
        company_id: ID.parse().unwrap(),
        candidate_id: ID.parse().unwrap(),
        agent_id: ID.parse().unwrap(),
        revision: 1,
        job_id: None,
        status: InterviewStatus::Scheduled,
        scheduled_at: NOW,
        duration_minutes: None,
        finished_at: None,
        metadata: None,
        is_test: false,
        agent: *agent,
        decisions: vec![DecidedBy { policy: PolicyName::JobResolution, decision_id: ID.parse().unwrap() }],
        undecided: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

#[test]
fn the_schema_of_a_change_is_its_readers() {
    let kept = interview();
    let reader = |body: &Value| read_change(&kept, body).map(drop);
    let example = drift::example_of::<InterviewPatch>();
    drift::assert_schema_is_the_readers::<InterviewPatch>(&reader, std::slice::from_ref(&example), &[]);
    drift::assert_null_clears_as_the_schema_says::<InterviewPatch>(&reader, &example);
}

#[test]
fn every_problem_is_named() {
    let with = |changes: Value| {
        let mut body = json!({"candidateId": ID, "agentId": ID});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let job = drift::example_of::<JobBody>();
    let mut with_candidate_job = inline();
    with_candidate_job["candidate"]["jobId"] = json!(ID);
    assert_problems(
        |body| read(body, NOW),
        &[
            (
                json!({}),
                &[("candidateId", Missing), ("candidate", Missing), ("agentId", Missing), ("agent", Missing)],
            ),
            (with(json!({})), &[]),
            (with(json!({"jobId": ID, "job": null})), &[]),
            (with(json!({"jobId": ID, "job": job})), &[("jobId", Invalid), ("job", Invalid)]),
            (
                with(json!({"candidateId": "x", "agentId": 7})),
                &[("candidateId", Invalid), ("agentId", Invalid)],
            ),
            (
                with(json!({"candidate": {"firstName": 1}})),
                &[
                    ("candidate.firstName", Invalid),
                    ("candidate.lastName", Missing),
                    ("candidate.email", Missing),
                    ("candidate.phoneNumber", Missing),
                    ("candidate.gdprExpiryDate", Missing),
                    ("candidateId", Invalid),
                    ("candidate", Invalid),
                ],
            ),
            (with(json!({"candidateId": null, "candidate": []})), &[("candidate", Invalid)]),
            (with(json!({"job": {"jobTitle": "Forklift driver"}})), &[("job.description", Missing)]),
            (
                with(json!({"job": {"description": "Loads containers."}})),
                &[("job.title", Missing), ("job.jobTitle", Missing)],
            ),
            (
                with(
                    json!({"job": {"title": "Driver", "jobTitle": "Loader", "description": "Loads things."}}),
                ),
                &[("job.title", Invalid), ("job.jobTitle", Invalid)],
            ),
            (with_candidate_job, &[("job", Invalid), ("candidate.jobId", Invalid)]),
            (with(json!({"scheduledAt": "2026-04-02"})), &[("scheduledAt", UnreadableDate)]),
            (with(json!({"scheduleTime": "soon"})), &[("scheduleTime", UnreadableDate)]),
            (with(json!({"scheduledAt": 1_775_116_800})), &[("scheduledAt", Invalid)]),
            (
                with(json!({"scheduledAt": "2026-04-02T07:00Z", "scheduleTime": "2026-04-02 07:00:00.0z"})),
                &[],
            ),
            (
                with(json!({"scheduledAt": "2026-04-02T07:00Z", "scheduleTime": "2026-04-02T07:01Z"})),
                &[("scheduledAt", Invalid), ("scheduleTime", Invalid)],
            ),
            (with(json!({"isTest": "yes", "metadata": 1})), &[("isTest", Invalid), ("metadata", Invalid)]),
        ],
    );
}

#[test]
fn the_older_name_of_the_time_counts_alone() {
    let body = json!({"candidateId": ID, "agentId": ID, "scheduleTime": "2026-04-02T07:00+02:00"});
    let expected = WrittenTime::parse("2026-04-02T07:00+02:00").unwrap();
    assert_eq!(read(&body, NOW).unwrap().written_time, Some(expected));
}

#[test]
fn attempts_are_shown_for_phone_agents_only() {
    let at = "2026-04-02T08:00:00.000Z";
    let mut expected = json!({
        "id": ID, "companyId": ID, "candidateId": ID, "agentId": ID, "status": "SCHEDULED", "scheduledAt": at,
        "isTest": false, "callAttempts": [], "decisions": {"job-resolution": ID},
        "createdAt": at, "updatedAt": at,
    });
    let mut found = WithAttempts { interview: interview(), attempts: Vec::new(), analysis: None };
    assert_eq!(serde_json::to_value(view(&found)).unwrap(), expected);
    found.interview.agent.agent_type = AgentType::Online;
    expected.as_object_mut().unwrap().remove("callAttempts");
    assert_eq!(serde_json::to_value(view(&found)).unwrap(), expected);
}
