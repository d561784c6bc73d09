//! What does a finished call cost, in minutes or credits?

use crate::export::policy_entry_points;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/log", "../../wit/billing"],
        world: "switchboard:billing/billing",
        with: { "switchboard:log/log@0.1.0": crate::log::bindings::switchboard::log::log },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        // Its default would be the same for all four worlds, and macros share one namespace per crate.
        export_macro_name: "export",
    });

    pub use exports::switchboard::billing::policy::Guest;
}

pub use bindings::exports::switchboard::billing::policy::{
    AgentFocus, AgentType, BillingSystem, Decision, Facts, Line, MonthSoFar, SettingsProblem,
};

policy_entry_points!();
