//! Black-box tests of the whole, one binary.

mod tidy;
