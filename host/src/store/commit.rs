//! The writer: one thread runs what waits, one brings it to the disk, batch by batch.
//!
//! The first takes closures as they come and runs each on an overlay: over the rows of the batch that is on its
//! way to the disk, over a snapshot. The second has one write transaction for a whole batch. It lingers for
//! nobody: a batch leaves as soon as the one before it has landed, with all that was run meanwhile. So the
//! processor works while the disk does. No closure is answered before the flush of its batch has returned, nor
//! is a refusal, which may rest on what the batch before it wrote.

use std::any::Any;
use std::num::NonZeroU32;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc as threads;
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

use super::engine::Engine;
use super::overlay::Overlay;
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

/// Starts the writer's threads.
pub(crate) fn start(
    engine: Arc<Engine>,
    latest: Arc<ArcSwap<Snapshot>>,
    options: &Options,
) -> Result<Handles, Error> {
    let (sender, queue) = mpsc::channel(options.queue_max.max(1));
    let (state, states) = watch::channel(State::Writing);
    let (deadlines, changes) = watch::channel(0);
    let flusher = Flusher { engine, latest: Arc::clone(&latest), state: state.clone(), deadlines };
    let mut writer = Writer {
        latest,
        queue,
        batch_max: options.batch_max.max(1),
        rerun_one_in: options.rerun_one_in.and_then(NonZeroU32::new),
        ran: 0,
        flight: Flight::start(flusher)?,
    };
    let body = move || {
        let end = panic::catch_unwind(AssertUnwindSafe(|| writer.run()))
            .unwrap_or_else(|payload| State::Failed(sentence(&text_of(payload.as_ref()))));
        // First the file, then the word, then the queue: who was told of the end may open the file again, and
        // who finds the queue closed finds the reason too.
        let Writer { latest, queue, flight, .. } = writer;
        drop(latest);
        flight.end();
        state.send_replace(end);
        drop(queue);
    };
    spawn("store-writer", body)?;
    Ok(Handles { queue: sender, state: states, deadlines: changes })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map_err(|error| Error::Failed(Arc::from(format!("the thread {name} cannot start: {error}"))))
}

fn sentence(reason: &str) -> Arc<str> {
    Arc::from(format!(
        "the store can write no more: {reason}. Nothing that was answered is lost. \
         Remove the cause (is the disk full?) and start again."
    ))
}

/// What was run and is to land together.
struct Batch {
    rows: Arc<Overlay>,
    jobs: Vec<(Job, Verdict)>,
}

/// Brings batches to the disk.
struct Flusher {
    engine: Arc<Engine>,
    /// What readers get: renewed after each flush, before its closures are answered.
    latest: Arc<ArcSwap<Snapshot>>,
    state: watch::Sender<State>,
    deadlines: watch::Sender<u64>,
}

impl Flusher {
    /// Until there is no more to come, or the disk fails.
    fn run(&self, batches: &threads::Receiver<Batch>, landed: &mpsc::UnboundedSender<Result<(), Arc<str>>>) {
        for Batch { rows, jobs } in batches {
            let written = panic::catch_unwind(AssertUnwindSafe(|| self.write(&rows)));
            let written = written.unwrap_or_else(|payload| Err(Error::Failed(Arc::from(text_of(&*payload)))));
            let result = written.map_err(|error| sentence(&error.to_string()));
            if let Err(reason) = &result {
                // Before the answers: who is told of the failure finds the store failed. Whether the batch is on
                // disk is known to nobody; redb takes no further write either.
                self.state.send_replace(State::Failed(Arc::clone(reason)));
            }
            let failed = result.clone().err();
            // The writer can go on while these are answered. An error means that it has ended.
            let _ = landed.send(result);
            answer(jobs, failed.as_ref());
            if failed.is_some() {
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

fn answer(jobs: Vec<(Job, Verdict)>, failed: Option<&Arc<str>>) {
    for (mut job, verdict) in jobs {
        job(Step::Answer(match failed {
            Some(reason) => Verdict::Error(Error::Failed(Arc::clone(reason))),
            None => verdict,
        }));
    }
}

/// The way to the disk, on which there is one batch at a time.
struct Flight {
    batches: threads::SyncSender<Batch>,
    landed: mpsc::UnboundedReceiver<Result<(), Arc<str>>>,
    /// The rows of the batch that is on its way.
    rows: Option<Arc<Overlay>>,
    thread: JoinHandle<()>,
}

impl Flight {
    fn start(flusher: Flusher) -> Result<Self, Error> {
        let (batches, waiting) = threads::sync_channel(1);
        let (sender, landed) = mpsc::unbounded_channel();
        let thread = spawn("store-flusher", move || flusher.run(&waiting, &sender))?;
        Ok(Self { batches, landed, rows: None, thread })
    }

    /// Sends a batch off. Never while another one is on its way, so this does not wait.
    fn depart(&mut self, batch: Batch) {
        self.rows = Some(Arc::clone(&batch.rows));
        if let Err(threads::SendError(batch)) = self.batches.send(batch) {
            answer(batch.jobs, Some(&sentence("its flusher has ended")));
        }
    }

    /// Waits for the batch that is on its way.
    async fn land(&mut self) -> Result<(), Arc<str>> {
        let landed = self.landed.recv().await.unwrap_or_else(|| Err(sentence("its flusher has ended")));
        self.rows = None;
        landed
    }

    /// Lets the flusher finish and let the file go.
    fn end(self) {
        drop(self.batches);
        // It catches its panics, so that there is none to hear of.
        drop(self.thread.join());
    }
}

/// A batch that grows.
struct Gathering {
    txn: Txn,
    jobs: Vec<(Job, Verdict)>,
}

struct Writer {
    latest: Arc<ArcSwap<Snapshot>>,
    queue: mpsc::Receiver<Message>,
    batch_max: usize,
    rerun_one_in: Option<NonZeroU32>,
    /// Jobs so far, for the re-run switch.
    ran: u32,
    flight: Flight,
}

impl Writer {
    fn run(&mut self) -> State {
        // Of this thread alone: it waits for two things at once.
        match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime.block_on(self.serve()),
            Err(error) => State::Failed(sentence(&error.to_string())),
        }
    }

    async fn serve(&mut self) -> State {
        let mut open = true;
        let mut gathering: Option<Gathering> = None;
        while open || gathering.is_some() || self.flight.rows.is_some() {
            let has_room = open && self.has_room(gathering.as_ref());
            tokio::select! {
                biased;
                landed = self.flight.land(), if self.flight.rows.is_some() => if let Err(reason) = landed {
                    answer(gathering.map(|batch| batch.jobs).unwrap_or_default(), Some(&reason));
                    return State::Failed(reason);
                },
                message = self.queue.recv(), if has_room => match message {
                    Some(Message::Job(job)) => self.gather(job, &mut gathering),
                    Some(Message::Close) | None => open = false,
                },
            }
            while open && self.has_room(gathering.as_ref()) {
                match self.queue.try_recv() {
                    Ok(Message::Job(job)) => self.gather(job, &mut gathering),
                    Ok(Message::Close) => open = false,
                    Err(_) => break,
                }
            }
            if self.flight.rows.is_none()
                && let Some(Gathering { txn, jobs }) = gathering.take()
            {
                self.flight.depart(Batch { rows: Arc::new(txn.into_batch()), jobs });
            }
        }
        State::Closed
    }

    fn has_room(&self, gathering: Option<&Gathering>) -> bool {
        gathering.is_none_or(|Gathering { txn, jobs }| {
            jobs.len() < self.batch_max && txn.batch().bytes() < BATCH_BYTES_MAX
        })
    }

    fn gather(&mut self, mut job: Job, gathering: &mut Option<Gathering>) {
        let Gathering { txn, jobs } = gathering.get_or_insert_with(|| {
            // The batch that is on its way lies over the snapshot, whether the snapshot has it already or not.
            let below = self.flight.rows.clone();
            Gathering { txn: Txn::new(Snapshot::clone(&self.latest.load()), below), jobs: Vec::new() }
        });
        let verdict = self.run_job(&mut job, txn);
        jobs.push((job, verdict));
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
