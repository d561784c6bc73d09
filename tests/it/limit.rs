//! What one call of a release may use: each limit is the release's own, and is obeyed.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Scene, TestHost};
use tokio::task::JoinSet;

/// A hostile release with these limits, asked once; its part in the decision.
async fn asked(host: &TestHost, scene: &Scene, candidate: &str, more: Value) -> Value {
    let mut body = json!({ "timeoutMs": 5000 });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    scene.run(host, "hostile", body).await;
    let made = scene.post(host, candidate).await.expect(201);
    host.decision(&made).await["asked"][0].clone()
}

#[tokio::test]
async fn what_goes_beyond_a_limit_is_named() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let candidate = scene.candidate(&host, &scene.ranked_jobs(&host, &[1]).await).await;
    let long = "x".repeat(2_000);
    for (limits, failure, words) in [
        (json!({ "tableElements": 1 }), "out-of-memory", "table elements"),
        (json!({ "settings": { "note": long }, "inputKib": 1 }), "input-too-large", "--input-kib"),
        (json!({ "settings": { "do": "bad-reason" }, "outputKib": 1 }), "output-too-large", "--output-kib"),
        (json!({ "settings": { "do": "bad-reason" }, "outputKib": 2 }), "bad-answer", "NUL"),
    ] {
        let asked = asked(&host, &scene, &candidate, limits.clone()).await;
        assert_eq!(asked["failure"], failure, "{limits}: {asked:#}");
        let explanation = asked["explanation"].as_str().expect("words");
        assert!(explanation.contains(words) || failure == "bad-answer", "{limits}: {explanation}");
    }
    for limits in [
        json!({ "tableElements": 1_000 }),
        json!({ "settings": { "note": "x".repeat(2_000) }, "inputKib": 3 }),
    ] {
        let asked = asked(&host, &scene, &candidate, limits.clone()).await;
        assert_eq!(asked.get("failure"), None, "{limits}: {asked:#}");
    }
}

#[tokio::test]
async fn an_input_that_is_too_large_is_never_run_and_replays() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1; 20]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    scene.run(&host, "hostile", json!({ "inputKib": 1, "onFailure": "reject" })).await;
    let refused = scene.post(&host, &candidate).await.refused(503, "POLICY_UNAVAILABLE");
    let id = refused["details"]["decisionId"].as_str().expect("an id");
    let shown = host.operate("GET", &format!("/decisions/{id}"), Value::Null).await;
    assert_eq!((&shown["asked"][0]["failure"], &shown["fuel"]), (&json!("input-too-large"), &json!(0)));
    let again = host.operate("POST", &format!("/decisions/{id}/replay"), json!({})).await;
    assert_eq!((&again["same"], &again["reproducible"]), (&json!(true), &json!(true)), "{again:#}");
    let slot = scene.show_slot(&host).await;
    assert_eq!((&slot["failuresByKind"]["input-too-large"], &slot["breaker"]), (&json!(1), &json!("closed")));
}

#[tokio::test]
async fn so_much_log_is_kept_as_the_release_says() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let candidate = scene.candidate(&host, &scene.ranked_jobs(&host, &[1]).await).await;
    for (log_kib, lines) in [(1, 1), (2, 2), (16, 16), (64, 50)] {
        let talkative = json!({
            "settings": { "do": "log" }, "fuel": 10_000_000_000_u64, "logKib": log_kib,
        });
        let asked = asked(&host, &scene, &candidate, talkative).await;
        let log = asked["log"].as_array().expect("a list");
        assert!(log[0].as_str().is_some_and(|line| line.contains("lines cut")), "{}", log[0]);
        let bytes: usize = log[1..].iter().map(|line| line.as_str().expect("a line").len()).sum();
        assert!(bytes <= log_kib << 10, "{log_kib} KiB: {bytes} bytes");
        assert_eq!(log.len() - 1, lines, "{log_kib} KiB");
    }
}

/// Of calls that wait for a place, sixty-four are kept.
const WAITING: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_calls_run_at_once_as_the_release_says() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let candidate = scene.candidate(&host, &scene.ranked_jobs(&host, &[1]).await).await;
    let endless = json!({
        "settings": { "do": "loop" }, "fuel": 10_000_000_000_u64, "timeoutMs": 5000, "callsInFlight": 1,
    });
    scene.run(&host, "hostile", endless).await;
    // One runs, the others wait, and for the last one there is no place: it is answered by the ladder at once.
    let mut crowd = JoinSet::new();
    for _ in 0..=1 + WAITING {
        let (partner, body) = (scene.partner(&host), scene.interview(&candidate));
        crowd.spawn(async move {
            let mut partner = partner;
            partner.post("/interviews", &body).await
        });
    }
    let first = tokio::time::timeout(Duration::from_secs(20), crowd.join_next()).await;
    let first = first.expect("in time").expect("one of them").expect("no panic").expect(201);
    assert_eq!(host.decision(&first).await["asked"][0]["failure"], "too-busy");
    crowd.abort_all();
}
