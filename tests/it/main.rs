//! Black-box tests of the whole, one binary.

mod alone;
mod decision;
mod hostile_guest;
mod hot_swap;
mod job_resolution;
mod metrics;
mod plugin;
mod power_loss;
mod release;
mod stale_facts;
mod tidy;
