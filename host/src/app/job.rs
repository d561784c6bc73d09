//! Jobs of a company.

use switchboard_domain::id::{CompanyId, JobId};
use switchboard_domain::job::{Job, JobDraft};
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::walk::Whose;
use crate::app::{App, Committed, Error, Rendered, Write, reach};

pub use crate::store::job::JobFilter;
use crate::store::{self, Page, PageRequest, Snapshot, Txn};

/// Makes a job of a company in reach.
///
/// # Errors
/// The company is gone.
pub async fn create(
    app: &App,
    company_id: CompanyId,
    draft: JobDraft,
    write: Write,
    render: impl Fn(&Job) -> Rendered + Send + 'static,
) -> Result<Rendered, Error> {
    let job = new(app, company_id, draft, write.now);
    let work = move |txn: &mut Txn| {
        reach::still_there(txn, company_id)?;
        store::insert(txn, &job)?;
        Ok(Committed::reply(render(&job), company_id, None))
    };
    Ok(app.commit(&write, work).await?)
}

/// The record of a new job.
pub(crate) fn new(app: &App, company_id: CompanyId, draft: JobDraft, now: Timestamp) -> Job {
    let id = JobId::new(app.ids().uuid());
    Job { id, company_id, revision: 1, body: draft, created_at: now, updated_at: now }
}

/// One job in reach.
///
/// # Errors
/// See [`reach`].
pub fn get(app: &App, caller: &Caller, named: Option<CompanyId>, id: JobId) -> Result<Job, Error> {
    reach::look(app, caller, named, &id)
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
