//! Deletions: the record goes in the commit of its DELETE, and what hangs on it in as many commits as it takes.
//!
//! [`company`], [`candidate`], [`job`], [`agent`] and [`interview`] are called inside that commit. Each removes
//! the record itself, so that it is out of reach for everybody at once, and does as much of the cascade as one
//! commit should. Where something is left, a removal row says so, and the worker goes on, also after a restart.
//! Every step looks for what is still there, so that it can be run again.
//!
//! What can be seen while a removal is under way:
//! - company: nothing. Its resources are 404 because the company is; its keys are no longer in the key ring, from
//!   the [`App::reload_keys`] on that follows the commit.
//! - job: candidates no longer show their assignment. Whoever reads a candidate, to show or to change it, passes
//!   it through [`settled`], which does to this one what the worker will do to all; for no removal, which is the
//!   usual case, that costs one look into an index. So a reader sees the job and its assignments go at the same
//!   moment, in the snapshot that the reader has, and a revision that was shown is the one that is stored later.
//! - candidate, agent: their SCHEDULED interviews are still shown so until the worker has come to them.
//!
//! Never here: a row about a deleted candidate or company that is written after its DELETE and that no removal
//! finds. Events of a cancelled call name no candidate that is gone.

use std::sync::Arc;

use switchboard_domain::agent::Agent;
use switchboard_domain::call_attempt::{CallAttempt, ReasonCode};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::{CompanyId, InterviewId, RemovalId};
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::removal::{Removal, Removed};
use switchboard_domain::time::Timestamp;
use tokio::sync::Notify;

use crate::app::event::Teller;
use crate::app::{App, Error, analysis};
use crate::ids::{Ids, Series};
use crate::store::removal::Budget;
use crate::store::{self, Abort, Read, Store, Txn};

/// Tells the worker that there is something to remove. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<Notify>);

impl Wake {
    /// Waits until a deletion was committed or given up since the last time.
    pub async fn woken(&self) {
        self.0.notified().await;
    }
}

/// What a deletion brings into its commit, drawn outside of it. When it is dropped, which is after the commit,
/// the worker looks for what is left.
#[derive(Debug)]
pub struct Begun {
    id: RemovalId,
    at: Timestamp,
    events: Series,
    wake: Wake,
}

impl Begun {
    /// A deletion at this moment.
    #[must_use]
    pub fn new(ids: &Ids, wake: &Wake, at: Timestamp) -> Self {
        Self { id: RemovalId::new(ids.uuid()), at, events: ids.series(), wake: wake.clone() }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.wake.0.notify_one();
    }
}

impl App {
    /// A deletion at this moment; move it into the commit's closure.
    #[must_use]
    pub fn begin_removal(&self, at: Timestamp) -> Begun {
        Begun::new(self.ids(), self.removals(), at)
    }
}

/// Deletes a company and all that belongs to it. After the commit, and before the answer, call
/// [`App::reload_keys`]: from then on its keys are refused.
///
/// # Errors
/// The engine fails.
pub fn company(txn: &mut Txn, company: &Company, begun: &Begun) -> Result<(), store::Error> {
    store::delete::<Company>(txn, &company.id)?;
    begin(txn, company.id, Removed::Company, begun)
}

/// Deletes a candidate and what was kept about them. Their interviews stay without what was noted about the
/// person, and those that have not begun are cancelled (contract §4).
///
/// # Errors
/// The engine fails.
pub fn candidate(txn: &mut Txn, candidate: &Candidate, begun: &Begun) -> Result<(), store::Error> {
    store::delete::<Candidate>(txn, &candidate.id)?;
    begin(txn, candidate.company_id, Removed::Candidate(candidate.id), begun)
}

/// Deletes a job and the assignments to it; interviews keep its id (contract §3).
///
/// # Errors
/// The engine fails.
pub fn job(txn: &mut Txn, job: &Job, begun: &Begun) -> Result<(), store::Error> {
    store::delete::<Job>(txn, &job.id)?;
    begin(txn, job.company_id, Removed::Job(job.id), begun)
}

/// Deletes an agent and cancels its interviews that have not begun (contract §5).
///
/// # Errors
/// The engine fails.
pub fn agent(txn: &mut Txn, agent: &Agent, begun: &Begun) -> Result<(), store::Error> {
    store::delete::<Agent>(txn, &agent.id)?;
    begin(txn, agent.company_id, Removed::Agent(agent.id), begun)
}

/// Deletes an interview with its call attempts; calls that have not begun are cancelled (contract §6).
///
/// # Errors
/// The engine fails.
pub fn interview(txn: &mut Txn, interview: &Interview, begun: &Begun) -> Result<(), store::Error> {
    let mut events = begun.events.clone();
    if let Some(company) = store::get::<Company>(txn, &interview.company_id)? {
        let mut calls = Calls { teller: Teller::new(company.ats_id, begun.at, &mut events) };
        for mut attempt in store::interview::attempts(txn, interview.id)? {
            if attempt.cancel(ReasonCode::CancelledByRequest) {
                calls.tell(txn, interview, &attempt)?;
            }
        }
    }
    store::delete::<Interview>(txn, &interview.id)?;
    begin(txn, interview.company_id, Removed::Interview(interview.id), begun)?;
    // Its analysis went with that first step.
    analysis::rate(txn, interview.candidate_id, begun.at)
}

/// A candidate as the removals under way will leave it. Pass every candidate through it that is shown or changed.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn settled(read: &impl Read, candidate: Candidate) -> Result<Candidate, store::Error> {
    Ok(settle(&store::removal::jobs(read, candidate.company_id)?, candidate))
}

/// As [`settled`], where the deleted jobs of the company are known.
pub(crate) fn settle(
    deleted: &[(switchboard_domain::id::JobId, Timestamp)],
    mut candidate: Candidate,
) -> Candidate {
    for (job_id, at) in deleted {
        candidate.unassign(*job_id, *at);
    }
    candidate
}

/// The first step, in the commit of the deletion itself.
fn begin(txn: &mut Txn, company_id: CompanyId, removed: Removed, begun: &Begun) -> Result<(), store::Error> {
    let mut removal = Removal { id: begun.id, at: begun.at, company_id, removed, walked_to: None };
    if advance(txn, &mut removal, &mut begun.events.clone())? {
        return Ok(());
    }
    store::insert(txn, &removal)
}

/// Goes on with the oldest removal behind `after`, or the oldest of all, by one commit; which one it was. None
/// when there is none.
///
/// # Errors
/// The store cannot be read or written.
pub async fn step(store: &Store, ids: &Ids, after: Option<RemovalId>) -> Result<Option<RemovalId>, Error> {
    let Some(removal) = store::removal::next(&store.snapshot()?, after)? else { return Ok(None) };
    let (id, series) = (removal.id, ids.series());
    let work = move |txn: &mut Txn| {
        let Some(mut removal) = store::get::<Removal>(txn, &id)? else { return Ok(()) };
        if advance(txn, &mut removal, &mut series.clone())? {
            store::delete::<Removal>(txn, &id)?;
        } else {
            store::update(txn, &removal)?;
        }
        Ok::<_, Abort<Error>>(())
    };
    store.commit(work).await?;
    Ok(Some(id))
}

/// How many deletions have something left.
///
/// # Errors
/// The store cannot be read.
pub fn under_way(app: &App) -> Result<u64, Error> {
    Ok(store::removal::count(&app.snapshot()?)?)
}

/// Removes as much as one commit should; says whether nothing is left.
fn advance(txn: &mut Txn, removal: &mut Removal, events: &mut Series) -> Result<bool, store::Error> {
    let mut budget = Budget::default();
    let company_id = removal.company_id;
    // Where the company is gone, its own removal sees to the rest.
    let company = match removal.removed {
        Removed::Company => None,
        _ => store::get::<Company>(txn, &company_id)?,
    };
    let calls = company.map(|company| Calls { teller: Teller::new(company.ats_id, removal.at, events) });
    match (removal.removed, calls) {
        (Removed::Company, _) => store::removal::clear_company(txn, company_id, &mut budget),
        (Removed::Candidate(id), calls) => {
            if !store::removal::clear_candidate(txn, id, &mut budget)? {
                return Ok(false);
            }
            let Some(mut calls) = calls else { return Ok(true) };
            walk(
                txn,
                removal,
                &mut budget,
                |txn, after| store::removal::interviews_of(txn, id, after),
                |txn, interview| calls.forget(txn, interview),
            )
        }
        (Removed::Interview(id), _) => store::removal::clear_interview(txn, id, &mut budget),
        (Removed::Job(_) | Removed::Agent(_), None) => Ok(true),
        (Removed::Job(id), Some(_)) => store::removal::unassign(txn, company_id, id, removal.at, &mut budget),
        (Removed::Agent(id), Some(mut calls)) => walk(
            txn,
            removal,
            &mut budget,
            |txn, after| store::removal::interviews_by(txn, company_id, id, after),
            |txn, interview| calls.cancel(txn, interview),
        ),
    }
}

/// Sees to the interviews of a list that stays, oldest first, as far as the budget goes; says whether that is the
/// end. Nobody adds to the list: what it belongs to is deleted.
fn walk(
    txn: &mut Txn,
    removal: &mut Removal,
    budget: &mut Budget,
    next: impl Fn(&Txn, Option<InterviewId>) -> Result<Vec<InterviewId>, store::Error>,
    mut act: impl FnMut(&mut Txn, Interview) -> Result<(), store::Error>,
) -> Result<bool, store::Error> {
    loop {
        let some = next(txn, removal.walked_to)?;
        if some.is_empty() {
            return Ok(true);
        }
        for id in some {
            if !budget.takes(txn) {
                return Ok(false);
            }
            if let Some(interview) = store::get::<Interview>(txn, &id)? {
                act(txn, interview)?;
            }
            removal.walked_to = Some(id);
        }
    }
}

/// What cancelling calls needs to know.
struct Calls<'a> {
    teller: Teller<'a>,
}

impl Calls<'_> {
    /// Cancels an interview that has not begun, and its calls.
    fn cancel(&mut self, txn: &mut Txn, mut interview: Interview) -> Result<(), store::Error> {
        if !interview.cancel(self.teller.at()) {
            return Ok(());
        }
        for mut attempt in store::interview::attempts(txn, interview.id)? {
            if attempt.cancel(ReasonCode::CancelledByRequest) {
                store::update(txn, &attempt)?;
                self.tell(txn, &interview, &attempt)?;
            }
        }
        store::update(txn, &interview)
    }

    /// As [`Calls::cancel`], and forgets what was noted and recorded about a candidate who is gone.
    fn forget(&mut self, txn: &mut Txn, mut interview: Interview) -> Result<(), store::Error> {
        for mut attempt in store::interview::attempts(txn, interview.id)? {
            let is_cancelled = attempt.cancel(ReasonCode::CancelledByRequest);
            if attempt.forget_person() || is_cancelled {
                store::update(txn, &attempt)?;
            }
            if is_cancelled {
                self.tell(txn, &interview, &attempt)?;
            }
        }
        store::removal::clear_decisions(txn, &interview)?;
        let at = self.teller.at();
        if interview.cancel(at) | interview.forget_person(at) {
            store::update(txn, &interview)?;
        }
        Ok(())
    }

    fn tell(
        &mut self,
        txn: &mut Txn,
        interview: &Interview,
        attempt: &CallAttempt,
    ) -> Result<(), store::Error> {
        let kind =
            EventKind::CallAttemptCancelled { interview_id: interview.id, call_attempt_id: attempt.id };
        self.teller.tell(txn, interview, kind)
    }
}

/// Cancels an interview that has not begun, and its calls, because its candidate or agent is gone: what the worker
/// would do when it comes to it.
pub(crate) fn cancel_interview(
    txn: &mut Txn,
    interview: Interview,
    teller: Teller<'_>,
) -> Result<(), store::Error> {
    Calls { teller }.cancel(txn, interview)
}
