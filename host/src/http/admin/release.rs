//! Releases for operators.

use std::ops::RangeInclusive;

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::bounds;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::{OnFailure, Release, WantedLimits, Wasi};
use switchboard_domain::rollout::{RollbackBounds, Stage};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::{Ask, created, ok, slot};
use crate::app;
use crate::app::backtest::{DECISIONS_MAX, Demand};
use crate::app::release::NewRelease;
use crate::app::rollout::{Activation, PROMOTE_AFTER_SECONDS_MAX};
use crate::http::body::{self, Fields, Read, chars, count, flag, number, text, whole};
use crate::http::{Failure, Reply, schema};

/// So many are listed at the most, the newest.
const LISTED_MAX: usize = 1000;

/// A grant is the name of a field.
const GRANT_CHARS: RangeInclusive<usize> = 1..=64;

/// No policy has more to grant.
const GRANTS_MAX: usize = 20;

/// What a new release is made of. Limits that are not sent have their defaults.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminReleaseBody, example = json!({
    "slot": "default/job-resolution",
    "plugin": "standard",
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
    "comment": "The built-in rules.",
    "author": "m.nowak"
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct ReleaseBody {
    /// `ATS/POLICY` or `default/POLICY`; the ATS by id, or by name where that is unique.
    #[schema(min_length = 1, max_length = 250)]
    slot: String,
    /// `NAME`, which is its newest version, or `NAME@VERSION`.
    #[schema(min_length = 1, max_length = 150)]
    plugin: String,
    /// The plugin validates them.
    #[schema(schema_with = schema::anything)]
    settings: Option<Value>,
    /// What happens when it cannot answer; when not sent, what is right for the policy.
    #[schema(schema_with = schema::on_failure)]
    on_failure: Option<String>,
    /// Of one call.
    #[schema(minimum = 1, maximum = 10_000_000_000_u64)]
    fuel: Option<u64>,
    /// Of one call.
    #[schema(minimum = 1, maximum = 5000)]
    timeout_ms: Option<u64>,
    /// Of one call.
    #[schema(minimum = 1, maximum = 256)]
    memory_mib: Option<u32>,
    /// Of each table of the guest.
    #[schema(minimum = 1, maximum = 40_000)]
    table_elements: Option<u32>,
    /// Facts and settings of one call together.
    #[schema(minimum = 1, maximum = 8_192)]
    input_kib: Option<u32>,
    /// Of all texts in one answer.
    #[schema(minimum = 1, maximum = 64)]
    output_kib: Option<u32>,
    /// Log that is kept of one call, the newest lines.
    #[schema(minimum = 1, maximum = 64)]
    log_kib: Option<u32>,
    /// At once, in its slot.
    #[schema(minimum = 1, maximum = 64)]
    calls_in_flight: Option<u32>,
    /// `minimal` for guests that cannot start without WASI; `none` when not sent.
    #[schema(schema_with = schema::wasi)]
    wasi: Option<String>,
    /// Fields of the facts beyond ids that it may see.
    #[schema(schema_with = grants)]
    grants: Option<Vec<String>>,
    #[schema(max_length = 1000)]
    comment: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    author: Option<String>,
}

fn grants() -> Array {
    let grant = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(*GRANT_CHARS.start()))
        .max_length(Some(*GRANT_CHARS.end()));
    ArrayBuilder::new().items(grant).max_items(Some(GRANTS_MAX)).build()
}

/// How a release comes into its slot: at once when nothing is sent.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminActivationBody, example = json!({
    "backtest": {"last": 1000, "maxChangedPercent": 100},
    "canaryPercent": 5,
    "autoPromoteAfterSeconds": 3600,
    "autoRollback": {"failedPercent": 1, "p99Ms": 50}
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct ActivationBody {
    /// What is demanded before it.
    backtest: Option<DemandBody>,
    /// It is asked beside the active one; its answers are compared, never used.
    shadow: Option<bool>,
    /// It answers so many in a hundred companies, always the same ones.
    #[schema(minimum = 1, maximum = 100)]
    canary_percent: Option<u32>,
    /// A shadow or canary becomes the active one after so long, if it answered and crossed no bound.
    #[schema(minimum = 1, maximum = 7_776_000)]
    auto_promote_after_seconds: Option<u64>,
    /// When it is taken back by itself; bounds that are not sent do not count.
    auto_rollback: Option<RollbackBody>,
}

/// When a release is taken back by itself.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminRollbackBody)]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct RollbackBody {
    /// So many failed calls, and it goes.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    failures: Option<u64>,
    /// More failures than so many in a hundred calls, from the twentieth call on.
    #[schema(minimum = 0, maximum = 99)]
    failed_percent: Option<u32>,
    /// More than one call in a hundred takes longer, from the hundredth call on.
    #[schema(minimum = 1, maximum = 6000)]
    p99_ms: Option<u64>,
    /// A call takes more in the mean, from the twentieth call on.
    #[schema(minimum = 1, maximum = 10_000_000_000_u64)]
    fuel_mean: Option<u64>,
    /// Of a shadow: more answers than so many in a hundred differ, from the twentieth on.
    #[schema(minimum = 0, maximum = 99)]
    changed_percent: Option<u32>,
}

/// A backtest that must not change too much.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminDemandBody)]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct DemandBody {
    /// Over the newest so many decisions.
    #[schema(minimum = 1, maximum = 1_000_000)]
    last: u64,
    /// So many in a hundred may be answered otherwise, or not at all.
    #[schema(minimum = 0, maximum = 100)]
    max_changed_percent: f64,
}

/// What a slot runs, or could run.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRelease, example = json!({
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
    "comment": "The built-in rules.",
    "author": "m.nowak",
    "createdAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct ReleaseView {
    id: String,
    /// `ATS/POLICY` or `default/POLICY`
    slot: String,
    plugin: String,
    /// Of the plugin: SHA-256 of the component.
    #[schema(pattern = "^sha256:[0-9a-f]{64}$")]
    version: String,
    /// Version of the policy's WIT package that is spoken.
    wit: String,
    #[schema(schema_with = schema::anything)]
    settings: Value,
    /// What happens when it cannot answer.
    #[schema(schema_with = schema::on_failure)]
    on_failure: &'static str,
    /// Of one call.
    fuel: u64,
    /// Of one call.
    timeout_ms: u64,
    /// Of one call.
    memory_mib: u32,
    /// Of each table of the guest.
    table_elements: u32,
    /// Facts and settings of one call together.
    input_kib: u32,
    /// Of all texts in one answer.
    output_kib: u32,
    /// Log that is kept of one call, the newest lines.
    log_kib: u32,
    /// At once, in its slot.
    calls_in_flight: u32,
    #[schema(schema_with = schema::wasi)]
    wasi: &'static str,
    /// Fields of the facts beyond ids that it may see.
    grants: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    comment: Option<String>,
    author: String,
    #[schema(format = "date-time")]
    created_at: String,
}

pub(super) fn view(release: &Release) -> ReleaseView {
    ReleaseView {
        id: release.id.to_string(),
        slot: release.slot.to_string(),
        plugin: release.plugin.clone(),
        version: release.digest.to_string(),
        wit: release.policy_version.clone(),
        settings: serde_json::from_str(&release.settings).unwrap_or_else(|_| release.settings.clone().into()),
        on_failure: release.on_failure.as_str(),
        fuel: release.limits.fuel,
        timeout_ms: release.limits.timeout_millis,
        memory_mib: release.limits.memory_mib,
        table_elements: release.limits.table_elements,
        input_kib: release.limits.input_kib,
        output_kib: release.limits.output_kib,
        log_kib: release.limits.log_kib,
        calls_in_flight: release.limits.calls_in_flight,
        wasi: release.wasi.as_str(),
        grants: release.grants.clone(),
        comment: release.comment.clone(),
        author: release.author.clone(),
        created_at: release.created_at.to_string(),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let slot = ask.request.query.text("slot", &mut problems);
    Ask::refuse(problems)?;
    let releases = app::release::list(ask.app, slot, LISTED_MAX)?;
    ok(&releases.iter().map(view).collect::<Vec<_>>())
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::release::show(ask.app, ask.id()?)?))
}

pub(super) async fn create(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut new = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
    if new.author.is_none() {
        new.author = Some(ask.actor()?.to_owned());
    }
    created(&view(&app::release::create(ask.app, new).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<NewRelease> {
    let slot = fields.required("slot", chars(1..=250));
    let plugin = fields.required("plugin", chars(1..=150));
    let settings = fields.optional("settings", |value| Ok(value.to_string()));
    let on_failure = fields.optional("onFailure", text(OnFailure::parse));
    let fuel = fields.optional("fuel", count(bounds::FUEL));
    let timeout_millis = fields.optional("timeoutMs", count(bounds::TIMEOUT_MILLIS));
    let memory_mib = fields.optional("memoryMib", whole(bounds::MEMORY_MIB));
    let table_elements = fields.optional("tableElements", whole(bounds::TABLE_ELEMENTS));
    let input_kib = fields.optional("inputKib", whole(bounds::INPUT_KIB));
    let output_kib = fields.optional("outputKib", whole(bounds::OUTPUT_KIB));
    let log_kib = fields.optional("logKib", whole(bounds::LOG_KIB));
    let calls_in_flight = fields.optional("callsInFlight", whole(bounds::CALLS_IN_FLIGHT));
    let wasi = fields.optional("wasi", text(Wasi::parse));
    let grants = fields.list("grants", 0..=GRANTS_MAX, chars(GRANT_CHARS));
    let comment = fields.optional("comment", chars(bounds::RELEASE_COMMENT_CHARS));
    let author = fields.optional("author", chars(bounds::OPERATOR_NAME_CHARS));
    Ok(NewRelease {
        slot: slot?,
        plugin: plugin?,
        settings: settings?,
        on_failure: on_failure?,
        limits: WantedLimits {
            fuel: fuel?,
            timeout_millis: timeout_millis?,
            memory_mib: memory_mib?,
            table_elements: table_elements?,
            input_kib: input_kib?,
            output_kib: output_kib?,
            log_kib: log_kib?,
            calls_in_flight: calls_in_flight?,
        },
        wasi: wasi?,
        grants: grants?.unwrap_or_default(),
        comment: comment?,
        author: author?,
    })
}

pub(super) async fn activate(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let how = body::read(&ask.request.json_or_empty()?, read_activation).map_err(Rejection::Invalid)?;
    let activated = app::rollout::activate(ask.app, ask.id()?, how, ask.actor()?).await?;
    ok(&slot::view(ask.app, &activated))
}

pub(super) async fn promote(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&slot::view(ask.app, &app::rollout::promote(ask.app, ask.id()?, ask.actor()?).await?))
}

pub(super) async fn abort(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&slot::view(ask.app, &app::rollout::abort(ask.app, ask.id()?, ask.actor()?).await?))
}

fn read_activation(fields: &mut Fields<'_>) -> Read<Activation> {
    let demand = fields.object("backtest", |fields| {
        let last = fields.required("last", count(1..=DECISIONS_MAX as u64));
        let most = fields.required("maxChangedPercent", percent);
        let last = usize::try_from(last?).unwrap_or(DECISIONS_MAX);
        Ok(Demand { last, changed_percent_max: most? })
    });
    let shadow = fields.optional("shadow", flag);
    let canary = fields.optional("canaryPercent", whole(1..=100));
    let promote_after = fields.optional("autoPromoteAfterSeconds", count(1..=PROMOTE_AFTER_SECONDS_MAX));
    let bounds = fields.object("autoRollback", |fields| {
        let failures = fields.optional("failures", count(1..=1_000_000_000));
        let failed_percent = fields.optional("failedPercent", whole(0..=99));
        let p99_millis = fields.optional("p99Ms", count(1..=6_000));
        let fuel_mean = fields.optional("fuelMean", count(bounds::FUEL));
        let changed_percent = fields.optional("changedPercent", whole(0..=99));
        Ok(RollbackBounds {
            failures: failures?,
            failed_percent: failed_percent?,
            p99_millis: p99_millis?,
            fuel_mean: fuel_mean?,
            changed_percent: changed_percent?,
        })
    });
    let (shadow, canary) = (shadow?.unwrap_or(false), canary?);
    if shadow && canary.is_some() {
        let flaw = Flaw::invalid("cannot be sent with `shadow`: one of them");
        return Err(fields.refuse(&["canaryPercent"], &flaw));
    }
    let stage = match canary {
        Some(_) => Stage::Canary,
        None if shadow => Stage::Shadow,
        None => Stage::Full,
    };
    Ok(Activation {
        stage,
        percent: canary.unwrap_or(100),
        demand: demand?,
        promote_after_seconds: promote_after?,
        bounds: bounds?.unwrap_or_default(),
    })
}

fn percent(value: &Value) -> Result<f64, Flaw> {
    let percent = number(value)?;
    let flaw = || Flaw::invalid("must be from 0 to 100");
    (0.0..=100.0).contains(&percent).then_some(percent).ok_or_else(flaw)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<ReleaseBody, _>(read, &[]);
        drift::assert_alike::<ActivationBody, _>(read_activation, &[json!({ "shadow": true })]);
        assert_eq!(PROMOTE_AFTER_SECONDS_MAX, 7_776_000, "the schema's maximum");
    }
}
