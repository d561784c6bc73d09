//! The one source of ids and secrets: from the operating system, or from a seed in tests.

use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use switchboard_domain::id::uuid_v7;
use switchboard_domain::time::Timestamp;
use uuid::Uuid;

use crate::clock::Clock;

/// Makes ids that never sort before an earlier one of this process, and random bytes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ids {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    last_millis: i64,
    counter: u16,
    seed: Option<(u64, u64)>,
    /// Drawn and not used yet, from the end on: for ids, of which a request takes several, and which are no
    /// secrets.
    drawn: Vec<u8>,
}

/// Random bytes that ids take from the operating system at once.
const DRAWN_BYTES: usize = 512;

/// Ids of one millisecond that keep their order: the width of UUIDv7's `rand_a`.
const COUNTER_MAX: u16 = 0x0fff;

impl Ids {
    /// Random bytes from the operating system.
    #[must_use]
    pub fn random(clock: Clock) -> Self {
        Self::new(clock, None)
    }

    /// Random bytes that follow from a seed. For tests only: whoever knows the seed knows the keys.
    #[must_use]
    pub fn seeded(clock: Clock, seed: u64) -> Self {
        Self::new(clock, Some((seed, 0)))
    }

    fn new(clock: Clock, seed: Option<(u64, u64)>) -> Self {
        Self {
            clock,
            state: Arc::new(Mutex::new(State { last_millis: 0, counter: 0, seed, drawn: Vec::new() })),
        }
    }

    /// The next UUIDv7. Moving the clock back does not make it smaller.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        let now_millis = self.clock.now().unix_millis();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last_millis < now_millis {
            state.last_millis = now_millis;
            state.counter = 0;
        } else if state.counter < COUNTER_MAX {
            state.counter += 1;
        } else {
            state.last_millis += 1;
            state.counter = 0;
        }
        let random = state.drawn();
        uuid_v7(Timestamp::from_unix_millis(state.last_millis), state.counter, random)
    }

    /// As many ids as one commit may need, drawn before it: a closure that is run again gives the same.
    #[must_use]
    pub fn series(&self) -> Series {
        Series(self.uuid())
    }

    /// Bytes that nobody can guess.
    #[must_use]
    pub fn secret<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0_u8; N];
        self.state.lock().unwrap_or_else(PoisonError::into_inner).fill(&mut bytes);
        bytes
    }
}

/// Ids that follow from one, as different from all others as that one is.
#[derive(Debug, Clone)]
pub struct Series(Uuid);

impl Series {
    /// The next one.
    pub fn uuid(&mut self) -> Uuid {
        let (high, low) = self.0.as_u64_pair();
        // The two highest bits are the variant's.
        let variant = low & (0b11 << 62);
        self.0 = Uuid::from_u64_pair(high, variant | (low.wrapping_add(1) & !(0b11 << 62)));
        self.0
    }
}

impl State {
    fn drawn(&mut self) -> [u8; 8] {
        let mut random = [0_u8; 8];
        if self.seed.is_some() {
            // Of a seed each draw is one step, whatever it is for.
            self.fill(&mut random);
            return random;
        }
        if self.drawn.is_empty() {
            let mut fresh = vec![0; DRAWN_BYTES];
            self.fill(&mut fresh);
            self.drawn = fresh;
        }
        let rest = self.drawn.len() - random.len();
        random.copy_from_slice(&self.drawn[rest..]);
        self.drawn.truncate(rest);
        random
    }

    #[expect(clippy::disallowed_methods, reason = "this is the source that everybody else asks")]
    #[expect(
        clippy::expect_used,
        reason = "a machine without randomness cannot make keys; stopping is right"
    )]
    fn fill(&mut self, bytes: &mut [u8]) {
        match &mut self.seed {
            None => getrandom::fill(bytes).expect("the operating system has no randomness"),
            Some((seed, drawn)) => {
                for chunk in bytes.chunks_mut(32) {
                    *drawn += 1;
                    let mut hash = Sha256::new();
                    hash.update(seed.to_be_bytes());
                    hash.update(drawn.to_be_bytes());
                    chunk.copy_from_slice(&hash.finalize()[..chunk.len()]);
                }
            }
        }
    }
}
