//! What another release would have billed: every call of the ledger once more, asked apart from every slot. Changes
//! nothing.
//!
//! The release is asked what was asked then, in the order of then, but for the account of the month: that is the one
//! that its own bills would have led to. So a release that bills as before gives no difference, whatever its discounts
//! depend on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use switchboard_domain::ats::BillingSystem;
use switchboard_domain::billing::{Line, MonthSoFar};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::id::{AtsId, CompanyId, ReleaseId};
use switchboard_domain::release::Release;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::{Conversion, Day, Quantity, UsageRecord};

use super::atss_of;
use crate::app::{App, Error, plugin, release};
use crate::policy::{Billing, Rehearsal};
use crate::store;
use crate::store::usage::Budget;

/// Calls after which everybody else has a turn on this thread.
const TURN_CALLS: u64 = 64;

/// What another release would have billed.
#[derive(Debug)]
pub struct Rerated {
    /// Which one.
    pub release: Release,
    /// Only calls that ended from then on were asked about.
    pub since: Timestamp,
    /// By ATS, company and unit.
    pub accounts: Vec<RerateAccount>,
    /// How long it took.
    pub elapsed: Duration,
}

/// The calls of one company in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerateAccount {
    /// Whose company it is.
    pub ats_id: AtsId,
    /// Which one, deleted ones included.
    pub company_id: CompanyId,
    /// In which unit.
    pub billing_system: BillingSystem,
    /// How many were billed.
    pub calls: u64,
    /// Those of them that would have been billed otherwise.
    pub changed: u64,
    /// Those that the release could not bill. They count as they were billed.
    pub failed: u64,
    /// Those that wait for their first bill; they are in nothing else here.
    pub pending: u64,
    /// What all of them were billed, and would have been.
    pub whole: Difference,
    /// The same by cost key.
    pub by_cost_key: BTreeMap<String, Difference>,
}

/// Two sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Difference {
    /// What was billed.
    pub billed: Quantity,
    /// What would have been.
    pub would_be: Quantity,
}

impl Difference {
    /// How much more it would have been.
    #[must_use]
    pub fn more(self) -> Quantity {
        self.would_be - self.billed
    }

    /// Counts another one in.
    pub fn add(&mut self, other: Self) {
        self.billed += other.billed;
        self.would_be += other.would_be;
    }
}

impl RerateAccount {
    fn new(ats_id: AtsId, company_id: CompanyId, billing_system: BillingSystem) -> Self {
        Self {
            ats_id,
            company_id,
            billing_system,
            calls: 0,
            changed: 0,
            failed: 0,
            pending: 0,
            whole: Difference::default(),
            by_cost_key: BTreeMap::new(),
        }
    }

    fn add(&mut self, billed: &[Line], would_be: &[Line]) {
        self.calls += 1;
        self.changed += u64::from(!is_same(billed, would_be));
        for (lines, is_billed) in [(billed, true), (would_be, false)] {
            for line in lines {
                let quantity = Quantity::from(line.quantity_thousandths);
                let key = self.by_cost_key.entry(line.cost_key.clone()).or_default();
                for sum in [&mut self.whole, key] {
                    *(if is_billed { &mut sum.billed } else { &mut sum.would_be }) += quantity;
                }
            }
        }
    }
}

/// Whether two bills come to the same, in whichever order their lines stand.
fn is_same(one: &[Line], other: &[Line]) -> bool {
    let sorted = |lines: &[Line]| {
        let lines = lines.iter().map(|line| (line.cost_key.clone(), line.quantity_thousandths));
        lines.collect::<BTreeMap<_, _>>()
    };
    sorted(one) == sorted(other)
}

/// Asks a release about every call of its slot that ended since then: of its ATS, or for a release of the default slot
/// of every ATS that has no release of its own.
///
/// # Errors
/// It is not there, or of another policy; it cannot be run; somebody else's question is under way.
pub async fn rerate(app: &App, id: ReleaseId, since: Timestamp) -> Result<Rerated, Error> {
    let _turn = app.bills().rerating().ok_or_else(|| {
        Error::Refused("another rerate is under way; ask again when it has ended".to_owned())
    })?;
    let began = Instant::now();
    let release = release::show(app, id)?;
    if release.slot.policy != PolicyName::Billing {
        let policy = release.slot.policy;
        return Err(Error::Refused(format!("release {id} is for {policy}, and bills nothing")));
    }
    let bytes = plugin::artifact(&app.snapshot()?, release.digest)?;
    let rehearsal = app.fleet().runtime().rehearse(release.clone(), move || Ok(bytes)).await?;
    let period = since..app.now().plus(Duration::from_millis(1));
    let mut accounts = Vec::new();
    for ats_id in atss_of(&app.snapshot()?, release.slot)? {
        let companies = store::usage::companies(&app.snapshot()?, ats_id, &mut Budget::unbounded())?;
        for company_id in companies.into_iter().flatten() {
            let mut company = OfCompany {
                app,
                rehearsal: &rehearsal,
                ats_id,
                company_id,
                accounts: BTreeMap::new(),
                asked: 0,
            };
            company.run(&period).await?;
            accounts.extend(company.accounts.into_values());
        }
    }
    Ok(Rerated { release, since, accounts, elapsed: began.elapsed() })
}

struct OfCompany<'a> {
    app: &'a App,
    rehearsal: &'a Rehearsal,
    ats_id: AtsId,
    company_id: CompanyId,
    accounts: BTreeMap<BillingSystem, RerateAccount>,
    asked: u64,
}

impl OfCompany<'_> {
    /// Month by month: what one holds fits into memory, and no snapshot is kept for longer than it takes to read it.
    async fn run(&mut self, period: &Range<Timestamp>) -> Result<(), Error> {
        let mut from = period.start;
        while let Some((month, behind)) = self.next_month(from, period.end)? {
            for (unit, calls) in month {
                self.rerate(unit, calls).await;
            }
            from = behind;
        }
        Ok(())
    }

    /// The calls of the next month that has some, by unit, and where the one after it begins.
    #[expect(clippy::type_complexity, reason = "read where it is made")]
    fn next_month(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Option<(BTreeMap<BillingSystem, Vec<UsageRecord>>, Timestamp)>, Error> {
        let mut month: BTreeMap<BillingSystem, Vec<UsageRecord>> = BTreeMap::new();
        let mut behind = None;
        for call in store::usage::calls(&self.app.snapshot()?, self.ats_id, self.company_id, from, to)? {
            let call = call?;
            let behind = *behind.get_or_insert_with(|| Day::month_of(call.id.finished_at).end.start());
            if behind <= call.id.finished_at {
                break;
            }
            month.entry(call.billing_system).or_default().push(call);
        }
        Ok(behind.map(|behind| (month, behind)))
    }

    async fn rerate(&mut self, unit: BillingSystem, calls: Vec<UsageRecord>) {
        let mut account = self
            .accounts
            .remove(&unit)
            .unwrap_or_else(|| RerateAccount::new(self.ats_id, self.company_id, unit));
        let mut billed: Vec<(&UsageRecord, &Conversion)> = Vec::with_capacity(calls.len());
        for call in &calls {
            match call.conversion() {
                Some(conversion) => billed.push((call, conversion)),
                None => account.pending += 1,
            }
        }
        // As they were converted, which is not always as they ended.
        billed.sort_by_key(|(_, conversion)| conversion.month_so_far.calls);
        let mut more_so_far = Quantity::default();
        for (call, conversion) in billed {
            let so_far = shifted(conversion.month_so_far, more_so_far);
            match self.rehearsal.decide::<Billing>(&call.facts(so_far, conversion.at)).await {
                Ok(verdict) => {
                    let before = account.whole;
                    account.add(&conversion.lines, &verdict.lines);
                    more_so_far += account.whole.more() - before.more();
                }
                Err(_) => {
                    account.add(&conversion.lines, &conversion.lines);
                    account.failed += 1;
                }
            }
            self.asked += 1;
            if self.asked.is_multiple_of(TURN_CALLS) {
                tokio::task::yield_now().await;
            }
        }
        self.accounts.insert(unit, account);
    }
}

/// The account as it would have been.
fn shifted(so_far: MonthSoFar, more: Quantity) -> MonthSoFar {
    let would_be = i128::from(so_far.quantity_thousandths).saturating_add(more.thousandths());
    MonthSoFar { quantity_thousandths: u64::try_from(would_be.max(0)).unwrap_or(u64::MAX), ..so_far }
}
