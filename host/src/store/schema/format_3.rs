//! The shape of format 3 that is no more, as it lies in files: never changed. What stands inside it still has the shape
//! that it had then; when that changes, its former shape comes here too.

use serde::Deserialize;
use switchboard_domain::call_attempt::{self, CallAttemptStatus, ReasonCode};
use switchboard_domain::call_window::JudgedIn;
use switchboard_domain::id::{CallAttemptId, CompanyId, InterviewId};
use switchboard_domain::text::WebUrl;
use switchboard_domain::time::Timestamp;

/// Which did not know its decision.
#[derive(Debug, Deserialize)]
pub(crate) struct CallAttempt {
    id: CallAttemptId,
    interview_id: InterviewId,
    company_id: CompanyId,
    revision: u64,
    status: CallAttemptStatus,
    reason_code: Option<ReasonCode>,
    notes: Option<String>,
    retry_number: u32,
    recording_url: Option<WebUrl>,
    duration_seconds: Option<u32>,
    scheduled_at: Timestamp,
    judged_in: JudgedIn,
    called_at: Option<Timestamp>,
}

impl CallAttempt {
    /// Of no decision that anybody knows: which one it was, if any, was not written down.
    pub(crate) fn renewed(self) -> call_attempt::CallAttempt {
        call_attempt::CallAttempt {
            id: self.id,
            interview_id: self.interview_id,
            company_id: self.company_id,
            revision: self.revision,
            status: self.status,
            reason_code: self.reason_code,
            notes: self.notes,
            retry_number: self.retry_number,
            decision_id: None,
            recording_url: self.recording_url,
            duration_seconds: self.duration_seconds,
            scheduled_at: self.scheduled_at,
            judged_in: self.judged_in,
            called_at: self.called_at,
        }
    }
}
