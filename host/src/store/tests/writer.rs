//! What the writer promises to the closures of one batch.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::super::commit::Message;
use super::super::job;
use super::super::schema::{FORMAT, Table};
use super::super::txn::{TXN_BYTES_MAX, TXN_KEYS_MAX};
use super::super::{Abort, Backing, CommitError, Error, Options, Read, Store, Txn};
use super::{PATIENCE, until};

type Nothing = Result<(), Abort<&'static str>>;

fn open(options: &Options) -> Store {
    Store::open(Backing::Memory, options).expect("opens")
}

fn put(txn: &mut Txn, key: &str) -> Result<(), Error> {
    txn.put(Table::Meta, key.as_bytes(), vec![1])
}

fn has(read: &impl Read, key: &str) -> bool {
    read.get(Table::Meta, key.as_bytes()).expect("reads").is_some()
}

/// A closure that holds the writer until the sender is used: what is queued meanwhile is one batch.
fn gate() -> (mpsc::Sender<()>, impl Fn(&mut Txn) -> Nothing + Send + 'static) {
    let (open, closed) = mpsc::channel();
    let closed = Mutex::new(closed);
    (open, move |_: &mut Txn| {
        closed.lock().expect("is whole").recv().expect("is opened");
        Ok(())
    })
}

#[tokio::test]
async fn a_refused_or_panicking_closure_in_a_batch_leaves_nothing_and_hurts_no_neighbour() {
    let store = open(&Options::default());
    let (release, held) = gate();
    let (first, before, refused, panicked, after, ()) = tokio::join!(
        biased;
        store.commit(held),
        store.commit(|txn| -> Nothing { Ok(put(txn, "before")?) }),
        store.commit(|txn| -> Nothing {
            put(txn, "refused")?;
            txn.remove(Table::Meta, b"before")?;
            Err(Abort::Refused("no"))
        }),
        store.commit(|txn| -> Nothing {
            put(txn, "panicked")?;
            std::panic::panic_any("half-way".to_owned())
        }),
        store.commit(|txn| -> Nothing {
            assert!(has(txn, "before") && !has(txn, "refused") && !has(txn, "panicked"));
            Ok(put(txn, "after")?)
        }),
        async { release.send(()).expect("is held") },
    );
    assert!(first.is_ok() && before.is_ok() && after.is_ok(), "{first:?} {before:?} {after:?}");
    assert!(matches!(refused, Err(CommitError::Refused("no"))));
    assert!(matches!(panicked, Err(CommitError::Panicked(said)) if said == "half-way"));
    let snapshot = store.snapshot().expect("reads");
    assert!(has(&snapshot, "before") && has(&snapshot, "after"));
    assert!(!has(&snapshot, "refused") && !has(&snapshot, "panicked"));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let store = open(&Options { queue_max: 1, ..Options::default() });
    let (started, has_started) = mpsc::channel();
    let (release, held) = gate();
    let mut holding = std::pin::pin!(store.commit(move |txn: &mut Txn| {
        started.send(()).expect("is awaited");
        held(txn)
    }));
    assert!((&mut holding).now_or_never().is_none());
    has_started.recv().expect("starts");
    let (waiting, refused, ()) = tokio::join!(
        biased;
        store.commit(|_| -> Nothing { Ok(()) }),
        store.commit(|_| -> Nothing { Ok(()) }),
        async { release.send(()).expect("is held") },
    );
    assert!(matches!(refused, Err(CommitError::Store(Error::Overloaded))), "{refused:?}");
    assert!(waiting.is_ok() && holding.await.is_ok());
}

#[tokio::test]
async fn a_caller_that_goes_away_hurts_nobody_and_its_write_stands() {
    let store = open(&Options::default());
    assert!(store.commit(|txn| -> Nothing { Ok(put(txn, "gone")?) }).now_or_never().is_none());
    store.commit(|txn| -> Nothing { Ok(put(txn, "here")?) }).await.expect("commits");
    let snapshot = store.snapshot().expect("reads");
    assert!(has(&snapshot, "gone") && has(&snapshot, "here"));
}

#[tokio::test]
async fn a_closure_that_writes_too_much_is_refused_even_if_it_hides_it() {
    let store = open(&Options::default());
    let bytes = store.commit(|txn| -> Nothing {
        put(txn, "small")?;
        let _ = txn.put(Table::Meta, b"large", vec![0; TXN_BYTES_MAX]);
        Ok(())
    });
    assert!(matches!(bytes.await, Err(CommitError::Store(Error::TooLarge))));
    let keys = store.commit(|txn| -> Nothing {
        (0..=TXN_KEYS_MAX).try_for_each(|number| put(txn, &number.to_string()))?;
        Ok(())
    });
    assert!(matches!(keys.await, Err(CommitError::Store(Error::TooLarge))));
    let snapshot = store.snapshot().expect("reads");
    assert!(!has(&snapshot, "small") && !has(&snapshot, "0"));
}

#[tokio::test]
async fn the_rerun_switch_runs_twice_and_finds_closures_that_differ() {
    let store = open(&Options { rerun_one_in: Some(1), ..Options::default() });
    let runs = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&runs);
    let steady = store.commit(move |txn| -> Nothing {
        counting.fetch_add(1, Ordering::Relaxed);
        assert!(!has(txn, "steady"), "the second run sees what the first one wrote");
        Ok(put(txn, "steady")?)
    });
    steady.await.expect("commits");
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    let fickle = store.commit(move |txn| -> Nothing {
        let run = runs.fetch_add(1, Ordering::Relaxed);
        Ok(put(txn, &format!("fickle {run}"))?)
    });
    assert!(matches!(fickle.await, Err(CommitError::Store(Error::NotRerunnable))));
    let snapshot = store.snapshot().expect("reads");
    assert!(has(&snapshot, "steady") && !has(&snapshot, "fickle 2") && !has(&snapshot, "fickle 3"));
}

#[tokio::test]
async fn closing_commits_what_was_queued_and_the_file_opens_again() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let path = folder.path().join("store.redb");
    let store = Store::open(Backing::File(path.clone()), &Options::default()).expect("opens");
    let (queued, ()) = tokio::join!(
        biased;
        store.commit(|txn| -> Nothing { Ok(put(txn, "queued")?) }),
        store.close(),
    );
    queued.expect("commits");
    let late = store.commit(|txn| -> Nothing { Ok(put(txn, "late")?) }).await;
    assert!(matches!(late, Err(CommitError::Store(Error::Failed(_)))), "{late:?}");
    assert_eq!(store.failure(), None);
    drop(store);
    let store = Store::open(Backing::File(path), &Options::default()).expect("opens again");
    let snapshot = store.snapshot().expect("reads");
    assert!(has(&snapshot, "queued") && !has(&snapshot, "late"));
}

#[tokio::test]
async fn a_file_of_a_newer_program_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let path = folder.path().join("store.redb");
    let store = Store::open(Backing::File(path.clone()), &Options::default()).expect("opens");
    let newer = super::super::codec::encode("meta", 1, &(FORMAT + 1)).expect("encodes");
    let work = move |txn: &mut Txn| -> Nothing { Ok(txn.put(Table::Meta, b"format", newer.clone())?) };
    store.commit(work).await.expect("commits");
    store.close().await;
    drop(store);
    let refused = Store::open(Backing::File(path), &Options::default()).expect_err("is newer");
    assert!(refused.to_string().contains("start the newer program"), "{refused}");
}

/// Who has a place in the queue when the writer ends, and takes it a moment later, does not wait for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_sends_while_the_writer_ends_is_told_of_the_end() {
    let store = open(&Options::default());
    let place = store.queue.sender().try_reserve().expect("there is room");
    store.close().await;
    until("the queue is closed", || store.queue.sender().is_closed()).await;
    let (sender, answer) = oneshot::channel();
    let work = |_: &mut Txn| -> Nothing { Ok(()) };
    place.send(Message::Job(job(work, sender)));
    let answer = tokio::time::timeout(PATIENCE, answer).await.expect("an end in time");
    assert!(answer.is_err(), "it was not run: {answer:?}");
}
