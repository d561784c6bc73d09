//! Bills that nobody could pay, and keys that no table could hold.

use switchboard_sdk::billing::{Decision, Facts, Line, Policy};

use crate::{Hostile, MIB, Settings, nobody_knows};

impl Policy for Hostile {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let lines = match settings.act_on(&facts.company_id, "one-unit") {
            "one-unit" => vec![line("hostile_calls", 1000)],
            "free" => vec![],
            "bad-key" => vec![line("Interview minutes", 1000)],
            "no-key" => vec![line("", 1000)],
            "long-key" => vec![line(&"k".repeat(65), 1000)],
            "same-key-twice" => vec![line("calls", 1), line("minutes", 1), line("calls", 1)],
            "many-lines" => (0..21).map(|number| line(&format!("line_{number}"), 1)).collect(),
            "too-much" => vec![line("calls", 1_000_000_000_001)],
            "too-much-together" => vec![line("calls", 1_000_000_000_000), line("minutes", 1)],
            "overflow" => vec![line("calls", u64::MAX), line("minutes", u64::MAX)],
            "huge-output" => vec![line(&"k".repeat(MIB), 1)],
            act => nobody_knows(act),
        };
        Decision { lines }
    }
}

fn line(cost_key: &str, quantity_thousandths: u64) -> Line {
    Line { cost_key: cost_key.to_owned(), quantity_thousandths }
}
