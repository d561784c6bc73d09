//! The next opening, around every change of every zone's clocks, against the slow truth.

use std::collections::BTreeMap;

use chrono::{Offset, TimeZone};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::oracle::Oracle;
use crate::call_window::{CallWindow, JudgedIn};
use crate::time::Timestamp;

const HOUR_MILLIS: i64 = 3_600_000;
const ALL: [bool; 7] = [true; 7];

fn moment(text: &str) -> Timestamp {
    text.parse::<chrono::DateTime<chrono::Utc>>().expect(text).into()
}

fn offset(zone: Tz, millis: i64) -> i32 {
    let utc = chrono::DateTime::from_timestamp_millis(millis).unwrap().naive_utc();
    zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()
}

/// Every change from 2026 to 2046: when, from which offset to which; one zone for each.
fn changes() -> Vec<(i64, Tz)> {
    let (first, last) = (moment("2026-01-01T00:00:00Z"), moment("2046-01-01T00:00:00Z"));
    let mut found = BTreeMap::new();
    for zone in TZ_VARIANTS {
        let step = 72 * HOUR_MILLIS;
        let mut low = first.unix_millis();
        while low < last.unix_millis() {
            let (mut before, mut after) = (low, low + step);
            let (from, to) = (offset(zone, before), offset(zone, after));
            if from != to {
                while after - before > 1_000 {
                    let middle = before + (after - before) / 2_000 * 1_000;
                    if offset(zone, middle) == from { before = middle } else { after = middle }
                }
                found.insert((after, from, to), zone);
            }
            low += step;
        }
    }
    found.into_iter().map(|((millis, ..), zone)| (millis, zone)).collect()
}

#[test]
fn at_every_change_of_twenty_years_the_next_opening_is_the_earliest() {
    let windows = [
        // Inside of most gaps and folds; over midnight, ending in one; the usual; a gap's whole window.
        Oracle { start: 90, end: 165, days: ALL },
        Oracle { start: 22 * 60, end: 150, days: [true, false, true, false, true, false, true] },
        Oracle { start: 8 * 60, end: 20 * 60, days: ALL },
        Oracle { start: 120, end: 180, days: ALL },
        Oracle { start: 0, end: 30, days: ALL },
        Oracle { start: 23 * 60 + 30, end: 1_440, days: ALL },
    ];
    let changes = changes();
    assert!(changes.len() > 1_000, "{} changes", changes.len());
    for (index, (change, zone)) in changes.into_iter().enumerate() {
        let oracle = &windows[index % windows.len()];
        let window = oracle.window();
        for wait in [-26 * HOUR_MILLIS, -2 * HOUR_MILLIS - 1, -1, 0, 30_000, HOUR_MILLIS - 1] {
            let from = Timestamp::from_unix_millis(change + wait);
            let truth = Oracle::earliest(from, 8, |at| oracle.is_open(at, zone));
            assert!(truth.is_some());
            assert_eq!(window.next_allowed(from, &[zone]), truth, "{zone} from {from}, {oracle:?}");
        }
    }
}

#[test]
fn a_window_that_a_gap_swallows_opens_the_next_time() {
    let window = CallWindow::new("02:00", "03:00", &["SUN"]).unwrap();
    let berlin = [Tz::Europe__Berlin];
    // On Sunday 2026-03-29 there is no hour from 02:00; the next one is in summer time.
    let next = window.next_allowed(moment("2026-03-23T00:00:00Z"), &berlin);
    assert_eq!(next, Some(moment("2026-04-05T00:00:00Z")));
    // On Sunday 2026-10-25 there are two.
    let next = window.next_allowed(moment("2026-10-25T00:30:00Z"), &berlin);
    assert_eq!(next, Some(moment("2026-10-25T00:30:00Z")));
    let between = window.next_allowed(moment("2026-10-25T01:00:00Z"), &berlin);
    assert_eq!(between, Some(moment("2026-10-25T01:00:00Z")));
}

#[test]
fn zones_without_a_common_hour_have_no_next_opening() {
    let window = CallWindow::new("09:00", "12:00", &["MON", "TUE", "WED", "THU", "FRI"]).unwrap();
    let apart = [Tz::Europe__Moscow, Tz::Asia__Kamchatka];
    assert_eq!(window.next_allowed(moment("2026-04-02T00:00:00Z"), &apart), None);
    assert_eq!(window.next_allowed(moment("2026-04-02T00:00:00Z"), &[]), None);
}

fn any_oracle() -> impl Strategy<Value = Oracle> {
    let days = prop::array::uniform7(any::<bool>()).prop_filter("some day", |days| days.contains(&true));
    (0_u32..1_440, 0_u32..=1_440, days)
        .prop_filter("never empty", |(start, end, _)| start != end)
        .prop_map(|(start, end, days)| Oracle { start, end, days })
}

fn any_moment() -> impl Strategy<Value = Timestamp> {
    (moment("2026-01-01T00:00:00Z").unix_millis()..moment("2046-01-01T00:00:00Z").unix_millis())
        .prop_map(Timestamp::from_unix_millis)
}

proptest! {
    #[test]
    fn in_any_zones_the_next_opening_is_the_earliest(
        oracle in any_oracle(),
        from in any_moment(),
        zones in prop::collection::vec(prop::sample::select(&TZ_VARIANTS[..]), 2..4),
    ) {
        let truth = Oracle::earliest(from, 8, |at| zones.iter().all(|zone| oracle.is_open(at, *zone)));
        let window = oracle.window();
        let next = window.next_allowed(from, &zones);
        prop_assert_eq!(next, truth);
        if let Some(next) = next {
            prop_assert!(JudgedIn::Phone(zones).is_open(&window, next));
        }
    }

    #[test]
    fn at_any_offset_the_next_opening_is_the_earliest(
        oracle in any_oracle(),
        from in any_moment(),
        minutes in -1_439_i32..=1_439,
    ) {
        let seconds = minutes * 60;
        let truth = Oracle::earliest(from, 8, |at| oracle.is_open_at_offset(at, seconds));
        prop_assert_eq!(Some(oracle.window().next_allowed_at_offset(from, seconds)), truth);
    }
}
