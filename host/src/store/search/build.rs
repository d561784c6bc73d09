//! What a file of format 1 lacks: word lists. And what it may have too much: an index of keys by their hash, which
//! was dropped without another format. Built at the first start, in commits of bounded size. A row says how far that
//! is, so that a crash in the middle loses nothing; nobody is served before it is gone.

use std::ops::Bound;
use std::sync::Arc;

use switchboard_domain::candidate::Candidate;
use switchboard_domain::job::Job;

use super::super::engine::{Engine, Writing};
use super::super::record::{self, Record};
use super::super::schema::{INSTALLATION, Table};
use super::super::txn::{Direction, Read, Row, Txn};
use super::super::{Error, codec};

/// There as long as something is missing: how many steps are done, and the last row of the next one that is.
pub(crate) const PROGRESS_KEY: &[u8] = b"search/built-to";

/// The tag of the index that is no more.
const KEY_BY_HASH: u8 = 2;

/// Records that are read at once.
const SOME: usize = 500;

/// Rows of one commit, about: a tenth of a second, and memory that nobody notices.
const COMMIT_ROWS: usize = 10_000;

/// Bytes of one commit, about.
const COMMIT_BYTES: usize = 4 << 20;

/// Says that the lists are to be built, in the write transaction that opens the file.
pub(crate) fn ask_for_lists(writing: &mut Writing) -> Result<(), Error> {
    writing.put(Table::Meta, PROGRESS_KEY, &[0])
}

/// Builds the lists that are missing. For a start only.
pub(crate) fn build_lists(engine: &Arc<Engine>) -> Result<(), Error> {
    while build_some(engine)? {}
    Ok(())
}

/// One commit's worth; whether there was something to build.
pub(crate) fn build_some(engine: &Arc<Engine>) -> Result<bool, Error> {
    let mut txn = Txn::new(engine.snapshot()?, None);
    let Some(progress) = txn.get(Table::Meta, PROGRESS_KEY)? else { return Ok(false) };
    match next(&mut txn, &progress)? {
        Some(progress) => txn.put(Table::Meta, PROGRESS_KEY, progress)?,
        None => txn.remove(Table::Meta, PROGRESS_KEY)?,
    }
    engine.apply(&txn.take_own().0)?;
    Ok(true)
}

/// The next records in order; how far that is, or nothing when all is done.
fn next(txn: &mut Txn, progress: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let corrupt = || Error::Corrupt { table: Table::Meta.name(), what: "a mark cannot be read".to_owned() };
    let (done, after) = progress.split_first().ok_or_else(corrupt)?;
    let last = match done {
        0 => drop_some(txn)?,
        1 => add_some::<Job>(txn, after)?,
        2 => add_some::<Candidate>(txn, after)?,
        _ => return Ok(None),
    };
    Ok(Some(match last {
        Some(last) => [&[*done], last.as_slice()].concat(),
        None => vec![done + 1],
    }))
}

/// Removes entries of the index that is no more; the last of them.
fn drop_some(txn: &mut Txn) -> Result<Option<Vec<u8>>, Error> {
    let dropped = record::beginning_with(&[INSTALLATION.as_slice(), &[KEY_BY_HASH]].concat());
    let some: Vec<Row> =
        txn.scan(Table::Index, dropped, Direction::Forward)?.take(SOME).collect::<Result<_, _>>()?;
    some.iter().try_for_each(|(key, _)| txn.remove(Table::Index, key))?;
    Ok(some.into_iter().next_back().map(|(key, _)| key))
}

/// Puts the next records into their lists; the last of them.
fn add_some<R: Record>(txn: &mut Txn, after: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let from = if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after.to_vec()) };
    let rows = txn.scan(R::TABLE, (from, Bound::Unbounded), Direction::Forward)?;
    let some: Vec<Row> = rows.take(SOME).collect::<Result<_, _>>()?;
    let mut last = None;
    for (key, value) in some {
        let stored: R = codec::decode(R::TABLE.name(), R::VERSION, &value)?;
        record::move_words(txn, &key, None, stored.searched().as_ref())?;
        last = Some(key);
        let (rows, bytes) = txn.written();
        if COMMIT_ROWS <= rows || COMMIT_BYTES <= bytes {
            break;
        }
    }
    Ok(last)
}
