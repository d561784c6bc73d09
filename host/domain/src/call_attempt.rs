//! Call attempts: one try to phone each, and what may be done to it in which state (contract §7).

use serde::{Deserialize, Serialize};

use crate::call_window::{Judged, JudgedIn};
use crate::id::{CallAttemptId, CompanyId, DecisionId, InterviewId};
use crate::interview::{Interview, InterviewStatus};
use crate::rejection::Rejection;
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
    /// Whose queue it waits in.
    pub company_id: CompanyId,
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
    /// What `call-scheduling` said, where it planned this attempt. The record may be gone before the attempt is.
    pub decision_id: Option<DecisionId>,
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

/// How a call ended, as the dialler tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Absent: it was answered and led to its end.
    pub failure: Option<ReasonCode>,
    /// Of the conversation.
    pub duration_seconds: u32,
    /// Where it can be heard.
    pub recording_url: Option<WebUrl>,
    /// Free text.
    pub notes: Option<String>,
}

impl CallAttempt {
    /// A new attempt of an interview, at a time that was judged; planned by a decision, or asked for by hand.
    #[must_use]
    pub fn new(
        id: CallAttemptId,
        interview: &Interview,
        retry_number: u32,
        decision_id: Option<DecisionId>,
        judged: &Judged,
    ) -> Self {
        Self {
            id,
            interview_id: interview.id,
            company_id: interview.company_id,
            revision: 1,
            status: CallAttemptStatus::Scheduled,
            reason_code: None,
            notes: None,
            retry_number,
            decision_id,
            recording_url: None,
            duration_seconds: None,
            scheduled_at: judged.scheduled_at,
            judged_in: judged.judged_in.clone(),
            called_at: None,
        }
    }

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

    /// As [`CallAttempt::reschedule`], because it was not called before the window closed; the notes say so.
    pub fn come_too_late(&mut self, judged: &Judged) {
        let (was, next) = (self.scheduled_at, judged.scheduled_at);
        self.reschedule(judged.scheduled_at, &judged.judged_in);
        self.notes =
            Some(format!("Due at {was}, but not called while the call window was open: moved to {next}."));
    }

    /// The phone rings.
    pub fn begin(&mut self, at: Timestamp) {
        self.status = CallAttemptStatus::InProgress;
        self.called_at = Some(at);
        self.revision += 1;
    }

    /// The call is over. What was noted before stays in front of the dialler's notes.
    pub fn end(&mut self, ending: Ending) {
        self.status = match ending.failure {
            None => CallAttemptStatus::Completed,
            Some(_) => CallAttemptStatus::Failed,
        };
        self.reason_code = ending.failure;
        self.duration_seconds = Some(ending.duration_seconds);
        self.recording_url = ending.recording_url;
        self.notes = joined(self.notes.take(), ending.notes);
        self.revision += 1;
    }

    /// It ends without anybody's word about a call.
    pub fn fail(&mut self, reason: ReasonCode, note: String) {
        self.status = CallAttemptStatus::Failed;
        self.reason_code = Some(reason);
        self.notes = joined(self.notes.take(), Some(note));
        self.revision += 1;
    }

    /// Forgets what was said and recorded, when the person is to be forgotten; says whether there was any.
    pub fn forget_person(&mut self) -> bool {
        let knew = self.notes.take().is_some() | self.recording_url.take().is_some();
        self.revision += u64::from(knew);
        knew
    }
}

fn joined(before: Option<String>, more: Option<String>) -> Option<String> {
    match (before, more) {
        (Some(before), Some(more)) => Some(format!("{before}\n{more}")),
        (before, more) => before.or(more),
    }
}

/// A partner may ask for a call: the first row of the table of contract §7. `attempts` oldest first.
///
/// # Errors
/// The call before it is in progress, or the interview calls nobody any more.
pub fn check_new(interview: &Interview, attempts: &[CallAttempt]) -> Result<(), Rejection> {
    let latest = attempts.last().map(|attempt| attempt.status);
    if latest == Some(CallAttemptStatus::InProgress) {
        return Err(not_while(CallAttemptStatus::InProgress, &NOT_IN_PROGRESS));
    }
    // A test interview is over from its first moment and calls nobody (§6).
    if interview.status == InterviewStatus::Cancelled || interview.is_test {
        let allowed = if interview.is_test { &[][..] } else { &["SCHEDULED", "COMPLETED", "FAILED"] };
        return Err(Rejection::InvalidState { status: interview.status.as_str(), allowed: allowed.to_vec() });
    }
    Ok(())
}

/// A partner may give a call another time: the second row.
///
/// # Errors
/// It has begun, or is over.
pub fn check_reschedule(attempt: &CallAttempt) -> Result<(), Rejection> {
    match attempt.status {
        CallAttemptStatus::Scheduled => Ok(()),
        begun => Err(not_while(begun, &[CallAttemptStatus::Scheduled])),
    }
}

/// A partner may take a call out of the history: the third row.
///
/// # Errors
/// It is in progress.
pub fn check_removal(attempt: &CallAttempt) -> Result<(), Rejection> {
    match attempt.status {
        CallAttemptStatus::InProgress => Err(not_while(attempt.status, &NOT_IN_PROGRESS)),
        _ => Ok(()),
    }
}

const NOT_IN_PROGRESS: [CallAttemptStatus; 4] = [
    CallAttemptStatus::Scheduled,
    CallAttemptStatus::Completed,
    CallAttemptStatus::Failed,
    CallAttemptStatus::Cancelled,
];

fn not_while(status: CallAttemptStatus, allowed: &[CallAttemptStatus]) -> Rejection {
    Rejection::InvalidState {
        status: status.as_str(),
        allowed: allowed.iter().map(|status| status.as_str()).collect(),
    }
}

/// The number that a call which a partner asks for carries: that of the call before it. `attempts` oldest first.
#[must_use]
pub fn kept_retry_number(attempts: &[CallAttempt]) -> u32 {
    attempts.last().map_or(0, |latest| latest.retry_number)
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

    #[test]
    fn notes_are_added_to_and_never_lost() {
        assert_eq!(joined(Some("a".to_owned()), Some("b".to_owned())).as_deref(), Some("a\nb"));
        assert_eq!(joined(None, Some("b".to_owned())).as_deref(), Some("b"));
        assert_eq!(joined(Some("a".to_owned()), None).as_deref(), Some("a"));
    }
}
