//! Plugins that misbehave: the failure ladder answers in time, the failure is counted and explained, and nobody
//! else sees anything.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard_tests::{Scene, TestHost};
use tokio::task::JoinSet;

use crate::alone::{alone, resident_bytes};

/// The server's own deadline is six seconds; the rest is for a machine that does other things as well.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the plugin does, how that is called, and words of the explanation or of the guest's log.
const MISBEHAVIOURS: [(&str, &str, &str); 12] = [
    ("loop", "out-of-fuel", "fuel"),
    ("endless-loop", "timeout", "no answer within 100 ms"),
    ("alloc", "out-of-memory", "memory"),
    ("recurse", "stack-overflow", "backtrace"),
    ("trap", "trap", "hostile on purpose"),
    ("unreachable", "trap", "unreachable"),
    ("nonsense", "trap", "nobody knows how to do"),
    ("wrong-job", "bad-answer", "not among the candidate's jobs"),
    ("closed-job", "bad-answer", "is closed"),
    ("bad-reason", "bad-answer", "longer than 500"),
    ("ambiguous-strangers", "bad-answer", "not-an-id"),
    ("huge-output", "output-too-large", "bytes"),
];

/// A release that does this, with time enough that the kind of its failure does not depend on the machine.
fn release(act: &str, on_failure: &str) -> Value {
    match act {
        "endless-loop" => json!({
            "settings": { "do": "loop" }, "onFailure": on_failure, "fuel": 10_000_000_000_u64, "timeoutMs": 100,
        }),
        _ => json!({ "settings": { "do": act }, "onFailure": on_failure, "timeoutMs": 5000 }),
    }
}

/// Two open jobs and a closed one, and a candidate who is assigned to all.
struct Trap {
    scene: Scene,
    jobs: Vec<String>,
    candidate: String,
}

impl Trap {
    async fn new(host: &TestHost) -> Self {
        let scene = Scene::new(host).await;
        let mut jobs = scene.ranked_jobs(host, &[1]).await;
        let closed = json!({ "title": "A closed job", "description": "Nobody is wanted any more.", "status": "CLOSED" });
        let closed = scene.partner(host).post("/jobs", &closed).await.expect(201);
        jobs.push(closed["id"].as_str().expect("an id").to_owned());
        let candidate = scene.candidate(host, &jobs).await;
        Self { scene, jobs, candidate }
    }
}

async fn misbehave(on_failure: &str) {
    let host = TestHost::start().await;
    let trap = Trap::new(&host).await;
    let neighbour = Trap::new(&host).await;
    host.push("hostile").await;
    let good =
        host.release(&trap.scene.slot(), "hostile", json!({ "settings": { "do": "answer-newest" } })).await;
    let standard =
        host.operate("GET", "/slots/default/job-resolution", Value::Null).await["active"]["id"].clone();
    for (act, kind, words) in MISBEHAVIOURS {
        host.activate(&good).await;
        let bad = host.release(&trap.scene.slot(), "hostile", release(act, on_failure)).await;
        host.activate(&bad).await;
        let answer = tokio::time::timeout(PATIENCE, trap.scene.post(&host, &trap.candidate)).await;
        let answer = answer.unwrap_or_else(|_| panic!("{act} is not answered"));
        assert_eq!(answer.header("X-Policy-Degraded"), Some("job-resolution"), "{act}");
        let (decision, answered_by) = match on_failure {
            "fallback" | "last-good" => {
                let made = answer.expect(201);
                assert_eq!(made["jobId"], trap.jobs[0], "{act}");
                let by = if on_failure == "fallback" { standard.clone() } else { json!(good) };
                (host.decision(&made).await, by)
            }
            _ => {
                assert_eq!(answer.header("Retry-After"), Some("5"), "{act}");
                let details = answer.refused(503, "POLICY_UNAVAILABLE")["details"].clone();
                assert_eq!(details["policy"], "job-resolution");
                let id = details["decisionId"].as_str().expect("an id");
                (host.operate("GET", &format!("/decisions/{id}"), Value::Null).await, Value::Null)
            }
        };
        assert_eq!(decision["release"], bad, "{act}");
        assert_eq!(decision["answeredBy"], answered_by, "{act}");
        assert_eq!(decision["degraded"], true, "{act}");
        let asked = &decision["asked"][0];
        assert_eq!((&asked["release"], &asked["failure"]), (&json!(bad), &json!(kind)), "{act}: {asked:#}");
        let explained = format!("{}\n{}", asked["explanation"].as_str().expect("words"), asked["log"]);
        assert!(explained.contains(words), "{act}: {explained}");
        if kind == "trap" {
            assert!(explained.contains("hostile"), "the guest's function is named: {explained}");
        }
        let shown = trap.scene.show_slot(&host).await;
        assert_eq!(shown["failuresByKind"], json!({ kind: 1 }), "{act}");
        assert_eq!(
            (&shown["calls"], &shown["failures"], &shown["degraded"]),
            (&json!(1), &json!(1), &json!(1))
        );
        let answer = neighbour.scene.post(&host, &neighbour.candidate).await;
        assert_eq!((answer.status, answer.header("X-Policy-Degraded")), (201, None), "{act}");
    }
    let failed = format!("/decisions?failed=true&slot={}", trap.scene.slot());
    let failed = host.operate("GET", &failed, Value::Null).await;
    assert_eq!(failed.as_array().map(Vec::len), Some(MISBEHAVIOURS.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_fallback_the_standard_plugin_answers() {
    misbehave("fallback").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_last_good_the_release_before_answers() {
    misbehave("last-good").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_reject_the_partner_is_told_to_come_back() {
    misbehave("reject").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interview_cannot_be_held() {
    let host = TestHost::start().await;
    let body = json!({ "slot": "default/job-resolution", "plugin": "standard", "onFailure": "hold" });
    let refused = host.operator().post("/releases", &body).await.refused(400, "VALIDATION_ERROR");
    let field = &refused["details"]["fields"][0];
    assert_eq!(field["path"], "onFailure", "{refused:#}");
    assert!(
        field["message"].as_str().is_some_and(|said| said.contains("cannot wait for its job")),
        "{refused:#}"
    );
    let body = json!({ "slot": "default/call-scheduling", "plugin": "standard", "onFailure": "hold" });
    assert_eq!(host.operator().post("/releases", &body).await.status, 201, "a call can wait");
}

#[tokio::test]
async fn ten_megabytes_of_log_are_cut_and_marked() {
    let host = TestHost::start().await;
    let trap = Trap::new(&host).await;
    let talkative = json!({ "settings": { "do": "log" }, "fuel": 10_000_000_000_u64, "timeoutMs": 5000 });
    trap.scene.run(&host, "hostile", talkative).await;
    let answer = trap.scene.post(&host, &trap.candidate).await;
    assert_eq!(answer.header("X-Policy-Degraded"), None, "it answers all the same");
    let decision = host.decision(&answer.expect(201)).await;
    let log = decision["asked"][0]["log"].as_array().expect("a list");
    let bytes: usize = log.iter().map(|line| line.as_str().expect("a line").len()).sum();
    assert!(log[0].as_str().is_some_and(|line| line.contains("lines cut")), "{}", log[0]);
    assert!(10_000 < bytes && bytes < 100_000, "{bytes} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_endless_loops_on_both_cores_do_not_stop_another_ats() {
    let host = TestHost::start().await;
    let neighbour = Trap::new(&host).await;
    let mut loops = JoinSet::new();
    for _ in 0..2 {
        let trap = Trap::new(&host).await;
        let endless = json!({ "settings": { "do": "loop" }, "fuel": 10_000_000_000_u64, "timeoutMs": 5000 });
        trap.scene.run(&host, "hostile", endless).await;
        let (mut partner, body) = (trap.scene.partner(&host), trap.scene.interview(&trap.candidate));
        loops.spawn(async move { partner.post("/interviews", &body).await });
    }
    // They loop when both are in flight; the time limit is far away.
    let in_flight = async {
        loop {
            let metrics = host.operator().get("/metrics").await;
            let text = String::from_utf8(metrics.bytes.to_vec()).expect("text");
            let busy = |line: &&str| line.contains("policy_in_flight{") && line.ends_with(" 1");
            if text.lines().filter(busy).count() == 2 {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, in_flight).await.expect("two calls in flight");
    let mut partner = neighbour.scene.partner(&host);
    for _ in 0..10 {
        let answer = partner.post("/interviews", &neighbour.scene.interview(&neighbour.candidate)).await;
        assert_eq!((answer.status, answer.header("X-Policy-Degraded")), (201, None));
    }
    assert!(loops.try_join_next().is_none(), "ten answers came while both loops ran");
    while let Some(answer) =
        tokio::time::timeout(PATIENCE, loops.join_next()).await.expect("the ladder answers")
    {
        let answer = answer.expect("no panic");
        assert_eq!((answer.status, answer.header("X-Policy-Degraded")), (201, Some("job-resolution")));
    }
}

/// The slot as it is shown when the breaker is open no more.
async fn the_pause_ends(host: &TestHost, scene: &Scene) -> Value {
    let started = Instant::now();
    loop {
        let shown = scene.show_slot(host).await;
        if shown["breaker"] != "open" {
            return shown;
        }
        assert!(started.elapsed() < PATIENCE, "no probe passes");
    }
}

#[tokio::test]
async fn the_breaker_opens_lets_a_probe_pass_and_closes() {
    let host = TestHost::start().await;
    let bad = Trap::new(&host).await;
    let sibling = Scene::of(&host, host.furnish_company(bad.scene.furnished.ats_id.clone()).await).await;
    let jobs = sibling.ranked_jobs(&host, &[1]).await;
    let candidate = sibling.candidate(&host, &jobs).await;
    let settings = json!({ "do": "trap", "onlyCompany": bad.scene.furnished.company_id });
    bad.scene.run(&host, "hostile", json!({ "settings": settings, "timeoutMs": 5000 })).await;
    let slot = &bad.scene;
    let mut kinds = Vec::new();
    for _ in 0..7 {
        let made = slot.post(&host, &bad.candidate).await.expect(201);
        kinds.push(host.decision(&made).await["asked"][0]["failure"].as_str().unwrap_or_default().to_owned());
    }
    let opened = kinds.iter().position(|kind| kind == "breaker-open").expect("it opens");
    assert!(kinds[..opened].iter().all(|kind| kind == "trap") && 5 <= opened, "{kinds:?}");
    let shown = the_pause_ends(&host, slot).await;
    assert_eq!(shown["breaker"], "half-open");
    // The probe fails: the breaker is open again.
    let made = slot.post(&host, &bad.candidate).await.expect(201);
    assert_eq!(host.decision(&made).await["asked"][0]["failure"], "trap", "one probe passes");
    assert_eq!(slot.show_slot(&host).await["breaker"], "open");
    let shown = the_pause_ends(&host, slot).await;
    assert_eq!(shown["breaker"], "half-open");
    // The next one answers.
    let answer = sibling.post(&host, &candidate).await;
    assert_eq!((answer.status, answer.header("X-Policy-Degraded")), (201, None));
    let shown = slot.show_slot(&host).await;
    assert_eq!(shown["breaker"], "closed");
    assert!(0 < shown["failuresByKind"]["breaker-open"].as_u64().unwrap_or(0), "{shown:#}");
}

#[test]
fn what_a_guest_allocated_is_given_back() {
    alone("hostile_guest::what_a_guest_allocated_is_given_back", async {
        let host = TestHost::start().await;
        let trap = Trap::new(&host).await;
        let greedy = json!({
            "settings": { "do": "alloc" }, "fuel": 10_000_000_000_u64, "timeoutMs": 5000, "memoryMib": 256,
        });
        trap.scene.run(&host, "standard", json!({})).await;
        trap.scene.post(&host, &trap.candidate).await.expect(201);
        let before = resident_bytes();
        trap.scene.run(&host, "hostile", greedy).await;
        for _ in 0..4 {
            let made = trap.scene.post(&host, &trap.candidate).await.expect(201);
            assert_eq!(host.decision(&made).await["asked"][0]["failure"], "out-of-memory");
        }
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 64 << 20, "{grown} bytes stayed of four times 256 MiB");
    });
}
