//! Pages of lists. Nearly every one is read at once. What has to be walked for (a page far inside a list, several
//! filters at once, whose total is kept nowhere) goes to a thread of its own, a slice of some milliseconds at a time.
//!
//! Promises: few walks run at once, so that a core is left for everybody else. ATSs take turns slice by slice, and
//! one of them walks for one request after another: who asks for a single far page waits for no queue of another's.
//! An ATS that has too many waiting is refused, and nobody waits for ever. A caller that goes away ends its walk with
//! the slice.
//!
//! Never here: a walk on the threads that serve requests.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use switchboard_domain::company::Company;
use switchboard_domain::id::{AtsId, CompanyId};
use tokio::sync::oneshot;

use crate::app::{App, Error};
use crate::clock::Clock;
use crate::store::{self, Page, Record, Snapshot, Walk};

/// Up to here a walk costs less than the thread that would take it: about 100 ns a row.
const NEAR_ROWS: u64 = 1_000;

/// How long a walk runs before another ATS has its turn: long against what a turn costs, short against what a
/// person notices.
const SLICE: Duration = Duration::from_millis(5);

/// Walks of one ATS that may run or wait; one more is refused. Those over a million records take some tenths of a
/// second, so that the last one waits for some seconds.
const OF_ONE_ATS_MAX: usize = 32;

/// How long a page may take, its waiting included: who asked has given up by then.
const WITHIN: Duration = Duration::from_secs(20);

/// Whose list it is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    Ats(AtsId),
    Company(CompanyId),
}

impl App {
    /// Reads a page. `walk` may be asked twice, for two snapshots; `show` sees the one that the page is from.
    pub(crate) async fn read_page<R, T>(
        &self,
        whose: Whose,
        walk: impl Fn(&Snapshot) -> Result<Walk<R>, store::Error>,
        show: impl FnOnce(&Snapshot, Page<R>) -> Result<Page<T>, store::Error>,
    ) -> Result<Page<T>, Error>
    where
        R: Record + Send + 'static,
    {
        let snapshot = self.snapshot()?;
        let mut near = walk(&snapshot)?;
        if near.rows(&snapshot)? <= NEAR_ROWS {
            let page = near.run_to_the_end(&snapshot)?;
            return Ok(show(&snapshot, page)?);
        }
        let ats_id = match whose {
            Whose::Ats(ats_id) => Some(ats_id),
            Whose::Company(id) => store::get::<Company>(&snapshot, &id)?.map(|company| company.ats_id),
        };
        // Old pages are kept for a snapshot, so that nobody waits with one in hand.
        drop((near, snapshot));
        let entry =
            self.walkers().enter(ats_id).ok_or(Error::Overloaded("too many far pages are asked for"))?;
        let (snapshot, page) = in_time(self.clock(), self.walk_far(&entry, walk)).await??;
        Ok(show(&snapshot, page)?)
    }

    /// Walks slice by slice, on one snapshot.
    async fn walk_far<R>(
        &self,
        entry: &Entry,
        walk: impl Fn(&Snapshot) -> Result<Walk<R>, store::Error>,
    ) -> Result<(Snapshot, Page<R>), Error>
    where
        R: Record + Send + 'static,
    {
        let mut turn = entry.turn().await;
        let snapshot = self.snapshot()?;
        let mut far = walk(&snapshot)?;
        loop {
            let on = Snapshot::clone(&snapshot);
            let slice = tokio::task::spawn_blocking(move || {
                let until = Instant::now() + SLICE;
                let page = far.run(&on, &mut || Instant::now() < until);
                // With the turn, which lasts as long as the slice whether or not somebody waits for it.
                (far, page, turn)
            });
            let sliced = slice.await;
            let (walked, page, held) =
                sliced.map_err(|error| Error::Internal(format!("a list could not be walked: {error}")))?;
            if let Some(page) = page? {
                return Ok((snapshot, page));
            }
            far = walked;
            turn = entry.give_way(held).await;
        }
    }
}

/// What a walk gives, unless it takes too long.
async fn in_time<T>(clock: &Clock, walk: impl Future<Output = T>) -> Result<T, Error> {
    let too_late = clock.sleep_until(clock.now().plus(WITHIN));
    tokio::select! {
        // A walk that has just ended is answered.
        biased;
        walked = walk => Ok(walked),
        () = too_late => Err(Error::Overloaded("a far page took too long")),
    }
}

/// Who may walk, and who waits. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Walkers(Arc<Mutex<State>>);

/// An ATS; none where the company of a list has just been deleted.
type Whom = Option<AtsId>;

#[derive(Debug, Default)]
struct State {
    /// Further ones that may walk.
    free: usize,
    /// The next ATS first; each has somebody waiting.
    order: VecDeque<Whom>,
    waiting: BTreeMap<Whom, VecDeque<oneshot::Sender<Turn>>>,
    /// Walks that run or wait.
    under_way: BTreeMap<Whom, usize>,
}

/// One walk among those of its ATS, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Entry {
    walkers: Walkers,
    whom: Whom,
}

/// The right to walk now. Dropping it lets the next one.
#[derive(Debug)]
pub(crate) struct Turn(Option<Walkers>);

impl Default for Walkers {
    /// Half of the machine's cores: the other half serves meanwhile.
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, NonZeroUsize::get) / 2)
    }
}

impl Walkers {
    /// So many at once, and one at least.
    fn new(at_once: usize) -> Self {
        Self(Arc::new(Mutex::new(State { free: at_once.max(1), ..State::default() })))
    }

    /// Enters a walk of this ATS, if it has not too many.
    pub(crate) fn enter(&self, whom: Whom) -> Option<Entry> {
        let mut state = self.lock();
        let under_way = state.under_way.entry(whom).or_default();
        if OF_ONE_ATS_MAX <= *under_way {
            return None;
        }
        *under_way += 1;
        Some(Entry { walkers: self.clone(), whom })
    }

    /// What is under the lock cannot panic half-way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_on(&self) {
        let mut state = self.lock();
        while let Some(next) = state.next() {
            match next.send(Turn(Some(self.clone()))) {
                Ok(()) => return,
                // Nobody waits for it any more; it must not pass itself on, under this lock.
                Err(mut turn) => turn.0 = None,
            }
        }
        state.free += 1;
    }
}

impl State {
    fn wait(
        &mut self,
        whom: Whom,
        join: impl FnOnce(&mut VecDeque<oneshot::Sender<Turn>>, oneshot::Sender<Turn>),
    ) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        let waiting = self.waiting.entry(whom).or_default();
        if waiting.is_empty() {
            self.order.push_back(whom);
        }
        join(waiting, sender);
        receiver
    }

    /// Who is next. Its ATS goes to the end of the order.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let whom = self.order.pop_front()?;
        let mut waiting = self.waiting.remove(&whom)?;
        let next = waiting.pop_front();
        if !waiting.is_empty() {
            self.waiting.insert(whom, waiting);
            self.order.push_back(whom);
        }
        next
    }
}

impl Entry {
    /// Waits for the first turn, behind all others of the same ATS.
    pub(crate) async fn turn(&self) -> Turn {
        let receiver = {
            let mut state = self.walkers.lock();
            // One is free only as long as nobody waits.
            if 0 < state.free {
                state.free -= 1;
                return Turn(Some(self.walkers.clone()));
            }
            state.wait(self.whom, VecDeque::push_back)
        };
        taken(receiver).await
    }

    /// Lets the other ATSs have their turns. Of its own ATS it is the next: what was begun ends first.
    pub(crate) async fn give_way(&self, turn: Turn) -> Turn {
        let receiver = {
            let mut state = self.walkers.lock();
            if state.order.is_empty() {
                return turn;
            }
            state.wait(self.whom, VecDeque::push_front)
        };
        drop(turn);
        taken(receiver).await
    }
}

/// A sender is kept until it sends. Were it lost, a walk too many would do no harm.
async fn taken(receiver: oneshot::Receiver<Turn>) -> Turn {
    receiver.await.unwrap_or(Turn(None))
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut state = self.walkers.lock();
        if let Some(under_way) = state.under_way.get_mut(&self.whom) {
            *under_way -= 1;
            if *under_way == 0 {
                state.under_way.remove(&self.whom);
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(walkers) = self.0.take() {
            walkers.pass_on();
        }
    }
}

#[cfg(test)]
mod tests;
