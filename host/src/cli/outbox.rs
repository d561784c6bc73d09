//! `outbox`: what waits to leave.

use clap::Subcommand;

use super::failure::Failure;
use super::request::{Fields, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Outbox {
    /// The oldest 1,000, with why each is still there.
    List {
        /// Only those that are tried no more: a retry or a drop is up to you.
        #[arg(long)]
        dead: bool,
    },
    /// Tries one again at once, as if it had never been tried.
    Retry { id: String },
    /// Takes one back for ever; an invitation that was not sent is revoked.
    Drop { id: String },
}

impl Outbox {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::List { dead } => Request::get(&["outbox"]).query(&[("dead", dead.then_some("true"))]),
            Self::Retry { id } => Request::post(&["outbox", id, "retry"], Fields::new()),
            Self::Drop { id } => Request::delete(&["outbox", id]),
        })
    }
}
