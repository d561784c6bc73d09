//! What partners' resources have in common: how one is reached, shown, changed and deleted, and how those that a
//! company has many of are made. What is each noun's own stands in its file.
//!
//! Promised: what a change or a deletion rests on is what its commit finds, not what was looked at before. So of
//! two who have read the same and say so (`If-Match`), one writes. A change that comes to nothing writes nothing:
//! revision and `updatedAt` stay.

use std::fmt::Display;
use std::sync::Arc;

use switchboard_domain::agent::Agent;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::id::{CandidateId, CompanyId};
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::removal::Begun;
use crate::app::{App, Committed, Error, Rendered, Write, reach};
use crate::ids::Series;
use crate::store::{self, Abort, Read, Txn};

/// What a request says of the one resource that it is about.
#[derive(Debug, Clone)]
pub struct Aim<I> {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The company that an ATS key names.
    pub named: Option<CompanyId>,
    /// Which one.
    pub id: I,
}

/// What a change brings into its commit, drawn outside of it.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The request's one moment.
    pub now: Timestamp,
    /// For rows that follow from the change.
    pub ids: Series,
}

/// A record whose changes are counted.
pub trait Revised {
    /// Counts a change.
    fn revise(&mut self, at: Timestamp);
}

macro_rules! revised {
    ($($record:ident),*) => {$(
        impl Revised for $record {
            fn revise(&mut self, at: Timestamp) {
                self.revision += 1;
                self.updated_at = self.updated_at.max(at);
            }
        }
    )*};
}

revised!(Company, Job, Candidate, Agent, Interview);

/// A noun whose single resources partners read, change and delete.
pub trait Resource:
    store::Record<Id: Copy + Display + Send + Sync> + Revised + Clone + PartialEq + Send + Sync + 'static
{
    /// The record, with what is kept beside it and shown with it.
    type Shown: Send + 'static;

    /// What a request wants of it: the result of the merge, checked but for what depends on other records.
    type Change;

    /// The record, if the caller reaches it; as the removals under way will leave it.
    ///
    /// # Errors
    /// See [`reach`].
    fn reach(read: &impl Read, aim: &Aim<Self::Id>) -> Result<Self, Abort<Rejection>>;

    /// The record with what is kept beside it.
    ///
    /// # Errors
    /// The engine fails, or a row cannot be read.
    fn shown(self, read: &impl Read) -> Result<Self::Shown, store::Error>;

    /// Inside the commit: what the change makes of the record. Rows that follow from it are written here, the
    /// record itself is not.
    ///
    /// # Errors
    /// An id that the request names is not the company's; the state does not allow it; the time does not hold.
    fn changed(&self, txn: &mut Txn, change: Self::Change, moment: &Moment)
    -> Result<Self, Abort<Rejection>>;

    /// Inside the commit: deletes the record with what hangs on it.
    ///
    /// # Errors
    /// The engine fails.
    fn remove(&self, txn: &mut Txn, begun: &Begun) -> Result<(), store::Error>;
}

/// A noun that partners make by itself, in a company.
pub trait Made: Resource {
    /// What a request says of a new one.
    type Input: Send + 'static;

    /// The record of a new one.
    fn new(app: &App, company_id: CompanyId, input: &Self::Input, now: Timestamp) -> Self;

    /// Inside the commit: notes each id that the request names and that is not the company's.
    ///
    /// # Errors
    /// The engine fails.
    fn check_named(
        &self,
        read: &impl Read,
        input: &Self::Input,
        problems: &mut Problems,
    ) -> Result<(), store::Error>;

    /// Whom it is about, so that its kept reply goes when they go.
    fn about(&self) -> Option<CandidateId> {
        None
    }
}

/// The record, if the caller reaches it.
///
/// # Errors
/// It is not there, or out of reach.
pub fn look<R: Resource>(app: &App, aim: &Aim<R::Id>) -> Result<R, Error> {
    Ok(R::reach(&app.snapshot()?, aim)?)
}

/// One resource in reach, as it is shown.
///
/// # Errors
/// It is not there, or out of reach.
pub fn get<R: Resource>(app: &App, aim: &Aim<R::Id>) -> Result<R::Shown, Error> {
    let snapshot = app.snapshot()?;
    Ok(R::reach(&snapshot, aim)?.shown(&snapshot)?)
}

/// Makes a resource of a company in reach.
///
/// # Errors
/// An id that the request names is not the company's, or the company is gone.
pub async fn create<R: Made>(
    app: &App,
    company_id: CompanyId,
    input: R::Input,
    write: Write,
    render: impl Fn(&R::Shown) -> Rendered + Send + 'static,
) -> Result<Rendered, Error> {
    let record = R::new(app, company_id, &input, write.now);
    let work = move |txn: &mut Txn| {
        reach::still_there(txn, company_id)?;
        let mut problems = Problems::default();
        record.check_named(txn, &input, &mut problems)?;
        reach::refuse(problems)?;
        store::insert(txn, &record)?;
        let shown = record.clone().shown(txn)?;
        Ok(Committed::reply(render(&shown), company_id, record.about()))
    };
    Ok(app.commit(&write, work).await?)
}

/// Changes a resource in reach. `wish` merges the request into the record, and may be asked again; `is_expected`
/// judges the state on which the sender insists.
///
/// # Errors
/// It is not there, or out of reach; it is not as the sender expects (`PRECONDITION_FAILED`); every problem of
/// the merge; what [`Resource::changed`] says.
pub async fn update<R: Resource>(
    app: &App,
    aim: Aim<R::Id>,
    now: Timestamp,
    is_expected: impl Fn(&R::Shown) -> bool + Send + 'static,
    wish: impl Fn(&R) -> Result<R::Change, Problems> + Send + 'static,
) -> Result<R::Shown, Error> {
    let moment = Moment { now, ids: app.ids().series() };
    let work = move |txn: &mut Txn| {
        let before = expected::<R>(txn, &aim, &is_expected)?;
        let change = wish(&before).map_err(Rejection::Invalid)?;
        let mut after = before.changed(txn, change, &moment)?;
        if after != before {
            after.revise(now);
            store::update(txn, &after)?;
        }
        Ok(after.shown(txn)?)
    };
    Ok(app.store().commit(work).await?)
}

/// Deletes a resource in reach, with what hangs on it.
///
/// # Errors
/// It is not there, or out of reach; it is not as the sender expects (`PRECONDITION_FAILED`).
pub async fn delete<R: Resource>(
    app: &App,
    aim: Aim<R::Id>,
    now: Timestamp,
    is_expected: impl Fn(&R::Shown) -> bool + Send + 'static,
) -> Result<(), Error> {
    let begun = app.begin_removal(now);
    let work = move |txn: &mut Txn| {
        let record = expected::<R>(txn, &aim, &is_expected)?;
        Ok(record.remove(txn, &begun)?)
    };
    Ok(app.store().commit(work).await?)
}

/// The record as the commit finds it, in the state on which the sender insists.
fn expected<R: Resource>(
    txn: &Txn,
    aim: &Aim<R::Id>,
    is_expected: &impl Fn(&R::Shown) -> bool,
) -> Result<R, Abort<Rejection>> {
    let record = R::reach(txn, aim)?;
    if is_expected(&record.clone().shown(txn)?) {
        Ok(record)
    } else {
        Err(Abort::Refused(Rejection::PreconditionFailed))
    }
}
