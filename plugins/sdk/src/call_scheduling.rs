//! When is a candidate phoned: for the first time when no time was named, and again after a call that failed?

use crate::export::policy_entry_points;

#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/log", "../../wit/call-scheduling"],
        world: "switchboard:call-scheduling/call-scheduling",
        with: { "switchboard:log/log@0.1.0": crate::log::bindings::switchboard::log::log },
        additional_derives: [PartialEq, Eq],
        pub_export_macro: true,
        // Its default would be the same for all four worlds, and macros share one namespace per crate.
        export_macro_name: "export",
    });

    pub use exports::switchboard::call_scheduling::policy::Guest;
}

pub use bindings::exports::switchboard::call_scheduling::policy::{
    AgentFocus, CallFailure, CallWindow, Decision, Facts, LocalTime, PastAttempt, PlannedCall,
    SettingsProblem, Weekday,
};

policy_entry_points!();
