//! `safe-mode`: only the standard plugin answers, at once.

use clap::Subcommand;

use super::failure::Failure;
use super::request::{Fields, Request};
use super::slot::SlotName;

#[derive(Debug, Subcommand)]
pub(super) enum SafeMode {
    /// Only the standard plugin answers.
    On {
        /// In this slot only.
        #[arg(long, value_name = "ATS/POLICY")]
        slot: Option<SlotName>,
    },
    /// The releases answer again.
    Off {
        /// In this slot only.
        #[arg(long, value_name = "ATS/POLICY")]
        slot: Option<SlotName>,
    },
    /// Where it is on.
    Show,
}

impl SafeMode {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        let set = |on: bool, slot: &Option<SlotName>| {
            let slot = slot.as_ref().map(ToString::to_string);
            Request::post(&["safe-mode"], Fields::new().with("on", Some(on)).with("slot", slot))
        };
        Ok(match self {
            Self::On { slot } => set(true, slot),
            Self::Off { slot } => set(false, slot),
            Self::Show => Request::get(&["safe-mode"]),
        })
    }
}
