//! When a company's candidates may be phoned, and in whose local time that is judged.
//!
//! Nobody's phone rings outside of the window, in no zone that the number may be in; and where nothing forbids it, a
//! candidate can always be called at some time.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Weekday};
use serde::{Deserialize, Serialize};

use crate::problem::{Flaw, Problems};

mod judge;
mod opening;
mod verdict;
mod zones;

pub(crate) use judge::{AHEAD_ALLOWED, PAST_ALLOWED};
pub use judge::{Judged, WhenFacts, WhenRefusal, judge, moved_inside, moved_inside_again};
pub use verdict::{JudgedIn, WindowVerdict, ZoneSource};
pub use zones::{LocalTime, OffsetChange, Zones};

const MINUTES_PER_DAY: u16 = 24 * 60;
const ALL_DAYS: u8 = 0b111_1111;

/// As they are written, from Monday, as bit 0 is.
const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "MON"),
    (Weekday::Tue, "TUE"),
    (Weekday::Wed, "WED"),
    (Weekday::Thu, "THU"),
    (Weekday::Fri, "FRI"),
    (Weekday::Sat, "SAT"),
    (Weekday::Sun, "SUN"),
];

/// `start` inclusive, `end` exclusive, in minutes of the local day; over midnight when `end` comes first, and then
/// it belongs to the day it starts on. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallWindow {
    start_minute: u16,
    end_minute: u16,
    /// Bit 0 = Monday.
    days: u8,
}

impl Default for CallWindow {
    /// 08:00 to 20:00 on all days.
    fn default() -> Self {
        Self { start_minute: 8 * 60, end_minute: 20 * 60, days: ALL_DAYS }
    }
}

impl CallWindow {
    /// From the texts of the contract: `"08:00"`, `"20:00"` (`"24:00"` too), `["MON", "TUE"]`.
    ///
    /// # Errors
    ///
    /// Every flaw, at `start`, `end`, `days` or `days[n]`; the caller knows what these stand in.
    pub fn new(start: &str, end: &str, days: &[impl AsRef<str>]) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let start_minute = minute_of_day(start).filter(|minute| *minute < MINUTES_PER_DAY);
        if start_minute.is_none() {
            problems.add("start", Flaw::invalid("must be a time of day, 00:00 to 23:59"));
        }
        let end_minute = minute_of_day(end);
        if end_minute.is_none() {
            problems.add("end", Flaw::invalid("must be a time of day, 00:00 to 24:00"));
        } else if end_minute == start_minute {
            problems.add("end", Flaw::invalid("must differ from start; the whole day is 00:00 to 24:00"));
        }
        let days = read_days(days, &mut problems);
        match (start_minute, end_minute) {
            (Some(start_minute), Some(end_minute)) if problems.is_empty() => {
                Ok(Self { start_minute, end_minute, days })
            }
            _ => Err(problems),
        }
    }

    /// From minutes of the day, as [`CallWindow::start_minute`] and its kind give them; `None` where that is no
    /// window.
    #[must_use]
    pub fn from_minutes(start_minute: u32, end_minute: u32, days: &[Weekday]) -> Option<Self> {
        let start_minute = u16::try_from(start_minute).ok().filter(|minute| *minute < MINUTES_PER_DAY)?;
        let end_minute = u16::try_from(end_minute).ok().filter(|minute| *minute <= MINUTES_PER_DAY)?;
        let is_window = start_minute != end_minute && !days.is_empty();
        let days = days.iter().fold(0, |bits, day| bits | bit(*day));
        is_window.then_some(Self { start_minute, end_minute, days })
    }

    /// `HH:MM`
    #[must_use]
    pub fn start(&self) -> String {
        clock_text(self.start_minute)
    }

    /// `HH:MM`, perhaps `24:00`.
    #[must_use]
    pub fn end(&self) -> String {
        clock_text(self.end_minute)
    }

    /// `MON` to `SUN`, in the order of the week.
    #[must_use]
    pub fn days(&self) -> Vec<&'static str> {
        DAYS.iter().filter(|(day, _)| self.has(*day)).map(|(_, name)| *name).collect()
    }

    /// `start` in minutes of the day.
    #[must_use]
    pub const fn start_minute(&self) -> u16 {
        self.start_minute
    }

    /// `end` in minutes of the day, at most 1440.
    #[must_use]
    pub const fn end_minute(&self) -> u16 {
        self.end_minute
    }

    /// The days on which it starts, in the order of the week.
    pub fn weekdays(&self) -> impl Iterator<Item = Weekday> {
        DAYS.iter().map(|(day, _)| *day).filter(|day| self.has(*day))
    }

    /// Whether a wall clock that shows this is inside.
    #[must_use]
    pub fn is_open(&self, local: NaiveDateTime) -> bool {
        let today = local.date();
        let yesterday = today.checked_sub_days(Days::new(1));
        [yesterday, Some(today)]
            .into_iter()
            .flatten()
            .filter_map(|day| self.span_from(day))
            .any(|(start, end)| start <= local && local < end)
    }

    /// From when to when, on the wall clock, the window that starts on this day is open.
    fn span_from(&self, day: NaiveDate) -> Option<(NaiveDateTime, NaiveDateTime)> {
        if !self.has(day.weekday()) {
            return None;
        }
        let midnight = day.and_time(NaiveTime::MIN);
        let start = midnight.checked_add_signed(TimeDelta::minutes(self.start_minute.into()))?;
        let mut end = midnight.checked_add_signed(TimeDelta::minutes(self.end_minute.into()))?;
        if self.end_minute < self.start_minute {
            end = end.checked_add_days(Days::new(1))?;
        }
        Some((start, end))
    }

    fn has(&self, day: Weekday) -> bool {
        self.days & bit(day) != 0
    }
}

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}

/// The days as bits; what is wrong is noted. A day that is named twice is harmless.
fn read_days(days: &[impl AsRef<str>], problems: &mut Problems) -> u8 {
    if days.is_empty() {
        problems.add("days", Flaw::invalid("must name at least one day"));
    }
    days.iter().enumerate().fold(0, |bits, (index, name)| {
        match DAYS.iter().find(|(_, known)| *known == name.as_ref()) {
            Some((day, _)) => bits | bit(*day),
            None => {
                let flaw = Flaw::invalid("must be one of MON, TUE, WED, THU, FRI, SAT, SUN");
                problems.add(format!("days[{index}]"), flaw);
                bits
            }
        }
    })
}

/// `HH:MM` to minutes, up to `24:00`.
fn minute_of_day(text: &str) -> Option<u16> {
    let [hour_tens, hour_ones, b':', minute_tens, minute_ones] = *text.as_bytes() else { return None };
    let number = |tens: u8, ones: u8| -> Option<u16> {
        let digits_only = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits_only.then(|| u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
    };
    let minute = number(minute_tens, minute_ones).filter(|minute| *minute < 60)?;
    let total = number(hour_tens, hour_ones)? * 60 + minute;
    (total <= MINUTES_PER_DAY).then_some(total)
}

fn clock_text(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests;
