use chrono_tz::Tz;
use uuid::Uuid;

use super::*;
use crate::call_window::JudgedIn;
use crate::decision::Facts as _;
use crate::id::CallAttemptId;

const NOW_MS: i64 = 1_790_000_000_000;
const DAY_MS: i64 = 86_400_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn facts() -> Facts {
    Facts {
        now: at(NOW_MS),
        ats_id: AtsId::new(Uuid::from_u128(10)),
        company_id: CompanyId::new(Uuid::from_u128(11)),
        interview_id: InterviewId::new(Uuid::from_u128(12)),
        agent_focus: AgentFocus::Screening,
        agent_duration_minutes: 15,
        retry_number: 0,
        history: Vec::new(),
        window: CallWindow::default(),
        zones: Zones::Company(Tz::UTC),
    }
}

#[test]
fn a_plugins_answer_is_input_not_truth() {
    let call = |millis, reason: &str| Answer::Call(at(millis), reason.to_owned());
    let planned = |millis, reason: &str| Ok(Verdict::Call { at: at(millis), reason: reason.to_owned() });
    let past = |when: &str| Err(format!("the call is planned for {when}, which is past"));
    let far = |when: &str| Err(format!("the call is planned for {when}, more than 30 days ahead"));
    let refused = |sentence: &str| Err(sentence.to_owned());
    let long = "é".repeat(500);
    for (answer, expected) in [
        (call(NOW_MS, "now"), planned(NOW_MS, "now")),
        (call(NOW_MS + 1, "soon"), planned(NOW_MS + 1, "soon")),
        (call(NOW_MS - 60_000, "at once"), planned(NOW_MS, "at once")),
        (call(NOW_MS - 60_001, "late"), past("2026-09-21T14:12:19.999Z")),
        (call(0, "late"), past("1970-01-01T00:00:00.000Z")),
        (call(i64::MIN, "late"), past("0000-01-01T00:00:00.000Z")),
        (call(NOW_MS + 30 * DAY_MS, "later"), planned(NOW_MS + 30 * DAY_MS, "later")),
        (call(NOW_MS + 30 * DAY_MS + 1, "far"), far("2026-10-21T14:13:20.001Z")),
        (call(i64::MAX, "far"), far("9999-12-31T23:59:59.999Z")),
        (call(NOW_MS, ""), refused("`call` needs a reason")),
        (call(NOW_MS, &long), planned(NOW_MS, &long)),
        (call(NOW_MS, &"é".repeat(501)), refused("the reason of `call` is longer than 500 characters")),
        (call(NOW_MS, "a\0b"), refused("the reason of `call` has a NUL character")),
        (Answer::GiveUp("enough".to_owned()), Ok(Verdict::GiveUp { reason: "enough".to_owned() })),
        (Answer::GiveUp(String::new()), refused("`give-up` needs a reason")),
        (Answer::GiveUp("x".repeat(501)), refused("the reason of `give-up` is longer than 500 characters")),
    ] {
        assert_eq!(check(answer.clone(), &facts()), expected, "{answer:?}");
    }
}

#[test]
fn only_the_moment_may_differ() {
    let later = facts().at(at(NOW_MS + 5));
    assert!(facts().same_but_now(&later));
    let moved = Facts { zones: Zones::Phone(vec![Tz::UTC]), ..later.clone() };
    assert!(!facts().same_but_now(&moved));
    let attempt = PastAttempt {
        retry_number: 0,
        scheduled_at: at(0),
        called_at: None,
        outcome: CallOutcome::Busy,
        duration_seconds: 0,
    };
    assert!(!facts().same_but_now(&Facts { history: vec![attempt], ..later }));
}

fn attempt(number: u32, status: CallAttemptStatus, reason_code: Option<ReasonCode>) -> CallAttempt {
    CallAttempt {
        id: CallAttemptId::new(Uuid::from_u128(number.into())),
        interview_id: InterviewId::new(Uuid::from_u128(12)),
        company_id: CompanyId::from_bytes([2; 16]),
        revision: 1,
        status,
        reason_code,
        notes: Some("what was said is nobody's business here".to_owned()),
        retry_number: number,
        decision_id: None,
        recording_url: None,
        duration_seconds: None,
        scheduled_at: at(number.into()),
        judged_in: JudgedIn::Company(Tz::UTC),
        called_at: None,
    }
}

#[test]
fn an_attempt_is_told_by_how_it_ended() {
    use CallAttemptStatus::{Cancelled, Completed, Failed, InProgress, Scheduled};
    use ReasonCode as Code;
    for (status, reason, expected) in [
        (Scheduled, None, None),
        (InProgress, None, None),
        (Completed, None, Some(CallOutcome::Completed)),
        (Cancelled, Some(Code::CancelledByRequest), Some(CallOutcome::Cancelled)),
        (Cancelled, Some(Code::Replaced), Some(CallOutcome::Replaced)),
        (Cancelled, None, Some(CallOutcome::Cancelled)),
        (Failed, Some(Code::NoAnswer), Some(CallOutcome::NoAnswer)),
        (Failed, Some(Code::Busy), Some(CallOutcome::Busy)),
        (Failed, Some(Code::Voicemail), Some(CallOutcome::Voicemail)),
        (Failed, Some(Code::Declined), Some(CallOutcome::Declined)),
        (Failed, Some(Code::InvalidNumber), Some(CallOutcome::InvalidNumber)),
        (Failed, Some(Code::NetworkError), Some(CallOutcome::NetworkError)),
        (Failed, Some(Code::AgentError), Some(CallOutcome::AgentError)),
        (Failed, None, Some(CallOutcome::NetworkError)),
    ] {
        let told = PastAttempt::of(&attempt(1, status, reason));
        assert_eq!(told.map(|told| told.outcome), expected, "{status} {reason:?}");
    }
}

#[test]
fn the_history_is_what_ended_and_the_latest_of_it() {
    let failed = |number| attempt(number, CallAttemptStatus::Failed, Some(ReasonCode::Busy));
    let waiting = attempt(7, CallAttemptStatus::Scheduled, None);
    let told = history(&[failed(1), failed(2), waiting]);
    assert_eq!(told.iter().map(|told| told.retry_number).collect::<Vec<_>>(), [1, 2]);
    let many: Vec<CallAttempt> = (0..250).map(failed).collect();
    let told = history(&many);
    assert_eq!((told.len(), told[0].retry_number, told[99].retry_number), (100, 150, 249));
    assert_eq!(history(&[]), []);
}
