//! The rules of Switchboard: records, checks, verdicts.
//!
//! Pure: this crate cannot do I/O, keep time or draw randomness; clock, ids and randomness are arguments.
//! What is here is what a customer would argue about. Status codes and JSON shapes are not.

pub mod agent;
pub mod analysis;
pub mod ats;
pub mod audit;
pub mod billing;
pub mod bounds;
pub mod call_attempt;
pub mod call_scheduling;
pub mod call_window;
pub mod candidate;
pub mod company;
pub mod decision;
pub mod difference;
pub mod event;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod id;
pub mod interview;
pub mod invitation;
pub mod job;
pub mod job_resolution;
pub mod key;
pub mod language;
pub mod lease;
pub mod membership;
pub mod metadata;
pub mod outbox;
pub mod owner_onboarding;
pub mod phone_number;
pub mod problem;
pub mod rejection;
pub mod release;
pub mod removal;
pub mod rollout;
pub mod safe_mode;
pub mod search;
pub mod text;
pub mod time;
pub mod usage;
pub mod user;
mod words;
