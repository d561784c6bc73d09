//! The way to the writer, who is woken when it is worth it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::flight::Departures;
use super::{Job, Message};

/// To the writer.
#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Message>,
    departures: Arc<Departures>,
}

impl Queue {
    pub(super) fn new(sender: mpsc::Sender<Message>, departures: Arc<Departures>) -> Self {
        Self { sender, departures }
    }

    /// Has a closure run with the others that wait.
    ///
    /// # Errors
    /// No more may wait, or the writer has ended.
    pub(crate) fn send(&self, job: Job) -> Result<(), mpsc::error::TrySendError<Message>> {
        self.sender.try_send(Message::Job(job))?;
        self.departures.wake_writer_for(self.sender.max_capacity() - self.sender.capacity());
        Ok(())
    }

    /// For a test that takes a place before it sends.
    #[cfg(test)]
    pub(in crate::store) const fn sender(&self) -> &mpsc::Sender<Message> {
        &self.sender
    }

    /// Lets what waits be the last.
    pub(crate) async fn close(&self) {
        // An error means that the writer has ended already.
        let _ = self.sender.send(Message::Close).await;
        self.departures.due.notify_one();
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}
