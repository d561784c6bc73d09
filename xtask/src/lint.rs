//! Everything that can be said about the sources without running them.

use crate::guests;
use crate::step::{Failed, cargo};

/// The first step that fails ends it.
pub(crate) fn run() -> Result<(), Failed> {
    guests::add_target()?;
    cargo("check the formatting (mend it with `cargo fmt --all`)", &["fmt", "--all", "--check"]).run()?;
    // The server embeds a plugin, so even a check needs it.
    guests::build()?;
    cargo("lint the workspace", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
    // With the tests the server has every feature. What else is chosen stays the same, so that the crates below keep
    // their features and are not checked again.
    let without_tests = ["clippy", "--workspace", "--exclude", "switchboard-tests", "--all-targets"];
    cargo("lint the server without its features", &without_tests).args(["--", "-D", "warnings"]).run()?;
    cargo("lint the plugins", &["clippy", "--target", guests::TARGET])
        .args(guests::package_arguments())
        .args(["--", "-D", "warnings"])
        .run()?;
    cargo("write the documentation", &["doc", "--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    licences()
}

/// Advisories are left to where their database can be reached.
fn licences() -> Result<(), Failed> {
    if !cargo("look for cargo-deny", &["deny", "--version"]).succeeds() {
        return Err(Failed::new(
            "xtask: cargo-deny is missing: run `cargo install cargo-deny --locked`, then `cargo xtask lint` again",
        ));
    }
    cargo(
        "check licences, bans and sources",
        &["deny", "check", "--hide-inclusion-graph", "licenses", "bans", "sources"],
    )
    .run()
}
