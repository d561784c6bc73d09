//! Interview rows and their call attempts.

use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::id::{AgentId, CallAttemptId, CandidateId, CompanyId, InterviewId, JobId};
use switchboard_domain::interview::{Interview, InterviewStatus};

use super::Error;
use super::index::Place;
use super::list::{List, Page, PageRequest, Walk};
use super::record::{self, Places, Record};
use super::schema::{Table, Tag};
use super::txn::{Direction, Read};

impl Record for Interview {
    type Id = InterviewId;
    const TABLE: Table = Table::Interview;

    fn id(&self) -> InterviewId {
        self.id
    }

    fn key(id: &InterviewId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let company_id = self.company_id;
        let mut places = vec![
            everything(company_id),
            with_status(company_id, self.status),
            by_agent(company_id, self.agent_id),
            of_candidate(self.candidate_id),
        ];
        places.extend(self.job_id.map(|job_id| for_job(company_id, job_id)));
        places.into()
    }
}

impl Record for CallAttempt {
    type Id = (InterviewId, CallAttemptId);
    const TABLE: Table = Table::CallAttempt;

    fn id(&self) -> Self::Id {
        (self.interview_id, self.id)
    }

    fn key((interview_id, id): &Self::Id) -> Vec<u8> {
        [interview_id.bytes().as_slice(), id.bytes()].concat()
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

pub(crate) fn everything(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::Interview, &[])
}

fn with_status(company_id: CompanyId, status: InterviewStatus) -> Place {
    // In the file: never changed.
    let status = match status {
        InterviewStatus::Undefined => 0,
        InterviewStatus::Scheduled => 1,
        InterviewStatus::InProgress => 2,
        InterviewStatus::Completed => 3,
        InterviewStatus::Failed => 4,
        InterviewStatus::Cancelled => 5,
    };
    Place::new(*company_id.bytes(), Tag::InterviewByStatus, &[status])
}

pub(crate) fn by_agent(company_id: CompanyId, agent_id: AgentId) -> Place {
    Place::new(*company_id.bytes(), Tag::InterviewByAgent, agent_id.bytes())
}

fn for_job(company_id: CompanyId, job_id: JobId) -> Place {
    Place::new(*company_id.bytes(), Tag::InterviewByJob, job_id.bytes())
}

pub(crate) fn of_candidate(candidate_id: CandidateId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::InterviewOfCandidate, &[])
}

/// What a list of interviews may be narrowed by; all of it applies.
#[derive(Debug, Clone, Copy, Default)]
pub struct InterviewFilter {
    /// Of this candidate.
    pub candidate_id: Option<CandidateId>,
    /// By this agent.
    pub agent_id: Option<AgentId>,
    /// For this job.
    pub job_id: Option<JobId>,
    /// Of this status.
    pub status: Option<InterviewStatus>,
}

/// The way to a page of the interviews of a company, newest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn walk(
    read: &impl Read,
    company_id: CompanyId,
    filter: &InterviewFilter,
    request: &PageRequest,
) -> Result<Walk<Interview>, Error> {
    let mut lists: Vec<List> = Vec::new();
    lists.extend(filter.agent_id.map(|agent_id| by_agent(company_id, agent_id).into()));
    lists.extend(filter.job_id.map(|job_id| for_job(company_id, job_id).into()));
    lists.extend(filter.status.map(|status| with_status(company_id, status).into()));
    if let Some(candidate_id) = filter.candidate_id {
        lists.push(of_candidate(candidate_id).into());
        // A candidate's list knows no company: one of another company's is to be empty here.
        let candidate = record::get::<Candidate>(read, &candidate_id)?;
        if candidate.is_none_or(|candidate| candidate.company_id != company_id) {
            lists.push(everything(company_id).into());
        }
    } else if lists.is_empty() {
        lists.push(everything(company_id).into());
    }
    Ok(Walk::new(lists, *request))
}

/// A page of the interviews of a company, newest first, however far it is.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(
    read: &impl Read,
    company_id: CompanyId,
    filter: &InterviewFilter,
    request: &PageRequest,
) -> Result<Page<Interview>, Error> {
    walk(read, company_id, filter, request)?.run_to_the_end(read)
}

/// The call attempts of an interview, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn attempts(read: &impl Read, interview_id: InterviewId) -> Result<Vec<CallAttempt>, Error> {
    record::scan(read, record::beginning_with(interview_id.bytes()), Direction::Forward)?.collect()
}
