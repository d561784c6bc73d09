//! The one clock. Everything that waits follows it; tests, demos and `--dev-clock` move it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switchboard_domain::time::Timestamp;
use tokio::sync::watch;

/// A clock that runs with the machine's, shifted by a distance that can be moved. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Clock {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// How far this clock is ahead of the machine's, in milliseconds.
    ahead_millis: AtomicI64,
    steerable: bool,
    /// Tells those who sleep that the clock was moved.
    moved: watch::Sender<u64>,
}

impl Clock {
    /// The machine's clock, which cannot be moved.
    #[must_use]
    pub fn system() -> Self {
        Self::new(0, false)
    }

    /// A clock that stands at `start` now, runs, and can be moved.
    #[must_use]
    pub fn steerable(start: Timestamp) -> Self {
        Self::new(start.unix_millis() - machine_unix_millis(), true)
    }

    fn new(ahead_millis: i64, steerable: bool) -> Self {
        let (moved, _) = watch::channel(0);
        Self { shared: Arc::new(Shared { ahead_millis: AtomicI64::new(ahead_millis), steerable, moved }) }
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(machine_unix_millis() + self.shared.ahead_millis.load(Ordering::Relaxed))
    }

    /// Whether it can be moved.
    #[must_use]
    pub fn is_steerable(&self) -> bool {
        self.shared.steerable
    }

    /// Moves a steerable clock to `moment`, back or forth; says whether it did.
    #[must_use]
    pub fn set(&self, moment: Timestamp) -> bool {
        if self.shared.steerable {
            let ahead_millis = moment.unix_millis() - machine_unix_millis();
            self.shared.ahead_millis.store(ahead_millis, Ordering::Relaxed);
            self.shared.moved.send_modify(|moves| *moves += 1);
        }
        self.shared.steerable
    }

    /// Moves a steerable clock by `step`; says whether it did.
    #[must_use]
    pub fn advance(&self, step: Duration) -> bool {
        let step_millis = i64::try_from(step.as_millis()).unwrap_or(i64::MAX);
        self.set(Timestamp::from_unix_millis(self.now().unix_millis().saturating_add(step_millis)))
    }

    /// Sleeps until this clock shows `moment`, also when it is moved meanwhile.
    pub async fn sleep_until(&self, moment: Timestamp) {
        let mut moved = self.shared.moved.subscribe();
        loop {
            let left_millis = moment.unix_millis().saturating_sub(self.now().unix_millis());
            let Ok(left_millis) = u64::try_from(left_millis) else { return };
            if left_millis == 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left_millis)) => {}
                _ = moved.changed() => {}
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else asks")]
fn machine_unix_millis() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
