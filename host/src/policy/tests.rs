//! Real components through the real engines.

mod admission;
mod billing;
mod call_scheduling;
mod fleet;
mod misbehaviour;
mod owner_onboarding;
mod replay;

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
use tokio::time::Instant;
use uuid::Uuid;

use super::runtime::digest_of;
use super::{Fleet, JobResolution, Outcome, Plan, Policy, Runtime, Setup};

/// Where most of these tests ask: how a fleet behaves does not depend on the policy.
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
        limits: Limits { fuel: 50_000_000, timeout_millis: 2_000, memory_mib: 16, ..Limits::DEFAULT },
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

/// The same release for another policy.
fn of(policy: PolicyName, release: Release) -> Release {
    Release { slot: Slot { ats_id: None, policy }, ..release }
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
    let standard = of(active.slot.policy, standard());
    Plan {
        standard: vec![standard],
        releases,
        slots: vec![state(active.slot, active, history)],
        ..Plan::default()
    }
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

/// Asks a release of whatever policy, with the standard plugin behind it.
async fn ask<P: Policy>(release: &Release, facts: &P::Facts) -> Outcome<P::Verdict> {
    fleet_of(release).await.line(release.slot).ask::<P>(facts, soon()).await
}

async fn resolve(release: &Release) -> Outcome<Verdict> {
    ask::<JobResolution>(release, &facts()).await
}

fn failure<V>(outcome: &Outcome<V>) -> (FailureKind, String) {
    match &outcome.asked[0].outcome {
        AskedOutcome::Failed(kind, explanation) => (*kind, explanation.clone()),
        AskedOutcome::Answered(answer) => panic!("answered {answer}"),
    }
}

fn open_job() -> Option<Verdict> {
    Some(Verdict::Job(Some(JobId::new(Uuid::from_u128(12)))))
}

/// Checks that the text is canonical: sorted by name, without a blank.
fn assert_canonical(json: &str) {
    let mut sorted: serde_json::Value = serde_json::from_str(json).expect("JSON");
    sorted.sort_all_objects();
    assert_eq!(sorted.to_string(), json);
}
