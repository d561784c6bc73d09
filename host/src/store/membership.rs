//! Membership rows, by company and by user.

use switchboard_domain::id::{CompanyId, UserId};
use switchboard_domain::membership::Membership;

use super::Error;
use super::index::Place;
use super::record::{self, Places, Record};
use super::schema::{Table, Tag};
use super::txn::{Direction, Read};

impl Record for Membership {
    type Id = (CompanyId, UserId);
    const TABLE: Table = Table::Membership;

    fn id(&self) -> (CompanyId, UserId) {
        (self.company_id, self.user_id)
    }

    fn key((company_id, user_id): &(CompanyId, UserId)) -> Vec<u8> {
        [*company_id.bytes(), *user_id.bytes()].concat()
    }

    fn places(&self) -> Places {
        vec![Place::new(*self.user_id.bytes(), Tag::MembershipOfUser, &[])].into()
    }
}

/// The members of a company.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_company(read: &impl Read, company_id: CompanyId) -> Result<Vec<Membership>, Error> {
    record::scan(read, record::beginning_with(company_id.bytes()), Direction::Forward)?.collect()
}

/// Where a user belongs.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_user(read: &impl Read, user_id: UserId) -> Result<Vec<Membership>, Error> {
    record::of(read, &Place::new(*user_id.bytes(), Tag::MembershipOfUser, &[]))
}
