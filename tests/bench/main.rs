//! `cargo xtask bench [NAME…]`: what the promises of the README cost. Every figure is a ratio of two things
//! measured in one run, turn by turn, so that it means the same on another machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks to a person")]

mod backtest;
mod calls;
mod child;
mod fleet;
mod furnish;
mod group_commit;
mod latency;
mod lists;
mod load;
mod policy;
mod read;
mod removal;
mod swap;

use std::process::ExitCode;

/// One line of the table.
struct Figure {
    what: String,
    measured: f64,
    unit: &'static str,
    goal: Goal,
    told: String,
}

enum Goal {
    AtLeast(f64),
    AtMost(f64),
    None,
}

/// A part of the bench: its name, what it measures, and how.
type Part = (&'static str, &'static str, fn() -> Vec<Figure>);

const PARTS: [Part; 12] = [
    (
        "group-commit",
        "POST /interviews at 64 connections against one commit per request, one company",
        group_commit::one_company,
    ),
    (
        "group-commit-wide",
        "the same over 1,000 companies with 100,000 candidates",
        group_commit::many_companies,
    ),
    ("read", "server CPU of GET /jobs/{id} against a bare hyper server", read::measure),
    ("policy", "a fresh-instance job-resolution against bare wasmtime", policy::measure),
    ("swap", "a swap every 10 ms under 64 connections that post", swap::measure),
    ("backtest", "a release over 100,000 recorded decisions, on all cores", backtest::measure),
    ("fleet", "a start with 500 slots and 100 plugins; 150 plugins in turn against one", fleet::measure),
    ("latency", "POST /interviews at 1, 16 and 64 connections", latency::measure),
    ("removal", "POST /interviews beside a company of 100,000 candidates that is deleted", removal::measure),
    ("calls", "a claim and a start with 1,000 to 1,000,000 scheduled attempts", calls::measure),
    ("lists", "a page of 20 of each list and filter, from 1,000 to 1,000,000 records", lists::to_a_million),
    ("lists-quick", "the same up to 100,000 records; only when it is named", lists::quick),
];

/// Said by name only: it measures nothing that another part does not.
const BY_NAME_ONLY: &str = "lists-quick";

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some((child::FLAG, role)) = arguments.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        child::run(role);
        return ExitCode::SUCCESS;
    }
    let is_known = |name: &String| PARTS.iter().any(|(known, ..)| known == name);
    if !arguments.iter().all(is_known) {
        eprintln!("cargo xtask bench [NAME…]\n");
        PARTS.iter().for_each(|(name, what, _)| eprintln!("  {name:<18} {what}"));
        return ExitCode::from(2);
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{cores} cores, which servers and load share; medians over rounds that take turns\n");
    println!("{:<66} {:>9}  {:<8} ", "", "measured", "goal");
    for (name, _, measure) in PARTS {
        if (arguments.is_empty() && name != BY_NAME_ONLY) || arguments.iter().any(|wanted| wanted == name) {
            measure().iter().for_each(Figure::print);
        }
    }
    ExitCode::SUCCESS
}

impl Figure {
    fn print(&self) {
        let Self { what, measured, unit, .. } = self;
        let digits = if measured.fract() == 0.0 { 0 } else { 2 };
        let measured_text = format!("{measured:.digits$} {unit}");
        let (goal, holds) = match self.goal {
            Goal::AtLeast(least) => (format!("≥ {least}"), *measured >= least),
            Goal::AtMost(most) => (format!("≤ {most}"), *measured <= most),
            Goal::None => (String::new(), true),
        };
        println!("{what:<66} {measured_text:>9}  {goal:<8} {}", if holds { "" } else { "MISSED" });
        if !self.told.is_empty() {
            println!("    {}", self.told);
        }
    }
}

/// The middle of some measurements, which one bad round does not move.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
