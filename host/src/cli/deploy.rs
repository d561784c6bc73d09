//! `deploy`: push, create and activate in one go.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::failure::Failure;
use super::output::Output;
use super::release::{How, Made};
use super::request::{Fields, Request};
use super::slot::SlotName;
use super::{Global, client_runtime, plugin, server};

#[derive(Debug, Args)]
pub(super) struct Deploy {
    /// The component.
    file: PathBuf,
    /// Where it is to run; the ATS is an id, a unique name or `default`.
    #[arg(long, value_name = "ATS/POLICY")]
    slot: SlotName,
    /// The plugin's name; the file's name without `.wasm` when not given.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    made: Made,
    #[command(flatten)]
    how: How,
}

/// Three requests, each of which can refuse; what was done before stays, and does no harm.
pub(super) fn run(deploy: &Deploy, global: &Global, output: &Output) -> Result<(), Failure> {
    let server = server(global)?;
    let deployed = client_runtime()?.block_on(async {
        let pushed = server.send(&plugin::push(&deploy.file, deploy.name.as_deref())?).await?;
        let version = format!("{}@{}", text(&pushed["plugin"]), text(&pushed["version"]));
        let release = server.send(&deploy.made.request(&deploy.slot, &version)?).await?;
        let activated: Fields = deploy.how.fields();
        let slot =
            server.send(&Request::post(&["releases", text(&release["id"]), "activate"], activated)).await?;
        Ok::<_, Failure>(json!({
            "plugin": pushed["plugin"],
            "version": pushed["version"],
            "release": release["id"],
            "slot": slot["slot"],
            "active": slot["active"]["id"],
            "canary": slot["canary"]["release"]["id"],
            "shadow": slot["shadow"]["release"]["id"],
        }))
    })?;
    output.print(&deployed)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
