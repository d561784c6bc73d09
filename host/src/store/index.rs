//! Secondary indexes: places that records stand in, kept counts, pages, and the walk for several filters.

use std::ops::Bound;

use uuid::Uuid;

use super::overlay::Bounds;
use super::schema::{Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::{Error, codec};

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
}

impl Place {
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
        match read.get(Table::Index, &self.count_key())? {
            Some(bytes) => codec::number(Table::Index.name(), &bytes),
            None => Ok(0),
        }
    }

    pub(crate) fn has(&self, read: &impl Read, record_key: &[u8]) -> Result<bool, Error> {
        Ok(read.get(Table::Index, &self.entry(record_key))?.is_some())
    }

    pub(crate) fn add(&self, txn: &mut Txn, record_key: &[u8]) -> Result<(), Error> {
        txn.put(Table::Index, &self.entry(record_key), Vec::new())?;
        if self.is_counted() {
            let count = self.count(txn)? + 1;
            txn.put(Table::Index, &self.count_key(), count.to_be_bytes().to_vec())?;
        }
        Ok(())
    }

    pub(crate) fn take(&self, txn: &mut Txn, record_key: &[u8]) -> Result<(), Error> {
        txn.remove(Table::Index, &self.entry(record_key))?;
        if self.is_counted() {
            match self.count(txn)?.saturating_sub(1) {
                0 => txn.remove(Table::Index, &self.count_key())?,
                count => txn.put(Table::Index, &self.count_key(), count.to_be_bytes().to_vec())?,
            }
        }
        Ok(())
    }

    /// Record keys of this list, read as they are asked for; `before` bounds them from above.
    pub(crate) fn keys(
        &self,
        read: &impl Read,
        before: Option<&[u8]>,
        direction: Direction,
    ) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>>, Error> {
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

    /// All record keys of this list, oldest first. For lists that are short by nature.
    pub(crate) fn all(&self, read: &impl Read) -> Result<Vec<Vec<u8>>, Error> {
        self.keys(read, None, Direction::Forward)?.collect()
    }
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

fn sorted_entry(key: &[u8]) -> Result<Sorted, Error> {
    let corrupt = || Error::Corrupt { table: Table::Index.name(), what: "an entry is too short".to_owned() };
    let (value, key) = key.get(17..).and_then(|rest| rest.split_first_chunk::<8>()).ok_or_else(corrupt)?;
    let key = key.strip_prefix(&[ENTRY]).ok_or_else(corrupt)?;
    Ok(Sorted { value: *value, key: key.to_vec() })
}

/// A page of the records that stand in every one of these places, newest first. The first place stands
/// alone when no filter is given. One filter reads its own list and kept count; several walk the shortest
/// list to its end, since their total is kept nowhere.
pub(crate) fn page(
    read: &impl Read,
    places: &[Place],
    request: &PageRequest,
) -> Result<Page<Vec<u8>>, Error> {
    let mut counted = Vec::with_capacity(places.len());
    for place in places {
        counted.push((place.count(read)?, place));
    }
    counted.sort_by_key(|(count, _)| *count);
    match counted.as_slice() {
        [] => Ok(Page { items: Vec::new(), total: 0, next: None }),
        [(total, place)] => single(read, place, *total, request),
        [(_, shortest), others @ ..] => walk(read, shortest, others, request),
    }
}

fn single(
    read: &impl Read,
    place: &Place,
    total: u64,
    request: &PageRequest,
) -> Result<Page<Vec<u8>>, Error> {
    let keys = match request.start {
        // Nothing to walk: a page far beyond the end costs as little as one within.
        PageStart::Offset(offset) if offset >= total => {
            return Ok(Page { items: Vec::new(), total, next: None });
        }
        PageStart::Offset(offset) => {
            let keys = place.keys(read, None, Direction::Reverse)?;
            take_page(keys.skip(usize::try_from(offset).unwrap_or(usize::MAX)), request.limit)?
        }
        PageStart::After(id) => {
            take_page(place.keys(read, Some(id.as_bytes()), Direction::Reverse)?, request.limit)?
        }
    };
    Ok(cut(keys, total, request.limit))
}

fn walk(
    read: &impl Read,
    shortest: &Place,
    others: &[(u64, &Place)],
    request: &PageRequest,
) -> Result<Page<Vec<u8>>, Error> {
    let (mut total, mut keys) = (0, Vec::new());
    for key in shortest.keys(read, None, Direction::Reverse)? {
        let key = key?;
        let mut everywhere = true;
        for (_, other) in others {
            everywhere = everywhere && other.has(read, &key)?;
        }
        if everywhere {
            let reached = match request.start {
                PageStart::Offset(offset) => total >= offset,
                PageStart::After(id) => key.as_slice() < id.as_bytes().as_slice(),
            };
            if reached && keys.len() <= request.limit {
                keys.push(key);
            }
            total += 1;
        }
    }
    Ok(cut(keys, total, request.limit))
}

/// One more than the page holds, to know whether more follow.
fn take_page(
    keys: impl Iterator<Item = Result<Vec<u8>, Error>>,
    limit: usize,
) -> Result<Vec<Vec<u8>>, Error> {
    keys.take(limit.saturating_add(1)).collect()
}

fn cut(mut keys: Vec<Vec<u8>>, total: u64, limit: usize) -> Page<Vec<u8>> {
    let more = keys.len() > limit;
    keys.truncate(limit);
    let last = keys.last().and_then(|key| Uuid::from_slice(key).ok());
    Page { items: keys, total, next: if more { last } else { None } }
}
