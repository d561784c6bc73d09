//! Releases on their way into a slot: shadows are compared and not heard, canaries answer their share and nobody
//! else, and what goes wrong goes back by itself, at once and on the record.

mod wrong_for_few;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use switchboard_tests::{Scene, TestHost};

/// What is promised from the crossing of a bound to the way back.
const WITHIN: Duration = Duration::from_secs(2);
/// For what follows from calls; a busy machine is no reason to fail.
const PATIENCE: Duration = Duration::from_secs(20);
/// A call of so many takes several milliseconds on a fast machine too, where a million take less than one.
const SLEEPY_ROUNDS: u64 = 8_000_000;
const SLEEPY_FUEL: u64 = 200_000_000;

/// Companies of one ATS, each with a candidate who has two jobs.
struct Crowd(Vec<(Scene, String)>);

impl Crowd {
    async fn new(host: &TestHost, companies: usize) -> Self {
        let first = Scene::new(host).await;
        let mut crowd = Vec::new();
        for number in 0..companies {
            let scene = match number {
                0 => first.clone(),
                _ => Scene::of(host, host.furnish_company(first.furnished.ats_id.clone()).await).await,
            };
            let jobs = scene.ranked_jobs(host, &[1]).await;
            assert!(host.clock.advance(Duration::from_millis(2)));
            let more = scene.ranked_jobs(host, &[2]).await;
            let candidate = scene.candidate(host, &[jobs, more].concat()).await;
            crowd.push((scene, candidate));
        }
        host.push("hostile").await;
        Self(crowd)
    }

    fn slot(&self) -> String {
        self.0[0].0.slot()
    }

    async fn show(&self, host: &TestHost) -> Value {
        self.0[0].0.show_slot(host).await
    }

    /// A release that does this. Where it fails, the one before answers.
    async fn release(&self, host: &TestHost, act: &str) -> String {
        let body = json!({ "settings": { "do": act }, "timeoutMs": 5000, "onFailure": "last-good" });
        host.release(&self.slot(), "hostile", body).await
    }

    /// One of whose share of so many in a hundred some of these companies are, and some are not.
    async fn release_with_share(&self, host: &TestHost, act: &str, percent: u64) -> String {
        loop {
            let release = self.release(host, act).await;
            let inside = self.inside(&release, percent).len();
            if 0 < inside && inside < self.0.len() {
                return release;
            }
        }
    }

    /// The companies that a canary of so many in a hundred answers.
    fn inside(&self, release: &str, percent: u64) -> Vec<&(Scene, String)> {
        self.0.iter().filter(|(scene, _)| is_in(release, &scene.furnished.company_id, percent)).collect()
    }
}

/// As the README has it: anybody can compute it.
fn is_in(release: &str, company: &str, percent: u64) -> bool {
    let bytes = |id: &str| -> Vec<u8> {
        let hex: String = id.trim_start_matches("rel_").replace('-', "");
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    };
    let hash = Sha256::digest([bytes(release), bytes(company)].concat());
    u64::from_be_bytes(hash[..8].try_into().expect("eight")) % 100 < percent
}

async fn activate(host: &TestHost, release: &str, how: Value) -> Value {
    host.operate("POST", &format!("/releases/{release}/activate"), how).await
}

/// The slot as it is when this holds.
async fn until(host: &TestHost, crowd: &Crowd, within: Duration, holds: impl Fn(&Value) -> bool) -> Value {
    let started = Instant::now();
    loop {
        let shown = crowd.show(host).await;
        if holds(&shown) {
            return shown;
        }
        assert!(started.elapsed() < within, "not within {within:?}: {shown:#}");
    }
}

/// Who was asked first for an interview of this company.
async fn asked_for(host: &TestHost, (scene, candidate): &(Scene, String)) -> String {
    let made = scene.post(host, candidate).await.expect(201);
    host.decision(&made).await["release"].as_str().expect("a release").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_answers_its_share_and_none_alternates() {
    let host = TestHost::start().await;
    let crowd = Crowd::new(&host, 20).await;
    let good = crowd.release(&host, "answer-first").await;
    host.activate(&good).await;
    let canary = crowd.release_with_share(&host, "answer-newest", 5).await;
    let mut before = 0;
    for percent in [5, 40] {
        let shown = activate(&host, &canary, json!({ "canaryPercent": percent })).await;
        assert_eq!(shown["active"]["id"], good);
        assert_eq!(
            (&shown["canary"]["release"]["id"], &shown["canary"]["percent"]),
            (&json!(canary), &json!(percent))
        );
        for _ in 0..3 {
            for member in &crowd.0 {
                let inside = is_in(&canary, &member.0.furnished.company_id, percent);
                let expected = if inside { &canary } else { &good };
                assert_eq!(&asked_for(&host, member).await, expected);
            }
        }
        let inside = crowd.inside(&canary, percent).len();
        assert!(before <= inside, "a higher share keeps those who were in");
        before = inside;
        let shown = crowd.show(&host).await;
        assert_eq!(
            shown["canary"]["calls"],
            3 * inside,
            "counted from the beginning of the stage: {shown:#}"
        );
    }
    let metric = format!(
        r#"switchboard_policy_calls_total{{ats="{}",policy="job-resolution",release="{canary}",standing="canary"}}"#,
        crowd.0[0].0.furnished.ats_id
    );
    assert_eq!(host.metric(&metric).await, 3 * before as u64);

    let shown = host.operate("POST", &format!("/releases/{canary}/promote"), json!({})).await;
    assert_eq!((&shown["active"]["id"], &shown["canary"]), (&json!(canary), &Value::Null), "{shown:#}");
    assert_eq!(
        (&shown["ended"][0]["release"], &shown["ended"][0]["end"]),
        (&json!(canary), &json!("promoted"))
    );
    assert_eq!(shown["history"][0], good, "and there is a way back");
    for member in &crowd.0 {
        assert_eq!(asked_for(&host, member).await, canary, "everybody");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_fails_goes_back_by_itself() {
    let host = TestHost::start().await;
    let crowd = Crowd::new(&host, 6).await;
    let good = crowd.release(&host, "answer-first").await;
    host.activate(&good).await;
    let bad = crowd.release_with_share(&host, "trap", 50).await;
    activate(&host, &bad, json!({ "canaryPercent": 50, "autoRollback": { "failures": 3 } })).await;
    let inside = crowd.inside(&bad, 50);
    for _ in 0..2 {
        let answer = inside[0].0.post(&host, &inside[0].1).await;
        assert_eq!((answer.status, answer.header("X-Policy-Degraded")), (201, Some("job-resolution")));
    }
    assert_eq!(crowd.show(&host).await["canary"]["failures"], 2, "not yet");
    inside[0].0.post(&host, &inside[0].1).await.expect(201);
    let shown = until(&host, &crowd, WITHIN, |shown| shown["canary"].is_null()).await;
    let ended = &shown["ended"][0];
    assert_eq!(
        (&ended["release"], &ended["stage"], &ended["end"]),
        (&json!(bad), &json!("canary"), &json!("rolled-back"))
    );
    assert!(ended["reason"].as_str().is_some_and(|reason| reason.contains("3 calls failed")), "{ended:#}");
    assert_eq!(shown["active"]["id"], good);
    for member in &crowd.0 {
        assert_eq!(asked_for(&host, member).await, good);
    }
    let audit = host.operate("GET", "/audit?actor=switchboard", Value::Null).await;
    assert_eq!(audit[0]["action"], "release.rollback", "{audit:#}");
    assert_eq!(audit[0]["subjects"], json!([crowd.slot(), bad]));
    let audit = host.operate("GET", "/audit?actor=operator", Value::Null).await;
    assert_eq!((&audit[0]["action"], &audit[0]["subjects"][1]), (&json!("release.canary"), &json!(bad)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_active_release_that_is_watched_goes_back_by_itself() {
    let host = TestHost::start().await;
    let crowd = Crowd::new(&host, 1).await;
    let good = crowd.release(&host, "answer-first").await;
    host.activate(&good).await;
    let member = &crowd.0[0];
    for (act, bound, calls, words) in [
        ("trap", json!({ "failures": 1 }), 1, "1 calls failed"),
        ("trap", json!({ "failedPercent": 50 }), 20, "more than 50 %"),
        ("sleepy", json!({ "fuelMean": 10_000 }), 20, "fuel"),
        ("sleepy", json!({ "p99Ms": 1 }), 100, "longer than 1 ms"),
    ] {
        let settings = json!({ "do": act, "rounds": SLEEPY_ROUNDS });
        let body =
            json!({ "settings": settings, "fuel": SLEEPY_FUEL, "timeoutMs": 5000, "onFailure": "last-good" });
        let bad = host.release(&crowd.slot(), "hostile", body).await;
        let shown = activate(&host, &bad, json!({ "autoRollback": bound })).await;
        assert_eq!((&shown["active"]["id"], &shown["watched"]["release"]["id"]), (&json!(bad), &json!(bad)));
        for call in 1..=calls {
            assert_eq!(crowd.show(&host).await["active"]["id"], bad, "{act}, {bound}: before call {call}");
            member.0.post(&host, &member.1).await.expect(201);
        }
        let shown = until(&host, &crowd, WITHIN, |shown| shown["active"]["id"] == good).await;
        let ended = &shown["ended"][0];
        assert_eq!(
            (&ended["release"], &ended["stage"], &ended["end"]),
            (&json!(bad), &json!("full"), &json!("rolled-back"))
        );
        assert!(ended["reason"].as_str().is_some_and(|reason| reason.contains(words)), "{ended:#}");
        assert_eq!((&shown["watched"], &shown["breaker"]), (&Value::Null, &json!("closed")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shadow_is_compared_and_never_heard() {
    let host = TestHost::start().await;
    let crowd = Crowd::new(&host, 2).await;
    let good = crowd.release(&host, "answer-first").await;
    host.activate(&good).await;
    let same = crowd.release(&host, "answer-first").await;
    activate(&host, &same, json!({ "shadow": true })).await;
    let member = &crowd.0[0];
    for _ in 0..5 {
        assert_eq!(asked_for(&host, member).await, good);
    }
    let shown = until(&host, &crowd, PATIENCE, |shown| shown["shadow"]["compared"] == 5).await;
    assert_eq!((&shown["shadow"]["changed"], &shown["shadow"]["calls"]), (&json!(0), &json!(5)), "{shown:#}");
    assert_eq!(shown["calls"], 5, "the active one's own count");

    let other = crowd.release(&host, "answer-newest").await;
    let shown =
        activate(&host, &other, json!({ "shadow": true, "autoRollback": { "changedPercent": 10 } })).await;
    assert_eq!(
        (&shown["ended"][0]["release"], &shown["ended"][0]["end"]),
        (&json!(same), &json!("replaced"))
    );
    for call in 0..20 {
        assert_eq!(asked_for(&host, &crowd.0[call % 2]).await, good);
    }
    let shown = until(&host, &crowd, PATIENCE, |shown| shown["shadow"].is_null()).await;
    let ended = &shown["ended"][0];
    assert_eq!((&ended["release"], &ended["end"]), (&json!(other), &json!("rolled-back")), "{ended:#}");
    assert!(
        ended["reason"].as_str().is_some_and(|reason| reason.contains("20 of 20 answers differ")),
        "{ended:#}"
    );
    assert_eq!(shown["active"]["id"], good);

    // One that fails is counted, and nobody notices.
    let broken = crowd.release(&host, "trap").await;
    activate(&host, &broken, json!({ "shadow": true })).await;
    let answer = member.0.post(&host, &member.1).await;
    assert_eq!((answer.status, answer.header("X-Policy-Degraded")), (201, None));
    until(&host, &crowd, PATIENCE, |shown| shown["shadow"]["failuresByKind"]["trap"] == 1).await;
    let decisions = host.operate("GET", "/decisions?limit=1000", Value::Null).await;
    let decisions = decisions.as_array().expect("a list");
    assert_eq!(decisions.len(), 26, "a shadow records nothing");
    assert!(decisions.iter().all(|decision| decision["asked"].as_array().map(Vec::len) == Some(1)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_is_promoted_after_a_healthy_while_and_not_before_it_answered() {
    let host = TestHost::start().await;
    let crowd = Crowd::new(&host, 1).await;
    let member = &crowd.0[0];
    // The ATS has no release of its own yet: the default slot's goes on to answer.
    let canary = crowd.release(&host, "answer-first").await;
    let how =
        json!({ "canaryPercent": 100, "autoPromoteAfterSeconds": 3600, "autoRollback": { "failures": 2 } });
    let shown = activate(&host, &canary, how).await;
    assert_eq!((&shown["inherited"], &shown["canary"]["percent"]), (&json!(true), &json!(100)));
    assert!(shown["canary"]["promotesAt"].is_string());
    assert!(host.clock.advance(Duration::from_secs(3601)));
    // Long enough, but nobody asked it.
    assert_eq!(asked_for(&host, member).await, canary);
    let shown = until(&host, &crowd, PATIENCE, |shown| shown["active"]["id"] == canary).await;
    assert_eq!((&shown["inherited"], &shown["canary"]), (&json!(false), &Value::Null));
    assert_eq!(
        shown["watched"]["autoRollback"],
        json!({ "failures": 2 }),
        "what bounded it bounds it further"
    );
    let standard =
        host.operate("GET", "/slots/default/job-resolution", Value::Null).await["active"]["id"].clone();
    assert_eq!(shown["history"], json!([standard]), "there is a way back");
    let audit = host.operate("GET", "/audit", Value::Null).await;
    assert_eq!((&audit[0]["action"], &audit[0]["actor"]), (&json!("release.promote"), &json!("switchboard")));

    // And a shadow, on the stroke of the clock.
    let shadow = crowd.release(&host, "answer-newest").await;
    activate(&host, &shadow, json!({ "shadow": true, "autoPromoteAfterSeconds": 3600 })).await;
    asked_for(&host, member).await;
    until(&host, &crowd, PATIENCE, |shown| shown["shadow"]["calls"] == 1).await;
    assert!(host.clock.advance(Duration::from_secs(3601)));
    until(&host, &crowd, PATIENCE, |shown| shown["active"]["id"] == shadow).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_outlives_the_process_and_makes_no_sense_twice() {
    let host = TestHost::start().await;
    let crowd = Crowd::new(&host, 4).await;
    let good = crowd.release(&host, "answer-first").await;
    host.activate(&good).await;
    let canary = crowd.release_with_share(&host, "answer-newest", 50).await;
    let shadow = crowd.release(&host, "answer-first").await;
    activate(&host, &canary, json!({ "canaryPercent": 50, "autoRollback": { "failures": 5 } })).await;
    let told = activate(&host, &shadow, json!({ "shadow": true })).await;
    let host = host.restart().await;
    let shown = crowd.show(&host).await;
    for place in ["/active/id", "/canary/release/id", "/canary/autoRollback", "/shadow/release/id"] {
        assert_eq!(shown.pointer(place), told.pointer(place), "{place}");
    }
    for member in &crowd.0 {
        let inside = is_in(&canary, &member.0.furnished.company_id, 50);
        assert_eq!(asked_for(&host, member).await, if inside { canary.clone() } else { good.clone() });
    }
    let mut operator = host.operator();
    let mut refused = async |path: String, body: Value, words: &str| {
        let refused = operator.post(&path, &body).await.refused(409, "REFUSED");
        assert!(refused["message"].as_str().is_some_and(|said| said.contains(words)), "{refused:#}");
    };
    let path = |release: &str, what: &str| format!("/releases/{release}/{what}");
    refused(path(&good, "activate"), json!({ "shadow": true }), "is active in").await;
    refused(path(&good, "activate"), json!({ "canaryPercent": 1 }), "is active in").await;
    refused(path(&shadow, "activate"), json!({ "autoPromoteAfterSeconds": 5 }), "only a shadow or a canary")
        .await;
    let compared = json!({ "canaryPercent": 5, "autoRollback": { "changedPercent": 5 } });
    refused(path(&shadow, "activate"), compared, "of a shadow only").await;
    refused(path(&good, "abort"), json!({}), "neither a shadow nor a canary").await;
    refused(path(&good, "promote"), json!({}), "neither a shadow nor a canary").await;
    let both = json!({ "shadow": true, "canaryPercent": 5 });
    host.operator().post(&path(&shadow, "activate"), &both).await.refused(400, "VALIDATION_ERROR");

    let shown = host.operate("POST", &path(&canary, "abort"), json!({})).await;
    assert_eq!((&shown["canary"], &shown["ended"][0]["end"]), (&Value::Null, &json!("aborted")));
    let shown = host.operate("POST", &path(&shadow, "abort"), json!({})).await;
    assert_eq!(shown["shadow"], Value::Null);
    for member in &crowd.0 {
        assert_eq!(asked_for(&host, member).await, good);
    }
    let audit = host.operate("GET", "/audit?limit=3", Value::Null).await;
    let actions: Vec<&str> =
        audit.as_array().expect("a list").iter().filter_map(|it| it["action"].as_str()).collect();
    assert_eq!(actions, ["release.abort", "release.abort", "release.shadow"], "refusals change nothing");
}
