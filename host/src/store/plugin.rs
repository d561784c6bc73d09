//! Plugin versions and the bytes of their components.
//!
//! A component is too large for one commit: its chunks are written first, in several, and the small row of
//! the version makes them visible. Chunks without such a row are what a crash left; opening sweeps them.

use std::collections::BTreeSet;
use std::sync::Arc;

use switchboard_domain::id::ReleaseId;
use switchboard_domain::release::{Digest, PluginVersion};

use super::overlay::Overlay;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::Table;
use super::txn::{Direction, Read, Txn};
use super::{Abort, CommitError, Error, Store, codec, release};

/// Bytes of one row of a component: large enough that rows are few, far below what one commit may hold.
const CHUNK_BYTES: usize = 128 << 10;

/// Chunks of one commit: 1 MiB, so that a push of 18 MB delays nobody's write by much.
const CHUNKS_PER_COMMIT: usize = 8;

impl Record for PluginVersion {
    type Id = (String, Digest);
    const TABLE: Table = Table::PluginVersion;

    fn id(&self) -> Self::Id {
        (self.name.clone(), self.digest)
    }

    fn key((name, digest): &Self::Id) -> Vec<u8> {
        let mut key = prefix(name);
        key.extend(digest.0);
        key
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

fn prefix(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 2 + 32);
    codec::push_text(&mut key, name);
    key
}

fn chunk_key(digest: Digest, number: usize) -> Result<Vec<u8>, Error> {
    let number = u32::try_from(number).map_err(|_| Error::TooLarge)?;
    Ok([digest.0.as_slice(), &number.to_be_bytes()].concat())
}

/// Every version, by name.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read) -> Result<Vec<PluginVersion>, Error> {
    record::scan(read, EVERYTHING, Direction::Forward)?.collect()
}

/// The versions of a plugin, in no meaningful order.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn named(read: &impl Read, name: &str) -> Result<Vec<PluginVersion>, Error> {
    record::scan(read, record::beginning_with(&prefix(name)), Direction::Forward)?.collect()
}

/// The releases that run this version, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn releases_of(read: &impl Read, digest: Digest) -> Result<Vec<ReleaseId>, Error> {
    let keys = release::of_digest(digest).all(read)?;
    let ids = keys.iter().map(|key| key.as_slice().try_into().map(ReleaseId::from_bytes));
    ids.collect::<Result<_, _>>().map_err(|_| Error::Corrupt {
        table: Table::Index.name(),
        what: "an entry of releases by digest has a wrong length".to_owned(),
    })
}

/// Writes the bytes of a component, in several commits. Insert its [`PluginVersion`] afterwards: until then
/// nothing shows them.
///
/// # Errors
/// The store fails or is overloaded; what was written is swept at the next start.
pub async fn put_artifact(store: &Store, digest: Digest, bytes: Arc<[u8]>) -> Result<(), Error> {
    let chunks = bytes.len().div_ceil(CHUNK_BYTES);
    for first in (0..chunks).step_by(CHUNKS_PER_COMMIT) {
        let bytes = Arc::clone(&bytes);
        let work = move |txn: &mut Txn| -> Result<(), Abort<()>> {
            for number in first..chunks.min(first + CHUNKS_PER_COMMIT) {
                let start = number * CHUNK_BYTES;
                let end = bytes.len().min(start + CHUNK_BYTES);
                txn.put(Table::ArtifactChunk, chunk_key(digest, number)?, bytes[start..end].to_vec())?;
            }
            Ok(())
        };
        store.commit(work).await.map_err(|error| match error {
            CommitError::Store(error) => error,
            CommitError::Refused(()) | CommitError::Panicked(_) => {
                Error::Engine(Arc::from("a component could not be cut into rows"))
            }
        })?;
    }
    Ok(())
}

/// The bytes of a component; none when it was never written.
///
/// # Errors
/// The engine fails.
pub fn artifact(read: &impl Read, digest: Digest) -> Result<Option<Vec<u8>>, Error> {
    let mut bytes = Vec::new();
    for row in read.scan(Table::ArtifactChunk, record::beginning_with(&digest.0), Direction::Forward)? {
        bytes.extend(row?.1);
    }
    Ok(if bytes.is_empty() { None } else { Some(bytes) })
}

/// Removes the bytes of a component, which no version may name any more.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn remove_artifact(txn: &mut Txn, digest: Digest) -> Result<(), Error> {
    let rows = txn.scan(Table::ArtifactChunk, record::beginning_with(&digest.0), Direction::Forward)?;
    let keys: Vec<Vec<u8>> = rows.map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| txn.remove(Table::ArtifactChunk, key.as_slice()))
}

/// The removal of every chunk that no version names.
pub(crate) fn orphan_chunks(read: &impl Read) -> Result<Overlay, Error> {
    let visible: BTreeSet<[u8; 32]> = all(read)?.iter().map(|version| version.digest.0).collect();
    let mut orphans = Overlay::default();
    for row in read.scan(Table::ArtifactChunk, EVERYTHING, Direction::Forward)? {
        let (key, _) = row?;
        if !key.first_chunk::<32>().is_some_and(|digest| visible.contains(digest)) {
            orphans.set(Table::ArtifactChunk, key, None);
        }
    }
    Ok(orphans)
}
