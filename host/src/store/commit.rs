//! The writer: one thread, one write transaction for all that waits.
//!
//! It takes a closure and those that arrived meanwhile, without lingering for more: while it flushes, the
//! next ones gather. No closure is answered before the flush of its batch has returned.

use std::any::Any;
use std::num::NonZeroU32;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

use super::engine::Engine;
use super::txn::{Snapshot, Txn};
use super::{Error, Options};

/// Bytes of a batch from which on no further closure is taken: a commit of so much is one of many already.
const BATCH_BYTES_MAX: usize = 16 << 20;

/// A closure and its caller. `Step::Run` says whether what it wrote is to be kept.
pub(crate) type Job = Box<dyn FnMut(Step<'_>) -> bool + Send>;

/// What the writer asks of a job: to run, once or twice, then to answer.
pub(crate) enum Step<'a> {
    Run(&'a mut Txn),
    Answer(Verdict),
}

/// What became of a job.
pub(crate) enum Verdict {
    /// It ran, and its batch is on disk: its own outcome holds.
    Ran,
    Panicked(String),
    Error(Error),
}

pub(crate) enum Message {
    Job(Job),
    /// Nothing after it is run.
    Close,
}

/// Where the writer stands.
#[derive(Debug, Clone)]
pub(crate) enum State {
    Writing,
    Closed,
    /// The sentence for the operator.
    Failed(Arc<str>),
}

/// What the rest of the house has of the writer.
pub(crate) struct Handles {
    /// To it.
    pub(crate) queue: mpsc::Sender<Message>,
    /// Where it tells how it stands.
    pub(crate) state: watch::Receiver<State>,
    /// Grows with each batch that changed something that waits for a moment.
    pub(crate) deadlines: watch::Receiver<u64>,
}

/// Starts the writer's thread.
pub(crate) fn start(
    engine: Arc<Engine>,
    latest: Arc<ArcSwap<Snapshot>>,
    options: &Options,
) -> Result<Handles, Error> {
    let (sender, queue) = mpsc::channel(options.queue_max.max(1));
    let (state, states) = watch::channel(State::Writing);
    let (deadlines, changes) = watch::channel(0);
    let mut writer = Writer {
        engine,
        latest,
        queue,
        batch_max: options.batch_max.max(1),
        rerun_one_in: options.rerun_one_in.and_then(NonZeroU32::new),
        ran: 0,
        state,
        deadlines,
    };
    let body = move || {
        let end = panic::catch_unwind(AssertUnwindSafe(|| writer.run()))
            .unwrap_or_else(|payload| State::Failed(sentence(&text_of(payload.as_ref()))));
        // First the file, then the word, then the queue: who was told of the end may open the file again, and
        // who finds the queue closed finds the reason too.
        let Writer { engine, latest, queue, state, .. } = writer;
        drop((engine, latest));
        state.send_replace(end);
        drop(queue);
    };
    thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(body)
        .map_err(|error| Error::Failed(Arc::from(format!("the writer's thread cannot start: {error}"))))?;
    Ok(Handles { queue: sender, state: states, deadlines: changes })
}

fn sentence(reason: &str) -> Arc<str> {
    Arc::from(format!(
        "the store can write no more: {reason}. Nothing that was answered is lost. \
         Remove the cause (is the disk full?) and start again."
    ))
}

struct Writer {
    engine: Arc<Engine>,
    /// What readers get: renewed after each commit, before its closures are answered.
    latest: Arc<ArcSwap<Snapshot>>,
    queue: mpsc::Receiver<Message>,
    batch_max: usize,
    rerun_one_in: Option<NonZeroU32>,
    /// Jobs so far, for the re-run switch.
    ran: u32,
    state: watch::Sender<State>,
    deadlines: watch::Sender<u64>,
}

impl Writer {
    fn run(&mut self) -> State {
        let mut open = true;
        while open {
            match self.queue.blocking_recv() {
                Some(Message::Job(first)) => match self.batch(first) {
                    Ok(goes_on) => open = goes_on,
                    Err(reason) => return State::Failed(reason),
                },
                Some(Message::Close) | None => open = false,
            }
        }
        State::Closed
    }

    /// Runs the first job and what waits behind it, commits, answers. Says whether to go on.
    fn batch(&mut self, first: Job) -> Result<bool, Arc<str>> {
        let mut jobs = Vec::new();
        let mut txn = Txn::new(Snapshot::clone(&self.latest.load()));
        let open = self.gather(first, &mut txn, &mut jobs);
        let Err(error) = self.write(txn) else {
            for (mut job, verdict) in jobs {
                job(Step::Answer(verdict));
            }
            return Ok(open);
        };
        // Whether the batch is on disk is known to nobody; redb takes no further write either.
        let reason = sentence(&error.to_string());
        // Before the answers: who is told of the failure finds the store failed.
        self.state.send_replace(State::Failed(Arc::clone(&reason)));
        for (mut job, _) in jobs {
            job(Step::Answer(Verdict::Error(Error::Failed(Arc::clone(&reason)))));
        }
        Err(reason)
    }

    /// Runs the first job and what arrived meanwhile; says whether to go on afterwards.
    fn gather(&mut self, first: Job, txn: &mut Txn, jobs: &mut Vec<(Job, Verdict)>) -> bool {
        let mut next = Some(first);
        while let Some(mut job) = next.take() {
            let verdict = self.run_job(&mut job, txn);
            jobs.push((job, verdict));
            if jobs.len() < self.batch_max && txn.batch().bytes() < BATCH_BYTES_MAX {
                match self.queue.try_recv() {
                    Ok(Message::Job(job)) => next = Some(job),
                    Ok(Message::Close) => return false,
                    Err(_) => {}
                }
            }
        }
        true
    }

    fn write(&self, txn: Txn) -> Result<(), Error> {
        let batch = txn.into_batch();
        if batch.is_empty() {
            return Ok(());
        }
        self.engine.apply(&batch)?;
        self.latest.store(Arc::new(self.engine.snapshot()?));
        if batch.tables().any(|(table, _)| table.has_deadlines()) {
            self.deadlines.send_modify(|changes| *changes += 1);
        }
        Ok(())
    }

    /// Runs one job on an overlay of its own, which becomes part of the batch or of nothing.
    fn run_job(&mut self, job: &mut Job, txn: &mut Txn) -> Verdict {
        self.ran = self.ran.wrapping_add(1);
        let again = self.rerun_one_in.is_some_and(|one_in| self.ran.is_multiple_of(one_in.get()));
        let mut run = || {
            let result = panic::catch_unwind(AssertUnwindSafe(|| job(Step::Run(&mut *txn))));
            let (own, overflowed) = txn.take_own();
            (result, own, overflowed)
        };
        let (mut result, mut own, mut overflowed) = run();
        if again && let Ok(kept) = result {
            let before = (kept, own, overflowed);
            (result, own, overflowed) = run();
            match result {
                Ok(kept) if before == (kept, own.clone(), overflowed) => {}
                Ok(_) => return Verdict::Error(Error::NotRerunnable),
                Err(_) => {}
            }
        }
        match result {
            Err(payload) => Verdict::Panicked(text_of(payload.as_ref())),
            // Also where the closure swallowed the error: half of what it meant to write is missing.
            Ok(_) if overflowed => Verdict::Error(Error::TooLarge),
            Ok(kept) => {
                if kept {
                    txn.absorb(own);
                }
                Verdict::Ran
            }
        }
    }
}

/// What a panic said.
fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}
