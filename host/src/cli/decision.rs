//! `decision`: what policies decided, and whether they would again.

mod export;

use std::path::PathBuf;

use clap::Subcommand;
use hyper::Method;
use serde_json::Value;

use super::failure::Failure;
use super::output::Output;
use super::request::{Body, Fields, Request};
use super::slot::SlotName;
use super::{Global, answer, client_runtime, plugin, server};

#[derive(Debug, Subcommand)]
pub(super) enum Decision {
    /// The newest first.
    List {
        /// Of this slot only.
        #[arg(long, value_name = "ATS/POLICY")]
        slot: Option<SlotName>,
        /// Of this company only.
        #[arg(long, value_name = "ID")]
        company: Option<String>,
        /// From this moment on.
        #[arg(long, value_name = "T")]
        since: Option<String>,
        /// Only those in which a release failed.
        #[arg(long)]
        failed: bool,
        /// At most so many.
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// One of them, with what the plugin saw and answered.
    Show {
        id: String,
        /// As a scenario for the plugin's tests: the facts, the settings, and the answer that is expected.
        #[arg(long)]
        as_scenario: bool,
    },
    /// Asks again with the recorded facts; exit status 1 when the answer differs.
    Replay {
        id: String,
        /// Ask this component, not the release that was asked.
        #[arg(long, value_name = "FILE")]
        plugin: Option<PathBuf>,
    },
    /// Writes decisions to a file, a scenario on each line, the newest first.
    Export {
        file: PathBuf,
        /// Of this slot only.
        #[arg(long, value_name = "ATS/POLICY")]
        slot: Option<SlotName>,
        /// Of this company only.
        #[arg(long, value_name = "ID")]
        company: Option<String>,
        /// From this moment on.
        #[arg(long, value_name = "T")]
        since: Option<String>,
        /// Only those in which a release failed.
        #[arg(long)]
        failed: bool,
        /// At most so many.
        #[arg(long, value_name = "N")]
        last: Option<usize>,
    },
}

/// Asks, prints, and looks at what a replay said.
pub(super) fn run(command: &Decision, global: &Global, output: &Output) -> Result<(), Failure> {
    if let Decision::Export { file, last, .. } = command {
        let server = server(global)?;
        let last = last.unwrap_or(usize::MAX);
        return output.print(&client_runtime()?.block_on(export::run(command, file, last, &server))?);
    }
    let value = answer(&command.request()?, global)?;
    match command {
        Decision::Show { as_scenario: true, .. } => {
            let server = server(global)?;
            let scenario = client_runtime()?.block_on(export::Scenarios::of(&server).scenario(&value))?;
            output.print(&scenario)
        }
        Decision::Replay { .. } => {
            output.print(&value)?;
            verdict(&value)
        }
        Decision::List { .. } | Decision::Show { .. } | Decision::Export { .. } => output.print(&value),
    }
}

/// Whether a replay gave the same.
pub(super) fn verdict(replayed: &Value) -> Result<(), Failure> {
    if replayed["same"] == Value::Bool(true) {
        Ok(())
    } else {
        Err(Failure::Refused("the replay differs from what was recorded".to_owned()))
    }
}

impl Decision {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::List { slot, company, since, failed, limit } => {
                let limit = limit.map(|limit| limit.to_string());
                list(slot.as_ref(), company.as_deref(), since.as_deref(), *failed, None, limit.as_deref())
            }
            Self::Export { .. } => self.page(None),
            Self::Show { id, .. } => Request::get(&["decisions", id]),
            Self::Replay { id, plugin: None } => Request::post(&["decisions", id, "replay"], Fields::new()),
            Self::Replay { id, plugin: Some(file) } => {
                let component = Body::Component(plugin::read(file)?);
                Request { body: component, ..Request::new(Method::POST, &["decisions", id, "replay"]) }
            }
        })
    }

    /// The next decisions of an export.
    fn page(&self, before: Option<&str>) -> Request {
        let most = export::PAGE.to_string();
        match self {
            Self::Export { slot, company, since, failed, .. } => {
                list(slot.as_ref(), company.as_deref(), since.as_deref(), *failed, before, Some(&most))
            }
            Self::List { .. } | Self::Show { .. } | Self::Replay { .. } => Request::get(&["decisions"]),
        }
    }
}

fn list(
    slot: Option<&SlotName>,
    company: Option<&str>,
    since: Option<&str>,
    failed: bool,
    before: Option<&str>,
    limit: Option<&str>,
) -> Request {
    let slot = slot.map(ToString::to_string);
    Request::get(&["decisions"]).query(&[
        ("slot", slot.as_deref()),
        ("companyId", company),
        ("since", since),
        ("failed", failed.then_some("true")),
        ("before", before),
        ("limit", limit),
    ])
}
