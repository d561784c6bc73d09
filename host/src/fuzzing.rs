//! Entries for fuzzing: each takes any bytes and panics where a promise is broken. `cargo fuzz` runs them with
//! coverage (`fuzz/`), the tests below with any toolchain. Never part of the program.

use std::sync::OnceLock;

use crate::http;
use crate::store::fuzzing::golden;

pub use crate::http::fuzzing::{credential, request_target};
pub use crate::policy::fuzzing::component;
pub use crate::store::fuzzing::stored_value;

/// What a partner sends as a body: something new, or a change of something.
pub fn body(data: &[u8]) {
    static KEPT: OnceLock<http::fuzzing::Kept> = OnceLock::new();
    let kept = KEPT.get_or_init(|| http::fuzzing::Kept {
        company: golden(),
        job: golden(),
        candidate: golden(),
        agent: golden(),
        interview: golden(),
    });
    http::fuzzing::body(data, kept);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    /// An input that is compiled as a component takes some milliseconds, every other one far less.
    const CASES_COMPILED: u32 = 256;
    const CASES: u32 = 4096;

    /// The seeds lie where `cargo fuzz` finds them too.
    fn seeds(target: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| std::fs::read(entry.unwrap().path()).expect("a seed is read")).collect()
    }

    /// Every seed, seeds with a place changed or two of them joined, and any bytes.
    fn keeps_its_promises(entry: fn(&[u8]), seeds: Vec<Vec<u8>>, cases: u32) {
        assert!(!seeds.is_empty(), "there is no seed");
        seeds.iter().for_each(|seed| entry(seed));
        let seed = prop::sample::select(seeds);
        let input = prop_oneof![
            6 => changed(seed.clone()),
            2 => (seed.clone(), seed, any::<prop::sample::Index>()).prop_map(|(first, second, at)| {
                let cut = at.index(first.len() + 1);
                [&first[..cut], &second[cut.min(second.len())..]].concat()
            }),
            1 => prop::collection::vec(any::<u8>(), 0..64),
        ];
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&input, |input| {
            entry(&input);
            Ok(())
        });
        outcome.unwrap_or_else(|failure| panic!("{failure}"));
    }

    fn changed(seed: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
        let put = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..4),
            prop::collection::vec(prop::sample::select(b"0-9 %&=?/\"{}[],:.eE+".to_vec()), 0..4),
        ];
        (seed, any::<prop::sample::Index>(), put, 0_usize..5).prop_map(|(mut bytes, at, put, gone)| {
            let at = at.index(bytes.len() + 1);
            let end = (at + gone).min(bytes.len());
            bytes.splice(at..end, put);
            bytes
        })
    }

    #[test]
    fn any_body_is_read_or_refused() {
        keeps_its_promises(body, seeds("body"), CASES);
    }

    #[test]
    fn any_target_is_read_or_refused() {
        keeps_its_promises(request_target, seeds("request_target"), CASES);
    }

    #[test]
    fn any_credential_is_read_or_refused() {
        keeps_its_promises(credential, seeds("credential"), CASES);
    }

    #[test]
    fn any_component_is_admitted_or_refused() {
        keeps_its_promises(component, seeds("component"), CASES_COMPILED);
    }

    #[test]
    fn any_stored_value_is_a_record_or_an_error() {
        keeps_its_promises(stored_value, crate::store::fuzzing::seeds(), CASES);
    }
}
