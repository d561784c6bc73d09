//! Call attempts as partners ask for them (contract §7): each cell of the state table, the time, the answers.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard_tests::office::{assert_sound, events, moment};
use switchboard_tests::{Office, TestHost};

use crate::table::{assert_names, assert_refused};

const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";

/// In an hour, in Bratislava at noon of the test's day.
const LATER: &str = "2026-04-02T13:00:00+02:00";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The seed case: `2026-04-02T07:00:00+10:30` is 07:00, whatever number and company say.
#[tokio::test(flavor = "multi_thread")]
async fn an_offset_is_never_lost() {
    let host = TestHost::start().await;
    // The day before, in the evening of Europe.
    assert!(host.clock.set(moment("2026-04-01T18:00:00Z")));
    let mut office = Office::new(&host).await;
    for (number, at, local, zone, source, next) in [
        // Judged as written.
        (
            "+421901234567",
            "2026-04-02T07:00:00+10:30",
            "2026-04-02T07:00:00",
            "+10:30",
            "offset",
            "2026-04-02T08:00:00.000+10:30",
        ),
        (
            "+61881234567",
            "2026-04-02T07:00:00+10:30",
            "2026-04-02T07:00:00",
            "+10:30",
            "offset",
            "2026-04-02T08:00:00.000+10:30",
        ),
        (
            "+883510012345678",
            "2026-04-02T07:00:00+10:30",
            "2026-04-02T07:00:00",
            "+10:30",
            "offset",
            "2026-04-02T08:00:00.000+10:30",
        ),
        // The same instant with `Z`: where the candidate is, or, where nobody knows, the company.
        (
            "+819012345678",
            "2026-04-01T20:30:00Z",
            "2026-04-02T05:30:00",
            "Asia/Tokyo",
            "phone",
            "2026-04-02T08:00:00.000+09:00",
        ),
        (
            "+883510012345678",
            "2026-04-01T20:30:00Z",
            "2026-04-01T22:30:00",
            "Europe/Bratislava",
            "company",
            "2026-04-02T08:00:00.000+02:00",
        ),
    ] {
        let candidate_id = office.candidate(number).await;
        let body =
            |at: &str| json!({ "candidateId": candidate_id, "agentId": office.agent_id, "scheduledAt": at });
        let (refused, accepted) = (body(at), body(next));
        let error = office.partner.post("/interviews", &refused).await.refused(400, "OUTSIDE_CALL_WINDOW");
        let details = &error["details"];
        assert_eq!(
            (text(&details["localTime"]), text(&details["timeZone"]), text(&details["timeZoneSource"])),
            (local, zone, source),
            "{number} {at}"
        );
        assert_eq!(text(&details["nextAllowedAt"]), next);
        let made = office.partner.post("/interviews", &accepted).await.expect(201);
        // And for another call of the same interview alike.
        let error = office
            .post_attempt(&made, json!({ "scheduledAt": at }))
            .await
            .refused(400, "OUTSIDE_CALL_WINDOW");
        assert_eq!(error["details"], *details);
        let again = office.post_attempt(&made, json!({ "scheduledAt": next })).await.expect(201);
        assert_eq!(again["scheduledAt"], made["scheduledAt"]);
    }
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_done_while_a_call_is_scheduled() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({ "scheduledAt": LATER })).await;
    let first = made["callAttempts"][0].clone();
    let (_, seen) = events(&host, 0);

    // POST cancels it and takes its place.
    let answer = office.post_attempt(&made, json!({ "scheduledAt": "2026-04-02T14:00:00+02:00" })).await;
    let second = answer.expect(201);
    assert_names(&second, &["id", "direction", "status", "retryNumber", "scheduledAt"]);
    let json = answer.json();
    assert_names(&json, &["success", "data", "error", "timestamp", "message"]);
    assert!(text(&json["message"]).contains("in place of"), "{json}");
    let now = office.look(&made).await;
    let attempts = now["callAttempts"].as_array().expect("attempts");
    assert_eq!(attempts.len(), 2);
    assert_eq!((&attempts[0]["id"], &attempts[1]), (&first["id"], &second));
    assert_eq!(
        (&attempts[0]["status"], &attempts[0]["reasonCode"]),
        (&json!("CANCELLED"), &json!("REPLACED"))
    );
    assert_eq!(second["status"], "SCHEDULED");
    assert_eq!(now["scheduledAt"], second["scheduledAt"], "the interview follows its call");
    let (told, seen) = events(&host, seen);
    assert_eq!(told, ["call_attempt.cancelled", "call_attempt.scheduled"]);

    // PATCH moves it.
    let answer =
        office.patch_attempt(&made, &second, json!({ "scheduledAt": "2026-04-03T09:00:00+02:00" })).await;
    assert_eq!((answer.status, answer.bytes.len()), (204, 0));
    let now = office.look(&made).await;
    assert_eq!(now["callAttempts"][1]["scheduledAt"], "2026-04-03T07:00:00.000Z");
    assert_eq!(now["scheduledAt"], "2026-04-03T07:00:00.000Z");
    assert_eq!(events(&host, seen).0, ["call_attempt.scheduled"]);
    let (_, seen) = events(&host, seen);

    // DELETE cancels and removes it; the interview waits on.
    let answer = office.delete_attempt(&made, &second).await;
    assert_eq!((answer.status, answer.bytes.len()), (204, 0));
    let now = office.look(&made).await;
    assert_eq!(
        (&now["status"], now["callAttempts"].as_array().map(Vec::len)),
        (&json!("SCHEDULED"), Some(1))
    );
    assert_eq!(events(&host, seen).0, ["call_attempt.cancelled"]);
    let _ = office.delete_attempt(&made, &second).await.refused(404, "RESOURCE_NOT_FOUND");
    let answer = office.delete_attempt(&made, &first).await;
    assert_eq!(answer.status, 204);
    assert_eq!(office.look(&made).await["callAttempts"], json!([]));

    // And a call can be asked for again, at once: without a body.
    let path = format!("/interviews/{}/call-attempts", text(&made["id"]));
    let answer = office.partner.send("POST", &path, &[], Bytes::new()).await;
    let third = answer.expect(201);
    assert_eq!((&third["status"], &third["retryNumber"]), (&json!("SCHEDULED"), &json!(0)));
    assert!(!text(&answer.json()["message"]).contains("in place of"));
    assert_eq!(office.dialler.claim_one().await["id"], third["id"]);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_done_while_a_call_is_in_progress() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let attempt = office.dialler.claim_one().await;
    let before = office.look(&made).await;
    assert_eq!(before["status"], "IN_PROGRESS");
    let finished_or_not = json!(["SCHEDULED", "COMPLETED", "FAILED", "CANCELLED"]);
    for (answer, allowed) in [
        (office.post_attempt(&made, json!({})).await, &finished_or_not),
        (office.patch_attempt(&made, &attempt, json!({ "scheduledAt": LATER })).await, &json!(["SCHEDULED"])),
        (office.delete_attempt(&made, &attempt).await, &finished_or_not),
    ] {
        let error = answer.refused(400, "INVALID_STATE_TRANSITION");
        assert_eq!(
            (&error["details"]["status"], &error["details"]["allowed"]),
            (&json!("IN_PROGRESS"), allowed)
        );
    }
    assert_eq!(office.look(&made).await, before);
    // The state comes after the body, and before the window.
    assert_refused(
        &office.patch_attempt(&made, &attempt, json!({})).await,
        "MISSING_REQUIRED_FIELD",
        &["scheduledAt"],
        &json!({}),
    );
    let night = json!({ "scheduledAt": "2026-04-03T03:00:00+02:00" });
    let _ = office.post_attempt(&made, night).await.refused(400, "INVALID_STATE_TRANSITION");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_done_after_a_call() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    for (outcome, status, interview_status) in [
        ("COMPLETED", "COMPLETED", "COMPLETED"),
        ("DECLINED", "FAILED", "FAILED"),
        ("INVALID_NUMBER", "FAILED", "FAILED"),
    ] {
        let made = office.interview(json!({})).await;
        let attempt = office.dialler.claim_one().await;
        let ended = office.dialler.complete(&attempt, outcome).await.expect(200);
        assert_eq!(ended["status"], status);
        let now = office.look(&made).await;
        assert_eq!(now["status"], interview_status, "{now:#}");
        assert!(now["finishedDate"].is_string());

        let answer = office.patch_attempt(&made, &attempt, json!({ "scheduledAt": LATER })).await;
        let error = answer.refused(400, "INVALID_STATE_TRANSITION");
        assert_eq!(
            (&error["details"]["status"], &error["details"]["allowed"]),
            (&json!(status), &json!(["SCHEDULED"]))
        );

        // Another call makes the interview wait again.
        let next = office.post_attempt(&made, json!({ "scheduledAt": LATER })).await.expect(201);
        assert_eq!(next["retryNumber"], 0, "a manual attempt keeps the number");
        let now = office.look(&made).await;
        assert_eq!((&now["status"], &now["scheduledAt"]), (&json!("SCHEDULED"), &next["scheduledAt"]));
        assert!(now.get("finishedDate").is_none() && now.get("durationMinutes").is_none(), "{now:#}");

        // What is finished goes out of the history.
        assert_eq!(office.delete_attempt(&made, &attempt).await.status, 204);
        let now = office.look(&made).await;
        assert_eq!((&now["callAttempts"], &now["status"]), (&json!([next]), &json!("SCHEDULED")));
        // It answers the dialler alike, should that ask again.
        assert_eq!(office.dialler.complete(&attempt, outcome).await.expect(200)["status"], status);
        assert_eq!(office.delete_attempt(&made, &next).await.status, 204);
    }
    // One that was called off is finished too.
    let made = office.interview(json!({ "scheduledAt": LATER })).await;
    let first = made["callAttempts"][0].clone();
    let _ = office.post_attempt(&made, json!({ "scheduledAt": LATER })).await.expect(201);
    let answer = office.patch_attempt(&made, &first, json!({ "scheduledAt": LATER })).await;
    let error = answer.refused(400, "INVALID_STATE_TRANSITION");
    assert_eq!(error["details"]["status"], "CANCELLED");
    assert_eq!(office.delete_attempt(&made, &first).await.status, 204);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn online_interviews_have_no_calls_whatever_else_is_wrong() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let agent =
        json!({ "name": "Online", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    let agent = office.partner.post("/agents", &agent).await.expect(201);
    let candidate_id = office.candidate("+421901234567").await;
    let body = json!({ "candidateId": candidate_id, "agentId": agent["id"] });
    let made = office.partner.post("/interviews", &body).await.expect(201);
    let path = format!("/interviews/{}/call-attempts", text(&made["id"]));
    for (method, path) in [
        ("POST", path.clone()),
        ("PATCH", format!("{path}/{NOBODY}")),
        ("DELETE", format!("{path}/{NOBODY}")),
    ] {
        for (media, body) in [("application/json", "{}"), ("text/plain", "{"), ("application/json", "[]")] {
            let headers = [("Content-Type", media)];
            let answer = office.partner.send(method, &path, &headers, Bytes::from(body)).await;
            let _ = answer.refused(400, "UNSUPPORTED_FOR_ONLINE");
        }
        // What stands in path and query comes before.
        let answer = office.partner.send(method, &format!("{path}?dryRun=maybe"), &[], Bytes::new()).await;
        if method == "DELETE" {
            let _ = answer.refused(400, "UNSUPPORTED_FOR_ONLINE");
        } else {
            assert_refused(&answer, "VALIDATION_ERROR", &["dryRun"], &json!(method));
        }
    }
    let answer = office.partner.send("DELETE", &format!("{path}/x"), &[], Bytes::new()).await;
    assert_refused(&answer, "VALIDATION_ERROR", &["attemptId"], &json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_interview_calls_nobody_later_either() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({ "isTest": true })).await;
    let error = office.post_attempt(&made, json!({})).await.refused(400, "INVALID_STATE_TRANSITION");
    assert_eq!(error["details"], json!({ "status": "COMPLETED", "allowed": [] }));
    assert_eq!(office.dialler.claim(5).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_times_are_checked_as_those_of_interviews() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({ "scheduledAt": LATER })).await;
    let attempt = made["callAttempts"][0].clone();
    for (sent, code) in [
        (json!({ "scheduledAt": 5 }), "VALIDATION_ERROR"),
        (json!({ "scheduledAt": "soon" }), "INVALID_DATE"),
        (json!({ "scheduledAt": "2026-04-02T09:58:00Z" }), "VALIDATION_ERROR"),
        (json!({ "scheduledAt": "2026-05-03T12:00:00Z" }), "VALIDATION_ERROR"),
    ] {
        assert_refused(&office.post_attempt(&made, sent.clone()).await, code, &["scheduledAt"], &sent);
        assert_refused(
            &office.patch_attempt(&made, &attempt, sent.clone()).await,
            code,
            &["scheduledAt"],
            &sent,
        );
    }
    let absent = json!({ "scheduledAt": null });
    assert_refused(
        &office.patch_attempt(&made, &attempt, absent.clone()).await,
        "MISSING_REQUIRED_FIELD",
        &["scheduledAt"],
        &absent,
    );
    let path = format!("/interviews/{}/call-attempts/{}", text(&made["id"]), text(&attempt["id"]));
    let _ = office.partner.send("PATCH", &path, &[], Bytes::new()).await.refused(400, "INVALID_JSON");
    let night = json!({ "scheduledAt": "2026-04-03T03:00:00+02:00" });
    let _ = office.patch_attempt(&made, &attempt, night).await.refused(400, "OUTSIDE_CALL_WINDOW");
    assert_eq!(office.look(&made).await, made, "nothing of all that was stored");
    let unknown = json!({ "id": NOBODY });
    let error = office.patch_attempt(&made, &unknown, json!({ "scheduledAt": LATER })).await;
    let error = error.refused(404, "RESOURCE_NOT_FOUND");
    assert_eq!(error["details"], json!({ "resourceType": "CallAttempt", "resourceId": NOBODY }));
    // A call of another interview is none of this one's.
    let other = office.interview(json!({ "scheduledAt": LATER })).await;
    let answer = office.delete_attempt(&made, &other["callAttempts"][0]).await;
    let _ = answer.refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_judges_and_stores_nothing() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({ "scheduledAt": LATER })).await;
    let path = format!("/interviews/{}/call-attempts", text(&made["id"]));
    let one = format!("{path}/{}", text(&made["callAttempts"][0]["id"]));
    let fine = json!({ "scheduledAt": "2026-04-03T09:00" });
    let night = json!({ "scheduledAt": "2026-04-03T03:00:00Z" });
    let names = [
        "scheduledAt",
        "localTime",
        "timeZone",
        "timeZoneSource",
        "callWindow",
        "allowed",
        "nextAllowedAt",
        "decisionIds",
    ];
    for (method, path) in [("POST", &path), ("PATCH", &one)] {
        let mut ask = async |body: &Value| {
            let body = Bytes::from(body.to_string());
            office.partner.send(method, &format!("{path}?dryRun=true"), &[], body).await
        };
        let dry = ask(&fine).await.expect(200);
        assert_names(&dry, &names);
        assert_eq!(
            (&dry["allowed"], &dry["scheduledAt"]),
            (&json!(true), &json!("2026-04-03T07:00:00.000Z"))
        );
        assert_eq!((text(&dry["timeZone"]), text(&dry["timeZoneSource"])), ("Europe/Bratislava", "phone"));
        let dry = ask(&night).await.expect(200);
        assert_eq!((&dry["allowed"], text(&dry["localTime"])), (&json!(false), "2026-04-03T05:00:00"));
        assert_eq!(text(&dry["nextAllowedAt"]), "2026-04-03T08:00:00.000+02:00");
        let _ = ask(&json!({ "scheduledAt": "soon" })).await.refused(400, "INVALID_DATE");
    }
    assert_eq!(office.look(&made).await, made);
    assert_eq!(events(&host, 0).0, ["call_attempt.scheduled"]);
    // What could not be done is refused, dry or not.
    assert!(host.clock.advance(Duration::from_secs(3_600)));
    let _ = office.dialler.claim_one().await;
    let answer =
        office.partner.send("PATCH", &format!("{one}?dryRun=true"), &[], Bytes::from(fine.to_string())).await;
    let _ = answer.refused(400, "INVALID_STATE_TRANSITION");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_is_replayed_under_its_key() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({ "scheduledAt": LATER })).await;
    let path = format!("/interviews/{}/call-attempts", text(&made["id"]));
    let headers = [("Idempotency-Key", "again")];
    let first = office.partner.post_with(&path, &headers, &json!({})).await;
    let second = office.partner.post_with(&path, &headers, &json!({})).await;
    assert_eq!((first.status, &first.bytes), (201, &second.bytes));
    assert_eq!(second.header("Idempotent-Replayed"), Some("true"));
    assert_eq!(office.look(&made).await["callAttempts"].as_array().map(Vec::len), Some(2));
    // The same key for another interview is another request.
    let other = office.interview(json!({ "scheduledAt": LATER })).await;
    let path = format!("/interviews/{}/call-attempts", text(&other["id"]));
    assert_ne!(office.partner.post_with(&path, &headers, &json!({})).await.bytes, first.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_candidate_or_number_is_gone_is_not_called() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let stranger = host.furnish().await;
    let made = office.interview(json!({ "scheduledAt": LATER })).await;
    let path = format!("/interviews/{}/call-attempts", text(&made["id"]));
    let answer = host.partner(&stranger.company_key).post(&path, &json!({})).await;
    let _ = answer.refused(403, "RESOURCE_ACCESS_DENIED");
    let sibling = host.furnish_company(office.here.ats_id.clone()).await;
    let named = format!("{path}?companyId={}", sibling.company_id);
    let _ = host.partner(&sibling.ats_key).post(&named, &json!({})).await.refused(404, "RESOURCE_NOT_FOUND");
    let answer = host.partner(&sibling.ats_key).post(&path, &json!({})).await;
    assert_refused(&answer, "MISSING_REQUIRED_FIELD", &["companyId"], &json!({}));
    let own = format!("{path}?companyId={}", office.here.company_id);
    let _ = host.partner(&sibling.ats_key).post(&own, &json!({})).await.expect(201);
}
