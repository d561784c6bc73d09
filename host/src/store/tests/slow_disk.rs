//! What the writer does while a batch is on its way: a disk whose flushes wait until the test lets them go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use redb::backends::InMemoryBackend;
use tokio::task::JoinHandle;

use super::super::schema::Table;
use super::super::{Abort, Backing, CommitError, Options, StorageBackend, Store, Txn};
use super::{PATIENCE, until};

type Answer = JoinHandle<Result<(), CommitError<()>>>;

#[derive(Debug, Clone)]
struct SlowDisk {
    bytes: Arc<InMemoryBackend>,
    gate: Arc<(Mutex<Gate>, Condvar)>,
}

#[derive(Debug, Default)]
struct Gate {
    is_shut: bool,
    /// Flushes that may pass all the same.
    let_go: usize,
    waiting: usize,
}

impl SlowDisk {
    fn new() -> Self {
        Self { bytes: Arc::new(InMemoryBackend::new()), gate: Arc::default() }
    }

    fn gate(&self) -> MutexGuard<'_, Gate> {
        self.gate.0.lock().expect("no test panics while it holds it")
    }

    fn change(&self, change: impl FnOnce(&mut Gate)) {
        change(&mut self.gate());
        self.gate.1.notify_all();
    }
}

impl StorageBackend for SlowDisk {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.bytes.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        let mut gate = self.gate();
        gate.waiting += 1;
        while gate.is_shut && gate.let_go == 0 {
            gate = self.gate.1.wait(gate).expect("no test panics while it holds it");
        }
        gate.let_go = gate.let_go.saturating_sub(1);
        gate.waiting -= 1;
        drop(gate);
        self.bytes.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.bytes.write(offset, data)
    }
}

/// Commits that note that they were run.
#[expect(clippy::disallowed_methods, reason = "each is awaited by its test")]
fn send(store: &Store, closures: usize, ran: &Arc<AtomicUsize>) -> Vec<Answer> {
    let send_one = |_| {
        let (store, ran) = (store.clone(), Arc::clone(ran));
        tokio::spawn(async move {
            let work = move |txn: &mut Txn| {
                let place = ran.fetch_add(1, Ordering::SeqCst);
                txn.put(Table::Meta, place.to_be_bytes().to_vec(), vec![1]).map_err(Abort::from)
            };
            store.commit(work).await
        })
    };
    (0..closures).map(send_one).collect()
}

async fn answered(answers: Vec<Answer>) {
    for answer in answers {
        let answer = tokio::time::timeout(PATIENCE, answer).await.expect("an answer in time");
        assert!(matches!(answer, Ok(Ok(()))), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_few_come_the_next_batch_is_ready_when_one_lands() {
    let disk = SlowDisk::new();
    let store = Store::open(Backing::Custom(Box::new(disk.clone())), &Options::default()).expect("opens");
    let ran = Arc::new(AtomicUsize::new(0));
    disk.change(|gate| gate.is_shut = true);
    let mut answers = send(&store, 1, &ran);
    until("the first is on its way", || disk.gate().waiting == 1).await;
    for more in 1..=3 {
        answers.extend(send(&store, 1, &ran));
        until("what comes is run while the first is on its way", || ran.load(Ordering::SeqCst) == 1 + more)
            .await;
    }
    assert!(answers.iter().all(|answer| !answer.is_finished()), "nothing is answered before it is on disk");
    disk.change(|gate| gate.is_shut = false);
    answered(answers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_little_to_wake_the_writer_is_run_when_a_batch_lands() {
    let disk = SlowDisk::new();
    let store = Store::open(Backing::Custom(Box::new(disk.clone())), &Options::default()).expect("opens");
    let ran = Arc::new(AtomicUsize::new(0));
    disk.change(|gate| gate.is_shut = true);
    let mut first = send(&store, 1, &ran);
    until("the first is on its way", || disk.gate().waiting == 1).await;
    let many = send(&store, 40, &ran);
    until("many are run behind it", || ran.load(Ordering::SeqCst) == 41).await;
    let first = first.remove(0);
    until("the first lands, the many depart", || {
        let mut gate = disk.gate();
        if !first.is_finished() && gate.let_go == 0 && gate.waiting == 1 {
            gate.let_go = 1;
            disk.gate.1.notify_all();
        }
        first.is_finished()
    })
    .await;
    // One is fewer than the eight for which the writer is woken.
    let last = send(&store, 1, &ran);
    disk.change(|gate| gate.is_shut = false);
    answered(many).await;
    answered(last).await;
    store.close().await;
    assert_eq!(ran.load(Ordering::SeqCst), 42);
}
