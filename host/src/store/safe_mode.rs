//! Where safe mode is on: a row for each slot, and one for all, among what the installation itself remembers.

use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::AtsId;
use switchboard_domain::release::SlotState;
use switchboard_domain::safe_mode::SafeMode;

use super::Error;
use super::record::{self, Record};
use super::schema::{INSTALLATION, Table};
use super::txn::{Direction, Read, Txn};

const PREFIX: &[u8] = b"safe-mode/";

/// Behind the prefix: the key of a slot, or nothing for all of them.
fn key(slot: Option<Slot>) -> Vec<u8> {
    [PREFIX, &slot.map(|slot| SlotState::key(&slot)).unwrap_or_default()].concat()
}

/// Where it is on.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn read(read: &impl Read) -> Result<SafeMode, Error> {
    let mut safe = SafeMode::default();
    for row in read.scan(Table::Meta, record::beginning_with(PREFIX), Direction::Forward)? {
        match slot_of(&row?.0[PREFIX.len()..]) {
            Some(Some(slot)) => safe.slots.push(slot),
            Some(None) => safe.everywhere = true,
            None => {
                let what = "a row of safe mode names no slot".to_owned();
                return Err(Error::Corrupt { table: Table::Meta.name(), what });
            }
        }
    }
    Ok(safe)
}

/// Whether it is on in this very slot; with none, everywhere. One row: cheaper than to read where it is on.
///
/// # Errors
/// The engine fails.
pub fn is_on(read: &impl Read, slot: Option<Slot>) -> Result<bool, Error> {
    read.with_row(Table::Meta, &key(slot), |value| value.is_some())
}

/// Turns it on or off in a slot, or everywhere. Off everywhere, it is off in each slot too.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn set(txn: &mut Txn, slot: Option<Slot>, on: bool) -> Result<(), Error> {
    if on {
        return txn.put(Table::Meta, key(slot), vec![1]);
    }
    let gone = match slot {
        Some(_) => vec![key(slot)],
        None => {
            let rows = txn.scan(Table::Meta, record::beginning_with(PREFIX), Direction::Forward)?;
            rows.map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?
        }
    };
    gone.into_iter().try_for_each(|key| txn.remove(Table::Meta, key))
}

fn slot_of(key: &[u8]) -> Option<Option<Slot>> {
    let Some((policy, owner)) = key.split_last() else { return Some(None) };
    let owner: [u8; 16] = owner.try_into().ok()?;
    let ats_id = (owner != INSTALLATION).then(|| AtsId::from_bytes(owner));
    let slot = |policy| Slot { ats_id, policy };
    let all = PolicyName::ALL.map(slot);
    all.into_iter().find(|slot| SlotState::key(slot).last() == Some(policy)).map(Some)
}
