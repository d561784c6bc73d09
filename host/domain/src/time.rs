//! Moments, and the dates that partners send.
//!
//! A written offset is never dropped: [`WrittenTime`] keeps the wall clock as it was written, and what was said of
//! its offset, until a rule (`call_window`) decides which instant is meant.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike, Utc};
use serde::{Deserialize, Serialize};

mod duration;
mod written;

pub use duration::parse_duration;
pub use written::{Written, WrittenTime, parse_calendar_date, parse_period_bound};

/// A moment in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `0000-01-01T00:00:00.000Z`: the first moment that RFC 3339 can write.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// `9999-12-31T23:59:59.999Z`: the last one.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// From Unix time in milliseconds.
    #[must_use]
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Unix time in milliseconds.
    #[must_use]
    pub const fn unix_millis(self) -> i64 {
        self.0
    }

    /// Later by so much, at the most [`Timestamp::MAX`]; less than a millisecond is cut.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis)).bounded()
    }

    /// Earlier by so much, at the least [`Timestamp::MIN`]; less than a millisecond is cut.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_sub(millis)).bounded()
    }

    /// How much later this is; nothing when it is earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        u64::try_from(self.0.saturating_sub(earlier.0)).map_or(Duration::ZERO, Duration::from_millis)
    }

    /// RFC 3339 UTC with milliseconds and `Z`, in ASCII: the one form in which moments leave.
    ///
    /// Every answer and every log line has some, so this does not go through chrono's format interpreter.
    #[must_use]
    pub fn text(self) -> [u8; 24] {
        let moment = self.utc();
        let (date, time) = (moment.date_naive(), moment.time());
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put(&mut text[0..4], date.year().unsigned_abs());
        put(&mut text[5..7], date.month());
        put(&mut text[8..10], date.day());
        put(&mut text[11..13], time.hour());
        put(&mut text[14..16], time.minute());
        put(&mut text[17..19], time.second());
        put(&mut text[20..23], moment.timestamp_subsec_millis());
        text
    }

    /// As chrono has it; a moment outside of the years 0 to 9999 becomes the nearest inside.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.bounded().0).unwrap_or_default()
    }

    /// The wall clock at UTC.
    fn wall(self) -> NaiveDateTime {
        self.utc().naive_utc()
    }

    /// The wall clock so many seconds east of UTC.
    #[must_use]
    pub fn wall_at_offset(self, offset_seconds: i32) -> NaiveDateTime {
        self.wall() + chrono::TimeDelta::seconds(i64::from(offset_seconds))
    }

    /// The moment when a wall clock, so many seconds east of UTC, shows this.
    #[must_use]
    pub fn from_wall(wall: NaiveDateTime, offset_seconds: i32) -> Self {
        let millis = wall.and_utc().timestamp_millis() - i64::from(offset_seconds) * 1_000;
        Self(millis).bounded()
    }

    /// The nearest moment that four digits of a year can say.
    fn bounded(self) -> Self {
        self.clamp(Self::MIN, Self::MAX)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(moment: DateTime<Utc>) -> Self {
        Self(moment.timestamp_millis())
    }
}

impl fmt::Display for Timestamp {
    /// [`Timestamp::text`]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

/// A wall clock as answers show it, without its offset: `2026-04-02T07:00:00`.
pub(crate) fn wall_text(wall: NaiveDateTime) -> String {
    let mut text = wall_millis_text(wall);
    text.truncate("0000-00-00T00:00:00".len());
    text
}

/// As [`wall_text`], with milliseconds: `2026-04-02T07:00:00.000`.
pub(crate) fn wall_millis_text(wall: NaiveDateTime) -> String {
    // The year is one of four digits, or a day away from that.
    let mut text = Timestamp(wall.and_utc().timestamp_millis()).to_string();
    text.pop();
    text
}

const DIGITS: &[u8; 10] = b"0123456789";

/// Writes a number from its last digit on; leading zeros fill the rest.
fn put(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = DIGITS[(number % 10) as usize];
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_moment_is_written_as_chrono_writes_it(millis in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let moment = Timestamp::from_unix_millis(millis);
            let expected = moment.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
            prop_assert_eq!(moment.to_string(), expected);
        }
    }

    #[test]
    fn the_bounds_are_the_first_and_last_moment_that_can_be_written() {
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_unix_millis(i64::MAX).to_string(), Timestamp::MAX.to_string());
        assert_eq!(Timestamp::from_unix_millis(i64::MIN).to_string(), Timestamp::MIN.to_string());
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.minus(Duration::from_secs(1)), Timestamp::MIN);
    }

    #[test]
    fn sums_and_differences_agree() {
        let start = Timestamp::from_unix_millis(1_775_000_000_123);
        let later = start.plus(Duration::from_millis(61_001));
        assert_eq!(later.since(start), Duration::from_millis(61_001));
        assert_eq!(start.since(later), Duration::ZERO);
        assert_eq!(later.minus(Duration::from_millis(61_001)), start);
        assert_eq!(Timestamp::from(later.utc()), later);
    }
}
