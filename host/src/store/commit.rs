//! The writer: one thread runs what waits, one brings it to the disk, batch by batch.
//!
//! The first takes closures as they come and runs each on an overlay: over the rows of the batch that is on its
//! way to the disk, over a snapshot. The second has one write transaction for a whole batch. It lingers for
//! nobody: a batch leaves as soon as the one before it has landed, with all that was run meanwhile. So the
//! processor works while the disk does. While a batch is on its way, the first thread runs what waits several closures
//! at a time: they leave no earlier for having been run at once, and to wake a thread costs as much as a closure. No
//! closure is answered before the flush of its batch has returned, nor is a refusal, which may rest on what the batch
//! before it wrote.

mod flight;
mod queue;

use std::any::Any;
use std::num::NonZeroU32;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, watch};

use self::flight::{Board, Departures, Flusher, Gathering, Landed};
pub(crate) use self::queue::Queue;
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
    pub(crate) queue: Queue,
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
    let departures = Arc::new(Departures::default());
    let to_writer = Queue::new(sender, Arc::clone(&departures));
    let flusher = Flusher { engine, latest: Arc::clone(&latest), state: state.clone(), deadlines };
    let (thread, landed) = flusher.start(Arc::clone(&departures))?;
    let mut writer = Writer {
        latest,
        queue,
        batch_max: options.batch_max.max(1),
        rerun_one_in: options.rerun_one_in.and_then(NonZeroU32::new),
        ran: 0,
        departures,
        landed,
    };
    let body = move || {
        let end = panic::catch_unwind(AssertUnwindSafe(|| writer.run()))
            .unwrap_or_else(|payload| State::Failed(sentence(&text_of(payload.as_ref()))));
        // First the file, then the word, then the queue: who was told of the end may open the file again, and
        // who finds the queue closed finds the reason too.
        let (end, queue) = writer.end(end, thread);
        state.send_replace(end);
        refuse_rest(queue);
    };
    spawn("store-writer", body)?;
    Ok(Handles { queue: to_writer, state: states, deadlines: changes })
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(body);
    started.map_err(|error| Error::Failed(Arc::from(format!("the thread {name} cannot start: {error}"))))
}

/// Drops what still waits, so that its callers hear of the end. Not as the drop of the queue does: a message that has its
/// place in it already, and is laid there a moment later, would stay for as long as somebody can still send.
fn refuse_rest(mut queue: mpsc::Receiver<Message>) {
    queue.close();
    while queue.blocking_recv().is_some() {}
}

fn sentence(reason: &str) -> Arc<str> {
    Arc::from(format!(
        "the store can write no more: {reason}. Nothing that was answered is lost. \
         Remove the cause (is the disk full?) and start again."
    ))
}

struct Writer {
    latest: Arc<ArcSwap<Snapshot>>,
    queue: mpsc::Receiver<Message>,
    batch_max: usize,
    rerun_one_in: Option<NonZeroU32>,
    /// Jobs so far, for the re-run switch.
    ran: u32,
    departures: Arc<Departures>,
    landed: mpsc::UnboundedReceiver<Landed>,
}

impl Writer {
    fn run(&mut self) -> State {
        // Of this thread alone: it waits for several things at once.
        match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime.block_on(self.serve()),
            Err(error) => State::Failed(sentence(&error.to_string())),
        }
    }

    async fn serve(&mut self) -> State {
        let departures = Arc::clone(&self.departures);
        loop {
            let (has_room, is_flying) = {
                let board = departures.board();
                (self.has_room(&board), board.flying.is_some())
            };
            let message = tokio::select! {
                biased;
                landed = self.landed.recv() => match landed {
                    Some(landed) => {
                        if let Err(reason) = landed.result.clone() {
                            landed.answer();
                            return State::Failed(reason);
                        }
                        landed.answer();
                        None
                    }
                    None => return State::Failed(sentence("its flusher has ended")),
                },
                () = departures.departed.notified(), if !has_room => None,
                () = departures.due.notified(), if has_room && is_flying => None,
                message = self.queue.recv(), if has_room && !is_flying => Some(message.unwrap_or(Message::Close)),
            };
            if !self.gather(message) {
                return State::Closed;
            }
            departures.call();
        }
    }

    /// Runs what waits, as far as there is room; whether there may be more to come.
    fn gather(&mut self, message: Option<Message>) -> bool {
        let departures = Arc::clone(&self.departures);
        let mut message = message;
        loop {
            match message.take() {
                Some(Message::Job(job)) => self.gather_one(job, &mut departures.board()),
                Some(Message::Close) => return false,
                None => {}
            }
            if !self.has_room(&departures.board()) {
                return true;
            }
            match self.queue.try_recv() {
                Ok(next) => message = Some(next),
                Err(_) => return true,
            }
        }
    }

    fn has_room(&self, board: &Board) -> bool {
        board.gathering.as_ref().is_none_or(|Gathering { txn, jobs }| {
            jobs.len() < self.batch_max && txn.batch().bytes() < BATCH_BYTES_MAX
        })
    }

    fn gather_one(&mut self, mut job: Job, board: &mut Board) {
        let Board { gathering, flying, .. } = board;
        let Gathering { txn, jobs } = gathering.get_or_insert_with(|| {
            // The batch that is on its way lies over the snapshot, whether the snapshot has it already or not.
            Gathering {
                txn: Txn::new(Snapshot::clone(&self.latest.load()), flying.clone()),
                jobs: Vec::new(),
            }
        });
        let verdict = self.run_job(&mut job, txn);
        jobs.push((job, verdict));
    }

    /// Lets what was run land, unless writing has failed; how it ended, and the queue.
    fn end(self, end: State, flusher: JoinHandle<()>) -> (State, mpsc::Receiver<Message>) {
        let Self { latest, queue, departures, mut landed, .. } = self;
        drop(latest);
        let mut end = end;
        if let State::Failed(reason) = &end {
            departures.abandon(reason);
        }
        departures.close();
        // It catches its panics, so that there is none to hear of.
        drop(flusher.join());
        while let Ok(landed) = landed.try_recv() {
            if let Err(reason) = &landed.result {
                end = State::Failed(Arc::clone(reason));
            }
            landed.answer();
        }
        if let State::Failed(reason) = &end {
            departures.abandon(reason);
        }
        (end, queue)
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
