//! Candidates of a company and their assignments.

use switchboard_domain::candidate::{
    Candidate, CandidateChange, CandidateDraft, CandidateInput, CandidateStatus, each_once,
};
use switchboard_domain::id::{CandidateId, CompanyId, JobId};
use switchboard_domain::job::Job;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::removal::Begun;
use crate::app::resource::{Aim, Made, Moment, Resource};
use crate::app::walk::Whose;
use crate::app::{App, Error, reach, removal};
pub use crate::store::candidate::CandidateFilter;
use crate::store::{self, Abort, Page, PageRequest, Read, Snapshot, Txn, Walk};

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

impl Resource for Candidate {
    type Shown = Counted;
    type Change = CandidateChange;

    fn reach(read: &impl Read, aim: &Aim<CandidateId>) -> Result<Self, Abort<Rejection>> {
        Ok(removal::settled(read, reach::aimed(read, aim)?)?)
    }

    fn shown(self, read: &impl Read) -> Result<Counted, store::Error> {
        count(read, self)
    }

    fn changed(
        &self,
        txn: &mut Txn,
        change: CandidateChange,
        _moment: &Moment,
    ) -> Result<Self, Abort<Rejection>> {
        let mut after = Self { body: change.body, status: change.status, ..self.clone() };
        if let Some(named) = change.named_jobs {
            let mut problems = Problems::default();
            check_jobs(txn, self.company_id, &named, &mut problems)?;
            reach::refuse(problems)?;
            after.job_ids = each_once(named.into_iter().map(|(_, id)| id));
        }
        Ok(after)
    }

    fn remove(&self, txn: &mut Txn, begun: &Begun) -> Result<(), store::Error> {
        removal::candidate(txn, self, begun)
    }
}

impl Made for Candidate {
    type Input = CandidateInput;

    fn new(app: &App, company_id: CompanyId, input: &CandidateInput, now: Timestamp) -> Self {
        let jobs = input.named_jobs().into_iter().map(|(_, id)| id);
        new(app, company_id, input.draft.clone(), jobs, now)
    }

    fn check_named(
        &self,
        read: &impl Read,
        input: &CandidateInput,
        problems: &mut Problems,
    ) -> Result<(), store::Error> {
        check_jobs(read, self.company_id, &input.named_jobs(), problems)
    }

    fn about(&self) -> Option<CandidateId> {
        Some(self.id)
    }
}

/// The record of a new candidate; a job named twice is assigned once.
pub(crate) fn new(
    app: &App,
    company_id: CompanyId,
    draft: CandidateDraft,
    jobs: impl Iterator<Item = JobId>,
    now: Timestamp,
) -> Candidate {
    Candidate {
        id: CandidateId::new(app.ids().uuid()),
        company_id,
        revision: 1,
        body: draft,
        job_ids: each_once(jobs),
        status: CandidateStatus::Applied,
        overall_rating: None,
        created_at: now,
        updated_at: now,
    }
}

/// Notes each named job that is not the company's at its path, with the same words whether it exists elsewhere
/// or not.
pub(crate) fn check_jobs(
    read: &impl Read,
    company_id: CompanyId,
    named: &[(String, JobId)],
    problems: &mut Problems,
) -> Result<(), store::Error> {
    for (path, id) in named {
        let job = store::get::<Job>(read, id)?;
        if job.is_none_or(|job| job.company_id != company_id) {
            problems.add(path.as_str(), Flaw::invalid("is not a job of this company"));
        }
    }
    Ok(())
}

/// Candidates of a company in reach, newest first.
///
/// # Errors
/// The store cannot be read, or too much waits to be walked for.
pub async fn list(
    app: &App,
    company_id: CompanyId,
    filter: &CandidateFilter,
    page: &PageRequest,
) -> Result<Page<Counted>, Error> {
    let walk = |snapshot: &Snapshot| {
        // Nobody is assigned to a job that is gone, whatever still stands in its list.
        let deleted = store::removal::jobs(snapshot, company_id)?;
        if deleted.iter().any(|(job_id, _)| Some(*job_id) == filter.job_id) {
            return Ok(Walk::nowhere());
        }
        Ok(store::candidate::walk(company_id, filter, page))
    };
    let show = |snapshot: &Snapshot, page: Page<Candidate>| {
        let deleted = store::removal::jobs(snapshot, company_id)?;
        page.try_map(|candidate| count(snapshot, removal::settle(&deleted, candidate)))
    };
    app.read_page(Whose::Company(company_id), walk, show).await
}

fn count(read: &impl Read, candidate: Candidate) -> Result<Counted, store::Error> {
    let interview_count = store::candidate::interview_count(read, candidate.id)?;
    let analysis_count = store::analysis::count(read, candidate.id)?;
    Ok(Counted { candidate, interview_count, analysis_count })
}
