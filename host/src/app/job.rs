//! Jobs of a company.

use switchboard_domain::id::{CompanyId, JobId};
use switchboard_domain::job::{Job, JobDraft};
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::removal::{self, Begun};
use crate::app::resource::{Aim, Made, Moment, Resource};
use crate::app::walk::Whose;
use crate::app::{App, Error, reach};

pub use crate::store::job::JobFilter;
use crate::store::{self, Abort, Page, PageRequest, Read, Snapshot, Txn};

impl Resource for Job {
    type Shown = Self;
    type Change = JobDraft;

    fn reach(read: &impl Read, aim: &Aim<JobId>) -> Result<Self, Abort<Rejection>> {
        reach::aimed(read, aim)
    }

    fn shown(self, _read: &impl Read) -> Result<Self, store::Error> {
        Ok(self)
    }

    fn changed(&self, _txn: &mut Txn, body: JobDraft, _moment: &Moment) -> Result<Self, Abort<Rejection>> {
        Ok(Self { body, ..self.clone() })
    }

    fn remove(&self, txn: &mut Txn, begun: &Begun) -> Result<(), store::Error> {
        removal::job(txn, self, begun)
    }
}

impl Made for Job {
    type Input = JobDraft;

    fn new(app: &App, company_id: CompanyId, draft: &JobDraft, now: Timestamp) -> Self {
        new(app, company_id, draft.clone(), now)
    }

    fn check_named(
        &self,
        _read: &impl Read,
        _draft: &JobDraft,
        _problems: &mut Problems,
    ) -> Result<(), store::Error> {
        Ok(())
    }
}

/// The record of a new job.
pub(crate) fn new(app: &App, company_id: CompanyId, draft: JobDraft, now: Timestamp) -> Job {
    let id = JobId::new(app.ids().uuid());
    Job { id, company_id, revision: 1, body: draft, created_at: now, updated_at: now }
}

/// Jobs of a company in reach, newest first.
///
/// # Errors
/// The store cannot be read, or too much waits to be walked for.
pub async fn list(
    app: &App,
    company_id: CompanyId,
    filter: &JobFilter,
    page: &PageRequest,
) -> Result<Page<Job>, Error> {
    let walk = |_: &Snapshot| Ok(store::job::walk(company_id, filter, page));
    app.read_page(Whose::Company(company_id), walk, |_, page| Ok(page)).await
}
