//! Rollout rows: what is on its way into each slot. Beside the slot's own row, so that what answers can be read
//! without them.

use switchboard_domain::decision::Slot;
use switchboard_domain::release::SlotState;
use switchboard_domain::rollout::SlotRollouts;

use super::Error;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::Table;
use super::txn::{Direction, Read, Txn};

impl Record for SlotRollouts {
    type Id = Slot;
    const TABLE: Table = Table::Rollout;

    fn id(&self) -> Slot {
        self.slot
    }

    fn key(slot: &Slot) -> Vec<u8> {
        SlotState::key(slot)
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

/// Every slot that ever had a rollout.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read) -> Result<Vec<SlotRollouts>, Error> {
    record::scan(read, EVERYTHING, Direction::Forward)?.collect()
}

/// Those of a slot, also if it never had one.
///
/// # Errors
/// The engine fails, or the row cannot be read.
pub fn of(read: &impl Read, slot: Slot) -> Result<SlotRollouts, Error> {
    Ok(record::get(read, &slot)?.unwrap_or(SlotRollouts::none(slot)))
}

/// Writes those of a slot, whether it had some or not.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn put(txn: &mut Txn, rollouts: &SlotRollouts) -> Result<(), Error> {
    if record::exists::<SlotRollouts>(txn, &rollouts.slot)? {
        record::update(txn, rollouts)
    } else {
        record::insert(txn, rollouts)
    }
}
