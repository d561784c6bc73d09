//! Audit rows, in the order of the changes.

use switchboard_domain::audit::AuditEntry;
use switchboard_domain::id::AuditId;

use super::Error;
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::Table;
use super::txn::{Direction, Read};

impl Record for AuditEntry {
    type Id = AuditId;
    const TABLE: Table = Table::Audit;

    fn id(&self) -> AuditId {
        self.id
    }

    fn key(id: &AuditId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

/// The newest entries for which `keep` holds, newest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn list(
    read: &impl Read,
    limit: usize,
    keep: impl Fn(&AuditEntry) -> bool,
) -> Result<Vec<AuditEntry>, Error> {
    let rows = record::scan::<AuditEntry>(read, EVERYTHING, Direction::Reverse)?;
    rows.filter(|row| row.as_ref().map_or(true, &keep)).take(limit).collect()
}
