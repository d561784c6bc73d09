//! Replies that were given under an `Idempotency-Key`, kept to be given again byte for byte.

use serde::{Deserialize, Serialize};
use switchboard_domain::id::{CandidateId, CompanyId};
use switchboard_domain::time::Timestamp;

use super::index::Place;
use super::record::{self, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::{Error, codec};

/// SHA-256 over API key, path and `Idempotency-Key`: partners' keys have any length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReplyKey(pub [u8; 32]);

/// A reply as it left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// What it is found by.
    pub key: ReplyKey,
    /// HTTP status.
    pub status: u16,
    /// Headers beyond those of every answer.
    pub headers: Vec<(String, String)>,
    /// The exact bytes.
    pub body: Vec<u8>,
    /// SHA-256 of the request's body: the same key with another body is refused.
    pub body_hash: [u8; 32],
    /// When it was given.
    pub at: Timestamp,
    /// Whose data it shows, so that it goes when they go.
    pub company_id: Option<CompanyId>,
    /// Whose data it shows, so that it goes when they go.
    pub candidate_id: Option<CandidateId>,
}

impl Record for Reply {
    type Id = ReplyKey;
    const TABLE: Table = Table::Idempotency;

    fn id(&self) -> ReplyKey {
        self.key
    }

    fn key(id: &ReplyKey) -> Vec<u8> {
        id.0.to_vec()
    }

    fn places(&self) -> Places {
        let owner = match (self.candidate_id, self.company_id) {
            (Some(candidate_id), _) => Some(of_candidate(candidate_id)),
            (None, Some(company_id)) => Some(in_company(company_id)),
            (None, None) => None,
        };
        let mut places = vec![Place::new(INSTALLATION, Tag::ReplyByTime, &codec::moment(self.at))];
        places.extend(owner);
        places.into()
    }
}

pub(crate) fn of_candidate(candidate_id: CandidateId) -> Place {
    Place::new(*candidate_id.bytes(), Tag::ReplyOfCandidate, &[])
}

/// Those that show no candidate.
pub(crate) fn in_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::ReplyOfCompany, &[])
}

/// Removes replies that were given before a moment, the oldest first and no more than `limit`; how many.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn expire(txn: &mut Txn, before: Timestamp, limit: usize) -> Result<usize, Error> {
    let from = Place::new(INSTALLATION, Tag::ReplyByTime, &[]).prefix().to_vec();
    let to = Place::new(INSTALLATION, Tag::ReplyByTime, &codec::moment(before)).prefix().to_vec();
    let bounds = (std::ops::Bound::Included(from), std::ops::Bound::Excluded(to));
    let rows = txn.scan(Table::Index, bounds, Direction::Forward)?.take(limit);
    let keys: Vec<Vec<u8>> = rows.map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    for key in &keys {
        let id = key.last_chunk::<32>().ok_or_else(|| Error::Corrupt {
            table: Table::Index.name(),
            what: "an entry of replies by time is too short".to_owned(),
        })?;
        record::delete::<Reply>(txn, &ReplyKey(*id))?;
    }
    Ok(keys.len())
}
