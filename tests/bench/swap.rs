//! What a swap every 10 ms does to those who post.

use std::time::Duration;

use serde_json::json;
use switchboard_tests::{Client, wasm};

use crate::child::{Server, Wanted};
use crate::load::{self, Load};
use crate::{Figure, Goal, median};

const CONNECTIONS: u64 = 64;
const ROUNDS: u64 = 7;
const ROUND: Duration = Duration::from_secs(3);
const SWAP_EVERY: Duration = Duration::from_millis(10);

pub(crate) fn measure() -> Vec<Figure> {
    let wanted = Wanted { batch_max: None, companies: 1, candidates: 1_000, keeps_log: false };
    let server = Server::start(wanted);
    let requests = server.interviews();
    let runtime = load::runtime();
    let mut operator = operator(&server);
    let releases = runtime.block_on(releases(&mut operator));
    let (mut ratios, mut errors, mut swaps, mut rates) = (Vec::new(), 0, 0, Vec::new());
    let (mut with, mut without) = (Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=ROUNDS {
        let posting = || load::run(server.listen, CONNECTIONS, ROUND, &requests, round);
        let calm = runtime.block_on(posting());
        calm.panic_on_errors();
        let (swapped, done) = runtime.block_on(swapping(posting(), &mut operator, &releases));
        if let Some(error) = &swapped.first_error {
            eprintln!("{error}");
        }
        errors += swapped.errors;
        swaps += done;
        if round > 0 {
            ratios.push(swapped.percentile(99) / calm.percentile(99));
            rates.push(swapped.per_second() / calm.per_second());
            with.push(swapped.percentile(99) / 1e3);
            without.push(calm.percentile(99) / 1e3);
        }
    }
    let told = format!(
        "{:.2} ms against {:.2}; {swaps} swaps, {:.2} × the requests a second",
        median(with),
        median(without),
        median(rates)
    );
    let tail = Figure {
        what: "p99 of POST /interviews, c64, with a swap every 10 ms, against none".to_owned(),
        measured: median(ratios),
        unit: "×",
        goal: Goal::AtMost(1.2),
        told,
    };
    let errors = f64::from(u32::try_from(errors).unwrap_or(u32::MAX));
    let what = "requests that failed meanwhile".to_owned();
    vec![tail, Figure { what, measured: errors, unit: "", goal: Goal::AtMost(0.0), told: String::new() }]
}

fn operator(server: &Server) -> Client {
    let address = server.told["admin"].as_str().and_then(|address| address.parse().ok()).expect("an address");
    Client::new(address, server.told["token"].as_str())
}

/// One of each of two plugins, which answer these requests alike.
async fn releases(operator: &mut Client) -> [String; 2] {
    let headers = [("Content-Type", "application/wasm")];
    let pushed = operator.send("POST", "/plugins?name=northstar", &headers, wasm("northstar")).await;
    assert!(pushed.is_success(), "{pushed:?}");
    let mut made = Vec::new();
    for plugin in ["standard", "northstar"] {
        let release = json!({ "slot": "default/job-resolution", "plugin": plugin });
        let release = operator.post("/releases", &release).await.json();
        made.push(release["id"].as_str().unwrap_or_else(|| panic!("no release: {release}")).to_owned());
    }
    made.try_into().expect("two")
}

/// Swaps until the load is done, in turn with it; how often.
async fn swapping(
    posting: impl Future<Output = Load>,
    operator: &mut Client,
    releases: &[String; 2],
) -> (Load, usize) {
    let mut swaps = 0;
    let mut every = tokio::time::interval(SWAP_EVERY);
    let swap = async {
        loop {
            every.tick().await;
            let path = format!("/releases/{}/activate", releases[swaps % 2]);
            let answer = operator.post(&path, &json!({})).await;
            assert!(answer.is_success(), "{answer:?}");
            swaps += 1;
        }
    };
    tokio::select! {
        load = posting => (load, swaps),
        () = swap => unreachable!("it goes on"),
    }
}
