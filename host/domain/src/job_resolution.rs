//! Which job an interview belongs to when the request names none: what the policy is told, what it may
//! answer, and the check of that answer.

use serde::{Deserialize, Serialize};

use crate::agent::{AgentFocus, AgentType};
use crate::decision::{self, check_reason, clip};
use crate::id::{AtsId, CandidateId, CompanyId, JobId};
use crate::job::JobStatus;
use crate::language::Language;
use crate::metadata::Metadata;
use crate::time::Timestamp;

/// Field names that a release can be granted beyond the rest.
pub const GRANTS: [&str; 2] = ["job-title", "candidate-metadata"];

/// A job that the candidate is assigned to. The title reaches the plugin by grant only; the refusal
/// `JOB_AMBIGUOUS` names it in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignedJob {
    /// Its id.
    pub id: JobId,
    /// Active while open.
    pub status: JobStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// By grant `job-title`.
    pub title: String,
    /// Free-form.
    pub metadata: Option<Metadata>,
}

/// Everything that the rule may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The moment of the request.
    pub now: Timestamp,
    /// Whose key asks.
    pub ats_id: AtsId,
    /// For which company.
    pub company_id: CompanyId,
    /// Absent for a candidate that this very request creates.
    pub candidate_id: Option<CandidateId>,
    /// The agent's.
    pub agent_type: AgentType,
    /// The agent's.
    pub agent_focus: AgentFocus,
    /// The agent's.
    pub agent_language: Language,
    /// Whether nobody will be called.
    pub is_test: bool,
    /// When it shall take place.
    pub scheduled_at: Timestamp,
    /// In the order of assignment, closed ones included.
    pub assigned_jobs: Vec<AssignedJob>,
    /// By grant `candidate-metadata`.
    pub candidate_metadata: Option<Metadata>,
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

/// A plugin's answer, not yet checked: ids are text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// The interview belongs to this job.
    Job(String),
    /// It belongs to none.
    NoJob,
    /// It may not be made: no active job.
    JobRequired,
    /// It may not be made: several jobs, none named.
    JobAmbiguous(Vec<String>),
    /// It may not be made, for this reason.
    Rejected(String),
}

/// A checked answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The interview belongs to this open job of the candidate, or to none.
    Job(Option<JobId>),
    /// `JOB_REQUIRED`
    JobRequired,
    /// `JOB_AMBIGUOUS`
    JobAmbiguous(Vec<(JobId, String)>),
    /// `POLICY_REJECTED`
    Rejected(String),
}

/// Checks a plugin's answer as a partner's JSON is checked: a job must be the candidate's and open.
///
/// # Errors
/// The sentence that says why the answer cannot be used.
pub fn check(answer: &Answer, facts: &Facts) -> Result<Verdict, String> {
    match answer {
        Answer::NoJob => Ok(Verdict::Job(None)),
        Answer::JobRequired => Ok(Verdict::JobRequired),
        Answer::Job(id) => check_job(id, facts),
        Answer::JobAmbiguous(ids) => check_ambiguous(ids, facts),
        Answer::Rejected(reason) => check_reason("rejected", reason).map(Verdict::Rejected),
    }
}

fn find<'a>(id: &str, facts: &'a Facts) -> Result<&'a AssignedJob, String> {
    let job = facts.assigned_jobs.iter().find(|job| job.id.to_string() == id);
    job.ok_or_else(|| format!("job `{}` is not among the candidate's jobs", clip(id)))
}

fn check_job(id: &str, facts: &Facts) -> Result<Verdict, String> {
    match find(id, facts)? {
        job if job.status == JobStatus::Open => Ok(Verdict::Job(Some(job.id))),
        job => Err(format!("job `{}` is closed", job.id)),
    }
}

/// The partner is to name one of these jobs: at least two different ones. Closed ones are allowed, since a
/// partner may name a closed job.
fn check_ambiguous(ids: &[String], facts: &Facts) -> Result<Verdict, String> {
    let mut jobs = Vec::new();
    for id in ids {
        let job = find(id, facts)?;
        if jobs.iter().all(|(known, _)| *known != job.id) {
            jobs.push((job.id, job.title.clone()));
        }
    }
    if jobs.len() < 2 {
        return Err("`job-ambiguous` needs at least two jobs".to_owned());
    }
    Ok(Verdict::JobAmbiguous(jobs))
}

#[cfg(test)]
mod tests;
