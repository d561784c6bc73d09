//! Slot rows: what stands in each slot that ever had a release of its own. Activation is one of them.

use switchboard_domain::ats::Ats;
use switchboard_domain::decision::Slot;
use switchboard_domain::release::SlotState;

use super::decision::slot_bytes;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::Table;
use super::txn::{Direction, Read};
use super::{Error, ats};

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

/// The slots whose decisions a release of this slot answers, in order: its own, and for a default slot those of every
/// ATS that has no release of its own. Decisions are recorded under these.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn answered_by(read: &impl Read, slot: Slot) -> Result<Vec<Slot>, Error> {
    if slot.ats_id.is_some() {
        return Ok(vec![slot]);
    }
    let mut slots = Vec::new();
    for Ats { id, .. } in ats::all(read)? {
        let of_ats = Slot { ats_id: Some(id), ..slot };
        if !record::exists::<SlotState>(read, &of_ats)? {
            slots.push(of_ats);
        }
    }
    Ok(slots)
}
