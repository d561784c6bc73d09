//! What a server takes on at once. More is refused in a moment, with 503 and `Retry-After`, so that what was
//! taken on is answered soon: a longer queue would serve nobody more, and everybody later.
//!
//! A place is for work. A request whose body is still on its way has none; of the memory that large bodies
//! need, all of them together have a share.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// When to try again: what is at work is done in far less.
pub const RETRY_AFTER_SECONDS: u32 = 1;
/// Memory for bodies on their way, beyond the first [`FREE_BODY_BYTES`] of each. Sixty-four of the largest
/// ones at once; a partner's usual body needs none of it.
const BODY_BYTES_MAX: usize = 64 << 20;
/// What a body has without asking. So nobody who sends large bodies slowly keeps others from sending small ones.
pub const FREE_BODY_BYTES: usize = 16 << 10;
/// The log tells at most so often that requests are refused.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The refusal of a request that there is no room for, in this.
#[must_use]
pub const fn overloaded(reason: &'static str) -> Problem {
    Problem::Overloaded { reason, retry_after_seconds: RETRY_AFTER_SECONDS }
}

/// The places, and who is in them.
#[derive(Debug)]
pub struct Places {
    taken: Gauge<i64, AtomicI64>,
    bodies: Arc<Semaphore>,
    refused: AtomicU64,
    told: Mutex<Option<Instant>>,
}

impl Places {
    /// All free.
    #[must_use]
    pub fn new(taken: Gauge<i64, AtomicI64>) -> Self {
        Self {
            taken,
            bodies: Arc::new(Semaphore::new(BODY_BYTES_MAX)),
            refused: AtomicU64::new(0),
            told: Mutex::new(None),
        }
    }

    /// Whether there is none left of so many; 0 is no bound. Cheap: what is refused so costs next to nothing.
    #[must_use]
    pub fn are_taken(&self, places: usize) -> bool {
        places != 0 && i64::try_from(places).is_ok_and(|places| places <= self.taken.get())
    }

    /// Takes one of so many, if there is one left.
    #[must_use]
    pub fn take(&self, places: usize) -> Option<Place> {
        let place = Place { taken: self.taken.clone(), places, is_left: AtomicBool::new(true) };
        place.enter().then_some(place)
    }

    /// Room for one body.
    #[must_use]
    pub fn room(&self) -> Room {
        Room { bodies: Arc::clone(&self.bodies), held: None, free: FREE_BODY_BYTES }
    }

    /// Counts a refusal, and says since the last telling how many there were, if it is time to tell.
    pub fn refused(&self) -> Option<u64> {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
            return None;
        }
        *told = Some(Instant::now());
        Some(self.refused.swap(0, Ordering::Relaxed))
    }
}

/// A place; free again when it is dropped or left.
#[derive(Debug)]
pub struct Place {
    taken: Gauge<i64, AtomicI64>,
    /// So many there are.
    places: usize,
    is_left: AtomicBool,
}

impl Place {
    /// Takes a place again after [`Place::leave`], if there is one left; says whether there was.
    pub fn enter(&self) -> bool {
        let before = self.taken.inc();
        self.is_left.store(false, Ordering::Relaxed);
        let fits = self.places == 0 || i64::try_from(self.places).map_or(true, |places| before < places);
        if !fits {
            self.leave();
        }
        fits
    }

    /// Gives the place back before the end: for a request that from now on only waits.
    pub fn leave(&self) {
        if !self.is_left.swap(true, Ordering::Relaxed) {
            self.taken.dec();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The memory that one body holds.
#[derive(Debug)]
pub struct Room {
    bodies: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    free: usize,
}

impl Room {
    /// Takes room for so many bytes more; says whether there was some.
    pub fn take(&mut self, bytes: usize) -> bool {
        let beyond = bytes.saturating_sub(self.free);
        self.free = self.free.saturating_sub(bytes);
        let Ok(beyond) = u32::try_from(beyond) else { return false };
        let Ok(permit) = Arc::clone(&self.bodies).try_acquire_many_owned(beyond) else { return false };
        match &mut self.held {
            Some(held) => held.merge(permit),
            None => self.held = Some(permit),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let places = Places::new(Gauge::default());
        let (first, second) = (places.take(2).unwrap(), places.take(2).unwrap());
        assert!(places.are_taken(2) && !places.are_taken(3) && !places.are_taken(0));
        assert!(places.take(2).is_none());
        assert!(places.take(0).is_some(), "0 is no bound");
        first.leave();
        first.leave();
        assert!(!places.are_taken(2));
        let third = places.take(2).unwrap();
        drop((first, second, third));
        assert_eq!(places.taken.get(), 0);
    }

    #[test]
    fn small_bodies_need_no_share_and_large_ones_give_theirs_back() {
        let places = Places::new(Gauge::default());
        let mut large = Vec::new();
        for _ in 0..64 {
            let mut room = places.room();
            assert!(room.take(1 << 20));
            large.push(room);
        }
        // What the free part of each has left over is one more megabyte.
        assert!(places.room().take(1 << 20));
        let mut room = places.room();
        assert!(room.take(FREE_BODY_BYTES) && !room.take(2 << 20));
        drop(large);
        assert!(room.take(2 << 20));
    }

    #[test]
    fn refusals_are_told_of_together() {
        let places = Places::new(Gauge::default());
        assert_eq!(places.refused(), Some(1));
        assert_eq!(places.refused(), None);
    }
}
