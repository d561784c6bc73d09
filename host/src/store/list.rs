//! Lists: which part of one is asked for, and the walk that finds it.
//!
//! Promises: the first pages of a list that one index or one word describes cost the same, however long it is. All
//! else (a page far inside, several filters at once, whose total is kept nowhere) is walked: [`Walk::rows`] says
//! beforehand how far, and [`Walk::run`] stops when it is told to and goes on later, on the same snapshot.
//!
//! Never here: a record that is read and not shown, save where a searched word is longer than the lists tell.

use uuid::Uuid;

use super::Error;
use super::key_list::{BLOCK_MAX, Key, KeyCursor, KeyList};
use super::record::{self, Record};
use super::txn::Read;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStart {
    /// After so many of the newest.
    Offset(u64),
    /// After this id, whatever was inserted since.
    After(Uuid),
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Where it begins.
    pub start: PageStart,
    /// How many at the most.
    pub limit: usize,
}

/// A part of a list, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many the whole list has.
    pub total: u64,
    /// Id of the last item where more follow.
    pub next: Option<Uuid>,
}

impl PageRequest {
    /// The newest, so many at the most.
    #[must_use]
    pub const fn first(limit: usize) -> Self {
        Self { start: PageStart::Offset(0), limit }
    }

    /// This part of a list that has one item or none: a company key's list of companies.
    #[must_use]
    pub fn of_one<T>(&self, item: Option<T>) -> Page<T> {
        let reached = self.start == PageStart::Offset(0) && 0 < self.limit;
        let total = u64::from(item.is_some());
        Page { items: item.into_iter().filter(|_| reached).collect(), total, next: None }
    }

    /// All entries of the page are older than this one.
    fn before(&self) -> Option<Key> {
        match self.start {
            PageStart::Offset(_) => None,
            PageStart::After(id) => Some(id.as_u128()),
        }
    }

    /// Entries that stand before the page.
    const fn offset(&self) -> u64 {
        match self.start {
            PageStart::Offset(offset) => offset,
            PageStart::After(_) => 0,
        }
    }
}

impl<T> Page<T> {
    /// The page of a list that has nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self { items: Vec::new(), total: 0, next: None }
    }

    /// The same page of something that each item is shown as.
    ///
    /// # Errors
    /// The first that `show` gives.
    pub fn try_map<U, E>(self, show: impl FnMut(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(show).collect::<Result<_, E>>()?;
        Ok(Page { items, total: self.total, next: self.next })
    }
}

/// Decides on a record that the lists alone do not decide on.
type Keep<R> = Box<dyn Fn(&R) -> bool + Send>;

/// The way to one page of the records that stand in every one of some lists.
pub struct Walk<R> {
    /// The shortest first, once their lengths are known.
    lists: Vec<KeyList>,
    keep: Option<Keep<R>>,
    request: PageRequest,
    /// Records of the shortest list.
    shortest: Option<u64>,
    /// All that are not older than this one are behind.
    at: Option<Key>,
    /// Entries of the whole list that were passed.
    passed: u64,
    /// Of the page, and one more where more follow.
    found: Vec<Key>,
}

impl<R> std::fmt::Debug for Walk<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Walk")
            .field("request", &self.request)
            .field("passed", &self.passed)
            .finish_non_exhaustive()
    }
}

/// What reading a record and its words costs, in rows.
const ROWS_OF_A_LOOK: u64 = 10;

/// Entries after which a walk asks whether to go on: some microseconds.
const ENTRIES_AT_ONCE: u64 = 64;

impl<R: Record> Walk<R> {
    pub(crate) fn new(lists: Vec<KeyList>, request: PageRequest) -> Self {
        Self { lists, keep: None, request, shortest: None, at: None, passed: 0, found: Vec::new() }
    }

    /// The way to the page of a list that has nothing.
    #[must_use]
    pub fn nowhere() -> Self {
        Self::new(Vec::new(), PageRequest::first(0))
    }

    /// Only of those records that `keep` keeps as well.
    pub(crate) fn keeping(mut self, keep: impl Fn(&R) -> bool + Send + 'static) -> Self {
        self.keep = Some(Box::new(keep));
        self
    }

    /// About how many rows it will read before it comes to the page.
    ///
    /// # Errors
    /// The engine fails.
    pub fn rows(&mut self, read: &impl Read) -> Result<u64, Error> {
        let shortest = self.measure(read)?;
        let of_each = if self.keep.is_some() { ROWS_OF_A_LOOK } else { 1 };
        Ok(match (self.lists.as_slice(), &self.keep) {
            ([_], None) if self.request.offset() < shortest => self.request.offset() / BLOCK_MAX as u64,
            ([_], None) | ([], _) => 0,
            // Each is looked for in the other lists, a jump at the worst.
            _ => shortest.saturating_mul(self.lists.len() as u64 * of_each),
        })
    }

    /// Walks as long as `goes_on` says so; nothing when it was stopped. Call it again then, with the same snapshot.
    ///
    /// # Errors
    /// The engine fails, or a row cannot be read.
    pub fn run(
        &mut self,
        read: &impl Read,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Page<R>>, Error> {
        let shortest = self.measure(read)?;
        let has_arrived = match (self.lists.as_slice(), &self.keep) {
            ([], _) => true,
            ([_], None) => self.run_alone(read, shortest, goes_on)?,
            _ => self.run_together(read, goes_on)?,
        };
        if !has_arrived {
            return Ok(None);
        }
        let total = if self.lists.len() == 1 && self.keep.is_none() { shortest } else { self.passed };
        let more = self.request.limit < self.found.len();
        self.found.truncate(self.request.limit);
        let records = self.found.iter().map(|key| record::named(read, &key.to_be_bytes()));
        let items = records.collect::<Result<_, _>>()?;
        let last = self.found.last().map(|key| Uuid::from_u128(*key));
        Ok(Some(Page { items, total, next: last.filter(|_| more) }))
    }

    /// Walks to the end.
    ///
    /// # Errors
    /// As [`Walk::run`].
    pub fn run_to_the_end(mut self, read: &impl Read) -> Result<Page<R>, Error> {
        Ok(self.run(read, &mut || true)?.unwrap_or_else(Page::empty))
    }

    /// Puts the shortest list first; how long it is.
    fn measure(&mut self, read: &impl Read) -> Result<u64, Error> {
        if let Some(shortest) = self.shortest {
            return Ok(shortest);
        }
        let mut counted = Vec::with_capacity(self.lists.len());
        for list in self.lists.drain(..) {
            counted.push((list.count(read)?, list));
        }
        counted.sort_by_key(|(count, _)| *count);
        let shortest = counted.first().map_or(0, |(count, _)| *count);
        self.lists.extend(counted.into_iter().map(|(_, list)| list));
        self.shortest = Some(shortest);
        Ok(shortest)
    }

    /// One list, whose total is kept: what stands before the page is passed over without being looked at.
    fn run_alone(
        &mut self,
        read: &impl Read,
        total: u64,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<bool, Error> {
        let offset = self.request.offset();
        // Nothing to walk: a page far beyond the end costs as little as one within.
        if total <= offset {
            return Ok(true);
        }
        let Some(list) = self.lists.first() else { return Ok(true) };
        let mut cursor = list.cursor(read, self.at.or(self.request.before()))?;
        while self.passed < offset {
            let (passed, last) = cursor.skip(ENTRIES_AT_ONCE.min(offset - self.passed))?;
            self.passed += passed;
            self.at = last.or(self.at);
            if passed == 0 {
                return Ok(true);
            }
            if !goes_on() {
                return Ok(false);
            }
        }
        while self.found.len() <= self.request.limit {
            let Some(key) = cursor.next()? else { break };
            self.found.push(key);
        }
        Ok(true)
    }

    /// Several lists, or records that have to be looked at: what is in all of them is counted to the end, since
    /// the total is kept nowhere.
    fn run_together(&mut self, read: &impl Read, goes_on: &mut dyn FnMut() -> bool) -> Result<bool, Error> {
        let Some((shortest, others)) = self.lists.split_first() else { return Ok(true) };
        let mut cursor = shortest.cursor(read, self.at)?;
        let mut others =
            others.iter().map(|list| list.cursor(read, self.at)).collect::<Result<Vec<_>, _>>()?;
        let (offset, before) = (self.request.offset(), self.request.before());
        let mut entries = 0;
        while let Some(key) = cursor.next()? {
            if is_everywhere(&mut others, key)? && is_kept(read, self.keep.as_ref(), key)? {
                let is_reached = offset <= self.passed && before.is_none_or(|before| key < before);
                if is_reached && self.found.len() <= self.request.limit {
                    self.found.push(key);
                }
                self.passed += 1;
            }
            self.at = Some(key);
            entries += 1;
            if entries == ENTRIES_AT_ONCE {
                entries = 0;
                if !goes_on() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

fn is_everywhere<T: Read>(others: &mut [KeyCursor<'_, T>], key: Key) -> Result<bool, Error> {
    for other in others {
        if !other.has(key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_kept<R: Record>(read: &impl Read, keep: Option<&Keep<R>>, key: Key) -> Result<bool, Error> {
    match keep {
        Some(keep) => Ok(keep(&record::named(read, &key.to_be_bytes())?)),
        None => Ok(true),
    }
}
