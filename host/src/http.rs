//! http

pub mod agent;
pub mod body;
pub mod call_attempt;
pub mod candidate;
pub mod company;
pub mod interview;
pub mod job;
pub mod schema;
