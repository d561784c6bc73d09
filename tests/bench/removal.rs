//! What the deletion of a large company does to those who post meanwhile.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard::Running;
use switchboard::ids::Ids;
use switchboard_tests::Client;

use crate::child::Server;
use crate::furnish::{first_office, furnish, insert, unlimited_key};
use crate::{Figure, Goal, load, median};

const CANDIDATES: usize = 100_000;
const ROUNDS: u64 = 3;
const ROUND: Duration = Duration::from_secs(3);
const CONNECTIONS: u64 = 16;

/// Where the server says how many deletions are under way.
const UNDER_WAY: &str = "switchboard_removals_under_way ";

pub(crate) fn measure() -> Vec<Figure> {
    // The first round warms up.
    let companies = usize::try_from(ROUNDS).expect("a few") + 1;
    let server = Server::removing(companies, CANDIDATES);
    let requests = server.interviews();
    let runtime = load::runtime();
    let text = |name: &str| server.told[name].as_str().expect("a text").to_owned();
    let mut partner = Client::new(server.listen, Some(&text("deleterKey")));
    let mut operator = Client::new(text("admin").parse().expect("an address"), Some(&text("token")));
    let (mut ratios, mut with, mut without, mut seconds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let posting = || load::run(server.listen, CONNECTIONS, ROUND, &requests, round);
        let calm = runtime.block_on(posting());
        let began = Instant::now();
        let beside = runtime.block_on(async {
            let place = usize::try_from(round).expect("a few");
            let company_id = server.told["companies"][place].as_str().expect("an id");
            let _ = partner.delete(&format!("/company/{company_id}")).await.expect(200);
            let beside = posting().await;
            assert!(0 < under_way(&mut operator).await, "it was over before the load was");
            while 0 < under_way(&mut operator).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            beside
        });
        calm.panic_on_errors();
        beside.panic_on_errors();
        if round > 0 {
            ratios.push(beside.percentile(99) / calm.percentile(99));
            with.push(beside.percentile(99) / 1e3);
            without.push(calm.percentile(99) / 1e3);
            seconds.push(began.elapsed().as_secs_f64());
        }
    }
    let told = format!(
        "{:.2} ms against {:.2}; the deletion took {:.1} s",
        median(with),
        median(without),
        median(seconds)
    );
    vec![Figure {
        what: "p99 of POST /interviews, c16, beside the deletion of 100,000 candidates".to_owned(),
        measured: median(ratios),
        unit: "×",
        goal: Goal::AtMost(3.0),
        told,
    }]
}

async fn under_way(operator: &mut Client) -> u64 {
    let answer = operator.get("/metrics").await;
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(UNDER_WAY)).expect("the gauge");
    line.parse().expect("a number")
}

/// Companies that will be deleted, in an ATS of their own, beside one that is worked in.
pub(crate) async fn fill(
    running: &Running,
    ids: &Ids,
    companies: usize,
    candidates: usize,
    candidates_path: &Path,
) -> Value {
    let mut told = furnish(running, ids, 1, 1_000, candidates_path).await;
    let mut operator = Client::new(running.admin_listen, Some(&running.admin_token));
    let ats = operator.post("/ats", &json!({ "name": "Leaving" })).await.json();
    let key = unlimited_key(&mut operator, json!({ "kind": "ats", "atsId": ats["id"] })).await;
    let first = first_office(running, &mut Client::new(running.listen, Some(&key))).await;
    let mut made = Vec::new();
    for _ in 0..companies {
        let office = first.copy(ids);
        insert(running, vec![office.company.clone()]).await;
        insert(running, vec![office.agent.clone()]).await;
        insert(running, vec![office.job.clone()]).await;
        insert(running, (0..candidates).map(|_| office.new_candidate(ids)).collect()).await;
        made.push(office.company.id.to_string());
    }
    told["deleterKey"] = json!(key);
    told["companies"] = json!(made);
    told
}
