//! Writes that are not committed yet: ordered rows over a snapshot, bounded in number and bytes.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::ops::Bound;

use super::schema::Table;

/// What shall stand under each key; `None` = nothing any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Overlay {
    tables: [Rows; Table::ALL.len()],
    keys: usize,
    bytes: usize,
}

impl Default for Overlay {
    fn default() -> Self {
        Self { tables: std::array::from_fn(|_| Rows::new()), keys: 0, bytes: 0 }
    }
}

pub(crate) type Rows = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A range of keys, from and to.
pub(crate) type Bounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

impl Overlay {
    /// The row under this key: `None` when the overlay does not know, `Some(None)` when it was removed.
    pub(crate) fn get(&self, table: Table, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.tables[table.position()].get(key)
    }

    pub(crate) fn set(&mut self, table: Table, key: Vec<u8>, value: Option<Vec<u8>>) {
        let (key_bytes, bytes) = (key.len(), value.as_ref().map_or(0, Vec::len));
        match self.tables[table.position()].insert(key, value) {
            Some(old) => self.bytes = self.bytes + bytes - old.map_or(0, |old| old.len()),
            None => {
                self.keys += 1;
                self.bytes += bytes + key_bytes;
            }
        }
    }

    /// Takes every row of `other` over its own.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (table, rows) in Table::ALL.into_iter().zip(other.tables) {
            for (key, value) in rows {
                self.set(table, key, value);
            }
        }
    }

    pub(crate) fn range(
        &self,
        table: Table,
        bounds: &Bounds,
    ) -> btree_map::Range<'_, Vec<u8>, Option<Vec<u8>>> {
        let (from, to) = (bounds.0.as_ref(), bounds.1.as_ref());
        self.tables[table.position()].range::<Vec<u8>, _>((from, to))
    }

    /// The tables that have rows here, each in key order.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (Table, &Rows)> {
        Table::ALL.into_iter().zip(&self.tables).filter(|(_, rows)| !rows.is_empty())
    }

    /// Whether it says nothing of this table.
    pub(crate) fn has_nothing(&self, table: Table) -> bool {
        self.tables[table.position()].is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys == 0
    }

    pub(crate) fn keys(&self) -> usize {
        self.keys
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
