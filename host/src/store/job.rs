//! Job rows, listed by company and status.

use switchboard_domain::id::{CompanyId, JobId};
use switchboard_domain::job::{Job, JobStatus};
use switchboard_domain::search::Search;

use super::Error;
use super::index::Place;
use super::key_list::KeyList;
use super::list::{Page, PageRequest, Walk};
use super::record::{Places, Record};
use super::schema::{Table, Tag};
use super::search::{Searched, with_word};
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

    fn searched(&self) -> Option<Searched<'_>> {
        let texts = vec![self.body.title.as_str(), self.body.description.as_str()];
        Some(Searched { owner: *self.company_id.bytes(), tag: Tag::JobByWord, texts })
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

/// The way to a page of the jobs of a company, newest first.
#[must_use]
pub fn walk(company_id: CompanyId, filter: &JobFilter, request: &PageRequest) -> Walk<Job> {
    let owner = *company_id.bytes();
    let by_word = filter.search.beginnings().map(|word| with_word(owner, Tag::JobByWord, word));
    let mut lists: Vec<KeyList> = by_word.collect();
    let by_status = |status| Place::new(owner, Tag::JobByStatus, &[status_byte(status)]);
    lists.extend(filter.status.map(by_status).map(KeyList::from));
    if lists.is_empty() {
        lists.push(everything(company_id).into());
    }
    let walk = Walk::new(lists, *request);
    if filter.search.is_told_by_beginnings() {
        return walk;
    }
    let search = filter.search.clone();
    walk.keeping(move |job: &Job| job.searched().is_some_and(|searched| search.finds(&searched.texts)))
}

/// A page of the jobs of a company, newest first, however far it is.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(
    read: &impl Read,
    company_id: CompanyId,
    filter: &JobFilter,
    request: &PageRequest,
) -> Result<Page<Job>, Error> {
    walk(company_id, filter, request).run_to_the_end(read)
}
