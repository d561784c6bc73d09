//! Candidate rows, listed by company, assigned job and status.

use switchboard_domain::candidate::{Candidate, CandidateStatus};
use switchboard_domain::id::{CandidateId, CompanyId, JobId};
use switchboard_domain::search::Search;
use switchboard_domain::text::EmailAddress;

use super::Error;
use super::index::Place;
use super::interview;
use super::key_list::KeyList;
use super::list::{Page, PageRequest, Walk};
use super::record::{Places, Record};
use super::schema::{Table, Tag};
use super::search::{Searched, with_word};
use super::txn::Read;

impl Record for Candidate {
    type Id = CandidateId;
    const TABLE: Table = Table::Candidate;

    fn id(&self) -> CandidateId {
        self.id
    }

    fn key(id: &CandidateId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let company_id = self.company_id;
        let mut places = vec![everybody(company_id), with_status(company_id, self.status)];
        for job_id in &self.job_ids {
            places.push(assigned_to(company_id, *job_id));
        }
        places.into()
    }

    fn searched(&self) -> Option<Searched<'_>> {
        let mut texts = vec![self.body.first_name.as_str(), self.body.last_name.as_str()];
        texts.extend(self.body.email.as_ref().map(EmailAddress::as_str));
        Some(Searched { owner: *self.company_id.bytes(), tag: Tag::CandidateByWord, texts })
    }
}

pub(crate) fn everybody(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::Candidate, &[])
}

fn with_status(company_id: CompanyId, status: CandidateStatus) -> Place {
    // In the file: never changed.
    let status = match status {
        CandidateStatus::Undefined => 0,
        CandidateStatus::Applied => 1,
        CandidateStatus::InProcess => 2,
        CandidateStatus::Rejected => 3,
        CandidateStatus::Accepted => 4,
    };
    Place::new(*company_id.bytes(), Tag::CandidateByStatus, &[status])
}

pub(crate) fn assigned_to(company_id: CompanyId, job_id: JobId) -> Place {
    Place::new(*company_id.bytes(), Tag::CandidateByJob, job_id.bytes())
}

/// What a list of candidates may be narrowed by; all of it applies.
#[derive(Debug, Clone, Default)]
pub struct CandidateFilter {
    /// Assigned to this job.
    pub job_id: Option<JobId>,
    /// Of this status.
    pub status: Option<CandidateStatus>,
    /// With these words in first name, last name or e-mail.
    pub search: Search,
}

/// The way to a page of the candidates of a company, newest first.
#[must_use]
pub fn walk(company_id: CompanyId, filter: &CandidateFilter, request: &PageRequest) -> Walk<Candidate> {
    let owner = *company_id.bytes();
    let by_word = filter.search.beginnings().map(|word| with_word(owner, Tag::CandidateByWord, word));
    let mut lists: Vec<KeyList> = by_word.collect();
    lists.extend(filter.job_id.map(|job_id| assigned_to(company_id, job_id).into()));
    lists.extend(filter.status.map(|status| with_status(company_id, status).into()));
    if lists.is_empty() {
        lists.push(everybody(company_id).into());
    }
    let walk = Walk::new(lists, *request);
    if filter.search.is_told_by_beginnings() {
        return walk;
    }
    let search = filter.search.clone();
    walk.keeping(move |candidate: &Candidate| {
        candidate.searched().is_some_and(|searched| search.finds(&searched.texts))
    })
}

/// A page of the candidates of a company, newest first, however far it is.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(
    read: &impl Read,
    company_id: CompanyId,
    filter: &CandidateFilter,
    request: &PageRequest,
) -> Result<Page<Candidate>, Error> {
    walk(company_id, filter, request).run_to_the_end(read)
}

/// How many interviews a candidate has: a kept count, so that the candidate's own row rests.
///
/// # Errors
/// The engine fails.
pub fn interview_count(read: &impl Read, candidate_id: CandidateId) -> Result<u64, Error> {
    interview::of_candidate(candidate_id).count(read)
}
