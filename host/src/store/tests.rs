//! Tests of the store from within: what a black-box test cannot see or force.

mod call_queue;
mod fixture;
mod golden;
mod list;
mod noun;
mod range;
mod search;
mod usage;
mod writer;
