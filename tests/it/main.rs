//! Black-box tests of the whole, one binary.

mod agent;
mod alone;
mod any_bytes;
mod candidate;
mod company;
mod decision;
mod every_route;
mod hostile_guest;
mod hot_swap;
mod idempotency;
mod interview;
mod job;
mod job_resolution;
mod key;
mod metrics;
mod page;
mod plugin;
mod power_loss;
mod release;
mod stale_facts;
mod table;
mod tidy;
