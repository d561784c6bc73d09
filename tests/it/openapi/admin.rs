//! The examples of the operators' document, sent in the order in which an operator works.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_tests::TestHost;
use switchboard_tests::document::{Contract, Listener};

/// The example of a body, with real ids.
fn example(operation: &str, ids: &[(&str, &Value)]) -> Value {
    let document = Contract::of(Listener::Operators).document();
    let (.., found) = super::operations(document)
        .into_iter()
        .find(|(.., found)| found["operationId"] == operation)
        .unwrap_or_else(|| panic!("there is no {operation}"));
    let mut text = found["requestBody"]["content"]["application/json"]["example"].to_string();
    for (example, real) in ids {
        text = text.replace(example, real.as_str().expect("an id"));
    }
    serde_json::from_str(&text).expect("still JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_a_body_is_taken() {
    let host = TestHost::start().await;
    let mut sent = BTreeSet::new();
    let mut send =
        async |operation: &'static str, method: &'static str, path: &str, ids: &[(&str, &Value)]| {
            sent.insert(operation);
            host.operate(method, path, example(operation, ids)).await
        };
    let ats = send("createAts", "POST", "/ats", &[]).await;
    let ats_id = ("01960e6a-7c00-7000-8000-000000000011", &ats["id"]);
    let changed = send("updateAts", "PATCH", &format!("/ats/{}", id(&ats)), &[]).await;
    assert_eq!((&changed["billingSystem"], &changed["zuluIsOffset"]), (&json!("credits"), &json!(true)));
    let key = send("createKey", "POST", "/keys", &[ats_id]).await;
    assert_eq!(key["ratePerMinute"], 120);
    let suspended = send("suspendKey", "POST", &format!("/keys/{}/suspend", id(&key)), &[]).await;
    assert_eq!(suspended["status"], "suspended");

    let here = host.furnish_company(id(&ats)).await;
    let company = host.operate("GET", &format!("/companies/{}", here.company_id), Value::Null).await;
    let company_id = ("01960e6a-7c00-7000-8000-000000000005", &company["id"]);
    let changed = send("updateCompany", "PATCH", &format!("/companies/{}", here.company_id), &[]).await;
    assert_eq!(changed["usageLimit"], 1500.5);
    let number = send("createPhoneNumber", "POST", "/phone-numbers", &[company_id]).await;
    assert_eq!(number["number"], "+48585550123");

    let user = send("createUser", "POST", "/users", &[]).await;
    assert_eq!(user["name"], "Jana Kowalska");

    let first = send("createRelease", "POST", "/releases", &[]).await;
    let second = send("createRelease", "POST", "/releases", &[]).await;
    host.activate(&id(&first)).await;
    let told = send("backtestRelease", "POST", &format!("/releases/{}/backtest", id(&second)), &[]).await;
    assert_eq!(told["decisions"], 0);
    host.activate(&id(&second)).await;
    let third = send("createRelease", "POST", "/releases", &[]).await;
    let begun = send("activateRelease", "POST", &format!("/releases/{}/activate", id(&third)), &[]).await;
    assert_eq!(begun["canary"]["release"]["id"], third["id"]);
    let release_id = ("rel_01960e6a7c0070008000000000000009", &first["id"]);
    let slot = "/slots/default/job-resolution/rollback";
    let back = send("rollBackSlot", "POST", slot, &[release_id]).await;
    assert_eq!(back["active"]["id"], first["id"]);

    let safe = send("setSafeMode", "POST", "/safe-mode", &[]).await;
    assert_eq!(safe, json!({ "everywhere": false, "slots": ["default/job-resolution"] }));

    let before = host.operate("GET", "/clock", Value::Null).await;
    let moved = send("moveClock", "POST", "/clock", &[]).await;
    assert!(before["now"].as_str() < moved["now"].as_str());

    let document = Contract::of(Listener::Operators).document();
    let with_json: BTreeSet<&str> = super::operations(document)
        .into_iter()
        .filter(|(.., operation)| operation["requestBody"]["content"]["application/json"].is_object())
        .filter_map(|(.., operation)| operation["operationId"].as_str())
        .collect();
    assert_eq!(sent, with_json, "every operation that takes JSON was sent its example");
}

fn id(resource: &Value) -> String {
    resource["id"].as_str().unwrap_or_else(|| panic!("no id: {resource}")).to_owned()
}
