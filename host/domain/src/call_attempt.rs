//! Call attempts: one try to phone each.

use serde::{Deserialize, Serialize};

use crate::call_window::JudgedIn;
use crate::id::{CallAttemptId, InterviewId};
use crate::text::WebUrl;
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// Where an attempt stands.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum CallAttemptStatus {
        Scheduled = "SCHEDULED",
        InProgress = "IN_PROGRESS",
        Completed = "COMPLETED",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
    }
}

words! {
    /// Why an attempt ended without a conversation.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum ReasonCode {
        NoAnswer = "NO_ANSWER",
        Busy = "BUSY",
        Voicemail = "VOICEMAIL",
        Declined = "DECLINED",
        InvalidNumber = "INVALID_NUMBER",
        NetworkError = "NETWORK_ERROR",
        AgentError = "AGENT_ERROR",
        CancelledByRequest = "CANCELLED_BY_REQUEST",
        Replaced = "REPLACED",
    }
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

impl CallAttempt {
    /// Takes back a call that nobody has begun; says whether it was one.
    pub fn cancel(&mut self, reason: ReasonCode) -> bool {
        if self.status != CallAttemptStatus::Scheduled {
            return false;
        }
        self.status = CallAttemptStatus::Cancelled;
        self.reason_code = Some(reason);
        self.revision += 1;
        true
    }

    /// Moves a call that nobody has begun to another time; says whether there was anything to move.
    pub fn reschedule(&mut self, at: Timestamp, judged_in: &JudgedIn) -> bool {
        let is_same = self.scheduled_at == at && self.judged_in == *judged_in;
        if self.status != CallAttemptStatus::Scheduled || is_same {
            return false;
        }
        self.scheduled_at = at;
        self.judged_in = judged_in.clone();
        self.revision += 1;
        true
    }

    /// Forgets what was said and recorded, when the person is to be forgotten; says whether there was any.
    pub fn forget_person(&mut self) -> bool {
        let knew = self.notes.take().is_some() | self.recording_url.take().is_some();
        self.revision += u64::from(knew);
        knew
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_contracts() {
        let statuses: Vec<_> = CallAttemptStatus::ALL.iter().map(|status| status.as_str()).collect();
        assert_eq!(statuses, ["SCHEDULED", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELLED"]);
        let reasons: Vec<_> = ReasonCode::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(
            reasons.join(" "),
            "NO_ANSWER BUSY VOICEMAIL DECLINED INVALID_NUMBER NETWORK_ERROR AGENT_ERROR CANCELLED_BY_REQUEST \
             REPLACED"
        );
    }
}
