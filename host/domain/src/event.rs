//! Facts that webhooks will tell, and effects that wait to leave.

use serde::{Deserialize, Serialize};

use crate::call_attempt::ReasonCode;
use crate::id::{
    AtsId, CallAttemptId, CandidateId, CompanyId, EventId, InterviewId, InvitationId, OutboxId, UserId,
};
use crate::time::Timestamp;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// `call_attempt.scheduled`
    CallAttemptScheduled {
        /// Of this interview.
        interview_id: InterviewId,
        /// This attempt.
        call_attempt_id: CallAttemptId,
    },
    /// `interview.completed`
    InterviewCompleted {
        /// This one.
        interview_id: InterviewId,
        /// By this call.
        call_attempt_id: Option<CallAttemptId>,
    },
    /// `call_attempt.cancelled`
    CallAttemptCancelled {
        /// Of this interview.
        interview_id: InterviewId,
        /// This attempt.
        call_attempt_id: CallAttemptId,
    },
    /// `call_attempt.started`
    CallAttemptStarted {
        /// Of this interview.
        interview_id: InterviewId,
        /// This attempt.
        call_attempt_id: CallAttemptId,
    },
    /// `call_attempt.completed`
    CallAttemptCompleted {
        /// Of this interview.
        interview_id: InterviewId,
        /// This attempt.
        call_attempt_id: CallAttemptId,
    },
    /// `call_attempt.failed`
    CallAttemptFailed {
        /// Of this interview.
        interview_id: InterviewId,
        /// This attempt.
        call_attempt_id: CallAttemptId,
        /// Why.
        reason: ReasonCode,
    },
    /// `interview.started`
    InterviewStarted {
        /// This one.
        interview_id: InterviewId,
        /// By this call.
        call_attempt_id: Option<CallAttemptId>,
    },
    /// `interview.failed`
    InterviewFailed {
        /// This one.
        interview_id: InterviewId,
        /// After this call.
        call_attempt_id: Option<CallAttemptId>,
        /// For people: what a webhook's `errorMessage` says.
        reason: String,
    },
    /// `analysis.completed`
    AnalysisCompleted {
        /// Of this interview.
        interview_id: InterviewId,
    },
    /// `analysis.failed`
    AnalysisFailed {
        /// Of this interview.
        interview_id: InterviewId,
    },
    /// `company.owner_assigned`
    CompanyOwnerAssigned {
        /// Who it is now.
        user_id: UserId,
    },
    /// `company.owner_invited`
    CompanyOwnerInvited {
        /// What is sent.
        invitation_id: InvitationId,
    },
}

/// A fact, kept in the order of commits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its id; also a webhook's `deliveryId`.
    pub id: EventId,
    /// Its place in the one order of all events.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Whose.
    pub ats_id: AtsId,
    /// Whose.
    pub company_id: CompanyId,
    /// About whom, so that it goes when they go.
    pub candidate_id: Option<CandidateId>,
    /// Of a test interview.
    pub is_test: bool,
    /// What happened.
    pub kind: EventKind,
}

/// An effect outside, committed with what caused it and sent by a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its id.
    pub id: OutboxId,
    /// Since when it waits.
    pub at: Timestamp,
    /// Whose.
    pub company_id: CompanyId,
    /// About whom, so that it goes when they go.
    pub candidate_id: Option<CandidateId>,
    /// What is to be done.
    pub effect: Effect,
}

/// What waits to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// The owner's address of the company is to be decided upon (assign, invite, …).
    OwnerOnboarding,
    /// The mail of an invitation is to be sent.
    Invitation(InvitationId),
}
