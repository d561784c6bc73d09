//! Usage rows: the ledger of calls that took place, and what is kept together of them for each day.
//!
//! Promises: a call is written down once and converted once, whoever tries it again; what a day holds follows from the
//! ledger, in the same commit; no row goes with its company. A period is read from days, and call by call only for
//! the parts of a day that it begins and ends with, so that a year of a million calls costs what its days do.
//!
//! Nothing here lies in the index longer than a call waits for its conversion.

mod period;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use switchboard_domain::ats::BillingSystem;
use switchboard_domain::billing::MonthSoFar;
use switchboard_domain::id::{AtsId, CompanyId, InterviewId};
use switchboard_domain::lease::Leased;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::{Bill, Day, DayUsage, InterviewCall, Repeat, Tally, UsageId, UsageRecord};

use super::index::{self, Place};
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::{Error, codec};

pub use period::{Budget, of_period};

impl Record for UsageRecord {
    type Id = UsageId;
    const TABLE: Table = Table::Usage;

    fn id(&self) -> UsageId {
        self.id
    }

    fn key(id: &UsageId) -> Vec<u8> {
        let mut key = company_key(id.ats_id, id.company_id);
        key.extend(codec::moment(id.finished_at));
        key.extend(id.of.bytes());
        key
    }

    fn places(&self) -> Places {
        let Some(ask_at) = self.ask_at() else { return Places::default() };
        let finished_at = codec::moment(self.id.finished_at);
        vec![
            Place::new(INSTALLATION, Tag::UsageByDeadline, &codec::moment(ask_at)),
            Place::new(*self.id.company_id.bytes(), Tag::UsageWaits, &finished_at),
            held_of(self.id.ats_id),
        ]
        .into()
    }

    fn changed(txn: &mut Txn, before: Option<&Self>, after: Option<&Self>) -> Result<(), Error> {
        let conversion = after.and_then(|after| Some((after, after.conversion()?)));
        match (before.map(|before| &before.bill), after) {
            (None, Some(record)) => add(txn, &DayUsage::of_call(record))?,
            (Some(Bill::Waits { .. }), Some(_)) => {}
            (Some(_), _) => return Err(corrupt("what a call cost does not change, and is not deleted")),
            (None, None) => {}
        }
        let Some((record, conversion)) = conversion else { return Ok(()) };
        DayUsage::of_conversion(record, conversion).iter().try_for_each(|usage| add(txn, usage))
    }
}

impl Record for DayUsage {
    /// A place in the table: see `day_key`.
    type Id = Vec<u8>;
    const TABLE: Table = Table::UsageDay;

    fn id(&self) -> Vec<u8> {
        day_key(self.ats_id, self.company_id, self.billing_system, &self.cost_key, self.day)
    }

    fn key(id: &Vec<u8>) -> Vec<u8> {
        id.clone()
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

impl Record for InterviewCall {
    type Id = (InterviewId, Leased, Timestamp);
    const TABLE: Table = Table::UsageCall;

    fn id(&self) -> Self::Id {
        (self.interview_id, self.of, self.began_at)
    }

    fn key((interview_id, of, began_at): &Self::Id) -> Vec<u8> {
        [interview_id.bytes().as_slice(), of.bytes(), &codec::moment(*began_at)].concat()
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

impl Record for Repeat {
    type Id = (UsageId, Option<BillingSystem>);
    const TABLE: Table = Table::UsageRepeat;

    fn id(&self) -> Self::Id {
        (self.id, self.billing_system)
    }

    fn key((id, billing_system): &Self::Id) -> Vec<u8> {
        let mut key = repeats_key(id.ats_id, id.company_id, *billing_system);
        key.extend(codec::moment(id.finished_at));
        key.extend(id.of.bytes());
        key
    }

    fn places(&self) -> Places {
        Places::default()
    }
}

/// A company in the keys of all of these tables.
fn company_key(ats_id: AtsId, company_id: CompanyId) -> Vec<u8> {
    [ats_id.bytes().as_slice(), company_id.bytes()].concat()
}

/// In the file: never changed.
const fn unit_byte(billing_system: Option<BillingSystem>) -> u8 {
    match billing_system {
        None => 0,
        Some(BillingSystem::Minutes) => 1,
        Some(BillingSystem::Credits) => 2,
    }
}

/// The days of one cost key are neighbours, and those of the whole come first.
fn day_key(
    ats_id: AtsId,
    company_id: CompanyId,
    billing_system: BillingSystem,
    cost_key: &str,
    day: Day,
) -> Vec<u8> {
    let mut key = company_key(ats_id, company_id);
    key.push(unit_byte(Some(billing_system)));
    codec::push_text(&mut key, cost_key);
    key.extend((day.number() ^ i32::MIN).to_be_bytes());
    key
}

fn repeats_key(ats_id: AtsId, company_id: CompanyId, billing_system: Option<BillingSystem>) -> Vec<u8> {
    let mut key = company_key(ats_id, company_id);
    key.push(unit_byte(billing_system));
    key
}

fn held_of(ats_id: AtsId) -> Place {
    Place::new(*ats_id.bytes(), Tag::UsageHeld, &[])
}

fn corrupt(what: impl Into<String>) -> Error {
    Error::Corrupt { table: Table::Usage.name(), what: what.into() }
}

/// Counts something in with what there is of its day.
fn add(txn: &mut Txn, usage: &DayUsage) -> Result<(), Error> {
    match record::get::<DayUsage>(txn, &usage.id())? {
        None => record::insert(txn, usage),
        Some(known) => {
            let tally = known.tally.plus(usage.tally).ok_or_else(|| corrupt("a day cannot be counted"))?;
            record::update(txn, &DayUsage { tally, ..known })
        }
    }
}

/// Writes a call down that has just ended. What it is found by: should the clock have been set back, it does not end
/// before an earlier call of its interview.
///
/// # Errors
/// [`Error::Exists`] for a call that is written down already; the engine fails.
pub fn write(txn: &mut Txn, mut usage: UsageRecord) -> Result<UsageId, Error> {
    let before = calls_of(txn, usage.interview_id)?;
    let latest = |unit: Option<BillingSystem>| {
        let calls = before.iter().filter(|call| unit.is_none_or(|unit| unit == call.billing_system));
        calls.map(|call| call.finished_at).max()
    };
    usage.id.finished_at = usage.id.finished_at.max(latest(None).unwrap_or(Timestamp::MIN));
    record::insert(
        txn,
        &InterviewCall {
            interview_id: usage.interview_id,
            of: usage.id.of,
            began_at: usage.began_at,
            finished_at: usage.id.finished_at,
            billing_system: usage.billing_system,
        },
    )?;
    for billing_system in [None, Some(usage.billing_system)] {
        if let Some(before) = latest(billing_system) {
            record::insert(txn, &Repeat { id: usage.id, billing_system, before })?;
        }
    }
    record::insert(txn, &usage)?;
    Ok(usage.id)
}

fn calls_of(read: &impl Read, interview_id: InterviewId) -> Result<Vec<InterviewCall>, Error> {
    record::scan(read, record::beginning_with(interview_id.bytes()), Direction::Forward)?.collect()
}

/// What stands on a company's account of the calendar month of a moment, in this unit.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn month_so_far(
    read: &impl Read,
    ats_id: AtsId,
    company_id: CompanyId,
    billing_system: BillingSystem,
    at: Timestamp,
) -> Result<MonthSoFar, Error> {
    let month = Day::month_of(at);
    let key = |day| day_key(ats_id, company_id, billing_system, "", day);
    let bounds = (Bound::Included(key(month.start)), Bound::Excluded(key(month.end)));
    let mut whole = Tally::default();
    for day in record::scan::<DayUsage>(read, bounds, Direction::Forward)? {
        whole = whole.plus(day?.tally).ok_or_else(|| corrupt("a month cannot be counted"))?;
    }
    Ok(MonthSoFar {
        calls: whole.converted,
        call_seconds: whole.call_seconds,
        quantity_thousandths: whole.quantity_thousandths,
    })
}

/// Calls that wait for their conversion, in the order in which the policy is to be asked, each with its moment.
///
/// # Errors
/// The engine fails.
pub fn by_deadline(
    read: &impl Read,
) -> Result<impl Iterator<Item = Result<(Timestamp, UsageId), Error>>, Error> {
    let entries = index::sorted_from(read, INSTALLATION, Tag::UsageByDeadline, [0; 8])?;
    Ok(entries.map(|entry| {
        let entry = entry?;
        Ok((codec::moment_of(entry.value), record::named::<UsageRecord>(read, &entry.key)?.id))
    }))
}

/// How many calls of an ATS wait for their conversion.
///
/// # Errors
/// The engine fails.
pub fn held(read: &impl Read, ats_id: AtsId) -> Result<u64, Error> {
    held_of(ats_id).count(read)
}

/// The companies of an ATS that have ever used something, deleted ones included. Nothing where the budget does not
/// suffice.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn companies(
    read: &impl Read,
    ats_id: AtsId,
    budget: &mut Budget,
) -> Result<Option<BTreeSet<CompanyId>>, Error> {
    let mut companies = BTreeSet::new();
    let (mut from, end) = record::beginning_with(ats_id.bytes());
    // One look for each company, however many calls it has.
    while let Some(row) = read.scan(Table::Usage, (from, end.clone()), Direction::Forward)?.next() {
        let (key, _) = row?;
        let company_id = CompanyId::from_bytes(record::sixteen(key.get(16..32).unwrap_or_default())?);
        companies.insert(company_id);
        if !budget.takes() {
            return Ok(None);
        }
        from = match record::beginning_with(&company_key(ats_id, company_id)) {
            (_, Bound::Excluded(behind)) => Bound::Included(behind),
            _ => break,
        };
    }
    Ok(Some(companies))
}

/// The ATSs whose companies have ever used something, deleted ones included.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn atss(read: &impl Read) -> Result<Vec<AtsId>, Error> {
    let mut atss = Vec::new();
    let mut from = Bound::Unbounded;
    while let Some(row) = read.scan(Table::Usage, (from, Bound::Unbounded), Direction::Forward)?.next() {
        let (key, _) = row?;
        let ats_id = AtsId::from_bytes(record::sixteen(key.get(..16).unwrap_or_default())?);
        atss.push(ats_id);
        from = match record::beginning_with(ats_id.bytes()) {
            (_, Bound::Excluded(behind)) => Bound::Included(behind),
            _ => break,
        };
    }
    Ok(atss)
}

/// The calls of a company that ended in these moments, the earliest first, read as they are asked for.
///
/// # Errors
/// The engine fails.
pub fn calls(
    read: &impl Read,
    ats_id: AtsId,
    company_id: CompanyId,
    from: Timestamp,
    to: Timestamp,
) -> Result<impl Iterator<Item = Result<UsageRecord, Error>>, Error> {
    let key = |at| [company_key(ats_id, company_id).as_slice(), &codec::moment(at)].concat();
    record::scan(read, (Bound::Included(key(from)), Bound::Excluded(key(to.max(from)))), Direction::Forward)
}

/// A sentence for each day and each repeated call that does not follow from the ledger.
pub(crate) fn contradictions(read: &impl Read) -> Result<Vec<String>, Error> {
    let mut days: BTreeMap<Vec<u8>, Tally> = BTreeMap::new();
    let mut calls: HashMap<(InterviewId, Leased, Timestamp), InterviewCall> = HashMap::new();
    let mut ends: BTreeMap<InterviewId, Vec<UsageRecord>> = BTreeMap::new();
    let mut problems = Vec::new();
    for call in record::scan::<InterviewCall>(read, EVERYTHING, Direction::Forward)? {
        let call = call?;
        calls.insert(call.id(), call);
    }
    for usage in record::scan::<UsageRecord>(read, EVERYTHING, Direction::Forward)? {
        let usage = usage?;
        let conversion = usage.conversion();
        let rows = conversion.map(|conversion| DayUsage::of_conversion(&usage, conversion));
        for row in rows.into_iter().flatten().chain([DayUsage::of_call(&usage)]) {
            let tally = days.entry(row.id()).or_default();
            *tally = tally.plus(row.tally).ok_or_else(|| corrupt("a day cannot be counted"))?;
        }
        let known = calls.remove(&(usage.interview_id, usage.id.of, usage.began_at));
        let is_known = known.is_some_and(|call| {
            call.finished_at == usage.id.finished_at && call.billing_system == usage.billing_system
        });
        if !is_known {
            problems.push(format!("{:?} is in the ledger and not a call of its interview", usage.id));
        }
        ends.entry(usage.interview_id).or_default().push(usage);
    }
    problems.extend(calls.values().map(|call| format!("{call:?} is not in the ledger")));
    for day in record::scan::<DayUsage>(read, EVERYTHING, Direction::Forward)? {
        let day = day?;
        let expected = days.remove(&day.id());
        if expected != Some(day.tally) {
            problems.push(format!("{day:?} is not {expected:?}"));
        }
    }
    problems.extend(days.values().map(|tally| format!("a day with {tally:?} is missing")));
    problems.extend(odd_repeats(read, ends)?);
    Ok(problems)
}

/// Of the calls of one interview each but the first repeats the one before it, in its own unit and in all.
fn odd_repeats(
    read: &impl Read,
    ends: BTreeMap<InterviewId, Vec<UsageRecord>>,
) -> Result<Option<String>, Error> {
    let mut expected: BTreeMap<(u8, Timestamp), usize> = BTreeMap::new();
    for mut calls in ends.into_values() {
        calls.sort_by_key(|call| call.id.finished_at);
        for unit in [None, Some(BillingSystem::Minutes), Some(BillingSystem::Credits)] {
            let of_unit = calls.iter().filter(|call| unit.is_none_or(|unit| unit == call.billing_system));
            let ends: Vec<Timestamp> = of_unit.map(|call| call.id.finished_at).collect();
            for before in ends.iter().rev().skip(1) {
                *expected.entry((unit_byte(unit), *before)).or_default() += 1;
            }
        }
    }
    let mut found: BTreeMap<(u8, Timestamp), usize> = BTreeMap::new();
    for repeat in record::scan::<Repeat>(read, EVERYTHING, Direction::Forward)? {
        let repeat = repeat?;
        *found.entry((unit_byte(repeat.billing_system), repeat.before)).or_default() += 1;
    }
    Ok((found != expected).then(|| format!("repeated calls are {found:?}, not {expected:?}")))
}
