//! The components that `cargo xtask build-guests` makes.

use std::path::PathBuf;

use bytes::Bytes;
use serde_json::Value;

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
    with_section(&wasm(name), mark, b"")
}

/// One of them that carries these scenarios besides its own.
#[must_use]
pub fn with_scenarios(name: &str, scenarios: &Value) -> Bytes {
    with_section(&wasm(name), "switchboard:scenarios", scenarios.to_string().as_bytes())
}

/// A component with one more custom section behind all that it has.
#[must_use]
pub fn with_section(component: &[u8], name: &str, content: &[u8]) -> Bytes {
    let rest = [length(name.len()).as_slice(), name.as_bytes(), content].concat();
    [component, &[0], &length(rest.len()), &rest].concat().into()
}

/// Five bytes, whatever the number: seven bits each, the lowest first.
fn length(number: usize) -> [u8; 5] {
    assert!(number < 1 << 32, "a section has a length of 32 bits");
    std::array::from_fn(|place| {
        let more = if place < 4 { 0x80 } else { 0 };
        ((number >> (7 * place)) & 0x7f).to_le_bytes()[0] | more
    })
}
