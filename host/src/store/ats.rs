//! ATS rows: by id, and by name for slots that are written with it.

use switchboard_domain::ats::Ats;
use switchboard_domain::id::AtsId;

use super::index::Place;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read};
use super::{Error, codec};

impl Record for Ats {
    type Id = AtsId;
    const TABLE: Table = Table::Ats;

    fn id(&self) -> AtsId {
        self.id
    }

    fn key(id: &AtsId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        vec![by_name(&self.name)].into()
    }
}

fn by_name(name: &str) -> Place {
    let mut value = Vec::with_capacity(name.len() + 2);
    codec::push_text(&mut value, name);
    Place::new(INSTALLATION, Tag::AtsByName, &value)
}

/// Every ATS, oldest first: an installation has few.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read) -> Result<Vec<Ats>, Error> {
    record::scan(read, EVERYTHING, Direction::Forward)?.collect()
}

/// The ATSs of exactly this name.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn named(read: &impl Read, name: &str) -> Result<Vec<Ats>, Error> {
    record::of(read, &by_name(name))
}
