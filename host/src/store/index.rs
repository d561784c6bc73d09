//! Secondary indexes: places that records stand in, and kept counts.

use std::ops::Bound;

use super::list::Key;
use super::overlay::Bounds;
use super::schema::{Table, Tag};
use super::txn::{Direction, Read, Scan, Txn};
use super::{Error, codec, record};

/// Comes before the key of each entry.
const ENTRY: u8 = 0x01;
/// Ends the key of the kept count: behind the newest entry, on the same page.
const COUNT: u8 = 0xFF;

/// One list that a record stands in: an index, whose it is, and the value that its members share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    tag: Tag,
    prefix: Vec<u8>,
}

impl Place {
    /// Which index it is of.
    pub(crate) const fn tag(&self) -> Tag {
        self.tag
    }

    pub(crate) fn new(owner: [u8; 16], tag: Tag, value: &[u8]) -> Self {
        let mut prefix = Vec::with_capacity(owner.len() + 1 + value.len() + 1 + 16);
        prefix.extend(owner);
        prefix.push(tag as u8);
        prefix.extend(value);
        Self { tag, prefix }
    }

    /// The index key of the record with this key.
    pub(crate) fn entry(&self, record_key: &[u8]) -> Vec<u8> {
        [self.prefix.as_slice(), &[ENTRY], record_key].concat()
    }

    /// What every key of the list begins with.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    pub(crate) fn count_key(&self) -> Vec<u8> {
        [self.prefix.as_slice(), &[COUNT]].concat()
    }

    pub(crate) fn is_counted(&self) -> bool {
        self.tag.is_counted()
    }

    /// The kept count.
    pub(crate) fn count(&self, read: &impl Read) -> Result<u64, Error> {
        count(read, &self.count_key())
    }

    pub(crate) fn add(self, txn: &mut Txn, record_key: &[u8]) -> Result<(), Error> {
        if self.is_counted() {
            let key = self.count_key();
            let count = count(txn, &key)? + 1;
            txn.put(Table::Index, key, count.to_be_bytes().to_vec())?;
        }
        // There is room left for it.
        let mut entry = self.prefix;
        entry.push(ENTRY);
        entry.extend(record_key);
        txn.put(Table::Index, entry, Vec::new())
    }

    pub(crate) fn take(&self, txn: &mut Txn, record_key: &[u8]) -> Result<(), Error> {
        txn.remove(Table::Index, self.entry(record_key))?;
        if self.is_counted() {
            let key = self.count_key();
            match count(txn, &key)?.saturating_sub(1) {
                0 => txn.remove(Table::Index, key)?,
                count => txn.put(Table::Index, key, count.to_be_bytes().to_vec())?,
            }
        }
        Ok(())
    }

    /// Record keys of this list, read as they are asked for; `before` bounds them from above.
    pub(crate) fn keys<'a, T: Read>(
        &self,
        read: &'a T,
        before: Option<&[u8]>,
        direction: Direction,
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>> + use<'a, T>, Error> {
        let from = self.entry(&[]);
        let skip = from.len();
        let to = match before {
            Some(before) => self.entry(before),
            None => [self.prefix.as_slice(), &[ENTRY + 1]].concat(),
        };
        let bounds: Bounds = (Bound::Included(from), Bound::Excluded(to));
        let rows = read.scan(Table::Index, bounds, direction)?;
        Ok(rows.map(move |row| row.map(|(mut key, _)| key.split_off(skip))))
    }

    /// Record keys of this list behind this one, oldest first.
    pub(crate) fn keys_behind(
        &self,
        read: &impl Read,
        after: Option<&[u8]>,
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>>, Error> {
        let skip = self.prefix.len() + 1;
        let from = self.entry(after.unwrap_or_default());
        let to = [self.prefix.as_slice(), &[ENTRY + 1]].concat();
        let bounds: Bounds = (Bound::Excluded(from), Bound::Excluded(to));
        let rows = read.scan(Table::Index, bounds, Direction::Forward)?;
        Ok(rows.map(move |row| row.map(|(mut key, _)| key.split_off(skip))))
    }

    /// Its records from the newest on, or from the newest before this one.
    pub(crate) fn cursor<'a, T: Read>(
        &self,
        read: &'a T,
        before: Option<Key>,
    ) -> Result<PlaceCursor<'a, T>, Error> {
        let rows = self.rows(read, before.map_or(Bound::Included(Key::MAX), Bound::Excluded))?;
        Ok(PlaceCursor { read, place: self.clone(), rows, ahead: None })
    }

    /// Its entries up to here, newest first.
    fn rows<'a>(&self, read: &'a impl Read, to: Bound<Key>) -> Result<Scan<'a>, Error> {
        let bounds: Bounds = (Bound::Included(self.entry(&[])), to.map(|key| self.entry(&key.to_be_bytes())));
        read.scan(Table::Index, bounds, Direction::Reverse)
    }

    /// All record keys of this list, oldest first. For lists that are short by nature.
    pub(crate) fn all(&self, read: &impl Read) -> Result<Vec<Vec<u8>>, Error> {
        self.keys(read, None, Direction::Forward)?.collect()
    }
}

/// The kept count under this key.
fn count(read: &impl Read, key: &[u8]) -> Result<u64, Error> {
    let number = |bytes: &[u8]| codec::number(Table::Index.name(), bytes);
    read.with_row(Table::Index, key, |bytes| bytes.map_or(Ok(0), number))?
}

/// An entry of an index whose values are moments or turns: eight bytes that sort.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sorted {
    /// The value.
    pub(crate) value: [u8; 8],
    /// Of the record.
    pub(crate) key: Vec<u8>,
}

/// The entries of such an index of one owner, smallest value first, beginning with this value.
pub(crate) fn sorted_from(
    read: &impl Read,
    owner: [u8; 16],
    tag: Tag,
    value: [u8; 8],
) -> Result<impl Iterator<Item = Result<Sorted, Error>>, Error> {
    let from = Place::new(owner, tag, &value).prefix;
    let to = Place::new(owner, tag, &[u8::MAX; 9]).prefix;
    let bounds: Bounds = (Bound::Included(from), Bound::Excluded(to));
    let rows = read.scan(Table::Index, bounds, Direction::Forward)?;
    Ok(rows.map(|row| sorted_entry(&row?.0)))
}

/// The greatest value of such an index.
pub(crate) fn greatest(read: &impl Read, owner: [u8; 16], tag: Tag) -> Result<Option<[u8; 8]>, Error> {
    let from = Place::new(owner, tag, &[]).prefix;
    let to = Place::new(owner, tag, &[u8::MAX; 9]).prefix;
    let bounds: Bounds = (Bound::Included(from), Bound::Excluded(to));
    let last = read.scan(Table::Index, bounds, Direction::Reverse)?.next().transpose()?;
    last.map(|(key, _)| sorted_entry(&key).map(|entry| entry.value)).transpose()
}

/// The record keys of an owner's index whose values have so many bytes, smallest value first.
pub(crate) fn keys_by_value(
    read: &impl Read,
    owner: [u8; 16],
    tag: Tag,
    value_bytes: usize,
) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>>, Error> {
    let index = Place::new(owner, tag, &[]).prefix;
    let key_at = index.len() + value_bytes + 1;
    let rows = read.scan(Table::Index, record::beginning_with(&index), Direction::Forward)?;
    Ok(rows.map(move |row| {
        let (entry, _) = row?;
        entry.get(key_at..).map(<[u8]>::to_vec).ok_or_else(too_short)
    }))
}

fn too_short() -> Error {
    Error::Corrupt { table: Table::Index.name(), what: "an entry is too short".to_owned() }
}

fn sorted_entry(key: &[u8]) -> Result<Sorted, Error> {
    let (value, key) = key.get(17..).and_then(|rest| rest.split_first_chunk::<8>()).ok_or_else(too_short)?;
    let key = key.strip_prefix(&[ENTRY]).ok_or_else(too_short)?;
    Ok(Sorted { value: *value, key: key.to_vec() })
}

/// Steps that a cursor takes before it jumps: a jump costs about as much.
const STEPS: usize = 6;

/// A place in a list. It moves from newer to older records only.
pub(crate) struct PlaceCursor<'a, T> {
    read: &'a T,
    place: Place,
    rows: Scan<'a>,
    /// The record that the cursor stands on, if it was looked at and not passed.
    ahead: Option<Key>,
}

impl<T: Read> PlaceCursor<'_, T> {
    /// The next record.
    pub(crate) fn next(&mut self) -> Result<Option<Key>, Error> {
        match self.ahead.take() {
            Some(key) => Ok(Some(key)),
            None => self.advance(),
        }
    }

    /// Passes over so many records; how many there were, and the last of them.
    pub(crate) fn skip(&mut self, records: u64) -> Result<(u64, Option<Key>), Error> {
        let (mut passed, mut last) = (0, None);
        if 0 < records
            && let Some(key) = self.ahead.take()
        {
            (passed, last) = (1, Some(key));
        }
        while passed < records {
            let Some(key) = self.advance()? else { break };
            (passed, last) = (passed + 1, Some(key));
        }
        Ok((passed, last))
    }

    /// Whether this record is in the list. What is asked for must be older each time.
    pub(crate) fn has(&mut self, key: Key) -> Result<bool, Error> {
        let mut steps = 0;
        loop {
            if self.ahead.is_none() {
                if steps == STEPS {
                    self.rows = self.place.rows(self.read, Bound::Included(key))?;
                }
                steps += 1;
                self.ahead = self.advance()?;
            }
            match self.ahead {
                // It has been passed, or stands there.
                Some(ahead) if ahead <= key => return Ok(ahead == key),
                None => return Ok(false),
                Some(_) => self.ahead = None,
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Key>, Error> {
        if self.rows.advance()? { self.key().map(Some) } else { Ok(None) }
    }

    fn key(&self) -> Result<Key, Error> {
        self.rows.key().last_chunk().map(|key| Key::from_be_bytes(*key)).ok_or_else(|| Error::Corrupt {
            table: Table::Index.name(),
            what: "an entry does not end with an id".to_owned(),
        })
    }
}
