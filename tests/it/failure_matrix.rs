//! Every fault of a plugin, in every policy, under everything that a release can say of failure: how it is recorded,
//! who answers instead, and what becomes of the effect where nobody does.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard::app::decision::{self, Ending, Question, Said};
use switchboard::policy::{Billing, CallScheduling, JobResolution, OwnerOnboarding, Policy};
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::decision::Facts as _;
use switchboard_domain::release::{Asker, Digest};
use switchboard_tests::{TestHost, variant};
use tokio::task::JoinSet;

use crate::policy::Affair;

/// What a guest does, how that is called, and how often a policy's own word for it differs.
const FAULTS: [(&str, &str); 8] = [
    ("trap", "trap"),
    ("loop", "out-of-fuel"),
    ("endless-loop", "timeout"),
    ("alloc", "out-of-memory"),
    ("bad-answer", "bad-answer"),
    ("huge-output", "output-too-large"),
    ("missing", "unavailable"),
    ("crowded", "too-busy"),
];

/// Running ones, waiting ones, and some for whom there is no place.
const CROWD: usize = 8 + 64 + 8;

struct Cell<'a, P: Policy> {
    host: &'a TestHost,
    slot: String,
    facts: P::Facts,
    standard: String,
    /// Answers, and is the release before the one that fails.
    good: String,
}

impl<P: Policy> Cell<'_, P> {
    /// A release with this fault, active in the slot.
    async fn fail(&self, act: &str, bad_answer: &str, on_failure: &str) -> String {
        let act = if act == "bad-answer" { bad_answer } else { act };
        let mut body = json!({ "settings": { "do": act }, "onFailure": on_failure, "timeoutMs": 5000 });
        if ["endless-loop", "crowded"].contains(&act) {
            body["settings"]["do"] = json!("loop");
            body["fuel"] = json!(10_000_000_000_u64);
            body["timeoutMs"] = json!(if act == "crowded" { 5000 } else { 50 });
        }
        let plugin = if act == "missing" { self.lost(on_failure).await } else { "hostile".to_owned() };
        let release =
            if act == "missing" { plugin } else { self.host.release(&self.slot, &plugin, body).await };
        self.host.activate(&self.good).await;
        self.host.activate(&release).await;
        release
    }

    /// A release whose component is gone, from the store and from the disk.
    async fn lost(&self, on_failure: &str) -> String {
        let name = format!("lost-{}-{on_failure}", P::NAME);
        let headers = [("Content-Type", "application/wasm")];
        let path = format!("/plugins?name={name}");
        let pushed =
            self.host.operator().send("POST", &path, &headers, variant("hostile", &name)).await.json();
        let version = pushed["version"].as_str().expect("a version");
        let release = self.host.release(&self.slot, &name, json!({ "onFailure": on_failure })).await;
        let digest: Digest = version.parse().expect("a digest");
        let lose = move |txn: &mut Txn| Ok::<_, Abort<()>>(store::plugin::remove_artifact(txn, digest)?);
        self.host.running().app().store().commit(lose).await.expect("a commit");
        let hex = version.trim_start_matches("sha256:").to_owned();
        for entry in fs::read_dir(self.host.folder().join("compiled")).expect("a folder of ours") {
            let path = entry.expect("an entry").path();
            if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&hex)) {
                fs::remove_file(path).expect("a file of ours");
            }
        }
        release
    }

    async fn ask(&self, asker: Asker) -> Said<P> {
        let app = self.host.running().app();
        let line = decision::line::<P>(app, self.facts.ats_id());
        let question = Question { facts: self.facts.clone(), candidate_id: None, asker };
        decision::ask::<P>(app, &line, question, decision::deadline()).await
    }

    /// The one for whom there is no place, while others have them all.
    async fn ask_in_a_crowd(&self, asker: Asker) -> Said<P> {
        let app = self.host.running().app();
        let mut crowd = JoinSet::new();
        for _ in 0..CROWD {
            let (app, facts) = (app.clone(), self.facts.clone());
            crowd.spawn(async move {
                let line = decision::line::<P>(&app, facts.ats_id());
                let question = Question { facts, candidate_id: None, asker };
                decision::ask::<P>(&app, &line, question, decision::deadline()).await
            });
        }
        crowd.join_next().await.expect("one of them").expect("no panic")
    }

    async fn check(&self, act: &str, kind: &str, bad_answer: &str, on_failure: &str, asker: Asker) {
        let what = format!("{} {act} {on_failure} {asker:?}", P::NAME);
        let release = self.fail(act, bad_answer, on_failure).await;
        let said = if act == "crowded" { self.ask_in_a_crowd(asker).await } else { self.ask(asker).await };
        let record = said.decision.clone();
        let work = move |txn: &mut Txn| Ok::<_, Abort<()>>(store::insert(txn, &record)?);
        self.host.running().app().store().commit(work).await.expect("a commit");
        let path = format!("/decisions/{}", said.decision.id);
        let shown = self.host.operate("GET", &path, Value::Null).await;
        assert_eq!((&shown["release"], &shown["degraded"]), (&json!(release), &json!(true)), "{what}");
        assert_eq!(shown["asked"][0]["failure"], kind, "{what}: {shown:#}");
        assert!(shown["asked"][0]["explanation"].as_str().is_some_and(|why| !why.is_empty()), "{what}");
        let expected = match on_failure {
            "fallback" => json!(self.standard),
            "last-good" => json!(self.good),
            _ => Value::Null,
        };
        assert_eq!(shown.get("answeredBy").cloned().unwrap_or_default(), expected, "{what}: {shown:#}");
        let ending = match said.ending {
            Ending::Decided(_) => "decided",
            Ending::Held => "held",
            Ending::Unavailable => "unavailable",
        };
        let nobody = match (P::NAME.as_str(), on_failure, asker) {
            ("job-resolution", ..) => "unavailable",
            ("billing", ..) | (_, "hold", _) | (_, _, Asker::Worker) => "held",
            (_, _, Asker::Partner) => "unavailable",
        };
        let expected = if ["fallback", "last-good"].contains(&on_failure) { "decided" } else { nobody };
        assert_eq!(ending, expected, "{what}");
    }
}

async fn matrix<P: Policy>(facts: impl Fn(&Affair) -> P::Facts, bad_answer: &str, may_hold: bool) {
    let host = TestHost::start().await;
    let affair = Affair::of(&host, &host.furnish().await);
    assert_eq!(host.push("hostile").await.status, 201);
    let slot = format!("{}/{}", affair.ats_id, P::NAME);
    let default = host.operate("GET", &format!("/slots/default/{}", P::NAME), Value::Null).await;
    let standard = default["active"]["id"].as_str().expect("an id").to_owned();
    let good = host.release(&slot, "hostile", json!({ "timeoutMs": 5000 })).await;
    let cell = Cell::<P> { host: &host, slot: slot.clone(), facts: facts(&affair), standard, good };
    let mut ladders = vec!["fallback", "last-good", "reject"];
    ladders.extend(may_hold.then_some("hold"));
    let started = Instant::now();
    for on_failure in &ladders {
        for (act, kind) in FAULTS {
            for asker in [Asker::Partner, Asker::Worker] {
                // Who asks is of no matter to the ladder, only to its end.
                if asker == Asker::Partner || !["fallback", "last-good"].contains(on_failure) {
                    cell.check(act, kind, bad_answer, on_failure, asker).await;
                }
            }
        }
        // Settings that the plugin does not take make no release at all.
        let body = json!({ "slot": slot, "plugin": "hostile", "settings": { "invalid": true }, "onFailure": on_failure });
        let refused = host.operator().post("/releases", &body).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(refused["details"]["fields"][0]["path"], "settings/invalid", "{on_failure}");
    }
    assert!(started.elapsed() < Duration::from_secs(300), "no fault is waited for: {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_job_resolution() {
    matrix::<JobResolution>(Affair::job_resolution, "wrong-job", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_call_scheduling() {
    matrix::<CallScheduling>(Affair::call_scheduling, "past", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_billing() {
    matrix::<Billing>(Affair::billing, "bad-key", true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_owner_onboarding() {
    matrix::<OwnerOnboarding>(Affair::owner_onboarding, "no-time", true).await;
}
