//! Slots for operators: what runs where, and how it does.

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::id::ReleaseId;
use switchboard_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::release::{ReleaseView, view as release_view};
use super::{Ask, ok};
use crate::app;
use crate::app::App;
use crate::app::release::{ReleaseStats, SlotView as Found};
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
    "held": 0
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
}

pub(super) fn view(app: &App, found: &Found) -> SlotView {
    let active_id = found.active.as_ref().map(|release| release.id);
    let stats = app.fleet().stats();
    let mut own = stats.iter().filter(|stats| Some(stats.release_id) == active_id);
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
        held: held(app, found),
    }
}

/// What waits for a decision of this slot's policy.
fn held(app: &App, found: &Found) -> u64 {
    match (found.slot.policy, found.slot.ats_id) {
        // A store that cannot be read has ended the process before anybody reads this.
        (PolicyName::OwnerOnboarding, Some(ats_id)) => {
            app::owner_onboarding::held(app, ats_id).unwrap_or_default()
        }
        _ => found.held,
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
    let found = app::release::rollback(ask.app, slot, to).await?;
    ok(&view(ask.app, &found))
}

fn read_to(fields: &mut Fields<'_>) -> Read<Option<ReleaseId>> {
    fields.optional("to", id::<ReleaseId>)
}

fn named(ask: &Ask<'_>) -> String {
    format!("{}/{}", ask.place(0), ask.place(1))
}

/// The slots' lines of the Prometheus text.
pub(super) fn metrics(app: &App) -> String {
    let all = app.fleet().stats();
    let mut text = String::new();
    family(&mut text, "switchboard_policy_calls", "Calls of a release.", &all, |stats| stats.calls);
    family(
        &mut text,
        "switchboard_policy_degraded",
        "Decisions that the failure ladder took.",
        &all,
        |stats| stats.degraded,
    );
    family(&mut text, "switchboard_policy_fuel", "Fuel that a release used.", &all, |stats| stats.fuel_total);
    header(&mut text, "switchboard_policy_failures", "counter", "Failed calls of a release, by kind.");
    for stats in &all {
        for (kind, count) in stats.failures.iter().filter(|(_, count)| *count != 0) {
            line(
                &mut text,
                "switchboard_policy_failures_total",
                stats,
                &format!(r#",kind="{}""#, kind.as_str()),
                *count,
            );
        }
    }
    header(&mut text, "switchboard_policy_in_flight", "gauge", "Calls of a release that run now.");
    for stats in &all {
        line(&mut text, "switchboard_policy_in_flight", stats, "", stats.in_flight);
    }
    header(&mut text, "switchboard_policy_components_loaded", "gauge", "Components in memory.");
    push(
        &mut text,
        format_args!("switchboard_policy_components_loaded {}\n", app.fleet().runtime().loaded_components()),
    );
    text
}

fn family(
    text: &mut String,
    name: &str,
    help: &str,
    all: &[ReleaseStats],
    value: impl Fn(&ReleaseStats) -> u64,
) {
    header(text, name, "counter", help);
    for stats in all {
        line(text, &format!("{name}_total"), stats, "", value(stats));
    }
}

fn header(text: &mut String, name: &str, kind: &str, help: &str) {
    push(text, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
}

fn line(text: &mut String, name: &str, stats: &ReleaseStats, more: &str, value: u64) {
    let ats = stats.slot.ats_id.map_or_else(|| "default".to_owned(), |id| id.to_string());
    let (policy, release) = (stats.slot.policy, stats.release_id);
    push(
        text,
        format_args!("{name}{{ats=\"{ats}\",policy=\"{policy}\",release=\"{release}\"{more}}} {value}\n"),
    );
}

#[expect(clippy::let_underscore_must_use, reason = "writing into a String cannot fail")]
fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
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
