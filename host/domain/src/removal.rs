//! Deletions under way: what went out of reach at once, and whose rows are still to go.

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CandidateId, CompanyId, InterviewId, JobId, RemovalId};
use crate::time::Timestamp;

/// Whose deletion it is. Ids only: nothing about a person outlives the deletion here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Removed {
    /// The company itself, with all that belongs to it.
    Company,
    /// A candidate, with what was kept about them; their interviews are cancelled.
    Candidate(CandidateId),
    /// A job; candidates lose their assignment to it.
    Job(JobId),
    /// An agent; its interviews are cancelled.
    Agent(AgentId),
    /// An interview, with its call attempts.
    Interview(InterviewId),
}

/// A deletion whose cascade was too large for one commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// Its id.
    pub id: RemovalId,
    /// The moment of the deletion.
    pub at: Timestamp,
    /// Of this company.
    pub company_id: CompanyId,
    /// What was deleted.
    pub removed: Removed,
    /// The interviews up to this one were seen to, where a list of interviews is walked that stays.
    pub walked_to: Option<InterviewId>,
}
