//! Black-box tests of the whole, one binary.

mod agent;
mod any_bytes;
mod candidate;
mod company;
mod every_route;
mod idempotency;
mod interview;
mod job;
mod key;
mod page;
mod power_loss;
mod table;
mod tidy;
