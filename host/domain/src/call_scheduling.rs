//! When a candidate is phoned, for the first time when no time was named and again after a call that failed: what
//! the policy is told, what it may answer, and the check of that answer.
//!
//! A checked answer may still lie outside of the call window: whoever plans the call moves it inside
//! ([`crate::call_window::moved_inside`]).

use crate::agent::AgentFocus;
use crate::bounds::CALL_HISTORY_MAX;
use crate::call_attempt::{CallAttempt, CallAttemptStatus, ReasonCode};
use crate::call_window::{AHEAD_ALLOWED, CallWindow, PAST_ALLOWED, Zones};
use crate::decision::{self, check_reason};
use crate::id::{AtsId, CompanyId, InterviewId};
use crate::time::Timestamp;
use crate::words::words;

/// Field names that a release can be granted beyond the rest.
pub const GRANTS: [&str; 0] = [];

words! {
    /// How a call attempt ended.
    pub enum CallOutcome {
        /// There was a conversation.
        Completed = "completed",
        /// It rang, and that was all.
        NoAnswer = "no-answer",
        /// The line was busy.
        Busy = "busy",
        /// A machine answered.
        Voicemail = "voicemail",
        /// The person did not want to talk.
        Declined = "declined",
        /// Nobody has this number.
        InvalidNumber = "invalid-number",
        /// The telephone network failed, or the worker was lost.
        NetworkError = "network-error",
        /// The agent failed.
        AgentError = "agent-error",
        /// Taken back before it was placed.
        Cancelled = "cancelled",
        /// Taken back before it was placed, because another one took its place.
        Replaced = "replaced",
    }
}

/// A call attempt that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PastAttempt {
    /// Its number.
    pub retry_number: u32,
    /// When it was due.
    pub scheduled_at: Timestamp,
    /// When the phone rang, if it did.
    pub called_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: CallOutcome,
    /// 0 when nobody talked.
    pub duration_seconds: u32,
}

/// Everything that the rule may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The moment of the request, or of the worker's look.
    pub now: Timestamp,
    /// Whose slot decides.
    pub ats_id: AtsId,
    /// Whose interview.
    pub company_id: CompanyId,
    /// Which one.
    pub interview_id: InterviewId,
    /// The agent's.
    pub agent_focus: AgentFocus,
    /// The agent's.
    pub agent_duration_minutes: u32,
    /// The number that the next attempt will carry: 0 for the first call.
    pub retry_number: u32,
    /// What [`history`] makes of the interview's attempts; empty for the first call.
    pub history: Vec<PastAttempt>,
    /// The company's.
    pub window: CallWindow,
    /// By which the window is judged: [`crate::call_window::WhenFacts::zones`] of `now`.
    pub zones: Zones,
}

impl decision::Facts for Facts {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn ats_id(&self) -> AtsId {
        self.ats_id
    }

    fn company_id(&self) -> CompanyId {
        self.company_id
    }

    fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }
}

/// A plugin's answer, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Phone then, for this reason.
    Call(Timestamp, String),
    /// Phone no more, for this reason.
    GiveUp(String),
}

/// A checked answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Phone.
    Call {
        /// When: never before the facts' `now`. It may still lie outside of the call window.
        at: Timestamp,
        /// The plugin's words.
        reason: String,
    },
    /// The interview fails; in place of a first call it is not made.
    GiveUp {
        /// The plugin's words.
        reason: String,
    },
}

/// What the policy is told of an interview's attempts, given oldest first: those that have ended, the latest 100.
#[must_use]
pub fn history(attempts: &[CallAttempt]) -> Vec<PastAttempt> {
    let ended: Vec<PastAttempt> = attempts.iter().filter_map(PastAttempt::of).collect();
    let surplus = ended.len().saturating_sub(CALL_HISTORY_MAX);
    ended[surplus..].to_vec()
}

impl PastAttempt {
    /// What the policy is told of an attempt; nothing while it waits or runs.
    #[must_use]
    pub fn of(attempt: &CallAttempt) -> Option<Self> {
        let outcome = match attempt.status {
            CallAttemptStatus::Scheduled | CallAttemptStatus::InProgress => return None,
            CallAttemptStatus::Completed => CallOutcome::Completed,
            CallAttemptStatus::Cancelled if attempt.reason_code == Some(ReasonCode::Replaced) => {
                CallOutcome::Replaced
            }
            CallAttemptStatus::Cancelled => CallOutcome::Cancelled,
            CallAttemptStatus::Failed => CallOutcome::of_failure(attempt.reason_code),
        };
        Some(Self {
            retry_number: attempt.retry_number,
            scheduled_at: attempt.scheduled_at,
            called_at: attempt.called_at,
            outcome,
            duration_seconds: attempt.duration_seconds.unwrap_or(0),
        })
    }
}

impl CallOutcome {
    /// Of a failed attempt. One that nobody gave a reason for was lost on the way.
    fn of_failure(reason: Option<ReasonCode>) -> Self {
        match reason {
            Some(ReasonCode::NoAnswer) => Self::NoAnswer,
            Some(ReasonCode::Busy) => Self::Busy,
            Some(ReasonCode::Voicemail) => Self::Voicemail,
            Some(ReasonCode::Declined) => Self::Declined,
            Some(ReasonCode::InvalidNumber) => Self::InvalidNumber,
            Some(ReasonCode::AgentError) => Self::AgentError,
            Some(ReasonCode::NetworkError | ReasonCode::CancelledByRequest | ReasonCode::Replaced) | None => {
                Self::NetworkError
            }
        }
    }
}

/// Checks a plugin's answer as a partner's time is checked: not in the past (60 s are allowed, and mean at once), at
/// most 30 days ahead, with a reason.
///
/// # Errors
/// The sentence that says why the answer cannot be used.
pub fn check(answer: Answer, facts: &Facts) -> Result<Verdict, String> {
    match answer {
        Answer::Call(at, reason) => {
            let reason = check_reason("call", &reason)?;
            if at < facts.now.minus(PAST_ALLOWED) {
                return Err(format!("the call is planned for {at}, which is past"));
            }
            if facts.now.plus(AHEAD_ALLOWED) < at {
                return Err(format!("the call is planned for {at}, more than 30 days ahead"));
            }
            Ok(Verdict::Call { at: at.max(facts.now), reason })
        }
        Answer::GiveUp(reason) => Ok(Verdict::GiveUp { reason: check_reason("give-up", &reason)? }),
    }
}

#[cfg(test)]
mod tests;
