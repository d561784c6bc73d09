//! Call attempts: one try to phone each.

use serde::{Deserialize, Serialize};

use crate::call_window::JudgedIn;
use crate::id::{CallAttemptId, InterviewId};
use crate::text::WebUrl;
use crate::time::Timestamp;

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum CallAttemptStatus {
    Scheduled,
    InProgress,
    Completed,
    Failed,
    Cancelled,
}

/// Why an attempt ended without a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum ReasonCode {
    NoAnswer,
    Busy,
    Voicemail,
    Declined,
    InvalidNumber,
    NetworkError,
    AgentError,
    CancelledByRequest,
    Replaced,
}

/// One try to phone a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallAttempt {
    /// Its id.
    pub id: CallAttemptId,
    /// What it belongs to.
    pub interview_id: InterviewId,
    /// Grows by one with each change.
    pub revision: u64,
    /// Where it stands.
    pub status: CallAttemptStatus,
    /// Why it ended so.
    pub reason_code: Option<ReasonCode>,
    /// Free text.
    pub notes: Option<String>,
    /// 0, then one more for each retry by policy.
    pub retry_number: u32,
    /// Where the conversation can be heard.
    pub recording_url: Option<WebUrl>,
    /// How long it lasted.
    pub duration_seconds: Option<u32>,
    /// When it is due.
    pub scheduled_at: Timestamp,
    /// The zone or offset in which that time was judged, for the check at the claim.
    pub judged_in: JudgedIn,
    /// When the phone rang.
    pub called_at: Option<Timestamp>,
}
