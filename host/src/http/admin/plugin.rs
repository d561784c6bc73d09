//! Plugins for operators.

use std::sync::Arc;

use serde::Serialize;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::release::PluginVersion;
use utoipa::ToSchema;

use super::{Ask, created, ok};
use crate::app;
use crate::app::plugin::Pushed;
use crate::http::{Failure, Reply, schema};

/// A version of a plugin.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminPlugin, example = json!({
    "plugin": "northstar",
    "version": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "policies": ["job-resolution"],
    "wit": "0.1.0",
    "sizeBytes": 131_072,
    "compileMs": 412,
    "scenarios": 4,
    "pushedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct PluginView {
    plugin: String,
    /// SHA-256 of the component.
    #[schema(pattern = "^sha256:[0-9a-f]{64}$")]
    version: String,
    /// Which it implements.
    #[schema(schema_with = schema::policies)]
    policies: Vec<&'static str>,
    /// Version of the WIT packages that it speaks.
    wit: String,
    size_bytes: u64,
    /// How long compiling took at the push.
    compile_ms: u64,
    /// How many of the scenarios that it carries were asked and passed. Told by the push alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64)]
    scenarios: Option<usize>,
    #[schema(format = "date-time")]
    pushed_at: String,
}

/// What a version says of itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminPluginWit, example = json!({
    "plugin": "northstar",
    "version": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "text": "package root:component;\n\nworld root {\n  export switchboard:job-resolution/policy@0.1.0;\n}\n"
}))]
pub struct PluginWitView {
    plugin: String,
    /// SHA-256 of the component.
    #[schema(pattern = "^sha256:[0-9a-f]{64}$")]
    version: String,
    /// Its world with what it imports and exports, and every package that these are of.
    text: String,
}

fn view(version: &PluginVersion) -> PluginView {
    let mut wit: Vec<&str> = version.implements.iter().map(|one| one.version.as_str()).collect();
    wit.dedup();
    PluginView {
        plugin: version.name.clone(),
        version: version.digest.to_string(),
        policies: version.implements.iter().map(|one| one.policy.as_str()).collect(),
        wit: wit.join(", "),
        size_bytes: version.size_bytes,
        compile_ms: version.compile_millis,
        scenarios: None,
        pushed_at: version.pushed_at.to_string(),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&app::plugin::list(ask.app)?.iter().map(view).collect::<Vec<_>>())
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::plugin::show(ask.app, ask.place(0))?))
}

pub(super) async fn wit(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let (version, text) = app::plugin::wit(ask.app, ask.place(0)).await?;
    ok(&PluginWitView { plugin: version.name, version: version.digest.to_string(), text })
}

/// The body is the component itself.
pub(super) async fn push(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let name = ask.request.query.text("name", &mut problems).map(str::to_owned);
    Ask::refuse(problems)?;
    let name = name.ok_or_else(|| Failure::field("name", Flaw::missing()))?;
    let bytes: Arc<[u8]> = Arc::from(ask.request.bytes()?.as_ref());
    let Pushed { version, scenarios } = app::plugin::push(ask.app, &name, bytes, ask.actor()?).await?;
    created(&PluginView { scenarios: Some(scenarios), ..view(&version) })
}

pub(super) async fn remove(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::plugin::remove(ask.app, ask.place(0), ask.actor()?).await?))
}
