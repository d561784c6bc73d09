//! What a fuel count depends on. The engines are configured from here, and the text that is recorded with decisions is
//! made of the same values, so that neither changes without the other.
//!
//! A new model is nothing to be afraid of: answers replay under any, fuel only under the one that it was counted under.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};
use wasmtime::{Config, OperatorCost, OptLevel, Strategy};

/// wasmtime's major version, which does not say itself which it is: a test holds this against the lock file.
const WASMTIME_MAJOR: u32 = 48;

/// The settings that a count depends on.
struct FuelModel {
    opt_level: OptLevel,
    canonical_nans: bool,
    deterministic_relaxed_simd: bool,
}

const RUNNING: FuelModel =
    FuelModel { opt_level: OptLevel::Speed, canonical_nans: true, deterministic_relaxed_simd: true };

/// Fuel that counts the same everywhere, and results that are the same everywhere.
pub(super) fn configure(config: &mut Config) {
    // Each operator costs what wasmtime's table says, whose fingerprint is a part of the text.
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(RUNNING.opt_level)
        .cranelift_nan_canonicalization(RUNNING.canonical_nans)
        .relaxed_simd_deterministic(RUNNING.deterministic_relaxed_simd)
        .consume_fuel(true);
}

/// The model that this program counts under.
pub(super) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| RUNNING.to_text(&OperatorCost::new()));
    &TEXT
}

impl FuelModel {
    fn to_text(&self, costs: &OperatorCost) -> String {
        let costs = Sha256::digest(format!("{costs:?}"));
        let costs: String = costs.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let opt_level = match self.opt_level {
            OptLevel::None => "not optimised",
            OptLevel::Speed => "optimised for speed",
            OptLevel::SpeedAndSize => "optimised for speed and size",
            _ => "optimised otherwise",
        };
        let nans = if self.canonical_nans { "canonical NaNs" } else { "NaNs of the machine" };
        let simd = if self.deterministic_relaxed_simd { "deterministic" } else { "the machine's" };
        format!("wasmtime {WASMTIME_MAJOR}, costs {costs}, {opt_level}, {nans}, {simd} relaxed SIMD")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever changes the configuration, or wasmtime, meets this: decisions that were recorded before keep the former
    /// text, and their fuel is compared no more.
    #[test]
    fn the_model_is_the_one_that_decisions_are_recorded_under() {
        assert_eq!(
            text(),
            "wasmtime 48, costs 56ab2396, optimised for speed, canonical NaNs, deterministic relaxed SIMD"
        );
    }

    #[test]
    fn the_lock_file_has_that_wasmtime() {
        let lock = include_str!("../../../Cargo.lock");
        let version = lock.split("name = \"wasmtime\"\nversion = \"").nth(1).expect("it is there");
        assert_eq!(version.split('.').next(), Some(WASMTIME_MAJOR.to_string().as_str()));
    }

    #[test]
    fn every_setting_is_in_the_text() {
        let costs = OperatorCost::new();
        let usual = RUNNING.to_text(&costs);
        for other in [
            FuelModel { opt_level: OptLevel::None, ..RUNNING },
            FuelModel { opt_level: OptLevel::SpeedAndSize, ..RUNNING },
            FuelModel { canonical_nans: false, ..RUNNING },
            FuelModel { deterministic_relaxed_simd: false, ..RUNNING },
        ] {
            assert_ne!(other.to_text(&costs), usual);
        }
        let mut dearer = OperatorCost::new();
        dearer.I32Add += 1;
        assert_ne!(RUNNING.to_text(&dearer), usual);
    }
}
