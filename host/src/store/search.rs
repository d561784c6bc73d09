//! Word lists: for each beginning of each word that `search` looks into, the records that have such a word.
//!
//! Promises: how many records a list has, and which are the newest, stands in one row, its head. To add a new
//! record rewrites that row and no other. Older records lie in blocks below, each written once for many records.
//! A list follows from its records alone.
//!
//! Never here: a list that grows by records of several owners, or a word that is not cut.

mod stored;

use std::ops::Bound;

use switchboard_domain::search::beginnings;

use super::list::Key;
use super::overlay::Bounds;
use super::schema::{Table, Tag};
use super::txn::{Direction, Read, Scan, Txn};
use super::{Error, codec};

pub(crate) use stored::StoredList;

/// Comes before the first record of a block.
const BLOCK: u8 = 0x01;
/// Ends the key of the head, behind all blocks.
const HEAD: u8 = 0xFF;

/// Records of a block: half a kilobyte, so that a page of the file holds some, and a walk has thirty records for a
/// row.
pub(super) const BLOCK_MAX: usize = 32;

/// Records that stay in the head when a block leaves it: of those that come at once, some overtake others.
const LATE_MAX: usize = 8;

/// Bytes of a record's key.
const KEY_BYTES: usize = size_of::<Key>();

/// The texts of a record that `search` looks into, whose it is, and the index of its words.
#[derive(Debug, PartialEq, Eq)]
pub struct Searched<'a> {
    pub(crate) owner: [u8; 16],
    pub(crate) tag: Tag,
    pub(crate) texts: Vec<&'a str>,
}

impl Searched<'_> {
    /// The lists that the record is in, in order, each once.
    pub(crate) fn lists(&self) -> Vec<WordList> {
        beginnings(&self.texts).iter().map(|word| WordList::new(self.owner, self.tag, word)).collect()
    }
}

/// The records of one owner that have a word which begins so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct WordList {
    prefix: Vec<u8>,
}

/// The row of a list that each change writes.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Head {
    /// Records of the whole list.
    total: u64,
    /// All records from here on are in the head, all before are in blocks.
    open_from: Key,
    /// In order.
    keys: Vec<Key>,
}

impl WordList {
    pub(crate) fn new(owner: [u8; 16], tag: Tag, word: &str) -> Self {
        let mut prefix = Vec::with_capacity(owner.len() + 1 + word.len() + 2 + 1 + KEY_BYTES);
        prefix.extend(owner);
        prefix.push(tag as u8);
        codec::push_text(&mut prefix, word);
        Self { prefix }
    }

    fn head_key(&self) -> Vec<u8> {
        [self.prefix.as_slice(), &[HEAD]].concat()
    }

    fn block_key(&self, first: Key) -> Vec<u8> {
        [self.prefix.as_slice(), &[BLOCK], &first.to_be_bytes()].concat()
    }

    fn head(&self, read: &impl Read) -> Result<Option<Head>, Error> {
        let bytes = read.get(Table::Index, &self.head_key())?;
        bytes.map(|bytes| Head::decode(&bytes).ok_or_else(unreadable)).transpose()
    }

    /// How many records are in it.
    pub(crate) fn count(&self, read: &impl Read) -> Result<u64, Error> {
        Ok(self.head(read)?.map_or(0, |head| head.total))
    }

    /// Puts a record in, if it is not there.
    pub(crate) fn add(&self, txn: &mut Txn, key: Key) -> Result<(), Error> {
        let mut head = self.head(txn)?.unwrap_or_default();
        let is_new = if key < head.open_from {
            self.add_below(txn, key)?
        } else {
            let is_new = insert(&mut head.keys, key);
            if BLOCK_MAX + LATE_MAX <= head.keys.len() {
                let full: Vec<Key> = head.keys.drain(..BLOCK_MAX).collect();
                head.open_from = full.last().map_or(0, |last| last.saturating_add(1));
                self.put_block(txn, full[0], &full)?;
            }
            is_new
        };
        if is_new {
            head.total += 1;
            txn.put(Table::Index, self.head_key(), head.encode())?;
        }
        Ok(())
    }

    /// A record that is older than what is in the head goes into the block before it, which may become two.
    fn add_below(&self, txn: &mut Txn, key: Key) -> Result<bool, Error> {
        let Some((first, mut keys)) = self.block_of(txn, key)? else {
            self.put_block(txn, key, &[key])?;
            return Ok(true);
        };
        if !insert(&mut keys, key) {
            return Ok(false);
        }
        if BLOCK_MAX < keys.len() {
            let upper = keys.split_off(keys.len() / 2);
            self.put_block(txn, upper[0], &upper)?;
        }
        self.put_block(txn, first, &keys)?;
        Ok(true)
    }

    /// Takes a record out, if it is there.
    pub(crate) fn take(&self, txn: &mut Txn, key: Key) -> Result<(), Error> {
        let Some(mut head) = self.head(txn)? else { return Ok(()) };
        let was_there =
            if key < head.open_from { self.take_below(txn, key)? } else { remove(&mut head.keys, key) };
        if !was_there {
            return Ok(());
        }
        head.total = head.total.saturating_sub(1);
        if head.total == 0 {
            return txn.remove(Table::Index, self.head_key());
        }
        txn.put(Table::Index, self.head_key(), head.encode())
    }

    fn take_below(&self, txn: &mut Txn, key: Key) -> Result<bool, Error> {
        let Some((first, mut keys)) = self.block_of(txn, key)? else { return Ok(false) };
        let was_there = remove(&mut keys, key);
        if keys.is_empty() {
            txn.remove(Table::Index, self.block_key(first))?;
        } else if was_there {
            self.put_block(txn, first, &keys)?;
        }
        Ok(was_there)
    }

    fn put_block(&self, txn: &mut Txn, first: Key, keys: &[Key]) -> Result<(), Error> {
        txn.put(Table::Index, self.block_key(first), encode(keys))
    }

    /// The one block that may hold this record, and the key that it lies under: the block's first record, as
    /// long as that was not taken out.
    fn block_of(&self, read: &impl Read, key: Key) -> Result<Option<(Key, Vec<Key>)>, Error> {
        let mut blocks = self.blocks(read, Bound::Included(key))?;
        if !blocks.advance()? {
            return Ok(None);
        }
        let first = key_at_end(blocks.key()).ok_or_else(unreadable)?;
        Ok(Some((first, decode(blocks.value()).ok_or_else(unreadable)?)))
    }

    /// The blocks that begin up to here, newest first.
    fn blocks<'a>(&self, read: &'a impl Read, to: Bound<Key>) -> Result<Scan<'a>, Error> {
        let bounds: Bounds = (Bound::Included(self.block_key(0)), to.map(|key| self.block_key(key)));
        read.scan(Table::Index, bounds, Direction::Reverse)
    }

    /// Its records from the newest on, or from the newest before this one.
    pub(crate) fn cursor<'a, T: Read>(
        &self,
        read: &'a T,
        before: Option<Key>,
    ) -> Result<WordCursor<'a, T>, Error> {
        let head = self.head(read)?.unwrap_or_default();
        let mut cursor = WordCursor {
            read,
            list: self.clone(),
            below: before,
            block: encode(&head.keys),
            left: head.keys.len(),
            blocks: None,
        };
        cursor.left = cursor.left_below();
        Ok(cursor)
    }
}

/// Steps that a cursor takes before it jumps: a jump costs about as much.
const STEPS: usize = 6;

/// A place in a word list. It moves from newer to older records only.
pub(crate) struct WordCursor<'a, T> {
    read: &'a T,
    list: WordList,
    /// All records from here on are passed over.
    below: Option<Key>,
    /// The records at hand, in order, as they are stored.
    block: Vec<u8>,
    /// So many of them are still to come.
    left: usize,
    /// The blocks behind.
    blocks: Option<Scan<'a>>,
}

impl<T: Read> WordCursor<'_, T> {
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

impl Head {
    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(size_of::<u64>() + (1 + self.keys.len()) * KEY_BYTES);
        bytes.extend_from_slice(&self.total.to_be_bytes());
        bytes.extend_from_slice(&self.open_from.to_be_bytes());
        push_keys(&mut bytes, &self.keys);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (total, rest) = bytes.split_first_chunk()?;
        let (open_from, keys) = rest.split_first_chunk()?;
        let (total, open_from) = (u64::from_be_bytes(*total), Key::from_be_bytes(*open_from));
        Some(Self { total, open_from, keys: decode_any(keys)? })
    }
}

fn encode(keys: &[Key]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(keys.len() * KEY_BYTES);
    push_keys(&mut bytes, keys);
    bytes
}

fn push_keys(bytes: &mut Vec<u8>, keys: &[Key]) {
    for key in keys {
        bytes.extend_from_slice(&key.to_be_bytes());
    }
}

/// A block has at least one record.
fn decode(bytes: &[u8]) -> Option<Vec<Key>> {
    decode_any(bytes).filter(|keys| !keys.is_empty())
}

fn decode_any(bytes: &[u8]) -> Option<Vec<Key>> {
    let (keys, rest) = bytes.as_chunks();
    rest.is_empty().then(|| keys.iter().map(|key| Key::from_be_bytes(*key)).collect())
}

fn key_at_end(bytes: &[u8]) -> Option<Key> {
    bytes.last_chunk().map(|key| Key::from_be_bytes(*key))
}

/// Whether it was not there.
fn insert(keys: &mut Vec<Key>, key: Key) -> bool {
    match keys.binary_search(&key) {
        Ok(_) => false,
        Err(place) => {
            keys.insert(place, key);
            true
        }
    }
}

/// Whether it was there.
fn remove(keys: &mut Vec<Key>, key: Key) -> bool {
    match keys.binary_search(&key) {
        Ok(place) => {
            keys.remove(place);
            true
        }
        Err(_) => false,
    }
}

fn unreadable() -> Error {
    Error::Corrupt { table: Table::Index.name(), what: "a row of a word list cannot be read".to_owned() }
}
