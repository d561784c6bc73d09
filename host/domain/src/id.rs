//! Ids: UUIDv7, so that they sort by creation; one type per noun, so that a job's id can never be passed
//! as a candidate's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($prefix:literal)),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(Uuid);

        impl $name {
            /// What the text form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Wraps a UUID that was made for this noun.
            #[must_use]
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The sixteen bytes, in sorting order.
            #[must_use]
            pub const fn bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The text form.
            #[must_use]
            pub fn text(self) -> IdText {
                IdText::new($prefix, self.0)
            }

            /// From sixteen stored bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.text().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                let rest = text.strip_prefix($prefix).ok_or(MalformedId)?;
                let expected_chars = if $prefix.is_empty() { 36 } else { 32 };
                if rest.len() != expected_chars {
                    return Err(MalformedId);
                }
                Uuid::try_parse(rest).map(Self).map_err(|_| MalformedId)
            }
        }
    )*};
}

ids! {
    /// An applicant tracking system that integrates.
    AtsId(""),
    /// An API key (not the secret itself).
    KeyId(""),
    /// A company of an ATS.
    CompanyId(""),
    /// A phone number that a company's agents call from.
    PhoneNumberId(""),
    /// A job of a company.
    JobId(""),
    /// A candidate of a company.
    CandidateId(""),
    /// An agent of a company.
    AgentId(""),
    /// An interview of a candidate by an agent.
    InterviewId(""),
    /// One try to phone.
    CallAttemptId(""),
    /// One recorded policy call.
    DecisionId(""),
    /// What a slot runs.
    ReleaseId("rel_"),
    /// A fact that a webhook tells.
    EventId(""),
    /// An effect that waits to leave.
    OutboxId(""),
    /// A deletion under way.
    RemovalId(""),
    /// What was found out in an interview.
    AnalysisId(""),
    /// A person who signs in.
    UserId(""),
    /// What an owner is sent.
    InvitationId(""),
    /// A change that an operator made.
    AuditId(""),
}

/// The text is no id of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MalformedId;

impl fmt::Display for MalformedId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("is not a valid id")
    }
}

impl std::error::Error for MalformedId {}

/// An id as it is written, without an allocation: every answer and every log line has some.
#[derive(Debug, Clone, Copy)]
pub struct IdText {
    bytes: [u8; Self::BYTES_MAX],
    length: usize,
}

impl IdText {
    /// A prefix, and a UUID with hyphens.
    const BYTES_MAX: usize = 48;

    fn new(prefix: &str, id: Uuid) -> Self {
        let mut bytes = [0; Self::BYTES_MAX];
        bytes[..prefix.len()].copy_from_slice(prefix.as_bytes());
        let uuid = &mut bytes[prefix.len()..];
        let length = if prefix.is_empty() {
            id.hyphenated().encode_lower(uuid).len()
        } else {
            id.simple().encode_lower(uuid).len()
        };
        Self { bytes, length: prefix.len() + length }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

/// A version 7 UUID (RFC 9562 §5.7) of a moment, a counter that keeps ids of one millisecond in order, and
/// random bytes.
#[must_use]
pub fn uuid_v7(now: Timestamp, counter: u16, random: [u8; 8]) -> Uuid {
    let mut bytes = [0_u8; 10];
    bytes[0..2].copy_from_slice(&(counter & 0x0fff).to_be_bytes());
    bytes[2..10].copy_from_slice(&random);
    let millis = u64::try_from(now.unix_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}
