//! Interviews, from outside: bodies, the job, the time (contract §6).

mod change;

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Client, Furnished, TestHost};

use crate::table::{Refused, all_refused, assert_names, assert_refused, bad_metadata, with};

const INVALID: &str = "VALIDATION_ERROR";
const MISSING: &str = "MISSING_REQUIRED_FIELD";
const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";

/// A company with what an interview needs; the client has the company's key.
struct Room {
    host: TestHost,
    here: Furnished,
    company: Client,
}

impl Room {
    async fn new() -> Self {
        let host = TestHost::start().await;
        let here = host.furnish().await;
        let company = host.partner(&here.company_key);
        Self { host, here, company }
    }

    async fn make(&mut self, path: &str, body: Value) -> String {
        let made = self.company.post(path, &body).await.expect(201);
        made["id"].as_str().expect("an id").to_owned()
    }

    async fn job(&mut self, status: &str) -> String {
        self.make("/jobs", with(&new_job(), &json!({ "status": status }))).await
    }

    async fn candidate(&mut self, change: Value) -> String {
        self.make("/candidates", with(&new_candidate(), &change)).await
    }

    async fn agent(&mut self, agent_type: &str, focus: &str) -> String {
        let body = self.new_agent(agent_type, focus);
        self.make("/agents", body).await
    }

    fn new_agent(&self, agent_type: &str, focus: &str) -> Value {
        let number = (agent_type == "PHONE").then_some(&self.here.phone_number_id);
        json!({ "name": "Check", "type": agent_type, "focus": focus, "language": "EN", "duration": 15, "companyPhoneNumberId": number })
    }

    /// How many of everything there are.
    async fn totals(&mut self) -> Vec<Value> {
        let mut totals = Vec::new();
        for path in ["/jobs", "/candidates", "/agents", "/interviews"] {
            totals.push(self.company.get(path).await.expect(200)["total"].clone());
        }
        totals
    }
}

fn new_job() -> Value {
    json!({ "title": "Driver", "description": "Drives a forklift." })
}

fn new_candidate() -> Value {
    json!({ "firstName": "Jana", "lastName": "N", "email": "j@post.example", "gdprExpiryDate": "2027-01-01" })
}

#[tokio::test(flavor = "multi_thread")]
async fn interviews_have_exactly_their_members() {
    let mut room = Room::new().await;
    let (phone, online) = (room.agent("PHONE", "GENERIC").await, room.agent("ONLINE", "GENERIC").await);
    let candidate = room.candidate(json!({ "phoneNumber": "+421901234567" })).await;
    let always = [
        "id",
        "companyId",
        "candidateId",
        "agentId",
        "status",
        "scheduledAt",
        "isTest",
        "decisions",
        "createdAt",
        "updatedAt",
    ];

    let body = json!({ "candidateId": candidate, "agentId": online });
    let made = room.company.post("/interviews", &body).await.expect(201);
    assert_names(&made, &always);
    assert_eq!((&made["status"], &made["isTest"]), (&json!("SCHEDULED"), &json!(false)));
    assert_names(&made["decisions"], &["job-resolution"]);
    let path = format!("/interviews/{}", made["id"].as_str().expect("an id"));
    assert_eq!(room.company.get(&path).await.expect(200), made);

    let body = json!({ "candidateId": candidate, "agentId": phone, "metadata": { "round": 1 } });
    let made = room.company.post("/interviews", &body).await.expect(201);
    assert_names(&made, &[&always[..], &["callAttempts", "metadata"]].concat());
    let attempt = &made["callAttempts"][0];
    assert_names(attempt, &["id", "direction", "status", "retryNumber", "decisionId", "scheduledAt"]);
    assert_eq!(made["callAttempts"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&attempt["direction"], &attempt["status"], &attempt["retryNumber"]),
        (&json!("OUTBOUND"), &json!("SCHEDULED"), &json!(0))
    );
    assert_eq!(attempt["scheduledAt"], made["scheduledAt"]);
    assert_eq!(room.company.get(&format!("/candidates/{candidate}")).await.expect(200)["interviewCount"], 2);
    let list = room.company.get(&format!("/candidates/{candidate}/interviews")).await.expect(200);
    assert_eq!((&list["total"], &list["data"][0]), (&json!(2), &made));

    // A test interview is over at once, at any hour, and calls nobody.
    let body = json!({ "candidateId": candidate, "agentId": phone, "isTest": true, "scheduledAt": "2026-04-10T03:00:00+02:00" });
    let made = room.company.post("/interviews", &body).await.expect(201);
    assert_names(&made, &[&always[..], &["callAttempts", "finishedDate"]].concat());
    assert_eq!(
        (&made["status"], &made["callAttempts"], &made["isTest"]),
        (&json!("COMPLETED"), &json!([]), &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_an_interview_is_named() {
    let mut room = Room::new().await;
    let (agent, phone) = (room.agent("ONLINE", "GENERIC").await, room.agent("PHONE", "GENERIC").await);
    let candidate = room.candidate(json!({})).await;
    let job = room.job("OPEN").await;
    let (new_agent, totals) = (room.new_agent("ONLINE", "GENERIC"), room.totals().await);
    let sibling = room.host.furnish_company(room.here.ats_id.clone()).await;
    let foreign =
        room.host.partner(&sibling.company_key).post("/jobs", &new_job()).await.expect(201)["id"].clone();
    let base = json!({ "candidateId": candidate, "agentId": agent });
    let without = |change: Value| with(&json!({ "candidateId": null }), &change);
    let mut bad: Vec<Refused<'_>> = vec![
        (json!({ "candidateId": null }), MISSING, &["candidateId", "candidate"]),
        (
            json!({ "candidateId": null, "agentId": null }),
            MISSING,
            &["candidateId", "candidate", "agentId", "agent"],
        ),
        (json!({ "candidate": new_candidate() }), INVALID, &["candidateId", "candidate"]),
        (json!({ "agent": new_agent }), INVALID, &["agentId", "agent"]),
        (json!({ "job": new_job(), "jobId": job }), INVALID, &["job", "jobId"]),
        (
            json!({ "candidateId": "x", "agentId": 1, "jobId": [] }),
            INVALID,
            &["candidateId", "agentId", "jobId"],
        ),
        (
            json!({ "candidateId": NOBODY, "agentId": NOBODY, "jobId": NOBODY }),
            INVALID,
            &["candidateId", "agentId", "jobId"],
        ),
        (json!({ "agentId": candidate }), INVALID, &["agentId"]),
        (json!({ "jobId": job }), INVALID, &["jobId"]),
        (json!({ "jobId": foreign }), INVALID, &["jobId"]),
        (json!({ "isTest": "yes" }), INVALID, &["isTest"]),
        (json!({ "agentId": phone }), MISSING, &["candidate.phoneNumber"]),
        (without(json!({ "candidate": "Jana" })), INVALID, &["candidate"]),
        (
            without(json!({ "candidate": {} })),
            MISSING,
            &[
                "candidate.firstName",
                "candidate.lastName",
                "candidate.gdprExpiryDate",
                "candidate.email",
                "candidate.phoneNumber",
            ],
        ),
        (
            without(
                json!({ "candidate": with(&new_candidate(), &json!({ "jobIds": [job, NOBODY, foreign] })) }),
            ),
            INVALID,
            &["candidate.jobIds[1]", "candidate.jobIds[2]"],
        ),
        (
            without(json!({ "candidate": with(&new_candidate(), &json!({ "jobId": NOBODY })) })),
            INVALID,
            &["candidate.jobId"],
        ),
        (
            without(json!({ "candidate": with(&new_candidate(), &json!({ "jobId": job })), "jobId": job })),
            INVALID,
            &["candidate.jobId", "jobId"],
        ),
        (
            without(
                json!({ "candidate": with(&new_candidate(), &json!({ "jobId": job })), "job": new_job() }),
            ),
            INVALID,
            &["candidate.jobId", "job"],
        ),
        (
            json!({ "agentId": null, "agent": {} }),
            MISSING,
            &["agent.name", "agent.type", "agent.focus", "agent.language", "agent.duration"],
        ),
        (
            json!({ "agentId": null, "agent": with(&room.new_agent("PHONE", "GENERIC"), &json!({ "companyPhoneNumberId": sibling.phone_number_id })) }),
            INVALID,
            &["agent.companyPhoneNumberId"],
        ),
        (json!({ "job": {} }), MISSING, &["job.title", "job.jobTitle", "job.description"]),
        (
            json!({ "job": with(&new_job(), &json!({ "jobTitle": "Other driver" })) }),
            INVALID,
            &["job.title", "job.jobTitle"],
        ),
        (
            json!({ "job": { "title": "x", "description": "y", "salary": { "min": 2, "max": 1 } } }),
            INVALID,
            &["job.title", "job.description", "job.salary.min", "job.salary.max"],
        ),
        (json!({ "scheduledAt": "tomorrow" }), "INVALID_DATE", &["scheduledAt"]),
        (json!({ "scheduleTime": "2026-04-10" }), "INVALID_DATE", &["scheduleTime"]),
        (json!({ "scheduledAt": "2026-04-10T24:00:00Z" }), "INVALID_DATE", &["scheduledAt"]),
        (json!({ "scheduledAt": "2026-04-10T10:00:60Z" }), "INVALID_DATE", &["scheduledAt"]),
        (json!({ "scheduledAt": "2026-W15-5T10:00:00Z" }), "INVALID_DATE", &["scheduledAt"]),
        (json!({ "scheduledAt": "2026-100T10:00:00Z" }), "INVALID_DATE", &["scheduledAt"]),
        (json!({ "scheduledAt": 1_775_124_000 }), INVALID, &["scheduledAt"]),
        (json!({ "scheduledAt": "2026-04-02T09:58:00Z" }), INVALID, &["scheduledAt"]),
        (json!({ "scheduledAt": "2026-05-02T10:05:00Z" }), INVALID, &["scheduledAt"]),
        (
            json!({ "scheduledAt": "2026-04-10T10:00:00Z", "scheduleTime": "2026-04-10T11:00:00Z" }),
            INVALID,
            &["scheduledAt", "scheduleTime"],
        ),
        (
            json!({ "isTest": 1, "candidateId": "x", "scheduledAt": "never", "job": [] }),
            INVALID,
            &["isTest", "candidateId", "scheduledAt", "job"],
        ),
    ];
    bad.extend(
        bad_metadata()
            .into_iter()
            .map(|metadata| (json!({ "metadata": metadata }), INVALID, &["metadata"] as &[&str])),
    );
    all_refused(&mut room.company, "/interviews", &base, &bad).await;
    assert_eq!(room.totals().await, totals, "a refused interview leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn which_job_it_is() {
    let mut room = Room::new().await;
    let (generic, screening) =
        (room.agent("ONLINE", "GENERIC").await, room.agent("ONLINE", "SCREENING").await);
    let (open, other, third, closed) =
        (room.job("OPEN").await, room.job("OPEN").await, room.job("OPEN").await, room.job("CLOSED").await);
    let nothing = room.candidate(json!({})).await;
    let one = room.candidate(json!({ "jobIds": [closed, open] })).await;
    let three = room.candidate(json!({ "jobIds": [open, other, third, closed] })).await;
    let gone = room.candidate(json!({ "jobIds": [closed] })).await;
    let inline = |jobs: Value| json!({ "candidateId": null, "candidate": with(&new_candidate(), &jobs) });

    let no_job = Value::Null;
    for (change, job) in [
        (json!({ "candidateId": three, "agentId": generic }), &no_job),
        (json!({ "candidateId": one }), &json!(open)),
        (json!({ "candidateId": three, "jobId": other }), &json!(other)),
        (json!({ "candidateId": three, "agentId": generic, "jobId": other }), &json!(other)),
        (json!({ "candidateId": gone, "jobId": closed }), &json!(closed)),
        (inline(json!({ "jobId": open })), &json!(open)),
        (inline(json!({ "jobId": closed })), &json!(closed)),
        (inline(json!({ "jobIds": [other] })), &json!(other)),
        (with(&inline(json!({})), &json!({ "jobId": third })), &json!(third)),
        (with(&inline(json!({ "jobIds": [open, other] })), &json!({ "jobId": third })), &json!(third)),
        (inline(json!({ "jobIds": [open, closed] })), &json!(open)),
    ] {
        let answer = room.company.post("/interviews", &with(&json!({ "agentId": screening }), &change)).await;
        assert_eq!(answer.status, 201, "{change}: {:#}", answer.json());
        let made = answer.data();
        assert_eq!(made.get("jobId").unwrap_or(&no_job), job, "{change}");
        if let (Some(job), true) = (job.as_str(), change.get("candidate").is_some()) {
            let path = format!("/candidates/{}", made["candidateId"].as_str().expect("an id"));
            let assigned = room.company.get(&path).await.expect(200)["jobIds"].clone();
            assert!(assigned.as_array().is_some_and(|ids| ids.contains(&json!(job))), "{change} {assigned}");
        }
    }

    let totals = room.totals().await;
    for change in [
        json!({ "candidateId": nothing }),
        json!({ "candidateId": gone }),
        inline(json!({})),
        inline(json!({ "jobIds": [closed, closed] })),
    ] {
        let answer = room.company.post("/interviews", &with(&json!({ "agentId": screening }), &change)).await;
        // The only one of `candidate.jobIds` is named, also when it is closed.
        if change["candidate"]["jobIds"].is_array() {
            assert_eq!(answer.expect(201)["jobId"], json!(closed));
        } else {
            let _ = answer.refused(400, "JOB_REQUIRED");
        }
    }
    let body = json!({ "candidateId": three, "agentId": screening });
    let error = room.company.post("/interviews", &body).await.refused(400, "JOB_AMBIGUOUS");
    let mut named: Vec<_> =
        error["details"]["jobs"].as_array().expect("jobs").iter().map(|job| job["id"].clone()).collect();
    named.sort_by_key(ToString::to_string);
    let mut wanted = vec![json!(open), json!(other), json!(third)];
    wanted.sort_by_key(ToString::to_string);
    assert_eq!(named, wanted);
    assert!(
        error["details"]["jobs"]
            .as_array()
            .is_some_and(|jobs| jobs.iter().all(|job| job["title"] == "Driver"))
    );
    assert_eq!(error["details"]["field"], "jobId");
    let made_meanwhile = room.totals().await;
    assert_eq!((&made_meanwhile[0], &made_meanwhile[2]), (&totals[0], &totals[2]));
    assert_eq!(made_meanwhile[3], json!(totals[3].as_u64().map(|total| total + 1)));

    let elsewhere = room.candidate(json!({ "jobIds": [open] })).await;
    let change = json!({ "candidateId": elsewhere, "agentId": screening, "jobId": other });
    assert_refused(&room.company.post("/interviews", &change).await, INVALID, &["jobId"], &change);
}

#[tokio::test(flavor = "multi_thread")]
async fn inline_resources_are_stored_together_or_not_at_all() {
    let mut room = Room::new().await;
    let empty = room.totals().await;
    let (agent, job) = (
        room.new_agent("PHONE", "SCREENING"),
        json!({ "jobTitle": "Driver", "description": "Drives a forklift." }),
    );
    let candidate = with(&new_candidate(), &json!({ "phoneNumber": "+421901234567" }));
    let whole = json!({ "candidate": candidate, "agent": agent, "job": job });
    // Refused by the reader, by the window, for the number, by the policy: nothing stays.
    for (change, code) in [
        (json!({ "isTest": 1 }), INVALID),
        (json!({ "scheduledAt": "2026-04-10T03:00:00+02:00" }), "OUTSIDE_CALL_WINDOW"),
        (json!({ "candidate": new_candidate() }), MISSING),
        (json!({ "job": null }), "JOB_REQUIRED"),
    ] {
        let _ = room.company.post("/interviews", &with(&whole, &change)).await.refused(400, code);
        assert_eq!(room.totals().await, empty, "{change}");
    }
    let dry = room.company.post("/interviews?dryRun=true", &whole).await.expect(200);
    assert_eq!((room.totals().await, &dry["allowed"]), (empty, &json!(true)));
    let always = [
        "scheduledAt",
        "localTime",
        "timeZone",
        "timeZoneSource",
        "callWindow",
        "allowed",
        "nextAllowedAt",
        "decisionIds",
    ];
    assert_names(&dry, &always);

    let made = room.company.post("/interviews", &whole).await.expect(201);
    assert_eq!(room.totals().await, [1, 1, 1, 1].map(Value::from));
    let id = |name: &str| made[name].as_str().expect("an id").to_owned();
    let candidate = room.company.get(&format!("/candidates/{}", id("candidateId"))).await.expect(200);
    assert_eq!((&candidate["jobIds"], &candidate["jobId"]), (&json!([made["jobId"]]), &made["jobId"]));
    assert_eq!(room.company.get(&format!("/jobs/{}", id("jobId"))).await.expect(200)["title"], "Driver");
    assert_eq!(
        room.company.get(&format!("/agents/{}", id("agentId"))).await.expect(200)["focus"],
        "SCREENING"
    );
    let asked: Vec<&String> = made["decisions"].as_object().expect("an object").keys().collect();
    assert_eq!(asked, ["call-scheduling"], "nobody was asked for the job");

    // An inline job is linked to a candidate who was there before, too.
    let before = room.candidate(json!({})).await;
    let body = json!({ "candidateId": before, "agentId": id("agentId"), "isTest": true, "job": new_job() });
    let _ = room.company.post("/interviews", &body).await.refused(400, MISSING);
    let online = room.agent("ONLINE", "SCREENING").await;
    let made =
        room.company.post("/interviews", &with(&body, &json!({ "agentId": online }))).await.expect(201);
    let candidate = room.company.get(&format!("/candidates/{before}")).await.expect(200);
    assert_eq!(candidate["jobIds"], json!([made["jobId"]]));
}

/// What was written, in whose local time it is judged, which instant it means.
#[tokio::test(flavor = "multi_thread")]
async fn when_it_is() {
    let mut room = Room::new().await;
    let (phone, online) = (room.agent("PHONE", "GENERIC").await, room.agent("ONLINE", "GENERIC").await);
    let slovak = room.candidate(json!({ "phoneNumber": "+421901234567" })).await;
    let american = room.candidate(json!({ "phoneNumber": "+12125550123" })).await;
    let mailed = room.candidate(json!({})).await;
    let body = |candidate: &str, agent: &str, written: &str| json!({ "candidateId": candidate, "agentId": agent, "scheduledAt": written });
    for (candidate, agent, written, means) in [
        (&slovak, &phone, "2026-04-10T08:00:00+10:30", "2026-04-09T21:30:00.000Z"),
        (&slovak, &phone, "2026-04-10T08:00+1030", "2026-04-09T21:30:00.000Z"),
        (&slovak, &phone, "2026-04-10 19:59:59.9999+02", "2026-04-10T17:59:59.999Z"),
        (&slovak, &phone, "2026-04-10t06:00:00z", "2026-04-10T06:00:00.000Z"),
        (&slovak, &phone, "2026-04-10T09:00", "2026-04-10T07:00:00.000Z"),
        (&american, &phone, "2026-04-10T09:00", "2026-04-10T13:00:00.000Z"),
        (&american, &phone, "2026-04-10T09:00:00+00:00", "2026-04-10T09:00:00.000Z"),
        (&american, &phone, "2026-04-10T12:00:00-00:00", "2026-04-10T12:00:00.000Z"),
        (&mailed, &online, "2026-04-10T03:00", "2026-04-10T01:00:00.000Z"),
        (&slovak, &phone, "2026-04-02T09:59:30Z", "2026-04-02T09:59:30.000Z"),
        (&slovak, &phone, "2026-05-02T09:59:00Z", "2026-05-02T09:59:00.000Z"),
    ] {
        let answer = room.company.post("/interviews", &body(candidate, agent, written)).await;
        assert_eq!(answer.status, 201, "{written}: {:#}", answer.json());
        assert_eq!(answer.data()["scheduledAt"], means, "{written}");
    }
    // The older name, alone and with the same value.
    for names in [
        json!({ "scheduleTime": "2026-04-10T09:00Z" }),
        json!({ "scheduleTime": "2026-04-10T09:00Z", "scheduledAt": "2026-04-10T09:00Z" }),
    ] {
        let body = with(&json!({ "candidateId": slovak, "agentId": phone }), &names);
        assert_eq!(
            room.company.post("/interviews", &body).await.expect(201)["scheduledAt"],
            "2026-04-10T09:00:00.000Z"
        );
    }
    let whole_week = json!(["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]);
    for (candidate, written, local, zone, source, next) in [
        (
            &slovak,
            "2026-04-10T07:00:00+10:30",
            "2026-04-10T07:00:00",
            "+10:30",
            "offset",
            "2026-04-10T08:00:00.000+10:30",
        ),
        (
            &slovak,
            "2026-04-10T20:00:00+00:00",
            "2026-04-10T20:00:00",
            "+00:00",
            "offset",
            "2026-04-11T08:00:00.000+00:00",
        ),
        (
            &slovak,
            "2026-04-10T05:59:59Z",
            "2026-04-10T07:59:59",
            "Europe/Bratislava",
            "phone",
            "2026-04-10T08:00:00.000+02:00",
        ),
        (
            &american,
            "2026-04-10T09:00:00Z",
            "2026-04-10T05:00:00",
            "America/New_York",
            "phone",
            "2026-04-10T08:00:00.000-04:00",
        ),
        (
            &american,
            "2026-04-10T07:00",
            "2026-04-10T07:00:00",
            "America/New_York",
            "phone",
            "2026-04-10T08:00:00.000-04:00",
        ),
    ] {
        let mut sent = body(candidate, &phone, written);
        let error = room.company.post("/interviews", &sent).await.refused(400, "OUTSIDE_CALL_WINDOW");
        let window = json!({ "start": "08:00", "end": "20:00", "days": whole_week });
        let details = json!({ "localTime": local, "timeZone": zone, "timeZoneSource": source, "callWindow": window, "nextAllowedAt": next });
        assert_eq!(error["details"], details, "{written}");
        let dry = room.company.post("/interviews?dryRun=true", &sent).await.expect(200);
        assert_eq!(
            (&dry["allowed"], &dry["nextAllowedAt"], &dry["localTime"]),
            (&json!(false), &json!(next), &json!(local))
        );
        // The server's own word is accepted.
        sent["scheduledAt"] = json!(next);
        let _ = room.company.post("/interviews", &sent).await.expect(201);
        // A test calls nobody, so no window applies.
        let test = with(&body(candidate, &phone, written), &json!({ "isTest": true }));
        let _ = room.company.post("/interviews", &test).await.expect(201);
    }
    // A number that may be in several zones: all of them must allow the time, and a wall clock says too little.
    let mobile = room.candidate(json!({ "phoneNumber": "+61550123456" })).await;
    let _ =
        room.company.post("/interviews", &body(&mobile, &phone, "2026-04-10T02:00:00Z")).await.expect(201);
    let sent = body(&mobile, &phone, "2026-04-10T09:00");
    let error = room.company.post("/interviews", &sent).await;
    assert_refused(&error, "INVALID_DATE", &["scheduledAt"], &sent);
    let mut sent = body(&mobile, &phone, "2026-04-10T12:00:00Z");
    let error = room.company.post("/interviews", &sent).await.refused(400, "OUTSIDE_CALL_WINDOW");
    assert!(error["details"]["ambiguousZones"].as_array().is_some_and(|zones| zones.len() == 8), "{error:#}");
    sent["scheduledAt"] = error["details"]["nextAllowedAt"].clone();
    let _ = room.company.post("/interviews", &sent).await.expect(201);
    // A wall time that does not exist there, and one that exists twice.
    let egyptian = room.candidate(json!({ "phoneNumber": "+201001234567" })).await;
    let sent = with(&body(&egyptian, &phone, "2026-04-24T00:30"), &json!({ "isTest": true }));
    let answer = room.company.post("/interviews", &sent).await;
    assert_refused(&answer, "INVALID_DATE", &["scheduledAt"], &sent);
    let australian = room.candidate(json!({ "phoneNumber": "+61291234567" })).await;
    let sent = with(&body(&australian, &phone, "2026-04-05T02:30"), &json!({ "isTest": true }));
    assert_eq!(
        room.company.post("/interviews", &sent).await.expect(201)["scheduledAt"],
        "2026-04-04T15:30:00.000Z"
    );
    // At once: now where the window is open, else at its next opening there.
    let at_once = |candidate: &str| json!({ "candidateId": candidate, "agentId": phone });
    let made = room.company.post("/interviews", &at_once(&slovak)).await.expect(201);
    assert_eq!(made["scheduledAt"], made["createdAt"]);
    let made = room.company.post("/interviews", &at_once(&american)).await.expect(201);
    assert_eq!(made["scheduledAt"], "2026-04-02T12:00:00.000Z");
    assert!(room.host.clock.advance(Duration::from_secs(10 * 3600)));
    let made = room.company.post("/interviews", &at_once(&slovak)).await.expect(201);
    assert_eq!(made["scheduledAt"], "2026-04-03T06:00:00.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ats_may_read_zulu_as_a_written_offset() {
    let host = TestHost::start().await;
    let ats = host.operate("POST", "/ats", json!({ "name": "Harbour", "zuluIsOffset": true })).await;
    let here = host.furnish_company(ats["id"].as_str().expect("an id").to_owned()).await;
    let company = host.partner(&here.company_key);
    let mut room = Room { host, here, company };
    let phone = room.agent("PHONE", "GENERIC").await;
    let american = room.candidate(json!({ "phoneNumber": "+12125550123" })).await;
    let body = json!({ "candidateId": american, "agentId": phone, "scheduledAt": "2026-04-10T09:00:00Z" });
    let _ = room.company.post("/interviews", &body).await.expect(201);
    let body = with(&body, &json!({ "scheduledAt": "2026-04-10T07:00:00Z" }));
    let error = room.company.post("/interviews", &body).await.refused(400, "OUTSIDE_CALL_WINDOW");
    assert_eq!(
        (&error["details"]["timeZoneSource"], &error["details"]["timeZone"]),
        (&json!("offset"), &json!("+00:00"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_of_the_policy_names_its_decision_and_a_dry_run_has_none() {
    let mut room = Room::new().await;
    assert!(room.host.push("northstar").await.is_success());
    let slot = format!("{}/job-resolution", room.here.ats_id);
    let release = room.host.release(&slot, "northstar", json!({})).await;
    let _ = room.host.activate(&release).await;
    let (one, two, agent) =
        (room.job("OPEN").await, room.job("OPEN").await, room.agent("ONLINE", "SCREENING").await);
    let candidate = room.candidate(json!({ "jobIds": [one, two] })).await;
    let body = json!({ "candidateId": candidate, "agentId": agent });
    let dry = room.company.post("/interviews?dryRun=true", &body).await.refused(422, "POLICY_REJECTED");
    assert_names(&dry["details"], &["policy", "plugin", "release", "reason"]);
    assert_eq!(room.host.operate("GET", "/decisions", Value::Null).await, json!([]), "nothing is recorded");
    let error = room.company.post("/interviews", &body).await.refused(422, "POLICY_REJECTED");
    assert_names(&error["details"], &["policy", "plugin", "release", "reason", "decisionId"]);
    assert_eq!(
        (&error["details"]["release"], &error["details"]["policy"]),
        (&json!(release), &json!("job-resolution"))
    );
    let path = format!("/decisions/{}", error["details"]["decisionId"].as_str().expect("an id"));
    let _ = room.host.operate("GET", &path, Value::Null).await;
}
