//! Key rows: the key with the keyed hash of its secret; the secret itself is nowhere. Requests find their key in
//! memory, where all of them are read once.

use serde::{Deserialize, Serialize};
use switchboard_domain::id::{AtsId, CompanyId, KeyId};
use switchboard_domain::key::{Key, Reach};

use super::Error;
use super::index::Place;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read, Txn};

/// A key and the keyed hash of its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    secret_hash: [u8; 32],
    key: Key,
}

impl Record for StoredKey {
    type Id = KeyId;
    const TABLE: Table = Table::Key;

    fn id(&self) -> KeyId {
        self.key.id
    }

    fn key(id: &KeyId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let (ats, company) = match self.key.reach {
            Reach::Company(ats_id, company_id) => (Some(ats_id), Some(company_id)),
            Reach::Ats(ats_id) => (Some(ats_id), None),
            Reach::Worker(ats_id) => (ats_id, None),
        };
        let owner = ats.map_or(INSTALLATION, |ats_id| *ats_id.bytes());
        let mut places = vec![Place::new(owner, Tag::KeyOfAts, &[])];
        places.extend(company.map(in_company));
        places.into()
    }
}

pub(crate) fn in_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::KeyOfCompany, &[])
}

fn keys(stored: Vec<StoredKey>) -> Vec<Key> {
    stored.into_iter().map(|stored| stored.key).collect()
}

/// Writes a new key under the keyed hash of its secret.
///
/// # Errors
/// [`Error::Exists`], [`Error::TooLarge`], or the engine fails.
pub fn insert(txn: &mut Txn, key: &Key, secret_hash: [u8; 32]) -> Result<(), Error> {
    record::insert(txn, &StoredKey { secret_hash, key: key.clone() })
}

/// Writes a changed key; its secret stays.
///
/// # Errors
/// [`Error::Missing`], [`Error::TooLarge`], or the engine fails.
pub fn update(txn: &mut Txn, key: &Key) -> Result<(), Error> {
    let Some(stored) = record::get::<StoredKey>(txn, &key.id)? else {
        return Err(Error::Missing(Table::Key.name()));
    };
    record::update(txn, &StoredKey { key: key.clone(), ..stored })
}

/// Removes a key and its hash; what it was.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn delete(txn: &mut Txn, id: KeyId) -> Result<Option<Key>, Error> {
    Ok(record::delete::<StoredKey>(txn, &id)?.map(|stored| stored.key))
}

/// The key with this id.
///
/// # Errors
/// The engine fails, or the row cannot be read.
pub fn get(read: &impl Read, id: KeyId) -> Result<Option<Key>, Error> {
    Ok(record::get::<StoredKey>(read, &id)?.map(|stored| stored.key))
}

/// Every key with the keyed hash of its secret, oldest first: what recognises requests is read once.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn with_hashes(read: &impl Read) -> Result<Vec<([u8; 32], Key)>, Error> {
    let stored = record::scan::<StoredKey>(read, EVERYTHING, Direction::Forward)?;
    stored.map(|stored| stored.map(|stored| (stored.secret_hash, stored.key))).collect()
}

/// Every key, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read) -> Result<Vec<Key>, Error> {
    let stored: Result<Vec<StoredKey>, Error> = record::scan(read, EVERYTHING, Direction::Forward)?.collect();
    stored.map(keys)
}

/// The keys of an ATS and of its companies, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_ats(read: &impl Read, ats_id: AtsId) -> Result<Vec<Key>, Error> {
    record::of(read, &Place::new(*ats_id.bytes(), Tag::KeyOfAts, &[])).map(keys)
}

/// The keys of one company, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_company(read: &impl Read, company_id: CompanyId) -> Result<Vec<Key>, Error> {
    record::of(read, &in_company(company_id)).map(keys)
}
