//! Interviews: a candidate, an agent, a time, perhaps a job.

use serde::{Deserialize, Serialize};

use crate::agent::AgentDraft;
use crate::decision::PolicyName;
use crate::id::{AgentId, CandidateId, CompanyId, DecisionId, InterviewId, JobId};
use crate::metadata::Metadata;
use crate::time::Timestamp;

/// Where an interview stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum InterviewStatus {
    Undefined,
    Scheduled,
    InProgress,
    Completed,
    Failed,
    Cancelled,
}

/// One recorded decision that this interview rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBy {
    /// Which policy.
    pub policy: PolicyName,
    /// Its record.
    pub decision_id: DecisionId,
}

/// A candidate, an agent, a time, perhaps a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interview {
    /// Its id.
    pub id: InterviewId,
    /// Whose it is.
    pub company_id: CompanyId,
    /// Who is interviewed.
    pub candidate_id: CandidateId,
    /// Who interviews.
    pub agent_id: AgentId,
    /// Grows by one with each change.
    pub revision: u64,
    /// What it is for.
    pub job_id: Option<JobId>,
    /// Where it stands.
    pub status: InterviewStatus,
    /// When it takes place.
    pub scheduled_at: Timestamp,
    /// How long it took, when it is over.
    pub duration_minutes: Option<u32>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Free-form.
    pub metadata: Option<Metadata>,
    /// Calls nobody, is not billed.
    pub is_test: bool,
    /// The agent's values of the moment of creation: interviews already made keep them.
    pub agent: AgentDraft,
    /// Which decisions led here, one per policy.
    pub decisions: Vec<DecidedBy>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}
