//! Moments, and the dates that partners send.

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(i64);

impl Timestamp {
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
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 UTC with milliseconds and `Z`: the one form in which moments leave.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = chrono::DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        write!(f, "{}", moment.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}
