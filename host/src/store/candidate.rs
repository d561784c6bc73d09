//! Candidate rows, listed by company, assigned job and status.

use switchboard_domain::candidate::{Candidate, CandidateStatus};
use switchboard_domain::id::{CandidateId, CompanyId, JobId};
use switchboard_domain::search::Search;
use switchboard_domain::text::EmailAddress;

use super::Error;
use super::index::{Page, PageRequest, Place};
use super::interview;
use super::record::{self, Places, Record};
use super::schema::{Table, Tag};
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

/// The candidates of a company, newest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(
    read: &impl Read,
    company_id: CompanyId,
    filter: &CandidateFilter,
    request: &PageRequest,
) -> Result<Page<Candidate>, Error> {
    let mut places = Vec::new();
    places.extend(filter.job_id.map(|job_id| assigned_to(company_id, job_id)));
    places.extend(filter.status.map(|status| with_status(company_id, status)));
    if places.is_empty() {
        places.push(everybody(company_id));
    }
    if filter.search.is_empty() {
        return record::list(read, &places, request);
    }
    record::list_where(read, &places, request, |candidate: &Candidate| {
        let body = &candidate.body;
        let email = body.email.as_ref().map_or("", EmailAddress::as_str);
        filter.search.finds(&[&body.first_name, &body.last_name, email])
    })
}

/// How many interviews a candidate has: a kept count, so that the candidate's own row rests.
///
/// # Errors
/// The engine fails.
pub fn interview_count(read: &impl Read, candidate_id: CandidateId) -> Result<u64, Error> {
    interview::of_candidate(candidate_id).count(read)
}
