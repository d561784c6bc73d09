//! Black-box tests of the whole, one binary.

mod cli;
mod demo;
mod power_loss;
mod readme;
mod restart;
mod tidy;
