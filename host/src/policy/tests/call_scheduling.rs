//! `call-scheduling` through real components.

use switchboard_domain::agent::AgentFocus;
use switchboard_domain::call_scheduling::{CallOutcome, Facts, PastAttempt, Verdict};
use switchboard_domain::call_window::{CallWindow, Zones};
use switchboard_domain::company::parse_timezone;
use switchboard_domain::decision::{AskedOutcome, FailureKind, PolicyName};
use switchboard_domain::id::{AtsId, CompanyId, InterviewId};
use switchboard_domain::release::{OnFailure, Release};
use switchboard_domain::time::Timestamp;
use uuid::Uuid;

use super::{ask, assert_canonical, failure, guest, hostile, of, release, runtime};
use crate::policy::adapter::{from_json, to_json};
use crate::policy::call_scheduling::WitFacts;
use crate::policy::{CallScheduling, Error, Policy as _};

/// 2026-09-21T14:13:20Z
const NOW_MS: i64 = 1_790_000_000_000;
const MINUTE_MS: i64 = 60_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

/// A number that may be in two zones, and so many calls that nobody answered.
fn facts(calls: u32) -> Facts {
    let zones = ["Europe/Lisbon", "Atlantic/Azores"];
    let past = |number: u32| PastAttempt {
        retry_number: number,
        scheduled_at: at(NOW_MS - i64::from(calls - number) * 60 * MINUTE_MS),
        called_at: Some(at(NOW_MS - i64::from(calls - number) * 60 * MINUTE_MS)),
        outcome: CallOutcome::NoAnswer,
        duration_seconds: 0,
    };
    Facts {
        now: at(NOW_MS),
        ats_id: AtsId::new(Uuid::from_u128(501)),
        company_id: CompanyId::new(Uuid::from_u128(502)),
        interview_id: InterviewId::new(Uuid::from_u128(504)),
        agent_focus: AgentFocus::Screening,
        agent_duration_minutes: 15,
        retry_number: calls,
        history: (0..calls).map(past).collect(),
        window: CallWindow::new("20:00", "06:30", &["FRI", "MON"]).expect("a window"),
        zones: Zones::Phone(zones.iter().map(|name| parse_timezone(name).expect("a zone")).collect()),
    }
}

fn bad(act: &str) -> Release {
    of(PolicyName::CallScheduling, hostile(act, OnFailure::Reject))
}

#[tokio::test]
async fn the_standard_plugin_tries_again_later_and_later_and_then_gives_up() {
    let standard = of(PolicyName::CallScheduling, release(2, "standard", "{}", OnFailure::Reject));
    for (calls, minutes) in [(0, Some(0)), (1, Some(15)), (2, Some(60)), (3, Some(240)), (4, None)] {
        let outcome = ask::<CallScheduling>(&standard, &facts(calls)).await;
        assert!(!outcome.degraded, "{outcome:?}");
        match (outcome.verdict.expect("answers"), minutes) {
            (Verdict::Call { at: when, reason }, Some(minutes)) => {
                assert_eq!(when, at(NOW_MS + minutes * MINUTE_MS), "{reason}");
            }
            (Verdict::GiveUp { reason }, None) => assert_eq!(reason, "nobody answered after 3 retries"),
            (verdict, _) => panic!("after {calls} calls: {verdict:?}"),
        }
    }
}

#[tokio::test]
async fn a_plugins_answer_is_input_not_truth() {
    let table = [
        ("past", FailureKind::BadAnswer, "which is past"),
        ("far", FailureKind::BadAnswer, "more than 30 days ahead"),
        ("first-age", FailureKind::BadAnswer, "which is past"),
        ("last-age", FailureKind::BadAnswer, "more than 30 days ahead"),
        ("no-reason", FailureKind::BadAnswer, "`call` needs a reason"),
        ("long-reason", FailureKind::BadAnswer, "longer than 500 characters"),
        ("nul-reason", FailureKind::BadAnswer, "NUL"),
        ("give-up-silently", FailureKind::BadAnswer, "`give-up` needs a reason"),
        ("huge-output", FailureKind::OutputTooLarge, "bytes"),
        ("loop", FailureKind::OutOfFuel, ""),
        ("alloc", FailureKind::OutOfMemory, ""),
        ("recurse", FailureKind::StackOverflow, ""),
        ("trap", FailureKind::Trap, ""),
    ];
    for (act, kind, words) in table {
        let outcome = ask::<CallScheduling>(&bad(act), &facts(1)).await;
        let (found, explanation) = failure(&outcome);
        assert_eq!(found, kind, "{act}: {explanation}");
        assert!(explanation.contains(words), "{act}: {explanation}");
        assert_eq!((outcome.verdict, outcome.answered_by), (None, None), "{act}");
    }
    let mut ladder = bad("past");
    ladder.on_failure = OnFailure::Fallback;
    let outcome = ask::<CallScheduling>(&ladder, &facts(0)).await;
    assert!(matches!(outcome.verdict, Some(Verdict::Call { .. })), "the standard plugin answers");
    assert_eq!((outcome.plugin.as_str(), outcome.degraded), ("standard", true));
    let outcome = ask::<CallScheduling>(&bad("give-up"), &facts(1)).await;
    assert_eq!(outcome.verdict, Some(Verdict::GiveUp { reason: "hostile on purpose".to_owned() }));
}

/// What the host moves into the window is not the plugin's business, but it must be able to say a local time.
#[tokio::test]
async fn a_plugin_can_read_the_callees_clock() {
    let outcome = ask::<CallScheduling>(&bad("at-night"), &facts(0)).await;
    // 03:00 in Lisbon, where summer time lasts until October.
    let night = "2026-09-22T02:00:00.000Z";
    assert!(
        matches!(&outcome.verdict, Some(Verdict::Call { at, .. }) if at.to_string() == night),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_replay_gives_the_same_answer_and_the_same_fuel() {
    let standard = of(PolicyName::CallScheduling, release(2, "standard", "{}", OnFailure::Reject));
    for (plugin, release) in [("standard", standard), ("hostile", bad("past")), ("hostile", bad("loop"))] {
        let recorded = ask::<CallScheduling>(&release, &facts(2)).await;
        let again = runtime().replay(&release, guest(plugin), &recorded.facts).await.expect("replays");
        assert_eq!(again.outcome, recorded.asked[0].outcome);
        assert_eq!(again.fuel_used, recorded.asked[0].fuel_used);
        if let AskedOutcome::Answered(answer) = &again.outcome {
            assert_canonical(answer);
        }
    }
}

#[test]
fn facts_are_canonical_and_read_back() {
    let seen = CallScheduling::granted(&facts(1), &[]);
    let json = to_json(&seen);
    assert_canonical(&json);
    assert_eq!(from_json::<WitFacts>(&json).expect("reads back"), seen);
    assert_eq!(CallScheduling::to_checkable(&seen).expect("checkable"), facts(1));
    assert_eq!(CallScheduling::narrowed(seen.clone(), &[]), seen);
    for part in [
        r#""window":{"days":["monday","friday"],"end-minute":390,"start-minute":1200}"#,
        r#""zone-source":"phone""#,
        r#"{"minute-of-day":913,"offset-changes":[],"offset-seconds":3600,"time-zone":"Europe/Lisbon","weekday":"monday"}"#,
        r#"{"minute-of-day":853,"offset-changes":[],"offset-seconds":0,"time-zone":"Atlantic/Azores","weekday":"monday"}"#,
        r#"{"called-at-ms":1789996400000,"duration-seconds":0,"outcome":"no-answer","retry-number":0,"scheduled-at-ms":1789996400000}"#,
    ] {
        assert!(json.contains(part), "{part} is not in {json}");
    }
    let company =
        Facts { zones: Zones::Company(parse_timezone("Europe/Bratislava").expect("a zone")), ..facts(0) };
    let seen = CallScheduling::granted(&company, &[]);
    assert!(to_json(&seen).contains(r#""zone-source":"company""#));
    assert_eq!(CallScheduling::to_checkable(&seen).expect("checkable"), company);
}

#[test]
fn recorded_facts_that_say_nothing_are_refused() {
    let json = to_json(&CallScheduling::granted(&facts(0), &[]));
    for (from, to) in [
        ("Europe/Lisbon", "Europe/Nowhere"),
        (r#""start-minute":1200"#, r#""start-minute":390"#),
        (r#""days":["monday","friday"]"#, r#""days":[]"#),
        (r#""zone-source":"phone""#, r#""zone-source":"company""#),
        (r#""window""#, r#""windows""#),
        ("0000-0000000001f6", "1f6"),
    ] {
        let changed = json.replace(from, to);
        assert_ne!(changed, json, "{from}");
        let read = from_json::<WitFacts>(&changed).and_then(|seen| CallScheduling::to_checkable(&seen));
        assert!(matches!(read, Err(Error::UnreadableFacts(_))), "{to}: {read:?}");
    }
}
