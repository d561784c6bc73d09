//! Walking a list from newer to older records.

use std::ops::Bound;

use super::super::Error;
use super::super::txn::{Read, Scan};
use super::{KEY_BYTES, Key, KeyList, key_at_end, unreadable};

/// Steps that a cursor takes before it jumps: a jump costs about as much.
const STEPS: usize = 6;

/// A place in a list. It moves from newer to older records only.
pub(crate) struct KeyCursor<'a, T> {
    read: &'a T,
    list: KeyList,
    /// All records from here on are passed over.
    below: Option<Key>,
    /// The records at hand, in order, as they are stored.
    block: Vec<u8>,
    /// So many of them are still to come.
    left: usize,
    /// The blocks behind.
    blocks: Option<Scan<'a>>,
}

impl<'a, T: Read> KeyCursor<'a, T> {
    /// On the newest record that is older than `before`; `head` holds the keys of the list's head.
    pub(super) fn new(read: &'a T, list: KeyList, head: Vec<u8>, before: Option<Key>) -> Self {
        let left = head.len() / KEY_BYTES;
        let mut cursor = Self { read, list, below: before, block: head, left, blocks: None };
        cursor.left = cursor.left_below();
        cursor
    }

    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<Key>, Error> {
        while self.left == 0 {
            if !self.next_block()? {
                return Ok(None);
            }
        }
        self.left -= 1;
        Ok(Some(self.at(self.left)))
    }

    /// Passes over so many records; how many there were, and the last of them.
    pub(crate) fn skip(&mut self, mut records: u64) -> Result<(u64, Option<Key>), Error> {
        let (mut passed, mut last) = (0, None);
        while 0 < records {
            if self.left == 0 && !self.next_block()? {
                break;
            }
            let some = usize::try_from(records).unwrap_or(usize::MAX).min(self.left);
            self.left -= some;
            if 0 < some {
                last = Some(self.at(self.left));
            }
            records -= some as u64;
            passed += some as u64;
        }
        Ok((passed, last))
    }

    /// Whether this record is in the list. What is asked for must be older each time.
    pub(crate) fn has(&mut self, key: Key) -> Result<bool, Error> {
        let mut steps = 0;
        // The records at hand tell of all that are not older than the first of them.
        while self.left == 0 || key < self.at(0) {
            if steps == STEPS {
                self.blocks = Some(self.list.blocks(self.read, Bound::Included(key))?);
            }
            steps += 1;
            if !self.next_block()? {
                return Ok(false);
            }
        }
        let place = self.place_of(key);
        let is_there = place < self.left && self.at(place) == key;
        self.left = place + usize::from(is_there);
        Ok(is_there)
    }

    fn next_block(&mut self) -> Result<bool, Error> {
        let blocks = match &mut self.blocks {
            Some(blocks) => blocks,
            none => {
                let to = self.below.map_or(Bound::Included(Key::MAX), Bound::Excluded);
                none.insert(self.list.blocks(self.read, to)?)
            }
        };
        if !blocks.advance()? {
            self.left = 0;
            return Ok(false);
        }
        self.block.clear();
        self.block.extend(blocks.value());
        if self.block.is_empty() || !self.block.len().is_multiple_of(KEY_BYTES) {
            return Err(unreadable());
        }
        self.left = self.block.len() / KEY_BYTES;
        self.left = self.left_below();
        Ok(true)
    }

    fn left_below(&self) -> usize {
        self.below.map_or(self.left, |below| self.place_of(below))
    }

    /// How many of the records to come are older than this one.
    fn place_of(&self, key: Key) -> usize {
        let (mut from, mut to) = (0, self.left);
        while from < to {
            let middle = from.midpoint(to);
            if self.at(middle) < key { from = middle + 1 } else { to = middle }
        }
        from
    }

    fn at(&self, place: usize) -> Key {
        key_at_end(&self.block[..(place + 1) * KEY_BYTES]).unwrap_or_default()
    }
}
