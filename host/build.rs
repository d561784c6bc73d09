//! Puts the standard plugin, which `cargo xtask build-guests` made, where the server can embed it:
//! `include_bytes!(concat!(env!("OUT_DIR"), "/standard.wasm"))`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let plugin = workspace_root().join("target").join("policies").join("standard.wasm");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", plugin.display());
    let embedded = folder("OUT_DIR").join("standard.wasm");
    match std::fs::copy(&plugin, embedded) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            println!(
                "cargo::error=the standard plugin is not there ({}: {error}): run `cargo xtask build-guests` first",
                plugin.display()
            );
            ExitCode::FAILURE
        }
    }
}

fn workspace_root() -> PathBuf {
    let host = folder("CARGO_MANIFEST_DIR");
    host.parent().map_or_else(|| host.clone(), Path::to_path_buf)
}

#[expect(clippy::disallowed_methods, reason = "cargo tells build scripts by environment")]
fn folder(variable: &str) -> PathBuf {
    std::env::var_os(variable).map(PathBuf::from).unwrap_or_default()
}
