//! Black-box tests of the whole, one binary.

mod agent;
mod alone;
mod any_bytes;
mod candidate;
mod cli;
mod company;
mod decision;
mod demo;
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
mod readme;
mod release;
mod restart;
mod stale_facts;
mod table;
mod tidy;
