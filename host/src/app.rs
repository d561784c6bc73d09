//! app

pub mod access;
