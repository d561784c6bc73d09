//! Which fuel model decisions were recorded under: a row for each change, among what the installation itself remembers.
//! A decision knows nothing of it, so that none of them is a byte longer.

use switchboard_domain::id::DecisionId;

use super::record;
use super::schema::Table;
use super::txn::{Direction, Read, Txn};
use super::{Error, codec};

const PREFIX: &[u8] = b"fuel-model/";

/// Behind the prefix: the first decision that may have been recorded under it.
fn key(from: DecisionId) -> Vec<u8> {
    [PREFIX, from.bytes().as_slice()].concat()
}

/// Decisions from this one on are recorded under this model.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn put(txn: &mut Txn, from: DecisionId, model: &str) -> Result<(), Error> {
    txn.put(Table::Meta, key(from), codec::encode(Table::Meta.name(), 1, &model)?)
}

/// Every model that decisions were recorded under, with the first of them that may have been: one, and one more for
/// each change of the program that changed it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FuelModels(Vec<(DecisionId, String)>);

impl FuelModels {
    /// All that were noted.
    ///
    /// # Errors
    /// The engine fails, or a row cannot be read.
    pub fn read(read: &impl Read) -> Result<Self, Error> {
        let mut models = Vec::new();
        for row in read.scan(Table::Meta, record::beginning_with(PREFIX), Direction::Forward)? {
            let (key, model) = row?;
            let from = key[PREFIX.len()..].try_into().map_err(|_| Error::Corrupt {
                table: Table::Meta.name(),
                what: "a row of a fuel model names no decision".to_owned(),
            })?;
            models.push((DecisionId::from_bytes(from), codec::decode(Table::Meta.name(), 1, &model)?));
        }
        Ok(Self(models))
    }

    /// The one that a decision was recorded under. Absent: it is older than every note of one.
    #[must_use]
    pub fn of(&self, id: DecisionId) -> Option<&str> {
        let later = self.0.partition_point(|(from, _)| *from <= id);
        self.0[..later].last().map(|(_, model)| model.as_str())
    }

    /// The one that was noted last.
    #[must_use]
    pub fn newest(&self) -> Option<&str> {
        self.0.last().map(|(_, model)| model.as_str())
    }
}
