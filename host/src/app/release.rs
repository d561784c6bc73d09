//! Releases and slots: made, activated, taken back. An activation is one small write, then the same reload of
//! the fleet that another node would run.

use std::sync::Arc;

use switchboard_domain::ats::Ats;
use switchboard_domain::audit::{Action, AuditEntry, SELF};
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::{AtsId, ReleaseId};
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::{
    Limits, OnFailure, PluginVersion, Release, SlotState, WantedLimits, Wasi, check_grants, check_settings,
};
use switchboard_domain::rollout::{RolloutEnd, SlotRollouts, Stage};

use crate::app::{App, Error, held, plugin};
use crate::policy;
pub use crate::policy::{BreakerState, DURATION_BOUNDS_MICROS, ReleaseStats, Standing};
use crate::store::{self, Abort, Read, Txn};

/// The embedded component with the built-in rules.
static STANDARD_WASM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"));

/// What an operator says of a new release. Absent values have their defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRelease {
    /// `ATS/POLICY` or `default/POLICY`.
    pub slot: String,
    /// `NAME` or `NAME@VERSION`.
    pub plugin: String,
    /// JSON text.
    pub settings: Option<String>,
    /// What happens when it cannot answer.
    pub on_failure: Option<OnFailure>,
    /// What one call may use.
    pub limits: WantedLimits,
    /// Whether WASI is there.
    pub wasi: Option<Wasi>,
    /// Fields beyond ids.
    pub grants: Vec<String>,
    /// Why.
    pub comment: Option<String>,
    /// Who.
    pub author: Option<String>,
}

/// A slot and what it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotView {
    /// The slot.
    pub slot: Slot,
    /// Its own state; absent while it runs the default slot's release.
    pub state: Option<SlotState>,
    /// What answers, be it its own or the default slot's.
    pub active: Option<Release>,
    /// What is on its way into it, and what was.
    pub rollouts: SlotRollouts,
    /// The releases of those under way, in their order.
    pub rolling: Vec<Release>,
    /// Whether only the standard release answers.
    pub is_safe: bool,
    /// Effects that wait for a decision.
    pub held: u64,
}

/// Finds the slot that `ATS/POLICY` names; the ATS by id, or by name where that is unique.
///
/// # Errors
/// No such ATS or policy, or several ATSs of that name.
pub fn find_slot(read: &impl Read, text: &str) -> Result<Slot, Error> {
    let flaw = |message: String| Error::from(Rejection::field("slot", Flaw::invalid(message)));
    let (ats, policy) =
        text.rsplit_once('/').ok_or_else(|| flaw("must be ATS/POLICY or default/POLICY".to_owned()))?;
    let names = PolicyName::ALL.map(PolicyName::as_str).join(", ");
    let policy = PolicyName::parse(policy)
        .ok_or_else(|| flaw(format!("has the unknown policy `{policy}`; there are {names}")))?;
    if ats == "default" {
        return Ok(Slot { ats_id: None, policy });
    }
    if let Ok(id) = ats.parse::<AtsId>()
        && store::get::<Ats>(read, &id)?.is_some()
    {
        return Ok(Slot { ats_id: Some(id), policy });
    }
    match store::ats::named(read, ats)?.as_slice() {
        [only] => Ok(Slot { ats_id: Some(only.id), policy }),
        [] => Err(flaw(format!("has the unknown ATS `{ats}`"))),
        several => Err(flaw(format!("names {} ATSs; use the id of one", several.len()))),
    }
}

/// As [`find_slot`], for one who has no snapshot.
///
/// # Errors
/// No such ATS or policy, or several ATSs of that name.
pub fn slot_named(app: &App, text: &str) -> Result<Slot, Error> {
    find_slot(&app.snapshot()?, text)
}

/// Makes a release. Nothing runs it until it is activated.
///
/// # Errors
/// The slot or plugin is unknown, the plugin does not implement the policy, or settings, limits or grants are
/// refused.
pub async fn create(app: &App, new: NewRelease) -> Result<Release, Error> {
    let snapshot = app.snapshot()?;
    let slot = find_slot(&snapshot, &new.slot)?;
    let version = plugin::find(&snapshot, &new.plugin)?;
    let release = checked(app, slot, &version, new)?;
    let bytes = plugin::artifact(&snapshot, version.digest)?;
    drop(snapshot);
    let problems = app.fleet().runtime().validate_settings(&release, bytes).await?;
    if !problems.is_empty() {
        let mut refused = Problems::default();
        for problem in problems {
            refused.add(format!("settings{}", problem.pointer), Flaw::invalid(problem.message));
        }
        return Err(Rejection::Invalid(refused).into());
    }
    let record = release.clone();
    let subjects = vec![slot.to_string(), release.id.to_string()];
    let entry = app.audit_entry(&release.author, Action::ReleaseCreate, subjects);
    let work = move |txn: &mut Txn| {
        still_there(txn, record.slot)?;
        store::insert(txn, &record)?;
        Ok::<_, Abort<Error>>(store::insert(txn, &entry)?)
    };
    app.store().commit(work).await?;
    Ok(release)
}

fn checked(app: &App, slot: Slot, version: &PluginVersion, new: NewRelease) -> Result<Release, Error> {
    let mut problems = Problems::default();
    let implements = version.implements.iter().find(|implements| implements.policy == slot.policy);
    if implements.is_none() {
        let message = format!("`{}` does not implement {}", version.name, slot.policy);
        problems.add("plugin", Flaw::invalid(message));
    }
    let settings = new.settings.unwrap_or_else(|| "{}".to_owned());
    if let Err(flaw) = check_settings(&settings) {
        problems.add("settings", flaw);
    }
    let limits = Limits::from(new.limits);
    limits.check("", &mut problems);
    if slot.policy == PolicyName::JobResolution && new.on_failure == Some(OnFailure::Hold) {
        let flaw = "cannot be `hold` here: an interview cannot wait for its job. Choose fallback, last-good or reject";
        problems.add("onFailure", Flaw::invalid(flaw));
    }
    let grants = check_grants(slot.policy, &new.grants).unwrap_or_else(|flaw| {
        problems.add("grants", flaw);
        Vec::new()
    });
    if new.author.as_deref() == Some(SELF) {
        // Such a release of the default slot would be taken for the embedded plugin's, which ends the ladders.
        problems.add("author", Flaw::invalid("is the server itself; choose another"));
    }
    let Some(implements) = implements.filter(|_| problems.is_empty()) else {
        return Err(Rejection::Invalid(problems).into());
    };
    Ok(Release {
        id: ReleaseId::new(app.ids().uuid()),
        slot,
        plugin: version.name.clone(),
        digest: version.digest,
        policy_version: implements.version.clone(),
        settings,
        limits,
        on_failure: new.on_failure.unwrap_or_else(|| OnFailure::default_of(slot.policy)),
        wasi: new.wasi.unwrap_or(Wasi::None),
        grants,
        comment: new.comment,
        author: new.author.unwrap_or_else(|| "operator".to_owned()),
        created_at: app.now(),
    })
}

/// Goes back to what was active before in a slot, or to `to`.
///
/// # Errors
/// There is nowhere to go.
pub async fn rollback(app: &App, slot: Slot, to: Option<ReleaseId>, actor: &str) -> Result<SlotView, Error> {
    let now = app.now();
    let entry = app.audit_entry(actor, Action::ReleaseRollback, Vec::new());
    let work = move |txn: &mut Txn| {
        let refused = |sentence: String| Abort::Refused(Error::Refused(sentence));
        still_there(txn, slot)?;
        let state = store::get::<SlotState>(txn, &slot)?;
        let mut state = state.ok_or_else(|| refused(format!("{slot} never had a release of its own")))?;
        let left = state.active;
        let back = state.rollback(to, now).map_err(|why| refused(format!("{slot}: {why}")))?;
        if back == left {
            return Ok(());
        }
        store::update(txn, &state)?;
        let mut rollouts = store::rollout::of(txn, slot)?;
        if rollouts.at(Stage::Full).is_some() {
            rollouts.stop_watching(RolloutEnd::Aborted, now);
            store::rollout::put(txn, &rollouts)?;
        }
        let subjects = vec![slot.to_string(), back.to_string()];
        Ok(store::insert(txn, &AuditEntry { subjects, ..entry.clone() })?)
    };
    app.store().commit(work).await?;
    app.reload_fleet().await?;
    show_slot(app, slot)
}

/// Inside a commit: the slot's ATS was not deleted meanwhile.
pub(crate) fn still_there(txn: &mut Txn, slot: Slot) -> Result<(), Abort<Error>> {
    match slot.ats_id {
        Some(id) if !store::exists::<Ats>(txn, &id)? => {
            Err(Abort::Refused(Rejection::not_found("Ats", id).into()))
        }
        Some(_) | None => Ok(()),
    }
}

/// One release.
///
/// # Errors
/// It is not there.
pub fn show(app: &App, id: ReleaseId) -> Result<Release, Error> {
    store::get::<Release>(&app.snapshot()?, &id)?.ok_or_else(|| not_found(id))
}

/// Releases of one slot or of all, newest first.
///
/// # Errors
/// The slot is unknown.
pub fn list(app: &App, slot: Option<&str>, limit: usize) -> Result<Vec<Release>, Error> {
    let snapshot = app.snapshot()?;
    let slot = slot.map(|slot| find_slot(&snapshot, slot)).transpose()?;
    Ok(store::release::list(&snapshot, slot, limit)?)
}

/// A slot and what it runs.
///
/// # Errors
/// The store cannot be read.
pub fn show_slot(app: &App, slot: Slot) -> Result<SlotView, Error> {
    let snapshot = app.snapshot()?;
    let state = store::get::<SlotState>(&snapshot, &slot)?;
    let active = match active_in(&snapshot, slot)? {
        Some(id) => store::get::<Release>(&snapshot, &id)?,
        None => None,
    };
    let rollouts = store::rollout::of(&snapshot, slot)?;
    let mut rolling = Vec::new();
    for rollout in &rollouts.under_way {
        rolling.extend(store::get::<Release>(&snapshot, &rollout.release_id)?);
    }
    let is_safe = store::safe_mode::read(&snapshot)?.covers(slot);
    let held = held::count(&snapshot, slot, app.now())?;
    Ok(SlotView { slot, state, active, rollouts, rolling, is_safe, held })
}

/// What answers in a slot: its own release, or the default slot's.
pub(crate) fn active_in(read: &impl Read, slot: Slot) -> Result<Option<ReleaseId>, store::Error> {
    if let Some(state) = store::get::<SlotState>(read, &slot)? {
        return Ok(Some(state.active));
    }
    let default = Slot { ats_id: None, ..slot };
    Ok(store::get::<SlotState>(read, &default)?.map(|state| state.active))
}

/// Every default slot, and every ATS's slot that has a release of its own, or one on its way.
///
/// # Errors
/// The store cannot be read.
pub fn list_slots(app: &App) -> Result<Vec<SlotView>, Error> {
    let snapshot = app.snapshot()?;
    let mut slots: Vec<Slot> = store::slot::all(&snapshot)?.into_iter().map(|state| state.slot).collect();
    let rollouts = store::rollout::all(&snapshot)?.into_iter().filter(|it| !it.under_way.is_empty());
    for SlotRollouts { slot, .. } in rollouts {
        if !slots.contains(&slot) {
            slots.push(slot);
        }
    }
    slots.into_iter().map(|slot| show_slot(app, slot)).collect()
}

impl App {
    /// Makes the fleet run what the store says. Safe to call at any time, from several tasks.
    ///
    /// # Errors
    /// The store cannot be read. A release that cannot be loaded is no error: it is unavailable in its slot.
    pub async fn reload_fleet(&self) -> Result<(), Error> {
        // Held from the read to the swap, so that an older state never replaces a newer one.
        let turn = self.reloading().lock().await;
        self.reload_fleet_in(&turn).await
    }

    /// The same for whoever has the turn already.
    pub(crate) async fn reload_fleet_in(&self, _turn: &tokio::sync::MutexGuard<'_, ()>) -> Result<(), Error> {
        let snapshot = self.snapshot()?;
        let plan = plan(&snapshot)?;
        let load = move |digest| plugin::artifact(&snapshot, digest).map_err(|error| error.to_string());
        for unavailable in self.fleet().reload(plan, load).await {
            tracing::error!(
                event = "release.unavailable",
                slot = %unavailable.slot,
                release = %unavailable.release_id,
                reason = unavailable.reason,
            );
        }
        Ok(())
    }

    /// Keeps the embedded plugin and gives each default slot its first release. After an upgrade of the
    /// program, a default slot that ran the former embedded plugin runs the present one.
    ///
    /// # Errors
    /// The embedded plugin is refused, which is a defect of the build, or the store cannot be written.
    pub async fn install_standard(&self) -> Result<(), Error> {
        let version = plugin::keep_embedded(self, STANDARD_WASM.into(), SELF).await?;
        let now = self.now();
        let releases: Vec<Release> = version
            .implements
            .iter()
            .map(|implements| Release {
                id: ReleaseId::new(self.ids().uuid()),
                slot: Slot { ats_id: None, policy: implements.policy },
                plugin: version.name.clone(),
                digest: version.digest,
                policy_version: implements.version.clone(),
                settings: "{}".to_owned(),
                limits: Limits::default(),
                on_failure: last_resort(implements.policy),
                wasi: Wasi::None,
                grants: Vec::new(),
                comment: Some("the embedded plugin".to_owned()),
                author: SELF.to_owned(),
                created_at: now,
            })
            .collect();
        let work = move |txn: &mut Txn| {
            for release in &releases {
                install(txn, release)?;
            }
            Ok::<(), Abort<Error>>(())
        };
        self.store().commit(work).await?;
        self.reload_fleet().await
    }
}

/// Behind the embedded plugin there is nobody: what would fall back is refused, what would wait waits.
fn last_resort(policy: PolicyName) -> OnFailure {
    match OnFailure::default_of(policy) {
        OnFailure::Fallback | OnFailure::LastGood | OnFailure::Reject => OnFailure::Reject,
        OnFailure::Hold => OnFailure::Hold,
    }
}

fn install(txn: &mut Txn, release: &Release) -> Result<(), Abort<Error>> {
    let state = store::get::<SlotState>(txn, &release.slot)?;
    if standard_of(txn, release.slot.policy)?.is_some_and(|known| known.digest == release.digest) {
        return Ok(());
    }
    store::insert(txn, release)?;
    match state {
        None => store::insert(txn, &SlotState::first(release.slot, release.id, None, release.created_at))?,
        Some(mut state) => {
            let active = store::get::<Release>(txn, &state.active)?;
            if active.is_some_and(|active| active.author == SELF) {
                state.activate(release.id, release.created_at);
                store::update(txn, &state)?;
            }
        }
    }
    Ok(())
}

/// The latest release that the server made itself of the embedded plugin, for one policy.
pub(crate) fn standard_of(read: &impl Read, policy: PolicyName) -> Result<Option<Release>, store::Error> {
    let default = Slot { ats_id: None, policy };
    let releases = store::release::list(read, Some(default), usize::MAX)?;
    Ok(releases.into_iter().find(|release| release.author == SELF))
}

/// The embedded plugin alone, as it was built: what answers when nobody else has for too long.
pub(crate) async fn standard_line(app: &App, policy: PolicyName) -> Result<Arc<policy::Line>, Error> {
    let snapshot = app.snapshot()?;
    let release = standard_of(&snapshot, policy)?;
    let release =
        release.ok_or_else(|| Error::Internal(format!("the embedded plugin has no release for {policy}")))?;
    let load = move |digest| plugin::artifact(&snapshot, digest).map_err(|error| error.to_string());
    Ok(app.fleet().line_of(&release, load).await)
}

fn plan(read: &impl Read) -> Result<policy::Plan, store::Error> {
    let mut standard = Vec::new();
    for policy in PolicyName::ALL {
        standard.extend(standard_of(read, policy)?);
    }
    let slots = store::slot::all(read)?;
    let mut releases = Vec::new();
    let rollouts = store::rollout::all(read)?;
    let in_slots =
        slots.iter().flat_map(|state| [Some(state.active), state.history.first().copied()]).flatten();
    let rolling = rollouts.iter().flat_map(|of| &of.under_way).map(|rollout| rollout.release_id);
    for id in in_slots.chain(rolling) {
        releases.extend(store::get::<Release>(read, &id)?);
    }
    let safe_mode = store::safe_mode::read(read)?;
    Ok(policy::Plan { standard, releases, slots, rollouts, safe_mode })
}

pub(crate) fn not_found(id: ReleaseId) -> Error {
    Rejection::not_found("Release", id).into()
}
