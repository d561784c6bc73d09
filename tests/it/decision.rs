//! Recorded decisions: found, shown, taken once more; and the golden file of answers and fuel.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard::policy::{Runtime, Setup};
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::decision::{AskedOutcome, Decision, PolicyName, Slot};
use switchboard_domain::id::{DecisionId, ReleaseId};
use switchboard_domain::release::{Digest, Limits, OnFailure, Release, Wasi, grants_of};
use switchboard_domain::time::Timestamp;
use switchboard_tests::{Answer, Scene, TestHost, wasm};

async fn list(host: &TestHost, query: &str) -> Vec<Value> {
    let list = host.operate("GET", &format!("/decisions?{query}"), Value::Null).await;
    list.as_array().expect("a list").clone()
}

async fn replay(host: &TestHost, decision: &Value, build: Option<&str>) -> Answer {
    let path = format!("/decisions/{}/replay", decision["id"].as_str().expect("an id"));
    match build {
        None => host.operator().post(&path, &json!({})).await,
        Some(build) => {
            let headers = [("Content-Type", "application/wasm")];
            host.operator().send("POST", &path, &headers, wasm(build)).await
        }
    }
}

fn ids(decisions: &[Value]) -> Vec<&str> {
    decisions.iter().map(|decision| decision["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn decisions_are_found_by_slot_company_time_and_failure() {
    let host = TestHost::start().await;
    let (scene, other) = (Scene::new(&host).await, Scene::new(&host).await);
    let sibling = Scene::of(&host, host.furnish_company(scene.furnished.ats_id.clone()).await).await;
    let mut made = Vec::new();
    for scene in [&scene, &other, &sibling] {
        let jobs = scene.ranked_jobs(&host, &[1]).await;
        let candidate = scene.candidate(&host, &jobs).await;
        made.push(scene.post(&host, &candidate).await.expect(201)["decisions"]["job-resolution"].clone());
    }
    assert!(host.clock.advance(Duration::from_secs(3600)));
    let later = host.in_future(Duration::ZERO);
    let refused = scene.candidate(&host, &[]).await;
    scene.post(&host, &refused).await.refused(400, "JOB_REQUIRED");
    let refused = scene.newest_decision(&host).await;
    assert_eq!(refused["answer"], json!({ "refuse": "job-required" }), "refusals are recorded");
    scene.run(&host, "hostile", json!({ "settings": { "do": "trap" }, "timeoutMs": 5000 })).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let degraded = scene.post(&host, &candidate).await.expect(201)["decisions"]["job-resolution"].clone();

    let all = list(&host, "").await;
    let expected = [&degraded, &refused["id"], &made[2], &made[1], &made[0]];
    assert_eq!(ids(&all), expected.map(|id| id.as_str().expect("an id")), "newest first");
    let of_slot = list(&host, &format!("slot={}", scene.slot())).await;
    assert_eq!(of_slot.len(), 4);
    assert!(of_slot.iter().all(|one| one["slot"] == scene.slot()));
    let of_company = list(&host, &format!("companyId={}", sibling.furnished.company_id)).await;
    assert_eq!(ids(&of_company), [made[2].as_str().expect("an id")]);
    let since = list(&host, &format!("since={later}")).await;
    assert_eq!(ids(&since), ids(&all[..2]));
    let failed = list(&host, "failed=true").await;
    assert_eq!(ids(&failed), ids(&all[..1]));
    let both = format!("failed=true&companyId={}", other.furnished.company_id);
    assert_eq!(list(&host, &both).await.len(), 0, "all filters apply");
    assert_eq!(ids(&list(&host, "limit=2").await), ids(&all[..2]));
    for (query, path) in [
        ("slot=x", "slot"),
        ("companyId=x", "companyId"),
        ("since=x", "since"),
        ("failed=x", "failed"),
        ("limit=0", "limit"),
    ] {
        let answer = host.operator().get(&format!("/decisions?{query}")).await;
        let refused = answer.json();
        assert_eq!(answer.status, 400, "{query}: {refused:#}");
        assert_eq!(refused["error"]["details"]["fields"][0]["path"], path, "{refused:#}");
    }
    host.operator()
        .get("/decisions/00000000-0000-7000-8000-000000000000")
        .await
        .refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn a_default_slot_lists_what_it_answers_for_every_ats_without_a_release_of_its_own() {
    let host = TestHost::start().await;
    let (one, two, own) = (Scene::new(&host).await, Scene::new(&host).await, Scene::new(&host).await);
    let mut candidates = Vec::new();
    for scene in [&one, &two, &own] {
        let jobs = scene.ranked_jobs(&host, &[1]).await;
        candidates.push(scene.candidate(&host, &jobs).await);
    }
    own.run(&host, "northstar", json!({})).await;
    let mut made = Vec::new();
    let post = async |scene: &Scene, candidate: usize| {
        let made_now = scene.post(&host, &candidates[candidate]).await.expect(201);
        made_now["decisions"]["job-resolution"].as_str().expect("an id").to_owned()
    };
    for _ in 0..2 {
        made.push(post(&one, 0).await);
        made.push(post(&two, 1).await);
        post(&own, 2).await;
    }
    assert!(host.clock.advance(Duration::from_secs(3600)));
    let later = host.in_future(Duration::ZERO);
    host.push("hostile").await;
    let broken = json!({ "settings": { "do": "trap" }, "timeoutMs": 5000, "onFailure": "fallback" });
    let broken = host.release("default/job-resolution", "hostile", broken).await;
    host.activate(&broken).await;
    made.push(post(&one, 0).await);
    made.reverse();

    let slot = "slot=default/job-resolution";
    let all = list(&host, slot).await;
    assert_eq!(ids(&all), made, "of two ATSs, newest first, and none of the third");
    let slots = [one.slot(), two.slot()];
    assert!(all.iter().all(|decision| slots.iter().any(|slot| decision["slot"] == *slot)), "{all:#?}");
    assert_eq!(ids(&list(&host, &format!("{slot}&limit=3")).await), made[..3]);
    for (end, expected) in [(0, &made[1..]), (2, &made[3..]), (4, &[][..])] {
        let before = format!("{slot}&before={}", made[end]);
        assert_eq!(ids(&list(&host, &before).await), expected, "behind {end}");
    }
    assert_eq!(ids(&list(&host, &format!("{slot}&since={later}")).await), made[..1]);
    assert_eq!(ids(&list(&host, &format!("{slot}&failed=true")).await), made[..1]);
    let company = format!("{slot}&companyId={}", two.furnished.company_id);
    assert_eq!(ids(&list(&host, &company).await), [made[1].as_str(), &made[3]]);
    let company = format!("{slot}&companyId={}", own.furnished.company_id);
    assert_eq!(list(&host, &company).await.len(), 0, "all filters apply");
    assert_eq!(list(&host, "slot=default/billing").await.len(), 0, "another policy's");

    // As a backtest of it: an ATS with a release of its own is answered by that.
    one.run(&host, "standard", json!({})).await;
    assert_eq!(ids(&list(&host, slot).await), [made[1].as_str(), &made[3]]);
}

#[tokio::test]
async fn a_decision_tells_its_interview_outlives_it_and_goes_with_its_candidate() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let mut company = host.partner(&scene.furnished.company_key);
    let mut decided = Vec::new();
    for _ in 0..2 {
        let made = scene.post(&host, &candidate).await.expect(201);
        let decision = host.decision(&made).await;
        assert_eq!(decision["interviewId"], made["id"], "{decision:#}");
        decided.push((made, decision));
    }
    let (made, decision) = &decided[0];
    let interview = format!("/interviews/{}", made["id"].as_str().expect("an id"));
    assert!(company.delete(&interview).await.is_success());
    let outlives = host.decision(made).await;
    assert_eq!(outlives["interviewId"], Value::Null);
    assert_eq!((&outlives["facts"], &outlives["candidateId"]), (&decision["facts"], &json!(candidate)));
    assert!(company.delete(&format!("/candidates/{candidate}")).await.is_success());
    for (_, decision) in &decided {
        let path = format!("/decisions/{}", decision["id"].as_str().expect("an id"));
        host.operator().get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    }
    assert_eq!(list(&host, "").await.len(), 0);
}

#[tokio::test]
async fn a_replay_gives_the_same_answer_and_the_same_fuel() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    scene.run(&host, "northstar", json!({})).await;
    let jobs = scene.ranked_jobs(&host, &[1, 3, 2]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let made = scene.post(&host, &candidate).await.expect(201);
    let decision = host.decision(&made).await;
    let again = replay(&host, &decision, None).await.json();
    assert_eq!(again["same"], true, "{again:#}");
    assert_eq!((&again["answer"], &again["fuel"]), (&decision["answer"], &decision["fuel"]));
    assert_eq!(again["reproducible"], true);
    // Another build answers otherwise.
    let other = replay(&host, &decision, Some("standard")).await.json();
    assert_eq!(other["same"], false, "{other:#}");
    assert_eq!(other["answer"], json!({ "refuse": { "job-ambiguous": jobs } }));
    assert_eq!(other["recorded"]["answer"], decision["answer"]);
    let path = format!("/decisions/{}/replay", decision["id"].as_str().expect("an id"));
    let junk =
        host.operator().send("POST", &path, &[("Content-Type", "application/wasm")], "junk".into()).await;
    junk.refused(400, "VALIDATION_ERROR");
    assert_eq!(scene.show_slot(&host).await["calls"], 1, "replays are not counted");
    assert_eq!(list(&host, "").await.len(), 1, "and not recorded");
    // A rollback and a restart change nothing about what was recorded.
    host.operate("POST", &format!("/slots/{}/rollback", scene.slot()), json!({})).await;
    let host = host.restart().await;
    assert_eq!(replay(&host, &decision, None).await.json()["same"], true);
}

#[tokio::test]
async fn a_failure_replays_its_kind_and_a_timeout_says_that_it_cannot() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    for (act, kind) in
        [("trap", "trap"), ("loop", "out-of-fuel"), ("wrong-job", "bad-answer"), ("alloc", "out-of-memory")]
    {
        scene.run(&host, "hostile", json!({ "settings": { "do": act }, "timeoutMs": 5000 })).await;
        let made = scene.post(&host, &candidate).await.expect(201);
        let again = replay(&host, &host.decision(&made).await, None).await.json();
        assert_eq!((&again["same"], &again["failure"]), (&json!(true), &json!(kind)), "{again:#}");
        assert_eq!(again["reproducible"], true);
        assert_eq!(again["fuel"], again["recorded"]["fuel"], "{act}");
    }
    let endless = json!({ "settings": { "do": "loop" }, "fuel": 10_000_000_000_u64, "timeoutMs": 20 });
    scene.run(&host, "hostile", endless).await;
    let made = scene.post(&host, &candidate).await.expect(201);
    let again = replay(&host, &host.decision(&made).await, None).await.json();
    assert_eq!((&again["recorded"]["failure"], &again["reproducible"]), (&json!("timeout"), &json!(false)));
}

#[tokio::test]
async fn titles_and_candidate_metadata_are_seen_only_when_granted() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let title = "A title that nobody needs to know";
    let jobs = vec![scene.job(&host, title, json!({ "requisitionPriority": 7 })).await];
    let candidate = scene.candidate(&host, &jobs).await;
    for (grants, has_title, has_metadata) in [
        (json!([]), false, false),
        (json!(["job-title"]), true, false),
        (json!(["candidate-metadata"]), false, true),
        (json!(["candidate-metadata", "job-title"]), true, true),
    ] {
        scene.run(&host, "northstar", json!({ "grants": grants })).await;
        let made = scene.post(&host, &candidate).await.expect(201);
        let facts = host.decision(&made).await["facts"].clone();
        assert_eq!(facts["assigned-jobs"][0]["title"], if has_title { json!(title) } else { Value::Null });
        let text = facts.to_string();
        assert_eq!(text.contains(title), has_title, "{text}");
        assert_eq!(text.contains("a secret fair"), has_metadata, "{text}");
        // What the rule needs is there; who the candidate is never is.
        assert_eq!(facts["assigned-jobs"][0]["metadata"][0]["pointer"], "/requisitionPriority");
        assert_eq!(facts["candidate-id"], candidate);
        for private in ["Ada", "Lovelace", "ada@example.com", "starting soon"] {
            assert!(!text.contains(private), "{private} in {text}");
        }
    }
}

/// Changes a store from inside, as nobody outside could.
async fn change(host: &TestHost, work: impl Fn(&mut Txn) -> Result<(), Abort<()>> + Send + 'static) {
    host.running().app().store().commit(work).await.expect("a commit");
}

#[tokio::test]
async fn fuel_is_compared_under_the_model_that_it_was_counted_under_and_no_other() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    scene.run(&host, "northstar", json!({})).await;
    let jobs = scene.ranked_jobs(&host, &[1, 2]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let old = host.decision(&scene.post(&host, &candidate).await.expect(201)).await;
    let running = old["fuelModel"].as_str().expect("it is noted at the first start").to_owned();
    let again = replay(&host, &old, None).await.json();
    let models = json!({ "recorded": running, "running": running });
    assert_eq!((&again["same"], &again["fuelModel"]), (&json!(true), &models));

    // Recorded by a version that counts otherwise, which has noted so at its start.
    let id: DecisionId = old["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    change(&host, move |txn| {
        let mut decision = store::get::<Decision>(txn, &id)?.expect("it is there");
        decision.asked[0].fuel_used += 1;
        Ok(store::update(txn, &decision)?)
    })
    .await;
    assert_eq!(replay(&host, &old, None).await.json()["same"], false, "one more under the same model");
    const FORMER: &str = "wasmtime 47, costs 01234567, optimised for speed";
    change(&host, move |txn| Ok(store::fuel_model::put(txn, id, FORMER)?)).await;
    assert!(host.clock.advance(Duration::from_secs(1)));
    let host = host.restart().await;
    let again = replay(&host, &old, None).await.json();
    assert_eq!(again["same"], true, "the answer is: {again:#}");
    assert_ne!(again["fuel"], again["recorded"]["fuel"]);
    assert_eq!(again["fuelModel"], json!({ "recorded": FORMER, "running": running }));
    let path = format!("/decisions/{id}");
    assert_eq!(host.operate("GET", &path, Value::Null).await["fuelModel"], FORMER);

    // From that start on this version counts, and what it counts is compared.
    let new = host.decision(&scene.post(&host, &candidate).await.expect(201)).await;
    assert_eq!(new["fuelModel"], running);
    assert!(host.clock.advance(Duration::from_secs(1)));
    let host = host.restart().await;
    let again = replay(&host, &new, None).await.json();
    assert_eq!((&again["same"], &again["fuelModel"]), (&json!(true), &models));
    assert_eq!(host.operate("GET", &path, Value::Null).await["fuelModel"], FORMER, "nothing is noted twice");
}

#[tokio::test]
async fn a_decision_older_than_every_note_has_no_model() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    scene.run(&host, "hostile", json!({ "settings": { "do": "loop" }, "timeoutMs": 5000 })).await;
    let candidate = scene.candidate(&host, &scene.ranked_jobs(&host, &[1]).await).await;
    let made = host.decision(&scene.post(&host, &candidate).await.expect(201)).await;
    let id: DecisionId = made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let older = DecisionId::from_bytes([1; 16]);
    change(&host, move |txn| {
        let decision = store::get::<Decision>(txn, &id)?.expect("it is there");
        Ok(store::insert(txn, &Decision { id: older, ..decision })?)
    })
    .await;
    let shown = host.operate("GET", &format!("/decisions/{older}"), Value::Null).await;
    assert_eq!(shown.get("fuelModel"), None, "{shown:#}");
    let again = replay(&host, &shown, None).await.json();
    assert_eq!((&again["same"], &again["fuelModel"]["recorded"]), (&json!(true), &Value::Null));
    assert_eq!(again["reproducible"], false, "where fuel ends depends on how it is counted");
}

/// What a plugin says to facts, and the fuel that it needs: equal on every machine, for as long as the plugins,
/// the toolchain of the guests and the fuel model stay.
#[tokio::test]
async fn answers_and_fuel_are_those_of_the_golden_file() {
    let golden = root().join("tests/golden/decisions.json");
    let text = std::fs::read_to_string(&golden).expect("the golden file");
    let entries: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    for policy in PolicyName::ALL {
        assert!(entries.iter().filter(|entry| policy_of(entry) == policy).count() >= 8, "{policy}");
    }
    let runtime = Runtime::start(Setup { compiled_folder: None, cache_key: [7; 32] }).expect("the engines");
    let mut found = Vec::new();
    for entry in &entries {
        let plugin = entry["plugin"].as_str().expect("a plugin");
        let facts = entry["facts"].to_string();
        let replayed = runtime.replay(&release(entry), Arc::from(wasm(plugin).as_ref()), &facts).await;
        let replayed = replayed.expect("facts that can be read");
        let answer = match replayed.outcome {
            AskedOutcome::Answered(answer) => serde_json::from_str(&answer).expect("JSON"),
            AskedOutcome::Failed(kind, why) => panic!("{}: {}: {why}", entry["name"], kind.as_str()),
        };
        let Value::Object(mut now) = entry.clone() else { panic!("no object: {entry}") };
        now.insert("answer".to_owned(), answer);
        now.insert("fuel".to_owned(), json!(replayed.fuel_used));
        found.push(Value::Object(now));
    }
    if found != entries {
        let new = root().join("target/decisions.json");
        let lines: Vec<String> = found.iter().map(Value::to_string).collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        std::fs::write(&new, text).expect("the target folder");
        let differs = found.iter().zip(&entries).find(|(now, then)| now != then);
        panic!(
            "recorded decisions no longer replay: {differs:#?}\nIf a plugin or the fuel model was changed on \
             purpose, copy target/decisions.json to tests/golden/decisions.json and say so in the commit."
        );
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_path_buf()
}

/// The first of them were of the only policy that was asked.
fn policy_of(entry: &Value) -> PolicyName {
    entry["policy"]
        .as_str()
        .map_or(PolicyName::JobResolution, |name| PolicyName::parse(name).expect("a policy"))
}

fn release(entry: &Value) -> Release {
    let policy = policy_of(entry);
    Release {
        id: ReleaseId::new("00000000-0000-7000-8000-000000000000".parse().expect("an id")),
        slot: Slot { ats_id: None, policy },
        plugin: entry["plugin"].as_str().unwrap_or_default().to_owned(),
        digest: Digest([0; 32]),
        policy_version: "0.1.0".to_owned(),
        settings: entry.get("settings").map_or("{}".to_owned(), Value::to_string),
        limits: Limits { timeout_millis: 5_000, ..Limits::default() },
        on_failure: OnFailure::Reject,
        wasi: Wasi::None,
        grants: grants_of(policy).iter().map(|grant| (*grant).to_owned()).collect(),
        comment: None,
        author: "golden".to_owned(),
        created_at: Timestamp::from_unix_millis(0),
    }
}
