//! How long a large fleet takes to start, and what many plugins cost against one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::Digest as _;
use switchboard::app::plugin;
use switchboard::clock::Clock;
use switchboard::ids::Ids;
use switchboard::policy::{Fleet, JobResolution, Line, Plan, Runtime, Setup};
use switchboard_domain::ats::Ats;
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::{AtsId, ReleaseId};
use switchboard_domain::job_resolution::Facts;
use switchboard_domain::release::{Digest, PluginVersion, Release, SlotState};
use switchboard_domain::time::Timestamp;
use switchboard_tests::{Client, variant};

use crate::{Figure, Goal, child, furnish, load, median, policy};

const PLUGINS: usize = 100;
const SLOTS: usize = 500;
const ROUND_ROBIN: usize = 150;
const ROUNDS: usize = 21;
const STARTS: usize = 5;
const CALLS_OF_A_ROUND: usize = 3_000;
const DEADLINE: Duration = Duration::from_secs(6);

pub(crate) fn measure() -> Vec<Figure> {
    vec![warm_start(), round_robin()]
}

/// A server with a warm cache of compiled code, from nothing to listening.
fn warm_start() -> Figure {
    let runtime = load::runtime();
    let folder = child::folder();
    runtime.block_on(async {
        let (running, ids) = child::start(folder.path(), None).await;
        let mut operator = Client::new(running.admin_listen, Some(&running.admin_token));
        let ats = operator.post("/ats", &json!({ "name": "Harbour" })).await.json();
        let ats_id: AtsId = ats["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
        let snapshot = running.app().store().snapshot().expect("a snapshot");
        let ats = switchboard::store::get::<Ats>(&snapshot, &ats_id).expect("a store").expect("the ATS");
        let mut versions = Vec::new();
        for number in 0..PLUGINS {
            let name = format!("northstar-{number}");
            let bytes = variant("northstar", &name).as_ref().into();
            versions
                .push(plugin::push(running.app(), &name, bytes, "bench").await.expect("a version").version);
        }
        let (mut atss, mut releases, mut states) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..SLOTS {
            let ats = Ats { id: AtsId::new(ids.uuid()), name: format!("ATS {number}"), ..ats.clone() };
            let slot = Slot { ats_id: Some(ats.id), policy: PolicyName::JobResolution };
            let PluginVersion { name, digest, .. } = &versions[number % PLUGINS];
            let release = Release {
                slot,
                plugin: name.clone(),
                ..policy::release(ReleaseId::new(ids.uuid()), *digest)
            };
            states.push(SlotState::first(slot, release.id, None, release.created_at));
            releases.push(release);
            atss.push(ats);
        }
        furnish::insert(&running, atss).await;
        furnish::insert(&running, releases).await;
        furnish::insert(&running, states).await;
        running.drain();
        running.ended().await.expect("a clean end");
    });
    let mut millis = Vec::new();
    // The first one warms up.
    for start in 0..=STARTS {
        let began = Instant::now();
        let (running, _) = runtime.block_on(child::start(folder.path(), None));
        if start > 0 {
            millis.push(began.elapsed().as_secs_f64() * 1e3);
        }
        running.drain();
        runtime.block_on(running.ended()).expect("a clean end");
    }
    let what = "start with 500 slots and 100 plugins, compiled before".to_owned();
    Figure { what, measured: median(millis), unit: "ms", goal: Goal::AtMost(200.0), told: String::new() }
}

/// Calls of many plugins in turn, against as many of one.
fn round_robin() -> Figure {
    let runtime = load::runtime();
    let (one, many) = runtime.block_on(async { (lines(1).await, lines(ROUND_ROBIN).await) });
    let facts = policy::facts();
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let own = runtime.block_on(timed(&many, &facts));
        let other = runtime.block_on(timed(&one, &facts));
        if round > 0 {
            ratios.push(own / other);
            ours.push(own);
            theirs.push(other);
        }
    }
    let told = format!("{:.2} µs a call against {:.2}", median(ours), median(theirs));
    let what = "150 distinct plugins in turn against one".to_owned();
    Figure { what, measured: median(ratios), unit: "×", goal: Goal::AtMost(2.5), told }
}

async fn timed(lines: &[Arc<Line>], facts: &Facts) -> f64 {
    let began = Instant::now();
    for call in 0..CALLS_OF_A_ROUND {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        let outcome = lines[call % lines.len()].ask::<JobResolution>(facts, deadline).await;
        assert!(outcome.verdict.is_some() && !outcome.degraded, "{outcome:?}");
    }
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    let calls = CALLS_OF_A_ROUND as f64;
    began.elapsed().as_secs_f64() * 1e6 / calls
}

/// A line for each of so many plugins, in slots of their own.
async fn lines(plugins: usize) -> Vec<Arc<Line>> {
    let fleet =
        Fleet::new(Runtime::start(Setup { compiled_folder: None, cache_key: [7; 32] }).expect("the engines"));
    let ids = Ids::random(Clock::system());
    let mut components = std::collections::HashMap::new();
    let (mut releases, mut slots) = (Vec::new(), Vec::new());
    for number in 0..plugins {
        let bytes: Arc<[u8]> = variant("standard", &format!("variant-{number}")).as_ref().into();
        let digest = Digest(sha2::Sha256::digest(&bytes).into());
        components.insert(digest, bytes);
        let slot = Slot { ats_id: Some(AtsId::new(ids.uuid())), policy: PolicyName::JobResolution };
        let release = Release { slot, ..policy::release(ReleaseId::new(ids.uuid()), digest) };
        slots.push(SlotState::first(slot, release.id, None, Timestamp::from_unix_millis(0)));
        releases.push(release);
    }
    let wanted: Vec<Slot> = slots.iter().map(|state| state.slot).collect();
    let plan = Plan { releases, slots, ..Plan::default() };
    let unavailable = fleet.reload(plan, move |digest| Ok(Arc::clone(&components[&digest]))).await;
    assert!(unavailable.is_empty(), "{unavailable:?}");
    wanted.into_iter().map(|slot| fleet.line(slot)).collect()
}
