//! Outbox rows: effects that wait to leave, oldest first; and what came of trying those that did not leave at once.

use std::ops::Bound;

use switchboard_domain::event::OutboxRow;
use switchboard_domain::id::{CandidateId, CompanyId, OutboxId};
use switchboard_domain::outbox::OutboxTry;

use super::Error;
use super::index::Place;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{Table, Tag};
use super::txn::{Direction, Read, Txn};

impl Record for OutboxRow {
    type Id = OutboxId;
    const TABLE: Table = Table::Outbox;

    fn id(&self) -> OutboxId {
        self.id
    }

    fn key(id: &OutboxId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let place = match self.candidate_id {
            Some(candidate_id) => about(candidate_id),
            None => in_company(self.company_id),
        };
        vec![place].into()
    }
}

impl Record for OutboxTry {
    type Id = OutboxId;
    const TABLE: Table = Table::OutboxTry;

    fn id(&self) -> OutboxId {
        self.outbox_id
    }

    fn key(id: &OutboxId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        // It is found by its row alone.
        Places::default()
    }
}

pub(crate) fn about(candidate_id: CandidateId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::OutboxOfCandidate, &[])
}

/// Those that are about no candidate.
pub(crate) fn in_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::OutboxOfCompany, &[])
}

/// What has waited for longest.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn oldest(read: &impl Read, limit: usize) -> Result<Vec<OutboxRow>, Error> {
    record::scan(read, EVERYTHING, Direction::Forward)?.take(limit).collect()
}

/// Every row, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read) -> Result<impl Iterator<Item = Result<OutboxRow, Error>>, Error> {
    record::scan(read, EVERYTHING, Direction::Forward)
}

/// So many rows behind this one, oldest first, each with what came of trying it.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn after(
    read: &impl Read,
    after: Option<OutboxId>,
    limit: usize,
) -> Result<Vec<(OutboxRow, Option<OutboxTry>)>, Error> {
    let from = after.map_or(Bound::Unbounded, |id| Bound::Excluded(OutboxRow::key(&id)));
    let rows = record::scan::<OutboxRow>(read, (from, Bound::Unbounded), Direction::Forward)?.take(limit);
    rows.map(|row| {
        let row = row?;
        let tried = record::get::<OutboxTry>(read, &row.id)?;
        Ok((row, tried))
    })
    .collect()
}

/// The rows of a company that are about no candidate, oldest first. They are few.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_company(read: &impl Read, company_id: CompanyId) -> Result<Vec<OutboxRow>, Error> {
    record::of(read, &in_company(company_id))
}

/// Removes a row with what came of trying it; what it was.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn delete(txn: &mut Txn, id: OutboxId) -> Result<Option<OutboxRow>, Error> {
    record::delete::<OutboxTry>(txn, &id)?;
    record::delete::<OutboxRow>(txn, &id)
}

/// Notes what came of trying a row, in the place of what was noted before.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn note(txn: &mut Txn, tried: &OutboxTry) -> Result<(), Error> {
    record::delete::<OutboxTry>(txn, &tried.outbox_id)?;
    record::insert(txn, tried)
}
