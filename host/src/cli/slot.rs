//! `slot`: an ATS's place for a policy.

use clap::Subcommand;

use super::failure::Failure;
use super::request::Request;

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
}

impl Slot {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::List => Request::get(&["slots"]),
            Self::Show { slot } => Request::get(&["slots", &slot.ats, &slot.policy]),
        })
    }
}
