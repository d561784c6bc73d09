//! Interview rows and their call attempts.

use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::id::{AgentId, CallAttemptId, CandidateId, CompanyId, InterviewId, JobId};
use switchboard_domain::interview::{DecidedBy, Interview, InterviewStatus};
use switchboard_domain::time::Timestamp;

use super::index::{self, Place};
use super::key_list::KeyList;
use super::list::{Page, PageRequest, Walk};
use super::record::{self, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::{Error, call_queue, codec, decision};

impl Record for Interview {
    type Id = InterviewId;
    const TABLE: Table = Table::Interview;
    const VERSION: u8 = 2;

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
        places.extend(self.deadline().map(due_by));
        places.into()
    }

    /// Decisions that it named and names no more are found another way.
    fn changed(txn: &mut Txn, before: Option<&Self>, after: Option<&Self>) -> Result<(), Error> {
        let Some(before) = before else { return Ok(()) };
        let is_kept = |named: &&DecidedBy| after.is_some_and(|after| after.decisions.contains(named));
        let left = before.decisions.iter().filter(|named| !is_kept(named));
        left.map(|named| named.decision_id).try_for_each(|id| decision::let_go(txn, id, before.id))
    }
}

impl Record for CallAttempt {
    type Id = (InterviewId, CallAttemptId);
    const TABLE: Table = Table::CallAttempt;
    const VERSION: u8 = 3;

    fn id(&self) -> Self::Id {
        (self.interview_id, self.id)
    }

    fn key((interview_id, id): &Self::Id) -> Vec<u8> {
        [interview_id.bytes().as_slice(), id.bytes()].concat()
    }

    fn places(&self) -> Places {
        let place = waits_since(self).map(|due_at| call_queue::due(self.company_id, due_at));
        place.into_iter().collect::<Vec<_>>().into()
    }

    fn changed(txn: &mut Txn, before: Option<&Self>, after: Option<&Self>) -> Result<(), Error> {
        match before.or(after) {
            Some(attempt) if before.and_then(waits_since) != after.and_then(waits_since) => {
                call_queue::reseat(txn, attempt.company_id)
            }
            _ => Ok(()),
        }
    }
}

/// When it is due, while it waits for its call.
fn waits_since(attempt: &CallAttempt) -> Option<Timestamp> {
    (attempt.status == CallAttemptStatus::Scheduled).then_some(attempt.scheduled_at)
}

fn due_by(deadline: Timestamp) -> Place {
    Place::new(INSTALLATION, Tag::InterviewByDeadline, &codec::moment(deadline))
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
    let mut lists: Vec<KeyList> = Vec::new();
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

/// The interviews that move on by themselves, the earliest first: their deadlines and ids.
///
/// # Errors
/// The engine fails.
pub fn by_deadline(
    read: &impl Read,
) -> Result<impl Iterator<Item = Result<(Timestamp, InterviewId), Error>>, Error> {
    let entries = index::sorted_from(read, INSTALLATION, Tag::InterviewByDeadline, [0; 8])?;
    Ok(entries.map(|entry| {
        let entry = entry?;
        Ok((codec::moment_of(entry.value), InterviewId::from_bytes(record::sixteen(&entry.key)?)))
    }))
}
