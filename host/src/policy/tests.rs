//! Real components through the real engines.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use switchboard_domain::agent::{AgentFocus, AgentType};
use switchboard_domain::decision::{AskedOutcome, FailureKind, PolicyName, Slot};
use switchboard_domain::id::{AtsId, CandidateId, CompanyId, JobId, ReleaseId};
use switchboard_domain::job::JobStatus;
use switchboard_domain::job_resolution::{AssignedJob, Facts, Verdict};
use switchboard_domain::language::Language;
use switchboard_domain::metadata::Metadata;
use switchboard_domain::release::{Digest, Limits, OnFailure, Release, SlotState, Wasi};
use switchboard_domain::time::Timestamp;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::call::{self, Bounds};
use super::engine::Kind;
use super::fleet::breaker::FAILURES_MAX;
use super::job_resolution::WitFacts;
use super::runtime::digest_of;
use super::{BreakerState, Error, Fleet, Outcome, Plan, Runtime, Setup};

const SLOT: Slot = Slot { ats_id: None, policy: PolicyName::JobResolution };

fn guest(name: &str) -> Arc<[u8]> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/policies");
    let path = format!("{folder}/{name}.wasm");
    std::fs::read(&path)
        .unwrap_or_else(|_| panic!("{path} is not there: run `cargo xtask build-guests`"))
        .into()
}

/// One for most tests: a pool reserves a good deal of address space.
fn runtime() -> Runtime {
    static SHARED: OnceLock<Runtime> = OnceLock::new();
    SHARED.get_or_init(|| start(None)).clone()
}

fn start(compiled_folder: Option<std::path::PathBuf>) -> Runtime {
    Runtime::start(Setup { compiled_folder, cache_key: [7; 32] }).expect("the engines start")
}

fn load(digest: Digest) -> Result<Arc<[u8]>, String> {
    let known = ["hostile", "standard"].map(guest);
    known
        .into_iter()
        .find(|bytes| digest_of(bytes) == digest)
        .ok_or_else(|| "the artifact is lost".to_owned())
}

fn release(number: u128, plugin: &str, settings: &str, on_failure: OnFailure) -> Release {
    Release {
        id: ReleaseId::new(Uuid::from_u128(number)),
        slot: SLOT,
        plugin: plugin.to_owned(),
        digest: digest_of(&guest(plugin)),
        policy_version: "0.1.0".to_owned(),
        settings: settings.to_owned(),
        limits: Limits { fuel: 50_000_000, timeout_millis: 2_000, memory_mib: 16 },
        on_failure,
        wasi: Wasi::None,
        grants: Vec::new(),
        comment: None,
        author: "test".to_owned(),
        created_at: Timestamp::from_unix_millis(0),
    }
}

fn hostile(act: &str, on_failure: OnFailure) -> Release {
    release(1, "hostile", &format!("{{\"do\":\"{act}\"}}"), on_failure)
}

fn standard() -> Release {
    release(99, "standard", "{}", OnFailure::Reject)
}

fn state(slot: Slot, active: &Release, history: &[&Release]) -> SlotState {
    SlotState {
        slot,
        revision: 1,
        active: active.id,
        activated_at: Timestamp::from_unix_millis(0),
        history: history.iter().map(|release| release.id).collect(),
    }
}

fn plan(active: &Release, history: &[&Release]) -> Plan {
    let releases = history.iter().copied().chain([active]).cloned().collect();
    Plan { standard: vec![standard()], releases, slots: vec![state(SLOT, active, history)] }
}

async fn fleet_of(active: &Release) -> Fleet {
    let fleet = Fleet::new(runtime());
    fleet.reload(plan(active, &[]), load).await;
    fleet
}

fn job(number: u128, status: JobStatus) -> AssignedJob {
    AssignedJob {
        id: JobId::new(Uuid::from_u128(number)),
        status,
        created_at: Timestamp::from_unix_millis(i64::try_from(number).expect("small")),
        title: format!("Job {number}"),
        metadata: Some(
            Metadata::check(&serde_json::json!({"b": [1.5, true, null], "a": "x"})).expect("valid"),
        ),
    }
}

fn facts() -> Facts {
    Facts {
        now: Timestamp::from_unix_millis(1_790_000_000_000),
        ats_id: AtsId::new(Uuid::from_u128(501)),
        company_id: CompanyId::new(Uuid::from_u128(502)),
        candidate_id: Some(CandidateId::new(Uuid::from_u128(503))),
        agent_type: AgentType::Phone,
        agent_focus: AgentFocus::LanguageTest,
        agent_language: Language::En,
        is_test: false,
        scheduled_at: Timestamp::from_unix_millis(1_790_000_100_000),
        assigned_jobs: vec![job(11, JobStatus::Closed), job(12, JobStatus::Open)],
        candidate_metadata: Some(Metadata::check(&serde_json::json!({"secret": 7})).expect("valid")),
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

async fn resolve(release: &Release) -> Outcome {
    fleet_of(release).await.line(SLOT).resolve_job(&facts(), soon()).await
}

fn failure(outcome: &Outcome) -> (FailureKind, String) {
    match &outcome.asked[0].outcome {
        AskedOutcome::Failed(kind, explanation) => (*kind, explanation.clone()),
        AskedOutcome::Answered(answer) => panic!("answered {answer}"),
    }
}

fn open_job() -> Option<Verdict> {
    Some(Verdict::Job(Some(JobId::new(Uuid::from_u128(12)))))
}

#[tokio::test]
async fn each_misbehaviour_is_named() {
    let table = [
        ("loop", FailureKind::OutOfFuel),
        ("alloc", FailureKind::OutOfMemory),
        ("recurse", FailureKind::StackOverflow),
        ("trap", FailureKind::Trap),
        ("unreachable", FailureKind::Trap),
        ("wrong-job", FailureKind::BadAnswer),
        ("closed-job", FailureKind::BadAnswer),
        ("ambiguous-strangers", FailureKind::BadAnswer),
        ("bad-reason", FailureKind::BadAnswer),
        ("huge-output", FailureKind::OutputTooLarge),
    ];
    for (act, expected) in table {
        let outcome = resolve(&hostile(act, OnFailure::Reject)).await;
        let (kind, explanation) = failure(&outcome);
        assert_eq!(kind, expected, "{act}: {explanation}");
        assert_eq!(outcome.verdict, None, "{act}");
        assert_eq!(outcome.answered_by, None, "{act}");
        assert!(outcome.degraded, "{act}");
        assert!(outcome.asked[0].fuel_used > 0, "{act}");
        assert_eq!(outcome.asked.len(), 1, "{act}: `reject` asks nobody else");
    }
}

#[tokio::test]
async fn a_trap_tells_its_function_and_its_last_words() {
    let outcome = resolve(&hostile("trap", OnFailure::Reject)).await;
    let (_, explanation) = failure(&outcome);
    assert!(explanation.contains("unreachable"), "{explanation}");
    assert!(explanation.contains("wasm backtrace") || explanation.contains("panic"), "{explanation}");
    let log = &outcome.asked[0].log;
    assert!(log.iter().any(|line| line.contains("hostile on purpose")), "{log:?}");
}

#[tokio::test]
async fn a_loop_with_endless_fuel_ends_by_time() {
    let mut release = hostile("loop", OnFailure::Reject);
    release.limits = Limits { fuel: u64::MAX / 2, timeout_millis: 60, memory_mib: 16 };
    let started = Instant::now();
    let outcome = resolve(&release).await;
    assert_eq!(failure(&outcome).0, FailureKind::Timeout);
    assert!(outcome.asked[0].fuel_used > 0, "the fuel of an interrupted call is known");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn ten_megabytes_of_log_are_cut_and_marked() {
    let mut release = hostile("log", OnFailure::Reject);
    release.limits.fuel = 1_000_000_000;
    let outcome = resolve(&release).await;
    assert_eq!(outcome.verdict, open_job());
    let log = &outcome.asked[0].log;
    assert!(log.iter().map(String::len).sum::<usize>() < 100_000);
    assert!(log[0].contains("lines cut"), "{}", log[0]);
}

/// Calls that are aborted when the set is dropped.
fn looping_calls(fleet: &Fleet, count: usize) -> JoinSet<Outcome> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let line = fleet.line(SLOT);
        calls.spawn(async move { line.resolve_job(&facts(), soon()).await });
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looping_guests_do_not_stop_the_threads() {
    let looping = {
        let mut release = hostile("loop", OnFailure::Reject);
        release.limits = Limits { fuel: u64::MAX / 2, timeout_millis: 5_000, memory_mib: 16 };
        release
    };
    let loops = fleet_of(&looping).await;
    let good = fleet_of(&release(2, "standard", "{}", OnFailure::Reject)).await;
    let _endless = looping_calls(&loops, 4);
    while loops.stats()[0].in_flight < 4 {
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    let line = good.line(SLOT);
    let mut asking = JoinSet::new();
    asking.spawn(async move { line.resolve_job(&facts(), soon()).await });
    let answered = asking.join_next().await.expect("one task").expect("no panic");
    assert_eq!(answered.verdict, open_job());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(loops.stats()[0].in_flight, 4, "all four still loop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_takes_a_bounded_number_of_places() {
    let mut release = hostile("loop", OnFailure::Reject);
    release.limits = Limits { fuel: u64::MAX / 2, timeout_millis: 5_000, memory_mib: 16 };
    let fleet = fleet_of(&release).await;
    let _endless = looping_calls(&fleet, 8);
    while fleet.stats()[0].in_flight < 8 {
        tokio::task::yield_now().await;
    }
    let outcome = fleet.line(SLOT).resolve_job(&facts(), Instant::now() + Duration::from_millis(50)).await;
    assert_eq!(failure(&outcome).0, FailureKind::TooBusy);
    assert_eq!(outcome.asked[0].fuel_used, 0);
}

#[tokio::test]
async fn the_ladder_ends_inside_its_deadline() {
    let mut active = hostile("loop", OnFailure::LastGood);
    active.limits = Limits { fuel: u64::MAX / 2, timeout_millis: 5_000, memory_mib: 16 };
    let mut last_good = hostile("loop", OnFailure::Reject);
    last_good.id = ReleaseId::new(Uuid::from_u128(3));
    last_good.limits = active.limits.clone();
    let fleet = Fleet::new(runtime());
    fleet.reload(plan(&active, &[&last_good]), load).await;
    let started = Instant::now();
    let outcome = fleet.line(SLOT).resolve_job(&facts(), started + Duration::from_millis(800)).await;
    assert!(started.elapsed() < Duration::from_millis(800), "{:?}", started.elapsed());
    assert_eq!(outcome.verdict, open_job());
    assert_eq!(outcome.asked.len(), 3);
    assert_eq!(outcome.answered_by, Some(standard().id));
    assert_eq!(outcome.plugin, "standard");
    assert!(outcome.degraded);
    let stats = fleet.stats();
    assert!(stats[0].is_active);
    assert_eq!((stats[0].calls, stats[0].answered, stats[0].degraded), (1, 0, 1));
    assert!(stats[0].failures.contains(&(FailureKind::Timeout, 1)));
}

#[tokio::test]
async fn the_last_good_release_answers_before_the_standard_one() {
    let active = hostile("trap", OnFailure::LastGood);
    let mut last_good = hostile("no-job", OnFailure::Reject);
    last_good.id = ReleaseId::new(Uuid::from_u128(3));
    let fleet = Fleet::new(runtime());
    fleet.reload(plan(&active, &[&last_good]), load).await;
    let outcome = fleet.line(SLOT).resolve_job(&facts(), soon()).await;
    assert_eq!(outcome.verdict, Some(Verdict::Job(None)));
    assert_eq!(outcome.answered_by, Some(last_good.id));
}

#[tokio::test]
async fn a_release_that_keeps_failing_is_not_asked() {
    let fleet = fleet_of(&hostile("trap", OnFailure::Fallback)).await;
    for _ in 0..FAILURES_MAX {
        let outcome = fleet.line(SLOT).resolve_job(&facts(), soon()).await;
        assert_eq!(failure(&outcome).0, FailureKind::Trap);
    }
    let outcome = fleet.line(SLOT).resolve_job(&facts(), soon()).await;
    assert_eq!(failure(&outcome).0, FailureKind::BreakerOpen);
    assert_eq!(outcome.verdict, open_job(), "the standard plugin answers");
    assert_eq!(fleet.stats()[0].breaker, BreakerState::Open);
}

#[tokio::test]
async fn a_lost_artifact_harms_its_own_slot_only() {
    let ats = Slot { ats_id: Some(AtsId::new(Uuid::from_u128(501))), ..SLOT };
    let mut lost = hostile("answer-first", OnFailure::Fallback);
    lost.digest = Digest([9; 32]);
    let good = release(2, "standard", "{}", OnFailure::Reject);
    let fleet = Fleet::new(runtime());
    let plan = Plan {
        standard: vec![standard()],
        releases: vec![lost.clone(), good.clone()],
        slots: vec![state(ats, &lost, &[]), state(SLOT, &good, &[])],
    };
    let unavailable = fleet.reload(plan, load).await;
    assert_eq!(unavailable.len(), 1);
    assert_eq!((unavailable[0].slot, unavailable[0].release_id), (ats, lost.id));
    let outcome = fleet.line(ats).resolve_job(&facts(), soon()).await;
    assert_eq!(failure(&outcome).0, FailureKind::Unavailable);
    assert_eq!(outcome.verdict, open_job());
    let other = fleet.line(Slot { ats_id: Some(AtsId::new(Uuid::from_u128(7))), ..SLOT });
    assert_eq!(other.slot(), SLOT, "an ATS without a release runs the default slot's");
    assert!(!other.resolve_job(&facts(), soon()).await.degraded);
}

#[tokio::test]
async fn a_replay_gives_the_same_answer_and_the_same_fuel() {
    for act in ["answer-first", "answer-newest", "loop", "trap", "wrong-job", "recurse"] {
        let release = hostile(act, OnFailure::Reject);
        let recorded = resolve(&release).await;
        let again = runtime().replay(&release, guest("hostile"), &recorded.facts).await.expect("replays");
        assert_eq!(again.outcome, recorded.asked[0].outcome, "{act}");
        assert_eq!(again.fuel_used, recorded.asked[0].fuel_used, "{act}");
    }
}

#[tokio::test]
async fn what_a_fallback_saw_is_replayed_from_what_the_active_release_saw() {
    let mut active = hostile("trap", OnFailure::Fallback);
    active.grants = vec!["job-title".to_owned(), "candidate-metadata".to_owned()];
    let recorded = resolve(&active).await;
    assert!(recorded.facts.contains("Job 12") && recorded.facts.contains("secret"));
    let again = runtime().replay(&standard(), guest("standard"), &recorded.facts).await.expect("replays");
    assert_eq!(again.outcome, recorded.asked[1].outcome);
    assert_eq!(again.fuel_used, recorded.asked[1].fuel_used);
}

#[test]
fn facts_are_canonical_and_only_what_was_granted() {
    let all = ["job-title".to_owned(), "candidate-metadata".to_owned()];
    let seen = WitFacts::granted(&facts(), &all);
    let json = seen.to_json();
    assert_eq!(WitFacts::from_json(&json).expect("reads back"), seen);
    let mut sorted: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    sorted.sort_all_objects();
    assert_eq!(sorted.to_string(), json);
    let narrow = WitFacts::granted(&facts(), &[]);
    assert_eq!(seen.narrowed(&[]), narrow);
    let json = narrow.to_json();
    assert!(!json.contains("Job 12") && !json.contains("secret"), "{json}");
    assert!(json.contains(r#"{"pointer":"/b/0","value":{"decimal":"1.5"}}"#), "{json}");
    assert!(json.contains(r#"{"pointer":"/b/2","value":"null"}"#), "{json}");
    assert!(matches!(WitFacts::from_json("{}"), Err(Error::UnreadableFacts(_))));
}

#[tokio::test]
async fn old_code_goes_when_its_last_request_ends() {
    let fleet = Fleet::new(start(None));
    fleet.reload(plan(&hostile("answer-first", OnFailure::Reject), &[]), load).await;
    assert_eq!(fleet.runtime().loaded_components(), 1, "`reject` needs no standard plugin");
    let held = fleet.line(SLOT);
    fleet.reload(plan(&release(2, "standard", "{}", OnFailure::Reject), &[]), load).await;
    assert_eq!(fleet.runtime().loaded_components(), 2, "a request holds the old one");
    assert_eq!(held.resolve_job(&facts(), soon()).await.plugin, "hostile");
    drop(held);
    assert_eq!(fleet.runtime().loaded_components(), 1);
}

#[tokio::test]
async fn compiled_code_is_reused_and_never_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = guest("hostile");
    let compile = |runtime: Runtime, bytes: Arc<[u8]>| async move {
        runtime.admit(bytes).await.expect("admitted").compile_millis
    };
    let open = || start(Some(folder.path().to_owned()));
    assert!(compile(open(), Arc::clone(&bytes)).await > 0);
    assert_eq!(compile(open(), Arc::clone(&bytes)).await, 0, "the file is good");
    let file = std::fs::read_dir(folder.path()).expect("there").next().expect("one file").expect("readable");
    let mut code = std::fs::read(file.path()).expect("readable");
    let middle = code.len() / 2;
    code[middle] ^= 1;
    std::fs::write(file.path(), &code).expect("writable");
    assert!(compile(open(), Arc::clone(&bytes)).await > 0, "one bit was turned");
    let stranger = Setup { compiled_folder: Some(folder.path().to_owned()), cache_key: [8; 32] };
    let stranger = Runtime::start(stranger).expect("starts");
    assert!(compile(stranger, Arc::clone(&bytes)).await > 0, "somebody else sealed it");
}

#[tokio::test]
async fn admission_reports_or_says_what_to_change() {
    let admitted = runtime().admit(guest("standard")).await.expect("admitted");
    assert_eq!(admitted.digest, digest_of(&guest("standard")));
    assert!(admitted.implements.iter().any(|it| it.policy == PolicyName::JobResolution));
    let table = [
        ("(module)", "core module"),
        ("(component)", "exports no policy"),
        (r#"(component (import "acme:thing/clock@1.0.0" (instance)))"#, "acme:thing/clock@1.0.0"),
        (r#"(component (import "switchboard:log/log@0.2.0" (instance)))"#, "this server has"),
        (
            r#"(component (instance $i) (export "switchboard:billing/policy@9.0.0" (instance $i)))"#,
            "version 9.0.0 of `billing`",
        ),
        (
            r#"(component (instance $i) (export "switchboard:job-resolution/policy@0.1.0" (instance $i)))"#,
            "does not export `switchboard:job-resolution/policy@0.1.0` with",
        ),
    ];
    for (text, expected) in table {
        let bytes = wat::parse_str(text).expect("valid text");
        let refused = runtime().admit(bytes.into()).await;
        assert!(
            matches!(&refused, Err(Error::Refused(said)) if said.concat().contains(expected)),
            "{refused:?}"
        );
    }
    for (bytes, expected) in [(&b"hello"[..], "no WebAssembly"), (&b"\0asm"[..], "damaged")] {
        let refused = runtime().admit(bytes.into()).await;
        assert!(
            matches!(&refused, Err(Error::Refused(said)) if said.concat().contains(expected)),
            "{refused:?}"
        );
    }
    let huge = runtime().admit(vec![0; (32 << 20) + 1].into()).await;
    assert!(matches!(&huge, Err(Error::Refused(said)) if said[0].contains("at most")), "{huge:?}");
}

#[tokio::test]
async fn the_plugin_judges_its_settings() {
    let release = hostile("answer-first", OnFailure::Reject);
    let fine = runtime().validate_settings(&release, guest("hostile")).await;
    assert_eq!(fine, Ok(Vec::new()));
    let mut release = release;
    release.settings = r#"{"invalid":true}"#.to_owned();
    let problems = runtime().validate_settings(&release, guest("hostile")).await.expect("answers");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].pointer, "/invalid");
}

/// Draws one random number, as a guest that needs WASI would.
const DRAWING: &str = r#"(component
    (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
    (core func $draw (canon lower (func $random "get-random-u64")))
    (core module $module (import "host" "draw" (func $draw (result i64))) (export "draw" (func $draw)))
    (core instance $host (export "draw" (func $draw)))
    (core instance $instance (instantiate $module (with "host" (instance $host))))
    (func (export "draw") (result u64) (canon lift (core func $instance "draw"))))"#;

#[tokio::test]
async fn minimal_wasi_is_there_only_when_asked_for_and_is_the_same_in_each_replay() {
    let bytes: Arc<[u8]> = wat::parse_str(DRAWING).expect("valid text").into();
    let loaded = runtime().load(digest_of(&bytes), move || Ok(bytes)).await.expect("loads");
    assert!(loaded.house.plain.instantiate_pre(&loaded.component).is_err(), "not linked by default");
    let pre = loaded.house.minimal_wasi.instantiate_pre(&loaded.component).expect("linked");
    let function = loaded.component.get_export_index(None, "draw").expect("exported");
    let limits = Limits { fuel: 1_000_000, timeout_millis: 1_000, memory_mib: 1 };
    let mut drawn = Vec::new();
    for now_millis in [1, 1, 2] {
        let bounds = Bounds { limits: &limits, now_millis, deadline: soon() };
        let called = call::call::<(), (u64,)>(&loaded.house, &pre, &function, (), bounds).await;
        drawn.push(called.result.expect("draws").0);
    }
    assert_eq!(drawn[0], drawn[1]);
    assert_ne!(drawn[1], drawn[2]);
}

#[tokio::test]
async fn a_component_goes_where_its_shape_fits() {
    let large = DRAWING.replace("(result i64))) (export", "(result i64))) (memory 17) (export");
    for (text, kind) in [(DRAWING, Kind::Compact), (large.as_str(), Kind::Roomy)] {
        let bytes: Arc<[u8]> = wat::parse_str(text).expect("valid text").into();
        let loaded = runtime().load(digest_of(&bytes), move || Ok(bytes)).await.expect("loads");
        assert_eq!(loaded.house.kind, kind);
        let pre = loaded.house.minimal_wasi.instantiate_pre(&loaded.component).expect("linked");
        let function = loaded.component.get_export_index(None, "draw").expect("exported");
        for (memory_mib, fits) in [(2, true), (1, kind == Kind::Compact)] {
            let limits = Limits { fuel: 1_000_000, timeout_millis: 1_000, memory_mib };
            let bounds = Bounds { limits: &limits, now_millis: 1, deadline: soon() };
            let called = call::call::<(), (u64,)>(&loaded.house, &pre, &function, (), bounds).await;
            let failed = called.result.err().map(|failure| failure.kind);
            assert_eq!(failed, (!fits).then_some(FailureKind::OutOfMemory), "{kind:?} {memory_mib} MiB");
        }
    }
    for (name, kind) in [("standard", Kind::Compact), ("hostile", Kind::Compact)] {
        let bytes = guest(name);
        let loaded = runtime().load(digest_of(&bytes), move || Ok(bytes)).await.expect("loads");
        assert_eq!(loaded.house.kind, kind, "{name}: the SDK's guests run without system calls");
    }
}
