//! The dialler protocol (contract §7), as a telephony worker speaks it: claims, leases, ends.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard_tests::office::{assert_sound, events, moment};
use switchboard_tests::{Client, Dialler, Office, TestHost};
use tokio::time::{Instant, timeout};

use crate::table::{assert_names, assert_refused, no_null};

const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_claimed_kept_and_completed() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({ "metadata": { "round": 1 } })).await;
    let (_, seen) = events(&host, 0);
    let claimed = office.dialler.claim_one().await;
    let names = [
        "id",
        "interviewId",
        "companyId",
        "leaseToken",
        "leaseExpiresAt",
        "scheduledAt",
        "to",
        "from",
        "candidate",
        "agent",
        "retryNumber",
        "mode",
    ];
    assert_names(&claimed, &names);
    no_null(&claimed);
    assert_eq!((text(&claimed["interviewId"]), text(&claimed["to"])), (text(&made["id"]), "+421901234567"));
    assert!(text(&claimed["from"]).starts_with("+42190"));
    assert_eq!(
        (&claimed["candidate"]["firstName"], &claimed["candidate"]["lastName"]),
        (&json!("Jana"), &json!("Nováková"))
    );
    assert_eq!(
        (&claimed["agent"]["name"], &claimed["agent"]["type"]),
        (&json!("First contact"), &json!("PHONE"))
    );
    assert_eq!(claimed["retryNumber"], 0);
    let held = moment(text(&claimed["leaseExpiresAt"])).since(host.now());
    assert!((Duration::from_secs(50)..=Duration::from_secs(60)).contains(&held), "{held:?}");
    assert_eq!(events(&host, seen).0, ["call_attempt.started", "interview.started"]);
    let (_, seen) = events(&host, seen);
    let now = office.look(&made).await;
    let attempt = &now["callAttempts"][0];
    assert_eq!((&now["status"], &attempt["status"]), (&json!("IN_PROGRESS"), &json!("IN_PROGRESS")));
    assert!(attempt["calledAt"].is_string());
    // It is claimed once.
    assert_eq!(office.dialler.claim(5).await, Vec::<Value>::new());

    assert!(host.clock.advance(Duration::from_secs(50)));
    let beaten = office.dialler.beat(&claimed, json!({ "leaseSeconds": 300 })).await.expect(200);
    assert_names(&beaten, &["leaseExpiresAt"]);
    assert!(host.clock.advance(Duration::from_secs(200)));
    let end = json!({
        "outcome": "COMPLETED", "durationSeconds": 241, "recordingUrl": "https://records.example/1", "notes": "Fine.",
    });
    let ended = office.dialler.complete_with(&claimed, end.clone()).await.expect(200);
    assert_eq!((&ended["status"], &ended["duration"]), (&json!("COMPLETED"), &json!(241)));
    assert_eq!((&ended["recordingUrl"], &ended["notes"]), (&end["recordingUrl"], &end["notes"]));
    let now = office.look(&made).await;
    assert_eq!(now["callAttempts"], json!([ended]));
    assert_eq!((&now["status"], &now["durationMinutes"]), (&json!("COMPLETED"), &json!(5)));
    assert!(now["finishedDate"].is_string());
    assert_eq!(events(&host, seen).0, ["call_attempt.completed", "interview.completed"]);
    let (_, seen) = events(&host, seen);

    // The same again is the same, also days later; anything else has lost.
    assert!(host.clock.advance(Duration::from_secs(6 * 86_400)));
    assert_eq!(office.dialler.complete_with(&claimed, end.clone()).await.expect(200), ended);
    for other in
        [json!({ "notes": "Other." }), json!({ "durationSeconds": 240 }), json!({ "outcome": "BUSY" })]
    {
        let body = crate::table::with(&end, &other);
        let _ = office.dialler.complete_with(&claimed, body).await.refused(409, "LEASE_LOST");
    }
    let _ = office.dialler.beat(&claimed, json!({})).await.refused(409, "LEASE_LOST");
    assert_eq!(events(&host, seen).0, [""; 0]);
    assert_eq!(office.look(&made).await, now);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_its_leases_alone() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    office.interview(json!({})).await;
    office.interview(json!({})).await;
    let claimed = office.dialler.claim(2).await;
    assert_eq!(claimed.len(), 2);
    let mut mixed = claimed[0].clone();
    mixed["leaseToken"] = claimed[1]["leaseToken"].clone();
    let _ = office.dialler.complete(&mixed, "COMPLETED").await.refused(409, "LEASE_LOST");
    let _ = office.dialler.beat(&mixed, json!({})).await.refused(409, "LEASE_LOST");
    mixed["id"] = json!(NOBODY);
    let error = office.dialler.complete(&mixed, "COMPLETED").await.refused(404, "RESOURCE_NOT_FOUND");
    assert_eq!(error["details"], json!({ "resourceType": "CallAttempt", "resourceId": NOBODY }));
    // No token lies in the file.
    let file = std::fs::read(host.folder().join("switchboard.redb")).expect("the file");
    let token = text(&claimed[0]["leaseToken"]).as_bytes();
    assert!(32 <= token.len() && !file.windows(token.len()).any(|bytes| bytes == token));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_the_protocol_is_named() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    office.interview(json!({})).await;
    let bad = json!({ "max": 0, "leaseSeconds": 9, "waitSeconds": 31 });
    let answer = office.dialler.0.post("/worker/call-attempts/claim", &bad).await;
    assert_refused(&answer, "VALIDATION_ERROR", &["max", "leaseSeconds", "waitSeconds"], &bad);
    let claimed = office.dialler.claim_one().await;
    let path = format!("/worker/call-attempts/{}/complete", text(&claimed["id"]));
    let answer = office.dialler.0.post(&path, &json!({})).await;
    assert_refused(
        &answer,
        "MISSING_REQUIRED_FIELD",
        &["leaseToken", "outcome", "durationSeconds"],
        &json!({}),
    );
    for outcome in ["CANCELLED_BY_REQUEST", "REPLACED", "FAILED", "busy"] {
        assert_refused(
            &office.dialler.complete(&claimed, outcome).await,
            "VALIDATION_ERROR",
            &["outcome"],
            &json!(outcome),
        );
    }
    let bad = json!({ "outcome": "BUSY", "durationSeconds": 14_401, "recordingUrl": "x", "notes": "x".repeat(2_001) });
    let answer = office.dialler.complete_with(&claimed, bad.clone()).await;
    assert_refused(&answer, "VALIDATION_ERROR", &["durationSeconds", "recordingUrl", "notes"], &bad);
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_protocol_is_for_workers_and_workers_are_for_the_protocol() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let answer = office.partner.post("/worker/call-attempts/claim", &json!({})).await;
    let error = answer.refused(403, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(error["details"]["requiredScope"], "worker");
    let _ = office.dialler.0.get("/interviews").await.refused(403, "INSUFFICIENT_PERMISSIONS");
    // No rate counts against it.
    let answer = office.dialler.0.post("/worker/call-attempts/claim", &json!({})).await;
    assert!(answer.header("x-ratelimit-limit-minute").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_one_ats_calls_for_that_one_only() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let mut other = Office::new(&host).await;
    let mut own = Dialler::new(&host, json!(office.here.ats_id)).await;
    let theirs = other.interview(json!({})).await;
    assert_eq!(own.claim(5).await, Vec::<Value>::new());
    let made = office.interview(json!({})).await;
    assert_eq!(text(&own.claim_one().await["interviewId"]), text(&made["id"]));
    let claimed = other.dialler.claim_one().await;
    assert_eq!(text(&claimed["interviewId"]), text(&theirs["id"]));
    let _ = own.complete(&claimed, "COMPLETED").await.refused(403, "RESOURCE_ACCESS_DENIED");
    let _ = own.beat(&claimed, json!({})).await.refused(403, "RESOURCE_ACCESS_DENIED");
    let _ = other.dialler.complete(&claimed, "COMPLETED").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_handed_out_before_it_is_due() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let at = host.now().plus(Duration::from_secs(600));
    office.interview(json!({ "scheduledAt": at.to_string() })).await;
    assert_eq!(office.dialler.claim(5).await, Vec::<Value>::new());
    assert!(host.clock.advance(Duration::from_secs(590)));
    assert_eq!(office.dialler.claim(5).await, Vec::<Value>::new());
    assert!(host.clock.advance(Duration::from_secs(15)));
    assert_eq!(moment(text(&office.dialler.claim_one().await["scheduledAt"])), at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_waits_for_the_next_attempt_on_real_time() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    // Nothing comes: it waits as long as it said.
    let began = Instant::now();
    assert_eq!(office.dialler.claim_with(json!({ "waitSeconds": 1 })).await, Vec::<Value>::new());
    assert!(Duration::from_millis(900) < began.elapsed());
    // Somebody schedules a call; or one that was scheduled comes due.
    let wait = json!({ "waitSeconds": 30, "leaseSeconds": 900 });
    let mut waiting = Dialler::new(&host, Value::Null).await;
    let (claimed, made) = tokio::join!(waiting.claim_with(wait.clone()), office.interview(json!({})));
    assert_eq!(text(&claimed[0]["interviewId"]), text(&made["id"]));
    let at = host.now().plus(Duration::from_secs(300)).to_string();
    let made = office.interview(json!({ "scheduledAt": at })).await;
    let (claimed, ()) = tokio::join!(waiting.claim_with(wait.clone()), async {
        assert!(host.clock.advance(Duration::from_secs(310)));
    });
    assert_eq!(text(&claimed[0]["interviewId"]), text(&made["id"]));
    // Or a line gets free.
    let path = format!("/companies/{}", office.here.company_id);
    host.operate("PATCH", &path, json!({ "callsAtOnce": 2 })).await;
    let made = office.interview(json!({})).await;
    assert_eq!(office.dialler.claim(5).await, Vec::<Value>::new());
    let (claimed, ended) =
        tokio::join!(waiting.claim_with(wait), office.dialler.complete(&claimed[0], "COMPLETED"));
    let _ = ended.expect(200);
    assert_eq!(text(&claimed[0]["interviewId"]), text(&made["id"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_lets_waiting_claims_go() {
    let mut host = TestHost::start().await;
    let key = host.key(json!({ "kind": "worker" })).await;
    let mut worker = Client::new(host.listen, Some(&key));
    let body = json!({ "waitSeconds": 30 });
    let claim = worker.post("/worker/call-attempts/claim", &body);
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        host.stop().await;
    };
    let (answer, ()) = timeout(Duration::from_secs(10), Box::pin(async { tokio::join!(claim, stop) }))
        .await
        .expect("it ends soon");
    assert_eq!(answer.expect(200)["attempts"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_has_so_many_calls_at_once_and_no_more() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    for _ in 0..25 {
        office.interview(json!({})).await;
    }
    let claimed = office.dialler.claim(100).await;
    assert_eq!(claimed.len(), 20, "the contract's number");
    assert_eq!(office.dialler.claim(100).await, Vec::<Value>::new());
    let _ = office.dialler.complete(&claimed[0], "COMPLETED").await.expect(200);
    assert_eq!(office.dialler.claim(100).await.len(), 1);
    let path = format!("/companies/{}", office.here.company_id);
    let company = host.operate("PATCH", &path, json!({ "callsAtOnce": 22 })).await;
    assert_eq!(company["callsAtOnce"], 22);
    assert_eq!(office.dialler.claim(100).await.len(), 2);
    // Fewer than there are: nobody hangs up, and nobody new is called.
    host.operate("PATCH", &path, json!({ "callsAtOnce": 21 })).await;
    let _ = office.dialler.complete(&claimed[1], "COMPLETED").await.expect(200);
    assert_eq!(office.dialler.claim(100).await, Vec::<Value>::new());
    let company = host.operate("PATCH", &path, json!({ "callsAtOnce": null })).await;
    assert_eq!(company["callsAtOnce"], 20);
    let _ = host
        .operator()
        .send("PATCH", &path, &[], Bytes::from_static(b"{\"callsAtOnce\":1001}"))
        .await
        .refused(400, "VALIDATION_ERROR");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn companies_take_turns() {
    let host = TestHost::start().await;
    let mut large = Office::new(&host).await;
    for _ in 0..12 {
        large.interview(json!({})).await;
    }
    let mut small = Vec::new();
    for _ in 0..3 {
        let here = host.furnish_company(large.here.ats_id.clone()).await;
        let mut office = Office::of(&host, here).await;
        for _ in 0..2 {
            office.interview(json!({})).await;
        }
        small.push(office.here.company_id);
    }
    let of = |claimed: &[Value]| -> Vec<String> {
        claimed.iter().map(|one| text(&one["companyId"]).to_owned()).collect()
    };
    // One by one and all at once: the large company gets no more than its turns.
    let mut served = Vec::new();
    for _ in 0..4 {
        served.extend(of(&large.dialler.claim(1).await));
    }
    served.extend(of(&large.dialler.claim(4).await));
    for round in served.chunks(4) {
        let mut round = round.to_vec();
        round.sort();
        round.dedup();
        assert_eq!(round.len(), 4, "{served:?}");
    }
    assert_eq!(of(&large.dialler.claim(100).await), vec![large.here.company_id.clone(); 10]);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_due_too_late_moves_to_the_next_opening() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let at = "2026-04-02T19:30:00";
    // Judged by the number; as written; by the company.
    let by_phone = office.interview(json!({ "scheduledAt": at })).await;
    let as_written = office.interview(json!({ "scheduledAt": format!("{at}-03:00") })).await;
    let candidate_id = office.candidate("+883510012345678").await;
    let body = json!({ "candidateId": candidate_id, "agentId": office.agent_id, "scheduledAt": at });
    let by_company = office.partner.post("/interviews", &body).await.expect(201);
    let (_, seen) = events(&host, 0);
    // Nobody dials until the night.
    assert!(host.clock.set(moment("2026-04-03T00:45:00+02:00")));
    let claimed = office.dialler.claim(10).await;
    assert_eq!(claimed.len(), 1, "{claimed:#?}");
    assert_eq!(text(&claimed[0]["interviewId"]), text(&as_written["id"]), "it is 19:45 there");
    for (interview, next) in
        [(&by_phone, "2026-04-03T06:00:00.000Z"), (&by_company, "2026-04-03T06:00:00.000Z")]
    {
        let now = office.look(interview).await;
        assert_eq!((&now["status"], text(&now["scheduledAt"])), (&json!("SCHEDULED"), next));
        let attempt = &now["callAttempts"][0];
        assert_eq!((&attempt["status"], text(&attempt["scheduledAt"])), (&json!("SCHEDULED"), next));
        assert!(text(&attempt["notes"]).contains("moved to 2026-04-03T06:00:00.000Z"), "{attempt}");
    }
    let mut told = events(&host, seen).0;
    told.sort();
    let moved = "call_attempt.scheduled";
    assert_eq!(told, [moved, moved, "call_attempt.started", "interview.started"]);
    assert!(host.clock.set(moment("2026-04-03T08:00:00+02:00")));
    let claimed = office.dialler.claim(10).await;
    assert_eq!(claimed.len(), 2);
    // The dialler's notes stand behind what was noted before.
    let end = json!({ "outcome": "COMPLETED", "durationSeconds": 9, "notes": "Good morning." });
    let ended = office.dialler.complete_with(&claimed[0], end).await.expect(200);
    assert!(text(&ended["notes"]).ends_with("\nGood morning."), "{ended}");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_runs_out_is_a_network_error() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let claimed = office.dialler.claim_with(json!({ "leaseSeconds": 10 })).await.remove(0);
    let (_, seen) = events(&host, 0);
    assert!(host.clock.advance(Duration::from_secs(11)));
    // Whoever comes now is late, whether the sentinel has seen it or not.
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.refused(409, "LEASE_LOST");
    let now =
        crate::sentinel::until(&mut office, &made, |now| now["callAttempts"][0]["status"] == "FAILED").await;
    let attempt = &now["callAttempts"][0];
    assert_eq!(attempt["reasonCode"], "NETWORK_ERROR");
    assert!(text(&attempt["notes"]).contains("lease ran out"), "{attempt}");
    assert!(events(&host, seen).0.contains(&"call_attempt.failed".to_owned()));
    let _ = office.dialler.beat(&claimed, json!({})).await.refused(409, "LEASE_LOST");
    let _ = office.dialler.complete(&claimed, "NETWORK_ERROR").await.refused(409, "LEASE_LOST");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_interview_is_deleted_still_ends() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let other = office.interview(json!({})).await;
    let claimed = office.dialler.claim(2).await;
    let (claimed, waits) = (&claimed[0], &claimed[1]);
    office.delete(&made).await;
    let (_, seen) = events(&host, 0);
    let _ = office.dialler.beat(claimed, json!({})).await.expect(200);
    let ended = office.dialler.complete(claimed, "COMPLETED").await.expect(200);
    assert_eq!(
        (&ended["id"], &ended["status"], &ended["duration"]),
        (&claimed["id"], &json!("COMPLETED"), &json!(65))
    );
    assert_eq!(office.dialler.complete(claimed, "COMPLETED").await.expect(200), ended);
    let _ = office.dialler.complete(claimed, "BUSY").await.refused(409, "LEASE_LOST");
    assert_eq!(events(&host, seen).0, [""; 0], "no completion is told");
    let _ = office
        .partner
        .get(&format!("/interviews/{}", text(&made["id"])))
        .await
        .refused(404, "RESOURCE_NOT_FOUND");
    // The line is free again.
    let path = format!("/companies/{}", office.here.company_id);
    host.operate("PATCH", &path, json!({ "callsAtOnce": 2 })).await;
    office.interview(json!({})).await;
    assert_eq!(office.dialler.claim(5).await.len(), 1);
    office.delete(&other).await;
    assert!(host.clock.advance(Duration::from_secs(61)));
    let _ = office.dialler.complete(waits, "COMPLETED").await.refused(409, "LEASE_LOST");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn online_interviews_are_started_and_completed() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let agent =
        json!({ "name": "Online", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    let agent = office.partner.post("/agents", &agent).await.expect(201);
    let online = json!({ "agentId": agent["id"] });
    for (outcome, status, last) in
        [("COMPLETED", "COMPLETED", "interview.completed"), ("AGENT_ERROR", "FAILED", "interview.failed")]
    {
        let made = office.interview(online.clone()).await;
        let path = format!("/worker/interviews/{}", text(&made["id"]));
        let end = json!({ "leaseToken": "x", "outcome": outcome, "durationSeconds": 61 });
        let _ = office.dialler.0.post(&format!("{path}/complete"), &end).await.refused(409, "LEASE_LOST");
        let (_, seen) = events(&host, 0);
        let held = office.dialler.0.post(&format!("{path}/start"), &json!({})).await.expect(200);
        assert_names(&held, &["leaseToken"]);
        assert_eq!(office.look(&made).await["status"], "IN_PROGRESS");
        let error = office
            .dialler
            .0
            .post(&format!("{path}/start"), &json!({}))
            .await
            .refused(400, "INVALID_STATE_TRANSITION");
        assert_eq!(error["details"], json!({ "status": "IN_PROGRESS", "allowed": ["SCHEDULED"] }));
        let _ = office.dialler.0.post(&format!("{path}/complete"), &end).await.refused(409, "LEASE_LOST");
        let end = crate::table::with(&end, &held);
        for _ in 0..2 {
            let ended = office.dialler.0.post(&format!("{path}/complete"), &end).await.expect(200);
            assert_eq!((&ended["id"], &ended["status"]), (&made["id"], &json!(status)));
        }
        let now = office.look(&made).await;
        assert_eq!(now["status"], status);
        assert_eq!(events(&host, seen).0, ["interview.started", last]);
        let other = crate::table::with(&end, &json!({ "durationSeconds": 62 }));
        let _ = office.dialler.0.post(&format!("{path}/complete"), &other).await.refused(409, "LEASE_LOST");
    }
    let phone = office.interview(json!({ "scheduledAt": "2026-04-02T15:00:00+02:00" })).await;
    let path = format!("/worker/interviews/{}/start", text(&phone["id"]));
    assert_refused(&office.dialler.0.post(&path, &json!({})).await, "VALIDATION_ERROR", &["id"], &json!({}));
    let path = format!("/worker/interviews/{NOBODY}/start");
    let _ = office.dialler.0.post(&path, &json!({})).await.refused(404, "RESOURCE_NOT_FOUND");
    assert_sound(&host);
}
