//! The way to the disk, on which there is one batch at a time.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use tokio::sync::{Notify, mpsc, watch};

use super::{Job, State, Step, Verdict, sentence, spawn, text_of};
use crate::store::Error;
use crate::store::engine::Engine;
use crate::store::overlay::Overlay;
use crate::store::txn::{Snapshot, Txn};

/// While a batch is on its way, the writer is woken when half as many closures wait for it: for each where few come, so
/// that the next batch is ready when this one lands. But for no more than these, since what waits then misses the next one.
const ENOUGH_MAX: usize = 8;

/// A batch that grows.
pub(super) struct Gathering {
    pub(super) txn: Txn,
    pub(super) jobs: Vec<(Job, Verdict)>,
}

/// What became of a batch; its closures are still to be answered.
pub(super) struct Landed {
    jobs: Vec<(Job, Verdict)>,
    /// For whoever answers to free: the flusher is what everybody waits for.
    _rows: Arc<Overlay>,
    pub(super) result: Result<(), Arc<str>>,
}

impl Landed {
    pub(super) fn answer(self) {
        answer(self.jobs, self.result.err().as_ref());
    }
}

fn answer(jobs: Vec<(Job, Verdict)>, failed: Option<&Arc<str>>) {
    for (mut job, verdict) in jobs {
        job(Step::Answer(match failed {
            Some(reason) => Verdict::Error(Error::Failed(Arc::clone(reason))),
            None => verdict,
        }));
    }
}

/// What the two threads share: what waits to depart, and what is on its way.
#[derive(Default)]
pub(super) struct Departures {
    board: Mutex<Board>,
    /// For the flusher, while nothing waits.
    called: Condvar,
    /// For the writer, when there is room again.
    pub(super) departed: Notify,
    /// For the writer, while a batch is on its way: enough waits, or that batch has landed and no other departs.
    pub(super) due: Notify,
    /// How many closures are enough.
    enough: AtomicUsize,
}

#[derive(Default)]
pub(super) struct Board {
    pub(super) gathering: Option<Gathering>,
    /// The rows of the batch that is on its way.
    pub(super) flying: Option<Arc<Overlay>>,
    is_closed: bool,
}

impl Departures {
    /// Neither thread ends while the other would wait for it: a panic elsewhere is told by its own means.
    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something waits.
    pub(super) fn call(&self) {
        self.called.notify_one();
    }

    /// So many closures wait for the writer. One who has nothing on its way listens to the queue itself.
    pub(super) fn wake_writer_for(&self, waiting: usize) {
        if self.enough.load(Ordering::Relaxed) <= waiting {
            self.due.notify_one();
        }
    }

    /// What waits will not depart.
    pub(super) fn abandon(&self, reason: &Arc<str>) {
        let waiting = self.board().gathering.take();
        answer(waiting.map(|gathering| gathering.jobs).unwrap_or_default(), Some(reason));
    }

    /// Nothing more will wait.
    pub(super) fn close(&self) {
        self.board().is_closed = true;
        self.called.notify_one();
    }

    /// What waits, if anything does: it is on its way from now on. What was on its way has landed.
    fn next(&self) -> Option<Batch> {
        let mut board = self.board();
        self.take(&mut board)
    }

    /// As `next`, and waits; none when there is no more to come.
    fn await_next(&self) -> Option<Batch> {
        let mut board = self.board();
        loop {
            if let Some(batch) = self.take(&mut board) {
                return Some(batch);
            }
            if board.is_closed {
                return None;
            }
            board = self.called.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn take(&self, board: &mut Board) -> Option<Batch> {
        board.flying = None;
        let Gathering { txn, jobs } = board.gathering.take()?;
        let rows = Arc::new(txn.into_batch());
        board.flying = Some(Arc::clone(&rows));
        self.enough.store((jobs.len() / 2).clamp(1, ENOUGH_MAX), Ordering::Relaxed);
        self.departed.notify_one();
        Some(Batch { rows, jobs })
    }
}

/// What was run and is to land together.
struct Batch {
    rows: Arc<Overlay>,
    jobs: Vec<(Job, Verdict)>,
}

/// Brings batches to the disk.
pub(super) struct Flusher {
    pub(super) engine: Arc<Engine>,
    /// What readers get: renewed after each flush, before its closures are answered.
    pub(super) latest: Arc<ArcSwap<Snapshot>>,
    pub(super) state: watch::Sender<State>,
    pub(super) deadlines: watch::Sender<u64>,
}

impl Flusher {
    /// Starts its thread; what has landed comes out of the channel.
    pub(super) fn start(
        self,
        departures: Arc<Departures>,
    ) -> Result<(JoinHandle<()>, mpsc::UnboundedReceiver<Landed>), Error> {
        let (sender, landed) = mpsc::unbounded_channel();
        let thread = spawn("store-flusher", move || self.run(&departures, &sender))?;
        Ok((thread, landed))
    }

    /// Until there is no more to come, or the disk fails. It is what everybody waits for, so that it takes the next batch
    /// itself, and leaves the answers of the one before to the writer where there is a next one.
    fn run(&self, departures: &Departures, landed: &mpsc::UnboundedSender<Landed>) {
        let mut next = None;
        while let Some(Batch { rows, jobs }) = next.take().or_else(|| departures.await_next()) {
            let written = panic::catch_unwind(AssertUnwindSafe(|| self.write(&rows)));
            let written = written.unwrap_or_else(|payload| Err(Error::Failed(Arc::from(text_of(&*payload)))));
            let result = written.map_err(|error| sentence(&error.to_string()));
            if let Err(reason) = &result {
                // Before the answers: who is told of the failure finds the store failed. Whether the batch is on
                // disk is known to nobody; redb takes no further write either.
                self.state.send_replace(State::Failed(Arc::clone(reason)));
            }
            let is_over = result.is_err();
            if !is_over {
                next = departures.next();
            }
            let done = Landed { jobs, _rows: rows, result };
            if next.is_none() && !is_over {
                departures.due.notify_one();
                done.answer();
            } else if let Err(mpsc::error::SendError(done)) = landed.send(done) {
                // The writer has ended.
                done.answer();
            }
            if is_over {
                return;
            }
        }
    }

    fn write(&self, rows: &Overlay) -> Result<(), Error> {
        if rows.is_empty() {
            return Ok(());
        }
        self.engine.apply(rows)?;
        self.latest.store(Arc::new(self.engine.snapshot()?));
        if rows.tables().any(|(table, _)| table.has_deadlines()) {
            self.deadlines.send_modify(|changes| *changes += 1);
        }
        Ok(())
    }
}
