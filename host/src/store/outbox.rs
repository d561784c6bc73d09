//! Outbox rows: effects that wait to leave, oldest first.

use switchboard_domain::event::OutboxRow;
use switchboard_domain::id::{CandidateId, CompanyId, OutboxId};

use super::Error;
use super::index::Place;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{Table, Tag};
use super::txn::{Direction, Read};

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
