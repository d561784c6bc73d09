//! The rules that hold where an ATS has asked for nothing else: one policy per file, each a plain function.

pub mod billing;
pub mod call_scheduling;
pub mod job_resolution;
pub mod owner_onboarding;

/// The four built-in rules.
#[derive(Debug)]
pub struct Standard;

switchboard_sdk::export_job_resolution!(Standard);
switchboard_sdk::export_call_scheduling!(Standard);
switchboard_sdk::export_billing!(Standard);
switchboard_sdk::export_owner_onboarding!(Standard);
