//! Safe mode: only the standard plugin answers, at once, also where another release has decided already; and what
//! waits for a decision is asked for when an operator says so.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::store;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::UsageRecord;
use switchboard_tests::office::assert_sound;
use switchboard_tests::{Hold, Office, Options, Scene, TestHost};

const MINUTE: Duration = Duration::from_secs(60);

async fn safe(host: &TestHost, body: Value) -> Value {
    host.operate("POST", "/safe-mode", body).await
}

#[tokio::test]
async fn only_the_standard_plugin_answers_until_it_is_off() {
    let host = TestHost::start().await;
    let (scene, other) = (Scene::new(&host).await, Scene::new(&host).await);
    let mut candidates = Vec::new();
    for scene in [&scene, &other] {
        let jobs = scene.ranked_jobs(&host, &[1, 2]).await;
        candidates.push(scene.candidate(&host, &jobs).await);
        scene.run(&host, "hostile", json!({ "settings": { "do": "no-job" }, "timeoutMs": 5000 })).await;
    }
    let answers = async |host: &TestHost, scene: &Scene, candidate: &str| {
        let answer = scene.post(host, candidate).await;
        if answer.status == 201 {
            "release"
        } else {
            let _ = answer.refused(400, "JOB_AMBIGUOUS");
            "standard"
        }
    };
    let both = async |host: &TestHost| {
        (answers(host, &scene, &candidates[0]).await, answers(host, &other, &candidates[1]).await)
    };
    assert_eq!(both(&host).await, ("release", "release"));
    let told = safe(&host, json!({ "on": true, "slot": scene.slot() })).await;
    assert_eq!(told, json!({ "everywhere": false, "slots": [scene.slot()] }));
    assert_eq!(both(&host).await, ("standard", "release"), "this slot alone");
    let shown = scene.show_slot(&host).await;
    assert_eq!((&shown["safeMode"], &shown["active"]["plugin"]), (&json!(true), &json!("hostile")));
    let host = host.restart().await;
    assert_eq!(both(&host).await, ("standard", "release"), "it outlives the process");
    safe(&host, json!({ "on": true })).await;
    assert_eq!(both(&host).await, ("standard", "standard"));
    safe(&host, json!({ "on": true })).await;
    let told = safe(&host, json!({ "on": false })).await;
    assert_eq!(told, json!({ "everywhere": false, "slots": [] }), "off is off everywhere");
    assert_eq!(both(&host).await, ("release", "release"));
    let audit = host.operate("GET", "/audit?limit=3", Value::Null).await;
    let told: Vec<(&Value, &Value)> = audit
        .as_array()
        .expect("a list")
        .iter()
        .map(|entry| (&entry["action"], &entry["subjects"][0]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("safe-mode.off"), &json!("everywhere")),
            (&json!("safe-mode.on"), &json!("everywhere")),
            (&json!("safe-mode.on"), &json!(scene.slot())),
        ],
        "what changes nothing is not noted"
    );
    let refused = host.operator().post("/safe-mode", &json!({ "on": true, "slot": "x" })).await;
    refused.refused(400, "VALIDATION_ERROR");
}

/// Who answered the newest decision of a slot.
async fn answered_by(host: &TestHost, slot: &str) -> Value {
    let decisions = host.operate("GET", &format!("/decisions?slot={slot}&limit=1"), Value::Null).await;
    decisions[0]["answeredBy"].clone()
}

async fn standard_of(host: &TestHost, policy: &str) -> Value {
    let path = format!("/slots/default/{policy}");
    host.operate("GET", &path, Value::Null).await["active"]["id"].clone()
}

/// Invariant 2: a swap does not invalidate what was decided, safe mode does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_and_not_committed_is_decided_again() {
    let (mut hold, gap) = Hold::new();
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let release =
        scene.run(&host, "hostile", json!({ "settings": { "do": "no-job" }, "timeoutMs": 5000 })).await;
    let standard = standard_of(&host, "job-resolution").await;
    for (change, expected) in [("swap", json!(release)), ("safe mode", standard)] {
        let act = async {
            if change == "swap" {
                let next = host.release(&scene.slot(), "hostile", json!({})).await;
                host.activate(&next).await;
            } else {
                safe(&host, json!({ "on": true, "slot": scene.slot() })).await;
            }
        };
        let answer = hold.around(scene.post(&host, &candidate), act).await;
        let decision = host.decision(&answer.expect(201)).await;
        assert_eq!(decision["answeredBy"], expected, "{change}");
        host.operate("POST", &format!("/releases/{release}/activate"), json!({})).await;
    }
    assert_sound(&host);
}

/// The same for what a call costs, whether its company is still there or not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_that_is_not_committed_is_made_again() {
    let (mut hold, gap) = Hold::new();
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    let mut office = Office::new(&host).await;
    let slot = format!("{}/billing", office.here.ats_id);
    assert!(host.push("granite").await.is_success());
    let release = host.release(&slot, "granite", json!({})).await;
    host.activate(&release).await;
    let standard = standard_of(&host, "billing").await;

    office.interview(json!({})).await;
    let first = office.dialler.claim_one().await;
    office.interview(json!({})).await;
    let second = office.dialler.claim_one().await;

    let on = async || {
        safe(&host, json!({ "on": true, "slot": slot })).await;
    };
    let _ = hold.around(office.dialler.complete(&first, "COMPLETED"), on()).await.expect(200);
    assert_eq!(answered_by(&host, &slot).await, standard);

    safe(&host, json!({ "on": false })).await;
    let mut ats = host.partner(&office.here.ats_key);
    let path = format!("/company/{}", office.here.company_id);
    let act = async {
        on().await;
        let _ = ats.delete(&path).await.expect(200);
    };
    let _ = hold.around(office.dialler.complete(&second, "COMPLETED"), act).await.expect(200);
    let snapshot = host.running().app().store().snapshot().expect("a snapshot");
    let [ats_id, company_id] = [&office.here.ats_id, &office.here.company_id];
    let (ats_id, company_id) = (ats_id.parse().expect("an id"), company_id.parse().expect("an id"));
    let calls = store::usage::calls(&snapshot, ats_id, company_id, Timestamp::MIN, Timestamp::MAX);
    let calls: Vec<UsageRecord> = calls.expect("a ledger").collect::<Result<_, _>>().expect("records");
    let releases: Vec<Value> =
        calls.iter().map(|call| json!(call.conversion().map(|made| made.release_id.to_string()))).collect();
    assert_eq!(releases, [standard.clone(), standard]);
    assert_sound(&host);
}

/// The same for owners: of a new company, of another address, and of an address that was held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_who_is_not_committed_is_decided_upon_again() {
    let (mut hold, gap) = Hold::new();
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    let here = host.furnish().await;
    let slot = format!("{}/owner-onboarding", here.ats_id);
    assert!(host.push("lindenhof").await.is_success());
    let release = host.release(&slot, "lindenhof", json!({ "grants": ["email"] })).await;
    host.activate(&release).await;
    let standard = standard_of(&host, "owner-onboarding").await;
    let mut ats = host.partner(&here.ats_key);
    let on = async || {
        safe(&host, json!({ "on": true, "slot": slot })).await;
    };

    let acme = json!({ "name": "Acme", "ownerEmail": "jana@acme.example" });
    let company = hold.around(ats.post("/company", &acme), on()).await.expect(201);
    assert_eq!(answered_by(&host, &slot).await, standard, "a new company");

    safe(&host, json!({ "on": false })).await;
    let path = format!("/company/{}", company["id"].as_str().expect("an id"));
    let other = json!({ "ownerEmail": "petr@acme.example" });
    let _ = hold.around(ats.patch(&path, &other), on()).await.expect(200);
    assert_eq!(answered_by(&host, &slot).await, standard, "another address");

    safe(&host, json!({ "on": false })).await;
    host.push("hostile").await;
    let more = json!({ "settings": { "do": "trap" }, "onFailure": "hold", "timeoutMs": 5000 });
    let fails = host.release(&slot, "hostile", more).await;
    host.activate(&fails).await;
    let later = json!({ "name": "Later", "ownerEmail": "eva@acme.example" });
    let company = ats.post("/company", &later).await.expect(201);
    assert_eq!(company["ownerStatus"], "HELD");
    host.activate(&release).await;
    let retry = format!("/slots/{slot}/retry-held");
    let told = hold.around(host.operate("POST", &retry, json!({})), on()).await;
    assert_eq!(told, json!({ "retried": 1, "held": 0 }));
    assert_eq!(answered_by(&host, &slot).await, standard, "an address that was held");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_counted_and_asked_for_on_demand() {
    let host = TestHost::start().await;
    let (mut office, other) = (Office::new(&host).await, Office::new(&host).await);
    let slot = format!("{}/call-scheduling", office.here.ats_id);
    let run = async |act: &str| {
        host.push("hostile").await;
        let more = json!({ "settings": { "do": act }, "onFailure": "hold", "timeoutMs": 5000 });
        let release = host.release(&slot, "hostile", more).await;
        host.activate(&release).await;
    };
    run("trap").await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(office.interview(json!({})).await);
    }
    let path = format!("/slots/{slot}");
    assert_eq!(host.operate("GET", &path, Value::Null).await["held"], 3);
    let elsewhere = format!("/slots/{}/call-scheduling", other.here.ats_id);
    assert_eq!(host.operate("GET", &elsewhere, Value::Null).await["held"], 0);
    let retry = format!("{path}/retry-held");
    let told = host.operate("POST", &retry, json!({})).await;
    assert_eq!(told, json!({ "retried": 3, "held": 3 }), "it still fails");
    run("in-an-hour").await;
    assert_eq!(host.operate("GET", &path, Value::Null).await["held"], 3, "nobody asks before its time");
    let told = host.operate("POST", &retry, json!({})).await;
    assert_eq!(told, json!({ "retried": 3, "held": 0 }));
    for interview in &held {
        let now = office.look(interview).await;
        assert_eq!(now["callAttempts"].as_array().map(Vec::len), Some(1), "{now:#}");
    }
    assert!(host.clock.advance(MINUTE * 3));
    assert_eq!(host.operate("GET", &path, Value::Null).await["held"], 0);
    let none = host.operate("POST", "/slots/default/job-resolution/retry-held", json!({})).await;
    assert_eq!(none, json!({ "retried": 0, "held": 0 }));
    assert_sound(&host);
}
