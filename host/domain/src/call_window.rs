//! When a company's candidates may be phoned, and in whose local time that is judged.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// `start` inclusive, `end` exclusive, in minutes of the local day; over midnight when `end` comes first.
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
        Self { start_minute: 8 * 60, end_minute: 20 * 60, days: 0b0111_1111 }
    }
}

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

/// How a time was judged: everything that the answer says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowVerdict {}
