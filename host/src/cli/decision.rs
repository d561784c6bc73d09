//! `decision`: what policies decided, and whether they would again.

use std::path::PathBuf;

use clap::Subcommand;
use hyper::Method;
use serde_json::Value;

use super::failure::Failure;
use super::output::Output;
use super::request::{Body, Fields, Request};
use super::slot::SlotName;
use super::{Global, answer, plugin};

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
    Show { id: String },
    /// Asks again with the recorded facts; exit status 1 when the answer differs.
    Replay {
        id: String,
        /// Ask this component, not the release that was asked.
        #[arg(long, value_name = "FILE")]
        plugin: Option<PathBuf>,
    },
}

/// Asks, prints, and looks at what a replay said.
pub(super) fn run(command: &Decision, global: &Global, output: &Output) -> Result<(), Failure> {
    let value = answer(&command.request()?, global)?;
    output.print(&value)?;
    match command {
        Decision::Replay { .. } => verdict(&value),
        Decision::List { .. } | Decision::Show { .. } => Ok(()),
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
                let slot = slot.as_ref().map(ToString::to_string);
                let limit = limit.map(|limit| limit.to_string());
                Request::get(&["decisions"]).query(&[
                    ("slot", slot.as_deref()),
                    ("companyId", company.as_deref()),
                    ("since", since.as_deref()),
                    ("failed", failed.then_some("true")),
                    ("limit", limit.as_deref()),
                ])
            }
            Self::Show { id } => Request::get(&["decisions", id]),
            Self::Replay { id, plugin: None } => Request::post(&["decisions", id, "replay"], Fields::new()),
            Self::Replay { id, plugin: Some(file) } => {
                let component = Body::Component(plugin::read(file)?);
                Request { body: component, ..Request::new(Method::POST, &["decisions", id, "replay"]) }
            }
        })
    }
}
