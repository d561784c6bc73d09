//! redb, and nothing of it beyond: opening, snapshots, and the one write transaction of a batch.

use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, OnceLock};

use redb::{
    AccessGuard, Builder, Database, Durability, Range, ReadOnlyTable, ReadTransaction, ReadableDatabase,
    StorageBackend, TableDefinition, WriteTransaction,
};

use super::overlay::{Bounds, Overlay};
use super::schema::{self, Table};
use super::txn::Snapshot;
use super::{Backing, Error, plugin, upgrade};

/// The open file.
pub(crate) struct Engine {
    database: Database,
}

type Bytes = &'static [u8];

/// Rows of one table, in order, from both ends.
pub(crate) type EngineRange = Range<'static, Bytes, Bytes>;

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

const fn definition(table: Table) -> TableDefinition<'static, Bytes, Bytes> {
    TableDefinition::new(table.name())
}

/// Any of redb's errors as ours: the rest of the house knows one.
fn refused(error: impl Into<redb::Error>) -> Error {
    Error::Engine(Arc::from(error.into().to_string()))
}

impl Engine {
    pub(crate) fn open(backing: Backing, cache_bytes: usize) -> Result<Arc<Self>, Error> {
        let mut builder = Builder::new();
        builder.set_cache_size(cache_bytes);
        let database = match backing {
            Backing::File(path) => builder.create(path),
            Backing::Memory => builder.create_with_backend(redb::backends::InMemoryBackend::new()),
            Backing::Custom(backend) => builder.create_with_backend(Boxed(backend)),
        }
        .map_err(|error| match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Error::InUse,
            error => refused(error),
        })?;
        let engine = Arc::new(Self { database });
        engine.prepare()?;
        Ok(engine)
    }

    /// Makes the tables, migrates, and removes what a crash left without the row that makes it visible.
    fn prepare(self: &Arc<Self>) -> Result<(), Error> {
        let mut writing = self.begin()?;
        for table in Table::ALL {
            writing.0.open_table(definition(table)).map_err(refused)?;
        }
        schema::migrate(&mut writing)?;
        writing.commit()?;
        upgrade::run(self)?;
        let orphans = plugin::orphan_chunks(&self.snapshot()?)?;
        if orphans.is_empty() { Ok(()) } else { self.apply(&orphans) }
    }

    pub(crate) fn snapshot(self: &Arc<Self>) -> Result<Snapshot, Error> {
        let transaction = self.database.begin_read().map_err(refused)?;
        let tables = [const { OnceLock::new() }; Table::ALL.len()];
        Ok(Snapshot::new(View { transaction, tables, _engine: Arc::clone(self) }))
    }

    #[expect(clippy::disallowed_methods, reason = "opening and the writer have the one write transaction")]
    fn begin(&self) -> Result<Writing, Error> {
        let mut transaction = self.database.begin_write().map_err(refused)?;
        transaction.set_durability(Durability::Immediate).map_err(refused)?;
        // After a crash the file opens in a tenth of the time. redb answers it with two flushes a commit,
        // which many waiters share.
        transaction.set_quick_repair(true);
        Ok(Writing(transaction))
    }

    /// Writes every row of the overlay in key order, in one transaction, and returns when it is on disk.
    pub(crate) fn apply(&self, overlay: &Overlay) -> Result<(), Error> {
        let writing = self.begin()?;
        for (table, rows) in overlay.tables() {
            let mut open = writing.0.open_table(definition(table)).map_err(refused)?;
            for (key, value) in rows {
                match value {
                    Some(value) => drop(open.insert(key.as_slice(), value.as_slice()).map_err(refused)?),
                    None => drop(open.remove(key.as_slice()).map_err(refused)?),
                }
            }
        }
        writing.commit()
    }
}

/// A write transaction of the engine. Only opening and [`Engine::apply`] have one.
pub(crate) struct Writing(WriteTransaction);

impl Writing {
    pub(crate) fn get(&mut self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        use redb::ReadableTable;
        let open = self.0.open_table(definition(table)).map_err(refused)?;
        let value = open.get(key).map_err(refused)?;
        Ok(value.map(|value| value.value().to_vec()))
    }

    pub(crate) fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<(), Error> {
        let mut open = self.0.open_table(definition(table)).map_err(refused)?;
        open.insert(key, value).map_err(refused)?;
        Ok(())
    }

    fn commit(self) -> Result<(), Error> {
        self.0.commit().map_err(refused)
    }
}

/// A read transaction with its tables, each opened when it is first asked for.
pub(crate) struct View {
    transaction: ReadTransaction,
    /// In boxes: a view is moved more often than it opens tables, of which few are asked for.
    tables: [OnceLock<Box<ReadOnlyTable<Bytes, Bytes>>>; Table::ALL.len()],
    /// redb refuses to read from a database that was let go.
    _engine: Arc<Engine>,
}

impl View {
    fn table(&self, table: Table) -> Result<&ReadOnlyTable<Bytes, Bytes>, Error> {
        let slot = &self.tables[table.position()];
        if let Some(open) = slot.get() {
            return Ok(open);
        }
        let open = self.transaction.open_table(definition(table)).map_err(refused)?;
        Ok(slot.get_or_init(|| Box::new(open)))
    }

    pub(crate) fn with_row<T>(
        &self,
        table: Table,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T,
    ) -> Result<T, Error> {
        let value = self.table(table)?.get(key).map_err(refused)?;
        Ok(see(value.as_ref().map(AccessGuard::value)))
    }

    pub(crate) fn rows(&self, table: Table) -> Result<u64, Error> {
        use redb::ReadableTableMetadata;
        self.table(table)?.len().map_err(refused)
    }

    pub(crate) fn range(&self, table: Table, bounds: &Bounds) -> Result<EngineRange, Error> {
        let edge = |bound: &'_ Bound<Vec<u8>>| match bound {
            Bound::Included(key) => Bound::Included(key.clone()),
            Bound::Excluded(key) => Bound::Excluded(key.clone()),
            Bound::Unbounded => Bound::Unbounded,
        };
        let (from, to) = (edge(&bounds.0), edge(&bounds.1));
        let from = from.as_ref().map(Vec::as_slice);
        let to = to.as_ref().map(Vec::as_slice);
        self.table(table)?.range::<&[u8]>((from, to)).map_err(refused)
    }
}

/// One row of a range, where it lies in its page.
pub(crate) struct EngineRow(AccessGuard<'static, Bytes>, AccessGuard<'static, Bytes>);

impl EngineRow {
    pub(crate) fn new(
        item: redb::Result<(AccessGuard<'static, Bytes>, AccessGuard<'static, Bytes>)>,
    ) -> Result<Self, Error> {
        let (key, value) = item.map_err(refused)?;
        Ok(Self(key, value))
    }

    pub(crate) fn key(&self) -> &[u8] {
        self.0.value()
    }

    pub(crate) fn value(&self) -> &[u8] {
        self.1.value()
    }
}

/// redb takes a backend by its type, not in a box.
#[derive(Debug)]
struct Boxed(Box<dyn StorageBackend>);

impl StorageBackend for Boxed {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), std::io::Error> {
        self.0.close()
    }
}
