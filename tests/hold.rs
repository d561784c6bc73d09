//! The gap between ask and commit, held open.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use switchboard::app::Gap;
use tokio::sync::mpsc;

/// Holds the next operation between its question and its commit until somebody has acted.
#[derive(Debug)]
pub struct Hold {
    armed: Arc<Mutex<bool>>,
    there: mpsc::UnboundedReceiver<()>,
    close: mpsc::UnboundedSender<()>,
}

impl Hold {
    /// Itself, and the gap that it holds open.
    #[must_use]
    pub fn new() -> (Self, Gap) {
        let (reached, there) = mpsc::unbounded_channel();
        let (close, closed) = mpsc::unbounded_channel::<()>();
        let closed = Arc::new(tokio::sync::Mutex::new(closed));
        let armed = Arc::new(Mutex::new(false));
        let is_armed = Arc::clone(&armed);
        let gap = Gap::new(move || {
            let (reached, closed, is_armed) = (reached.clone(), Arc::clone(&closed), Arc::clone(&is_armed));
            Box::pin(async move {
                if std::mem::take(&mut *is_armed.lock().expect("no panic")) {
                    reached.send(()).expect("a test");
                    closed.lock().await.recv().await;
                }
            })
        });
        (Self { armed, there, close }, gap)
    }

    /// Begins an operation, acts when it has asked, and lets it end. In a box: both are large.
    pub fn around<'a, T: 'a>(
        &'a mut self,
        operation: impl Future<Output = T> + 'a,
        act: impl Future<Output = ()> + 'a,
    ) -> Pin<Box<dyn Future<Output = T> + 'a>> {
        *self.armed.lock().expect("no panic") = true;
        Box::pin(async move {
            let meanwhile = async {
                self.there.recv().await.expect("the gap");
                act.await;
                self.close.send(()).expect("the gap");
            };
            tokio::join!(operation, meanwhile).0
        })
    }
}
