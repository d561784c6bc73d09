//! Decisions: asked for, recorded; listed, shown, replayed.

mod ask;
mod retention;

use std::sync::Arc;

use switchboard_domain::decision::{Asked, AskedOutcome, Decision, FailureKind};
use switchboard_domain::id::{CompanyId, DecisionId};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::Release;
use switchboard_domain::time::Timestamp;

pub use self::ask::{ASKED_MAX, Ending, Question, Said, ask, deadline, line, record, refuse};
pub use self::retention::{Retention, retain};
use crate::app::resource::Aim;
use crate::app::{App, Error, plugin, reach, release};
use crate::policy::Runtime;
use crate::store::decision::DecisionFilter;
pub use crate::store::fuel_model::FuelModels;
use crate::store::{self, Abort, Txn};

/// What an operator looks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// `ATS/POLICY`, or `default/POLICY`: those of every ATS that has no release of its own.
    pub slot: Option<String>,
    /// Of this company.
    pub company_id: Option<CompanyId>,
    /// Made from then on.
    pub since: Option<Timestamp>,
    /// Only where a release failed.
    pub failed: bool,
    /// Only older than this one.
    pub before: Option<DecisionId>,
}

/// A decision taken once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Whether outcome and fuel are those that were recorded. For another build, or under another fuel model: whether the
    /// answer is.
    pub same: bool,
    /// What came back now.
    pub outcome: AskedOutcome,
    /// What it used now.
    pub fuel_used: u64,
    /// What the guest said now.
    pub log: Vec<String>,
    /// What was recorded.
    pub recorded: Asked,
    /// Whether the recorded outcome can be had again at all: a timeout cannot.
    pub is_reproducible: bool,
    /// What fuel was counted under then; absent where nobody knows any more.
    pub fuel_model_recorded: Option<String>,
    /// What fuel is counted under now.
    pub fuel_model_running: &'static str,
}

/// Decisions, newest first.
///
/// # Errors
/// The slot is unknown.
pub fn list(app: &App, wanted: &Wanted, limit: usize) -> Result<Vec<Decision>, Error> {
    let snapshot = app.snapshot()?;
    let slots = match wanted.slot.as_deref() {
        Some(slot) => {
            let slot = release::find_slot(&snapshot, slot)?;
            Some(store::slot::answered_by(&snapshot, slot)?)
        }
        None => None,
    };
    let filter = DecisionFilter {
        slots: slots.as_deref(),
        company_id: wanted.company_id,
        since: wanted.since,
        failed: wanted.failed,
        before: wanted.before,
    };
    Ok(store::decision::list(&snapshot, &filter, limit)?)
}

/// One decision.
///
/// # Errors
/// It is not there.
pub fn show(app: &App, id: DecisionId) -> Result<Decision, Error> {
    let decision = store::get::<Decision>(&app.snapshot()?, &id)?;
    decision.ok_or_else(|| Rejection::not_found("Decision", id).into())
}

/// A decision as its partner is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What was recorded.
    pub decision: Decision,
    /// Whose rule decided, or was to decide: absent where nothing ran in the slot.
    pub release: Option<Release>,
    /// Whether what its release was granted to see is gone from the facts.
    pub is_redacted: bool,
}

/// A decision about a company in reach.
///
/// # Errors
/// It is not there, or out of reach.
pub fn told(app: &App, aim: &Aim<DecisionId>) -> Result<Told, Error> {
    let snapshot = app.snapshot()?;
    let decision = reach::aimed::<Decision>(&snapshot, aim)?;
    let by = decision.answered_by.or_else(|| decision.asked.first().map(|asked| asked.release_id));
    let release = match by {
        Some(id) => store::get::<Release>(&snapshot, &id)?,
        None => None,
    };
    let is_redacted = store::decision::redacted_to(&snapshot)?.is_some_and(|last| decision.id <= last);
    Ok(Told { decision, release, is_redacted })
}

/// The newest decision that is redacted, and with it all older ones.
///
/// # Errors
/// The store cannot be read.
pub fn redacted_to(app: &App) -> Result<Option<DecisionId>, Error> {
    Ok(store::decision::redacted_to(&app.snapshot()?)?)
}

/// The fuel models that decisions were recorded under.
///
/// # Errors
/// The store cannot be read.
pub fn fuel_models(app: &App) -> Result<FuelModels, Error> {
    Ok(FuelModels::read(&app.snapshot()?)?)
}

/// Notes the fuel model of this program where it is another one than the last: decisions are recorded under it from now
/// on. For a start, before anything is decided.
///
/// # Errors
/// The store cannot be read or written.
pub async fn note_fuel_model(app: &App) -> Result<(), Error> {
    let running = Runtime::fuel_model();
    if fuel_models(app)?.newest() == Some(running) {
        return Ok(());
    }
    let from = DecisionId::new(app.ids().uuid());
    let work = move |txn: &mut Txn| Ok::<_, Abort<Error>>(store::fuel_model::put(txn, from, running)?);
    Ok(app.store().commit(work).await?)
}

/// Takes a decision once more: by the release that was asked first, or by another build of its plugin.
///
/// # Errors
/// It is not there, or the component cannot be run.
pub async fn replay(app: &App, id: DecisionId, other_build: Option<Arc<[u8]>>) -> Result<Replay, Error> {
    let decision = show(app, id)?;
    let recorded = decision.asked.first().cloned();
    let recorded = recorded.ok_or_else(|| Error::Refused(format!("decision {id} asked no release")))?;
    let snapshot = app.snapshot()?;
    let release = store::get::<Release>(&snapshot, &recorded.release_id)?
        .ok_or_else(|| Rejection::not_found("Release", recorded.release_id))?;
    let is_redacted = store::decision::redacted_to(&snapshot)?.is_some_and(|last| id <= last);
    let fuel_model_recorded = FuelModels::read(&snapshot)?.of(id).map(str::to_owned);
    let fuel_model_running = Runtime::fuel_model();
    let is_other_model = fuel_model_recorded.as_deref() != Some(fuel_model_running);
    let is_other_build = other_build.is_some();
    let bytes = match other_build {
        Some(bytes) => bytes,
        None => plugin::artifact(&snapshot, release.digest)?,
    };
    drop(snapshot);
    let replayed = app.fleet().runtime().replay(&release, bytes, &decision.facts).await?;
    let same_outcome = match (&replayed.outcome, &recorded.outcome) {
        (AskedOutcome::Answered(now), AskedOutcome::Answered(then)) => now == then,
        // A trap replays its kind; its text may name other addresses.
        (AskedOutcome::Failed(now, _), AskedOutcome::Failed(then, _)) => now == then,
        _ => false,
    };
    // Where a trap falls is the guest's business; what runs to an end, or to the end of its fuel, is counted.
    let is_counted = match &recorded.outcome {
        AskedOutcome::Answered(_) => true,
        AskedOutcome::Failed(kind, _) => *kind == FailureKind::OutOfFuel,
    };
    let same_fuel =
        is_other_build || is_other_model || !is_counted || replayed.fuel_used == recorded.fuel_used;
    Ok(Replay {
        same: same_outcome && same_fuel,
        outcome: replayed.outcome,
        fuel_used: replayed.fuel_used,
        log: replayed.log,
        // What a grant showed it is there no more; and where its fuel ended depends on how that is counted.
        is_reproducible: is_reproducible(&recorded.outcome)
            && (!is_redacted || release.grants.is_empty())
            && (!is_other_model
                || !matches!(recorded.outcome, AskedOutcome::Failed(FailureKind::OutOfFuel, _))),
        recorded,
        fuel_model_recorded,
        fuel_model_running,
    })
}

fn is_reproducible(outcome: &AskedOutcome) -> bool {
    match outcome {
        AskedOutcome::Answered(_) => true,
        AskedOutcome::Failed(kind, _) => match kind {
            FailureKind::Trap
            | FailureKind::OutOfFuel
            | FailureKind::OutOfMemory
            | FailureKind::StackOverflow
            | FailureKind::BadAnswer
            | FailureKind::OutputTooLarge
            | FailureKind::InputTooLarge => true,
            FailureKind::Timeout
            | FailureKind::TooBusy
            | FailureKind::Unavailable
            | FailureKind::BreakerOpen => false,
        },
    }
}
