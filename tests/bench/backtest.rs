//! A release over a hundred thousand recorded decisions, on every core.

use std::time::Duration;

use serde_json::json;
use switchboard::app::{self, backtest::Wanted};
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::id::{AtsId, CandidateId, CompanyId, DecisionId, ReleaseId};
use switchboard_domain::time::Timestamp;
use switchboard_tests::Client;

use crate::{Figure, Goal, child, furnish, load, median, policy};

const DECISIONS: usize = 100_000;
const COMPANIES: usize = 100;
const ROUNDS: usize = 5;
const DEADLINE: Duration = Duration::from_secs(6);

pub(crate) fn measure() -> Vec<Figure> {
    let runtime = load::runtime();
    let folder = child::folder();
    let seconds = runtime.block_on(async {
        let (running, ids) = child::start(folder.path(), None).await;
        let mut operator = Client::new(running.admin_listen, Some(&running.admin_token));
        let ats = operator.post("/ats", &json!({ "name": "Harbour" })).await.json();
        let ats_id: AtsId = ats["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let release = json!({ "slot": "default/job-resolution", "plugin": "standard" });
        let release = operator.post("/releases", &release).await.json();
        let release: ReleaseId = release["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        // What a request records of such a decision.
        let (line, facts) = (policy::line().await, policy::facts());
        let said =
            line.ask::<switchboard::policy::JobResolution>(&facts, tokio::time::Instant::now() + DEADLINE);
        let said = said.await;
        let companies: Vec<CompanyId> = (0..COMPANIES).map(|_| CompanyId::new(ids.uuid())).collect();
        let recorded = (0..DECISIONS).map(|number| Decision {
            id: DecisionId::new(ids.uuid()),
            at: Timestamp::from_unix_millis(0),
            slot: Slot { ats_id: Some(ats_id), policy: PolicyName::JobResolution },
            company_id: companies[number % COMPANIES],
            candidate_id: Some(CandidateId::new(ids.uuid())),
            policy_version: said.policy_version.clone(),
            facts: said.facts.clone(),
            asked: said.asked.clone(),
            answered_by: said.answered_by,
            interview_id: None,
        });
        furnish::insert(&running, recorded.collect()).await;
        let wanted = Wanted { last: Some(DECISIONS), since: None };
        let mut seconds = Vec::new();
        // The first round warms up.
        for round in 0..=ROUNDS {
            let report = app::backtest::run(running.app(), release, wanted).await.expect("a backtest");
            assert_eq!((report.decisions, report.same), (DECISIONS as u64, DECISIONS as u64));
            if round > 0 {
                seconds.push(report.elapsed.as_secs_f64());
            }
        }
        running.drain();
        running.ended().await.expect("a clean end");
        seconds
    });
    let seconds = median(seconds);
    #[expect(clippy::cast_precision_loss, reason = "a hundred thousand")]
    let told = format!("{:.0} decisions a second", DECISIONS as f64 / seconds);
    let what = "backtest of 100,000 job-resolution decisions".to_owned();
    vec![Figure { what, measured: seconds, unit: "s", goal: Goal::AtMost(2.0), told }]
}
