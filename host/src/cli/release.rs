//! `release`: what a slot runs.

use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::failure::Failure;
use super::plugin;
use super::request::{Fields, Request};
use super::slot::SlotName;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum OnFailure {
    /// The standard plugin answers.
    Fallback,
    /// The slot's previous release answers, then the standard plugin.
    LastGood,
    /// The partner is answered 503.
    Reject,
    /// The effect waits and is decided later.
    Hold,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Wasi {
    /// Not linked.
    None,
    /// An empty context, for guests that cannot start without it.
    Minimal,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// Where it may be activated; the ATS is an id, a unique name or `default`.
    #[arg(long, value_name = "ATS/POLICY")]
    slot: SlotName,
    /// What runs; the newest version when none is named.
    #[arg(long, value_name = "NAME[@VERSION]")]
    plugin: String,
    /// What the plugin is told, as JSON or from a file.
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<String>,
    /// What happens when it cannot answer.
    #[arg(long)]
    on_failure: Option<OnFailure>,
    /// Work that one call may take.
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Time that one call may take.
    #[arg(long, value_name = "N")]
    timeout_ms: Option<u64>,
    /// Memory that one call may take.
    #[arg(long, value_name = "N")]
    memory_mib: Option<u32>,
    /// Whether WASI is there.
    #[arg(long)]
    wasi: Option<Wasi>,
    /// Fields of the facts beyond ids that it may see.
    #[arg(long = "grant", value_name = "FIELD", value_delimiter = ',')]
    grants: Vec<String>,
    /// Why it is made.
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
    /// Who makes it.
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Release {
    /// Makes one, which does not run yet.
    Create(Create),
    /// Lets it answer its slot's next request.
    Activate {
        #[arg(value_name = "REL")]
        id: String,
    },
    /// Lets a slot's former release answer again.
    Rollback {
        #[arg(value_name = "ATS/POLICY")]
        slot: SlotName,
        /// This one, not the one that was active before.
        #[arg(long, value_name = "REL")]
        to: Option<String>,
    },
    /// All of them, or a slot's.
    List {
        #[arg(value_name = "ATS/POLICY")]
        slot: Option<SlotName>,
    },
    /// One of them.
    Show {
        #[arg(value_name = "REL")]
        id: String,
    },
}

impl Release {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Create(create) => create.request()?,
            Self::Activate { id } => Request::post(&["releases", id, "activate"], Fields::new()),
            Self::Rollback { slot, to } => Request::post(
                &["slots", &slot.ats, &slot.policy, "rollback"],
                Fields::new().with("to", to.as_deref()),
            ),
            Self::List { slot } => {
                let slot = slot.as_ref().map(ToString::to_string);
                Request::get(&["releases"]).query(&[("slot", slot.as_deref())])
            }
            Self::Show { id } => Request::get(&["releases", id]),
        })
    }
}

impl Create {
    fn request(&self) -> Result<Request, Failure> {
        let on_failure = self.on_failure.map(|on_failure| match on_failure {
            OnFailure::Fallback => "fallback",
            OnFailure::LastGood => "last-good",
            OnFailure::Reject => "reject",
            OnFailure::Hold => "hold",
        });
        let wasi = self.wasi.map(|wasi| match wasi {
            Wasi::None => "none",
            Wasi::Minimal => "minimal",
        });
        let fields = Fields::new()
            .with("slot", Some(self.slot.to_string()))
            .with("plugin", Some(self.plugin.as_str()))
            .with("settings", self.settings.as_deref().map(settings).transpose()?)
            .with("onFailure", on_failure)
            .with("fuel", self.fuel)
            .with("timeoutMs", self.timeout_ms)
            .with("memoryMib", self.memory_mib)
            .with("wasi", wasi)
            .with_list("grants", &self.grants)
            .with("comment", self.comment.as_deref())
            .with("author", self.author.as_deref());
        Ok(Request::post(&["releases"], fields))
    }
}

/// The JSON of `JSON` or of the file of `@FILE`.
fn settings(argument: &str) -> Result<Value, Failure> {
    let malformed =
        |place: &str, error: serde_json::Error| Failure::Usage(format!("{place} is not JSON: {error}"));
    match argument.strip_prefix('@') {
        Some(file) => serde_json::from_slice(&plugin::read(Path::new(file))?)
            .map_err(|error| malformed(&format!("the file {file}"), error)),
        None => serde_json::from_str(argument).map_err(|error| malformed("--settings", error)),
    }
}
