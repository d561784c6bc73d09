//! What a line of the fleet costs beyond wasmtime's own call of the same component: places, limits, time limit,
//! facts, the check of the answer, and the JSON of the record.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::Digest as _;
use switchboard::clock::Clock;
use switchboard::ids::Ids;
use switchboard::policy::{Fleet, JobResolution, Line, Plan, Runtime, Setup};
use switchboard_domain::agent::{AgentFocus, AgentType};
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::{AtsId, CandidateId, CompanyId, JobId, ReleaseId};
use switchboard_domain::job::JobStatus;
use switchboard_domain::job_resolution::{AssignedJob, Facts};
use switchboard_domain::language::Language;
use switchboard_domain::release::{Digest, Limits, OnFailure, Release, SlotState, Wasi};
use switchboard_domain::time::Timestamp;
use switchboard_tests::wasm;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

use crate::{Figure, Goal, child, load, median};

/// The child that does nothing but this.
pub(crate) const CALLS: &str = "policy-calls";

const SLOT: Slot = Slot { ats_id: None, policy: PolicyName::JobResolution };
const ROUNDS: usize = 61;
const CALLS_OF_A_ROUND: u32 = 1_000;
const DEADLINE: Duration = Duration::from_secs(6);
/// Calls that are traced twice, so that what a start costs falls out of the difference.
const TRACED_CALLS: [u32; 2] = [1_000, 11_000];
const MAPPING: &str = "mmap,munmap,mremap,madvise,mprotect";

mod bare {
    wasmtime::component::bindgen!({
        path: ["../wit/log", "../wit/job-resolution"],
        world: "switchboard:job-resolution/job-resolution",
        exports: { default: async },
    });
}
use bare::exports::switchboard::job_resolution::policy as wit;

pub(crate) fn measure() -> Vec<Figure> {
    let runtime = load::runtime();
    let facts = facts();
    let line = runtime.block_on(line());
    let bare = Bare::new(&facts);
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=ROUNDS {
        let own = runtime.block_on(timed(async || ask(&line, &facts).await));
        let other = runtime.block_on(timed(async || bare.ask().await));
        if round > 0 {
            ratios.push(own / other);
            ours.push(own);
            theirs.push(other);
        }
    }
    let told = format!("{:.2} µs a call against {:.2}", median(ours), median(theirs));
    let what = "job-resolution on a fresh instance, against bare wasmtime".to_owned();
    let mut figures =
        vec![Figure { what, measured: median(ratios), unit: "×", goal: Goal::AtMost(1.5), told }];
    match mappings() {
        Some([few, many]) => figures.push(Figure {
            what: "mmap-family system calls a call".to_owned(),
            measured: (many - few).max(0.0) / f64::from(TRACED_CALLS[1] - TRACED_CALLS[0]),
            unit: "",
            // Threads of the runtime map a little at their own time; a call that maps would count 1 and more.
            goal: Goal::AtMost(0.01),
            told: format!(
                "{few} in a process with {} calls, {many} in one with {}",
                TRACED_CALLS[0], TRACED_CALLS[1]
            ),
        }),
        None => println!("mmap-family system calls a call: not counted, there is no strace that may trace"),
    }
    figures
}

/// Microseconds a call.
async fn timed(call: impl AsyncFn()) -> f64 {
    let start = Instant::now();
    for _ in 0..CALLS_OF_A_ROUND {
        call().await;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS_OF_A_ROUND)
}

async fn ask(line: &Line, facts: &Facts) {
    let outcome = line.ask::<JobResolution>(facts, tokio::time::Instant::now() + DEADLINE).await;
    assert!(outcome.verdict.is_some() && !outcome.degraded, "{outcome:?}");
}

/// What the traced child does.
pub(crate) fn call_only(calls: usize) {
    let runtime = load::runtime();
    let (line, facts) = (runtime.block_on(line()), facts());
    runtime.block_on(async {
        for _ in 0..calls {
            ask(&line, &facts).await;
        }
    });
}

/// Mapping calls of a process with few calls of the policy, and of one with many.
fn mappings() -> Option<[f64; 2]> {
    let mut counts = Vec::new();
    for calls in TRACED_CALLS {
        let traced = Command::new("strace")
            .args(["-f", "--seccomp-bpf", "-e"])
            .arg(format!("trace={MAPPING}"))
            .args(["-e", "signal=none"])
            .arg(std::env::current_exe().ok()?)
            .args([child::FLAG, CALLS, &calls.to_string()])
            .stdout(Stdio::null())
            .output()
            .ok()?;
        let trace = String::from_utf8_lossy(&traced.stderr);
        // A call that another thread's line cut in two counts once.
        let lines = trace.lines().filter(|line| {
            MAPPING.split(',').any(|name| line.contains(&format!("{name}("))) && !line.contains("resumed>")
        });
        let count = u32::try_from(lines.count()).ok()?;
        // Starting a process maps a great deal.
        if !traced.status.success() || count == 0 {
            return None;
        }
        counts.push(f64::from(count));
    }
    counts.try_into().ok()
}

pub(crate) async fn line() -> Arc<Line> {
    let setup = Setup { compiled_folder: None, cache_key: [7; 32] };
    let fleet = Fleet::new(Runtime::start(setup).expect("the engines"));
    let ids = Ids::random(Clock::system());
    let bytes: Arc<[u8]> = wasm("standard").as_ref().into();
    let release = release(ReleaseId::new(ids.uuid()), Digest(sha2::Sha256::digest(&bytes).into()));
    let state = SlotState::first(SLOT, release.id, None, Timestamp::from_unix_millis(0));
    let plan = Plan { standard: vec![release], releases: Vec::new(), slots: vec![state], ..Plan::default() };
    let unavailable = fleet.reload(plan, move |_| Ok(Arc::clone(&bytes))).await;
    assert!(unavailable.is_empty(), "{unavailable:?}");
    fleet.line(SLOT)
}

/// A release of the standard plugin, or of one that does the same.
pub(crate) fn release(id: ReleaseId, digest: Digest) -> Release {
    Release {
        id,
        slot: SLOT,
        plugin: "standard".to_owned(),
        digest,
        policy_version: "0.1.0".to_owned(),
        settings: "{}".to_owned(),
        limits: Limits::default(),
        on_failure: OnFailure::Reject,
        wasi: Wasi::None,
        grants: Vec::new(),
        comment: None,
        author: "bench".to_owned(),
        created_at: Timestamp::from_unix_millis(0),
    }
}

/// A candidate with three jobs, of which one is open.
pub(crate) fn facts() -> Facts {
    let ids = Ids::random(Clock::system());
    let now = Timestamp::from_unix_millis(1_775_124_000_000);
    let assigned_jobs = [JobStatus::Closed, JobStatus::Open, JobStatus::Closed].map(|status| AssignedJob {
        id: JobId::new(ids.uuid()),
        status,
        created_at: now,
        title: "Warehouse operative, night shift".to_owned(),
        metadata: None,
    });
    Facts {
        now,
        ats_id: AtsId::new(ids.uuid()),
        company_id: CompanyId::new(ids.uuid()),
        candidate_id: Some(CandidateId::new(ids.uuid())),
        agent_type: AgentType::Online,
        agent_focus: AgentFocus::Screening,
        agent_language: Language::parse("EN").expect("a language"),
        is_test: false,
        scheduled_at: now,
        assigned_jobs: assigned_jobs.into(),
        candidate_metadata: None,
    }
}

/// The same component, engine settings and facts, and nothing of ours. Fuel and epochs are part of the
/// settings, so a store must have some.
struct Bare {
    engine: Engine,
    pre: bare::JobResolutionPre<Silent>,
    facts: wit::Facts,
}

/// What a guest logs is not kept.
struct Silent;

impl bare::switchboard::log::log::Host for Silent {
    fn write(&mut self, _level: bare::switchboard::log::log::Level, _message: String) {}
}

impl Bare {
    fn new(facts: &Facts) -> Self {
        let engine = Engine::new(&Runtime::engine_config_compact()).expect("an engine");
        let component = Component::from_binary(&engine, &wasm("standard")).expect("a component");
        let mut linker = Linker::new(&engine);
        bare::switchboard::log::log::add_to_linker::<_, HasSelf<Silent>>(&mut linker, |silent| silent)
            .expect("the log");
        let pre = linker.instantiate_pre(&component).and_then(bare::JobResolutionPre::new);
        Self { engine, pre: pre.expect("its world"), facts: seen(facts) }
    }

    async fn ask(&self) {
        let mut store = Store::new(&self.engine, Silent);
        store.set_fuel(Limits::default().fuel).expect("fuel");
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = self.pre.instantiate_async(&mut store).await.expect("an instance");
        let policy = instance.switchboard_job_resolution_policy();
        let decision = policy.call_decide(&mut store, &self.facts, "{}").await.expect("a decision");
        assert!(matches!(decision, wit::Decision::Job(_)), "{decision:?}");
    }
}

fn seen(facts: &Facts) -> wit::Facts {
    let job = |job: &AssignedJob| wit::AssignedJob {
        id: job.id.to_string(),
        status: if job.status == JobStatus::Open { wit::JobStatus::Open } else { wit::JobStatus::Closed },
        created_at_ms: job.created_at.unix_millis(),
        title: None,
        metadata: Vec::new(),
    };
    wit::Facts {
        now_ms: facts.now.unix_millis(),
        ats_id: facts.ats_id.to_string(),
        company_id: facts.company_id.to_string(),
        candidate_id: facts.candidate_id.map(|id| id.to_string()),
        agent_type: wit::AgentType::Online,
        agent_focus: wit::AgentFocus::Screening,
        agent_language: facts.agent_language.as_str().to_owned(),
        is_test: facts.is_test,
        scheduled_at_ms: facts.scheduled_at.unix_millis(),
        assigned_jobs: facts.assigned_jobs.iter().map(job).collect(),
        candidate_metadata: None,
    }
}
