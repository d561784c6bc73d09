//! The earliest allowed instant: from opening to opening, never minute by minute.
//!
//! Within a stretch of constant offset the wall clock runs evenly, so the next opening is a sum. Where the offset
//! changes before that opening, the search goes on from the change: gaps and folds need no cases of their own.

use std::time::Duration;

use chrono::{Days, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::CallWindow;
use crate::time::Timestamp;

/// The contract's bound: zones that share no allowed instant within eight days share none.
const SHARED_WITHIN: Duration = Duration::from_secs(8 * 86_400);

/// No zone changes its offset twice within six hours, so that looking every six hours misses no change.
const PROBE: Duration = Duration::from_secs(6 * 3_600);

/// A window of one short weekday can fall into a gap once, and not again in the weeks after.
const ONE_ZONE_WITHIN: Duration = Duration::from_secs(22 * 86_400);

impl CallWindow {
    /// The earliest instant from `from` on at which the window is open in every one of the zones.
    ///
    /// One zone always has one. Several may share none within eight days: `None`, as for no zone at all.
    #[must_use]
    pub fn next_allowed(&self, from: Timestamp, zones: &[Tz]) -> Option<Timestamp> {
        if let [zone] = zones {
            return Some(self.next_in_zone(from, *zone));
        }
        let last = from.plus(SHARED_WITHIN);
        let mut candidate = from;
        while candidate <= last {
            // No instant before the latest of the zones' openings is open in all of them.
            let latest = zones.iter().map(|zone| self.next_in_zone(candidate, *zone)).max()?;
            if latest == candidate {
                return Some(candidate);
            }
            candidate = latest;
        }
        None
    }

    /// The same on a wall clock that stands so many seconds east of UTC for ever.
    #[must_use]
    pub fn next_allowed_at_offset(&self, from: Timestamp, offset_seconds: i32) -> Timestamp {
        let local = from.wall_at_offset(offset_seconds);
        // The day before, whose window may run over midnight, up to the same weekday of the next week.
        let first_day = local.date() - Days::new(1);
        let wait = (0..=8)
            .filter_map(|days| self.span_from(first_day + Days::new(days)))
            .find(|(_, end)| local < *end)
            .map_or(TimeDelta::zero(), |(start, _)| start - local);
        from.plus(wait.to_std().unwrap_or_default())
    }

    fn next_in_zone(&self, from: Timestamp, zone: Tz) -> Timestamp {
        let give_up = from.plus(ONE_ZONE_WITHIN);
        let mut at = from;
        while at < give_up {
            let opening = self.next_allowed_at_offset(at, offset_seconds(zone, at));
            match first_change(zone, at, opening) {
                Some(change) => at = change,
                None => return opening,
            }
        }
        // Not reached by any zone there is; the clock that runs now is then as good as any.
        self.next_allowed_at_offset(from, offset_seconds(zone, from))
    }
}

/// How far east of UTC the zone's clocks stand then.
pub(super) fn offset_seconds(zone: Tz, at: Timestamp) -> i32 {
    zone.offset_from_utc_datetime(&at.utc().naive_utc()).fix().local_minus_utc()
}

/// The first instant after `after`, up to and including `until`, at which the zone's offset is another one.
pub(super) fn first_change(zone: Tz, after: Timestamp, until: Timestamp) -> Option<Timestamp> {
    let before = offset_seconds(zone, after);
    let mut unchanged = after;
    while unchanged < until {
        let probe = unchanged.plus(PROBE).min(until);
        if offset_seconds(zone, probe) != before {
            return Some(bisect(zone, before, unchanged, probe));
        }
        unchanged = probe;
    }
    None
}

/// The change lies after `unchanged`, at `changed` at the latest.
fn bisect(zone: Tz, before: i32, unchanged: Timestamp, changed: Timestamp) -> Timestamp {
    let (mut low, mut high) = (unchanged.unix_millis(), changed.unix_millis());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if offset_seconds(zone, Timestamp::from_unix_millis(middle)) == before {
            low = middle;
        } else {
            high = middle;
        }
    }
    Timestamp::from_unix_millis(high)
}
