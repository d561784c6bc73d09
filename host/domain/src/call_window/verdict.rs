//! How a time was judged, with its provenance: what the answer says of it.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::CallWindow;
use super::opening::offset_seconds;
use crate::time::{Timestamp, wall_millis_text, wall_text};

/// The zones or the offset in which an attempt's time was judged; the claim judges again in the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum JudgedIn {
    /// The offset that the partner wrote, in seconds east of UTC.
    Offset(i32),
    /// Every zone that the phone number may be in.
    Phone(Vec<Tz>),
    /// The company's zone.
    Company(Tz),
}

/// Where the local time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ZoneSource {
    /// The written offset.
    Offset,
    /// The candidate's number.
    Phone,
    /// The company's settings.
    Company,
}

impl ZoneSource {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Offset, Self::Phone, Self::Company];

    /// `timeZoneSource` of the contract.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offset => "offset",
            Self::Phone => "phone",
            Self::Company => "company",
        }
    }
}

impl JudgedIn {
    /// Whether the window is open then, in every zone that counts.
    #[must_use]
    pub fn is_open(&self, window: &CallWindow, at: Timestamp) -> bool {
        match self {
            Self::Offset(seconds) => window.is_open(at.wall_at_offset(*seconds)),
            Self::Phone(zones) => zones.iter().all(|zone| is_open_in(window, *zone, at)),
            Self::Company(zone) => is_open_in(window, *zone, at),
        }
    }

    /// The earliest allowed instant from `from` on; `None` where several zones share none within eight days.
    #[must_use]
    pub fn next_allowed(&self, window: &CallWindow, from: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Offset(seconds) => Some(window.next_allowed_at_offset(from, *seconds)),
            Self::Phone(zones) => window.next_allowed(from, zones),
            Self::Company(zone) => window.next_allowed(from, &[*zone]),
        }
    }

    /// Where the local time comes from.
    #[must_use]
    pub const fn source(&self) -> ZoneSource {
        match self {
            Self::Offset(_) => ZoneSource::Offset,
            Self::Phone(_) => ZoneSource::Phone,
            Self::Company(_) => ZoneSource::Company,
        }
    }

    /// The one clock that is shown: of several zones the first one that forbids the time, else the company's.
    fn shown(&self, window: &CallWindow, at: Timestamp, company_zone: Tz) -> Clock {
        match self {
            Self::Offset(seconds) => Clock::Fixed(*seconds),
            Self::Company(zone) => Clock::Zone(*zone),
            Self::Phone(zones) => {
                let closed = zones.iter().find(|zone| !is_open_in(window, **zone, at));
                let own = zones.iter().find(|zone| **zone == company_zone);
                Clock::Zone(closed.or(own).or(zones.first()).copied().unwrap_or(company_zone))
            }
        }
    }
}

/// How a time was judged: everything that the answer says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowVerdict {
    /// The judged moment.
    pub instant: Timestamp,
    /// What the wall clock shows then, as judged: `2026-04-02T07:00:00`.
    pub local_time: String,
    /// IANA name, or an offset such as `+10:30`.
    pub time_zone: String,
    /// Where that comes from.
    pub time_zone_source: ZoneSource,
    /// The zones of a number that does not tell its zone; empty otherwise.
    pub ambiguous_zones: Vec<Tz>,
    /// The company's window.
    pub call_window: CallWindow,
    /// Whether the window is open then, or does not apply.
    pub allowed: bool,
    /// The earliest allowed instant, RFC 3339 with the numeric offset in which it was judged: accepted when sent back.
    pub next_allowed_at: String,
}

impl WindowVerdict {
    /// Tells of `at`. `next_allowed` is allowed in the same zones.
    pub(super) fn tell(
        at: Timestamp,
        next_allowed: Timestamp,
        allowed: bool,
        judged_in: &JudgedIn,
        phone_zones: &[Tz],
        company_zone: Tz,
        window: &CallWindow,
    ) -> Self {
        let clock = judged_in.shown(window, at, company_zone);
        let number_tells = phone_zones.len() < 2 || matches!(judged_in, JudgedIn::Offset(_));
        Self {
            instant: at,
            local_time: wall_text(at.wall_at_offset(clock.offset_seconds(at))),
            time_zone: clock.name(),
            time_zone_source: judged_in.source(),
            ambiguous_zones: if number_tells { Vec::new() } else { phone_zones.to_vec() },
            call_window: window.clone(),
            allowed,
            next_allowed_at: clock.rfc3339(next_allowed),
        }
    }
}

/// A wall clock: in a zone, or at an offset for ever.
#[derive(Debug, Clone, Copy)]
enum Clock {
    Fixed(i32),
    Zone(Tz),
}

impl Clock {
    fn offset_seconds(self, at: Timestamp) -> i32 {
        match self {
            Self::Fixed(seconds) => seconds,
            Self::Zone(zone) => offset_seconds(zone, at),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Fixed(seconds) => offset_text(seconds),
            Self::Zone(zone) => zone.name().to_owned(),
        }
    }

    fn rfc3339(self, at: Timestamp) -> String {
        let seconds = self.offset_seconds(at);
        wall_millis_text(at.wall_at_offset(seconds)) + &offset_text(seconds)
    }
}

fn is_open_in(window: &CallWindow, zone: Tz, at: Timestamp) -> bool {
    window.is_open(at.wall_at_offset(offset_seconds(zone, at)))
}

/// `+10:30`
fn offset_text(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}
