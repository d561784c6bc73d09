//! The wall clocks that the callee may look at, for whoever plans a call.

use std::time::Duration;

use chrono::{Datelike, Timelike, Weekday};
use chrono_tz::Tz;

use super::opening::{first_change, offset_seconds};
use super::{JudgedIn, ZoneSource};
use crate::time::Timestamp;

/// A call is planned at most 30 days ahead; one more, so that its whole day is covered.
const CHANGES_WITHIN: Duration = Duration::from_secs(31 * 86_400);

/// The zones by which a time without an offset of its own is judged (contract §6, "When", rules 2 and 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zones {
    /// Every zone that the phone number may be in. At least one.
    Phone(Vec<Tz>),
    /// The company's: the number's is not known, or its zones share no allowed instant.
    Company(Tz),
}

impl Zones {
    /// Each of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Tz] {
        match self {
            Self::Phone(zones) => zones,
            Self::Company(zone) => std::slice::from_ref(zone),
        }
    }

    /// Where they come from.
    #[must_use]
    pub const fn source(&self) -> ZoneSource {
        match self {
            Self::Phone(_) => ZoneSource::Phone,
            Self::Company(_) => ZoneSource::Company,
        }
    }
}

impl From<Zones> for JudgedIn {
    fn from(zones: Zones) -> Self {
        match zones {
            Zones::Phone(zones) => Self::Phone(zones),
            Zones::Company(zone) => Self::Company(zone),
        }
    }
}

/// The clocks of a zone are set forth or back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetChange {
    /// When.
    pub at: Timestamp,
    /// Seconds east of UTC from then on.
    pub offset_seconds: i32,
}

/// What a zone's wall clock shows, and what is needed to read it ahead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalTime {
    /// Whose clock.
    pub zone: Tz,
    /// The day that it is there.
    pub weekday: Weekday,
    /// 0 to 1439.
    pub minute_of_day: u32,
    /// Seconds east of UTC.
    pub offset_seconds: i32,
    /// Those of the next 31 days, in order.
    pub offset_changes: Vec<OffsetChange>,
}

impl LocalTime {
    /// What the zone's clock shows at `at`.
    #[must_use]
    pub fn of(zone: Tz, at: Timestamp) -> Self {
        let offset = offset_seconds(zone, at);
        let wall = at.wall_at_offset(offset);
        Self {
            zone,
            weekday: wall.weekday(),
            minute_of_day: wall.hour() * 60 + wall.minute(),
            offset_seconds: offset,
            offset_changes: changes(zone, at),
        }
    }
}

fn changes(zone: Tz, after: Timestamp) -> Vec<OffsetChange> {
    let until = after.plus(CHANGES_WITHIN);
    let next = |after: &Timestamp| first_change(zone, *after, until);
    std::iter::successors(next(&after), next)
        .map(|at| OffsetChange { at, offset_seconds: offset_seconds(zone, at) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_window::{CallWindow, WhenFacts};
    use crate::time::WrittenTime;

    fn moment(text: &str) -> Timestamp {
        WrittenTime::parse(text).expect(text).instant().expect(text)
    }

    #[test]
    fn a_clock_is_read_with_what_will_change_it() {
        let bratislava = LocalTime::of(Tz::Europe__Bratislava, moment("2026-10-02T22:30:59Z"));
        let change = OffsetChange { at: moment("2026-10-25T01:00:00Z"), offset_seconds: 3_600 };
        assert_eq!(
            bratislava,
            LocalTime {
                zone: Tz::Europe__Bratislava,
                weekday: Weekday::Sat,
                minute_of_day: 30,
                offset_seconds: 7_200,
                offset_changes: vec![change],
            }
        );
        let kathmandu = LocalTime::of(Tz::Asia__Kathmandu, moment("2026-10-02T22:30:59Z"));
        assert_eq!((kathmandu.minute_of_day, kathmandu.offset_seconds), (4 * 60 + 15, 20_700));
        assert_eq!(kathmandu.offset_changes, []);
    }

    /// Egypt once took summer time back for the month of Ramadan.
    #[test]
    fn two_changes_in_one_month_are_both_seen() {
        let cairo = LocalTime::of(Tz::Africa__Cairo, moment("2010-08-10T12:00:00Z"));
        let changes: Vec<_> = cairo.offset_changes.iter().map(|change| change.offset_seconds).collect();
        assert_eq!((cairo.offset_seconds, changes), (10_800, vec![7_200, 10_800]));
    }

    #[test]
    fn a_change_that_happened_is_none_that_comes() {
        let at = moment("2026-10-25T01:00:00Z");
        let exactly = LocalTime::of(Tz::Europe__Bratislava, at);
        assert_eq!((exactly.offset_seconds, exactly.offset_changes.len()), (3_600, 0));
        let just_before = LocalTime::of(Tz::Europe__Bratislava, at.minus(Duration::from_millis(1)));
        assert_eq!((just_before.offset_seconds, just_before.offset_changes.len()), (7_200, 1));
    }

    #[test]
    fn zones_are_the_numbers_where_it_has_some_that_share_an_hour() {
        let window = CallWindow::default();
        let zones_of = |phone_zones: &[Tz]| {
            let facts = WhenFacts {
                now: moment("2026-04-01T18:00:00Z"),
                phone_zones,
                company_zone: Tz::Europe__Prague,
                window: &window,
                zulu_is_offset: false,
                window_applies: true,
            };
            facts.zones(facts.now)
        };
        let far_apart = [Tz::Europe__Moscow, Tz::Asia__Kamchatka, Tz::America__Los_Angeles];
        assert_eq!(zones_of(&[Tz::Asia__Tokyo]), Zones::Phone(vec![Tz::Asia__Tokyo]));
        assert_eq!(zones_of(&[]), Zones::Company(Tz::Europe__Prague));
        assert_eq!(zones_of(&far_apart), Zones::Company(Tz::Europe__Prague));
        assert_eq!(zones_of(&[]).as_slice(), [Tz::Europe__Prague]);
        assert_eq!(zones_of(&[]).source(), ZoneSource::Company);
        assert_eq!(JudgedIn::from(zones_of(&[Tz::Asia__Tokyo])), JudgedIn::Phone(vec![Tz::Asia__Tokyo]));
    }
}
