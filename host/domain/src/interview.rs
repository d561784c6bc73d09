//! Interviews: a candidate, an agent, a time, perhaps a job.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agent::AgentDraft;
use crate::bounds::{DECISION_AGAIN_SECONDS, INTERVIEW_WAITS_SECONDS_MAX};
use crate::candidate::{CandidateInput, each_once};
use crate::decision::PolicyName;
use crate::id::{AgentId, CallAttemptId, CandidateId, CompanyId, DecisionId, InterviewId, JobId};
use crate::job::JobDraft;
use crate::metadata::Metadata;
use crate::problem::{Flaw, Problems};
use crate::time::{Timestamp, WrittenTime};
use crate::words::words;

words! {
    /// Where an interview stands.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum InterviewStatus {
        Undefined = "UNDEFINED",
        Scheduled = "SCHEDULED",
        InProgress = "IN_PROGRESS",
        Completed = "COMPLETED",
        Failed = "FAILED",
        Cancelled = "CANCELLED",
    }
}

/// A resource that a request names by its id, or describes so that it is made together with the interview.
#[derive(Debug, Clone, PartialEq)]
pub enum Named<I, D> {
    /// By its id, which may turn out to be nobody's.
    Existing(I),
    /// Described, checked.
    New(Box<D>),
}

/// What a request says of a new interview; checked, but for what depends on stored records and the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct InterviewInput {
    /// `candidateId` or `candidate`.
    pub candidate: Named<CandidateId, CandidateInput>,
    /// `agentId` or `agent`.
    pub agent: Named<AgentId, AgentDraft>,
    /// `jobId`, `job` or neither.
    pub job: Option<Named<JobId, JobDraft>>,
    /// `scheduledAt`; at once when absent.
    pub written_time: Option<WrittenTime>,
    /// Calls nobody, is not billed.
    pub is_test: bool,
    /// Free-form.
    pub metadata: Option<Metadata>,
}

/// What a request makes of an interview; checked, but for what depends on stored records and the moment.
#[derive(Debug, Clone, PartialEq)]
pub struct InterviewChange {
    /// `scheduledAt`; absent when the time is to stay.
    pub written_time: Option<WrittenTime>,
    /// The result of the merge.
    pub metadata: Option<Metadata>,
}

/// One recorded decision that this interview rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBy {
    /// Which policy.
    pub policy: PolicyName,
    /// Its record.
    pub decision_id: DecisionId,
}

/// A call has failed, or the first one is to be planned, and the policy has not said yet what comes next. Stored with
/// what has led there, so that nobody's end loses the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undecided {
    /// The call that failed; absent where the first one is to be planned.
    pub call_attempt_id: Option<CallAttemptId>,
    /// Since when.
    pub since: Timestamp,
    /// When the sentinel asks, unless somebody has asked before.
    pub ask_at: Timestamp,
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
    /// There while a call has failed and what comes next is not decided.
    pub undecided: Option<Undecided>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Interview {
    /// Takes back what has not begun, because candidate or agent was deleted (contract §4, §5); says whether it
    /// was so.
    pub fn cancel(&mut self, at: Timestamp) -> bool {
        if self.status != InterviewStatus::Scheduled {
            return false;
        }
        self.move_to(InterviewStatus::Cancelled, at);
        true
    }

    /// It waits for a call at this moment, for the first time or again. What an earlier call left is not its end.
    pub fn schedule(&mut self, scheduled_at: Timestamp, at: Timestamp) {
        self.scheduled_at = scheduled_at;
        self.finished_at = None;
        self.duration_minutes = None;
        self.move_to(InterviewStatus::Scheduled, at);
    }

    /// The conversation begins.
    pub fn begin(&mut self, at: Timestamp) {
        self.move_to(InterviewStatus::InProgress, at);
    }

    /// The conversation took place.
    pub fn complete(&mut self, duration_seconds: u32, at: Timestamp) {
        self.finished_at = Some(at);
        self.duration_minutes = Some(duration_seconds.div_ceil(60));
        self.move_to(InterviewStatus::Completed, at);
    }

    /// It will not take place.
    pub fn fail(&mut self, at: Timestamp) {
        self.finished_at = Some(at);
        self.move_to(InterviewStatus::Failed, at);
    }

    /// A call has failed. It waits for what the policy says.
    pub fn await_decision(&mut self, call_attempt_id: CallAttemptId, ask_at: Timestamp, at: Timestamp) {
        self.move_to(InterviewStatus::Scheduled, at);
        let call_attempt_id = Some(call_attempt_id);
        self.undecided = Some(Undecided { call_attempt_id, since: at, ask_at });
    }

    /// The policy was asked, and nobody answered: it is asked again.
    pub fn put_off(&mut self, at: Timestamp) {
        if let Some(undecided) = &mut self.undecided {
            let waited = at.since(undecided.since).as_secs();
            let pause = waited.clamp(*DECISION_AGAIN_SECONDS.start(), *DECISION_AGAIN_SECONDS.end());
            undecided.ask_at = at.plus(Duration::from_secs(pause));
            self.revision += 1;
        }
    }

    /// There is nothing to decide any more: a partner has done otherwise meanwhile.
    pub fn settle(&mut self) {
        if self.undecided.take().is_some() {
            self.revision += 1;
        }
    }

    /// Rests on this decision from now on, in place of the former one of the same policy.
    pub fn rest_on(&mut self, decided_by: DecidedBy) {
        self.decisions.retain(|former| former.policy != decided_by.policy);
        self.decisions.push(decided_by);
    }

    /// When it moves on by itself, where nothing else does: an interview in progress has its lease.
    #[must_use]
    pub fn deadline(&self) -> Option<Timestamp> {
        let waits = Duration::from_secs(INTERVIEW_WAITS_SECONDS_MAX.into());
        match (self.status, self.undecided) {
            (InterviewStatus::Scheduled, Some(undecided)) => Some(undecided.ask_at),
            (InterviewStatus::Scheduled, None) => Some(self.scheduled_at.plus(waits)),
            _ => None,
        }
    }

    fn move_to(&mut self, status: InterviewStatus, at: Timestamp) {
        self.status = status;
        self.undecided = None;
        self.revision += 1;
        self.updated_at = self.updated_at.max(at);
    }

    /// Forgets what was noted freely about the person, when the person is to be forgotten; says whether there
    /// was anything.
    pub fn forget_person(&mut self, at: Timestamp) -> bool {
        let knew = self.metadata.take().is_some();
        if knew {
            self.revision += 1;
            self.updated_at = self.updated_at.max(at);
        }
        knew
    }
}

/// What a request says of the job, its ids already known to be jobs of the company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRequest<'a> {
    /// `job {…}` was sent.
    pub has_inline_job: bool,
    /// `jobId` was sent.
    pub job_id: Option<JobId>,
    /// What it says of the candidate.
    pub candidate: RequestedCandidate<'a>,
}

/// What a request says of the candidate, as far as the job depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestedCandidate<'a> {
    /// `candidateId`
    Existing {
        /// The candidate's assignments, closed jobs included.
        job_ids: Cow<'a, [JobId]>,
    },
    /// `candidate {…}`
    Inline {
        /// `candidate.jobId`
        job_id: Option<JobId>,
        /// `candidate.jobIds`, empty when not sent.
        job_ids: Cow<'a, [JobId]>,
    },
    /// Wrong in another way, which has its own problem.
    Unknown,
}

/// Where the interview's job comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobChoice {
    /// The inline job, which is to be created.
    Inline,
    /// This one.
    Named(JobId),
    /// None was named: the `job-resolution` policy decides.
    AskPolicy,
}

/// The rule "Which job" (contract §6): `job`, else `jobId`, else `candidate.jobId` or the only one of
/// `candidate.jobIds`, else the policy. A closed job may be named.
///
/// `candidate.jobIds` wins over the deprecated `candidate.jobId` (§4), so the latter names the job where it
/// is alone or among the former.
///
/// # Errors
/// `job` together with `jobId`, at both; `candidate.jobId` together with one of them, there; a `jobId` that
/// is not among an existing candidate's assignments, there.
pub fn choose_job(request: &JobRequest<'_>) -> Result<JobChoice, Problems> {
    let mut problems = Problems::default();
    let has_job_id = request.job_id.is_some();
    problems.at_most_one("", [("job", request.has_inline_job), ("jobId", has_job_id)]);
    match (&request.candidate, request.job_id) {
        (RequestedCandidate::Inline { job_id: Some(_), .. }, _) if request.has_inline_job || has_job_id => {
            let flaw = Flaw::invalid("must not be sent together with `job` or `jobId`");
            problems.add("candidate.jobId", flaw);
        }
        (RequestedCandidate::Existing { job_ids }, Some(job_id)) if !job_ids.contains(&job_id) => {
            problems.add("jobId", Flaw::invalid("must be one of the candidate's jobs"));
        }
        _ => {}
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(match (request.has_inline_job, request.job_id.or(request.candidate.named_job())) {
        (true, _) => JobChoice::Inline,
        (false, Some(job_id)) => JobChoice::Named(job_id),
        (false, None) => JobChoice::AskPolicy,
    })
}

impl RequestedCandidate<'_> {
    /// The job that an inline candidate names for its interview.
    fn named_job(&self) -> Option<JobId> {
        let Self::Inline { job_id, job_ids } = self else { return None };
        match (job_id, each_once(job_ids.iter().copied()).as_slice()) {
            (job_id, []) => *job_id,
            (_, [only]) => Some(*only),
            (Some(job_id), several) if several.contains(job_id) => Some(*job_id),
            (_, _) => None,
        }
    }

    /// The candidate's assignments once the interview is made: those there are or were sent, and the job that
    /// was named or created, at the end.
    #[must_use]
    pub fn assignments_with(&self, job_id: Option<JobId>) -> Vec<JobId> {
        let before = match self {
            Self::Inline { job_id: Some(job_id), job_ids } if job_ids.is_empty() => {
                std::slice::from_ref(job_id)
            }
            Self::Existing { job_ids } | Self::Inline { job_ids, .. } => job_ids,
            Self::Unknown => &[],
        };
        each_once(before.iter().copied().chain(job_id))
    }
}

#[cfg(test)]
mod tests;
