//! What a file of an earlier format lacks, in steps. Format 1 had no word lists, and an index of keys by their hash,
//! which was dropped without another format. Format 2 had no queues of calls and no deadlines of interviews, three
//! records were of another shape. In format 3 call attempts did not know their decisions, and releases had three limits.
//! Format 4 had an entry for each record where there are lists. In format 5 decisions did not know their interviews. Done
//! at the first start, in commits of bounded size. A row says how far that is, so that a crash in the middle loses
//! nothing; nobody is served before it is gone.

use std::ops::Bound;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use switchboard_domain::agent::Agent;
use switchboard_domain::analysis::Analysis;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::decision::Decision;
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::release::Release;

use super::engine::{Engine, Writing};
use super::index::Place;
use super::record::{self, Record};
use super::schema::{INSTALLATION, Shape, Table, Tag, format_2, format_3, format_5};
use super::txn::{Direction, Read, Row, Txn};
use super::{Error, codec};

/// There as long as something is missing: how many steps are done, and the last row of the next one that is. The name
/// is from the time when lists for `search` were all that a file could lack.
pub(crate) const PROGRESS_KEY: &[u8] = b"search/built-to";

/// The first step for a file of format 2.
const FROM_FORMAT_2: u8 = 3;

/// The first step for a file of format 3.
const FROM_FORMAT_3: u8 = 7;

/// The first step for a file of format 4.
const FROM_FORMAT_4: u8 = 9;

/// The first step for a file of format 5.
const FROM_FORMAT_5: u8 = 17;

/// The tag of the index that is no more.
const KEY_BY_HASH: u8 = 2;

/// Records that are read at once.
const SOME: usize = 500;

/// Rows of one commit, about: a tenth of a second, and memory that nobody notices.
const COMMIT_ROWS: usize = 10_000;

/// Bytes of one commit, about.
const COMMIT_BYTES: usize = 4 << 20;

/// Says where to begin with a file of this format, in the write transaction that opens it.
pub(crate) fn ask(writing: &mut Writing, format: u32) -> Result<(), Error> {
    let begun = writing.get(Table::Meta, PROGRESS_KEY)?.is_some();
    match format {
        1 if !begun => writing.put(Table::Meta, PROGRESS_KEY, &[0]),
        // One that was still on its way from an earlier format goes on from there.
        2 if !begun => writing.put(Table::Meta, PROGRESS_KEY, &[FROM_FORMAT_2]),
        3 if !begun => writing.put(Table::Meta, PROGRESS_KEY, &[FROM_FORMAT_3]),
        4 if !begun => writing.put(Table::Meta, PROGRESS_KEY, &[FROM_FORMAT_4]),
        5 if !begun => writing.put(Table::Meta, PROGRESS_KEY, &[FROM_FORMAT_5]),
        _ => Ok(()),
    }
}

/// Does what is missing. For a start only.
pub(crate) fn run(engine: &Arc<Engine>) -> Result<(), Error> {
    let mut commits = 0;
    while run_some(engine)? {
        if commits == 0 {
            tracing::info!(
                event = "store.upgrading",
                "the file is of an earlier version and is brought to this one, once: a minute or two for a million \
                 records"
            );
        }
        commits += 1;
    }
    Ok(())
}

/// One commit's worth; whether there was something to do.
pub(crate) fn run_some(engine: &Arc<Engine>) -> Result<bool, Error> {
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
        &FROM_FORMAT_2 => reshape(txn, after, 1, company)?,
        4 => reshape(txn, after, 1, interview)?,
        5 => reshape(txn, after, 1, call_attempt)?,
        // It moved entries that are none any more.
        6 => None,
        // Those that came here by step 5 are of today's shape already.
        &FROM_FORMAT_3 => reshape(txn, after, 2, |_, _, former: format_3::CallAttempt| Ok(former.renewed()))?,
        8 => reshape(txn, after, 1, release)?,
        &FROM_FORMAT_4 => drop_entries(txn, after)?,
        10 => list_some::<Company>(txn, after)?,
        11 => list_some::<Job>(txn, after)?,
        12 => list_some::<Candidate>(txn, after)?,
        13 => list_some::<Agent>(txn, after)?,
        14 => list_some::<Interview>(txn, after)?,
        15 => list_some::<Analysis>(txn, after)?,
        16 => reshape(txn, after, 1, listed_decision)?,
        // Those that came here by step 16 are of today's shape already, unless an earlier program had listed them.
        &FROM_FORMAT_5 => reshape(txn, after, 1, |_, _, former: format_5::Decision| Ok(former.renewed()))?,
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
    some.iter().try_for_each(|(key, _)| txn.remove(Table::Index, key.as_slice()))?;
    Ok(some.into_iter().next_back().map(|(key, _)| key))
}

/// Removes the entries and counts that have lists in their place, among the next rows of the index; the last of those.
fn drop_entries(txn: &mut Txn, after: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let from = if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after.to_vec()) };
    let rows = txn.scan(Table::Index, (from, Bound::Unbounded), Direction::Forward)?.take(COMMIT_ROWS);
    let keys: Vec<Vec<u8>> = rows.map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    let is_listed = |key: &&Vec<u8>| {
        let tag = key.get(INSTALLATION.len()).and_then(|number| Tag::of_list(*number));
        tag.is_some_and(|tag| tag.shape() != Shape::Words)
    };
    keys.iter().filter(is_listed).try_for_each(|key| txn.remove(Table::Index, key.as_slice()))?;
    Ok(keys.into_iter().next_back())
}

/// Puts the next records into the lists that they stand in; the last of them.
fn list_some<R: Record>(txn: &mut Txn, after: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut last = None;
    for (key, value) in some_behind::<R>(txn, after)? {
        let stored: R = codec::decode(R::TABLE.name(), R::VERSION, &value)?;
        list(txn, &stored, &key)?;
        last = Some(key);
        if is_enough(txn) {
            break;
        }
    }
    Ok(last)
}

fn list(txn: &mut Txn, stored: &impl Record, key: &[u8]) -> Result<(), Error> {
    let is_listed = |place: &Place| matches!(place.tag().shape(), Shape::List { .. });
    stored.places().0.into_iter().filter(is_listed).try_for_each(|place| place.add(txn, key))
}

/// Puts the next records into their word lists; the last of them.
fn add_some<R: Record>(txn: &mut Txn, after: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let mut last = None;
    for (key, value) in some_behind::<R>(txn, after)? {
        let stored: R = codec::decode(R::TABLE.name(), R::VERSION, &value)?;
        record::move_words(txn, &key, None, stored.searched().as_ref())?;
        last = Some(key);
        if is_enough(txn) {
            break;
        }
    }
    Ok(last)
}

fn some_behind<R: Record>(txn: &Txn, after: &[u8]) -> Result<Vec<Row>, Error> {
    let from = if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after.to_vec()) };
    txn.scan(R::TABLE, (from, Bound::Unbounded), Direction::Forward)?.take(SOME).collect()
}

fn is_enough(txn: &Txn) -> bool {
    let (rows, bytes) = txn.written();
    COMMIT_ROWS <= rows || COMMIT_BYTES <= bytes
}

/// Brings the next records of a table that are of this version to their present shape; the last of them.
fn reshape<R: Record, Former: DeserializeOwned>(
    txn: &mut Txn,
    after: &[u8],
    version: u8,
    renew: impl Fn(&mut Txn, &[u8], Former) -> Result<R, Error>,
) -> Result<Option<Vec<u8>>, Error> {
    let mut last = None;
    for (key, value) in some_behind::<R>(txn, after)? {
        if value.first() != Some(&R::VERSION) {
            let former = codec::decode(R::TABLE.name(), version, &value)?;
            let record = renew(txn, &key, former)?;
            txn.put(R::TABLE, key.as_slice(), codec::encode(R::TABLE.name(), R::VERSION, &record)?)?;
            R::changed(txn, None, Some(&record))?;
        }
        last = Some(key);
        if is_enough(txn) {
            break;
        }
    }
    Ok(last)
}

fn company(_: &mut Txn, _: &[u8], former: format_2::Company) -> Result<Company, Error> {
    Ok(former.renewed())
}

/// It waits until a deadline now.
fn interview(txn: &mut Txn, key: &[u8], former: format_2::Interview) -> Result<Interview, Error> {
    let interview = former.renewed();
    for place in interview.places().0.into_iter().filter(|place| place.tag() == Tag::InterviewByDeadline) {
        place.add(txn, key)?;
    }
    Ok(interview)
}

/// It waits in its company's queue now. The interviews are renewed by then.
fn call_attempt(txn: &mut Txn, key: &[u8], former: format_2::CallAttempt) -> Result<CallAttempt, Error> {
    let interview: Interview = record::named(txn, former.interview_id().bytes())?;
    let attempt = former.renewed(interview.company_id);
    for place in attempt.places().0 {
        place.add(txn, key)?;
    }
    Ok(attempt)
}

/// It has every limit now, with the numbers that were fixed before.
fn release(_: &mut Txn, _: &[u8], former: format_3::Release) -> Result<Release, Error> {
    Ok(former.renewed())
}

/// It stands in lists now.
fn listed_decision(txn: &mut Txn, key: &[u8], former: format_5::Decision) -> Result<Decision, Error> {
    let decision = former.renewed();
    list(txn, &decision, key)?;
    Ok(decision)
}
