//! A plugin that misbehaves as its settings say: `{"do": "loop"}`, in whatever policy it is asked. With
//! `"onlyCompany": ID`, or a list of them, it misbehaves there only and gives the plain answer to everybody else.
//!
//! Any settings are accepted but `{"invalid": true}`, also a `do` that nobody knows: the first call then
//! traps, like a plugin that forgot to check its settings.

mod billing;
mod call_scheduling;
mod job_resolution;
mod owner_onboarding;

use std::hint::black_box;

use serde_json::Value;
use switchboard_sdk::log;
use switchboard_sdk::settings::{self, Object};

/// What a guest on 32 bits cannot have, whatever its limit.
const FOUR_GIB: u64 = 4 << 30;

const MIB: usize = 1 << 20;

/// How many rounds `sleepy` turns when `rounds` is not set: some milliseconds, well within the usual fuel.
const SLEEPY_ROUNDS: u64 = 1_000_000;

/// The plugin.
#[derive(Debug)]
pub struct Hostile;

switchboard_sdk::export_job_resolution!(Hostile);
switchboard_sdk::export_call_scheduling!(Hostile);
switchboard_sdk::export_billing!(Hostile);
switchboard_sdk::export_owner_onboarding!(Hostile);

/// What to do, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    act: Option<String>,
    /// Absent: to everybody.
    only_companies: Option<Vec<String>>,
    rounds: u64,
}

impl settings::Settings for Settings {
    fn read(object: &mut Object<'_>) -> Self {
        object.accept_unknown_keys();
        if object.any("invalid") == Some(&Value::Bool(true)) {
            object.flaw("invalid", "these settings are invalid because they say so".to_owned());
        }
        let mut text = |key| object.any(key).and_then(Value::as_str).map(str::to_owned);
        Self {
            act: text("do"),
            only_companies: object.any("onlyCompany").map(texts),
            rounds: object.any("rounds").and_then(Value::as_u64).unwrap_or(SLEEPY_ROUNDS),
        }
    }
}

/// One text, or several.
fn texts(value: &Value) -> Vec<String> {
    let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    several.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl Settings {
    /// What to do to this company in a policy whose plain answer has that name. What is misbehaviour in every policy is
    /// done here, and what returns from it ends with the plain answer.
    fn act_on<'a>(&'a self, company_id: &str, plain: &'a str) -> &'a str {
        let spares = |only: &Vec<String>| only.iter().all(|only| only != company_id);
        if self.only_companies.as_ref().is_some_and(spares) {
            return plain;
        }
        match self.act.as_deref().unwrap_or(plain) {
            "loop" => loop {
                black_box(company_id);
            },
            "alloc" => allocate_without_end(),
            "recurse" => {
                black_box(recurse(0));
                plain
            }
            "trap" => panic!("hostile on purpose"),
            "unreachable" => trap_without_a_word(),
            "log" => {
                write_ten_megabytes_of_log();
                plain
            }
            "sleepy" => {
                turn(self.rounds);
                plain
            }
            act => act,
        }
    }
}

/// In whatever policy: the operator wrote something else than the author thought of.
fn nobody_knows(act: &str) -> ! {
    panic!("nobody knows how to do {act:?}")
}

/// Takes memory piece by piece, and touches it, until the host says no. The allocator then aborts.
fn allocate_without_end() -> ! {
    let mut pieces = Vec::new();
    let mut taken_bytes = 0_u64;
    while taken_bytes < FOUR_GIB {
        pieces.push(black_box(vec![1_u8; MIB]));
        taken_bytes += MIB as u64;
    }
    panic!("the host gave {} pieces of memory", pieces.len());
}

/// Not a tail call, and a frame that cannot be optimised away.
#[expect(unconditional_recursion, reason = "it shall overflow the stack")]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    let deeper = recurse(depth.wrapping_add(frame[3]).wrapping_add(1));
    black_box(frame)[7].wrapping_add(deeper)
}

#[cfg(target_family = "wasm")]
fn trap_without_a_word() -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(not(target_family = "wasm"))]
fn trap_without_a_word() -> ! {
    std::process::abort()
}

fn write_ten_megabytes_of_log() {
    let line = "0123456789".repeat(100);
    for _ in 0..10_000 {
        log::info(&line);
    }
}

fn turn(rounds: u64) {
    let mut sum = 0_u64;
    for round in 0..rounds {
        sum = black_box(sum.wrapping_add(round));
    }
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::job_resolution::validate_settings;

    use super::*;

    #[test]
    fn any_settings_are_accepted_but_invalid_ones() {
        for text in ["{}", r#"{"do":"loop"}"#, r#"{"do":"nonsense","more":1}"#, r#"{"invalid":false}"#] {
            assert_eq!(validate_settings::<Hostile>(text), Ok(()), "{text}");
        }
        let problems = validate_settings::<Hostile>(r#"{"invalid":true}"#).expect_err("refused");
        assert_eq!(problems[0].pointer, "/invalid");
    }

    #[test]
    fn named_companies_alone_are_harmed() {
        for only in [r#""a""#, r#"["c","a"]"#] {
            let settings = settings::parse::<Settings>(&format!(r#"{{"do":"wrong","onlyCompany":{only}}}"#));
            let settings = settings.expect("valid");
            assert_eq!(settings.act_on("a", "plain"), "wrong");
            assert_eq!(settings.act_on("b", "plain"), "plain");
        }
        let settings = settings::parse::<Settings>("{}").expect("valid");
        assert_eq!(settings.act_on("a", "plain"), "plain");
    }
}
