use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    crate::time::parse_period_bound(text).expect("is a moment")
}

#[test]
fn quantities_are_exact_decimals() {
    for (thousandths, expected) in [
        (0, "0"),
        (1, "0.001"),
        (10, "0.01"),
        (500, "0.5"),
        (1_000, "1"),
        (1_205, "1.205"),
        (1_500, "1.5"),
        (-500, "-0.5"),
        (-2_000, "-2"),
        (9_007_199_254_740_993_001, "9007199254740993.001"),
    ] {
        assert_eq!(Quantity::from_thousandths(thousandths).to_string(), expected);
    }
}

proptest! {
    #[test]
    fn a_written_quantity_is_the_quantity(thousandths in i128::from(i64::MIN)..=i128::from(i64::MAX)) {
        let text = Quantity::from_thousandths(thousandths).to_string();
        let digits = text.trim_start_matches('-');
        let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
        prop_assert!(!rest.ends_with('0') && rest.len() <= 3);
        let read: i128 = format!("{whole}{rest:0<3}").parse().expect("digits");
        prop_assert_eq!(if text.starts_with('-') { -read } else { read }, thousandths);
    }

    #[test]
    fn a_moment_lies_in_its_day_and_its_day_in_its_month(
        millis in Timestamp::MIN.unix_millis()..=Timestamp::MAX.unix_millis(),
    ) {
        let at = Timestamp::from_unix_millis(millis);
        let (day, month) = (Day::of(at), Day::month_of(at));
        prop_assert!(day.start() <= at && at < day.next().start());
        prop_assert!(month.contains(&day));
        prop_assert_eq!(Day::month_of(month.start.start()), month.clone());
        // What comes right behind it is another month.
        prop_assert!((28..=31).contains(&(month.end.number() - month.start.number())));
    }
}

#[test]
fn months_are_those_of_the_calendar() {
    for (moment, first, behind) in [
        ("2026-04-02T10:00Z", "2026-04-01", "2026-05-01"),
        ("2026-12-31T23:59:59.999Z", "2026-12-01", "2027-01-01"),
        ("2024-02-29", "2024-02-01", "2024-03-01"),
        ("1969-12-31T23:59:59.999Z", "1969-12-01", "1970-01-01"),
    ] {
        let month = Day::month_of(at(moment));
        assert_eq!((month.start.start(), month.end.start()), (at(first), at(behind)), "{moment}");
    }
}

#[test]
fn who_waits_is_asked_for_less_and_less_often_and_not_for_ever() {
    let finished_at = at("2026-04-02T10:00Z");
    let mut record = UsageRecord {
        id: UsageId {
            ats_id: AtsId::from_bytes([1; 16]),
            company_id: CompanyId::from_bytes([2; 16]),
            finished_at,
            of: Leased::Online(InterviewId::from_bytes([3; 16])),
        },
        interview_id: InterviewId::from_bytes([3; 16]),
        began_at: finished_at,
        agent_focus: AgentFocus::Generic,
        agent_duration_minutes: 15,
        call_seconds: 61,
        retry_number: 0,
        billing_system: BillingSystem::Minutes,
        bill: Bill::Waits { ask_at: finished_at },
    };
    let (mut now, mut asked) = (finished_at, 0);
    while !record.has_waited_long_enough(now) {
        record.put_off(now);
        let next = record.ask_at().expect("it waits");
        let pause = next.since(now).as_secs();
        assert!((60..=3_600).contains(&pause), "{pause}");
        (now, asked) = (next, asked + 1);
    }
    assert!((7 * 24..200).contains(&asked), "{asked}");
    assert!(now.since(finished_at) < Duration::from_secs(u64::from(BILL_WAITS_SECONDS_MAX) + 3_600));
}
