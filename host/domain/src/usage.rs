//! Usage: which calls took place, and what each of them cost, once, for ever. Ids and quantities only, so that all of
//! it may outlive the person and the company that it was for.
//!
//! Quantities are whole thousandths, and sums of them are exact; there is no float here.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::agent::AgentFocus;
use crate::ats::BillingSystem;
use crate::billing::{Facts, Line, MonthSoFar, Verdict};
use crate::bounds::{BILL_WAITS_SECONDS_MAX, DECISION_AGAIN_SECONDS, DECISION_GRACE_SECONDS};
use crate::id::{AtsId, CompanyId, DecisionId, InterviewId, ReleaseId};
use crate::lease::{Lease, Leased};
use crate::time::Timestamp;

/// What a usage record is found by: whose it is, when its call ended, and which call it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UsageId {
    /// Whose company it was.
    pub ats_id: AtsId,
    /// Who pays.
    pub company_id: CompanyId,
    /// When the call ended.
    pub finished_at: Timestamp,
    /// The call attempt or the online interview.
    pub of: Leased,
}

/// One call that took place. It is written in the commit that ends the call; what it cost is added once, and nothing
/// of it changes any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRecord {
    /// What it is found by.
    pub id: UsageId,
    /// For which interview, which may be deleted.
    pub interview_id: InterviewId,
    /// When the call began. A call is known by this and by what was called: an online interview may be begun again.
    pub began_at: Timestamp,
    /// The agent's.
    pub agent_focus: AgentFocus,
    /// The agent's.
    pub agent_duration_minutes: u32,
    /// How long it lasted. At least 1.
    pub call_seconds: u32,
    /// How many retries by policy it took.
    pub retry_number: u32,
    /// The company's unit when the call ended. It stays, whatever the company is switched to.
    pub billing_system: BillingSystem,
    /// What it cost.
    pub bill: Bill,
}

/// What a call cost, as far as that is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bill {
    /// It is to be converted; the policy is asked from then on.
    Waits {
        /// Not before.
        ask_at: Timestamp,
    },
    /// It was converted.
    Converted(Conversion),
}

/// How a call was converted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversion {
    /// When.
    pub at: Timestamp,
    /// The recorded decision, which goes with the company.
    pub decision_id: DecisionId,
    /// Whose answer it is.
    pub release_id: ReleaseId,
    /// What stood on the account: with it the question can be asked again when the decision is gone, and conversions
    /// of a month have an order.
    pub month_so_far: MonthSoFar,
    /// As the plugin put them.
    pub lines: Vec<Line>,
}

impl UsageRecord {
    /// The record of a call that has just ended in somebody's hands, if there is something to pay for.
    #[must_use]
    pub fn of(
        lease: &Lease,
        billing_system: BillingSystem,
        call_seconds: u32,
        at: Timestamp,
    ) -> Option<Self> {
        (0 < call_seconds).then(|| Self {
            id: UsageId { ats_id: lease.ats_id, company_id: lease.company_id, finished_at: at, of: lease.of },
            interview_id: lease.interview_id,
            began_at: lease.began_at,
            agent_focus: lease.agent_focus,
            agent_duration_minutes: lease.agent_duration_minutes,
            call_seconds,
            retry_number: lease.retry_number,
            billing_system,
            // Whoever has ended the call asks at once, for as long as the failure ladder may take.
            bill: Bill::Waits { ask_at: at.plus(Duration::from_secs(DECISION_GRACE_SECONDS.into())) },
        })
    }

    /// The conversion, once there is one.
    #[must_use]
    pub const fn conversion(&self) -> Option<&Conversion> {
        match &self.bill {
            Bill::Waits { .. } => None,
            Bill::Converted(conversion) => Some(conversion),
        }
    }

    /// When the policy is asked again; nothing once it has answered.
    #[must_use]
    pub const fn ask_at(&self) -> Option<Timestamp> {
        match &self.bill {
            Bill::Waits { ask_at } => Some(*ask_at),
            Bill::Converted(_) => None,
        }
    }

    /// What the policy is asked.
    #[must_use]
    pub fn facts(&self, month_so_far: MonthSoFar, now: Timestamp) -> Facts {
        Facts {
            now,
            ats_id: self.id.ats_id,
            company_id: self.id.company_id,
            interview_id: self.interview_id,
            agent_type: self.id.of.agent_type(),
            agent_focus: self.agent_focus,
            agent_duration_minutes: self.agent_duration_minutes,
            call_seconds: self.call_seconds,
            finished_at: self.id.finished_at,
            retry_number: self.retry_number,
            billing_system: self.billing_system,
            month_so_far,
        }
    }

    /// Nobody answered: the policy is asked again after as long as the call has waited, within bounds.
    pub fn put_off(&mut self, now: Timestamp) {
        if let Bill::Waits { ask_at } = &mut self.bill {
            let waited = now.since(self.id.finished_at).as_secs();
            let pause = waited.clamp(*DECISION_AGAIN_SECONDS.start(), *DECISION_AGAIN_SECONDS.end());
            *ask_at = now.plus(Duration::from_secs(pause));
        }
    }

    /// Whether it has waited for so long that the built-in rule converts it: nothing is held for ever.
    #[must_use]
    pub fn has_waited_long_enough(&self, now: Timestamp) -> bool {
        Duration::from_secs(BILL_WAITS_SECONDS_MAX.into()) <= now.since(self.id.finished_at)
    }

    /// It costs this.
    #[must_use]
    pub fn converted(
        self,
        verdict: Verdict,
        month_so_far: MonthSoFar,
        decided: (DecisionId, ReleaseId),
        at: Timestamp,
    ) -> Self {
        let (decision_id, release_id) = decided;
        let lines = verdict.lines;
        Self {
            bill: Bill::Converted(Conversion { at, decision_id, release_id, month_so_far, lines }),
            ..self
        }
    }
}

/// A day of UTC, in days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Day(i32);

const DAY_MILLIS: i64 = 86_400_000;

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(i32::try_from(at.unix_millis().div_euclid(DAY_MILLIS)).unwrap_or(i32::MAX))
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::from_unix_millis(i64::from(self.0) * DAY_MILLIS)
    }

    /// The day after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Days since 1970.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The days of the calendar month (UTC) of a moment.
    #[must_use]
    pub fn month_of(at: Timestamp) -> Range<Self> {
        let date = at.utc().date_naive();
        let first = date.with_day(1).unwrap_or(date);
        let next = first.checked_add_months(chrono::Months::new(1)).unwrap_or(NaiveDate::MAX);
        let day = |date: NaiveDate| {
            let days = date.signed_duration_since(NaiveDate::default()).num_days();
            Self(i32::try_from(days).unwrap_or(i32::MAX))
        };
        day(first)..day(next)
    }
}

/// What is kept together of many records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Calls that took place, converted or not; 0 in the tally of a cost key.
    pub calls: u64,
    /// Those of them that are converted; in the tally of a cost key: its lines.
    pub converted: u64,
    /// How long those lasted.
    pub call_seconds: u64,
    /// What those cost.
    pub quantity_thousandths: u64,
}

impl Tally {
    /// Both together. None where they cannot be counted any more: the check of a bill keeps a month's account far
    /// below that.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            calls: self.calls.checked_add(other.calls)?,
            converted: self.converted.checked_add(other.converted)?,
            call_seconds: self.call_seconds.checked_add(other.call_seconds)?,
            quantity_thousandths: self.quantity_thousandths.checked_add(other.quantity_thousandths)?,
        })
    }
}

/// What a company used on one day (UTC), in one unit: all together, or under one cost key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayUsage {
    /// Whose company it is.
    pub ats_id: AtsId,
    /// Who used it.
    pub company_id: CompanyId,
    /// In which unit.
    pub billing_system: BillingSystem,
    /// Under which cost key; empty: all together.
    pub cost_key: String,
    /// When the calls ended.
    pub day: Day,
    /// How much it was.
    pub tally: Tally,
}

impl DayUsage {
    /// What the record of a call that waits adds to its day.
    #[must_use]
    pub fn of_call(record: &UsageRecord) -> Self {
        Self::of(record, "", Tally { calls: 1, ..Tally::default() })
    }

    /// What a conversion adds to the day of its call: the whole first, then line by line.
    #[must_use]
    pub fn of_conversion(record: &UsageRecord, conversion: &Conversion) -> Vec<Self> {
        let call_seconds = u64::from(record.call_seconds);
        let whole = conversion.lines.iter().map(|line| line.quantity_thousandths).sum();
        let tally =
            |quantity_thousandths| Tally { calls: 0, converted: 1, call_seconds, quantity_thousandths };
        let lines = conversion.lines.iter();
        let lines = lines.map(|line| Self::of(record, &line.cost_key, tally(line.quantity_thousandths)));
        std::iter::once(Self::of(record, "", tally(whole))).chain(lines).collect()
    }

    fn of(record: &UsageRecord, cost_key: &str, tally: Tally) -> Self {
        Self {
            ats_id: record.id.ats_id,
            company_id: record.id.company_id,
            billing_system: record.billing_system,
            cost_key: cost_key.to_owned(),
            day: Day::of(record.id.finished_at),
            tally,
        }
    }
}

/// Which calls an interview had: no call is written down twice, and an interview that was called again is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterviewCall {
    /// The interview.
    pub interview_id: InterviewId,
    /// The call.
    pub of: Leased,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// In which unit it is billed.
    pub billing_system: BillingSystem,
}

/// A call of an interview that had one before. A period that has both has one interview less than calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// The later of the two.
    pub id: UsageId,
    /// Only calls in this unit are looked at; absent: in any.
    pub billing_system: Option<BillingSystem>,
    /// When the one before it ended, never after it.
    pub before: Timestamp,
}

/// What was used in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// Interviews with a call that ended in it.
    pub interviews: u64,
    /// Those of them with a call that is not converted yet.
    pub pending: u64,
    /// What the converted ones cost.
    pub quantity: Quantity,
    /// The same by cost key.
    pub by_cost_key: BTreeMap<String, KeyUsage>,
}

/// What was used under one cost key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyUsage {
    /// Lines of bills.
    pub events: u64,
    /// Their sum.
    pub quantity: Quantity,
}

impl Usage {
    /// Counts something in: the whole without a cost key.
    pub fn add(&mut self, cost_key: &str, events: u64, quantity_thousandths: u64) {
        let quantity = Quantity::from(quantity_thousandths);
        if cost_key.is_empty() {
            self.quantity += quantity;
            return;
        }
        let key = match self.by_cost_key.get_mut(cost_key) {
            Some(key) => key,
            None => self.by_cost_key.entry(cost_key.to_owned()).or_default(),
        };
        key.events = key.events.saturating_add(events);
        key.quantity += quantity;
    }

    /// Counts another one in, of other interviews.
    pub fn merge(&mut self, other: &Self) {
        self.interviews += other.interviews;
        self.pending += other.pending;
        self.quantity += other.quantity;
        for (cost_key, other) in &other.by_cost_key {
            let key = self.by_cost_key.entry(cost_key.clone()).or_default();
            key.events = key.events.saturating_add(other.events);
            key.quantity += other.quantity;
        }
    }
}

/// What one company used in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompanyUsage {
    /// Unit by unit: those that were used.
    pub units: BTreeMap<BillingSystem, Usage>,
    /// Interviews with a call that ended in the period, in whichever unit.
    pub interviews: u64,
    /// Those of them with a call that is not converted yet.
    pub pending: u64,
}

/// A quantity of a unit, or a difference of two, in thousandths. Written as the exact decimal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i128);

impl Quantity {
    /// From thousandths.
    #[must_use]
    pub const fn from_thousandths(thousandths: i128) -> Self {
        Self(thousandths)
    }

    /// In thousandths.
    #[must_use]
    pub const fn thousandths(self) -> i128 {
        self.0
    }
}

impl From<u64> for Quantity {
    fn from(thousandths: u64) -> Self {
        Self(thousandths.into())
    }
}

impl std::ops::AddAssign for Quantity {
    /// 2^63 bills of the greatest sum fit.
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl std::ops::Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Quantity {
    /// A JSON number without an exponent and without zeros at its end: `0`, `12`, `-0.5`, `1.205`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        write!(f, "{sign}{whole}.{}", format!("{rest:03}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests;
