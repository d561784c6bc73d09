//! Black-box tests of the whole, one binary.

mod power_loss;
mod tidy;
