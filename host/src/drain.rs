//! The end of a server: begun once, heard by everybody who serves or works.

use tokio::sync::watch;

/// Begins a drain. Dropping it begins one too, so that nobody serves without an owner.
#[derive(Debug)]
pub struct Stop(watch::Sender<bool>);

/// Tells when to stop. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drain(watch::Receiver<bool>);

/// A drain that nobody has begun.
#[must_use]
pub fn drain() -> (Stop, Drain) {
    let (stop, drain) = watch::channel(false);
    (Stop(stop), Drain(drain))
}

impl Stop {
    /// Begins the drain.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Drain {
    /// Whether it has begun.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it begins.
    pub async fn requested(&mut self) {
        // An error means that the owner is gone, which begins the drain as well.
        drop(self.0.wait_for(|requested| *requested).await);
    }
}
