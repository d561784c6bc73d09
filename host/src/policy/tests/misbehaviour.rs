//! What a guest does wrong is named and bounded.

use std::time::Duration;

use switchboard_domain::decision::FailureKind;
use switchboard_domain::release::{Limits, OnFailure};
use tokio::time::Instant;

use super::{failure, hostile, open_job, resolve};

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
    release.limits = Limits { fuel: u64::MAX / 2, timeout_millis: 60, memory_mib: 16, ..Limits::DEFAULT };
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
