//! What was used in a period.

use std::collections::{BTreeMap, HashSet};
use std::ops::{Bound, Range};

use switchboard_domain::ats::BillingSystem;
use switchboard_domain::id::{AtsId, CompanyId, InterviewId};
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::{CompanyUsage, Day, DayUsage, Repeat, Usage, UsageRecord};

use super::{calls, company_key, day_key, repeats_key, unit_byte};
use crate::store::index;
use crate::store::record;
use crate::store::schema::Tag;
use crate::store::txn::{Direction, Read};
use crate::store::{Error, codec};

/// How much may be read before somebody else has a turn.
#[derive(Debug)]
pub struct Budget {
    rows_left: usize,
}

impl Budget {
    /// So many rows.
    #[must_use]
    pub const fn of_rows(rows: usize) -> Self {
        Self { rows_left: rows }
    }

    /// Without a bound: for a thread of its own.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self::of_rows(usize::MAX)
    }

    /// One more.
    pub fn takes(&mut self) -> bool {
        self.rows_left = self.rows_left.saturating_sub(1);
        0 < self.rows_left
    }
}

/// What a company used in a period: calls that ended from its start on and before its end. Nothing where the budget
/// does not suffice.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn of_period(
    read: &impl Read,
    ats_id: AtsId,
    company_id: CompanyId,
    period: &Range<Timestamp>,
    budget: &mut Budget,
) -> Result<Option<CompanyUsage>, Error> {
    let mut walk = Walk { read, ats_id, company_id, budget, calls: BTreeMap::new(), units: BTreeMap::new() };
    let first = Day::of(period.start);
    let first = if first.start() < period.start { first.next() } else { first };
    let behind = Day::of(period.end);
    let is_done = if first < behind {
        walk.by_call(period.start, first.start())?
            && walk.by_day(first..behind)?
            && walk.by_call(behind.start(), period.end)?
    } else {
        walk.by_call(period.start, period.end)?
    };
    if !is_done {
        return Ok(None);
    }
    walk.finish(period)
}

struct Walk<'a, R> {
    read: &'a R,
    ats_id: AtsId,
    company_id: CompanyId,
    budget: &'a mut Budget,
    /// How many calls there were, by unit.
    calls: BTreeMap<BillingSystem, u64>,
    units: BTreeMap<BillingSystem, Usage>,
}

impl<R: Read> Walk<'_, R> {
    /// Reads the part of a day.
    fn by_call(&mut self, from: Timestamp, to: Timestamp) -> Result<bool, Error> {
        for call in calls(self.read, self.ats_id, self.company_id, from, to)? {
            if !self.budget.takes() {
                return Ok(false);
            }
            let call = call?;
            *self.calls.entry(call.billing_system).or_default() += 1;
            let Some(conversion) = call.conversion() else { continue };
            let usage = self.units.entry(call.billing_system).or_default();
            for line in &conversion.lines {
                usage.add("", 1, line.quantity_thousandths);
                usage.add(&line.cost_key, 1, line.quantity_thousandths);
            }
        }
        Ok(true)
    }

    /// Reads whole days.
    fn by_day(&mut self, days: Range<Day>) -> Result<bool, Error> {
        for unit in BillingSystem::ALL.iter().copied() {
            let calls_before = self.calls.get(&unit).copied().unwrap_or_default();
            if !self.of_key(unit, "", &days)? {
                return Ok(false);
            }
            let has_calls = calls_before < self.calls.get(&unit).copied().unwrap_or_default();
            if has_calls && !self.of_every_key(unit, &days)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn of_every_key(&mut self, unit: BillingSystem, days: &Range<Day>) -> Result<bool, Error> {
        let prefix = [company_key(self.ats_id, self.company_id), vec![unit_byte(Some(unit))]].concat();
        let (_, end) = record::beginning_with(&prefix);
        // Behind the days of the whole.
        let mut from = behind_key(&prefix, "");
        loop {
            let bounds = (Bound::Included(from), end.clone());
            let next = record::scan::<DayUsage>(self.read, bounds, Direction::Forward)?.next().transpose()?;
            let Some(DayUsage { cost_key, .. }) = next else { return Ok(true) };
            if !self.budget.takes() || !self.of_key(unit, &cost_key, days)? {
                return Ok(false);
            }
            from = behind_key(&prefix, &cost_key);
        }
    }

    fn of_key(&mut self, unit: BillingSystem, cost_key: &str, days: &Range<Day>) -> Result<bool, Error> {
        let key = |day| day_key(self.ats_id, self.company_id, unit, cost_key, day);
        let bounds = (Bound::Included(key(days.start)), Bound::Excluded(key(days.end)));
        for day in record::scan::<DayUsage>(self.read, bounds, Direction::Forward)? {
            if !self.budget.takes() {
                return Ok(false);
            }
            let tally = day?.tally;
            if cost_key.is_empty() {
                *self.calls.entry(unit).or_default() += tally.calls;
            }
            let usage = self.units.entry(unit).or_default();
            usage.add(cost_key, tally.converted, tally.quantity_thousandths);
        }
        Ok(true)
    }

    /// Turns calls into interviews.
    fn finish(mut self, period: &Range<Timestamp>) -> Result<Option<CompanyUsage>, Error> {
        if self.calls.is_empty() {
            return Ok(Some(CompanyUsage::default()));
        }
        let all: u64 = self.calls.values().sum();
        let Some(repeats) = self.repeats(None, period)? else { return Ok(None) };
        let Some(pending) = self.pending(period)? else { return Ok(None) };
        let mut everybody: HashSet<InterviewId> = HashSet::new();
        for (unit, calls) in std::mem::take(&mut self.calls) {
            let Some(repeats) = self.repeats(Some(unit), period)? else { return Ok(None) };
            let usage = self.units.entry(unit).or_default();
            usage.interviews = calls.saturating_sub(repeats);
            if let Some(pending) = pending.get(&unit) {
                usage.pending = u64::try_from(pending.len()).unwrap_or(u64::MAX);
                everybody.extend(pending);
            }
        }
        Ok(Some(CompanyUsage {
            units: self.units,
            interviews: all.saturating_sub(repeats),
            pending: u64::try_from(everybody.len()).unwrap_or(u64::MAX),
        }))
    }

    /// Calls of the period whose interview had the call before it in the period too. Somebody asked for each of
    /// them, so that they are few.
    fn repeats(
        &mut self,
        unit: Option<BillingSystem>,
        period: &Range<Timestamp>,
    ) -> Result<Option<u64>, Error> {
        let prefix = repeats_key(self.ats_id, self.company_id, unit);
        let key = |at| [prefix.as_slice(), &codec::moment(at)].concat();
        let bounds = (Bound::Included(key(period.start)), Bound::Excluded(key(period.end)));
        let mut count = 0;
        for repeat in record::scan::<Repeat>(self.read, bounds, Direction::Forward)? {
            if !self.budget.takes() {
                return Ok(None);
            }
            count += u64::from(period.start <= repeat?.before);
        }
        Ok(Some(count))
    }

    /// Interviews with a call of the period that waits for its conversion, by unit.
    fn pending(
        &mut self,
        period: &Range<Timestamp>,
    ) -> Result<Option<BTreeMap<BillingSystem, HashSet<InterviewId>>>, Error> {
        let mut pending: BTreeMap<BillingSystem, HashSet<InterviewId>> = BTreeMap::new();
        let from = codec::moment(period.start);
        for entry in index::sorted_from(self.read, *self.company_id.bytes(), Tag::UsageWaits, from)? {
            let entry = entry?;
            if period.end <= codec::moment_of(entry.value) {
                break;
            }
            if !self.budget.takes() {
                return Ok(None);
            }
            let usage: UsageRecord = record::named(self.read, &entry.key)?;
            pending.entry(usage.billing_system).or_default().insert(usage.interview_id);
        }
        Ok(Some(pending))
    }
}

/// Behind all days of a cost key.
fn behind_key(prefix: &[u8], cost_key: &str) -> Vec<u8> {
    let mut key = prefix.to_vec();
    codec::push_text(&mut key, cost_key);
    key.extend([u8::MAX; 5]);
    key
}
