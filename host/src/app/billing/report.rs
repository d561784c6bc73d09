//! What was used in a period, by whoever is in reach (contract §8). What takes longer to read than a request should is
//! read on a thread of its own, a slice at a time, as far pages of lists are.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::{Duration, Instant};

use switchboard_domain::ats::BillingSystem;
use switchboard_domain::company::Company;
use switchboard_domain::id::{AtsId, CompanyId};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::{CompanyUsage, Usage};

use crate::app::access::Caller;
use crate::app::{App, Error, reach};
use crate::store::usage::Budget;
use crate::store::{self, Snapshot};

/// Rows that are read at once; what needs more goes to a thread of its own.
const NEAR_ROWS: usize = 1_000;

/// How long a report may take, its waiting included: who asked has given up by then.
const WITHIN: Duration = Duration::from_secs(20);

/// How long a report runs before another ATS has its turn.
const SLICE: Duration = Duration::from_millis(5);

/// What was used in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By name; a company that was switched inside of the period stands there for each unit.
    pub entries: Vec<Entry>,
    /// All together, deleted companies included.
    pub whole: CompanyUsage,
}

/// One company in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which one.
    pub company_id: CompanyId,
    /// Its name.
    pub company_name: String,
    /// In which unit.
    pub billing_system: BillingSystem,
    /// What it used.
    pub usage: Usage,
}

/// Reads what was used in a period: by a company key's company; by all companies of an ATS key's ATS, or the one
/// that it names.
///
/// # Errors
/// The company is not there or out of reach; too much waits to be read.
pub async fn report(
    app: &App,
    caller: &Caller,
    named: Option<CompanyId>,
    period: Range<Timestamp>,
) -> Result<Report, Error> {
    let ats_id = caller.ats_id().ok_or(Rejection::AccessDenied)?;
    let only = match (caller.own_company(), named) {
        (Some(own), _) => Some(own),
        (None, Some(named)) => Some(reach::company(&app.snapshot()?, caller, named)?.id),
        (None, None) => None,
    };
    let snapshot = app.snapshot()?;
    let mut budget = Budget::of_rows(NEAR_ROWS);
    let near = Reading::begin(&snapshot, ats_id, only, period.clone(), &mut budget)?;
    if let Some(mut near) = near
        && near.run(&snapshot, &mut budget, &mut || true)?
    {
        return Ok(near.finish());
    }
    // Old pages are kept for a snapshot, so that nobody waits with one in hand.
    drop(snapshot);
    let entry = app
        .walkers()
        .enter(Some(ats_id))
        .ok_or(Error::Overloaded("too many reports of usage are asked for"))?;
    let far = async {
        let mut turn = entry.turn().await;
        let snapshot = app.snapshot()?;
        let mut reading = None;
        loop {
            let (on, period) = (Snapshot::clone(&snapshot), period.clone());
            let slice = tokio::task::spawn_blocking(move || {
                let until = Instant::now() + SLICE;
                let mut budget = Budget::unbounded();
                let mut read = match reading {
                    Some(reading) => Some(reading),
                    None => Reading::begin(&on, ats_id, only, period, &mut budget)?,
                };
                let is_done = match &mut read {
                    Some(read) => read.run(&on, &mut budget, &mut || Instant::now() < until)?,
                    None => false,
                };
                Ok::<_, store::Error>((read, is_done, turn))
            });
            let slice = slice.await;
            let (read, is_done, held) =
                slice.map_err(|error| Error::Internal(format!("usage could not be read: {error}")))??;
            if let (Some(read), true) = (&read, is_done) {
                return Ok(read.clone().finish());
            }
            reading = read;
            turn = entry.give_way(held).await;
        }
    };
    let far = tokio::time::timeout(WITHIN, far).await;
    far.map_err(|_| Error::Overloaded("a report of usage took too long"))?
}

/// A report that is being read, company by company.
#[derive(Debug, Clone)]
struct Reading {
    ats_id: AtsId,
    period: Range<Timestamp>,
    /// Still to be read, deleted ones included.
    left: BTreeSet<CompanyId>,
    report: Report,
}

impl Reading {
    /// Finds whose usage is to be read. Nothing where the budget does not suffice.
    fn begin(
        read: &Snapshot,
        ats_id: AtsId,
        only: Option<CompanyId>,
        period: Range<Timestamp>,
        budget: &mut Budget,
    ) -> Result<Option<Self>, store::Error> {
        let mut left = BTreeSet::from_iter(only);
        if only.is_none() {
            let Some(there) = store::company::ids_of(read, ats_id, budget)? else { return Ok(None) };
            left.extend(there);
            let Some(used) = store::usage::companies(read, ats_id, budget)? else { return Ok(None) };
            left.extend(used);
        }
        Ok(Some(Self { ats_id, period, left, report: Report::default() }))
    }

    /// Goes on; whether that was all.
    fn run(
        &mut self,
        read: &Snapshot,
        budget: &mut Budget,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Result<bool, store::Error> {
        while let Some(id) = self.left.first().copied() {
            let used = store::usage::of_period(read, self.ats_id, id, &self.period, budget)?;
            let Some(used) = used.filter(|_| budget.takes()) else { return Ok(false) };
            self.left.remove(&id);
            self.add(id, store::get::<Company>(read, &id)?, used);
            if !goes_on() {
                return Ok(self.left.is_empty());
            }
        }
        Ok(true)
    }

    fn add(&mut self, company_id: CompanyId, company: Option<Company>, mut used: CompanyUsage) {
        if let Some(company) = company {
            if used.units.is_empty() {
                // What it would be billed in.
                used.units.insert(company.billing_system, Usage::default());
            }
            self.report.entries.extend(used.units.iter().map(|(billing_system, usage)| Entry {
                company_id,
                company_name: company.name.clone(),
                billing_system: *billing_system,
                usage: usage.clone(),
            }));
        }
        let whole = &mut self.report.whole;
        for (unit, usage) in &used.units {
            whole.units.entry(*unit).or_default().merge(usage);
        }
        whole.interviews += used.interviews;
        whole.pending += used.pending;
    }

    fn finish(mut self) -> Report {
        let name = |entry: &Entry| (entry.company_name.clone(), entry.company_id, entry.billing_system);
        self.report.entries.sort_by_cached_key(name);
        self.report
    }
}
