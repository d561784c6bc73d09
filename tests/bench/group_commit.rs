//! Durable posts of many connections share commits; what that is worth.

use std::time::Duration;

use crate::child::{Server, Wanted};
use crate::{Figure, Goal, load, median};

const CONNECTIONS: u64 = 64;
const ROUNDS: u64 = 9;
const ROUND: Duration = Duration::from_secs(3);

/// Neighbours: what is of the company lies in the same pages, what is of a candidate in others. So many candidates that
/// each is interviewed a few times in all, as people are.
pub(crate) fn one_company() -> Vec<Figure> {
    let wanted = Wanted { batch_max: None, companies: 1, candidates: 10_000, keeps_log: false };
    vec![measure(wanted, "POST /interviews, c64, against a commit each; one company", 8.0)]
}

/// Far apart: nearly every request writes pages of its own.
pub(crate) fn many_companies() -> Vec<Figure> {
    let wanted = Wanted { batch_max: None, companies: 1_000, candidates: 100_000, keeps_log: false };
    vec![measure(wanted, "POST /interviews, c64, against a commit each; 1,000 companies", 3.0)]
}

fn measure(wanted: Wanted, what: &str, least: f64) -> Figure {
    let servers = [Server::start(wanted), Server::start(Wanted { batch_max: Some(1), ..wanted })];
    let requests = servers.each_ref().map(Server::interviews);
    let runtime = load::runtime();
    let (mut ratios, mut rates) = (Vec::new(), [Vec::new(), Vec::new()]);
    // The first round warms up.
    for round in 0..=ROUNDS {
        let [group, single] = [0, 1].map(|side| {
            let address = servers[side].listen;
            let load = runtime.block_on(load::run(address, CONNECTIONS, ROUND, &requests[side], round));
            load.panic_on_errors();
            load.per_second()
        });
        if round > 0 {
            ratios.push(group / single);
            rates[0].push(group);
            rates[1].push(single);
        }
    }
    let [group, single] = rates.map(median);
    let told = format!("{group:.0} requests a second against {single:.0}");
    Figure { what: what.to_owned(), measured: median(ratios), unit: "×", goal: Goal::AtLeast(least), told }
}
