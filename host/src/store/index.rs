//! Secondary indexes: places that records stand in, and kept counts. What lies in lists is the module `key_list`'s.

use std::ops::Bound;

use super::key_list::{Key, KeyList};
use super::overlay::Bounds;
use super::schema::{Shape, Table, Tag};
use super::txn::{Direction, Read, Txn};
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

    /// Its records, where they lie in a list.
    fn list(&self) -> Option<KeyList> {
        match self.tag.shape() {
            Shape::List { .. } | Shape::Words => Some(KeyList::new(self.prefix.clone())),
            Shape::Entries | Shape::CountedEntries => None,
        }
    }

    /// How many records stand there; 0 where that is not kept.
    pub(crate) fn count(&self, read: &impl Read) -> Result<u64, Error> {
        match self.list() {
            Some(list) => list.count(read),
            None => count(read, &self.count_key()),
        }
    }

    pub(crate) fn add(self, txn: &mut Txn, record_key: &[u8]) -> Result<(), Error> {
        match self.tag.shape() {
            Shape::List { .. } | Shape::Words => {
                return KeyList::from(self).add(txn, record::listed(record_key)?);
            }
            Shape::CountedEntries => {
                let key = self.count_key();
                let count = count(txn, &key)? + 1;
                txn.put(Table::Index, key, count.to_be_bytes().to_vec())?;
            }
            Shape::Entries => {}
        }
        // There is room left for it.
        let mut entry = self.prefix;
        entry.push(ENTRY);
        entry.extend(record_key);
        txn.put(Table::Index, entry, Vec::new())
    }

    pub(crate) fn take(&self, txn: &mut Txn, record_key: &[u8]) -> Result<(), Error> {
        if let Some(list) = self.list() {
            return list.take(txn, record::listed(record_key)?);
        }
        txn.remove(Table::Index, self.entry(record_key))?;
        if self.tag.shape() == Shape::CountedEntries {
            let key = self.count_key();
            match count(txn, &key)?.saturating_sub(1) {
                0 => txn.remove(Table::Index, key)?,
                count => txn.put(Table::Index, key, count.to_be_bytes().to_vec())?,
            }
        }
        Ok(())
    }

    /// Keys of its records, oldest first, read as they are asked for.
    pub(crate) fn keys<'a, T: Read>(
        &self,
        read: &'a T,
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>> + use<'a, T>, Error> {
        Ok(match self.list() {
            Some(list) => Keys::Listed(list.oldest(read, None)?),
            None => Keys::Entries(self.entries(read, Direction::Forward)?),
        })
    }

    /// Keys of the records of entries, in either order.
    pub(crate) fn entries<'a, T: Read>(
        &self,
        read: &'a T,
        direction: Direction,
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>> + use<'a, T>, Error> {
        let from = self.entry(&[]);
        let skip = from.len();
        let to = [self.prefix.as_slice(), &[ENTRY + 1]].concat();
        let bounds: Bounds = (Bound::Included(from), Bound::Excluded(to));
        let rows = read.scan(Table::Index, bounds, direction)?;
        Ok(rows.map(move |row| row.map(|(mut key, _)| key.split_off(skip))))
    }

    /// All keys of its records, oldest first. For what is short by nature.
    pub(crate) fn all(&self, read: &impl Read) -> Result<Vec<Vec<u8>>, Error> {
        self.keys(read)?.collect()
    }
}

impl From<Place> for KeyList {
    /// For an index whose rows are lists.
    fn from(place: Place) -> Self {
        debug_assert!(matches!(place.tag.shape(), Shape::List { .. } | Shape::Words), "{:?}", place.tag);
        Self::new(place.prefix)
    }
}

/// Keys of records, whichever way they lie.
enum Keys<L, E> {
    Listed(L),
    Entries(E),
}

impl<L, E> Iterator for Keys<L, E>
where
    L: Iterator<Item = Result<Key, Error>>,
    E: Iterator<Item = Result<Vec<u8>, Error>>,
{
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Listed(keys) => keys.next().map(|key| key.map(|key| key.to_be_bytes().to_vec())),
            Self::Entries(keys) => keys.next(),
        }
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

fn too_short() -> Error {
    Error::Corrupt { table: Table::Index.name(), what: "an entry is too short".to_owned() }
}

fn sorted_entry(key: &[u8]) -> Result<Sorted, Error> {
    let (value, key) = key.get(17..).and_then(|rest| rest.split_first_chunk::<8>()).ok_or_else(too_short)?;
    let key = key.strip_prefix(&[ENTRY]).ok_or_else(too_short)?;
    Ok(Sorted { value: *value, key: key.to_vec() })
}
