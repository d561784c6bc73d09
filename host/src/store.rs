//! The store: records, their indexes and their counts in one file, written in groups.
//!
//! Promises: a write that was answered is on disk; a closure that was refused or that panicked leaves
//! nothing; a snapshot never changes. Nobody but the writer's thread opens a write transaction, and no
//! commit closure ever sees one: it works on a [`Txn`], an overlay over a snapshot. redb is named only here
//! and below.

mod check;
mod codec;
mod commit;
mod engine;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod index;
mod key_list;
mod list;
mod overlay;
mod record;
mod schema;
mod search;
mod txn;
mod upgrade;

pub mod agent;
pub mod analysis;
pub mod ats;
pub mod audit;
pub mod call_queue;
pub mod candidate;
pub mod company;
pub mod decision;
pub mod event;
pub mod fuel_model;
pub mod idempotency;
pub mod interview;
pub mod invitation;
pub mod job;
pub mod key;
pub mod lease;
pub mod membership;
pub mod meta;
pub mod outbox;
pub mod phone_number;
pub mod plugin;
pub mod release;
pub mod removal;
pub mod rollout;
pub mod safe_mode;
pub mod slot;
pub mod usage;
pub mod user;

use std::path::PathBuf;
use std::sync::Arc;

use arc_swap::ArcSwap;
use switchboard_domain::rejection::Rejection;
use tokio::sync::{mpsc, oneshot, watch};

pub use check::check;
pub use list::{Page, PageRequest, PageStart, Walk};
pub use record::{Record, delete, exists, get, insert, update};
pub use redb::StorageBackend;
pub use schema::Table;
pub use txn::{Direction, Read, Row, Scan, Snapshot, Txn};

use commit::{Job, Step, Verdict};
use engine::Engine;

/// The open store. Cheap to clone; the file is let go when the last clone and the last snapshot are gone.
#[derive(Debug, Clone)]
pub struct Store {
    latest: Arc<ArcSwap<Snapshot>>,
    queue: commit::Queue,
    state: watch::Receiver<commit::State>,
    deadlines: watch::Receiver<u64>,
}

/// Where the bytes lie.
#[derive(Debug)]
pub enum Backing {
    /// A file, made when it is not there.
    File(PathBuf),
    /// Nowhere: gone with the process.
    Memory,
    /// A storage of the caller's, for tests that break it.
    Custom(Box<dyn StorageBackend>),
}

/// How the store is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Memory for pages of the file.
    pub cache_bytes: usize,
    /// Closures that may wait; one more is refused with [`Error::Overloaded`].
    pub queue_max: usize,
    /// Closures of one commit at the most.
    pub batch_max: usize,
    /// Runs one closure in so many a second time and compares: a test switch.
    pub rerun_one_in: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            // Room for the inner pages and the hot leaves of a file of some gigabytes.
            cache_bytes: 256 << 20,
            // About a second of writes: who comes later would wait for longer than a retry takes.
            queue_max: 4096,
            // Beyond this a commit grows no cheaper, and those in it only wait for longer.
            batch_max: 256,
            rerun_one_in: None,
        }
    }
}

/// Why the store did not do what it was asked to.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// Too many commits wait. Try again.
    #[error("too many writes are waiting")]
    Overloaded,
    /// One closure wrote more than a commit may hold.
    #[error("one commit may not write so much")]
    TooLarge,
    /// The store can write no more; the process is to be restarted.
    #[error("{0}")]
    Failed(Arc<str>),
    /// The file was written by a newer program.
    #[error(
        "the file has format {found}, this program reads up to {known}: \
         start the newer program, or restore a backup"
    )]
    NewerFile {
        /// What stands in the file.
        found: u32,
        /// The newest that this program reads.
        known: u32,
    },
    /// A stored row cannot be read, or contradicts another.
    #[error("a row of `{table}` cannot be read: {what}")]
    Corrupt {
        /// Which table.
        table: &'static str,
        /// What is wrong.
        what: String,
    },
    /// The id to insert is taken.
    #[error("a row of `{0}` with this id is there already")]
    Exists(&'static str),
    /// The record to update is not there.
    #[error("there is no row of `{0}` with this id")]
    Missing(&'static str),
    /// A closure did something else when it was run again.
    #[error("a commit closure wrote something else when it was run again")]
    NotRerunnable,
    /// Another process has the file open.
    #[error("another server is running on it: end that one, or name another folder with --data-dir")]
    InUse,
    /// The engine or the disk refused.
    #[error("the storage engine failed: {0}")]
    Engine(Arc<str>),
}

/// Why a commit closure ends without writing.
#[derive(Debug)]
pub enum Abort<R> {
    /// The operation is refused.
    Refused(R),
    /// The store failed under it.
    Store(Error),
}

impl<R> From<Error> for Abort<R> {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Rejection> for Abort<Rejection> {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

/// Why a commit wrote nothing.
#[derive(Debug)]
pub enum CommitError<R> {
    /// The closure refused.
    Refused(R),
    /// The closure panicked; its message.
    Panicked(String),
    /// The store failed.
    Store(Error),
}

impl Store {
    /// Opens the file, makes or migrates it, sweeps what a crash left half-written, starts the writer.
    /// Blocks: for a start only.
    ///
    /// # Errors
    /// A file that cannot be opened, is in use, or comes from a newer program.
    pub fn open(backing: Backing, options: &Options) -> Result<Self, Error> {
        let engine = Engine::open(backing, options.cache_bytes)?;
        let latest = Arc::new(ArcSwap::from_pointee(engine.snapshot()?));
        let commit::Handles { queue, state, deadlines } =
            commit::start(engine, Arc::clone(&latest), options)?;
        Ok(Self { latest, queue, state, deadlines })
    }

    /// What is committed at this moment, and stays so however long it is held. Hold it briefly: old pages
    /// are kept for it. All who ask between two commits share one, and the tables that it has opened.
    ///
    /// # Errors
    /// The store has failed: the process is about to end.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        match &*self.state.borrow() {
            commit::State::Failed(sentence) => Err(Error::Failed(Arc::clone(sentence))),
            commit::State::Writing | commit::State::Closed => Ok(Snapshot::clone(&self.latest.load())),
        }
    }

    /// Runs `work` on the writer's thread and answers when what it wrote is on disk. `work` may be run more
    /// than once, on other overlays: ids, clocks and randomness belong outside of it. A caller that goes away
    /// does not take its write along.
    ///
    /// # Errors
    /// The closure's own refusal; its panic; the store's failure. Nothing is written then, save that after a
    /// failed flush nobody can know.
    pub async fn commit<T, R>(
        &self,
        work: impl Fn(&mut Txn) -> Result<T, Abort<R>> + Send + 'static,
    ) -> Result<T, CommitError<R>>
    where
        T: Send + 'static,
        R: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.enqueue(job(work, sender)).map_err(CommitError::Store)?;
        receiver.await.unwrap_or_else(|_| Err(CommitError::Store(self.gone())))
    }

    fn enqueue(&self, job: Job) -> Result<(), Error> {
        self.queue.send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => self.gone(),
        })
    }

    /// Changes with each commit after which something may wait for another moment than before: a call, or the end
    /// of a call, of a lease, of an interview, or the conversion of a call. One notification for all of them.
    #[must_use]
    pub fn deadlines_changed(&self) -> watch::Receiver<u64> {
        self.deadlines.clone()
    }

    /// Waits until the store can write no more, and says why. What was closed in order never fails.
    pub async fn failed(&self) -> String {
        let mut state = self.state.clone();
        loop {
            if let commit::State::Failed(sentence) = &*state.borrow_and_update() {
                return sentence.to_string();
            }
            if state.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Why the store can write no more, if that is so.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match &*self.state.borrow() {
            commit::State::Failed(sentence) => Some(sentence.to_string()),
            commit::State::Writing | commit::State::Closed => None,
        }
    }

    /// Commits what was queued before, then ends the writer. Later commits are refused.
    pub async fn close(&self) {
        self.queue.close().await;
        let mut state = self.state.clone();
        // An error means that the writer has ended already.
        let _ = state.wait_for(|state| !matches!(state, commit::State::Writing)).await;
    }

    fn gone(&self) -> Error {
        let sentence = match &*self.state.borrow() {
            commit::State::Failed(sentence) => Arc::clone(sentence),
            commit::State::Writing | commit::State::Closed => Arc::from("the store is closed"),
        };
        Error::Failed(sentence)
    }
}

/// Hides the closure's types from the writer: it runs the job once or twice, then lets it answer.
fn job<T, R>(
    work: impl Fn(&mut Txn) -> Result<T, Abort<R>> + Send + 'static,
    sender: oneshot::Sender<Result<T, CommitError<R>>>,
) -> Job
where
    T: Send + 'static,
    R: Send + 'static,
{
    let mut sender = Some(sender);
    let mut outcome = None;
    Box::new(move |step| match step {
        Step::Run(txn) => {
            outcome = None;
            let result = work(txn);
            let keep = result.is_ok();
            outcome = Some(result);
            keep
        }
        Step::Answer(verdict) => {
            let answer = match (verdict, outcome.take()) {
                (Verdict::Error(error), _) => Err(CommitError::Store(error)),
                (Verdict::Panicked(message), _) => Err(CommitError::Panicked(message)),
                (Verdict::Ran, Some(Ok(value))) => Ok(value),
                (Verdict::Ran, Some(Err(Abort::Refused(refusal)))) => Err(CommitError::Refused(refusal)),
                (Verdict::Ran, Some(Err(Abort::Store(error)))) => Err(CommitError::Store(error)),
                (Verdict::Ran, None) => Err(CommitError::Panicked(String::new())),
            };
            if let Some(sender) = sender.take() {
                // The caller may have gone away; its write stands all the same.
                let _ = sender.send(answer);
            }
            false
        }
    })
}

#[cfg(test)]
mod tests;
