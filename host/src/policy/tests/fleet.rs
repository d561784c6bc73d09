//! Ladders, breakers, places, swaps: who is asked, and who is not harmed.

use std::time::Duration;

use switchboard_domain::decision::{FailureKind, Slot};
use switchboard_domain::id::{AtsId, ReleaseId};
use switchboard_domain::job_resolution::Verdict;
use switchboard_domain::release::{Digest, Limits, OnFailure};
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    SLOT, facts, failure, fleet_of, hostile, load, open_job, plan, release, runtime, soon, standard, start,
    state,
};
use crate::policy::fleet::breaker::FAILURES_MAX;
use crate::policy::{BreakerState, Fleet, JobResolution, Outcome, Plan, Standing};

/// Calls that are aborted when the set is dropped.
fn looping_calls(fleet: &Fleet, count: usize) -> JoinSet<Outcome<Verdict>> {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        let line = fleet.line(SLOT);
        calls.spawn(async move { line.ask::<JobResolution>(&facts(), soon()).await });
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looping_guests_do_not_stop_the_threads() {
    let looping = {
        let mut release = hostile("loop", OnFailure::Reject);
        release.limits =
            Limits { fuel: u64::MAX / 2, timeout_millis: 5_000, memory_mib: 16, ..Limits::DEFAULT };
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
    asking.spawn(async move { line.ask::<JobResolution>(&facts(), soon()).await });
    let answered = asking.join_next().await.expect("one task").expect("no panic");
    assert_eq!(answered.verdict, open_job());
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(loops.stats()[0].in_flight, 4, "all four still loop");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_takes_a_bounded_number_of_places() {
    let mut release = hostile("loop", OnFailure::Reject);
    release.limits = Limits { fuel: u64::MAX / 2, timeout_millis: 5_000, memory_mib: 16, ..Limits::DEFAULT };
    let fleet = fleet_of(&release).await;
    let _endless = looping_calls(&fleet, 8);
    while fleet.stats()[0].in_flight < 8 {
        tokio::task::yield_now().await;
    }
    let outcome =
        fleet.line(SLOT).ask::<JobResolution>(&facts(), Instant::now() + Duration::from_millis(50)).await;
    assert_eq!(failure(&outcome).0, FailureKind::TooBusy);
    assert_eq!(outcome.asked[0].fuel_used, 0);
}

#[tokio::test]
async fn the_ladder_ends_inside_its_deadline() {
    let mut active = hostile("loop", OnFailure::LastGood);
    active.limits = Limits { fuel: u64::MAX / 2, timeout_millis: 5_000, memory_mib: 16, ..Limits::DEFAULT };
    let mut last_good = hostile("loop", OnFailure::Reject);
    last_good.id = ReleaseId::new(Uuid::from_u128(3));
    last_good.limits = active.limits.clone();
    let fleet = Fleet::new(runtime());
    fleet.reload(plan(&active, &[&last_good]), load).await;
    let started = Instant::now();
    let outcome = fleet.line(SLOT).ask::<JobResolution>(&facts(), started + Duration::from_millis(800)).await;
    assert!(started.elapsed() < Duration::from_millis(800), "{:?}", started.elapsed());
    assert_eq!(outcome.verdict, open_job());
    assert_eq!(outcome.asked.len(), 3);
    assert_eq!(outcome.answered_by, Some(standard().id));
    assert_eq!(outcome.plugin, "standard");
    assert!(outcome.degraded);
    let stats = fleet.stats();
    assert_eq!(stats[0].standing, Standing::Active);
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
    let outcome = fleet.line(SLOT).ask::<JobResolution>(&facts(), soon()).await;
    assert_eq!(outcome.verdict, Some(Verdict::Job(None)));
    assert_eq!(outcome.answered_by, Some(last_good.id));
}

#[tokio::test]
async fn a_release_that_keeps_failing_is_not_asked() {
    let fleet = fleet_of(&hostile("trap", OnFailure::Fallback)).await;
    for _ in 0..FAILURES_MAX {
        let outcome = fleet.line(SLOT).ask::<JobResolution>(&facts(), soon()).await;
        assert_eq!(failure(&outcome).0, FailureKind::Trap);
    }
    let outcome = fleet.line(SLOT).ask::<JobResolution>(&facts(), soon()).await;
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
        ..Plan::default()
    };
    let unavailable = fleet.reload(plan, load).await;
    assert_eq!(unavailable.len(), 1);
    assert_eq!((unavailable[0].slot, unavailable[0].release_id), (ats, lost.id));
    let outcome = fleet.line(ats).ask::<JobResolution>(&facts(), soon()).await;
    assert_eq!(failure(&outcome).0, FailureKind::Unavailable);
    assert_eq!(outcome.verdict, open_job());
    let other = fleet.line(Slot { ats_id: Some(AtsId::new(Uuid::from_u128(7))), ..SLOT });
    assert_eq!(other.slot(), SLOT, "an ATS without a release runs the default slot's");
    assert!(!other.ask::<JobResolution>(&facts(), soon()).await.degraded);
}

#[tokio::test]
async fn old_code_goes_when_its_last_request_ends() {
    let fleet = Fleet::new(start(None));
    fleet.reload(plan(&hostile("answer-first", OnFailure::Reject), &[]), load).await;
    assert_eq!(fleet.runtime().loaded_components(), 1, "`reject` needs no standard plugin");
    let held = fleet.line(SLOT);
    fleet.reload(plan(&release(2, "standard", "{}", OnFailure::Reject), &[]), load).await;
    assert_eq!(fleet.runtime().loaded_components(), 2, "a request holds the old one");
    assert_eq!(held.ask::<JobResolution>(&facts(), soon()).await.plugin, "hostile");
    drop(held);
    assert_eq!(fleet.runtime().loaded_components(), 1);
}
