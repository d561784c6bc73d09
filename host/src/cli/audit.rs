//! `audit`: who changed what.

use clap::Args;

use super::failure::Failure;
use super::request::Request;

#[derive(Debug, Args)]
pub(super) struct Audit {
    /// From this moment on.
    #[arg(long, value_name = "T")]
    since: Option<String>,
    /// By this actor only.
    #[arg(long, value_name = "A")]
    actor: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    limit: Option<u32>,
}

impl Audit {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        let limit = self.limit.map(|limit| limit.to_string());
        Ok(Request::get(&["audit"]).query(&[
            ("since", self.since.as_deref()),
            ("actor", self.actor.as_deref()),
            ("limit", limit.as_deref()),
        ]))
    }
}
