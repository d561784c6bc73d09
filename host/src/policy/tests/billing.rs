//! `billing` through real components.

use switchboard_domain::agent::{AgentFocus, AgentType};
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::billing::{Facts, Line, MonthSoFar};
use switchboard_domain::decision::{FailureKind, PolicyName};
use switchboard_domain::id::{AtsId, CompanyId, InterviewId};
use switchboard_domain::release::{OnFailure, Release};
use switchboard_domain::time::Timestamp;
use uuid::Uuid;

use super::{ask, assert_canonical, failure, guest, hostile, of, release, runtime};
use crate::policy::adapter::{from_json, to_json};
use crate::policy::billing::WitFacts;
use crate::policy::{Billing, Error, Policy as _};

fn facts(billing_system: BillingSystem, call_seconds: u32) -> Facts {
    Facts {
        now: Timestamp::from_unix_millis(1_790_000_000_000),
        ats_id: AtsId::new(Uuid::from_u128(501)),
        company_id: CompanyId::new(Uuid::from_u128(502)),
        interview_id: InterviewId::new(Uuid::from_u128(504)),
        agent_type: AgentType::Online,
        agent_focus: AgentFocus::LanguageTest,
        agent_duration_minutes: 15,
        call_seconds,
        finished_at: Timestamp::from_unix_millis(1_789_999_999_000),
        retry_number: 2,
        billing_system,
        month_so_far: MonthSoFar { calls: 7, call_seconds: 4_200, quantity_thousandths: 70_000 },
    }
}

fn bad(act: &str) -> Release {
    of(PolicyName::Billing, hostile(act, OnFailure::Hold))
}

fn standard() -> Release {
    let settings = r#"{"credits":{"default":{"baseCost":2,"costPerMinute":0.25,"includedMinutes":1}}}"#;
    of(PolicyName::Billing, release(2, "standard", settings, OnFailure::Hold))
}

#[tokio::test]
async fn the_standard_plugin_bills_started_minutes_and_credits_by_its_settings() {
    for (system, seconds, cost_key, thousandths) in [
        (BillingSystem::Minutes, 1, "interview_minutes", 1_000),
        (BillingSystem::Minutes, 61, "interview_minutes", 2_000),
        (BillingSystem::Credits, 60, "interview_language_test", 2_000),
        (BillingSystem::Credits, 181, "interview_language_test", 2_750),
        (BillingSystem::Credits, 4 * 3_600, "interview_language_test", 61_750),
    ] {
        let outcome = ask::<Billing>(&standard(), &facts(system, seconds)).await;
        let bill = outcome.verdict.expect("a bill");
        assert_eq!(bill.lines, [Line { cost_key: cost_key.to_owned(), quantity_thousandths: thousandths }]);
        assert_eq!(bill.total_thousandths, thousandths);
    }
}

#[tokio::test]
async fn a_plugins_answer_is_input_not_truth() {
    let table = [
        ("bad-key", FailureKind::BadAnswer, "Interview minutes"),
        ("no-key", FailureKind::BadAnswer, "1 to 64"),
        ("long-key", FailureKind::BadAnswer, "1 to 64"),
        ("same-key-twice", FailureKind::BadAnswer, "`calls` stands twice"),
        ("many-lines", FailureKind::BadAnswer, "21 lines"),
        ("too-much", FailureKind::BadAnswer, "1000000000001 thousandths"),
        ("too-much-together", FailureKind::BadAnswer, "1000000000001 thousandths"),
        ("overflow", FailureKind::BadAnswer, "thousandths"),
        ("huge-output", FailureKind::OutputTooLarge, "bytes"),
        ("loop", FailureKind::OutOfFuel, ""),
        ("trap", FailureKind::Trap, ""),
    ];
    for (act, kind, words) in table {
        let outcome = ask::<Billing>(&bad(act), &facts(BillingSystem::Minutes, 60)).await;
        let (found, explanation) = failure(&outcome);
        assert_eq!(found, kind, "{act}: {explanation}");
        assert!(explanation.contains(words), "{act}: {explanation}");
        assert_eq!((outcome.verdict, outcome.answered_by, outcome.asked.len()), (None, None, 1), "{act}");
        assert_eq!(outcome.on_failure, OnFailure::Hold, "wrong money does not come back: it waits");
    }
    let free = ask::<Billing>(&bad("free"), &facts(BillingSystem::Credits, 60)).await;
    assert_eq!(free.verdict.map(|bill| (bill.lines, bill.total_thousandths)), Some((vec![], 0)));
}

#[tokio::test]
async fn a_replay_gives_the_same_answer_and_the_same_fuel() {
    for (plugin, release) in
        [("standard", standard()), ("hostile", bad("one-unit")), ("hostile", bad("overflow"))]
    {
        let recorded = ask::<Billing>(&release, &facts(BillingSystem::Credits, 3_601)).await;
        let again = runtime().replay(&release, guest(plugin), &recorded.facts).await.expect("replays");
        assert_eq!(again.outcome, recorded.asked[0].outcome);
        assert_eq!(again.fuel_used, recorded.asked[0].fuel_used);
    }
}

#[test]
fn facts_are_canonical_and_read_back() {
    let facts = facts(BillingSystem::Credits, 61);
    let seen = Billing::granted(&facts, &[]);
    let json = to_json(&seen);
    assert_canonical(&json);
    assert_eq!(from_json::<WitFacts>(&json).expect("reads back"), seen);
    assert_eq!(Billing::to_checkable(&seen).expect("checkable"), facts);
    let month = r#""month-so-far":{"call-seconds":4200,"calls":7,"quantity-thousandths":70000}"#;
    assert!(json.contains(month) && json.contains(r#""billing-system":"credits""#), "{json}");
    let damaged = json.replace("0000-0000000001f6", "1f6");
    let read = from_json::<WitFacts>(&damaged).and_then(|seen| Billing::to_checkable(&seen));
    assert!(matches!(read, Err(Error::UnreadableFacts(_))), "{read:?}");
}
