//! What a policy plugin in Rust builds on.
//!
//! A policy is a pure function: facts in, decision out. There is no clock, no randomness, no network and no
//! memory of an earlier call; everything that the rule may know stands in the facts, `now` included.
//!
//! ```ignore
//! use switchboard_sdk::job_resolution::{Decision, Facts, Policy};
//!
//! struct Newest;
//!
//! impl Policy for Newest {
//!     type Settings = ();
//!
//!     fn decide(facts: Facts, _settings: ()) -> Decision {
//!         match facts.active_jobs().max_by_key(|job| job.created_at_ms) {
//!             Some(job) => Decision::Job(job.id.clone()),
//!             None => Decision::NoJob,
//!         }
//!     }
//! }
//!
//! switchboard_sdk::export_job_resolution!(Newest);
//! ```
//!
//! The export macros do nothing but check types when the plugin is built for the machine it is written on, so
//! `cargo test` tests the rule like any function. One plugin may export several policies.
//!
//! What this crate must never do: import anything but the log. A guest that asks for WASI is refused.

#[cfg(target_family = "wasm")]
mod allocator;
#[cfg_attr(not(target_family = "wasm"), cfg(test))]
mod arena;
mod export;
mod panic_log;

pub mod billing;
pub mod call_scheduling;
pub mod job_resolution;
pub mod log;
pub mod owner_onboarding;
pub mod settings;

#[doc(hidden)]
pub use panic_log::install as install_panic_log;
