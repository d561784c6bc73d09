//! Where claims wait: one bell for all of them, rung by the sentinel.
//!
//! Who is dialled next is the store's order; nothing about a single attempt is kept in memory.

use tokio::sync::watch;

/// Rung when somebody's attempt may be due. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bell(watch::Sender<Rung>);

#[derive(Debug, Clone, Copy, Default)]
struct Rung {
    times: u64,
    is_over: bool,
}

/// One that waits.
#[derive(Debug)]
pub struct Listener(watch::Receiver<Rung>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::channel(Rung::default()).0)
    }
}

impl Bell {
    /// An attempt may be due: everybody who waits looks again.
    pub fn ring(&self) {
        self.0.send_modify(|rung| rung.times += 1);
    }

    /// Nobody waits any more: the server ends.
    pub fn silence(&self) {
        self.0.send_modify(|rung| rung.is_over = true);
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener(self.0.subscribe())
    }
}

impl Listener {
    /// What was rung until now has been heard: look at the store after this, and none is missed.
    pub fn note(&mut self) {
        self.0.mark_unchanged();
    }

    /// Waits for the next time; false when there is none any more.
    pub async fn heard(&mut self) -> bool {
        if self.0.borrow().is_over {
            return false;
        }
        self.0.changed().await.is_ok() && !self.0.borrow().is_over
    }
}
