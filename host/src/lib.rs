//! Switchboard: the public API of an AI-interview service, with its decisions taken by policy plugins.

pub mod app;
pub mod clock;
pub mod config;
pub mod http;
pub mod ids;
pub mod metrics;
pub mod policy;
pub mod store;
pub mod telemetry;
pub mod worker;
