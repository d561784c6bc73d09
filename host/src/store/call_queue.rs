//! Which company's attempts are dialled next.
//!
//! Every company has a queue of its attempts that wait, in the order in which they are due: an index that follows from
//! the attempts. For each company that has any there is one row here, whose seat says where the company stands: it
//! waits until its first attempt is due; or it has a turn in the ring, in which companies are served one attempt
//! after another; or it has as many calls in progress as it may have, and is passed over until one of them ends.
//! So a claim looks at the front of the ring, whatever stands in the queues, and finds nothing by two reads.
//!
//! The row follows from the company, its queue and its leases, and is kept by every change of one of these
//! (`reseat`). Only the way from waiting into the ring needs the time, and is the claim's.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use switchboard_domain::company::Company;
use switchboard_domain::id::{AtsId, CallAttemptId, CompanyId, InterviewId};
use switchboard_domain::time::Timestamp;

use super::index::{self, Place};
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::{Error, codec, lease};

/// Where a company stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seat {
    /// Until its first attempt is due.
    Waits,
    /// In the ring, behind those with smaller numbers.
    Turn(u64),
    /// As many calls in progress as it may have.
    Full,
}

/// A company that has attempts waiting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallQueue {
    /// Whose they are.
    pub company_id: CompanyId,
    /// Whose company it is: a worker may be of one ATS alone.
    pub ats_id: AtsId,
    /// When its first attempt is due, or was.
    pub first_at: Timestamp,
    /// Where it stands.
    pub seat: Seat,
}

impl Record for CallQueue {
    type Id = CompanyId;
    const TABLE: Table = Table::CallQueue;

    fn id(&self) -> CompanyId {
        self.company_id
    }

    fn key(id: &CompanyId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let first_at = codec::moment(self.first_at);
        let mut places = vec![Place::new(INSTALLATION, Tag::QueueFirst, &first_at)];
        let (tag, value) = match self.seat {
            Seat::Waits => (Tag::QueueWaits, first_at),
            Seat::Turn(turn) => (Tag::QueueRing, turn.to_be_bytes()),
            Seat::Full => return places.into(),
        };
        places.extend([INSTALLATION, *self.ats_id.bytes()].map(|owner| Place::new(owner, tag, &value)));
        places.into()
    }
}

/// The place of an attempt that waits in its company's queue.
pub(crate) fn due(company_id: CompanyId, due_at: Timestamp) -> Place {
    Place::new(*company_id.bytes(), Tag::CallDue, &codec::moment(due_at))
}

/// Puts a company where it belongs, after something changed that this follows from.
pub(crate) fn reseat(txn: &mut Txn, company_id: CompanyId) -> Result<(), Error> {
    let old = record::get::<CallQueue>(txn, &company_id)?;
    match (old.is_some(), follows(txn, company_id, old.as_ref())?) {
        (false, None) => Ok(()),
        (false, Some(new)) => record::insert(txn, &new),
        (true, None) => record::delete::<CallQueue>(txn, &company_id).map(drop),
        (true, Some(new)) if Some(&new) == old.as_ref() => Ok(()),
        (true, Some(new)) => record::update(txn, &new),
    }
}

/// The row as it follows from the company, its queue and its leases. Whoever has a turn keeps it.
fn follows(
    read: &impl Read,
    company_id: CompanyId,
    old: Option<&CallQueue>,
) -> Result<Option<CallQueue>, Error> {
    let Some(company) = record::get::<Company>(read, &company_id)? else { return Ok(None) };
    let Some((first_at, _)) = first_of(read, company_id)? else { return Ok(None) };
    let is_full = u64::from(company.calls_at_once()) <= lease::calls_in_progress(read, company_id)?;
    let seat = match old.map(|old| old.seat) {
        _ if is_full => Seat::Full,
        Some(Seat::Turn(turn)) => Seat::Turn(turn),
        Some(Seat::Waits | Seat::Full) | None => Seat::Waits,
    };
    Ok(Some(CallQueue { company_id, ats_id: company.ats_id, first_at, seat }))
}

/// What an attempt is found by.
pub type AttemptKey = (InterviewId, CallAttemptId);

/// The attempt of a company that is due first, and when.
///
/// # Errors
/// The engine fails.
pub fn first_of(read: &impl Read, company_id: CompanyId) -> Result<Option<(Timestamp, AttemptKey)>, Error> {
    let first = index::sorted_from(read, *company_id.bytes(), Tag::CallDue, [0; 8])?.next().transpose()?;
    first.map(|first| Ok((codec::moment_of(first.value), attempt_of(&first.key)?))).transpose()
}

fn attempt_of(key: &[u8]) -> Result<AttemptKey, Error> {
    let corrupt = || Error::Corrupt {
        table: Table::Index.name(),
        what: "an entry of a queue does not end with two ids".to_owned(),
    };
    let (interview_id, attempt_id) = key.split_first_chunk::<16>().ok_or_else(corrupt)?;
    let attempt_id = attempt_id.try_into().map_err(|_| corrupt())?;
    Ok((InterviewId::from_bytes(*interview_id), CallAttemptId::from_bytes(attempt_id)))
}

/// Whether somebody's attempt is due, of this ATS or of any.
///
/// # Errors
/// The engine fails.
pub fn is_due(read: &impl Read, ats_id: Option<AtsId>, now: Timestamp) -> Result<bool, Error> {
    if front(read, ats_id)?.is_some() {
        return Ok(true);
    }
    let first = index::sorted_from(read, owner(ats_id), Tag::QueueWaits, [0; 8])?.next().transpose()?;
    Ok(first.is_some_and(|first| codec::moment_of(first.value) <= now))
}

/// When the next company's first attempt is due, of those that wait behind this moment.
///
/// # Errors
/// The engine fails.
pub fn next_due(read: &impl Read, after: Timestamp) -> Result<Option<Timestamp>, Error> {
    let from = codec::moment(Timestamp::from_unix_millis(after.unix_millis().saturating_add(1)));
    let next = index::sorted_from(read, INSTALLATION, Tag::QueueWaits, from)?.next().transpose()?;
    Ok(next.map(|next| codec::moment_of(next.value)))
}

/// Gives those whose first attempt is due by now a turn behind all others, at most so many.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn seat_due(txn: &mut Txn, ats_id: Option<AtsId>, now: Timestamp, limit: usize) -> Result<(), Error> {
    let mut due = Vec::new();
    for entry in index::sorted_from(txn, owner(ats_id), Tag::QueueWaits, [0; 8])?.take(limit) {
        let entry = entry?;
        if now < codec::moment_of(entry.value) {
            break;
        }
        due.push(entry.key);
    }
    for key in due {
        let queue = record::named::<CallQueue>(txn, &key)?;
        let seat = Seat::Turn(next_turn(txn)?);
        record::update(txn, &CallQueue { seat, ..queue })?;
    }
    Ok(())
}

/// The company whose turn it is.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn front(read: &impl Read, ats_id: Option<AtsId>) -> Result<Option<CallQueue>, Error> {
    let first = index::sorted_from(read, owner(ats_id), Tag::QueueRing, [0; 8])?.next().transpose()?;
    first.map(|first| record::named(read, &first.key)).transpose()
}

/// Ends a company's turn: it goes behind all others, or waits where its first attempt is not due yet.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn end_turn(txn: &mut Txn, company_id: CompanyId, now: Timestamp) -> Result<(), Error> {
    // Served to its end, or to its limit: the row went or left the ring by itself.
    let Some(queue) = record::get::<CallQueue>(txn, &company_id)? else { return Ok(()) };
    let Seat::Turn(turn) = queue.seat else { return Ok(()) };
    let seat = match next_turn(txn)? {
        _ if now < queue.first_at => Seat::Waits,
        next if next == turn + 1 => return Ok(()),
        next => Seat::Turn(next),
    };
    record::update(txn, &CallQueue { seat, ..queue })
}

fn next_turn(read: &impl Read) -> Result<u64, Error> {
    let last = index::greatest(read, INSTALLATION, Tag::QueueRing)?;
    Ok(last.map_or(1, |turn| u64::from_be_bytes(turn) + 1))
}

/// Companies by the moment of their first attempt, the earliest first.
///
/// # Errors
/// The engine fails.
pub fn by_first(
    read: &impl Read,
) -> Result<impl Iterator<Item = Result<(Timestamp, CompanyId), Error>>, Error> {
    let entries = index::sorted_from(read, INSTALLATION, Tag::QueueFirst, [0; 8])?;
    Ok(entries.map(|entry| {
        let entry = entry?;
        Ok((codec::moment_of(entry.value), CompanyId::from_bytes(record::sixteen(&entry.key)?)))
    }))
}

/// A sentence for each company that does not stand where it belongs.
pub(crate) fn misplaced(read: &impl Read) -> Result<Vec<String>, Error> {
    let mut rows = BTreeMap::new();
    for row in record::scan::<CallQueue>(read, EVERYTHING, Direction::Forward)? {
        let row = row?;
        rows.insert(row.company_id, row);
    }
    let mut problems = Vec::new();
    for company in record::scan::<Company>(read, EVERYTHING, Direction::Forward)? {
        let company_id = company?.id;
        let row = rows.remove(&company_id);
        let expected = follows(read, company_id, row.as_ref())?;
        if row != expected {
            problems.push(format!("the queue of company {company_id} is {row:?}, not {expected:?}"));
        }
    }
    problems.extend(rows.keys().map(|company_id| format!("there is no company {company_id} for its queue")));
    Ok(problems)
}

/// The owner of the entries that a worker may look at.
fn owner(ats_id: Option<AtsId>) -> [u8; 16] {
    ats_id.map_or(INSTALLATION, |ats_id| *ats_id.bytes())
}
