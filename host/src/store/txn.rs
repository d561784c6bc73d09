//! What commit closures and readers see: a snapshot, and over it the writes of this batch and of this
//! closure.

use std::collections::btree_map;
use std::fmt;
use std::iter::Peekable;
use std::sync::Arc;

use super::Error;
use super::engine::{EngineRange, EngineRow, View};
use super::overlay::{Bounds, Overlay};
use super::schema::Table;

/// Rows that one closure may write: twice what the largest request of the contract needs. That is another
/// description for a job, in which nothing begins as in the one before: nearly 5,000 word lists lose the job, and as
/// many get it.
pub(crate) const TXN_KEYS_MAX: usize = 20_000;

/// Bytes that one closure may write: a request's body is at most 1 MiB, its reply is stored too, and each of those
/// lists has a row of up to 700 bytes.
pub(crate) const TXN_BYTES_MAX: usize = 16 << 20;

/// Reading, the same from a snapshot and inside a commit.
pub trait Read {
    /// What `see` makes of the row under this key, where it lies.
    ///
    /// # Errors
    /// The engine fails.
    fn with_row<T>(&self, table: Table, key: &[u8], see: impl FnOnce(Option<&[u8]>) -> T)
    -> Result<T, Error>;

    /// The row under this key.
    ///
    /// # Errors
    /// The engine fails.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.with_row(table, key, |value| value.map(<[u8]>::to_vec))
    }

    /// Whether nothing was ever written to this table that may be there still. At once: no row is looked at.
    ///
    /// # Errors
    /// The engine fails.
    fn has_nothing(&self, table: Table) -> Result<bool, Error>;

    /// The rows between two keys, read as they are asked for.
    ///
    /// # Errors
    /// The engine fails.
    fn scan(&self, table: Table, bounds: Bounds, direction: Direction) -> Result<Scan<'_>, Error>;
}

/// Which end a scan begins at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The smallest key first.
    Forward,
    /// The greatest key first.
    Reverse,
}

/// What was committed at one moment. Cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    view: Arc<View>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Snapshot")
    }
}

impl Snapshot {
    pub(crate) fn new(view: View) -> Self {
        Self { view: Arc::new(view) }
    }
}

impl Snapshot {
    /// Rows of a table. Kept by the engine: nothing is walked.
    pub(crate) fn rows(&self, table: Table) -> Result<u64, Error> {
        self.view.rows(table)
    }
}

impl Read for Snapshot {
    fn with_row<T>(
        &self,
        table: Table,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T,
    ) -> Result<T, Error> {
        self.view.with_row(table, key, see)
    }

    fn has_nothing(&self, table: Table) -> Result<bool, Error> {
        Ok(self.rows(table)? == 0)
    }

    fn scan(&self, table: Table, bounds: Bounds, direction: Direction) -> Result<Scan<'_>, Error> {
        Ok(Scan::new(self.view.range(table, &bounds)?, Vec::new(), direction))
    }
}

/// What a commit closure reads and writes: its own overlay, over that of the closures before it in the
/// batch, over that of the batch before it, which may not be on disk yet, over a snapshot.
#[derive(Debug)]
pub struct Txn {
    base: Snapshot,
    below: Option<Arc<Overlay>>,
    batch: Overlay,
    own: Overlay,
    /// How often this closure has written, the same row again included.
    writes: usize,
    overflowed: bool,
}

impl Txn {
    pub(crate) fn new(base: Snapshot, below: Option<Arc<Overlay>>) -> Self {
        Self { base, below, batch: Overlay::default(), own: Overlay::default(), writes: 0, overflowed: false }
    }

    /// Sets a row.
    ///
    /// # Errors
    /// [`Error::TooLarge`]; the closure is then refused, whatever it answers.
    pub(crate) fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: Vec<u8>) -> Result<(), Error> {
        self.set(table, key.into(), Some(value))
    }

    /// Removes a row, if it is there.
    ///
    /// # Errors
    /// As [`Txn::put`].
    pub(crate) fn remove(&mut self, table: Table, key: impl Into<Vec<u8>>) -> Result<(), Error> {
        self.set(table, key.into(), None)
    }

    fn set(&mut self, table: Table, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), Error> {
        let bytes = key.len() + value.as_ref().map_or(0, Vec::len);
        if self.own.keys() >= TXN_KEYS_MAX || self.own.bytes() + bytes > TXN_BYTES_MAX {
            self.overflowed = true;
            return Err(Error::TooLarge);
        }
        self.own.set(table, key, value);
        self.writes += 1;
        Ok(())
    }

    /// How many rows this closure has written so far, and how many bytes.
    pub(crate) fn written(&self) -> (usize, usize) {
        (self.own.keys(), self.own.bytes())
    }

    /// How often it has written so far: lists that many records share are written again for each of them.
    pub(crate) fn writes(&self) -> usize {
        self.writes
    }

    /// Takes what the closure wrote, and whether it was too much.
    pub(crate) fn take_own(&mut self) -> (Overlay, bool) {
        self.writes = 0;
        (std::mem::take(&mut self.own), std::mem::take(&mut self.overflowed))
    }

    /// Makes a closure's rows part of the batch.
    pub(crate) fn absorb(&mut self, own: Overlay) {
        self.batch.absorb(own);
    }

    pub(crate) fn batch(&self) -> &Overlay {
        &self.batch
    }

    /// Lets the snapshot go, so that the engine may use its old pages again.
    pub(crate) fn into_batch(self) -> Overlay {
        self.batch
    }
}

impl Read for Txn {
    fn with_row<T>(
        &self,
        table: Table,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T,
    ) -> Result<T, Error> {
        let below = || self.below.as_ref().and_then(|below| below.get(table, key));
        match self.own.get(table, key).or_else(|| self.batch.get(table, key)).or_else(below) {
            Some(value) => Ok(see(value.as_deref())),
            None => self.base.with_row(table, key, see),
        }
    }

    fn has_nothing(&self, table: Table) -> Result<bool, Error> {
        let mut layers = [&self.own, &self.batch].into_iter().chain(self.below.as_deref());
        Ok(layers.all(|layer| layer.has_nothing(table)) && self.base.has_nothing(table)?)
    }

    fn scan(&self, table: Table, bounds: Bounds, direction: Direction) -> Result<Scan<'_>, Error> {
        let mut layers = vec![self.own.range(table, &bounds), self.batch.range(table, &bounds)];
        layers.extend(self.below.as_ref().map(|below| below.range(table, &bounds)));
        Ok(Scan::new(self.base.view.range(table, &bounds)?, layers, direction))
    }
}

/// Rows of a scan, one by one. As an iterator it copies each; [`Scan::advance`] shows them where they lie.
pub struct Scan<'a> {
    base: Base,
    /// The topmost first.
    layers: Vec<Peekable<Layer<'a>>>,
    direction: Direction,
    current: Option<Current<'a>>,
}

impl fmt::Debug for Scan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan").field("direction", &self.direction).finish_non_exhaustive()
    }
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

struct Base {
    range: EngineRange,
    head: Option<EngineRow>,
    direction: Direction,
}

struct Layer<'a> {
    rows: btree_map::Range<'a, Vec<u8>, Option<Vec<u8>>>,
    direction: Direction,
}

/// The row that a scan stands on.
enum Current<'a> {
    Base(EngineRow),
    Layer(&'a [u8], &'a [u8]),
}

impl<'a> Iterator for Layer<'a> {
    type Item = (&'a Vec<u8>, &'a Option<Vec<u8>>);

    fn next(&mut self) -> Option<Self::Item> {
        match self.direction {
            Direction::Forward => self.rows.next(),
            Direction::Reverse => self.rows.next_back(),
        }
    }
}

impl Base {
    fn advance(&mut self) -> Result<(), Error> {
        let item = match self.direction {
            Direction::Forward => self.range.next(),
            Direction::Reverse => self.range.next_back(),
        };
        self.head = item.map(EngineRow::new).transpose()?;
        Ok(())
    }
}

impl<'a> Scan<'a> {
    fn new(
        range: EngineRange,
        layers: Vec<btree_map::Range<'a, Vec<u8>, Option<Vec<u8>>>>,
        direction: Direction,
    ) -> Self {
        let layers = layers.into_iter().map(|rows| Layer { rows, direction }.peekable()).collect();
        Self { base: Base { range, head: None, direction }, layers, direction, current: None }
    }

    /// Goes on to the next row, if there is one.
    ///
    /// # Errors
    /// The engine fails.
    pub fn advance(&mut self) -> Result<bool, Error> {
        loop {
            if self.base.head.is_none() {
                self.base.advance()?;
            }
            let Some(key) = self.nearest_of_layers() else {
                self.current = self.base.head.take().map(Current::Base);
                return Ok(self.current.is_some());
            };
            // What a layer above says of a key hides what the layers below say of it.
            let mut found = None;
            for layer in &mut self.layers {
                if let Some((_, value)) = layer.next_if(|(other, _)| other.as_slice() == key) {
                    found = found.or(Some(value));
                }
            }
            drop(self.base.head.take_if(|row| row.key() == key));
            if let Some(Some(value)) = found {
                self.current = Some(Current::Layer(key, value));
                return Ok(true);
            }
        }
    }

    /// The key of the row that the scan stands on: nothing before the first and behind the last one.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        match &self.current {
            Some(Current::Base(row)) => row.key(),
            Some(Current::Layer(key, _)) => key,
            None => &[],
        }
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        match &self.current {
            Some(Current::Base(row)) => row.value(),
            Some(Current::Layer(_, value)) => value,
            None => &[],
        }
    }

    /// The next key of the layers, if the snapshot has none before it.
    fn nearest_of_layers(&mut self) -> Option<&'a [u8]> {
        let is_nearer = |key: &[u8], than: &[u8]| match self.direction {
            Direction::Forward => key < than,
            Direction::Reverse => key > than,
        };
        let mut nearest: Option<&'a [u8]> = None;
        for layer in &mut self.layers {
            if let Some((key, _)) = layer.peek()
                && nearest.is_none_or(|nearest| is_nearer(key, nearest))
            {
                nearest = Some(key);
            }
        }
        nearest.filter(|key| self.base.head.as_ref().is_none_or(|row| !is_nearer(row.key(), key)))
    }
}

impl Iterator for Scan<'_> {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(true) => Some(Ok((self.key().to_vec(), self.value().to_vec()))),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}
