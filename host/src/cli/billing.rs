//! `billing`: what calls would have cost.

use clap::Subcommand;

use super::failure::Failure;
use super::request::Request;

#[derive(Debug, Subcommand)]
pub(super) enum Billing {
    /// What another release would have billed, as a difference to what was; changes nothing.
    Rerate {
        /// A release for billing, active or not.
        #[arg(long, value_name = "REL")]
        release: String,
        /// Only calls that ended from this moment or day (UTC) on.
        #[arg(long, value_name = "T")]
        since: String,
    },
}

impl Billing {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Rerate { release, since } => Request::get(&["billing", "rerate"])
                .query(&[("release", Some(release.as_str())), ("since", Some(since.as_str()))]),
        })
    }
}
