//! Releases for operators.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::bounds;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::{OnFailure, Release, Wasi};
use utoipa::ToSchema;

use super::{Ask, created, ok, slot};
use crate::app;
use crate::app::release::NewRelease;
use crate::http::body::{self, Fields, Read, chars, text, whole};
use crate::http::{Failure, Reply};

/// So many are listed at the most, the newest.
const LISTED_MAX: usize = 1000;

/// A grant is the name of a field.
const GRANT_CHARS: std::ops::RangeInclusive<usize> = 1..=64;

/// What a slot runs, or could run.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRelease)]
pub struct ReleaseView {
    id: String,
    slot: String,
    plugin: String,
    version: String,
    wit: String,
    #[schema(value_type = Object)]
    settings: Value,
    on_failure: &'static str,
    fuel: u64,
    timeout_ms: u64,
    memory_mib: u32,
    wasi: &'static str,
    grants: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    author: String,
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
    let new = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
    created(&view(&app::release::create(ask.app, new).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<NewRelease> {
    let slot = fields.required("slot", chars(1..=250));
    let plugin = fields.required("plugin", chars(1..=150));
    let settings = fields.optional("settings", |value| Ok(value.to_string()));
    let on_failure = fields.optional("onFailure", text(OnFailure::parse));
    let fuel = fields.optional("fuel", count);
    let timeout_millis = fields.optional("timeoutMs", count);
    let memory_mib = fields.optional("memoryMib", whole(0..=u32::MAX));
    let wasi = fields.optional("wasi", text(Wasi::parse));
    let grants = fields.list("grants", 0..=20, chars(GRANT_CHARS));
    let comment = fields.optional("comment", chars(bounds::RELEASE_COMMENT_CHARS));
    let author = fields.optional("author", chars(bounds::OPERATOR_NAME_CHARS));
    Ok(NewRelease {
        slot: slot?,
        plugin: plugin?,
        settings: settings?,
        on_failure: on_failure?,
        fuel: fuel?,
        timeout_millis: timeout_millis?,
        memory_mib: memory_mib?,
        wasi: wasi?,
        grants: grants?.unwrap_or_default(),
        comment: comment?,
        author: author?,
    })
}

/// The bounds are the limits' own.
fn count(value: &Value) -> Result<u64, Flaw> {
    value.as_u64().ok_or_else(|| Flaw::invalid("must be a whole number of 0 or more"))
}

pub(super) async fn activate(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let activated = app::release::activate(ask.app, ask.id()?).await?;
    ok(&slot::view(ask.app, &activated))
}
