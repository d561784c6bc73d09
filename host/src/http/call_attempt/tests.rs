use serde_json::json;
use switchboard_domain::call_attempt::CallAttemptStatus;
use switchboard_domain::call_window::JudgedIn;

use super::*;

#[test]
fn a_new_attempt_has_no_optional_members() {
    let id = "00000000-0000-7000-8000-000000000001";
    let mut attempt = CallAttempt {
        id: id.parse().unwrap(),
        interview_id: id.parse().unwrap(),
        company_id: id.parse().unwrap(),
        revision: 1,
        status: CallAttemptStatus::Scheduled,
        reason_code: None,
        notes: None,
        retry_number: 0,
        decision_id: None,
        recording_url: None,
        duration_seconds: None,
        scheduled_at: Timestamp::from_unix_millis(1_775_116_800_000),
        judged_in: JudgedIn::Offset(0),
        called_at: None,
    };
    assert_eq!(
        serde_json::to_value(view(&attempt)).unwrap(),
        json!({
            "id": id, "direction": "OUTBOUND", "status": "SCHEDULED", "retryNumber": 0,
            "scheduledAt": "2026-04-02T08:00:00.000Z",
        })
    );
    attempt.reason_code = Some(ReasonCode::NoAnswer);
    attempt.duration_seconds = Some(7);
    attempt.decision_id = Some(id.parse().unwrap());
    attempt.called_at = Some(attempt.scheduled_at);
    attempt.recording_url = Some(WebUrl::parse("https://records.example/1").unwrap());
    let sent = serde_json::to_value(view(&attempt)).unwrap();
    assert_eq!((&sent["reasonCode"], &sent["duration"]), (&json!("NO_ANSWER"), &json!(7)));
    assert_eq!(sent["decisionId"], id);
    assert_eq!(sent["calledAt"], "2026-04-02T08:00:00.000Z");
    assert_eq!(sent["recordingUrl"], "https://records.example/1");
}
