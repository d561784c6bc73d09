//! How a release comes into its slot, all at once or a little at a time, and what takes it out again by itself. Each
//! step is one commit with its entry in the audit, then a reload of the fleet.

use std::time::Duration;

use switchboard_domain::audit::{self, Action, AuditEntry};
use switchboard_domain::decision::Slot;
use switchboard_domain::id::ReleaseId;
use switchboard_domain::release::{Release, SlotState};
use switchboard_domain::rollout::{RollbackBounds, Rollout, RolloutEnd, SlotRollouts, Stage};
use switchboard_domain::time::Timestamp;

use crate::app::backtest::{self, Demand};
use crate::app::release::{SlotView, active_in, show_slot, still_there};
use crate::app::{App, Error, release};
use crate::policy::ShadowCall;
use crate::store::{self, Abort, Txn};

/// Nobody waits longer than a quarter of a year for a release to prove itself.
pub const PROMOTE_AFTER_SECONDS_MAX: u64 = 90 * 86_400;

/// How a release is to come into its slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Activation {
    /// How far at first.
    pub stage: Stage,
    /// Of a canary: companies in a hundred.
    pub percent: u32,
    /// A backtest before it that must not change too much.
    pub demand: Option<Demand>,
    /// Becomes the active one by itself after so long.
    pub promote_after_seconds: Option<u64>,
    /// When it is taken back by itself.
    pub bounds: RollbackBounds,
}

impl Default for Activation {
    /// At once, and not watched.
    fn default() -> Self {
        Self {
            stage: Stage::Full,
            percent: 100,
            demand: None,
            promote_after_seconds: None,
            bounds: RollbackBounds::default(),
        }
    }
}

impl Activation {
    fn check(&self) -> Result<(), Error> {
        let refused = |sentence: &str| Err(Error::Refused(sentence.to_owned()));
        match self.stage {
            Stage::Full if self.promote_after_seconds.is_some() => {
                refused("only a shadow or a canary can be promoted: this release would be active at once")
            }
            Stage::Full | Stage::Canary if self.bounds.changed_percent.is_some() => refused(
                "answers are compared of a shadow only: leave the bound on changes out, or say shadow",
            ),
            Stage::Full | Stage::Canary | Stage::Shadow => Ok(()),
        }
    }

    fn rollout(&self, release_id: ReleaseId, now: Timestamp) -> Rollout {
        Rollout {
            release_id,
            stage: self.stage,
            percent: match self.stage {
                Stage::Shadow => 0,
                Stage::Canary => self.percent,
                Stage::Full => 100,
            },
            begun_at: now,
            promote_after_seconds: self.promote_after_seconds,
            bounds: self.bounds,
        }
    }

    const fn action(&self) -> Action {
        match self.stage {
            Stage::Shadow => Action::ReleaseShadow,
            Stage::Canary => Action::ReleaseCanary,
            Stage::Full => Action::ReleaseActivate,
        }
    }
}

/// Lets a release into its slot. The active one again changes nothing and succeeds.
///
/// # Errors
/// It is not there, it is active and shall be tried, or the backtest that is demanded changes too much.
pub async fn activate(app: &App, id: ReleaseId, how: Activation, actor: &str) -> Result<SlotView, Error> {
    how.check()?;
    if let Some(demand) = how.demand {
        backtest::demand(app, id, demand).await?;
    }
    let now = app.now();
    let entry = app.audit_entry(actor, how.action(), Vec::new());
    let work = move |txn: &mut Txn| {
        let release = existing(txn, id)?;
        match how.stage {
            Stage::Full => {
                let is_watched = !how.bounds.is_empty();
                let rollout = is_watched.then(|| how.rollout(id, now));
                if !take_over(txn, &release, rollout, now)? {
                    return Ok(release.slot);
                }
            }
            Stage::Shadow | Stage::Canary => {
                if active_in(txn, release.slot)? == Some(id) {
                    let sentence = format!("{id} is active in {} already", release.slot);
                    return Err(Abort::Refused(Error::Refused(sentence)));
                }
                let mut rollouts = store::rollout::of(txn, release.slot)?;
                rollouts.begin(how.rollout(id, now));
                store::rollout::put(txn, &rollouts)?;
            }
        }
        note(txn, &entry, release.slot, id)?;
        Ok(release.slot)
    };
    let slot = app.store().commit(work).await?;
    app.reload_fleet().await?;
    show_slot(app, slot)
}

/// Makes a shadow or a canary the active release. What bounded it goes on to be watched.
///
/// # Errors
/// It is neither.
pub async fn promote(app: &App, id: ReleaseId, actor: &str) -> Result<SlotView, Error> {
    let slot = step(app, id, actor, Action::ReleasePromote, promoted).await?;
    show_slot(app, slot)
}

/// Ends a shadow or a canary.
///
/// # Errors
/// It is neither.
pub async fn abort(app: &App, id: ReleaseId, actor: &str) -> Result<SlotView, Error> {
    let slot = step(app, id, actor, Action::ReleaseAbort, |txn, release, rollout, now| {
        end(txn, release.slot, rollout, RolloutEnd::Aborted, None, now)
    });
    show_slot(app, slot.await?)
}

/// One step of a release that is on its way.
async fn step(
    app: &App,
    id: ReleaseId,
    actor: &str,
    action: Action,
    does: impl Fn(&mut Txn, &Release, &Rollout, Timestamp) -> Result<(), Abort<Error>> + Send + 'static,
) -> Result<Slot, Error> {
    let now = app.now();
    let entry = app.audit_entry(actor, action, Vec::new());
    let work = move |txn: &mut Txn| {
        let release = existing(txn, id)?;
        let rollouts = store::rollout::of(txn, release.slot)?;
        let rollout = rollouts.of(id).filter(|rollout| rollout.stage != Stage::Full).cloned();
        let rollout = rollout.ok_or_else(|| {
            let sentence = format!("{id} is neither a shadow nor a canary of {}", release.slot);
            Abort::Refused(Error::Refused(sentence))
        })?;
        does(txn, &release, &rollout, now)?;
        note(txn, &entry, release.slot, id)?;
        Ok(release.slot)
    };
    let slot = app.store().commit(work).await?;
    app.reload_fleet().await?;
    Ok(slot)
}

fn promoted(txn: &mut Txn, release: &Release, rollout: &Rollout, now: Timestamp) -> Result<(), Abort<Error>> {
    // A shadow's answers are no longer beside others.
    let bounds = RollbackBounds { changed_percent: None, ..rollout.bounds };
    let watched = Activation { bounds, ..Activation::default() };
    let watched = (!bounds.is_empty()).then(|| watched.rollout(release.id, now));
    take_over(txn, release, watched, now).map(drop)
}

/// Inside a commit: the release becomes the active one, watched or not. Says whether anything changed.
fn take_over(
    txn: &mut Txn,
    release: &Release,
    watched: Option<Rollout>,
    now: Timestamp,
) -> Result<bool, Abort<Error>> {
    let Release { id, slot, .. } = *release;
    let is_new = match store::get::<SlotState>(txn, &slot)? {
        Some(mut state) => {
            let is_new = state.activate(id, now);
            if is_new {
                store::update(txn, &state)?;
            }
            is_new
        }
        None => {
            let before = active_in(txn, slot)?;
            store::insert(txn, &SlotState::first(slot, id, before, now))?;
            true
        }
    };
    let mut rollouts = store::rollout::of(txn, slot)?;
    let before = rollouts.revision;
    if rollouts.of(id).is_some_and(|rollout| rollout.stage != Stage::Full) {
        rollouts.end(id, RolloutEnd::Promoted, None, now);
    }
    if is_new {
        rollouts.stop_watching(RolloutEnd::Replaced, now);
    }
    if let Some(watched) = watched {
        rollouts.begin(watched);
    }
    let has_moved = rollouts.revision != before;
    if has_moved {
        store::rollout::put(txn, &rollouts)?;
    }
    Ok(is_new || has_moved)
}

fn end(
    txn: &mut Txn,
    slot: Slot,
    rollout: &Rollout,
    how: RolloutEnd,
    reason: Option<String>,
    now: Timestamp,
) -> Result<(), Abort<Error>> {
    let mut rollouts = store::rollout::of(txn, slot)?;
    rollouts.end(rollout.release_id, how, reason, now);
    Ok(store::rollout::put(txn, &rollouts)?)
}

fn existing(txn: &mut Txn, id: ReleaseId) -> Result<Release, Abort<Error>> {
    let release = store::get::<Release>(txn, &id)?.ok_or_else(|| Abort::Refused(release::not_found(id)))?;
    still_there(txn, release.slot)?;
    Ok(release)
}

fn note(txn: &mut Txn, entry: &AuditEntry, slot: Slot, id: ReleaseId) -> Result<(), Abort<Error>> {
    let subjects = vec![slot.to_string(), id.to_string()];
    Ok(store::insert(txn, &AuditEntry { subjects, ..entry.clone() })?)
}

/// Looks at every rollout: takes back what crossed a bound, promotes what has been well for long enough. Gives the
/// moment of the next promotion, if there is one.
///
/// # Errors
/// The store cannot be read or written.
pub async fn judge(app: &App) -> Result<Option<Timestamp>, Error> {
    let now = app.now();
    let mut next: Option<Timestamp> = None;
    for SlotRollouts { slot, under_way, .. } in store::rollout::all(&app.snapshot()?)? {
        for rollout in under_way {
            let Some(health) = app.fleet().health(slot, &rollout) else { continue };
            if let Some(reason) = rollout.bounds.crossed(&health) {
                take_back(app, slot, rollout, reason).await?;
                continue;
            }
            match rollout.promotes_at() {
                // Who was asked nothing has proved nothing: the next call is waited for.
                Some(at) if at <= now && health.failed < health.calls => {
                    tracing::info!(event = "rollout.promoted", %slot, release = %rollout.release_id);
                    step(app, rollout.release_id, audit::SELF, Action::ReleasePromote, promoted).await?;
                }
                Some(at) if now < at => next = Some(next.map_or(at, |next| next.min(at))),
                Some(_) | None => {}
            }
        }
    }
    Ok(next)
}

/// Ends a rollout that crossed a bound; of the active release, the slot goes back.
async fn take_back(app: &App, slot: Slot, rollout: Rollout, reason: String) -> Result<(), Error> {
    let now = app.now();
    tracing::warn!(
        event = "rollout.rolled-back",
        %slot,
        release = %rollout.release_id,
        stage = rollout.stage.as_str(),
        reason
    );
    let entry = app.audit_entry(audit::SELF, Action::ReleaseRollback, Vec::new());
    let work = move |txn: &mut Txn| {
        // An operator may have been faster.
        if store::rollout::of(txn, slot)?.of(rollout.release_id) != Some(&rollout) {
            return Ok(());
        }
        if rollout.stage == Stage::Full
            && let Some(mut state) = store::get::<SlotState>(txn, &slot)?
            && state.active == rollout.release_id
            // Where nothing was before there is nowhere to go; the failure ladder answers.
            && state.rollback(None, now).is_ok()
        {
            store::update(txn, &state)?;
        }
        end(txn, slot, &rollout, RolloutEnd::RolledBack, Some(reason.clone()), now)?;
        note(txn, &entry, slot, rollout.release_id)
    };
    app.store().commit(work).await?;
    app.reload_fleet().await
}

/// Calls of shadows, for the worker that makes them.
#[derive(Debug)]
pub struct ShadowCalls(Option<tokio::sync::mpsc::Receiver<ShadowCall>>);

impl ShadowCalls {
    /// The one list of them; empty for whoever comes second.
    #[must_use]
    pub fn of(app: &App) -> Self {
        Self(app.fleet().take_shadow_calls())
    }

    /// The next one, whenever it comes.
    pub async fn next(&mut self) -> ShadowCall {
        let Some(calls) = &mut self.0 else { return std::future::pending().await };
        match calls.recv().await {
            Some(call) => call,
            None => std::future::pending().await,
        }
    }
}

/// How long a bound may be crossed before it is looked at: short against the two seconds that are promised, long
/// against a call.
pub const LOOK_EVERY: Duration = Duration::from_millis(100);
