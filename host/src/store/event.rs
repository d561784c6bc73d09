//! Event rows: one order of all events, without gaps, as they were committed.

use std::ops::Bound;

use switchboard_domain::event::Event;
use switchboard_domain::id::{CandidateId, CompanyId};

use super::index::Place;
use super::record::{self, Places, Record};
use super::schema::{Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::{Error, codec};

/// Holds the last sequence given out, which retention must not give out again. It sorts behind every event,
/// beside the newest, so that both share a page.
pub(crate) const LAST_KEY: [u8; 8] = [0xFF; 8];

impl Record for Event {
    type Id = u64;
    const TABLE: Table = Table::Event;

    fn id(&self) -> u64 {
        self.sequence
    }

    fn key(sequence: &u64) -> Vec<u8> {
        sequence.to_be_bytes().to_vec()
    }

    fn places(&self) -> Places {
        let place = match self.candidate_id {
            Some(candidate_id) => about(candidate_id),
            None => in_company(self.company_id),
        };
        vec![place].into()
    }
}

pub(crate) fn about(candidate_id: CandidateId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::EventOfCandidate, &[])
}

/// Those that are about no candidate.
pub(crate) fn in_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::EventOfCompany, &[])
}

/// Writes an event behind all others; its `sequence` is set, and answered.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn append(txn: &mut Txn, event: Event) -> Result<u64, Error> {
    let last = match txn.get(Table::Event, &LAST_KEY)? {
        Some(bytes) => codec::number(Table::Event.name(), &bytes)?,
        None => 0,
    };
    let sequence = last + 1;
    txn.put(Table::Event, LAST_KEY, sequence.to_be_bytes().to_vec())?;
    record::insert(txn, &Event { sequence, ..event })?;
    Ok(sequence)
}

/// The events behind this sequence, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn after(read: &impl Read, sequence: u64, limit: usize) -> Result<Vec<Event>, Error> {
    let from = Bound::Excluded(Event::key(&sequence));
    let bounds = (from, Bound::Excluded(LAST_KEY.to_vec()));
    record::scan(read, bounds, Direction::Forward)?.take(limit).collect()
}
