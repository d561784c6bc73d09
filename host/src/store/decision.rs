//! Decision rows, in the order in which they were asked.

use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::id::{CandidateId, CompanyId, DecisionId};
use switchboard_domain::time::Timestamp;

use super::Error;
use super::index::{self, Place};
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read};

impl Record for Decision {
    type Id = DecisionId;
    const TABLE: Table = Table::Decision;

    fn id(&self) -> DecisionId {
        self.id
    }

    fn key(id: &DecisionId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let mut places = vec![in_company(self.company_id), in_slot(self.slot)];
        places.extend(self.candidate_id.map(|candidate_id| newest_first(candidate_id, self.id)));
        if self.is_degraded() {
            places.push(failed());
        }
        places.into()
    }
}

pub(crate) fn in_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::DecisionOfCompany, &[])
}

/// A place of its own, among those of the candidate's other decisions.
fn newest_first(candidate_id: CandidateId, id: DecisionId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::DecisionOfCandidate, &id.bytes().map(|byte| !byte))
}

/// Where format 2 had it.
pub(crate) fn oldest_first(candidate_id: CandidateId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::DecisionOfCandidate, &[])
}

/// The keys of decisions about a candidate, newest first.
pub(crate) fn about(
    read: &impl Read,
    candidate_id: CandidateId,
) -> Result<impl Iterator<Item = Result<Vec<u8>, Error>>, Error> {
    index::keys_by_value(read, *candidate_id.bytes(), Tag::DecisionOfCandidate, size_of::<DecisionId>())
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
pub struct DecisionFilter {
    /// Of this slot.
    pub slot: Option<Slot>,
    /// For this company.
    pub company_id: Option<CompanyId>,
    /// About this candidate.
    pub candidate_id: Option<CandidateId>,
    /// Asked then or later.
    pub since: Option<Timestamp>,
    /// Those that the failure ladder answered only.
    pub failed: bool,
}

/// Decisions, newest first. The narrowest list is walked; the other filters look at each record.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(read: &impl Read, filter: &DecisionFilter, limit: usize) -> Result<Vec<Decision>, Error> {
    if let Some(candidate_id) = filter.candidate_id {
        let keys = about(read, candidate_id)?;
        return narrow(keys.map(|key| record::named(read, &key?)), filter, limit);
    }
    let place = match (filter.company_id, filter.slot) {
        _ if filter.failed => Some(failed()),
        (Some(company_id), _) => Some(in_company(company_id)),
        (None, Some(slot)) => Some(in_slot(slot)),
        (None, None) => None,
    };
    match place {
        Some(place) => {
            let keys = place.keys(read, None, Direction::Reverse)?;
            narrow(keys.map(|key| record::named(read, &key?)), filter, limit)
        }
        None => {
            let rows = record::scan(read, EVERYTHING, Direction::Reverse)?;
            narrow(rows, filter, limit)
        }
    }
}

/// The moment in a UUIDv7: its first six bytes.
fn made_at(id: DecisionId) -> Timestamp {
    let [a, b, c, d, e, f, ..] = *id.bytes();
    Timestamp::from_unix_millis(i64::from_be_bytes([0, 0, a, b, c, d, e, f]))
}

fn narrow(
    decisions: impl Iterator<Item = Result<Decision, Error>>,
    filter: &DecisionFilter,
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
            && filter.slot.is_none_or(|slot| slot == decision.slot)
            && filter.company_id.is_none_or(|id| id == decision.company_id)
            && filter.candidate_id.is_none_or(|id| Some(id) == decision.candidate_id)
            && (!filter.failed || decision.is_degraded())
        {
            found.push(decision);
        }
    }
    Ok(found)
}
