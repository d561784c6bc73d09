//! Nothing waits for ever: every lease, attempt and interview moves on by itself, with a reason and an event.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::office::{assert_sound, events};
use switchboard_tests::{Office, TestHost};

/// The sentinel is woken by the clock and then has its turn; twenty seconds are far beyond that.
const PATIENCE: usize = 2_000;
const GLANCE: Duration = Duration::from_millis(10);

/// The interview once it is so.
pub(crate) async fn until(office: &mut Office, interview: &Value, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut now = Value::Null;
    for _ in 0..PATIENCE {
        now = office.look(interview).await;
        if is_so(&now) {
            return now;
        }
        tokio::time::sleep(GLANCE).await;
    }
    panic!("it stays so: {now:#}");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

const DAY: u64 = 86_400;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_lasts_four_hours_at_most_whatever_its_heartbeats_say() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    for _ in 0..16 {
        let _ = office.dialler.beat(&claimed, json!({ "leaseSeconds": 900 })).await.expect(200);
        assert!(host.clock.advance(Duration::from_secs(890)));
    }
    // 3 h 57 min 20 s.
    let last = office.dialler.beat(&claimed, json!({ "leaseSeconds": 900 })).await.expect(200);
    let called_at = office.look(&made).await["callAttempts"][0]["calledAt"].clone();
    let (called_at, ends) = (text(&called_at), text(&last["leaseExpiresAt"]));
    let moment = switchboard_tests::office::moment;
    assert_eq!(moment(ends).since(moment(called_at)), Duration::from_secs(4 * 3_600));
    assert!(host.clock.advance(Duration::from_secs(200)));
    let now = until(&mut office, &made, |now| now["callAttempts"][0]["status"] == "FAILED").await;
    let attempt = &now["callAttempts"][0];
    assert_eq!(attempt["reasonCode"], "NETWORK_ERROR");
    assert!(text(&attempt["notes"]).contains("longer than four hours"), "{attempt}");
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.refused(409, "LEASE_LOST");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_online_interview_that_nobody_ends_fails_after_four_hours() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let agent =
        json!({ "name": "Online", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    let agent = office.partner.post("/agents", &agent).await.expect(201);
    let made = office.interview(json!({ "agentId": agent["id"] })).await;
    let path = format!("/worker/interviews/{}/start", text(&made["id"]));
    let _ = office.dialler.0.post(&path, &json!({})).await.expect(200);
    let (_, seen) = events(&host, 0);
    assert!(host.clock.advance(Duration::from_secs(4 * 3_600 - 60)));
    assert_eq!(office.look(&made).await["status"], "IN_PROGRESS");
    assert!(host.clock.advance(Duration::from_secs(61)));
    let now = until(&mut office, &made, |now| now["status"] == "FAILED").await;
    assert!(now["finishedDate"].is_string());
    assert_eq!(events(&host, seen).0, ["interview.failed"]);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_no_dialler_takes_fails_after_a_week() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    // A company that may call nobody is no exception.
    let path = format!("/companies/{}", office.here.company_id);
    host.operate("PATCH", &path, json!({ "callsAtOnce": 0 })).await;
    assert!(host.clock.advance(Duration::from_secs(7 * DAY - 60)));
    assert_eq!(office.look(&made).await["callAttempts"][0]["status"], "SCHEDULED");
    assert!(host.clock.advance(Duration::from_secs(120)));
    let now = until(&mut office, &made, |now| now["callAttempts"][0]["status"] == "FAILED").await;
    let attempt = &now["callAttempts"][0];
    assert_eq!(attempt["reasonCode"], "NETWORK_ERROR");
    assert!(text(&attempt["notes"]).contains("No dialler"), "{attempt}");
    assert!(attempt.get("calledAt").is_none());
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interview_that_nobody_comes_to_fails_after_thirty_days() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let agent =
        json!({ "name": "Online", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    let agent = office.partner.post("/agents", &agent).await.expect(201);
    let online =
        office.interview(json!({ "agentId": agent["id"], "scheduledAt": "2026-04-05T10:00:00Z" })).await;
    // A phone interview whose only call was taken back waits too.
    let phone = office.interview(json!({ "scheduledAt": "2026-04-05T10:00:00Z" })).await;
    let attempt = phone["callAttempts"][0].clone();
    assert_eq!(office.delete_attempt(&phone, &attempt).await.status, 204);
    let (_, seen) = events(&host, 0);
    assert!(host.clock.set(switchboard_tests::office::moment("2026-05-05T09:59:00Z")));
    for interview in [&online, &phone] {
        assert_eq!(office.look(interview).await["status"], "SCHEDULED");
    }
    assert!(host.clock.advance(Duration::from_secs(120)));
    for interview in [&online, &phone] {
        until(&mut office, interview, |now| now["status"] == "FAILED").await;
    }
    assert_eq!(events(&host, seen).0, ["interview.failed", "interview.failed"]);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_leases_are_forgotten_after_a_week() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    assert!(host.clock.advance(Duration::from_secs(7 * DAY + 60)));
    for _ in 0..PATIENCE {
        let answer = office.dialler.complete(&claimed, "COMPLETED").await;
        if answer.status == 404 {
            assert_sound(&host);
            return;
        }
        tokio::time::sleep(GLANCE).await;
    }
    panic!("it is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ran_out_while_the_server_was_down_moves_on_at_its_start() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let made = office.interview(json!({})).await;
    let _ = office.dialler.claim_one().await;
    let clock = host.clock.clone();
    let host = host.restart_after(|| assert!(clock.advance(Duration::from_secs(3_600)))).await;
    office.partner = host.partner(&office.here.company_key);
    let now = until(&mut office, &made, |now| now["callAttempts"][0]["status"] == "FAILED").await;
    assert_eq!(now["callAttempts"][0]["reasonCode"], "NETWORK_ERROR");
    assert_sound(&host);
}
