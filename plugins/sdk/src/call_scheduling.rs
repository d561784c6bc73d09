//! When is a candidate phoned: for the first time when no time was named, and again after a call that failed?

use crate::export::policy_entry_points;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/log", "../../wit/call-scheduling"],
        world: "switchboard:call-scheduling/call-scheduling",
        with: { "switchboard:log/log@0.1.0": crate::log::bindings::switchboard::log::log },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        // Its default would be the same for all four worlds, and macros share one namespace per crate.
        export_macro_name: "export",
    });

    pub use exports::switchboard::call_scheduling::policy::Guest;
}

pub use bindings::exports::switchboard::call_scheduling::policy::{
    AgentFocus, CallOutcome, CallWindow, Decision, Facts, LocalTime, OffsetChange, PastAttempt, PlannedCall,
    SettingsProblem, Weekday, ZoneSource,
};

policy_entry_points!();

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// In the order of the week.
const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

impl Facts {
    /// When the wall clock `local`, which is one of the facts' `local-times`, shows `minute_of_day` so many days after
    /// today, up to 30. A time that the clocks skip is as much later as they skip; one that they show twice is the
    /// earlier.
    #[must_use]
    pub fn at_local(&self, local: &LocalTime, days_ahead: u32, minute_of_day: u32) -> i64 {
        let today = local_day(self.now_ms, local.offset_seconds);
        let wall_ms = (today + i64::from(days_ahead)) * DAY_MS + i64::from(minute_of_day) * MINUTE_MS;
        let mut before = local.offset_seconds;
        for change in &local.offset_changes {
            if wall_ms - millis(before) < change.at_ms {
                break;
            }
            // At or after the change by the old clock: the new clock shows it too, or has skipped it.
            if wall_ms - millis(change.offset_seconds) < change.at_ms {
                break;
            }
            before = change.offset_seconds;
        }
        wall_ms - millis(before)
    }

    /// How many days before today, on the wall clock `local`, a past moment was. Reads it by the present offset.
    #[must_use]
    pub fn days_ago(&self, local: &LocalTime, at_ms: i64) -> i64 {
        local_day(self.now_ms, local.offset_seconds) - local_day(at_ms, local.offset_seconds)
    }
}

impl Weekday {
    /// The day of the week so many days after this one; before it, when `days` is negative.
    #[must_use]
    pub fn plus(self, days: i64) -> Self {
        let place = WEEK.iter().position(|day| *day == self).and_then(|place| i64::try_from(place).ok());
        let place = (place.unwrap_or(0) + days).rem_euclid(7);
        usize::try_from(place).ok().and_then(|place| WEEK.get(place).copied()).unwrap_or(self)
    }
}

fn local_day(at_ms: i64, offset_seconds: i32) -> i64 {
    (at_ms + millis(offset_seconds)).div_euclid(DAY_MS)
}

fn millis(seconds: i32) -> i64 {
    i64::from(seconds) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-10-23T10:00:00Z, a Friday.
    const FRIDAY_MS: i64 = 1_792_749_600_000;

    fn facts(now_ms: i64) -> Facts {
        Facts {
            now_ms,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            interview_id: "interview".to_owned(),
            agent_focus: AgentFocus::Screening,
            agent_duration_minutes: 15,
            retry_number: 0,
            history: vec![],
            window: CallWindow { start_minute: 480, end_minute: 1200, days: vec![Weekday::Friday] },
            zone_source: ZoneSource::Phone,
            local_times: vec![],
        }
    }

    fn clock(offset_seconds: i32, changes: &[(i64, i32)]) -> LocalTime {
        let change = |&(at_ms, offset_seconds): &(i64, i32)| OffsetChange { at_ms, offset_seconds };
        LocalTime {
            time_zone: "Europe/Bratislava".to_owned(),
            weekday: Weekday::Friday,
            minute_of_day: 720,
            offset_seconds,
            offset_changes: changes.iter().map(change).collect(),
        }
    }

    #[test]
    fn a_local_time_is_found_on_both_sides_of_a_change() {
        // Clocks go back at 2026-10-25T01:00:00Z, from 03:00 to 02:00.
        let back_ms = 1_792_890_000_000;
        let local = clock(7_200, &[(back_ms, 3_600)]);
        let at = |days, minute| facts(FRIDAY_MS).at_local(&local, days, minute);
        assert_eq!(at(0, 720), FRIDAY_MS);
        assert_eq!(at(1, 600), FRIDAY_MS + DAY_MS - 120 * MINUTE_MS);
        assert_eq!(at(3, 600), FRIDAY_MS + 3 * DAY_MS - 60 * MINUTE_MS, "Monday 10:00 is an hour later");
        assert_eq!(at(2, 150), back_ms - 30 * MINUTE_MS, "02:30 is shown twice: the earlier");
        assert_eq!(at(2, 180), back_ms + 60 * MINUTE_MS, "03:00 is shown once, after the change");
    }

    #[test]
    fn a_skipped_time_is_as_much_later() {
        // Clocks go forth at 2027-03-28T01:00:00Z, from 02:00 to 03:00.
        let forth_ms = 1_806_195_600_000;
        let local = clock(3_600, &[(forth_ms, 7_200)]);
        let at = |minute| facts(forth_ms - DAY_MS).at_local(&local, 1, minute);
        assert_eq!(at(119), forth_ms - MINUTE_MS);
        assert_eq!(at(150), forth_ms + 30 * MINUTE_MS, "02:30 does not exist: 03:30");
        assert_eq!(at(180), forth_ms);
        assert_eq!(at(240), forth_ms + 60 * MINUTE_MS);
    }

    #[test]
    fn days_are_counted_on_the_wall_clock() {
        let facts = facts(FRIDAY_MS);
        let local = clock(7_200, &[]);
        // 12:00 there: yesterday ends 12 hours ago.
        assert_eq!(facts.days_ago(&local, FRIDAY_MS - 12 * 60 * MINUTE_MS), 0);
        assert_eq!(facts.days_ago(&local, FRIDAY_MS - 12 * 60 * MINUTE_MS - 1), 1);
        assert_eq!(Weekday::Friday.plus(3), Weekday::Monday);
        assert_eq!(Weekday::Monday.plus(-1), Weekday::Sunday);
        assert_eq!(Weekday::Sunday.plus(-14), Weekday::Sunday);
    }
}
