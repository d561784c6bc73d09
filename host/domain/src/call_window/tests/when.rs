//! The rules of "When", as tables, and what must hold for every refusal.

use std::time::Duration;

use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::oracle::Oracle;
use crate::call_window::*;
use crate::phone_number::PhoneNumber;
use crate::problem::FlawKind;
use crate::time::{Timestamp, Written, WrittenTime};

const ADELAIDE: &[Tz] = &[Tz::Australia__Adelaide];
const RUSSIA: &[Tz] = &[Tz::Europe__Moscow, Tz::Asia__Yekaterinburg];
const FAR_APART: &[Tz] = &[Tz::Europe__Moscow, Tz::Asia__Kamchatka, Tz::America__Los_Angeles];

fn moment(text: &str) -> Timestamp {
    WrittenTime::parse(text).expect(text).instant().expect(text)
}

fn usual() -> &'static CallWindow {
    const WINDOW: CallWindow = CallWindow { start_minute: 480, end_minute: 1_200, days: ALL_DAYS };
    &WINDOW
}

/// The evening of 2026-04-01 in Europe: no candidate of these tests sleeps, but some phones must not ring.
fn facts(phone_zones: &[Tz], company_zone: Tz) -> WhenFacts<'_> {
    WhenFacts {
        now: moment("2026-04-01T18:00:00Z"),
        phone_zones,
        company_zone,
        window: usual(),
        zulu_is_offset: false,
        window_applies: true,
    }
}

fn judged(text: &str, facts: &WhenFacts<'_>) -> Result<Judged, WhenRefusal> {
    judge(Some(&WrittenTime::parse(text).expect(text)), facts)
}

fn outside(text: &str, facts: &WhenFacts<'_>) -> WindowVerdict {
    match judged(text, facts) {
        Err(WhenRefusal::OutsideCallWindow(verdict)) => *verdict,
        other => panic!("{text} should be outside of the window: {other:?}"),
    }
}

fn flaw(text: &str, facts: &WhenFacts<'_>) -> Flaw {
    match judged(text, facts) {
        Err(WhenRefusal::Flaw(flaw)) => flaw,
        other => panic!("{text} should be refused: {other:?}"),
    }
}

/// The seed case: a written offset counts, whatever number and company say.
#[test]
fn a_written_offset_is_judged_as_written_whatever_number_and_company_say() {
    let adelaide_number = PhoneNumber::parse("+61881234567").unwrap();
    for phone_zones in [&[], ADELAIDE, RUSSIA, FAR_APART, adelaide_number.zones()] {
        for company_zone in [Tz::UTC, Tz::Europe__Berlin, Tz::Australia__Adelaide] {
            let verdict = outside("2026-04-02T07:00:00+10:30", &facts(phone_zones, company_zone));
            assert_eq!(verdict.local_time, "2026-04-02T07:00:00");
            assert_eq!(verdict.time_zone, "+10:30");
            assert_eq!(verdict.time_zone_source, ZoneSource::Offset);
            assert_eq!(verdict.ambiguous_zones, []);
            assert_eq!(verdict.next_allowed_at, "2026-04-02T08:00:00.000+10:30");
            assert!(!verdict.allowed);
            let accepted = judged(&verdict.next_allowed_at, &facts(phone_zones, company_zone)).unwrap();
            assert_eq!(accepted.scheduled_at, moment("2026-04-01T21:30:00Z"));
            assert_eq!(accepted.judged_in, JudgedIn::Offset(37_800));
        }
    }
}

/// The seed case's instant, 2026-04-01T20:30Z, without a local time of its own.
#[test]
fn the_same_instant_with_z_is_judged_where_the_candidate_is() {
    for text in ["2026-04-01T20:30:00Z", "2026-04-01T20:30:00-00:00"] {
        let verdict = outside(text, &facts(ADELAIDE, Tz::UTC));
        assert_eq!(verdict.local_time, "2026-04-02T07:00:00");
        assert_eq!(verdict.time_zone, "Australia/Adelaide");
        assert_eq!(verdict.time_zone_source, ZoneSource::Phone);
        assert_eq!(verdict.next_allowed_at, "2026-04-02T08:00:00.000+10:30");

        let unknown = outside(text, &facts(&[], Tz::Europe__Berlin));
        assert_eq!(unknown.local_time, "2026-04-01T22:30:00");
        assert_eq!(unknown.time_zone, "Europe/Berlin");
        assert_eq!(unknown.time_zone_source, ZoneSource::Company);
        assert_eq!(unknown.next_allowed_at, "2026-04-02T08:00:00.000+02:00");

        let zulu_is_offset = WhenFacts { zulu_is_offset: true, ..facts(ADELAIDE, Tz::Europe__Berlin) };
        let as_written = outside(text, &zulu_is_offset);
        assert_eq!(as_written.local_time, "2026-04-01T20:30:00");
        assert_eq!(as_written.time_zone, "+00:00");
        assert_eq!(as_written.next_allowed_at, "2026-04-02T08:00:00.000+00:00");
    }
    // The same instant, early in the afternoon at the company's: nothing to object to.
    let los_angeles = facts(&[], Tz::America__Los_Angeles);
    let accepted = judged("2026-04-01T20:30:00Z", &los_angeles).unwrap();
    assert_eq!(accepted.judged_in, JudgedIn::Company(Tz::America__Los_Angeles));
    assert_eq!(accepted.told(&los_angeles).local_time, "2026-04-01T13:30:00");
}

#[test]
fn without_an_offset_it_is_read_where_the_candidate_is() {
    let read = judged("2026-04-02T09:00", &facts(ADELAIDE, Tz::UTC)).unwrap();
    assert_eq!(read.scheduled_at, moment("2026-04-02T09:00+10:30"));
    assert_eq!(read.judged_in, JudgedIn::Phone(ADELAIDE.to_vec()));
    let read = judged("2026-04-02T09:00", &facts(&[], Tz::Europe__Berlin)).unwrap();
    assert_eq!(read.scheduled_at, moment("2026-04-02T09:00+02:00"));
    assert_eq!(read.judged_in, JudgedIn::Company(Tz::Europe__Berlin));
}

#[test]
fn several_zones_must_all_allow_it() {
    // 08:00 in Moscow is 10:00 in Yekaterinburg; the common hours are 05:00Z to 15:00Z.
    let early = outside("2026-04-02T04:00:00Z", &facts(RUSSIA, Tz::UTC));
    assert_eq!(early.time_zone, "Europe/Moscow");
    assert_eq!(early.ambiguous_zones, RUSSIA);
    assert_eq!(early.next_allowed_at, "2026-04-02T08:00:00.000+03:00");
    let late = outside("2026-04-02T15:30:00Z", &facts(RUSSIA, Tz::UTC));
    assert_eq!(late.time_zone, "Asia/Yekaterinburg", "the zone that forbids it is named");
    assert_eq!(late.local_time, "2026-04-02T20:30:00");
    assert_eq!(late.next_allowed_at, "2026-04-03T10:00:00.000+05:00");
    let yekaterinburg = facts(RUSSIA, Tz::Asia__Yekaterinburg);
    let fine = judged("2026-04-02T14:59:59Z", &yekaterinburg).unwrap();
    assert_eq!(fine.judged_in, JudgedIn::Phone(RUSSIA.to_vec()));
    assert_eq!(
        fine.told(&yekaterinburg).time_zone,
        "Asia/Yekaterinburg",
        "of several that allow it, the company's is named"
    );
}

#[test]
fn several_zones_read_a_bare_time_in_the_companys_or_ask_for_an_offset() {
    let read = judged("2026-04-02T11:00", &facts(RUSSIA, Tz::Asia__Yekaterinburg)).unwrap();
    assert_eq!(read.scheduled_at, moment("2026-04-02T11:00+05:00"));
    assert_eq!(read.judged_in, JudgedIn::Phone(RUSSIA.to_vec()));
    let asked = flaw("2026-04-02T11:00", &facts(RUSSIA, Tz::Europe__Berlin));
    let FlawKind::UnreadableDate { reason } = asked.kind else { panic!("{asked:?}") };
    assert!(reason.contains("2 time zones (Europe/Moscow, Asia/Yekaterinburg): write an offset"), "{reason}");
}

#[test]
fn zones_without_a_common_hour_leave_it_to_the_company() {
    let berlin = facts(FAR_APART, Tz::Europe__Berlin);
    let verdict = outside("2026-04-02T05:00:00Z", &berlin);
    assert_eq!(
        (verdict.time_zone.as_str(), verdict.time_zone_source),
        ("Europe/Berlin", ZoneSource::Company)
    );
    assert_eq!(verdict.ambiguous_zones, FAR_APART, "the answer says why the number did not count");
    let read = judged("2026-04-02T09:00", &berlin).unwrap();
    assert_eq!(read.scheduled_at, moment("2026-04-02T09:00+02:00"));
    assert_eq!(read.judged_in, JudgedIn::Company(Tz::Europe__Berlin));
    let at_once = judge(None, &berlin).unwrap();
    assert_eq!(at_once.scheduled_at, moment("2026-04-02T08:00+02:00"));
}

#[test]
fn at_once_is_now_or_the_next_opening() {
    let awake = judge(None, &facts(&[Tz::America__New_York], Tz::UTC)).unwrap();
    assert_eq!(awake.scheduled_at, moment("2026-04-01T18:00:00Z"));
    let adelaide = facts(ADELAIDE, Tz::UTC);
    let asleep = judge(None, &adelaide).unwrap();
    assert_eq!(asleep.scheduled_at, moment("2026-04-02T08:00+10:30"));
    assert!(asleep.told(&adelaide).allowed);
    assert_eq!(asleep.told(&adelaide).next_allowed_at, "2026-04-02T08:00:00.000+10:30");
    let online = WhenFacts { window_applies: false, ..facts(ADELAIDE, Tz::UTC) };
    assert_eq!(judge(None, &online).unwrap().scheduled_at, online.now);
}

#[test]
fn where_the_window_does_not_apply_the_time_is_read_alike() {
    let online = |zones| WhenFacts { window_applies: false, ..facts(zones, Tz::Europe__Berlin) };
    let night = judged("2026-04-03T03:00", &online(ADELAIDE)).unwrap();
    assert_eq!(night.scheduled_at, moment("2026-04-03T03:00+10:30"));
    let told = night.told(&online(ADELAIDE));
    assert!(told.allowed);
    assert_eq!(told.next_allowed_at, "2026-04-03T03:00:00.000+10:30");
    assert!(matches!(flaw("2026-04-03T03:00", &online(RUSSIA)).kind, FlawKind::UnreadableDate { .. }));
    assert!(judged("2026-04-03T03:00Z", &online(&[])).is_ok());
}

#[test]
fn sixty_seconds_of_past_and_thirty_days_ahead_are_allowed() {
    let noon = WhenFacts { now: moment("2026-04-01T12:00:00Z"), ..facts(&[], Tz::UTC) };
    assert!(judged("2026-04-01T11:59:00.000Z", &noon).is_ok());
    assert!(judged("2026-05-01T12:00:00.000Z", &noon).is_ok());
    for (text, part) in [
        ("2026-04-01T11:58:59.999Z", "in the past"),
        ("0000-01-01T00:00:00+23:59", "in the past"),
        ("0000-01-01T00:00:00", "in the past"),
        ("2026-05-01T12:00:00.001Z", "30 days ahead"),
        ("9999-12-31T23:59:59-23:59", "30 days ahead"),
        ("9999-12-31T23:59:59", "30 days ahead"),
    ] {
        for zones in [&[][..], ADELAIDE] {
            let flaw = flaw(text, &WhenFacts { phone_zones: zones, ..noon });
            assert_eq!(flaw.kind, FlawKind::Invalid, "{text}");
            assert!(flaw.message.contains(part), "{text}: {}", flaw.message);
        }
    }
}

#[test]
fn a_wall_time_that_does_not_exist_is_refused_and_one_that_exists_twice_is_the_earlier() {
    let winter = WhenFacts { now: moment("2026-03-20T12:00:00Z"), ..facts(&[], Tz::Europe__Berlin) };
    let gap = flaw("2026-03-29T02:30", &winter);
    let FlawKind::UnreadableDate { reason } = gap.kind else { panic!("{gap:?}") };
    let expected = "02:30 on 2026-03-29 does not exist in Europe/Berlin, its clocks go from 02:00 to 03:00, \
                    at character 12";
    assert_eq!(reason, expected);
    let any_hour = CallWindow::new("00:00", "24:00", &["MON", "SUN"]).unwrap();
    let autumn = WhenFacts {
        now: moment("2026-10-20T12:00:00Z"),
        window: &any_hour,
        ..facts(&[], Tz::Europe__Berlin)
    };
    let twice = judged("2026-10-25T02:30", &autumn).unwrap();
    assert_eq!(twice.scheduled_at, moment("2026-10-25T02:30+02:00"));
    let later = judged("2026-10-25T02:30+01:00", &autumn).unwrap();
    assert_eq!(later.scheduled_at, moment("2026-10-25T01:30Z"), "an offset tells the two apart");
}

#[test]
fn an_opening_beyond_thirty_days_is_not_offered() {
    // The last Friday inside of the 30 days is refused for its hour; the Friday after is too far ahead.
    let fridays = CallWindow::new("08:00", "09:00", &["FRI"]).unwrap();
    let now = moment("2026-04-01T12:00:00Z");
    let facts = WhenFacts { now, window: &fridays, ..facts(&[], Tz::UTC) };
    let verdict = outside("2026-05-01T10:00:00Z", &facts);
    assert_eq!(verdict.next_allowed_at, "2026-04-03T08:00:00.000+00:00");
    assert!(judged(&verdict.next_allowed_at, &facts).is_ok());
}

#[test]
fn a_claim_that_comes_too_late_moves_to_the_next_opening_of_the_same_clock() {
    let facts = facts(ADELAIDE, Tz::Europe__Berlin);
    let night = moment("2026-04-01T18:00:00Z");
    let offset = moved_inside_again(night, &JudgedIn::Offset(-18_000), &facts);
    assert_eq!(offset.scheduled_at, night, "13:00 where it was written");
    let phone = moved_inside_again(night, &JudgedIn::Phone(ADELAIDE.to_vec()), &facts);
    assert_eq!(phone.scheduled_at, moment("2026-04-02T08:00+10:30"));
    let narrow = moved_inside_again(night, &JudgedIn::Phone(FAR_APART.to_vec()), &facts);
    assert_eq!(narrow.judged_in, JudgedIn::Company(Tz::Europe__Berlin), "they share nothing any more");
    let retry = moved_inside(moment("2026-04-02T10:00:00Z"), &facts);
    assert_eq!(retry.scheduled_at, moment("2026-04-03T08:00+10:30"));
}

#[test]
fn what_is_kept_with_an_attempt_reads_back_as_it_was() {
    for judged_in in [
        JudgedIn::Offset(-37_800),
        JudgedIn::Phone(RUSSIA.to_vec()),
        JudgedIn::Company(Tz::America__Argentina__Buenos_Aires),
    ] {
        let text = serde_json::to_string(&judged_in).unwrap();
        assert_eq!(serde_json::from_str::<JudgedIn>(&text).unwrap(), judged_in);
    }
}

/// Numbers of one zone, of several, of a whole country, of nowhere.
fn any_zones() -> impl Strategy<Value = Vec<Tz>> {
    let listed = ["+76001234567", "+18005550123", "+61412345678", "+447911123456", "+883510012345678"];
    let numbers = listed.map(|text| PhoneNumber::parse(text).expect(text).zones().to_vec());
    prop_oneof![
        prop::collection::vec(prop::sample::select(&TZ_VARIANTS[..]), 0..3),
        prop::sample::select(numbers.to_vec()),
    ]
}

fn any_oracle() -> impl Strategy<Value = Oracle> {
    let days = prop::array::uniform7(any::<bool>()).prop_filter("some day", |days| days.contains(&true));
    (0_u32..96, 0_u32..=96, days)
        .prop_filter("never empty", |(start, end, _)| start != end)
        .prop_map(|(start, end, days)| Oracle { start: start * 15, end: end * 15, days })
}

fn any_offset() -> impl Strategy<Value = Written> {
    prop_oneof![
        (-56_i32..=56).prop_map(|quarters| Written::Offset(quarters * 900)),
        Just(Written::Zulu),
        Just(Written::None),
    ]
}

proptest! {
    #[test]
    fn no_phone_rings_outside_and_what_is_offered_is_earliest_and_accepted(
        oracle in any_oracle(),
        zones in any_zones(),
        company_zone in prop::sample::select(&TZ_VARIANTS[..]),
        now_millis in 1_767_225_600_000_i64..2_398_377_600_000,
        wait_millis in -30_000_i64..29 * 86_400_000,
        offset in any_offset(),
        at_once in prop::bool::weighted(0.2),
        zulu_is_offset in any::<bool>(),
    ) {
        let window = oracle.window();
        let now = Timestamp::from_unix_millis(now_millis);
        let facts = WhenFacts {
            now,
            phone_zones: &zones,
            company_zone,
            window: &window,
            zulu_is_offset,
            window_applies: true,
        };
        let local = Timestamp::from_unix_millis(now_millis + wait_millis)
            .wall_at_offset(if let Written::Offset(seconds) = offset { seconds } else { 0 });
        let written = WrittenTime { local, offset };
        match judge((!at_once).then_some(&written), &facts) {
            Ok(judged) => {
                prop_assert!(rings_inside(&oracle, &judged));
                if let (Written::Offset(seconds), false) = (offset, at_once) {
                    prop_assert_eq!(&judged.judged_in, &JudgedIn::Offset(seconds));
                    let as_written = local.format("%Y-%m-%dT%H:%M:%S").to_string();
                    prop_assert_eq!(&judged.told(&facts).local_time, &as_written);
                }
                prop_assert_eq!(moment(&judged.told(&facts).next_allowed_at), judged.scheduled_at);
            }
            Err(WhenRefusal::OutsideCallWindow(verdict)) => {
                prop_assert!(!verdict.allowed);
                let back = judged(&verdict.next_allowed_at, &facts);
                prop_assert!(back.is_ok(), "{:?} was offered: {:?}", verdict.next_allowed_at, back);
                let offered = back.unwrap().scheduled_at;
                prop_assert_eq!(Some(offered), truth(&oracle, &verdict, &facts));
            }
            // Without an offset: in a gap, in one of several zones, or hours away from what was meant.
            Err(WhenRefusal::Flaw(_)) => prop_assert_eq!(offset, Written::None),
        }
    }

    #[test]
    fn every_later_time_is_moved_inside_and_never_back(
        oracle in any_oracle(),
        zones in any_zones(),
        company_zone in prop::sample::select(&TZ_VARIANTS[..]),
        millis in 1_767_225_600_000_i64..2_398_377_600_000,
        judged_offset in prop::option::of(-56_i32..=56),
    ) {
        let window = oracle.window();
        let now = Timestamp::from_unix_millis(millis);
        let facts = WhenFacts {
            now,
            phone_zones: &zones,
            company_zone,
            window: &window,
            zulu_is_offset: false,
            window_applies: true,
        };
        let at = now.plus(Duration::from_secs(900));
        let moved = match judged_offset {
            Some(quarters) => moved_inside_again(at, &JudgedIn::Offset(quarters * 900), &facts),
            None => moved_inside(at, &facts),
        };
        prop_assert!(moved.scheduled_at >= at);
        prop_assert!(rings_inside(&oracle, &moved));
        let again = moved_inside_again(moved.scheduled_at, &moved.judged_in, &facts);
        prop_assert_eq!(again.scheduled_at, moved.scheduled_at);
    }
}

fn rings_inside(oracle: &Oracle, judged: &Judged) -> bool {
    let at = judged.scheduled_at;
    match &judged.judged_in {
        JudgedIn::Offset(seconds) => oracle.is_open_at_offset(at, *seconds),
        JudgedIn::Phone(zones) => !zones.is_empty() && zones.iter().all(|zone| oracle.is_open(at, *zone)),
        JudgedIn::Company(zone) => oracle.is_open(at, *zone),
    }
}

/// The earliest instant that may be offered instead: after the refused one, or, beyond 30 days, from now on.
fn truth(oracle: &Oracle, verdict: &WindowVerdict, facts: &WhenFacts<'_>) -> Option<Timestamp> {
    let latest = facts.now.plus(Duration::from_secs(30 * 86_400));
    let is_open = |at: Timestamp| match verdict.time_zone_source {
        ZoneSource::Offset => {
            let written = WrittenTime::parse(&verdict.next_allowed_at).unwrap();
            let Written::Offset(seconds) = written.offset else { return false };
            oracle.is_open_at_offset(at, seconds)
        }
        ZoneSource::Phone => facts.phone_zones.iter().all(|zone| oracle.is_open(at, *zone)),
        ZoneSource::Company => oracle.is_open(at, facts.company_zone),
    };
    let from = verdict.instant.max(facts.now);
    let after = Oracle::earliest(from, 15, is_open).filter(|at| *at <= latest);
    after.or_else(|| Oracle::earliest(facts.now, 15, is_open))
}
