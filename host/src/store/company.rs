//! Company rows, listed by their ATS.

use std::collections::BTreeSet;
use std::ops::Bound;

use switchboard_domain::company::Company;
use switchboard_domain::id::{AtsId, CompanyId};
use uuid::Uuid;

use super::Error;
use super::call_queue;
use super::index::Place;
use super::list::{Page, PageRequest, PageStart, Walk};
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::usage::Budget;

impl Record for Company {
    type Id = CompanyId;
    const TABLE: Table = Table::Company;
    const VERSION: u8 = 2;

    fn id(&self) -> CompanyId {
        self.id
    }

    fn key(id: &CompanyId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![of_ats(self.ats_id)].into()
    }

    fn changed(txn: &mut Txn, before: Option<&Self>, after: Option<&Self>) -> Result<(), Error> {
        let limit = |company: Option<&Self>| company.map(Self::calls_at_once);
        match before.or(after) {
            Some(company) if limit(before) != limit(after) => call_queue::reseat(txn, company.id),
            _ => Ok(()),
        }
    }
}

fn of_ats(ats_id: AtsId) -> Place {
    Place::new(*ats_id.bytes(), Tag::Company, &[])
}

/// The way to a page of the companies of an ATS, newest first.
#[must_use]
pub fn walk(ats_id: AtsId, request: &PageRequest) -> Walk<Company> {
    Walk::new(vec![of_ats(ats_id).into()], *request)
}

/// The companies of an ATS. Nothing where the budget does not suffice.
///
/// # Errors
/// The engine fails.
pub fn ids_of(
    read: &impl Read,
    ats_id: AtsId,
    budget: &mut Budget,
) -> Result<Option<BTreeSet<CompanyId>>, Error> {
    let mut ids = BTreeSet::new();
    for key in of_ats(ats_id).keys(read)? {
        ids.insert(CompanyId::from_bytes(record::sixteen(&key?)?));
        if !budget.takes() {
            return Ok(None);
        }
    }
    Ok(Some(ids))
}

/// A page of the companies of an ATS, newest first, however far it is.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(read: &impl Read, ats_id: AtsId, request: &PageRequest) -> Result<Page<Company>, Error> {
    walk(ats_id, request).run_to_the_end(read)
}

/// The companies of the installation, newest first. Their number is kept nowhere: the operator's list
/// walks all keys.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read, request: &PageRequest) -> Result<Page<Company>, Error> {
    let mut total = 0;
    let mut keys = read.scan(Table::Company, EVERYTHING, Direction::Forward)?;
    while keys.advance()? {
        total += 1;
    }
    let (to, skip) = match request.start {
        PageStart::Offset(offset) => (Bound::Unbounded, usize::try_from(offset).unwrap_or(usize::MAX)),
        PageStart::After(id) => (Bound::Excluded(id.as_bytes().to_vec()), 0),
    };
    let rows = record::scan(read, (Bound::Unbounded, to), Direction::Reverse)?;
    let mut items: Vec<Company> =
        rows.skip(skip).take(request.limit.saturating_add(1)).collect::<Result<_, _>>()?;
    let more = items.len() > request.limit;
    items.truncate(request.limit);
    let last = items.last().map(|company| Uuid::from_bytes(*company.id.bytes()));
    Ok(Page { items, total, next: if more { last } else { None } })
}
