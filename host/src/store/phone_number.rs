//! Rows of the numbers that companies call from.

use switchboard_domain::id::{CompanyId, PhoneNumberId};
use switchboard_domain::phone_number::{CompanyPhoneNumber, PhoneNumber};

use super::index::Place;
use super::record::{self, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::Read;
use super::{Error, codec};

impl Record for CompanyPhoneNumber {
    type Id = PhoneNumberId;
    const TABLE: Table = Table::PhoneNumber;

    fn id(&self) -> PhoneNumberId {
        self.id
    }

    fn key(id: &PhoneNumberId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![in_company(self.company_id), with_number(&self.number)].into()
    }
}

pub(crate) fn in_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::PhoneNumber, &[])
}

fn with_number(number: &PhoneNumber) -> Place {
    let mut value = Vec::with_capacity(18);
    codec::push_text(&mut value, number.as_str());
    Place::new(INSTALLATION, Tag::PhoneNumberByNumber, &value)
}

/// The numbers of a company, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_company(read: &impl Read, company_id: CompanyId) -> Result<Vec<CompanyPhoneNumber>, Error> {
    record::of(read, &in_company(company_id))
}

/// Who has this number.
///
/// # Errors
/// The engine fails, or the row cannot be read.
pub fn by_number(read: &impl Read, number: &PhoneNumber) -> Result<Option<CompanyPhoneNumber>, Error> {
    let first = with_number(number).keys(read)?.next().transpose()?;
    first.map(|key| record::named(read, &key)).transpose()
}
