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

/// One of them that is the same in all but its digest.
#[must_use]
pub fn variant(name: &str, mark: &str) -> Bytes {
    let length = u8::try_from(mark.len()).expect("a short mark");
    assert!(length < 127, "its length is one byte");
    let mut bytes = wasm(name).to_vec();
    // A custom section, which nobody reads.
    bytes.extend([0, length + 1, length]);
    bytes.extend(mark.as_bytes());
    bytes.into()
}
