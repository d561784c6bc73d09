//! Records: one row each, with the places in indexes that follow from it. Nouns say what their rows are;
//! inserting, changing and removing them is the same for all.

use std::ops::Bound;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::index::Place;
use super::key_list::Key;
use super::schema::Table;
use super::search::Searched;
use super::txn::{Direction, Read, Txn};
use super::{Error, codec};

/// A noun's row. Its indexes follow from the record alone, so that they can be checked and rebuilt.
pub trait Record: Serialize + DeserializeOwned {
    /// What it is found by.
    type Id;

    /// Where it lies.
    const TABLE: Table;

    /// The version of its shape; see the module `schema`.
    const VERSION: u8 = 1;

    /// What it is found by.
    fn id(&self) -> Self::Id;

    /// The bytes of that, in sorting order.
    fn key(id: &Self::Id) -> Vec<u8>;

    /// The lists that it stands in.
    #[doc(hidden)]
    fn places(&self) -> Places;

    /// Keeps what follows from this record and others together. Called after every change of it, in its commit.
    #[doc(hidden)]
    fn changed(_txn: &mut Txn, _before: Option<&Self>, _after: Option<&Self>) -> Result<(), Error> {
        Ok(())
    }

    /// What `search` looks into, where the noun's list can be searched.
    #[doc(hidden)]
    fn searched(&self) -> Option<Searched<'_>> {
        None
    }
}

/// The lists that a record stands in.
#[derive(Debug, Default)]
pub struct Places(pub(crate) Vec<Place>);

impl From<Vec<Place>> for Places {
    fn from(places: Vec<Place>) -> Self {
        Self(places)
    }
}

/// The record with this id.
///
/// # Errors
/// The engine fails, or the row cannot be read.
pub fn get<R: Record>(read: &impl Read, id: &R::Id) -> Result<Option<R>, Error> {
    by_key(read, &R::key(id))
}

/// Whether there is a record with this id.
///
/// # Errors
/// The engine fails.
pub fn exists<R: Record>(read: &impl Read, id: &R::Id) -> Result<bool, Error> {
    is_there(read, R::TABLE, &R::key(id))
}

fn is_there(read: &impl Read, table: Table, key: &[u8]) -> Result<bool, Error> {
    read.with_row(table, key, |value| value.is_some())
}

/// Writes a new record and its places.
///
/// # Errors
/// [`Error::Exists`], [`Error::TooLarge`], or the engine fails.
pub fn insert<R: Record>(txn: &mut Txn, record: &R) -> Result<(), Error> {
    let key = R::key(&record.id());
    if is_there(txn, R::TABLE, &key)? {
        return Err(Error::Exists(R::TABLE.name()));
    }
    for place in record.places().0 {
        place.add(txn, &key)?;
    }
    move_words(txn, &key, None, record.searched().as_ref())?;
    txn.put(R::TABLE, key, codec::encode(R::TABLE.name(), R::VERSION, record)?)?;
    R::changed(txn, None, Some(record))
}

/// Writes a changed record, and moves it between the places that it left and entered.
///
/// # Errors
/// [`Error::Missing`], [`Error::TooLarge`], or the engine fails.
pub fn update<R: Record>(txn: &mut Txn, record: &R) -> Result<(), Error> {
    let key = R::key(&record.id());
    let Some(old) = by_key::<R>(txn, &key)? else { return Err(Error::Missing(R::TABLE.name())) };
    let (before, after) = (old.places().0, record.places().0);
    for place in before.iter().filter(|place| !after.contains(place)) {
        place.take(txn, &key)?;
    }
    for place in after.into_iter().filter(|place| !before.contains(place)) {
        place.add(txn, &key)?;
    }
    move_words(txn, &key, old.searched().as_ref(), record.searched().as_ref())?;
    txn.put(R::TABLE, key, codec::encode(R::TABLE.name(), R::VERSION, record)?)?;
    R::changed(txn, Some(&old), Some(record))
}

/// Removes a record and its places; what it was. Its children are the caller's.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn delete<R: Record>(txn: &mut Txn, id: &R::Id) -> Result<Option<R>, Error> {
    delete_named(txn, &R::key(id))
}

/// As [`delete`], by the bytes of its id.
pub(crate) fn delete_named<R: Record>(txn: &mut Txn, key: &[u8]) -> Result<Option<R>, Error> {
    let old = by_key::<R>(txn, key)?;
    if let Some(old) = &old {
        for place in old.places().0 {
            place.take(txn, key)?;
        }
        move_words(txn, key, old.searched().as_ref(), None)?;
        txn.remove(R::TABLE, key)?;
        R::changed(txn, Some(old), None)?;
    }
    Ok(old)
}

/// Moves a record between the word lists that it left and entered. Nearly every change leaves the texts alone.
pub(crate) fn move_words(
    txn: &mut Txn,
    key: &[u8],
    before: Option<&Searched<'_>>,
    after: Option<&Searched<'_>>,
) -> Result<(), Error> {
    if before == after {
        return Ok(());
    }
    let key = listed(key)?;
    let lists = |searched: Option<&Searched<'_>>| searched.map(Searched::lists).unwrap_or_default();
    let (before, after) = (lists(before), lists(after));
    for left in before.iter().filter(|list| after.binary_search(list).is_err()) {
        left.take(txn, key)?;
    }
    for entered in after.into_iter().filter(|list| before.binary_search(list).is_err()) {
        entered.add(txn, key)?;
    }
    Ok(())
}

/// The key of a record as lists know it.
pub(crate) fn listed(key: &[u8]) -> Result<Key, Error> {
    key.try_into().map(Key::from_be_bytes).map_err(|_| Error::Corrupt {
        table: Table::Index.name(),
        what: format!("{} is in a list and no id", hex(key)),
    })
}

pub(crate) fn by_key<R: Record>(read: &impl Read, key: &[u8]) -> Result<Option<R>, Error> {
    let decode = |value: &[u8]| codec::decode(R::TABLE.name(), R::VERSION, value);
    read.with_row(R::TABLE, key, |value| value.map(decode).transpose())?
}

/// The record that an index names.
pub(crate) fn named<R: Record>(read: &impl Read, key: &[u8]) -> Result<R, Error> {
    by_key(read, key)?.ok_or_else(|| Error::Corrupt {
        table: R::TABLE.name(),
        what: format!("an index names {}, which is not there", hex(key)),
    })
}

/// All records of a place, oldest first.
pub(crate) fn of<R: Record>(read: &impl Read, place: &Place) -> Result<Vec<R>, Error> {
    place.all(read)?.iter().map(|key| named(read, key)).collect()
}

/// Records of the whole table, read as they are asked for.
pub(crate) fn scan<R: Record>(
    read: &impl Read,
    bounds: (Bound<Vec<u8>>, Bound<Vec<u8>>),
    direction: Direction,
) -> Result<impl Iterator<Item = Result<R, Error>>, Error> {
    let rows = read.scan(R::TABLE, bounds, direction)?;
    Ok(rows.map(|row| codec::decode(R::TABLE.name(), R::VERSION, &row?.1)))
}

/// Every key of a table.
pub(crate) const EVERYTHING: (Bound<Vec<u8>>, Bound<Vec<u8>>) = (Bound::Unbounded, Bound::Unbounded);

/// Everything that begins with this prefix.
pub(crate) fn beginning_with(prefix: &[u8]) -> (Bound<Vec<u8>>, Bound<Vec<u8>>) {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return (Bound::Included(prefix.to_vec()), Bound::Excluded(end));
        }
    }
    (Bound::Included(prefix.to_vec()), Bound::Unbounded)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The id that an index names.
pub(crate) fn sixteen(key: &[u8]) -> Result<[u8; 16], Error> {
    key.try_into().map_err(|_| Error::Corrupt {
        table: Table::Index.name(),
        what: "an entry does not end with an id".to_owned(),
    })
}
