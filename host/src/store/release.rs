//! Release rows, listed by slot.

use switchboard_domain::decision::Slot;
use switchboard_domain::id::ReleaseId;
use switchboard_domain::release::{Digest, Release};

use super::Error;
use super::decision::slot_bytes;
use super::index::Place;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read};

impl Record for Release {
    type Id = ReleaseId;
    const TABLE: Table = Table::Release;
    const VERSION: u8 = 2;

    fn id(&self) -> ReleaseId {
        self.id
    }

    fn key(id: &ReleaseId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![in_slot(self.slot), of_digest(self.digest)].into()
    }
}

fn in_slot(slot: Slot) -> Place {
    let (owner, policy) = slot_bytes(slot);
    Place::new(owner, Tag::ReleaseBySlot, &[policy])
}

pub(crate) fn of_digest(digest: Digest) -> Place {
    Place::new(INSTALLATION, Tag::ReleaseByDigest, &digest.0)
}

/// Releases of one slot or of all, newest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(read: &impl Read, slot: Option<Slot>, limit: usize) -> Result<Vec<Release>, Error> {
    match slot {
        Some(slot) => {
            let place = in_slot(slot);
            let keys = place.entries(read, Direction::Reverse)?.take(limit);
            keys.map(|key| record::named(read, &key?)).collect()
        }
        None => record::scan(read, EVERYTHING, Direction::Reverse)?.take(limit).collect(),
    }
}
