//! The slow truth: minute by minute, with chrono's own conversion, sharing no code with what it checks.

use chrono::{DateTime, Datelike, TimeDelta, Timelike};
use chrono_tz::Tz;

use crate::time::Timestamp;

/// A window in plain numbers.
#[derive(Debug, Clone)]
pub(super) struct Oracle {
    pub(super) start: u32,
    pub(super) end: u32,
    /// From Monday.
    pub(super) days: [bool; 7],
}

impl Oracle {
    pub(super) fn window(&self) -> super::CallWindow {
        let text = |minute: u32| format!("{:02}:{:02}", minute / 60, minute % 60);
        let names = ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
        let days: Vec<_> = names.iter().zip(self.days).filter(|(_, on)| *on).map(|(name, _)| *name).collect();
        super::CallWindow::new(&text(self.start), &text(self.end), &days).expect("a window that can be")
    }

    pub(super) fn is_open(&self, moment: Timestamp, zone: Tz) -> bool {
        let utc = DateTime::from_timestamp_millis(moment.unix_millis()).unwrap();
        let local = utc.with_timezone(&zone);
        self.is_open_on(local.weekday().num_days_from_monday(), local.hour() * 60 + local.minute())
    }

    pub(super) fn is_open_at_offset(&self, moment: Timestamp, offset_seconds: i32) -> bool {
        let utc = DateTime::from_timestamp_millis(moment.unix_millis()).unwrap();
        let local = (utc + TimeDelta::seconds(offset_seconds.into())).naive_utc();
        self.is_open_on(local.weekday().num_days_from_monday(), local.hour() * 60 + local.minute())
    }

    fn is_open_on(&self, weekday: u32, minute: u32) -> bool {
        let today = self.days[weekday as usize];
        let yesterday = self.days[(weekday as usize + 6) % 7];
        if self.start < self.end {
            today && self.start <= minute && minute < self.end
        } else {
            (today && minute >= self.start) || (yesterday && minute < self.end)
        }
    }

    /// The first open instant from `from` on: `from` itself, or a full minute within so many days.
    pub(super) fn earliest(
        from: Timestamp,
        days: i64,
        is_open: impl Fn(Timestamp) -> bool,
    ) -> Option<Timestamp> {
        if is_open(from) {
            return Some(from);
        }
        let last = from.unix_millis() + days * 86_400_000;
        let mut millis = (from.unix_millis().div_euclid(60_000) + 1) * 60_000;
        while millis <= last {
            let minute = Timestamp::from_unix_millis(millis);
            if is_open(minute) {
                return Some(minute);
            }
            millis += 60_000;
        }
        None
    }
}
