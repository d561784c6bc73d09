//! Policies by name, and the record of one policy call.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bounds::REFUSAL_REASON_CHARS;
use crate::id::{AtsId, CandidateId, CompanyId, DecisionId, InterviewId, ReleaseId};
use crate::time::Timestamp;
use crate::words::words;

/// One kind of decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PolicyName {
    /// Which job an interview belongs to.
    JobResolution,
    /// When a candidate is phoned.
    CallScheduling,
    /// What a call costs.
    Billing,
    /// What happens to an owner's address.
    OwnerOnboarding,
}

impl PolicyName {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::JobResolution, Self::CallScheduling, Self::Billing, Self::OwnerOnboarding];

    /// As in slots, WIT packages and answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JobResolution => "job-resolution",
            Self::CallScheduling => "call-scheduling",
            Self::Billing => "billing",
            Self::OwnerOnboarding => "owner-onboarding",
        }
    }

    /// The policy of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == name)
    }
}

impl fmt::Display for PolicyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What every policy is told, whatever it is asked.
pub trait Facts: Clone + PartialEq {
    /// The moment for which it is asked: the request's, or that of the worker's look.
    fn now(&self) -> Timestamp;

    /// Whose slot decides.
    fn ats_id(&self) -> AtsId;

    /// About whose affair.
    fn company_id(&self) -> CompanyId;

    /// The same facts at another moment.
    #[must_use]
    fn at(self, now: Timestamp) -> Self;

    /// Whether a decision on `self` still holds on `later`: all but the moment is the same.
    #[must_use]
    fn same_but_now(&self, later: &Self) -> bool {
        *self == later.clone().at(self.now())
    }
}

/// Checks the words that a plugin gives for its answer `case`: there are some, and not too many.
///
/// # Errors
/// The sentence that says why the answer cannot be used.
pub(crate) fn check_reason(case: &str, reason: &str) -> Result<String, String> {
    let max = *REFUSAL_REASON_CHARS.end();
    if reason.is_empty() {
        return Err(format!("`{case}` needs a reason"));
    }
    if reason.chars().count() > max {
        return Err(format!("the reason of `{case}` is longer than {max} characters"));
    }
    if reason.contains('\0') {
        return Err(format!("the reason of `{case}` has a NUL character"));
    }
    Ok(reason.to_owned())
}

/// The beginning of a plugin's text, which may be long, for a sentence in the log.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The place that a release is put into: an ATS's own, or everybody's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// Absent: the default slot.
    pub ats_id: Option<AtsId>,
    /// Of this policy.
    pub policy: PolicyName,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ats_id {
            Some(ats_id) => write!(f, "{ats_id}/{}", self.policy),
            None => write!(f, "default/{}", self.policy),
        }
    }
}

words! {
    /// How a policy call can fail.
    pub enum FailureKind {
        /// The guest trapped.
        Trap = "trap",
        /// It used up its fuel.
        OutOfFuel = "out-of-fuel",
        /// It used up its time. Not reproducible.
        Timeout = "timeout",
        /// It asked for more memory or table than it may have.
        OutOfMemory = "out-of-memory",
        /// It recursed too deep.
        StackOverflow = "stack-overflow",
        /// It answered what is not allowed: a job that is not the candidate's.
        BadAnswer = "bad-answer",
        /// It answered too much.
        OutputTooLarge = "output-too-large",
        /// Too many calls were in flight, or the pool was exhausted. It was not run.
        TooBusy = "too-busy",
        /// It could not be loaded. It was not run.
        Unavailable = "unavailable",
        /// The breaker is open. It was not run.
        BreakerOpen = "breaker-open",
        /// Facts and settings were more than it may be given. It was not run.
        InputTooLarge = "input-too-large",
    }
}

/// One release's part in a decision: its answer or its failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who was asked.
    pub release_id: ReleaseId,
    /// What came back.
    pub outcome: AskedOutcome,
    /// 0 where it was not run.
    pub fuel_used: u64,
    /// Host time, queueing included.
    pub duration_micros: u64,
    /// The guest's last log lines, bounded.
    pub log: Vec<String>,
}

/// Answer or failure of one release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AskedOutcome {
    /// The answer, as canonical JSON of the WIT value.
    Answered(String),
    /// What went wrong, with the explanation for the operator (trap message, frames).
    Failed(FailureKind, String),
}

/// One recorded policy call. Found by company and candidate, so that it goes when they go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Its id.
    pub id: DecisionId,
    /// When it was asked.
    pub at: Timestamp,
    /// For whom. The slot is that of the ATS even where the default slot's release answered.
    pub slot: Slot,
    /// Whose facts.
    pub company_id: CompanyId,
    /// About whom, if about somebody.
    pub candidate_id: Option<CandidateId>,
    /// The major.minor version of the WIT package that was spoken, such as `0.1.0`.
    pub policy_version: String,
    /// What the plugin saw, as canonical JSON of the WIT value.
    pub facts: String,
    /// The active release first, then the steps of the failure ladder.
    pub asked: Vec<Asked>,
    /// Which of them answered; none when the ladder ended in `reject` or `hold`.
    pub answered_by: Option<ReleaseId>,
    /// The interview that was made with it and rests on it; none once that rests on another one, or is deleted.
    pub interview_id: Option<InterviewId>,
}

impl Decision {
    /// Answered by the failure ladder instead of the active release.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.asked.first().is_none_or(|first| Some(first.release_id) != self.answered_by)
    }

    /// The answer that held, if there was one.
    #[must_use]
    pub fn answer(&self) -> Option<&str> {
        self.asked.iter().find(|asked| Some(asked.release_id) == self.answered_by).and_then(|asked| {
            match &asked.outcome {
                AskedOutcome::Answered(answer) => Some(answer.as_str()),
                AskedOutcome::Failed(..) => None,
            }
        })
    }
}
