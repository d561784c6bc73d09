use proptest::prelude::*;

use super::*;
use crate::problem::FlawKind;

fn reason(flaw: Flaw) -> String {
    match flaw.kind {
        FlawKind::UnreadableDate { reason } => reason,
        other => panic!("{other:?} is not about an unreadable date"),
    }
}

#[test]
fn what_partners_send_is_read_as_written() {
    let half_past_ten = Written::Offset(37_800);
    for (text, local, offset) in [
        ("2026-04-02T07:00:00+10:30", "2026-04-02T07:00:00", half_past_ten),
        ("2026-04-02T07:00:00+1030", "2026-04-02T07:00:00", half_past_ten),
        ("2026-04-02T07:00:00+10", "2026-04-02T07:00:00", Written::Offset(36_000)),
        ("2026-04-02T07:00-03:30", "2026-04-02T07:00:00", Written::Offset(-12_600)),
        ("2026-04-02T07:00:00+00:00", "2026-04-02T07:00:00", Written::Offset(0)),
        ("2026-04-02T07:00:00-00:00", "2026-04-02T07:00:00", Written::Zulu),
        ("2026-04-02T07:00:00-0000", "2026-04-02T07:00:00", Written::Zulu),
        ("2026-04-02T07:00:00-00:01", "2026-04-02T07:00:00", Written::Offset(-60)),
        ("2026-04-02T07:00:00Z", "2026-04-02T07:00:00", Written::Zulu),
        ("2026-04-02t07:00:00z", "2026-04-02T07:00:00", Written::Zulu),
        ("2026-04-02 07:00:00Z", "2026-04-02T07:00:00", Written::Zulu),
        ("2026-04-02T07:00", "2026-04-02T07:00:00", Written::None),
        ("2026-04-02 23:59:59", "2026-04-02T23:59:59", Written::None),
        ("2026-04-02T07:00:00.5", "2026-04-02T07:00:00.500", Written::None),
        ("2026-04-02T07:00:00.0019Z", "2026-04-02T07:00:00.001", Written::Zulu),
        ("2026-04-02T07:00:00.99999999999999999999999+01", "2026-04-02T07:00:00.999", Written::Offset(3_600)),
        ("2028-02-29T00:00Z", "2028-02-29T00:00:00", Written::Zulu),
        ("0000-01-01T00:00Z", "0000-01-01T00:00:00", Written::Zulu),
        ("9999-12-31T23:59:59.999-23:59", "9999-12-31T23:59:59.999", Written::Offset(-86_340)),
    ] {
        let expected = WrittenTime { local: local.parse().unwrap(), offset };
        assert_eq!(WrittenTime::parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_the_place() {
    for (text, expected) in [
        ("", "it is empty, at character 1"),
        ("2026-13-01T07:00:00Z", "month 13 is out of range, at character 6"),
        ("2026-00-01T07:00:00Z", "month 00 is out of range, at character 6"),
        ("2026-02-29T07:00Z", "day 29 is out of range, 2026-02 has 28 days, at character 9"),
        ("2028-02-30T07:00Z", "day 30 is out of range, 2028-02 has 29 days, at character 9"),
        ("2026-04-31T07:00Z", "day 31 is out of range, 2026-04 has 30 days, at character 9"),
        ("2026-04-32T07:00Z", "day 32 is out of range, at character 9"),
        ("2026-04-00T07:00Z", "day 00 is out of range, at character 9"),
        ("2026-04-02", "a time is needed after the date, at character 11"),
        ("2026-04-02T24:00", "hour 24 is not read, midnight is 00:00 of the next day, at character 12"),
        ("2026-04-02T25:00", "hour 25 is out of range, at character 12"),
        ("2026-04-02T07:60", "minute 60 is out of range, at character 15"),
        ("2026-04-02T07:00:60Z", "second 60 is not read, leap seconds have no place here, at character 18"),
        ("2026-04-02T07:00:61Z", "second 61 is out of range, at character 18"),
        ("2026-W14-4T07:00", "week dates are not read, write YYYY-MM-DD, at character 6"),
        ("2026W144T07:00", "week dates are not read, write YYYY-MM-DD, at character 5"),
        ("2026-092", "ordinal dates are not read, write YYYY-MM-DD, at character 6"),
        ("2026-092T07:00", "ordinal dates are not read, write YYYY-MM-DD, at character 6"),
        ("tomorrow", "expected a digit of the year (4 are needed), found 't', at character 1"),
        ("20260402T070000Z", "expected '-' after the year, found '0', at character 5"),
        ("26-04-02T07:00", "expected a digit of the year (4 are needed), found '-', at character 3"),
        ("2026-4-2T07:00", "expected a digit of the month (2 are needed), found '-', at character 7"),
        ("2026-04-02_07:00", "expected 'T' between date and time, found '_', at character 11"),
        ("2026-04-02T7:00", "expected a digit of the hour (2 are needed), found ':', at character 13"),
        ("2026-04-02T07", "expected ':' after the hour, found the end, at character 14"),
        (
            "2026-04-02T07:00:00.Z",
            "expected a digit of the fraction (1 are needed), found 'Z', at character 21",
        ),
        (
            "2026-04-02T07:00+",
            "expected a digit of the offset hour (2 are needed), found the end, at character 18",
        ),
        ("2026-04-02T07:00+24:00", "offset hour 24 is out of range, at character 18"),
        ("2026-04-02T07:00+10:60", "offset minute 60 is out of range, at character 21"),
        ("2026-04-02T07:00Zulu", "expected the end after the offset, found 'u', at character 18"),
        (
            "2026-04-02T07:00:00+10:30[Asia/Tokyo]",
            "expected the end after the offset, found '[', at character 26",
        ),
        ("２026-04-02T07:00Z", "expected a digit of the year (4 are needed), found '２', at character 1"),
        ("2026-é4-02T07:00Z", "expected a digit of the month (2 are needed), found 'é', at character 6"),
        (" 2026-04-02T07:00Z", "expected a digit of the year (4 are needed), found ' ', at character 1"),
    ] {
        let flaw = WrittenTime::parse(text).expect_err(text);
        assert_eq!(reason(flaw), expected, "{text}");
    }
}

#[test]
fn a_date_is_cut_to_its_day_at_utc() {
    for (text, date) in [
        ("2026-04-02", "2026-04-02"),
        ("2026-04-02T07:00", "2026-04-02"),
        ("2026-04-02T07:00:00+10:30", "2026-04-01"),
        ("2026-04-02T23:00:00-02:00", "2026-04-03"),
        ("2026-04-02T23:59:59.999Z", "2026-04-02"),
    ] {
        assert_eq!(parse_calendar_date(text), Ok(date.parse().unwrap()), "{text}");
    }
    let flaw = parse_calendar_date("2026-04-02T").expect_err("half a date-time");
    assert_eq!(reason(flaw), "expected a digit of the hour (2 are needed), found the end, at character 12");
    assert!(parse_calendar_date("2026-092").is_err());
}

#[test]
fn a_period_begins_at_the_utc_midnight_of_a_date() {
    assert_eq!(parse_period_bound("2026-04-02").unwrap().to_string(), "2026-04-02T00:00:00.000Z");
    let bound = parse_period_bound("2026-04-02T00:00+02:00").unwrap();
    assert_eq!(bound.to_string(), "2026-04-01T22:00:00.000Z");
}

proptest! {
    #[test]
    fn what_leaves_is_read_as_the_same_moment(millis in Timestamp::MIN.unix_millis()..=Timestamp::MAX.unix_millis()) {
        let moment = Timestamp::from_unix_millis(millis);
        let written = WrittenTime::parse(&moment.to_string()).unwrap();
        prop_assert_eq!(written.offset, Written::Zulu);
        prop_assert_eq!(written.instant(), Some(moment));
    }

    #[test]
    fn no_text_is_read_as_another_than_it_says(text in "[0-9TtZz:+. -]{0,30}|\\PC{0,30}|2026-0[0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9])?(Z|[+-][0-2][0-9](:?[0-6][0-9])?)?") {
        match WrittenTime::parse(&text) {
            Ok(written) => {
                // Date, separator and time of day stand at fixed places.
                prop_assert_eq!(written.local.format("%Y-%m-%d").to_string(), &text[..10]);
                prop_assert_eq!(written.local.format("%H:%M").to_string(), &text[11..16]);
                prop_assert_eq!(written.offset == Written::None, text[16..].find(['Z', 'z', '+', '-']).is_none());
            }
            Err(flaw) => {
                let reason = reason(flaw);
                let (_, position) = reason.rsplit_once("at character ").unwrap();
                let position: usize = position.parse().unwrap();
                prop_assert!((1..=text.chars().count() + 1).contains(&position), "{}", reason);
            }
        }
    }
}
