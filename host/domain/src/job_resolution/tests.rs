use uuid::Uuid;

use super::*;
use crate::decision::Facts as _;

fn job(number: u128, status: JobStatus) -> AssignedJob {
    AssignedJob {
        id: JobId::new(Uuid::from_u128(number)),
        status,
        created_at: Timestamp::from_unix_millis(0),
        title: format!("Job {number}"),
        metadata: None,
    }
}

/// Jobs 1 and 2 are open, 3 is closed.
fn facts() -> Facts {
    Facts {
        now: Timestamp::from_unix_millis(1),
        ats_id: AtsId::new(Uuid::from_u128(10)),
        company_id: CompanyId::new(Uuid::from_u128(11)),
        candidate_id: Some(CandidateId::new(Uuid::from_u128(12))),
        agent_type: AgentType::Phone,
        agent_focus: AgentFocus::Screening,
        agent_language: Language::En,
        is_test: false,
        scheduled_at: Timestamp::from_unix_millis(2),
        assigned_jobs: vec![job(1, JobStatus::Open), job(2, JobStatus::Open), job(3, JobStatus::Closed)],
        candidate_metadata: None,
    }
}

fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

#[test]
fn a_plugins_answer_is_input_not_truth() {
    let job_id = |number| JobId::new(Uuid::from_u128(number));
    let named = |number: u128| (job_id(number), format!("Job {number}"));
    let clipped = "x".repeat(64);
    for (answer, expected) in [
        (Answer::Job(id(1)), Ok(Verdict::Job(Some(job_id(1))))),
        (Answer::Job(id(3)), Err(format!("job `{}` is closed", id(3)))),
        (Answer::Job(id(4)), Err(format!("job `{}` is not among the candidate's jobs", id(4)))),
        (Answer::Job(String::new()), Err("job `` is not among the candidate's jobs".to_owned())),
        (Answer::Job("x".repeat(10_000)), Err(format!("job `{clipped}` is not among the candidate's jobs"))),
        (Answer::NoJob, Ok(Verdict::Job(None))),
        (Answer::JobRequired, Ok(Verdict::JobRequired)),
        (Answer::JobAmbiguous(vec![id(2), id(1)]), Ok(Verdict::JobAmbiguous(vec![named(2), named(1)]))),
        (
            Answer::JobAmbiguous(vec![id(1), id(4)]),
            Err(format!("job `{}` is not among the candidate's jobs", id(4))),
        ),
        (Answer::JobAmbiguous(vec![id(1)]), Err("`job-ambiguous` needs at least two jobs".to_owned())),
        (Answer::JobAmbiguous(vec![id(1), id(1)]), Err("`job-ambiguous` needs at least two jobs".to_owned())),
        (Answer::JobAmbiguous(vec![id(1), id(3)]), Ok(Verdict::JobAmbiguous(vec![named(1), named(3)]))),
        (Answer::Rejected("no".to_owned()), Ok(Verdict::Rejected("no".to_owned()))),
        (Answer::Rejected("é".repeat(500)), Ok(Verdict::Rejected("é".repeat(500)))),
        (Answer::Rejected(String::new()), Err("`rejected` needs a reason".to_owned())),
        (
            Answer::Rejected("é".repeat(501)),
            Err("the reason of `rejected` is longer than 500 characters".to_owned()),
        ),
        (Answer::Rejected("a\0b".to_owned()), Err("the reason of `rejected` has a NUL character".to_owned())),
    ] {
        assert_eq!(check(&answer, &facts()), expected, "{answer:?}");
    }
}

#[test]
fn only_the_moment_may_differ() {
    let later = Facts { now: Timestamp::from_unix_millis(99), ..facts() };
    assert!(facts().same_but_now(&later));
    let mut closed = later.clone();
    closed.assigned_jobs[0].status = JobStatus::Closed;
    assert!(!facts().same_but_now(&closed));
    assert!(!facts().same_but_now(&Facts { is_test: true, ..later }));
}
