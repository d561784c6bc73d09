//! Candidates of a company and their assignments.

use switchboard_domain::candidate::{Candidate, CandidateDraft, CandidateStatus};
use switchboard_domain::id::{CandidateId, CompanyId, JobId};
use switchboard_domain::job::Job;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::{App, Committed, Error, Rendered, Write, reach, removal};
pub use crate::store::candidate::CandidateFilter;
use crate::store::{self, Page, PageRequest, Read, Txn};

/// A candidate with the counts that are kept beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The record.
    pub candidate: Candidate,
    /// Interviews of every status.
    pub interview_count: u64,
    /// Analyses of all of them.
    pub analysis_count: u64,
}

/// A job that a request names, and where it names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedJob {
    /// For the problem, such as `jobIds[0]`.
    pub path: String,
    /// The job.
    pub id: JobId,
}

/// Makes a candidate of a company in reach, assigned to the named jobs.
///
/// # Errors
/// A named job is not the company's, or the company is gone.
pub async fn create(
    app: &App,
    company_id: CompanyId,
    draft: CandidateDraft,
    jobs: Vec<NamedJob>,
    write: Write,
    render: impl Fn(&Counted) -> Rendered + Send + 'static,
) -> Result<Rendered, Error> {
    let candidate = new(app, company_id, draft, jobs.iter().map(|job| job.id), write.now);
    let counted = Counted { candidate, interview_count: 0, analysis_count: 0 };
    let work = move |txn: &mut Txn| {
        reach::still_there(txn, company_id)?;
        let mut problems = Problems::default();
        check_jobs(txn, company_id, &jobs, &mut problems)?;
        reach::refuse(problems)?;
        store::insert(txn, &counted.candidate)?;
        Ok(Committed::reply(render(&counted), company_id, Some(counted.candidate.id)))
    };
    Ok(app.commit(&write, work).await?)
}

/// The record of a new candidate; a job named twice is assigned once.
pub(crate) fn new(
    app: &App,
    company_id: CompanyId,
    draft: CandidateDraft,
    jobs: impl Iterator<Item = JobId>,
    now: Timestamp,
) -> Candidate {
    let mut job_ids = Vec::new();
    for id in jobs {
        if !job_ids.contains(&id) {
            job_ids.push(id);
        }
    }
    Candidate {
        id: CandidateId::new(app.ids().uuid()),
        company_id,
        revision: 1,
        body: draft,
        job_ids,
        status: CandidateStatus::Applied,
        overall_rating: None,
        created_at: now,
        updated_at: now,
    }
}

/// Notes each named job that is not the company's, with the same words whether it exists elsewhere or not.
pub(crate) fn check_jobs(
    read: &impl Read,
    company_id: CompanyId,
    jobs: &[NamedJob],
    problems: &mut Problems,
) -> Result<(), store::Error> {
    for named in jobs {
        let job = store::get::<Job>(read, &named.id)?;
        if job.is_none_or(|job| job.company_id != company_id) {
            problems.add(named.path.clone(), Flaw::invalid("is not a job of this company"));
        }
    }
    Ok(())
}

/// One candidate in reach.
///
/// # Errors
/// See [`reach`].
pub fn get(app: &App, caller: &Caller, named: Option<CompanyId>, id: CandidateId) -> Result<Counted, Error> {
    let snapshot = app.snapshot()?;
    let company_id = reach::company_id(&snapshot, caller, named)?;
    let candidate = reach::resource::<Candidate>(&snapshot, caller, company_id, &id)?;
    Ok(count(&snapshot, removal::settled(&snapshot, candidate)?)?)
}

/// Candidates of a company in reach, newest first.
///
/// # Errors
/// The store cannot be read.
pub async fn list(
    app: &App,
    company_id: CompanyId,
    filter: &CandidateFilter,
    page: &PageRequest,
) -> Result<Page<Counted>, Error> {
    let (filter, page) = (filter.clone(), *page);
    // A search looks at each record, which walks as far as two filters do.
    let filters = usize::from(filter.job_id.is_some())
        + usize::from(filter.status.is_some())
        + 2 * usize::from(!filter.search.is_empty());
    app.read_page(&page, filters, move |snapshot| {
        let deleted = store::removal::jobs(snapshot, company_id)?;
        if deleted.iter().any(|(job_id, _)| Some(*job_id) == filter.job_id) {
            return Ok(Page { items: Vec::new(), total: 0, next: None });
        }
        let found = store::candidate::list(snapshot, company_id, &filter, &page)?;
        let items = found.items.into_iter();
        let items = items.map(|candidate| count(snapshot, removal::settle(&deleted, candidate)));
        Ok(Page { items: items.collect::<Result<_, _>>()?, total: found.total, next: found.next })
    })
    .await
}

fn count(read: &impl Read, candidate: Candidate) -> Result<Counted, store::Error> {
    let interview_count = store::candidate::interview_count(read, candidate.id)?;
    let analysis_count = store::analysis::count(read, candidate.id)?;
    Ok(Counted { candidate, interview_count, analysis_count })
}
