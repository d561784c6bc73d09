//! What a claim and a start cost with a thousand to a million scheduled attempts.

pub(crate) mod fill;

use std::time::Duration;

use serde_json::json;

use crate::child::Server;
use crate::load::{self, Requests};
use crate::{Figure, Goal, median};

const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const ROUNDS: u64 = 7;
const ROUND: Duration = Duration::from_millis(250);

pub(crate) fn measure() -> Vec<Figure> {
    let servers = SIZES.map(Server::calling);
    let runtime = load::runtime();
    // Microseconds of server CPU a claim.
    let cpu = |server: &Server, claims: &Requests, seed: u64| {
        let before = server.cpu();
        let load = runtime.block_on(load::run(server.listen, 1, ROUND, claims, seed));
        load.panic_on_errors();
        (server.cpu() - before).as_secs_f64() * 1e6 / load.requests()
    };
    let mut figures = Vec::new();
    for (what, key) in [("a claim that takes one", "worker"), ("a claim that finds nothing", "idle")] {
        let mut curve = [const { Vec::new() }; SIZES.len()];
        // The first round warms up.
        for round in 0..=ROUNDS {
            for (place, server) in servers.iter().enumerate() {
                let cost = cpu(server, &claims(server, key), round);
                curve[place].extend((round > 0).then_some(cost));
            }
        }
        figures.push(figure(what, "server CPU", "µs", 1.5, curve.map(median)));
    }
    let starts = servers.map(|server| server.told["startMillis"].as_f64().expect("a number"));
    figures.push(figure("a start", "until it listens", "ms", 1.5, starts));
    figures
}

fn claims(server: &Server, key: &str) -> Requests {
    let body = json!({ "max": 1, "leaseSeconds": 300 }).to_string();
    let key = server.told[key].as_str().expect("a key");
    Requests::new(vec![load::post(server.listen, "/worker/call-attempts/claim", key, &body)])
}

fn figure(what: &str, of: &str, unit: &str, most: f64, values: [f64; SIZES.len()]) -> Figure {
    let points = SIZES.iter().zip(values).map(|(size, value)| format!("{size}: {value:.0} {unit}"));
    let [smallest, .., largest] = SIZES;
    Figure {
        what: format!("{what}, {smallest} to {largest} scheduled attempts"),
        measured: values.iter().fold(1.0, |most, value| f64::max(most, value / values[0])),
        unit: "×",
        goal: Goal::AtMost(most),
        told: format!("{of}, {}", points.collect::<Vec<_>>().join(", ")),
    }
}
