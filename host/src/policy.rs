//! Policies: WebAssembly components that decide. Facts in, decision out, on a fresh instance for each call.
//!
//! Promises: a plugin cannot stop the threads that run it, use more than its release allows, or harm another
//! slot; whoever took a `Line` keeps the releases in it until the request ends.
//! Must never happen here: a read or write of the store, a wall-clock reading, native code that this server
//! did not compile itself.

mod adapter;
mod admit;
mod billing;
mod cache;
mod call;
mod call_scheduling;
mod engine;
mod fleet;
mod fuel_model;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod guest;
mod job_resolution;
mod owner_onboarding;
mod redact;
mod replay;
mod runtime;
mod scenario;
mod shape;
mod wasi;
mod wit;
mod world;

#[cfg(test)]
mod tests;

use switchboard_domain::decision::FailureKind;

pub use adapter::Policy;
pub use admit::{Admitted, SettingsProblem};
pub use billing::Billing;
pub use call_scheduling::CallScheduling;
pub use fleet::breaker::BreakerState;
pub use fleet::line::{Line, Outcome};
pub use fleet::seat::{DURATION_BOUNDS_MICROS, ReleaseStats, Standing};
pub use fleet::shadow::ShadowCall;
pub use fleet::{Fleet, Plan, Unavailable};
pub use job_resolution::JobResolution;
pub use owner_onboarding::OwnerOnboarding;
pub use redact::redacted;
pub use replay::{Rehearsal, Replayed};
pub use runtime::{Runtime, Setup};

/// What can go wrong outside of a decision. Inside of one, everything is a recorded `FailureKind`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The component is not admitted; each sentence says what to change.
    #[error("{}", .0.join(" "))]
    Refused(Vec<String>),
    /// The plugin failed while it was asked.
    #[error("{}: {}", .0.as_str(), .1)]
    Failed(FailureKind, String),
    /// Recorded facts that this version of the policy cannot read.
    #[error("the recorded facts cannot be read: {0}")]
    UnreadableFacts(String),
    /// The host's own fault.
    #[error("the policy engine failed: {0}")]
    Engine(String),
}
