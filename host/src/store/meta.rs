//! What the installation itself remembers: its secrets.

use super::Error;
use super::schema::Table;
use super::txn::{Read, Txn};

fn secret_key(name: &str) -> Vec<u8> {
    [b"secret/", name.as_bytes()].concat()
}

/// A secret of the installation, such as the pepper of the key hashes.
///
/// # Errors
/// The engine fails.
pub fn secret(read: &impl Read, name: &str) -> Result<Option<Vec<u8>>, Error> {
    read.get(Table::Meta, &secret_key(name))
}

/// Keeps a secret of the installation, in place of what stood there.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn put_secret(txn: &mut Txn, name: &str, bytes: &[u8]) -> Result<(), Error> {
    txn.put(Table::Meta, secret_key(name), bytes.to_vec())
}
