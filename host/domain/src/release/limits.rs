//! What one call of a release may use. Every limit has a default, a maximum and a place in the release; what can be set
//! for a whole engine only, its stack, is none.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::problem::{Flaw, Problems, field_path};

/// What one call may use. Defaults and maxima stand in `bounds`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Deterministic measure of work.
    pub fuel: u64,
    /// Wall-clock safety net.
    pub timeout_millis: u64,
    /// Linear memory.
    pub memory_mib: u32,
    /// Of each table of the guest.
    pub table_elements: u32,
    /// Facts and settings together.
    pub input_kib: u32,
    /// Of all texts in an answer.
    pub output_kib: u32,
    /// Log that is kept of one call, the newest lines.
    pub log_kib: u32,
    /// At once, in its slot.
    pub calls_in_flight: u32,
}

/// Limits that somebody asks for; those that are absent have their defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WantedLimits {
    /// [`Limits::fuel`]
    pub fuel: Option<u64>,
    /// [`Limits::timeout_millis`]
    pub timeout_millis: Option<u64>,
    /// [`Limits::memory_mib`]
    pub memory_mib: Option<u32>,
    /// [`Limits::table_elements`]
    pub table_elements: Option<u32>,
    /// [`Limits::input_kib`]
    pub input_kib: Option<u32>,
    /// [`Limits::output_kib`]
    pub output_kib: Option<u32>,
    /// [`Limits::log_kib`]
    pub log_kib: Option<u32>,
    /// [`Limits::calls_in_flight`]
    pub calls_in_flight: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Limits {
    /// What a release has that says nothing of them.
    pub const DEFAULT: Self = Self {
        fuel: bounds::FUEL_DEFAULT,
        timeout_millis: bounds::TIMEOUT_MILLIS_DEFAULT,
        memory_mib: bounds::MEMORY_MIB_DEFAULT,
        table_elements: bounds::TABLE_ELEMENTS_DEFAULT,
        input_kib: bounds::INPUT_KIB_DEFAULT,
        output_kib: bounds::OUTPUT_KIB_DEFAULT,
        log_kib: bounds::LOG_KIB_DEFAULT,
        calls_in_flight: bounds::CALLS_IN_FLIGHT_DEFAULT,
    };

    /// Every limit inside its bounds; `base` is the path of the object with `fuel`, `timeoutMs` and so on.
    pub fn check(&self, base: &str, problems: &mut Problems) {
        let wide = |range: RangeInclusive<u32>| u64::from(*range.start())..=u64::from(*range.end());
        for (name, value, range) in [
            ("fuel", self.fuel, bounds::FUEL),
            ("timeoutMs", self.timeout_millis, bounds::TIMEOUT_MILLIS),
            ("memoryMib", self.memory_mib.into(), wide(bounds::MEMORY_MIB)),
            ("tableElements", self.table_elements.into(), wide(bounds::TABLE_ELEMENTS)),
            ("inputKib", self.input_kib.into(), wide(bounds::INPUT_KIB)),
            ("outputKib", self.output_kib.into(), wide(bounds::OUTPUT_KIB)),
            ("logKib", self.log_kib.into(), wide(bounds::LOG_KIB)),
            ("callsInFlight", self.calls_in_flight.into(), wide(bounds::CALLS_IN_FLIGHT)),
        ] {
            if !range.contains(&value) {
                let message = format!("must be from {} to {}", range.start(), range.end());
                problems.add(field_path(base, name), Flaw::invalid(message));
            }
        }
    }
}

impl From<WantedLimits> for Limits {
    fn from(wanted: WantedLimits) -> Self {
        let default = Self::DEFAULT;
        Self {
            fuel: wanted.fuel.unwrap_or(default.fuel),
            timeout_millis: wanted.timeout_millis.unwrap_or(default.timeout_millis),
            memory_mib: wanted.memory_mib.unwrap_or(default.memory_mib),
            table_elements: wanted.table_elements.unwrap_or(default.table_elements),
            input_kib: wanted.input_kib.unwrap_or(default.input_kib),
            output_kib: wanted.output_kib.unwrap_or(default.output_kib),
            log_kib: wanted.log_kib.unwrap_or(default.log_kib),
            calls_in_flight: wanted.calls_in_flight.unwrap_or(default.calls_in_flight),
        }
    }
}
