//! How long a durable post takes with few and with many beside it.

use std::time::Duration;

use crate::child::{Server, Wanted};
use crate::{Figure, Goal, load, median};

const ROUNDS: u64 = 3;
const ROUND: Duration = Duration::from_secs(2);

pub(crate) fn measure() -> Vec<Figure> {
    let wanted = Wanted { batch_max: None, companies: 1, candidates: 1_000, keeps_log: false };
    let server = Server::start(wanted);
    let requests = server.interviews();
    let runtime = load::runtime();
    let mut figures = Vec::new();
    for connections in [1, 16, 64] {
        let (mut halves, mut tails, mut rates, mut cpu) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let before = server.cpu();
            let load = runtime.block_on(load::run(server.listen, connections, ROUND, &requests, round));
            load.panic_on_errors();
            if round > 0 {
                halves.push(load.percentile(50) / 1e3);
                tails.push(load.percentile(99) / 1e3);
                rates.push(load.per_second());
                cpu.push((server.cpu() - before).as_secs_f64() * 1e6 / load.requests());
            }
        }
        figures.push(Figure {
            what: format!("POST /interviews, c{connections}, p50"),
            measured: median(halves),
            unit: "ms",
            goal: Goal::None,
            told: format!(
                "p99 {:.2} ms; {:.0} requests a second; {:.0} µs of server CPU each",
                median(tails),
                median(rates),
                median(cpu)
            ),
        });
    }
    figures
}
