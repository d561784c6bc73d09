//! What is known of one release in one slot while the process runs: counters, breaker, calls in flight.

use std::sync::atomic::{AtomicU64, Ordering};

use switchboard_domain::decision::{FailureKind, Slot};
use switchboard_domain::id::ReleaseId;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::breaker::{Breaker, BreakerState};
use crate::policy::call::{self, Failure};

/// Calls of one release in one slot at once. A call that does not loop never waits, so that even hundreds
/// of connections use only as many as there are threads; looping ones cannot take the whole pool.
const CALLS_IN_FLIGHT_MAX: u32 = 8;

/// Calls that may wait for one of these places; one more is answered by the failure ladder at once. Those that
/// wait hold places of the whole server, which a slow release must not take from others; and the last of so
/// many has its turn within a time limit of the default, when each call takes a tenth of it.
const CALLS_WAITING_MAX: usize = 64;

/// Upper bounds of the duration histogram; one more bucket stands above all.
pub const DURATION_BOUNDS_MICROS: [u64; 14] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 50_000, 200_000, 1_000_000, 5_000_000];

const BUCKETS: usize = DURATION_BOUNDS_MICROS.len() + 1;
const KINDS: usize = FailureKind::ALL.len();

/// Counters since the release came into the slot, or the process started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseStats {
    /// Where.
    pub slot: Slot,
    /// Which release.
    pub release_id: ReleaseId,
    /// Of which plugin.
    pub plugin: String,
    /// Asked first; the others stand in the failure ladder.
    pub is_active: bool,
    /// Whether it is asked at all.
    pub breaker: BreakerState,
    /// Why it cannot run, if it cannot.
    pub unavailable: Option<String>,
    /// How often it was its turn.
    pub calls: u64,
    /// How often it answered.
    pub answered: u64,
    /// Requests of this active release that it did not answer itself.
    pub degraded: u64,
    /// All kinds, zeros included.
    pub failures: Vec<(FailureKind, u64)>,
    /// Used by all calls together.
    pub fuel_total: u64,
    /// Taken by all calls together, queueing included.
    pub duration_micros_total: u64,
    /// Calls by duration, parallel to `DURATION_BOUNDS_MICROS`; the last are those above all bounds.
    pub duration_counts: [u64; BUCKETS],
    /// Running now.
    pub in_flight: u64,
}

impl ReleaseStats {
    /// The duration that this share of the calls did not exceed: the bound of its bucket; 0 without calls.
    #[must_use]
    pub fn duration_quantile_micros(&self, share: f64) -> u64 {
        let all: u64 = self.duration_counts.iter().sum();
        let mut seen = 0;
        for (count, bound) in self.duration_counts.iter().zip(DURATION_BOUNDS_MICROS) {
            seen += count;
            #[expect(clippy::cast_precision_loss, reason = "counts below 2^53 are exact")]
            if all > 0 && seen as f64 >= share * all as f64 {
                return bound;
            }
        }
        // Above all bounds: no time limit is longer than the last one.
        if all == 0 { 0 } else { DURATION_BOUNDS_MICROS[DURATION_BOUNDS_MICROS.len() - 1] }
    }
}

/// One release's place in one slot.
#[derive(Debug)]
pub(in crate::policy) struct Seat {
    pub(super) breaker: Breaker,
    places: Semaphore,
    waiting: Semaphore,
    calls: AtomicU64,
    answered: AtomicU64,
    degraded: AtomicU64,
    failures: [AtomicU64; KINDS],
    fuel: AtomicU64,
    duration_micros: AtomicU64,
    durations: [AtomicU64; BUCKETS],
}

impl Default for Seat {
    fn default() -> Self {
        Self {
            breaker: Breaker::default(),
            places: Semaphore::new(CALLS_IN_FLIGHT_MAX as usize),
            waiting: Semaphore::new(CALLS_WAITING_MAX),
            calls: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            degraded: AtomicU64::new(0),
            failures: [const { AtomicU64::new(0) }; KINDS],
            fuel: AtomicU64::new(0),
            duration_micros: AtomicU64::new(0),
            durations: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

impl Seat {
    /// Waits for a place until the deadline, unless too many wait already.
    pub(super) async fn place(&self, deadline: Instant) -> Result<SemaphorePermit<'_>, Failure> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(Failure::new(FailureKind::TooBusy, "too many calls wait for a place already"));
        };
        call::place(&self.places, deadline).await
    }

    /// Counts one turn.
    pub(super) fn count(&self, failure: Option<FailureKind>, fuel_used: u64, duration_micros: u64) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match failure {
            None => self.answered.fetch_add(1, Ordering::Relaxed),
            Some(kind) => self.failures[kind as usize].fetch_add(1, Ordering::Relaxed),
        };
        self.fuel.fetch_add(fuel_used, Ordering::Relaxed);
        self.duration_micros.fetch_add(duration_micros, Ordering::Relaxed);
        let bucket = DURATION_BOUNDS_MICROS.partition_point(|bound| *bound < duration_micros);
        self.durations[bucket].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_degraded(&self) {
        self.degraded.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self, slot: Slot, release_id: ReleaseId) -> ReleaseStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let free = self.places.available_permits() as u64;
        ReleaseStats {
            slot,
            release_id,
            plugin: String::new(),
            is_active: false,
            breaker: self.breaker.state(Instant::now()),
            unavailable: None,
            calls: read(&self.calls),
            answered: read(&self.answered),
            degraded: read(&self.degraded),
            failures: FailureKind::ALL
                .iter()
                .map(|kind| (*kind, read(&self.failures[*kind as usize])))
                .collect(),
            fuel_total: read(&self.fuel),
            duration_micros_total: read(&self.duration_micros),
            duration_counts: std::array::from_fn(|bucket| read(&self.durations[bucket])),
            in_flight: u64::from(CALLS_IN_FLIGHT_MAX).saturating_sub(free),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn so_many_wait_for_a_place_and_no_more() {
        let seat = std::sync::Arc::new(Seat::default());
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut running = Vec::new();
        for _ in 0..CALLS_IN_FLIGHT_MAX {
            running.push(seat.place(deadline).await.unwrap());
        }
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..CALLS_WAITING_MAX {
            let seat = std::sync::Arc::clone(&seat);
            waiting.spawn(async move { seat.place(deadline).await.map(drop) });
        }
        while 0 < seat.waiting.available_permits() {
            tokio::task::yield_now().await;
        }
        let refused = seat.place(deadline).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::TooBusy);
        running.clear();
        while let Some(placed) = waiting.join_next().await {
            assert_eq!(placed.unwrap(), Ok(()));
        }
        assert!(seat.place(deadline).await.is_ok());
    }
}
