//! Slot rows: what stands in each slot that ever had a release of its own. Activation is one of them.

use switchboard_domain::decision::Slot;
use switchboard_domain::release::SlotState;

use super::Error;
use super::decision::slot_bytes;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::Table;
use super::txn::{Direction, Read};

impl Record for SlotState {
    type Id = Slot;
    const TABLE: Table = Table::Slot;

    fn id(&self) -> Slot {
        self.slot
    }

    fn key(slot: &Slot) -> Vec<u8> {
        let (owner, policy) = slot_bytes(*slot);
        [owner.as_slice(), &[policy]].concat()
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

/// Every slot that has a state, the default slots first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read) -> Result<Vec<SlotState>, Error> {
    record::scan(read, EVERYTHING, Direction::Forward)?.collect()
}
