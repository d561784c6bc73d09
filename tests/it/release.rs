//! Releases and slots: made, activated, taken back, kept.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::{Value, json};
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::release::Digest;
use switchboard_tests::{Answer, Scene, TestHost};

async fn create(host: &TestHost, body: Value) -> Answer {
    host.operator().post("/releases", &body).await
}

async fn roll_back(host: &TestHost, slot: &str, body: Value) -> Answer {
    host.operator().post(&format!("/slots/{slot}/rollback"), &body).await
}

/// The id of what answers in a slot.
async fn active(host: &TestHost, slot: &str) -> Value {
    host.operate("GET", &format!("/slots/{slot}"), Value::Null).await["active"]["id"].clone()
}

fn paths(refused: &Value) -> Vec<&str> {
    let fields = refused["details"]["fields"].as_array().expect("a list");
    fields.iter().filter_map(|field| field["path"].as_str()).collect()
}

#[tokio::test]
async fn a_release_says_all_that_it_was_made_of() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let pushed = host.push("northstar").await.json();
    let made = create(&host, json!({ "slot": scene.slot(), "plugin": "northstar" })).await;
    assert_eq!(made.status, 201);
    let made = made.json();
    let id = made["id"].as_str().expect("an id");
    assert!(id.starts_with("rel_"), "{id}");
    let expected = json!({
        "id": id, "slot": scene.slot(), "plugin": "northstar", "version": pushed["version"], "wit": "0.1.0",
        "settings": {}, "onFailure": "fallback", "fuel": 50_000_000, "timeoutMs": 200, "memoryMib": 16,
        "tableElements": 20_000, "inputKib": 4_096, "outputKib": 16, "logKib": 16, "callsInFlight": 8,
        "wasi": "none", "grants": [], "author": "operator", "createdAt": made["createdAt"],
    });
    assert_eq!(made, expected);
    assert_eq!(host.operate("GET", &format!("/releases/{id}"), Value::Null).await, made);

    host.push("hostile").await;
    let version = pushed["version"].as_str().expect("a version");
    let all = json!({
        "slot": scene.slot(), "plugin": format!("northstar@{version}"), "settings": {}, "onFailure": "last-good",
        "fuel": 10_000_000_000_u64, "timeoutMs": 5000, "memoryMib": 256, "wasi": "minimal",
        "tableElements": 40_000, "inputKib": 8_192, "outputKib": 64, "logKib": 64, "callsInFlight": 64,
        "grants": ["candidate-metadata", "job-title"], "comment": "all of it", "author": "me",
    });
    let second = create(&host, all.clone()).await.json();
    for (name, value) in all.as_object().expect("an object") {
        let value = match name.as_str() {
            "plugin" => json!("northstar"),
            "grants" => json!(["job-title", "candidate-metadata"]),
            _ => value.clone(),
        };
        assert_eq!(second[name], value, "{name}");
    }
    let path = format!("/releases?slot={}", scene.slot());
    let list = host.operate("GET", &path, Value::Null).await;
    assert_eq!(list, json!([second, made]), "newest first");
    assert_eq!(
        active(&host, &scene.slot()).await,
        active(&host, "default/job-resolution").await,
        "not activated"
    );
}

const LIMITS: [&str; 8] =
    ["fuel", "timeoutMs", "memoryMib", "tableElements", "inputKib", "outputKib", "logKib", "callsInFlight"];

fn nested(levels: usize) -> Value {
    (0..levels).fold(json!(1), |below, _| json!({ "a": below }))
}

#[tokio::test]
async fn every_bad_value_of_a_release_is_named() {
    let host = TestHost::start().await;
    let (scene, _same_name) = (Scene::new(&host).await, Scene::new(&host).await);
    host.push("northstar").await;
    host.push("hostile").await;
    let slot = scene.slot();
    let billing = format!("{}/billing", scene.furnished.ats_id);
    let cases = [
        (json!({ "plugin": "northstar", "settings": { "a": 1, "b": 2 } }), vec!["settings/a", "settings/b"]),
        (json!({ "plugin": "hostile", "settings": { "invalid": true } }), vec!["settings/invalid"]),
        (json!({ "plugin": "hostile", "settings": { "x": "y".repeat(70_000) } }), vec!["settings"]),
        // As deep as they may be, they fit onto a guest's stack: it is the plugin that finds something wrong in them.
        (json!({ "plugin": "northstar", "settings": nested(32) }), vec!["settings/a"]),
        (json!({ "plugin": "northstar", "settings": nested(33) }), vec!["settings"]),
        (json!({ "plugin": "northstar", "grants": ["job-title", "email"] }), vec!["grants"]),
        (
            json!({
                "plugin": "northstar", "fuel": 0, "timeoutMs": 0, "memoryMib": 0, "tableElements": 0, "inputKib": 0,
                "outputKib": 0, "logKib": 0, "callsInFlight": 0,
            }),
            LIMITS.to_vec(),
        ),
        (
            json!({
                "plugin": "northstar", "fuel": 10_000_000_001_u64, "timeoutMs": 5001, "memoryMib": 257,
                "tableElements": 40_001, "inputKib": 8_193, "outputKib": 65, "logKib": 65, "callsInFlight": 65,
            }),
            LIMITS.to_vec(),
        ),
        (
            json!({ "plugin": "northstar", "fuel": -1, "onFailure": "explode", "wasi": "all" }),
            vec!["onFailure", "fuel", "wasi"],
        ),
        (json!({ "plugin": "northstar", "slot": billing }), vec!["plugin"]),
        (
            json!({ "plugin": "standard", "fuel": 1, "slot": "default/job-resolution", "author": "switchboard" }),
            vec!["author"],
        ),
        (json!({ "plugin": "northstar", "slot": "nowhere" }), vec!["slot"]),
        (json!({ "plugin": "northstar", "slot": "default/weather" }), vec!["slot"]),
        (json!({ "plugin": "northstar", "slot": "Nobody/job-resolution" }), vec!["slot"]),
        (json!({ "plugin": "northstar", "slot": "Harbour/job-resolution" }), vec!["slot"]),
    ];
    for (mut body, expected) in cases {
        if body["slot"].is_null() {
            body["slot"] = json!(slot);
        }
        let refused = create(&host, body.clone()).await.refused(400, "VALIDATION_ERROR");
        assert_eq!(paths(&refused), expected, "{body}: {refused:#}");
    }
    create(&host, json!({})).await.refused(400, "MISSING_REQUIRED_FIELD");
    create(&host, json!({ "slot": slot, "plugin": "nobody" })).await.refused(404, "RESOURCE_NOT_FOUND");
    let several = create(&host, json!({ "slot": "Harbour/job-resolution", "plugin": "northstar" })).await;
    let several = several.refused(400, "VALIDATION_ERROR");
    let message = several["details"]["fields"][0]["message"].as_str().expect("a message");
    assert!(message.contains("2 ATSs") && message.contains("id"), "{message}");
    host.operate("POST", "/ats", json!({ "name": "North Quay" })).await;
    let made = create(&host, json!({ "slot": "North Quay/job-resolution", "plugin": "northstar" })).await;
    assert_eq!(made.status, 201, "a unique name will do");
    assert_eq!(
        host.operate("GET", "/releases", Value::Null).await.as_array().map(Vec::len),
        Some(5),
        "4 standard ones"
    );
}

#[tokio::test]
async fn a_rollback_goes_back_step_by_step_to_the_defaults_release() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let slot = scene.slot();
    let never = roll_back(&host, &slot, json!({})).await.refused(409, "REFUSED");
    assert!(never["message"].as_str().is_some_and(|said| said.contains("never had a release")), "{never:#}");
    let standard = active(&host, "default/job-resolution").await;
    host.push("northstar").await;
    let mut releases = Vec::new();
    for number in 0..3 {
        let release = host.release(&slot, "northstar", json!({ "comment": number.to_string() })).await;
        let shown = host.activate(&release).await;
        assert_eq!(shown["active"]["id"], release);
        releases.push(release);
    }
    let before = scene.show_slot(&host).await;
    assert_eq!(before["history"], json!([releases[1], releases[0], standard]));
    assert!(host.clock.advance(std::time::Duration::from_secs(60)));
    assert_eq!(host.activate(&releases[2]).await, before, "the active one again changes nothing");
    for expected in [json!(releases[1]), json!(releases[0]), standard.clone()] {
        let shown = roll_back(&host, &slot, json!({})).await;
        assert_eq!(shown.status, 200);
        assert_eq!(shown.json()["active"]["id"], expected);
        assert_eq!(active(&host, &slot).await, expected);
    }
    assert_eq!(scene.show_slot(&host).await["inherited"], false, "it stands on its own now");
    let nowhere = roll_back(&host, &slot, json!({})).await.refused(409, "REFUSED");
    assert!(
        nowhere["message"].as_str().is_some_and(|said| said.contains("nothing was active")),
        "{nowhere:#}"
    );

    for release in &releases {
        host.activate(release).await;
    }
    let to = roll_back(&host, &slot, json!({ "to": releases[0] })).await.json();
    assert_eq!(to["active"]["id"], releases[0]);
    assert_eq!(to["history"], json!([standard]), "what came after is left");
    roll_back(&host, &slot, json!({ "to": releases[2] })).await.refused(409, "REFUSED");
    roll_back(&host, &slot, json!({ "to": "rel_x" })).await.refused(400, "VALIDATION_ERROR");
    let unknown = format!("/releases/rel_{}/activate", "0".repeat(32));
    host.operator().post(&unknown, &json!({})).await.refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test]
async fn the_default_slot_answers_for_whoever_has_no_release_of_their_own() {
    let host = TestHost::start().await;
    let (own, inherits) = (Scene::new(&host).await, Scene::new(&host).await);
    own.run(&host, "standard", json!({})).await;
    let jobs = inherits.ranked_jobs(&host, &[1, 3, 2]).await;
    let candidate = inherits.candidate(&host, &jobs).await;
    let their_jobs = own.ranked_jobs(&host, &[1, 3, 2]).await;
    let theirs = own.candidate(&host, &their_jobs).await;
    host.push("northstar").await;
    let release = host.release("default/job-resolution", "northstar", json!({})).await;
    host.activate(&release).await;
    assert_eq!(inherits.post(&host, &candidate).await.expect(201)["jobId"], jobs[1]);
    own.post(&host, &theirs).await.refused(400, "JOB_AMBIGUOUS");
    let shown = inherits.show_slot(&host).await;
    assert_eq!((&shown["inherited"], &shown["active"]["id"]), (&json!(true), &json!(release)));
    assert_eq!(roll_back(&host, "default/job-resolution", json!({})).await.status, 200);
    inherits.post(&host, &candidate).await.refused(400, "JOB_AMBIGUOUS");
}

#[tokio::test]
async fn the_standard_plugin_without_fuel_fails_as_its_release_says() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let standard = active(&host, "default/job-resolution").await;
    for (on_failure, status) in [("fallback", 201), ("last-good", 201), ("reject", 503)] {
        let release = scene.run(&host, "standard", json!({ "fuel": 1, "onFailure": on_failure })).await;
        let answer = scene.post(&host, &candidate).await;
        assert_eq!(answer.header("X-Policy-Degraded"), Some("job-resolution"), "{on_failure}");
        if status == 201 {
            assert_eq!(answer.expect(201)["jobId"], jobs[0], "{on_failure}");
        } else {
            let details = answer.refused(503, "POLICY_UNAVAILABLE")["details"].clone();
            assert_eq!(details["policy"], "job-resolution");
            assert_eq!(details["decisionId"], scene.newest_decision(&host).await["id"]);
        }
        let decision = scene.newest_decision(&host).await;
        assert_eq!(decision["release"], release);
        assert_eq!(decision["asked"][0]["failure"], "out-of-fuel");
        let answered_by = if status == 201 { standard.clone() } else { Value::Null };
        // The last good one of `last-good` is the release before, which has no fuel either.
        assert_eq!(decision["answeredBy"], answered_by, "{on_failure}: {decision:#}");
        assert_eq!(decision["degraded"], true);
    }
}

#[tokio::test]
async fn slots_show_what_runs_and_how_it_does() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let list = host.operate("GET", "/slots", Value::Null).await;
    let named = |list: &Value| {
        let slots = list.as_array().expect("a list").iter();
        slots.map(|slot| slot["slot"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let defaults =
        ["default/job-resolution", "default/call-scheduling", "default/billing", "default/owner-onboarding"];
    assert_eq!(named(&list), defaults);
    let release = scene.run(&host, "northstar", json!({})).await;
    assert_eq!(named(&host.operate("GET", "/slots", Value::Null).await).last(), Some(&scene.slot()));
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    for _ in 0..3 {
        assert_eq!(scene.post(&host, &candidate).await.status, 201);
    }
    let shown = scene.show_slot(&host).await;
    let expected = json!({
        "slot": scene.slot(), "policy": "job-resolution", "atsId": scene.furnished.ats_id, "inherited": false,
        "breaker": "closed", "calls": 3, "answered": 3, "degraded": 0, "failures": 0, "failuresByKind": {}, "held": 0,
    });
    for (name, value) in expected.as_object().expect("an object") {
        assert_eq!(shown[name], *value, "{name} in {shown:#}");
    }
    assert_eq!(shown["active"]["id"], release);
    assert_eq!(shown["active"]["plugin"], "northstar");
    let number = |name: &str| shown[name].as_u64().unwrap_or_else(|| panic!("{name} in {shown:#}"));
    assert!(0 < number("p50Micros") && number("p50Micros") <= number("p99Micros") && 0 < number("fuelMean"));
    host.operator().get("/slots/nobody/job-resolution").await.refused(400, "VALIDATION_ERROR");
    host.operator().get("/slots/default/weather").await.refused(400, "VALIDATION_ERROR");
}

/// Which compiled code lies on the disk: a file that is written anew has another inode or time.
fn compiled(host: &TestHost) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let entries = fs::read_dir(host.folder().join("compiled")).expect("a folder of compiled code");
    let of = |path: PathBuf| {
        let metadata = fs::metadata(&path).expect("a file");
        (path, (metadata.ino(), metadata.modified().expect("a time")))
    };
    entries.map(|entry| of(entry.expect("an entry").path())).collect()
}

#[tokio::test]
async fn a_restart_keeps_everything_and_compiles_nothing() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let release = scene.run(&host, "northstar", json!({ "grants": ["job-title"], "comment": "kept" })).await;
    let jobs = scene.ranked_jobs(&host, &[1, 2]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let before = scene.post(&host, &candidate).await.expect(201);
    let kept = ["/plugins".to_owned(), "/releases".to_owned(), format!("/decisions?slot={}", scene.slot())];
    let mut told = Vec::new();
    for path in &kept {
        told.push(host.operate("GET", path, Value::Null).await);
    }
    let code = compiled(&host);
    assert_eq!(code.len(), 2, "standard and northstar: {code:?}");

    let host = host.restart().await;
    for (path, told) in kept.iter().zip(told) {
        assert_eq!(host.operate("GET", path, Value::Null).await, told, "{path}");
    }
    assert_eq!(active(&host, &scene.slot()).await, release);
    assert_eq!(host.decision(&before).await["answeredBy"], release);
    assert_eq!(scene.post(&host, &candidate).await.expect(201)["jobId"], jobs[1]);
    assert_eq!(compiled(&host), code, "the cache was used");

    // Damaged code costs a compile, and nothing else.
    for path in code.keys() {
        fs::write(path, b"no code of ours").expect("a file of ours");
    }
    let host = host.restart().await;
    assert_eq!(scene.post(&host, &candidate).await.expect(201)["jobId"], jobs[1]);
    assert_eq!(compiled(&host).keys().collect::<Vec<_>>(), code.keys().collect::<Vec<_>>());
    for path in code.keys() {
        assert!(1000 < fs::metadata(path).expect("a file").len(), "{} was made anew", path.display());
    }
}

#[tokio::test]
async fn a_broken_artifact_harms_its_own_slot_only() {
    let host = TestHost::start().await;
    let (broken, healthy) = (Scene::new(&host).await, Scene::new(&host).await);
    let release = broken.run(&host, "northstar", json!({})).await;
    healthy.run(&host, "hostile", json!({ "settings": { "do": "answer-newest" } })).await;
    let jobs = broken.ranked_jobs(&host, &[1]).await;
    let candidate = broken.candidate(&host, &jobs).await;
    let their_jobs = healthy.ranked_jobs(&host, &[1, 2]).await;
    let theirs = healthy.candidate(&host, &their_jobs).await;
    let shown = host.operate("GET", &format!("/releases/{release}"), Value::Null).await;
    let digest: Digest = shown["version"].as_str().and_then(|text| text.parse().ok()).expect("a digest");
    let lose = move |txn: &mut Txn| Ok::<_, Abort<()>>(store::plugin::remove_artifact(txn, digest)?);
    host.running().app().store().commit(lose).await.expect("a commit");
    fs::remove_dir_all(host.folder().join("compiled")).expect("a folder of ours");

    let host = host.restart().await;
    let answer = broken.post(&host, &candidate).await;
    assert_eq!(answer.header("X-Policy-Degraded"), Some("job-resolution"));
    assert_eq!(answer.expect(201)["jobId"], jobs[0], "the standard plugin answers");
    let decision = broken.newest_decision(&host).await;
    assert_eq!(decision["asked"][0]["failure"], "unavailable", "{decision:#}");
    let shown = broken.show_slot(&host).await;
    assert!(shown["unavailable"].as_str().is_some_and(|why| why.contains("not in the store")), "{shown:#}");
    let answer = healthy.post(&host, &theirs).await;
    assert_eq!(answer.header("X-Policy-Degraded"), None);
    assert!(answer.expect(201)["jobId"].is_string());

    // Pushed again it is whole again, from the next activation on.
    assert_eq!(host.push("northstar").await.status, 201);
    let shown = host.activate(&release).await;
    assert_eq!(shown["unavailable"], Value::Null, "{shown:#}");
    assert_eq!(broken.post(&host, &candidate).await.header("X-Policy-Degraded"), None);
}
