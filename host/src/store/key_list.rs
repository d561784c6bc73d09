//! Lists of records by their keys: what partners page through, and what goes with a company or a candidate.
//!
//! Promises: how many records a list has, and which are the newest, stands in one row, its head. To add a new
//! record rewrites that row and no other, so that the records of one batch write it once. Older records lie in
//! blocks below, each written once for many records. Which records a list has follows from the records alone; in which
//! rows they lie depends on who was in it once.

mod cursor;
mod stored;

use std::ops::Bound;

use super::Error;
use super::overlay::Bounds;
use super::schema::Table;
use super::txn::{Direction, Read, Scan, Txn};

pub(crate) use cursor::KeyCursor;
pub(crate) use stored::StoredList;

/// The key of a record that is listed: the sixteen bytes of its id, which sort by time.
pub(crate) type Key = u128;

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

/// The records that share a place: what the place is stands in the prefix of the list's rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyList {
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

impl KeyList {
    /// The list whose rows begin so.
    pub(crate) const fn new(prefix: Vec<u8>) -> Self {
        Self { prefix }
    }

    fn head_key(&self) -> Vec<u8> {
        [self.prefix.as_slice(), &[HEAD]].concat()
    }

    fn block_key(&self, first: Key) -> Vec<u8> {
        [self.prefix.as_slice(), &[BLOCK], &first.to_be_bytes()].concat()
    }

    fn head(&self, read: &impl Read) -> Result<Option<Head>, Error> {
        let decode = |bytes: &[u8]| Head::decode(bytes).ok_or_else(unreadable);
        read.with_row(Table::Index, &self.head_key(), |bytes| bytes.map(decode).transpose())?
    }

    /// How many records are in it.
    pub(crate) fn count(&self, read: &impl Read) -> Result<u64, Error> {
        let total = |bytes: &[u8]| Head::parts(bytes).map(|(total, ..)| total).ok_or_else(unreadable);
        read.with_row(Table::Index, &self.head_key(), |bytes| bytes.map_or(Ok(0), total))?
    }

    /// Its records behind this one, oldest first, or all of them.
    pub(crate) fn oldest<'a, T: Read>(
        &self,
        read: &'a T,
        after: Option<Key>,
    ) -> Result<impl Iterator<Item = Result<Key, Error>> + use<'a, T>, Error> {
        let from = match after {
            None => None,
            Some(after) => self.block_of(read, after)?.map(|(first, _)| first),
        };
        let bounds: Bounds =
            (Bound::Included(self.block_key(from.unwrap_or(0))), Bound::Included(self.head_key()));
        let head_at = self.prefix.len();
        let rows = read.scan(Table::Index, bounds, Direction::Forward)?;
        let keys = rows.flat_map(move |row| {
            let keys = row.and_then(|(key, value)| keys_of_row(&key[head_at..], &value));
            let (keys, error) = match keys {
                Ok(keys) => (keys, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            keys.into_iter().map(Ok).chain(error)
        });
        Ok(keys.skip_while(move |key| key.as_ref().is_ok_and(|key| after.is_some_and(|after| *key <= after))))
    }

    /// Its records before this one, newest first, or all of them.
    pub(crate) fn newest<'a, T: Read>(
        &self,
        read: &'a T,
        before: Option<Key>,
    ) -> Result<impl Iterator<Item = Result<Key, Error>> + use<'a, T>, Error> {
        let mut cursor = self.cursor(read, before)?;
        Ok(std::iter::from_fn(move || cursor.next().transpose()))
    }

    /// Puts a record in, if it is not there.
    pub(crate) fn add(mut self, txn: &mut Txn, key: Key) -> Result<(), Error> {
        // Nearly always it is newer than all others and there is room for it.
        self.prefix.push(HEAD);
        let appended = txn.with_row(Table::Index, &self.prefix, |bytes| Head::appended(bytes?, key))?;
        if let Some(head) = appended {
            return txn.put(Table::Index, self.prefix, head);
        }
        self.prefix.pop();
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
    ) -> Result<KeyCursor<'a, T>, Error> {
        let keys = |bytes: &[u8]| Head::parts(bytes).map(|(.., keys)| keys.to_vec()).ok_or_else(unreadable);
        let keys =
            read.with_row(Table::Index, &self.head_key(), |bytes| bytes.map_or(Ok(Vec::new()), keys))??;
        Ok(KeyCursor::new(read, self.clone(), keys, before))
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

    /// A stored head with one record more, if that is the newest and no block has to leave.
    fn appended(bytes: &[u8], key: Key) -> Option<Vec<u8>> {
        let (total, open_from, keys) = Self::parts(bytes)?;
        let is_newest = key_at_end(keys).map_or(open_from <= key, |last| last < key);
        if !is_newest || BLOCK_MAX + LATE_MAX <= keys.len() / KEY_BYTES + 1 {
            return None;
        }
        let mut appended = Vec::with_capacity(bytes.len() + KEY_BYTES);
        appended.extend_from_slice(&(total + 1).to_be_bytes());
        appended.extend_from_slice(&open_from.to_be_bytes());
        appended.extend_from_slice(keys);
        appended.extend_from_slice(&key.to_be_bytes());
        Some(appended)
    }

    /// Its fields as they are stored, the keys as they lie.
    fn parts(bytes: &[u8]) -> Option<(u64, Key, &[u8])> {
        let (total, rest) = bytes.split_first_chunk()?;
        let (open_from, keys) = rest.split_first_chunk()?;
        let is_whole = keys.len().is_multiple_of(KEY_BYTES);
        is_whole.then_some((u64::from_be_bytes(*total), Key::from_be_bytes(*open_from), keys))
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (total, open_from, keys) = Self::parts(bytes)?;
        Some(Self { total, open_from, keys: decode_any(keys)? })
    }
}

/// What a row holds, by the end of its key behind the list's prefix.
fn keys_of_row(end: &[u8], value: &[u8]) -> Result<Vec<Key>, Error> {
    let keys = if end == [HEAD] { Head::decode(value).map(|head| head.keys) } else { decode(value) };
    keys.ok_or_else(unreadable)
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
    Error::Corrupt { table: Table::Index.name(), what: "a row of a list of keys cannot be read".to_owned() }
}
