//! Job rows, listed by company and status.

use switchboard_domain::id::{CompanyId, JobId};
use switchboard_domain::job::{Job, JobStatus};
use switchboard_domain::search::Search;

use super::Error;
use super::index::{Page, PageRequest, Place};
use super::record::{self, Places, Record};
use super::schema::{Table, Tag};
use super::txn::Read;

impl Record for Job {
    type Id = JobId;
    const TABLE: Table = Table::Job;

    fn id(&self) -> JobId {
        self.id
    }

    fn key(id: &JobId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let owner = *self.company_id.bytes();
        vec![
            everything(self.company_id),
            Place::new(owner, Tag::JobByStatus, &[status_byte(self.body.status)]),
        ]
        .into()
    }
}

pub(crate) fn everything(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::Job, &[])
}

/// In the file: never changed.
const fn status_byte(status: JobStatus) -> u8 {
    match status {
        JobStatus::Open => 1,
        JobStatus::Closed => 2,
    }
}

/// What a list of jobs may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Open or closed ones only.
    pub status: Option<JobStatus>,
    /// With these words in title or description.
    pub search: Search,
}

/// The jobs of a company, newest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(
    read: &impl Read,
    company_id: CompanyId,
    filter: &JobFilter,
    request: &PageRequest,
) -> Result<Page<Job>, Error> {
    let owner = *company_id.bytes();
    let place = match filter.status {
        Some(status) => Place::new(owner, Tag::JobByStatus, &[status_byte(status)]),
        None => everything(company_id),
    };
    if filter.search.is_empty() {
        return record::list(read, &[place], request);
    }
    let is_found = |job: &Job| filter.search.finds(&[&job.body.title, &job.body.description]);
    record::list_where(read, &[place], request, is_found)
}
