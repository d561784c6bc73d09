use uuid::Uuid;

use super::*;
use crate::problem::FlawKind;

#[test]
fn one_way_of_contact_is_enough_and_none_is_missing_twice() {
    for (email, phone, expected) in [(true, true, 0), (true, false, 0), (false, true, 0), (false, false, 2)] {
        let mut problems = Problems::default();
        check_contact("candidate", email, phone, &mut problems);
        assert_eq!(problems.list().len(), expected);
        assert!(problems.list().iter().all(|problem| problem.flaw.kind == FlawKind::Missing));
    }
}

#[test]
fn the_data_expires_tomorrow_at_the_earliest() {
    let date = |day| NaiveDate::from_ymd_opt(2026, 4, day).expect("a date");
    let midnight = date(2).and_hms_opt(0, 0, 0).expect("a time").and_utc().timestamp_millis();
    for now_millis in [midnight, midnight + 86_399_999] {
        let now = Timestamp::from_unix_millis(now_millis);
        assert_eq!(check_gdpr_expiry(date(3), now), Ok(date(3)));
        let flaw = check_gdpr_expiry(date(2), now).expect_err("today");
        assert_eq!(flaw, Flaw::invalid("must be in the future, 2026-04-03 or later"));
        assert!(check_gdpr_expiry(date(1), now).is_err());
    }
}

#[test]
fn an_assignment_stands_once_where_it_was_named_first() {
    let [a, b] = [1, 2].map(|number| JobId::new(Uuid::from_u128(number)));
    assert_eq!(each_once([b, a, b, a]), [b, a]);
    assert!(each_once([]).is_empty());
}

#[test]
fn the_statuses_are_the_contracts() {
    let words: Vec<_> = CandidateStatus::ALL.iter().map(|status| status.as_str()).collect();
    assert_eq!(words, ["UNDEFINED", "APPLIED", "IN_PROCESS", "REJECTED", "ACCEPTED"]);
}
