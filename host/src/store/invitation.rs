//! Invitation rows: by company, by the hash of their link's secret, and by what time does to them.

use std::ops::Bound;

use switchboard_domain::id::{CompanyId, InvitationId};
use switchboard_domain::invitation::Invitation;
use switchboard_domain::time::Timestamp;

use super::index::Place;
use super::record::{self, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read};
use super::{Error, codec};

impl Record for Invitation {
    type Id = InvitationId;
    const TABLE: Table = Table::Invitation;

    fn id(&self) -> InvitationId {
        self.id
    }

    fn key(id: &InvitationId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![
            of_company_place(self.company_id),
            with_token(&self.token_hash),
            Place::new(INSTALLATION, Tag::InvitationByDeadline, &codec::moment(self.deadline())),
        ]
        .into()
    }
}

pub(crate) fn of_company_place(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::InvitationOfCompany, &[])
}

fn with_token(token_hash: &[u8; 32]) -> Place {
    Place::new(INSTALLATION, Tag::InvitationByToken, token_hash)
}

/// The invitations of a company, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_company(read: &impl Read, company_id: CompanyId) -> Result<Vec<Invitation>, Error> {
    record::of(read, &of_company_place(company_id))
}

/// The invitation whose link has this secret.
///
/// # Errors
/// The engine fails, or the row cannot be read.
pub fn by_token(read: &impl Read, token_hash: &[u8; 32]) -> Result<Option<Invitation>, Error> {
    let first = with_token(token_hash).keys(read)?.next().transpose()?;
    first.map(|key| record::named(read, &key)).transpose()
}

/// Those whose time has come at this moment, the longest overdue first and no more than `limit`.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn due(read: &impl Read, now: Timestamp, limit: usize) -> Result<Vec<Invitation>, Error> {
    by_deadline(read, Some(now), limit)
}

/// When the next one's time comes.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn next_deadline(read: &impl Read) -> Result<Option<Timestamp>, Error> {
    Ok(by_deadline(read, None, 1)?.first().map(Invitation::deadline))
}

fn by_deadline(read: &impl Read, until: Option<Timestamp>, limit: usize) -> Result<Vec<Invitation>, Error> {
    let place = |value: &[u8]| Place::new(INSTALLATION, Tag::InvitationByDeadline, value).prefix().to_vec();
    let to = match until {
        Some(until) => {
            Bound::Excluded(place(&codec::moment(until.plus(std::time::Duration::from_millis(1)))))
        }
        None => record::beginning_with(&place(&[])).1,
    };
    let rows = read.scan(Table::Index, (Bound::Included(place(&[])), to), Direction::Forward)?.take(limit);
    rows.map(|row| {
        let (key, _) = row?;
        let id = key.last_chunk::<16>().ok_or_else(|| Error::Corrupt {
            table: Table::Index.name(),
            what: "an entry of invitations by time is too short".to_owned(),
        })?;
        record::named(read, id)
    })
    .collect()
}
