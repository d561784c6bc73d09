//! Why an operation is refused: the closed list of verdicts that a partner can meet. HTTP maps each to its
//! status and code, once.

use crate::call_window::WindowVerdict;
use crate::decision::PolicyName;
use crate::id::{DecisionId, JobId, ReleaseId};
use crate::invitation::InvitationStatus;
use crate::problem::{FieldProblem, Flaw, Problems};
use crate::time::Timestamp;

/// A refusal. Nothing of the request was stored, but the record of a decision that led to it.
#[derive(Debug, Clone, PartialEq)]
pub enum Rejection {
    /// `VALIDATION_ERROR`, `MISSING_REQUIRED_FIELD` or `INVALID_DATE`, by the kinds of the problems.
    Invalid(Problems),
    /// `OUTSIDE_CALL_WINDOW`
    OutsideCallWindow(Box<WindowVerdict>),
    /// `JOB_REQUIRED`
    JobRequired,
    /// `JOB_AMBIGUOUS`, with id and title of each active job.
    JobAmbiguous(Vec<(JobId, String)>),
    /// `RESOURCE_NOT_FOUND`
    NotFound {
        /// `Company`, `Job`, `Candidate`, `Agent`, `Interview`, …
        resource_type: &'static str,
        /// As it was asked for.
        resource_id: String,
    },
    /// `RESOURCE_ACCESS_DENIED`: there, but out of the key's reach.
    AccessDenied,
    /// `UNSUPPORTED_FOR_ONLINE`: online interviews phone nobody.
    UnsupportedForOnline,
    /// `LEASE_LOST`
    LeaseLost,
    /// `RESOURCE_CONFLICT`: what the request stands on keeps changing; it may be sent again.
    Conflict,
    /// `INVALID_STATE_TRANSITION`: what is asked for needs another status.
    InvalidState {
        /// The word of the present one.
        status: &'static str,
        /// The words of those in which it could be done.
        allowed: Vec<&'static str>,
    },
    /// `PRECONDITION_FAILED`: the resource is no longer as `If-Match` says.
    PreconditionFailed,
    /// `BILLING_LIMIT_EXCEEDED`
    BillingLimitExceeded,
    /// `IDEMPOTENCY_IN_PROGRESS`
    IdempotencyInProgress,
    /// `IDEMPOTENCY_KEY_REUSED`
    IdempotencyKeyReused,
    /// `POLICY_REJECTED`
    PolicyRejected(Box<PolicyRefusal>),
    /// `POLICY_UNAVAILABLE`: the policy failed and its release says `reject`.
    PolicyUnavailable {
        /// Which one.
        policy: PolicyName,
        /// The record of the failed call.
        decision_id: Option<DecisionId>,
    },
    /// `INVITATION_GONE`: used, expired or revoked.
    InvitationGone {
        /// What became of it.
        status: InvitationStatus,
    },
    /// `API_KEY_SUSPENDED`
    KeySuspended {
        /// Since when.
        suspended_at: Timestamp,
        /// The operator's words.
        reason: String,
    },
}

/// A policy said no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRefusal {
    /// Which policy.
    pub policy: PolicyName,
    /// Name of the plugin that answered.
    pub plugin: String,
    /// The release that answered.
    pub release: ReleaseId,
    /// The plugin's words.
    pub reason: String,
    /// The recorded decision; a dry run records none.
    pub decision_id: Option<DecisionId>,
}

impl Rejection {
    /// One field is wrong.
    #[must_use]
    pub fn field(path: impl Into<String>, flaw: Flaw) -> Self {
        Self::Invalid(Problems::from(FieldProblem { path: path.into(), flaw }))
    }

    /// Points a policy's refusal to the record of the decision that led to it.
    pub fn name_decision(&mut self, id: DecisionId) {
        match self {
            Self::PolicyRejected(refusal) => refusal.decision_id = Some(id),
            Self::PolicyUnavailable { decision_id, .. } => *decision_id = Some(id),
            _ => {}
        }
    }

    /// A resource that is not there.
    #[must_use]
    pub fn not_found(resource_type: &'static str, resource_id: impl ToString) -> Self {
        Self::NotFound { resource_type, resource_id: resource_id.to_string() }
    }
}
