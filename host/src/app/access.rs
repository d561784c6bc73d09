//! Who is calling.

use switchboard_domain::ats::Ats;
use switchboard_domain::key::Key;
use switchboard_domain::time::Timestamp;

/// The holder of a valid key.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key.
    pub key: Key,
    /// The key's ATS; none for a worker of the whole installation.
    pub ats: Option<Ats>,
}

/// Why somebody is not let in.
#[derive(Debug)]
pub enum Denied {
    /// No key, or not one of ours, or revoked, or from a wrong address: nobody is told which.
    Unknown,
    /// It was valid once.
    Expired,
    /// Until an operator resumes it.
    Suspended {
        /// Since when.
        at: Timestamp,
        /// The operator's words.
        reason: String,
    },
    /// The store could not say.
    Store(String),
}
