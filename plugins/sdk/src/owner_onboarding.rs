//! What happens to the e-mail address of a company's owner?

use crate::export::policy_entry_points;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/log", "../../wit/owner-onboarding"],
        world: "switchboard:owner-onboarding/owner-onboarding",
        with: { "switchboard:log/log@0.1.0": crate::log::bindings::switchboard::log::log },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        // Its default would be the same for all four worlds, and macros share one namespace per crate.
        export_macro_name: "export",
    });

    pub use exports::switchboard::owner_onboarding::policy::Guest;
}

pub use bindings::exports::switchboard::owner_onboarding::policy::{
    Decision, Facts, Invitation, PendingInvitation, SettingsProblem,
};

policy_entry_points!();
