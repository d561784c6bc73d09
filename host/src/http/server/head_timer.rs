//! The timer that bounds a request's head. hyper asks for one with every request, and hardly one runs out: so a
//! connection keeps its timer, which is set again when it has run out, and not for each request.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

/// One connection's. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct HeadTimer {
    /// While no head is waited for. Set to a moment that is over, or to come before the end of the next head.
    kept: Arc<Mutex<Option<Pin<Box<Sleep>>>>>,
}

impl HeadTimer {
    fn kept(&self) -> MutexGuard<'_, Option<Pin<Box<Sleep>>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl hyper::rt::Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let deadline = deadline.into();
        // All heads have as long, so that the kept one never stands behind this deadline.
        let sleep = self.kept().take().unwrap_or_else(|| Box::pin(sleep_until(deadline)));
        Box::pin(HeadSleep { deadline, sleep: Some(sleep), timer: self.clone() })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

/// Waits for the end of one head's time.
struct HeadSleep {
    deadline: tokio::time::Instant,
    /// Until this is dropped.
    sleep: Option<Pin<Box<Sleep>>>,
    timer: HeadTimer,
}

impl hyper::rt::Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let deadline = self.deadline;
        while let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(context));
            if deadline <= sleep.deadline() {
                break;
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Ready(())
    }
}

impl Drop for HeadSleep {
    fn drop(&mut self) {
        *self.timer.kept() = self.sleep.take();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use hyper::rt::Timer;

    use super::*;

    #[tokio::test]
    async fn each_head_has_its_whole_time() {
        let timer = HeadTimer::default();
        let begun = timer.now();
        // Read before its time was over.
        let _ = timer.sleep_until(begun + Duration::from_millis(20)).now_or_never();
        for millis in [60, 120] {
            let deadline = begun + Duration::from_millis(millis);
            timer.sleep_until(deadline).await;
            assert!(deadline <= timer.now(), "{millis}");
        }
        assert!(timer.sleep_until(begun).now_or_never().is_some(), "it is over");
    }
}
