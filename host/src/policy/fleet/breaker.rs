//! The breaker: a release that keeps failing is not asked for a while, then probed by one call.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which it opens: more than bad luck, less than a minute of a busy slot.
pub(in crate::policy) const FAILURES_MAX: u32 = 5;
/// The first pause.
pub(in crate::policy) const PAUSE_MIN: Duration = Duration::from_secs(1);
/// It doubles with each failed probe, up to this.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Where a breaker stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// No call passes.
    Open,
    /// One call passes, to see.
    HalfOpen,
}

impl BreakerState {
    /// In metrics and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// One release's breaker in one slot.
#[derive(Debug, Default)]
pub(in crate::policy) struct Breaker {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    failures: u32,
    /// When the next probe may pass. Absent while closed.
    probe_at: Option<Instant>,
    pause: Duration,
}

impl Breaker {
    /// Whether a call may pass now. A probe that passes moves the next one a pause away, so that exactly one
    /// passes, also when its request is abandoned.
    pub(in crate::policy) fn lets_pass(&self, now: Instant) -> bool {
        let mut inner = self.lock();
        match inner.probe_at {
            None => true,
            Some(probe_at) if probe_at <= now => {
                inner.probe_at = Some(now + inner.pause);
                true
            }
            Some(_) => false,
        }
    }

    pub(in crate::policy) fn note_answer(&self) {
        *self.lock() = Inner::default();
    }

    pub(in crate::policy) fn note_failure(&self, now: Instant) {
        let mut inner = self.lock();
        inner.failures = inner.failures.saturating_add(1);
        if inner.probe_at.is_some() {
            inner.pause = (inner.pause * 2).min(PAUSE_MAX);
            inner.probe_at = Some(now + inner.pause);
        } else if inner.failures >= FAILURES_MAX {
            inner.pause = PAUSE_MIN;
            inner.probe_at = Some(now + PAUSE_MIN);
        }
    }

    pub(in crate::policy) fn state(&self, now: Instant) -> BreakerState {
        match self.lock().probe_at {
            None => BreakerState::Closed,
            Some(probe_at) if probe_at <= now => BreakerState::HalfOpen,
            Some(_) => BreakerState::Open,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_after_failures_in_a_row_and_lets_one_probe_pass_after_each_pause() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 1..FAILURES_MAX {
            assert!(breaker.lets_pass(start));
            breaker.note_failure(start);
        }
        breaker.note_answer();
        for _ in 0..FAILURES_MAX {
            assert!(breaker.lets_pass(start), "an answer starts the count again");
            breaker.note_failure(start);
        }
        assert!(!breaker.lets_pass(start));
        assert_eq!(breaker.state(start), BreakerState::Open);
        let later = start + PAUSE_MIN;
        assert_eq!(breaker.state(later), BreakerState::HalfOpen);
        assert!(breaker.lets_pass(later), "one probe passes");
        assert!(!breaker.lets_pass(later), "and only one");
        breaker.note_failure(later);
        assert!(!breaker.lets_pass(later + PAUSE_MIN), "the second pause is longer");
        assert!(breaker.lets_pass(later + PAUSE_MIN * 2));
        breaker.note_answer();
        assert!(breaker.lets_pass(later));
        assert_eq!(breaker.state(later), BreakerState::Closed);
    }

    #[test]
    fn pauses_stay_bounded() {
        let breaker = Breaker::default();
        let mut now = Instant::now();
        for _ in 0..100 {
            breaker.note_failure(now);
            now += PAUSE_MAX;
            assert!(breaker.lets_pass(now));
        }
    }
}
