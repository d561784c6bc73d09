//! `slot`: an ATS's place for a policy.

mod watch;

use std::time::Duration;

use clap::Subcommand;
use switchboard_domain::time::parse_duration;

use super::failure::Failure;
use super::output::Output;
use super::request::{Fields, Request};
use super::{Global, ask, client_runtime, server};

/// `ATS/POLICY` on the command line. The ATS is an id, a unique name (which may hold slashes), or `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlotName {
    pub(super) ats: String,
    pub(super) policy: String,
}

impl std::str::FromStr for SlotName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.rsplit_once('/') {
            Some((ats, policy)) if !ats.is_empty() && !policy.is_empty() => {
                Ok(Self { ats: ats.to_owned(), policy: policy.to_owned() })
            }
            _ => Err("is not ATS/POLICY, such as default/job-resolution".to_owned()),
        }
    }
}

impl std::fmt::Display for SlotName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.ats, self.policy)
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Slot {
    /// All of them.
    List,
    /// What runs in one, and how it does.
    Show {
        #[arg(value_name = "ATS/POLICY")]
        slot: SlotName,
    },
    /// Asks now for everything that could not be decided.
    RetryHeld {
        #[arg(value_name = "ATS/POLICY")]
        slot: SlotName,
    },
    /// Decisions as they fall and releases as they come and go, a line for each.
    Watch {
        #[arg(value_name = "ATS/POLICY")]
        slot: SlotName,
        /// Ends after so long, such as 90s; else when it is interrupted.
        #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
        lasts: Option<Duration>,
    },
}

/// Sends and prints; or goes on looking.
pub(super) fn run(command: &Slot, global: &Global, output: &Output) -> Result<(), Failure> {
    match command {
        Slot::Watch { slot, lasts } => {
            let server = server(global)?;
            client_runtime()?.block_on(watch::run(slot, *lasts, &server, output))
        }
        Slot::List | Slot::Show { .. } | Slot::RetryHeld { .. } => ask(&command.request()?, global, output),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|flaw| flaw.message)
}

impl Slot {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::List => Request::get(&["slots"]),
            Self::RetryHeld { slot } => {
                Request::post(&["slots", &slot.ats, &slot.policy, "retry-held"], Fields::new())
            }
            Self::Show { slot } | Self::Watch { slot, .. } => {
                Request::get(&["slots", &slot.ats, &slot.policy])
            }
        })
    }
}
