use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::decision::Facts as _;

fn facts() -> Facts {
    Facts {
        now: Timestamp::from_unix_millis(2),
        ats_id: AtsId::new(Uuid::from_u128(10)),
        company_id: CompanyId::new(Uuid::from_u128(11)),
        interview_id: InterviewId::new(Uuid::from_u128(12)),
        agent_type: AgentType::Phone,
        agent_focus: AgentFocus::Screening,
        agent_duration_minutes: 15,
        call_seconds: 61,
        finished_at: Timestamp::from_unix_millis(1),
        retry_number: 0,
        billing_system: BillingSystem::Minutes,
        month_so_far: MonthSoFar::default(),
    }
}

fn line(cost_key: &str, quantity_thousandths: u64) -> Line {
    Line { cost_key: cost_key.to_owned(), quantity_thousandths }
}

#[test]
fn a_plugins_answer_is_input_not_truth() {
    let fine = |total: u64| Ok(total);
    let refused = |sentence: &str| Err(sentence.to_owned());
    let key =
        |key: &str| refused(&format!("the cost key `{key}` must have 1 to 64 of the characters a-z 0-9 _"));
    let many = |count: u64| (0..count).map(|number| line(&format!("line_{number}"), number)).collect();
    for (lines, expected) in [
        (vec![], fine(0)),
        (vec![line("interview_minutes", 2000)], fine(2000)),
        (vec![line("calls", 0)], fine(0)),
        (vec![line(&"k".repeat(64), 1), line("0_9", 2)], fine(3)),
        (many(20), fine(190)),
        (many(21), refused("the bill has 21 lines, at most 20 are allowed")),
        (vec![line("", 1)], key("")),
        (vec![line(&"k".repeat(65), 1)], key(&"k".repeat(64))),
        (vec![line("Calls", 1)], key("Calls")),
        (vec![line("interview minutes", 1)], key("interview minutes")),
        (vec![line("é", 1)], key("é")),
        (vec![line("a", 1), line("b", 1), line("a", 1)], refused("the cost key `a` stands twice")),
        (vec![line("a", 1_000_000_000_000)], fine(1_000_000_000_000)),
        (
            vec![line("a", 1_000_000_000_000), line("b", 1)],
            refused("the bill is of 1000000000001 thousandths, at most 1000000000000 are allowed"),
        ),
        (
            vec![line("a", u64::MAX), line("b", u64::MAX)],
            refused("the bill is of 18446744073709551615 thousandths, at most 1000000000000 are allowed"),
        ),
    ] {
        let checked = check(lines.clone(), &facts());
        assert_eq!(
            checked.as_ref().map(|bill| bill.total_thousandths),
            expected.as_ref().copied(),
            "{lines:?}"
        );
        assert_eq!(checked.map(|bill| bill.lines), expected.map(|_| lines));
    }
}

#[test]
fn an_account_that_is_full_takes_no_more() {
    let full = MonthSoFar { quantity_thousandths: u64::MAX - 1, ..MonthSoFar::default() };
    let facts = Facts { month_so_far: full, ..facts() };
    assert!(check(vec![line("a", 1)], &facts).is_ok());
    let sentence = "the company's account of the month cannot hold the bill";
    assert_eq!(check(vec![line("a", 2)], &facts), Err(sentence.to_owned()));
}

#[test]
fn only_the_moment_may_differ() {
    let later = facts().at(Timestamp::from_unix_millis(99));
    assert!(facts().same_but_now(&later));
    let one_more = MonthSoFar { calls: 1, ..MonthSoFar::default() };
    assert!(!facts().same_but_now(&Facts { month_so_far: one_more, ..later }));
}

proptest! {
    #[test]
    fn what_is_accepted_adds_up(quantities in prop::collection::vec(any::<u64>(), 0..25)) {
        let lines: Vec<Line> =
            quantities.iter().enumerate().map(|(place, quantity)| line(&format!("l{place}"), *quantity)).collect();
        let sum: u128 = quantities.iter().copied().map(u128::from).sum();
        match check(lines, &facts()) {
            Ok(bill) => prop_assert_eq!(u128::from(bill.total_thousandths), sum),
            Err(_) => prop_assert!(sum > u128::from(BILL_THOUSANDTHS_MAX) || quantities.len() > BILL_LINES_MAX),
        }
    }

    #[test]
    fn small_bills_are_accepted(quantities in prop::collection::vec(0_u64..1_000_000, 0..21)) {
        let lines: Vec<Line> =
            quantities.iter().enumerate().map(|(place, quantity)| line(&format!("l{place}"), *quantity)).collect();
        let bill = check(lines, &facts());
        prop_assert_eq!(bill.map(|bill| bill.total_thousandths), Ok(quantities.iter().sum()));
    }
}
