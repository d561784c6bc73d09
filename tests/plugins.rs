//! The components that `cargo xtask build-guests` makes.

use std::path::PathBuf;

use bytes::Bytes;

/// Where they lie.
#[must_use]
pub fn policies_folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "target", "policies"].iter().collect()
}

/// One of them: `standard`, `hostile`, or an ATS's, such as `northstar`.
#[must_use]
pub fn wasm(name: &str) -> Bytes {
    let path = policies_folder().join(format!("{name}.wasm"));
    let read = std::fs::read(&path);
    read.unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask build-guests`", path.display())).into()
}
