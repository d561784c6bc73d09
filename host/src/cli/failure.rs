//! How a command can fail, and the exit status of each way.

use std::fmt;

/// Refused.
pub(super) const REFUSED: u8 = 1;
/// Wrong usage.
pub(super) const USAGE: u8 = 2;
/// The server was not reached.
pub(super) const UNREACHED: u8 = 3;

/// Why a command failed, in a sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The server said no, or something local stands in the way.
    Refused(String),
    /// The arguments make no sense together.
    Usage(String),
    /// Nobody answered, or nobody who speaks the admin API.
    Unreached(String),
}

impl Failure {
    /// The exit status.
    pub(super) fn status(&self) -> u8 {
        match self {
            Self::Refused(_) => REFUSED,
            Self::Usage(_) => USAGE,
            Self::Unreached(_) => UNREACHED,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(sentence) | Self::Usage(sentence) | Self::Unreached(sentence) => {
                f.write_str(sentence)
            }
        }
    }
}
