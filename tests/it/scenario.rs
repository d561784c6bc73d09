//! The scenarios that a component carries: asked at its push, and all of them must hold.

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard_tests::{Answer, Scene, TestHost, wasm, with_scenarios, with_section};

const WASM: [(&str, &str); 1] = [("Content-Type", "application/wasm")];

async fn push(host: &TestHost, name: &str, bytes: Bytes) -> Answer {
    host.operator().send("POST", &format!("/plugins?name={name}"), &WASM, bytes).await
}

/// What a real decision by this plugin becomes as a scenario.
async fn scenario(host: &TestHost, plugin: &str) -> Value {
    let scene = Scene::new(host).await;
    scene.run(host, plugin, json!({})).await;
    let jobs = scene.ranked_jobs(host, &[1, 3, 2]).await;
    let candidate = scene.candidate(host, &jobs).await;
    let made = scene.post(host, &candidate).await.expect(201);
    assert_eq!(made["jobId"], jobs[1]);
    let decision = host.decision(&made).await;
    json!({
        "name": "the second of three", "policy": "job-resolution", "policyVersion": "0.1.0", "settings": {},
        "input": decision["facts"], "expected": decision["answer"], "fuel": decision["fuel"],
    })
}

/// What an admitted push is answered with.
async fn admitted(host: &TestHost, name: &str, bytes: Bytes) -> Value {
    let pushed = push(host, name, bytes).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.bytes));
    pushed.json()
}

/// How many of its own a plugin carries.
async fn own(host: &TestHost, plugin: &str) -> u64 {
    let pushed = admitted(host, "own", wasm(plugin)).await;
    pushed["scenarios"].as_u64().unwrap_or_else(|| panic!("no number: {pushed:#}"))
}

fn with(scenario: &Value, changes: &Value) -> Value {
    let mut changed = scenario.clone();
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(changed.as_object_mut().expect("an object").remove(name)),
            value => changed[name] = value.clone(),
        }
    }
    changed
}

#[tokio::test]
async fn a_push_tells_how_many_passed_and_several_sections_add_up() {
    let host = TestHost::start().await;
    let scenario = scenario(&host, "northstar").await;
    let own = own(&host, "northstar").await;
    assert!(0 < own, "our own plugins carry some");
    let two = with_scenarios("northstar", &json!([scenario, scenario]));
    let both = with_section(&two, "switchboard:scenarios", json!([scenario]).to_string().as_bytes());
    for (bytes, more) in [(two, 2), (both, 3)] {
        let pushed = admitted(&host, "north", bytes).await;
        assert_eq!(pushed["scenarios"], own + more, "{pushed:#}");
        let version = pushed["version"].as_str().expect("a version");
        let shown = host.operate("GET", &format!("/plugins/north@{version}"), Value::Null).await;
        assert_eq!((&shown["version"], shown.get("scenarios")), (&pushed["version"], None));
    }
    let none = admitted(&host, "hostile", wasm("hostile")).await;
    assert_eq!(none["scenarios"], 0);
    let slots = host.operate("GET", "/slots", Value::Null).await;
    let calls =
        slots.as_array().expect("a list").iter().filter_map(|slot| slot["calls"].as_u64()).sum::<u64>();
    assert_eq!(calls, 1, "a scenario counts nowhere");
}

#[tokio::test]
async fn a_component_that_says_something_else_is_refused_field_by_field() {
    let host = TestHost::start().await;
    let scenario = scenario(&host, "northstar").await;
    let came = scenario["expected"].clone();
    let wrong = with(&scenario, &json!({ "name": "the first of three", "expected": { "job": "a-job" } }));
    let refused = push(&host, "north", with_scenarios("northstar", &json!([scenario, wrong]))).await;
    let refused = refused.refused(422, "PLUGIN_REFUSED");
    let reasons = refused["details"]["reasons"].as_array().expect("a list");
    assert_eq!(reasons.len(), 1, "the other one holds: {refused:#}");
    let said = reasons[0].as_str().expect("a sentence");
    let field = format!("`job`: \"a-job\" became {}", came["job"]);
    for words in [
        "scenario `the first of three` does not hold",
        r#"expected {"job":"a-job"}"#,
        &came.to_string(),
        &field,
        "Mend",
    ] {
        assert!(said.contains(words), "{words} not in: {said}");
    }
    let kept = host.operator().get("/plugins/north").await;
    assert_eq!(kept.status, 404, "what was refused is not kept");

    // The standard plugin is asked the same, and asks back.
    let foreign = push(&host, "foreign", with_scenarios("standard", &json!([scenario]))).await;
    let foreign = foreign.refused(422, "PLUGIN_REFUSED");
    let said = foreign["message"].as_str().expect("a sentence");
    assert!(said.contains("job-ambiguous") && said.contains("`refuse`: null became"), "{said}");
}

#[tokio::test]
async fn failures_are_expected_by_their_kind_under_the_limits_of_the_default() {
    let host = TestHost::start().await;
    let scenario = scenario(&host, "northstar").await;
    let of = |act: &str, expected: Value| {
        with(&scenario, &json!({ "name": act, "settings": { "do": act }, "expected": expected }))
    };
    let holds = json!([
        of("loop", json!({ "failure": "out-of-fuel" })),
        of("alloc", json!({ "failure": "out-of-memory" })),
        of("trap", json!({ "failure": "trap" })),
        of("wrong-job", json!({ "failure": "bad-answer" })),
    ]);
    let pushed = admitted(&host, "hostile", with_scenarios("hostile", &holds)).await;
    assert_eq!(pushed["scenarios"], 4);
    let breaks = json!([of("trap", json!("no-job")), of("no-job", json!({ "failure": "trap" }))]);
    let refused = push(&host, "hostile", with_scenarios("hostile", &breaks)).await;
    let refused = refused.refused(422, "PLUGIN_REFUSED");
    let said = refused["message"].as_str().expect("a sentence");
    for words in [r#"expected "no-job", came {"failure":"trap"}"#, "hostile on purpose", r#"came "no-job""#] {
        assert!(said.contains(words), "{words} not in: {said}");
    }
}

#[tokio::test]
async fn what_is_no_scenario_of_this_component_is_refused_with_its_reason() {
    let host = TestHost::start().await;
    let scenario = scenario(&host, "northstar").await;
    let changed = |changes: Value| json!([with(&scenario, &changes)]).to_string();
    let many = Value::Array(vec![scenario.clone(); 201]).to_string();
    let cases: [(&str, String, &[&str]); 13] = [
        ("no JSON", "[{".to_owned(), &["no JSON array of scenarios"]),
        ("no array", scenario.to_string(), &["no JSON array of scenarios"]),
        ("no scenario", "[1]".to_owned(), &["Scenario 1", "cannot be read", "--as-scenario"]),
        ("no name", changed(json!({ "name": null })), &["missing field `name`", "--as-scenario"]),
        ("no input", changed(json!({ "input": null })), &["missing field `input`"]),
        ("nothing expected", changed(json!({ "expected": null })), &["missing field `expected`"]),
        ("a slip", changed(json!({ "setings": {} })), &["unknown field `setings`"]),
        (
            "an unknown policy",
            changed(json!({ "policy": "weather" })),
            &["`weather`, which is no policy", "job-resolution, call-scheduling, billing, owner-onboarding"],
        ),
        (
            "a policy that it has not",
            changed(json!({ "policy": "billing" })),
            &["`billing`, which the component does not export"],
        ),
        (
            "a version that it has not",
            changed(json!({ "policyVersion": "9.0.0" })),
            &["version 9.0.0 of `job-resolution`, which the component does not export"],
        ),
        (
            "other facts",
            changed(json!({ "input": { "now-ms": 1 } })),
            &["an input that is none of `job-resolution` 0.1.0", "missing field"],
        ),
        (
            "settings that it refuses",
            changed(json!({ "settings": { "order": 1 } })),
            &["`the second of three`", "settings that the plugin itself refuses", "order"],
        ),
        ("too many", many, &["scenarios; at most 200 are admitted"]),
    ];
    for (what, section, expected) in cases {
        let bytes = with_section(&wasm("northstar"), "switchboard:scenarios", section.as_bytes());
        let refused = push(&host, "north", bytes).await.refused(422, "PLUGIN_REFUSED");
        let said = refused["message"].as_str().expect("a sentence");
        let missing: Vec<&&str> = expected.iter().filter(|words| !said.contains(**words)).collect();
        assert!(missing.is_empty(), "{what}: {missing:?} not in: {said}");
    }
    let blanks = vec![b' '; (4 << 20) + 1];
    let large =
        push(&host, "north", with_section(&wasm("northstar"), "switchboard:scenarios", &blanks)).await;
    let large = large.refused(422, "PLUGIN_REFUSED");
    assert!(large["message"].as_str().is_some_and(|said| said.contains("at most 4194304")), "{large:#}");
}

#[tokio::test]
async fn of_many_that_do_not_hold_the_first_are_told() {
    let host = TestHost::start().await;
    let wrong = with(&scenario(&host, "northstar").await, &json!({ "expected": "no-job" }));
    let refused = push(&host, "north", with_scenarios("northstar", &Value::Array(vec![wrong; 30]))).await;
    let refused = refused.refused(422, "PLUGIN_REFUSED");
    let reasons = refused["details"]["reasons"].as_array().expect("a list");
    assert_eq!(reasons.len(), 11, "{refused:#}");
    assert_eq!(reasons[10], "20 more of its scenarios do not hold.");
}
