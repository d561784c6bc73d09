//! Decision rows, in the order in which they were asked.
//!
//! Promises: a decision about a candidate is found when they go. One that an interview was made with is named by that
//! interview, which is in the candidate's list already; every other one is in a list of the candidate's decisions. So
//! the usual decision costs no row among those of its candidate.

use std::collections::BinaryHeap;
use std::ops::Bound;

use switchboard_domain::candidate::Candidate;
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::id::{CandidateId, CompanyId, DecisionId, InterviewId};
use switchboard_domain::interview::Interview;
use switchboard_domain::time::Timestamp;

use super::Error;
use super::index::Place;
use super::key_list::{Key, KeyList};
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read, Snapshot, Txn};

impl Record for Decision {
    type Id = DecisionId;
    const TABLE: Table = Table::Decision;
    const VERSION: u8 = 2;

    fn id(&self) -> DecisionId {
        self.id
    }

    fn key(id: &DecisionId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let mut places = vec![in_company(self.company_id), in_slot(self.slot)];
        if self.interview_id.is_none() {
            places.extend(self.candidate_id.map(about));
        }
        if self.is_degraded() {
            places.push(failed());
        }
        places.into()
    }
}

pub(crate) fn in_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::DecisionOfCompany, &[])
}

/// Those that no interview names.
pub(crate) fn about(candidate_id: CandidateId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::DecisionOfCandidate, &[])
}

fn in_slot(slot: Slot) -> Place {
    let (owner, policy) = slot_bytes(slot);
    Place::new(owner, Tag::DecisionBySlot, &[policy])
}

fn failed() -> Place {
    Place::new(INSTALLATION, Tag::DecisionFailed, &[])
}

/// A slot in keys: its ATS, or the installation for the default slots, and a number for its policy. In the
/// file: never changed.
pub(crate) fn slot_bytes(slot: Slot) -> ([u8; 16], u8) {
    let policy = match slot.policy {
        PolicyName::JobResolution => 1,
        PolicyName::CallScheduling => 2,
        PolicyName::Billing => 3,
        PolicyName::OwnerOnboarding => 4,
    };
    (slot.ats_id.map_or(INSTALLATION, |ats_id| *ats_id.bytes()), policy)
}

/// What a list of decisions may be narrowed by; all of it applies.
#[derive(Debug, Clone, Copy, Default)]
pub struct DecisionFilter<'a> {
    /// Of one of these slots.
    pub slots: Option<&'a [Slot]>,
    /// For this company.
    pub company_id: Option<CompanyId>,
    /// Asked then or later.
    pub since: Option<Timestamp>,
    /// Those that the failure ladder answered only.
    pub failed: bool,
    /// Older than this one only: where the list before ended.
    pub before: Option<DecisionId>,
}

/// Decisions, newest first. The narrowest list is walked; the other filters look at each record.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(read: &impl Read, filter: &DecisionFilter<'_>, limit: usize) -> Result<Vec<Decision>, Error> {
    let place = match (filter.company_id, filter.slots) {
        _ if filter.failed => Some(failed()),
        (Some(company_id), _) => Some(in_company(company_id)),
        (None, Some(slots)) => {
            let ids = of_slots(read, slots, filter.before)?;
            return narrow(ids.map(|id| record::named(read, id?.bytes())), filter, limit);
        }
        (None, None) => None,
    };
    match place {
        Some(place) => {
            let keys = KeyList::from(place).newest(read, filter.before.map(key_of))?;
            narrow(keys.map(|key| record::named(read, &key?.to_be_bytes())), filter, limit)
        }
        None => {
            let to =
                filter.before.map_or(Bound::Unbounded, |before| Bound::Excluded(before.bytes().to_vec()));
            let rows = record::scan(read, (Bound::Unbounded, to), Direction::Reverse)?;
            narrow(rows, filter, limit)
        }
    }
}

fn key_of(id: DecisionId) -> Key {
    Key::from_be_bytes(*id.bytes())
}

fn id_of(key: Key) -> DecisionId {
    DecisionId::from_bytes(key.to_be_bytes())
}

/// An interview rests on this decision no more, or is gone: the candidate's list names it from now on, where there is
/// still a candidate.
pub(crate) fn let_go(txn: &mut Txn, id: DecisionId, interview_id: InterviewId) -> Result<(), Error> {
    // It may have gone before, for its age.
    let Some(decision) = record::get::<Decision>(txn, &id)? else { return Ok(()) };
    if decision.interview_id != Some(interview_id) {
        return Ok(());
    }
    match decision.candidate_id {
        Some(candidate_id) if record::exists::<Candidate>(txn, &candidate_id)? => {
            record::update(txn, &Decision { interview_id: None, ..decision })
        }
        // Nobody would find it there.
        Some(_) | None => record::delete::<Decision>(txn, &id).map(drop),
    }
}

/// Decisions that say of an interview that it names them, while it does not. A sentence for each.
pub(crate) fn lost(read: &impl Read) -> Result<Vec<String>, Error> {
    let mut lost = Vec::new();
    for decision in record::scan::<Decision>(read, EVERYTHING, Direction::Forward)? {
        let decision = decision?;
        let Some(interview_id) = decision.interview_id else { continue };
        let is_named = |interview: &Interview| {
            Some(interview.candidate_id) == decision.candidate_id
                && interview.decisions.iter().any(|named| named.decision_id == decision.id)
        };
        if !record::get::<Interview>(read, &interview_id)?.as_ref().is_some_and(is_named) {
            lost.push(format!("decision {} is not named by the interview {interview_id}", decision.id));
        }
    }
    Ok(lost)
}

/// The decisions of these slots together, newest first, read as they are asked for.
fn of_slots<'a, T: Read>(
    read: &'a T,
    slots: &[Slot],
    before: Option<DecisionId>,
) -> Result<impl Iterator<Item = Result<DecisionId, Error>> + use<'a, T>, Error> {
    fn next(list: &mut impl Iterator<Item = Result<Key, Error>>) -> Result<Option<DecisionId>, Error> {
        Ok(list.next().transpose()?.map(id_of))
    }
    let mut lists = Vec::with_capacity(slots.len());
    let mut heads = BinaryHeap::with_capacity(slots.len());
    for slot in slots {
        let mut list = KeyList::from(in_slot(*slot)).newest(read, before.map(key_of))?;
        heads.extend(next(&mut list)?.map(|id| (id, lists.len())));
        lists.push(list);
    }
    Ok(std::iter::from_fn(move || {
        let (id, place) = heads.pop()?;
        Some(next(&mut lists[place]).map(|behind| {
            heads.extend(behind.map(|behind| (behind, place)));
            id
        }))
    }))
}

/// The newest decisions of these slots together, newest first: at most so many, asked then or later. Only their ids,
/// so that whoever works on many of them reads each when it is its turn.
///
/// # Errors
/// The engine fails.
pub fn newest(
    read: &impl Read,
    slots: &[Slot],
    since: Option<Timestamp>,
    limit: usize,
) -> Result<Vec<DecisionId>, Error> {
    // As in `narrow`: an id is never made before its decision's moment.
    let is_wanted = |id: &DecisionId| since.is_none_or(|since| since <= made_at(*id));
    let ids = of_slots(read, slots, None)?;
    ids.take_while(|id| id.as_ref().map_or(true, is_wanted)).take(limit).collect()
}

/// How many there are.
///
/// # Errors
/// The engine fails.
pub fn count(snapshot: &Snapshot) -> Result<u64, Error> {
    snapshot.rows(Table::Decision)
}

/// Deletes the oldest decisions, at most so many, only those made before a moment where one is given; how many.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn delete_oldest(txn: &mut Txn, before: Option<Timestamp>, limit: usize) -> Result<usize, Error> {
    let to = before.map_or(Bound::Unbounded, |before| Bound::Excluded(first_made_at(before)));
    let rows = txn.scan(Table::Decision, (Bound::Unbounded, to), Direction::Forward)?;
    let keys: Vec<Vec<u8>> = rows.take(limit).map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    for key in &keys {
        record::delete_named::<Decision>(txn, key)?;
    }
    Ok(keys.len())
}

/// Under this name the store keeps how far decisions are redacted.
const REDACTED_TO: &[u8] = b"decision/redacted-to";

/// The newest decision that is redacted, and with it all older ones.
///
/// # Errors
/// The engine fails.
pub fn redacted_to(read: &impl Read) -> Result<Option<DecisionId>, Error> {
    let key = read.get(Table::Meta, REDACTED_TO)?;
    key.map(|key| record::sixteen(&key).map(DecisionId::from_bytes)).transpose()
}

/// Redacts the oldest decisions made before a moment that are not redacted yet, at most so many; how many.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn redact(
    txn: &mut Txn,
    before: Timestamp,
    limit: usize,
    redacted: impl Fn(Decision) -> Decision,
) -> Result<usize, Error> {
    let from = redacted_to(txn)?.map_or(Bound::Unbounded, |id| Bound::Excluded(id.bytes().to_vec()));
    let to = Bound::Excluded(first_made_at(before));
    let due: Vec<Decision> = match &from {
        // A range that ends before it begins is no range.
        Bound::Excluded(from) if first_made_at(before) <= *from => Vec::new(),
        _ => {
            let rows = record::scan::<Decision>(txn, (from, to), Direction::Forward)?;
            rows.take(limit).collect::<Result<_, _>>()?
        }
    };
    let Some(last) = due.last().map(|decision| decision.id) else { return Ok(0) };
    let count = due.len();
    for decision in due {
        record::update(txn, &redacted(decision))?;
    }
    txn.put(Table::Meta, REDACTED_TO, last.bytes().to_vec())?;
    Ok(count)
}

/// The first key that can have been made at this moment or later.
fn first_made_at(at: Timestamp) -> Vec<u8> {
    let millis = u64::try_from(at.unix_millis()).unwrap_or(0);
    let mut key = vec![0; 16];
    key[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    key
}

/// The moment in a UUIDv7: its first six bytes.
fn made_at(id: DecisionId) -> Timestamp {
    let [a, b, c, d, e, f, ..] = *id.bytes();
    Timestamp::from_unix_millis(i64::from_be_bytes([0, 0, a, b, c, d, e, f]))
}

fn narrow(
    decisions: impl Iterator<Item = Result<Decision, Error>>,
    filter: &DecisionFilter<'_>,
    limit: usize,
) -> Result<Vec<Decision>, Error> {
    let mut found = Vec::new();
    for decision in decisions {
        let decision = decision?;
        // An id is made after the request's moment, and ids follow one another: what comes now is older still.
        if found.len() == limit || filter.since.is_some_and(|since| made_at(decision.id) < since) {
            break;
        }
        if filter.since.is_none_or(|since| since <= decision.at)
            && filter.slots.is_none_or(|slots| slots.contains(&decision.slot))
            && filter.company_id.is_none_or(|id| id == decision.company_id)
            && (!filter.failed || decision.is_degraded())
        {
            found.push(decision);
        }
    }
    Ok(found)
}
