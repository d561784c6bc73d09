//! What is known of one release in one slot while the process runs: counters, breaker, calls in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use switchboard_domain::decision::{FailureKind, Slot};
use switchboard_domain::id::ReleaseId;
use switchboard_domain::rollout::{Health, Rollout};
use switchboard_domain::time::Timestamp;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::breaker::{Breaker, BreakerState};
use crate::policy::call::{self, Failure};

/// Calls that may wait for one of the places that a release has in its slot (`Limits::calls_in_flight`); one more is answered by the failure ladder at once. Those that
/// wait hold places of the whole server, which a slow release must not take from others; and the last of so
/// many has its turn within a time limit of the default, when each call takes a tenth of it.
const CALLS_WAITING_MAX: usize = 64;

/// Upper bounds of the duration histogram; one more bucket stands above all.
pub const DURATION_BOUNDS_MICROS: [u64; 14] =
    [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 50_000, 200_000, 1_000_000, 5_000_000];

const BUCKETS: usize = DURATION_BOUNDS_MICROS.len() + 1;
const KINDS: usize = FailureKind::ALL.len();

/// Which seat. That of a rollout is of its stage alone: what was counted before does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::policy) struct SeatKey {
    pub(super) slot: Slot,
    pub(super) release_id: ReleaseId,
    /// When the stage of the rollout began, if it is one.
    pub(super) begun_at: Option<Timestamp>,
}

/// What a release is in its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Asked first.
    Active,
    /// Asked first for a share of the companies.
    Canary,
    /// Asked beside, and not heard.
    Shadow,
    /// Asked when those before failed.
    Ladder,
}

impl Standing {
    /// In metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Canary => "canary",
            Self::Shadow => "shadow",
            Self::Ladder => "ladder",
        }
    }
}

/// Counters since the release came into the slot, or the process started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseStats {
    /// Where.
    pub slot: Slot,
    /// Which release.
    pub release_id: ReleaseId,
    /// Of which plugin.
    pub plugin: String,
    /// What it is there.
    pub standing: Standing,
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
    /// Of a shadow: answers that were compared with those that held.
    pub compared: u64,
    /// Of them those that differ.
    pub changed: u64,
    /// Of a shadow: calls that were not made, since too many waited.
    pub skipped: u64,
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
    places_max: u32,
    waiting: Semaphore,
    calls: AtomicU64,
    answered: AtomicU64,
    degraded: AtomicU64,
    failures: [AtomicU64; KINDS],
    fuel: AtomicU64,
    duration_micros: AtomicU64,
    durations: [AtomicU64; BUCKETS],
    /// Calls above `slow_micros`.
    slow: AtomicU64,
    slow_micros: u64,
    compared: AtomicU64,
    changed: AtomicU64,
    skipped: AtomicU64,
    /// Told of each call of a rollout.
    noted: Option<Arc<Notify>>,
}

impl Seat {
    /// With so many places for calls at once.
    pub(super) fn new(places_max: u32) -> Self {
        Self {
            breaker: Breaker::default(),
            places: Semaphore::new(places_max as usize),
            places_max,
            waiting: Semaphore::new(CALLS_WAITING_MAX),
            calls: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            degraded: AtomicU64::new(0),
            failures: [const { AtomicU64::new(0) }; KINDS],
            fuel: AtomicU64::new(0),
            duration_micros: AtomicU64::new(0),
            durations: [const { AtomicU64::new(0) }; BUCKETS],
            slow: AtomicU64::new(0),
            slow_micros: u64::MAX,
            compared: AtomicU64::new(0),
            changed: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            noted: None,
        }
    }

    /// The seat of a rollout: whoever waits for `noted` hears of each call.
    pub(super) fn watched(places_max: u32, rollout: &Rollout, noted: &Arc<Notify>) -> Self {
        let slow_micros = rollout.bounds.p99_millis.map_or(u64::MAX, |millis| millis.saturating_mul(1_000));
        Self { slow_micros, noted: Some(Arc::clone(noted)), ..Self::new(places_max) }
    }

    /// What the bounds of a rollout look at.
    pub(super) fn health(&self) -> Health {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        // Answers first: a call that is counted between the two must not look failed.
        let answered = read(&self.answered);
        let calls = read(&self.calls).max(answered);
        let busy = read(&self.failures[FailureKind::TooBusy as usize]);
        let failed: u64 = self.failures.iter().map(read).sum();
        Health {
            // What had no place says nothing of the release.
            calls: calls.saturating_sub(busy),
            failed: failed.saturating_sub(busy),
            slow: read(&self.slow),
            fuel_total: read(&self.fuel),
            compared: read(&self.compared),
            changed: read(&self.changed),
        }
    }

    pub(super) fn count_compared(&self, is_changed: bool) {
        self.compared.fetch_add(1, Ordering::Relaxed);
        self.changed.fetch_add(u64::from(is_changed), Ordering::Relaxed);
        self.tell();
    }

    pub(super) fn count_skipped(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    fn tell(&self) {
        if let Some(noted) = &self.noted {
            noted.notify_one();
        }
    }

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
        self.slow.fetch_add(u64::from(self.slow_micros < duration_micros), Ordering::Relaxed);
        self.tell();
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
            standing: Standing::Ladder,
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
            in_flight: u64::from(self.places_max).saturating_sub(free),
            compared: read(&self.compared),
            changed: read(&self.changed),
            skipped: read(&self.skipped),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use switchboard_domain::decision::PolicyName;

    use super::*;

    #[tokio::test]
    async fn so_many_wait_for_a_place_and_no_more() {
        let places_max = 3;
        let seat = std::sync::Arc::new(Seat::new(places_max));
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut running = Vec::new();
        for _ in 0..places_max {
            running.push(seat.place(deadline).await.unwrap());
        }
        let id = ReleaseId::from_bytes([1; 16]);
        let slot = Slot { ats_id: None, policy: PolicyName::Billing };
        assert_eq!(seat.stats(slot, id).in_flight, u64::from(places_max));
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
