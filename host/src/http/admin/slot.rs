//! Slots for operators: what runs where, and how it does.

use serde::Serialize;
use serde_json::{Map, Value};
use switchboard_domain::id::ReleaseId;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::rollout::{EndedRollout, RolloutEnd, Stage};
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::release::{ReleaseView, view as release_view};
use super::{Ask, ok};
use crate::app;
use crate::app::App;
use crate::app::release::{ReleaseStats, SlotView as Found, Standing};
use crate::http::body::{self, Fields, Read, id};
use crate::http::{Failure, Reply, schema};

/// The release to go back to; without one the last that was active before.
#[derive(Debug, ToSchema)]
#[schema(as = AdminRollBackBody, example = json!({"to": "rel_01960e6a7c0070008000000000000009"}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct RollBackBody {
    #[schema(example = "rel_01960e6a7c0070008000000000000009")]
    to: Option<String>,
}

/// A slot and what it runs. Counts are of this process, since its start.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminSlot, example = json!({
    "slot": "default/job-resolution",
    "policy": "job-resolution",
    "active": {
        "id": "rel_01960e6a7c0070008000000000000009",
        "slot": "default/job-resolution",
        "plugin": "standard",
        "version": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "wit": "0.1.0",
        "settings": {},
        "onFailure": "fallback",
        "fuel": 50_000_000,
        "timeoutMs": 200,
        "memoryMib": 16,
        "tableElements": 20_000,
        "inputKib": 4_096,
        "outputKib": 16,
        "logKib": 16,
        "callsInFlight": 8,
        "wasi": "none",
        "grants": [],
        "author": "switchboard",
        "createdAt": "2026-04-02T08:00:00.000Z"
    },
    "inherited": false,
    "activatedAt": "2026-04-02T08:00:00.000Z",
    "history": [],
    "breaker": "closed",
    "calls": 17,
    "answered": 17,
    "degraded": 0,
    "failures": 0,
    "failuresByKind": {},
    "p50Micros": 190,
    "p99Micros": 420,
    "fuelMean": 31760,
    "held": 0,
    "safeMode": false,
    "ended": []
}))]
pub struct SlotView {
    /// `ATS/POLICY` or `default/POLICY`
    slot: String,
    #[schema(schema_with = schema::policy)]
    policy: &'static str,
    /// Absent for a default slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    ats_id: Option<String>,
    /// What answers; the default slot's release where this slot never had one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ReleaseView)]
    active: Option<ReleaseView>,
    /// Whether it is the default slot's.
    inherited: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    activated_at: Option<String>,
    /// What was active before, newest first.
    history: Vec<String>,
    /// `closed` while the release is asked.
    breaker: &'static str,
    /// Why the release cannot be asked at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    unavailable: Option<String>,
    /// Of the active release.
    calls: u64,
    answered: u64,
    /// Decisions that the failure ladder took.
    degraded: u64,
    failures: u64,
    #[schema(value_type = BTreeMap<String, u64>)]
    failures_by_kind: Map<String, Value>,
    p50_micros: u64,
    p99_micros: u64,
    fuel_mean: u64,
    /// Effects that wait for a decision.
    held: u64,
    /// Whether only the standard plugin answers, whatever is active.
    safe_mode: bool,
    /// The release that is asked beside the active one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RolloutView)]
    shadow: Option<RolloutView>,
    /// The release that answers a share of the companies.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RolloutView)]
    canary: Option<RolloutView>,
    /// The active release, while it is taken back by itself when it crosses a bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RolloutView)]
    watched: Option<RolloutView>,
    /// Shadows, canaries and watches that ended, the newest first.
    ended: Vec<EndedView>,
}

/// A release on its way, and how it does since then.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRollout)]
pub struct RolloutView {
    release: ReleaseView,
    /// Companies in a hundred that it answers; 0 of a shadow.
    percent: u32,
    #[schema(format = "date-time")]
    begun_at: String,
    /// When it becomes the active one by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    promotes_at: Option<String>,
    /// When it is taken back by itself.
    auto_rollback: BoundsView,
    /// `closed` while it is asked.
    breaker: &'static str,
    calls: u64,
    failures: u64,
    #[schema(value_type = BTreeMap<String, u64>)]
    failures_by_kind: Map<String, Value>,
    p50_micros: u64,
    p99_micros: u64,
    fuel_mean: u64,
    /// Of a shadow: answers that were compared with those that held.
    compared: u64,
    /// Of them those that differ.
    changed: u64,
    /// Of a shadow: calls that were not made, since too many waited.
    skipped: u64,
    /// Why it cannot be asked at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    unavailable: Option<String>,
}

/// When a release is taken back by itself; what is absent does not count.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminBounds)]
pub struct BoundsView {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64)]
    failures: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32)]
    failed_percent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64)]
    p99_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64)]
    fuel_mean: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32)]
    changed_percent: Option<u32>,
}

/// A shadow, canary or watch that ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminEndedRollout)]
pub struct EndedView {
    release: String,
    #[schema(schema_with = stages)]
    stage: &'static str,
    #[schema(format = "date-time")]
    begun_at: String,
    #[schema(format = "date-time")]
    ended_at: String,
    #[schema(schema_with = ends)]
    end: &'static str,
    /// The bound that was crossed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    reason: Option<String>,
}

fn stages() -> Object {
    schema::one_of(Stage::ALL.iter().map(|stage| stage.as_str()))
}

fn ends() -> Object {
    schema::one_of(RolloutEnd::ALL.iter().map(|end| end.as_str()))
}

pub(super) fn view(app: &App, found: &Found) -> SlotView {
    let active_id = found.active.as_ref().map(|release| release.id);
    let all = app.fleet().stats();
    // An active release can stand in other slots' ladders too.
    let is_asked_first = |stats: &&ReleaseStats| stats.standing == Standing::Active;
    let mut own = all.iter().filter(is_asked_first).filter(|stats| Some(stats.release_id) == active_id);
    let exact = own.clone().find(|stats| stats.slot == found.slot);
    let stats = exact.or_else(|| own.next());
    let failures = stats.map(failures).unwrap_or_default();
    SlotView {
        slot: found.slot.to_string(),
        policy: found.slot.policy.as_str(),
        ats_id: found.slot.ats_id.map(|id| id.to_string()),
        active: found.active.as_ref().map(release_view),
        inherited: found.state.is_none(),
        activated_at: found.state.as_ref().map(|state| state.activated_at.to_string()),
        history: found.state.iter().flat_map(|state| &state.history).map(ToString::to_string).collect(),
        breaker: stats.map_or("closed", |stats| stats.breaker.as_str()),
        unavailable: stats.and_then(|stats| stats.unavailable.clone()),
        calls: stats.map_or(0, |stats| stats.calls),
        answered: stats.map_or(0, |stats| stats.answered),
        degraded: stats.map_or(0, |stats| stats.degraded),
        failures: stats.map_or(0, |stats| stats.failures.iter().map(|(_, count)| count).sum()),
        failures_by_kind: failures,
        p50_micros: stats.map_or(0, |stats| stats.duration_quantile_micros(0.5)),
        p99_micros: stats.map_or(0, |stats| stats.duration_quantile_micros(0.99)),
        fuel_mean: stats.map_or(0, |stats| stats.fuel_total / stats.calls.max(1)),
        held: found.held,
        safe_mode: found.is_safe,
        shadow: rolling(found, Stage::Shadow, &all),
        canary: rolling(found, Stage::Canary, &all),
        watched: rolling(found, Stage::Full, &all),
        ended: found.rollouts.ended.iter().map(ended).collect(),
    }
}

/// A rollout at this stage, if there is one.
fn rolling(found: &Found, stage: Stage, stats: &[ReleaseStats]) -> Option<RolloutView> {
    let rollout = found.rollouts.at(stage)?;
    let release = found.rolling.iter().find(|release| release.id == rollout.release_id)?;
    let standing = match stage {
        Stage::Shadow => Standing::Shadow,
        Stage::Canary => Standing::Canary,
        Stage::Full => Standing::Active,
    };
    let stats = stats.iter().find(|stats| {
        stats.slot == found.slot && stats.release_id == release.id && stats.standing == standing
    });
    let bounds = &rollout.bounds;
    Some(RolloutView {
        release: release_view(release),
        percent: rollout.percent,
        begun_at: rollout.begun_at.to_string(),
        promotes_at: rollout.promotes_at().map(|at| at.to_string()),
        auto_rollback: BoundsView {
            failures: bounds.failures,
            failed_percent: bounds.failed_percent,
            p99_ms: bounds.p99_millis,
            fuel_mean: bounds.fuel_mean,
            changed_percent: bounds.changed_percent,
        },
        breaker: stats.map_or("closed", |stats| stats.breaker.as_str()),
        calls: stats.map_or(0, |stats| stats.calls),
        failures: stats.map_or(0, |stats| stats.failures.iter().map(|(_, count)| count).sum()),
        failures_by_kind: stats.map(failures).unwrap_or_default(),
        p50_micros: stats.map_or(0, |stats| stats.duration_quantile_micros(0.5)),
        p99_micros: stats.map_or(0, |stats| stats.duration_quantile_micros(0.99)),
        fuel_mean: stats.map_or(0, |stats| stats.fuel_total / stats.calls.max(1)),
        compared: stats.map_or(0, |stats| stats.compared),
        changed: stats.map_or(0, |stats| stats.changed),
        skipped: stats.map_or(0, |stats| stats.skipped),
        unavailable: stats.and_then(|stats| stats.unavailable.clone()),
    })
}

fn ended(ended: &EndedRollout) -> EndedView {
    EndedView {
        release: ended.release_id.to_string(),
        stage: ended.stage.as_str(),
        begun_at: ended.begun_at.to_string(),
        ended_at: ended.ended_at.to_string(),
        end: ended.end.as_str(),
        reason: ended.reason.clone(),
    }
}

fn failures(stats: &ReleaseStats) -> Map<String, Value> {
    let seen = stats.failures.iter().filter(|(_, count)| *count != 0);
    seen.map(|(kind, count)| (kind.as_str().to_owned(), Value::from(*count))).collect()
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let slots = app::release::list_slots(ask.app)?;
    ok(&slots.iter().map(|slot| view(ask.app, slot)).collect::<Vec<_>>())
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let slot = app::release::slot_named(ask.app, &named(ask))?;
    ok(&view(ask.app, &app::release::show_slot(ask.app, slot)?))
}

pub(super) async fn roll_back(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let slot = app::release::slot_named(ask.app, &named(ask))?;
    let to = body::read(&ask.request.json_or_empty()?, read_to).map_err(Rejection::Invalid)?;
    let found = app::release::rollback(ask.app, slot, to, ask.actor()?).await?;
    ok(&view(ask.app, &found))
}

/// What became of the effects that waited.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminRetried, example = json!({"retried": 12, "held": 0}))]
pub struct RetriedView {
    /// So many were asked for again.
    retried: u64,
    /// So many still wait.
    held: u64,
}

pub(super) async fn retry_held(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let slot = app::release::slot_named(ask.app, &named(ask))?;
    let retried = app::held::retry(ask.app, slot, ask.actor()?).await?;
    ok(&RetriedView { retried: retried.retried as u64, held: retried.held })
}

fn read_to(fields: &mut Fields<'_>) -> Read<Option<ReleaseId>> {
    fields.optional("to", id::<ReleaseId>)
}

fn named(ask: &Ask<'_>) -> String {
    format!("{}/{}", ask.place(0), ask.place(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<RollBackBody, _>(read_to, &[]);
    }
}
