//! What a read costs the server beyond what HTTP costs anybody: with key, rate, store, JSON, metrics and the
//! request's line in the log.

use std::time::Duration;

use switchboard_tests::Client;

use crate::child::{Server, Wanted};
use crate::load::{self, Requests};
use crate::{Figure, Goal, median};

const CONNECTIONS: u64 = 64;
const ROUNDS: u64 = 7;
const ROUND: Duration = Duration::from_secs(2);

pub(crate) fn measure() -> Vec<Figure> {
    let wanted = Wanted { batch_max: None, companies: 1, candidates: 1, keeps_log: true };
    let server = Server::start(wanted);
    let path = server.told["jobPath"].as_str().expect("a path");
    let key = server.told["companyKey"].as_str().expect("a key");
    let runtime = load::runtime();
    let answer = runtime.block_on(Client::new(server.listen, Some(key)).get(path));
    assert_eq!(answer.status, 200, "{answer:?}");
    let bare = Server::bare(answer.bytes.len());
    let cpu = |side: &Server, round| {
        let requests = Requests::new(vec![load::get(side.listen, path, key)]);
        let before = side.cpu();
        let load = runtime.block_on(load::run(side.listen, CONNECTIONS, ROUND, &requests, round));
        load.panic_on_errors();
        (side.cpu() - before).as_secs_f64() * 1e6 / load.requests()
    };
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=ROUNDS {
        let (own, other) = (cpu(&server, round), cpu(&bare, round));
        if round > 0 {
            ratios.push(own / other);
            ours.push(own);
            theirs.push(other);
        }
    }
    let told = format!(
        "{:.1} µs of CPU a request against {:.1}; a body of {} bytes; the log is JSON in a file",
        median(ours),
        median(theirs),
        answer.bytes.len()
    );
    let what = "server CPU of GET /jobs/{id}, c64, against bare hyper".to_owned();
    vec![Figure { what, measured: median(ratios), unit: "×", goal: Goal::AtMost(2.0), told }]
}
