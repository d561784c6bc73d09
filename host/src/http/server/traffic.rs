//! What goes on on one HTTP/2 connection: requests at work and answers on their way.
//!
//! A socket says nothing of a single stream: a peer can read the connection and never make room for its
//! answers, or reset a request and send the next one while the first is still at work. So both are counted
//! here, and a request waits for its turn before anybody looks at it. Bounded: requests at work and bytes on
//! their way, of the whole connection; how long an answer may stand still, of each.

use std::collections::HashMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Bytes of answers that may be on their way before further requests wait. Some of the largest pages; what a
/// peer with a shut window can make us keep for one connection is this and one answer for each stream.
const UNDELIVERED_BYTES_MAX: usize = 4 << 20;

/// Answers share a line, so one may stand still while others move; for so many times the bound of the whole.
const PATIENCE_WITH_ONE: u32 = 4;

/// One connection's. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Traffic {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// One permit for each request that may be at work.
    turns: Arc<Semaphore>,
    turns_max: usize,
    answers: Mutex<Answers>,
    /// Rung when bytes have gone.
    eased: Notify,
}

#[derive(Debug)]
struct Answers {
    made: u64,
    on_their_way: HashMap<u64, OnItsWay>,
    undelivered_bytes: usize,
    /// When something last began or went.
    active: Instant,
    /// When bytes last went.
    moved: Instant,
}

#[derive(Debug)]
struct OnItsWay {
    left_bytes: usize,
    moved: Instant,
}

/// A request's turn; the next one begins when it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Answers {
    fn new(now: Instant) -> Self {
        Self { made: 0, on_their_way: HashMap::new(), undelivered_bytes: 0, active: now, moved: now }
    }

    /// An answer begins; returns its number.
    fn began(&mut self, bytes: usize, now: Instant) -> u64 {
        self.active = now;
        if self.on_their_way.is_empty() {
            self.moved = now;
        }
        self.made += 1;
        self.undelivered_bytes += bytes;
        self.on_their_way.insert(self.made, OnItsWay { left_bytes: bytes, moved: now });
        self.made
    }

    /// Bytes of an answer have left, or are not wanted any more.
    fn gone(&mut self, number: u64, bytes: usize, now: Instant) {
        (self.active, self.moved) = (now, now);
        self.undelivered_bytes = self.undelivered_bytes.saturating_sub(bytes);
        if let Some(answer) = self.on_their_way.get_mut(&number) {
            answer.left_bytes = answer.left_bytes.saturating_sub(bytes);
            answer.moved = now;
            if answer.left_bytes == 0 {
                self.on_their_way.remove(&number);
            }
        }
    }

    fn has_room(&self) -> bool {
        self.undelivered_bytes < UNDELIVERED_BYTES_MAX
    }

    fn is_stalled(&self, bound: Duration, now: Instant) -> bool {
        let for_long = |since: Instant, bound: Duration| bound <= now.saturating_duration_since(since);
        let nothing_moves = for_long(self.moved, bound);
        let mut answers = self.on_their_way.values();
        answers.any(|answer| nothing_moves || for_long(answer.moved, bound * PATIENCE_WITH_ONE))
    }
}

impl Traffic {
    /// Of a connection that was just made.
    pub(super) fn new(turns_max: usize) -> Self {
        let shared = Shared {
            turns: Arc::new(Semaphore::new(turns_max)),
            turns_max,
            answers: Mutex::new(Answers::new(Instant::now())),
            eased: Notify::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Waits until a request may be worked on. Ends with the connection, at the latest.
    pub(super) async fn turn(&self) -> Turn {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.shared.turns).acquire_owned().await.ok();
        loop {
            let eased = self.shared.eased.notified();
            {
                let mut answers = self.answers();
                if answers.has_room() {
                    answers.active = Instant::now();
                    return Turn { _permit: permit };
                }
            }
            eased.await;
        }
    }

    /// Sends an answer on its way.
    pub(super) fn answer(&self, bytes: Bytes) -> Answer {
        let mut answers = self.answers();
        if bytes.is_empty() {
            answers.active = Instant::now();
            return Answer(None);
        }
        let number = answers.began(bytes.len(), Instant::now());
        drop(answers);
        Answer(Some(Tracked { bytes, number, traffic: self.clone() }))
    }

    /// Since when nothing has been going on; nothing while something is.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let answers = self.answers();
        let is_idle =
            answers.on_their_way.is_empty() && self.shared.turns.available_permits() == self.shared.turns_max;
        is_idle.then_some(answers.active)
    }

    /// Whether the peer makes no room for what it asked for: for nothing within the bound, or for one answer
    /// for much longer.
    pub(super) fn is_stalled(&self, bound: Duration) -> bool {
        self.answers().is_stalled(bound, Instant::now())
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.shared.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn gone(&self, number: u64, bytes: usize) {
        let mut answers = self.answers();
        answers.gone(number, bytes, Instant::now());
        let has_room = answers.has_room();
        drop(answers);
        if has_room {
            self.shared.eased.notify_waiters();
        }
    }
}

/// The body of an answer, counted until its last byte has left or nobody wants it any more.
#[derive(Debug)]
pub(super) struct Answer(Option<Tracked>);

/// The bytes of an answer that have not left.
#[derive(Debug)]
pub(super) struct Tracked {
    bytes: Bytes,
    number: u64,
    traffic: Traffic,
}

impl Body for Answer {
    type Data = Tracked;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Tracked>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |tracked| tracked.bytes.len() as u64))
    }
}

impl Buf for Tracked {
    fn remaining(&self) -> usize {
        self.bytes.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.bytes.chunk()
    }

    fn advance(&mut self, count: usize) {
        self.bytes.advance(count);
        self.traffic.gone(self.number, count);
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            self.traffic.gone(self.number, self.bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn body(answer: &mut Answer) -> Tracked {
        let frame = Pin::new(answer).poll_frame(&mut Context::from_waker(std::task::Waker::noop()));
        match frame {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_connection_is_idle_when_nothing_is_at_work_or_on_its_way() {
        let traffic = Traffic::new(2);
        let start = traffic.idle_since().unwrap();
        let turn = traffic.turn().await;
        assert_eq!(traffic.idle_since(), None);
        let mut answer = traffic.answer(Bytes::from_static(b"four"));
        drop(turn);
        assert_eq!(traffic.idle_since(), None, "the answer has not left");
        let mut tracked = body(&mut answer);
        tracked.advance(3);
        assert_eq!(traffic.idle_since(), None);
        tracked.advance(1);
        assert!(start < traffic.idle_since().unwrap());
        drop(tracked);
        assert!(traffic.answer(Bytes::new()).is_end_stream());
        assert!(traffic.idle_since().is_some(), "an empty answer is no burden");
    }

    #[test]
    fn an_answer_that_stands_still_is_told_and_one_that_moves_is_not() {
        let (mut now, bound) = (Instant::now(), Duration::from_secs(10));
        let mut answers = Answers::new(now);
        now += bound * 9;
        let moving = answers.began(6, now);
        let still = answers.began(3, now);
        for _ in 0..4 {
            assert!(!answers.is_stalled(bound, now), "the other one moves");
            now += Duration::from_secs(9);
            answers.gone(moving, 1, now);
        }
        now += Duration::from_secs(4);
        assert!(answers.is_stalled(bound, now), "one stands still for far too long");
        answers.gone(still, 3, now);
        assert!(!answers.is_stalled(bound, now), "nobody wants it any more");
        now += bound;
        assert!(answers.is_stalled(bound, now), "nothing moves");
        answers.gone(moving, 2, now);
        assert!(!answers.is_stalled(bound, now + bound), "nothing is on its way");
    }

    #[tokio::test]
    async fn turns_wait_for_others_and_for_answers_to_leave() {
        let traffic = Traffic::new(1);
        let first = traffic.turn().await;
        assert!(traffic.turn().now_or_never().is_none());
        drop(first);
        drop(traffic.turn().now_or_never().unwrap());
        let large = traffic.answer(Bytes::from(vec![0; UNDELIVERED_BYTES_MAX]));
        let mut waiting = Box::pin(traffic.turn());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(large);
        assert!(waiting.now_or_never().is_some());
    }
}
