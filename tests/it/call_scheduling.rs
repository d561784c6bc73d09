//! What comes after a failed call (contract §7): by the built-in rule, by a plugin, by nobody; always inside of the
//! window.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::office::{assert_sound, events, moment};
use switchboard_tests::{Hold, Office, Options, TestHost};

use crate::sentinel::until;

const MINUTE: Duration = Duration::from_secs(60);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn last(interview: &Value) -> &Value {
    interview["callAttempts"].as_array().and_then(|attempts| attempts.last()).expect("an attempt")
}

/// Runs the hostile plugin in the office's slot.
async fn run(host: &TestHost, office: &Office, act: &str, on_failure: &str) {
    host.push("hostile").await;
    let slot = format!("{}/call-scheduling", office.here.ats_id);
    let more = json!({ "settings": { "do": act }, "onFailure": on_failure, "timeoutMs": 5000 });
    let release = host.release(&slot, "hostile", more).await;
    host.activate(&release).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_call_is_tried_again_after_15_minutes_an_hour_and_four_hours() {
    let host = TestHost::start().await;
    // 10:00 in Bratislava, so that all of it fits into the day.
    assert!(host.clock.set(moment("2026-04-02T10:00:00+02:00")));
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let (_, mut seen) = events(&host, 0);
    let mut first = true;
    for (number, (outcome, minutes)) in
        [("NO_ANSWER", 15), ("BUSY", 60), ("VOICEMAIL", 240)].into_iter().enumerate()
    {
        let claimed = office.dialler.claim_one().await;
        assert_eq!(claimed["retryNumber"], number);
        let ended = office.dialler.complete(&claimed, outcome).await.expect(200);
        assert_eq!((&ended["status"], &ended["reasonCode"]), (&json!("FAILED"), &json!(outcome)));
        // What comes next is decided before the answer.
        let (told, until) = events(&host, seen);
        assert_eq!(told[told.len() - 2..], ["call_attempt.failed", "call_attempt.scheduled"]);
        assert_eq!(told.len(), 4, "{told:?}");
        seen = until;
        let now = office.look(&made).await;
        let next = last(&now);
        assert_eq!((&now["status"], &next["status"]), (&json!("SCHEDULED"), &json!("SCHEDULED")));
        assert_eq!(next["retryNumber"], number + 1);
        assert!(text(&next["notes"]).contains(&format!("after {minutes} minutes")), "{next}");
        assert_eq!(now["scheduledAt"], next["scheduledAt"]);
        let wait = moment(text(&next["scheduledAt"])).since(host.now());
        assert!(MINUTE * minutes - MINUTE < wait && wait <= MINUTE * minutes, "{wait:?}");
        let decision = text(&now["decisions"]["call-scheduling"]);
        let decision = host.operate("GET", &format!("/decisions/{decision}"), Value::Null).await;
        assert_eq!((&decision["degraded"], &decision["candidateId"]), (&json!(false), &made["candidateId"]));
        assert!(host.clock.advance(wait));
        first = false;
    }
    assert!(!first);
    let claimed = office.dialler.claim_one().await;
    let _ = office.dialler.complete(&claimed, "NO_ANSWER").await.expect(200);
    let now = office.look(&made).await;
    assert_eq!((&now["status"], now["callAttempts"].as_array().map(Vec::len)), (&json!("FAILED"), Some(4)));
    assert!(now["finishedDate"].is_string());
    let (told, _) = events(&host, seen);
    assert_eq!(
        told,
        ["call_attempt.started", "interview.started", "call_attempt.failed", "interview.failed"]
    );
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_call_cannot_mend_fails_the_interview_at_once() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    for outcome in ["INVALID_NUMBER", "DECLINED"] {
        let made = office.interview(json!({})).await;
        let claimed = office.dialler.claim_one().await;
        let _ = office.dialler.complete(&claimed, outcome).await.expect(200);
        let now = office.look(&made).await;
        assert_eq!(
            (&now["status"], now["callAttempts"].as_array().map(Vec::len)),
            (&json!("FAILED"), Some(1))
        );
        assert_eq!(last(&now)["reasonCode"], outcome);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_the_window_waits_for_its_next_opening() {
    let host = TestHost::start().await;
    assert!(host.clock.set(moment("2026-04-02T19:55:00+02:00")));
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    let _ = office.dialler.complete(&claimed, "NO_ANSWER").await.expect(200);
    assert_eq!(text(&last(&office.look(&made).await)["scheduledAt"]), "2026-04-03T06:00:00.000Z");
    assert!(host.clock.set(moment("2026-04-03T07:59:00+02:00")));
    assert_eq!(office.dialler.claim(5).await, Vec::<Value>::new());
    assert!(host.clock.advance(MINUTE));
    let _ = office.dialler.claim_one().await;
}

/// A plugin's answer is input: what it says of the night is moved into the day, for the first call and for a retry.
#[tokio::test(flavor = "multi_thread")]
async fn no_plugin_can_ring_at_night() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    run(&host, &office, "at-night", "fallback").await;
    let candidate_id = office.candidate("+819012345678").await;
    let body = json!({ "candidateId": candidate_id, "agentId": office.agent_id });
    let made = office.partner.post("/interviews", &body).await.expect(201);
    assert_eq!(text(&made["scheduledAt"]), "2026-04-02T23:00:00.000Z", "08:00 in Tokyo");
    assert!(host.clock.set(moment("2026-04-03T08:00:00+09:00")));
    let claimed = office.dialler.claim_one().await;
    let _ = office.dialler.complete(&claimed, "BUSY").await.expect(200);
    let next = last(&office.look(&made).await).clone();
    assert_eq!(text(&next["scheduledAt"]), "2026-04-03T23:00:00.000Z");
    assert_eq!(text(&next["notes"]), "when they sleep");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_call_is_the_policys_where_nobody_named_a_time() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    run(&host, &office, "in-an-hour", "fallback").await;
    let made = office.interview(json!({})).await;
    let wait = moment(text(&made["scheduledAt"])).since(host.now());
    assert!(MINUTE * 59 < wait && wait <= MINUTE * 60, "{wait:?}");
    assert!(made["decisions"]["call-scheduling"].is_string());
    assert!(last(&made).get("notes").is_none());
    // A time that was named is the partner's, and a test calls nobody.
    let named = office.interview(json!({ "scheduledAt": "2026-04-02T15:00:00+02:00" })).await;
    assert_eq!(text(&named["scheduledAt"]), "2026-04-02T13:00:00.000Z");
    for quiet in [&named, &office.interview(json!({ "isTest": true })).await] {
        assert!(quiet["decisions"].get("call-scheduling").is_none());
    }
    // So is a call that a partner asks for by hand.
    let again = office.post_attempt(&made, json!({})).await.expect(201);
    assert!(moment(text(&again["scheduledAt"])).since(host.now()) < MINUTE);
    // A dry run asks as well, and records nothing.
    let candidate_id = office.candidate("+421901234567").await;
    let body = json!({ "candidateId": candidate_id, "agentId": office.agent_id });
    let slot = format!("/decisions?slot={}/call-scheduling", office.here.ats_id);
    let before = host.operate("GET", &slot, Value::Null).await;
    let dry = office.partner.post("/interviews?dryRun=true", &body).await.expect(200);
    let wait = moment(text(&dry["scheduledAt"])).since(host.now());
    assert!(MINUTE * 59 < wait && wait <= MINUTE * 60, "{wait:?}");
    assert_eq!(host.operate("GET", &slot, Value::Null).await, before);

    run(&host, &office, "give-up", "fallback").await;
    let error = office.partner.post("/interviews", &body).await.refused(422, "POLICY_REJECTED");
    assert_eq!(
        (text(&error["details"]["policy"]), text(&error["details"]["reason"])),
        ("call-scheduling", "hostile on purpose")
    );
    let id = text(&error["details"]["decisionId"]);
    let decision = host.operate("GET", &format!("/decisions/{id}"), Value::Null).await;
    assert_eq!(decision["candidateId"], json!(candidate_id));
    let total =
        office.partner.get(&format!("/interviews?candidateId={candidate_id}")).await.expect(200)["total"]
            .clone();
    assert_eq!(total, 0, "it was not made");
}

/// The first call that nobody named a time for, every retry, and what was decided late; nothing that was asked for by
/// hand.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_attempt_names_the_decision_that_planned_it() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let first = last(&made)["decisionId"].clone();
    assert_eq!(first, made["decisions"]["call-scheduling"]);
    let told = office.partner.get(&format!("/decisions/{}", text(&first))).await.expect(200);
    assert_eq!(told["policy"], "call-scheduling", "{told:#}");

    let claimed = office.dialler.claim_one().await;
    let ended = office.dialler.complete(&claimed, "NO_ANSWER").await.expect(200);
    assert_eq!(ended["decisionId"], first, "what is over is still of its decision: {ended:#}");
    let now = office.look(&made).await;
    let retry = last(&now)["decisionId"].clone();
    assert_eq!(retry, now["decisions"]["call-scheduling"]);
    assert_ne!(retry, first);
    assert_eq!(now["callAttempts"][0]["decisionId"], first);
    // Another time is not another decision; another attempt is no decision of the policy's.
    let later = json!({ "scheduledAt": "2026-04-02T15:00:00+02:00" });
    assert_eq!(office.patch_attempt(&made, last(&now), later.clone()).await.status, 204);
    assert_eq!(last(&office.look(&made).await)["decisionId"], retry);
    let manual = office.post_attempt(&made, json!({})).await.expect(201);
    assert!(manual.get("decisionId").is_none(), "{manual:#}");
    let named = office.interview(later).await;
    assert!(last(&named).get("decisionId").is_none(), "a partner named its time: {named:#}");
    let _ = office.dialler.claim_one().await;

    run(&host, &office, "trap", "hold").await;
    let held = office.interview(json!({})).await;
    let unanswered = held["decisions"]["call-scheduling"].clone();
    assert_eq!(held["callAttempts"], json!([]));
    run(&host, &office, "in-an-hour", "hold").await;
    assert!(host.clock.advance(MINUTE * 10));
    let now = until(&mut office, &held, |now| now["callAttempts"] != json!([])).await;
    assert_eq!(last(&now)["decisionId"], now["decisions"]["call-scheduling"]);
    assert_ne!(last(&now)["decisionId"], unanswered);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_fails_does_not_lose_a_call() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    for act in ["trap", "past", "far", "no-reason", "huge-output"] {
        run(&host, &office, act, "fallback").await;
        let made = office.interview(json!({ "scheduledAt": host.now().to_string() })).await;
        let claimed = office.dialler.claim_one().await;
        let _ = office.dialler.complete(&claimed, "NO_ANSWER").await.expect(200);
        let now = office.look(&made).await;
        assert_eq!(last(&now)["retryNumber"], 1, "{act}: the standard rule answers");
        assert_eq!(office.delete_attempt(&made, last(&now)).await.status, 204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_answers_waits_and_is_asked_again() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    run(&host, &office, "trap", "hold").await;
    // After a call: the attempt has failed, and the interview waits.
    let made = office.interview(json!({ "scheduledAt": host.now().to_string() })).await;
    let claimed = office.dialler.claim_one().await;
    let _ = office.dialler.complete(&claimed, "NO_ANSWER").await.expect(200);
    // In place of a first call too.
    let first = office.interview(json!({})).await;
    for (interview, attempts) in [(&made, 1), (&first, 0)] {
        let now = office.look(interview).await;
        assert_eq!(
            (&now["status"], now["callAttempts"].as_array().map(Vec::len)),
            (&json!("SCHEDULED"), Some(attempts))
        );
    }
    assert!(host.clock.advance(MINUTE * 3));
    run(&host, &office, "in-an-hour", "hold").await;
    assert!(host.clock.advance(MINUTE * 10));
    for (interview, attempts, number) in [(&made, 2, 1), (&first, 1, 0)] {
        let now = until(&mut office, interview, |now| {
            now["callAttempts"].as_array().map(Vec::len) == Some(attempts)
        })
        .await;
        assert_eq!(
            (&last(&now)["status"], &last(&now)["retryNumber"]),
            (&json!("SCHEDULED"), &json!(number))
        );
    }
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_ever_answers_fails_the_interview_after_a_week() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    run(&host, &office, "trap", "hold").await;
    let made = office.interview(json!({})).await;
    let (_, seen) = events(&host, 0);
    let path = format!("/decisions?slot={}/call-scheduling&limit=1", office.here.ats_id);
    let newest = async || host.operate("GET", &path, Value::Null).await[0]["id"].clone();
    for _ in 0..8 {
        let before = newest().await;
        assert!(host.clock.advance(Duration::from_secs(86_400)));
        // Somebody asks in between, as long as it is not over.
        let asked = async {
            while newest().await == before && office.look(&made).await["status"] != "FAILED" {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(MINUTE, asked).await.expect("somebody asks");
    }
    until(&mut office, &made, |now| now["status"] == "FAILED").await;
    assert_eq!(events(&host, seen).0, ["interview.failed"]);
}

/// What a partner does while the policy is asked holds, and the question falls.
#[tokio::test(flavor = "multi_thread")]
async fn a_partner_who_acts_meanwhile_is_not_overruled() {
    let (mut hold, gap) = Hold::new();
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({ "scheduledAt": host.now().to_string() })).await;
    let claimed = office.dialler.claim_one().await;
    let mut dialler = switchboard_tests::Dialler::new(&host, Value::Null).await;
    let mut manual = Value::Null;
    let acts = async {
        let body = json!({ "scheduledAt": "2026-04-02T15:00:00+02:00" });
        manual = office.post_attempt(&made, body).await.expect(201);
    };
    let _ = hold.around(dialler.complete(&claimed, "NO_ANSWER"), acts).await.expect(200);
    let now = office.look(&made).await;
    assert_eq!(now["callAttempts"].as_array().map(Vec::len), Some(2), "{now:#}");
    assert_eq!(*last(&now), manual);
    assert!(now["decisions"].get("call-scheduling").is_none(), "it rests on no decision");
    assert_sound(&host);
}
