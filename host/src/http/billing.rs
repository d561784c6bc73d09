//! What was used in a period (contract §8). Quantities leave as the exact decimals that they are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use serde::Serialize;
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::id::CompanyId;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::{Timestamp, parse_period_bound};
use switchboard_domain::usage::{CompanyUsage, KeyUsage, Quantity, Usage};
use utoipa::ToSchema;

use super::problem::Failure;
use super::query::Query;
use super::reply::Reply;
use super::request::Call;
use super::schema::{self, Decimal, Text};
use crate::app;
use crate::app::App;
use crate::app::billing::{Entry, Report};

/// A period that was not named.
const USUAL: Duration = Duration::from_secs(30 * 86_400);

/// Ends are exclusive, and what has just ended is to be seen.
const MOMENT: Duration = Duration::from_millis(1);

pub(crate) async fn usage(app: &App, call: &Call) -> Result<Reply, Failure> {
    let now = call.request.now;
    let mut problems = Problems::default();
    let named = call.named_company(&mut problems);
    let period = period(&call.request.query, now, &mut problems);
    call.refuse(problems)?;
    let report = app::billing::report(app, &call.caller, named, period).await?;
    Ok(Reply::ok(&view(&report), now))
}

fn period(query: &Query, now: Timestamp, problems: &mut Problems) -> Range<Timestamp> {
    let start = query.read("start", problems, parse_period_bound);
    let end = query.read("end", problems, parse_period_bound);
    if let (Some(start), Some(end)) = (start, end)
        && end < start
    {
        problems.add("end", Flaw::invalid("must not be before `start`"));
    }
    let present = now.plus(MOMENT);
    match (start, end) {
        (Some(start), Some(end)) => start..end,
        (Some(start), None) => start..present.max(start),
        (None, Some(end)) => end.minus(USUAL)..end,
        (None, None) => now.minus(USUAL)..present,
    }
}

/// What was used, by whom.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BillingUsage, example = json!({
    "companies": [{
        "companyId": "01960e6a-7c00-7000-8000-000000000005",
        "companyName": "Kowalski Logistics",
        "billingSystem": "minutes",
        "totalInterviews": 2,
        "totalMinutesUsed": 26,
        "breakdownByCostKey": [{"costKey": "interview_minutes", "events": 2, "minutesUsed": 26}]
    }],
    "totalInterviews": 2,
    "totalMinutesUsed": 26,
    "breakdownByCostKey": [{"costKey": "interview_minutes", "events": 2, "minutesUsed": 26}]
}))]
pub struct UsageView<'a> {
    /// By name. A company that was switched to another billing system inside of the period, and used both, stands
    /// there twice.
    companies: Vec<CompanyUsageView<'a>>,
    /// Interviews of all companies, deleted ones included, with a call that ended in the period.
    total_interviews: u64,
    /// Absent where nobody is billed in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    total_minutes_used: Option<Decimal>,
    /// Absent where nobody is billed in credits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    total_credits_used: Option<Decimal>,
    breakdown_by_cost_key: Vec<CostKeyUsageView<'a>>,
    /// Interviews whose cost is not known yet; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, minimum = 1)]
    pending_interviews: Option<u64>,
}

/// What one company used in one unit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompanyUsage)]
pub struct CompanyUsageView<'a> {
    #[schema(value_type = String, format = "uuid")]
    company_id: Text<CompanyId>,
    company_name: &'a str,
    #[schema(schema_with = schema::billing_system)]
    billing_system: &'static str,
    /// Interviews with a call that ended in the period.
    total_interviews: u64,
    /// Of a company that is billed in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    total_minutes_used: Option<Decimal>,
    /// Of a company that is billed in credits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    total_credits_used: Option<Decimal>,
    breakdown_by_cost_key: Vec<CostKeyUsageView<'a>>,
    /// Interviews whose cost is not known yet; absent where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, minimum = 1)]
    pending_interviews: Option<u64>,
}

/// What was used under one cost key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CostKeyUsage)]
pub struct CostKeyUsageView<'a> {
    cost_key: &'a str,
    /// How often it was charged.
    events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    minutes_used: Option<Decimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    credits_used: Option<Decimal>,
}

impl<'a> CostKeyUsageView<'a> {
    fn of(cost_key: &'a str, unit: BillingSystem, usage: &KeyUsage) -> Self {
        let [minutes_used, credits_used] = by_unit(unit, usage.quantity);
        Self { cost_key, events: usage.events, minutes_used, credits_used }
    }
}

/// The quantity in the place of its unit.
fn by_unit(unit: BillingSystem, quantity: Quantity) -> [Option<Decimal>; 2] {
    match unit {
        BillingSystem::Minutes => [Some(Decimal(quantity)), None],
        BillingSystem::Credits => [None, Some(Decimal(quantity))],
    }
}

/// A count that is shown where there is something to count.
fn some(count: u64) -> Option<u64> {
    (0 < count).then_some(count)
}

fn view(report: &Report) -> UsageView<'_> {
    let whole = &report.whole;
    let total = |unit| whole.units.get(&unit).map(|usage| Decimal(usage.quantity));
    UsageView {
        companies: report.entries.iter().map(company_view).collect(),
        total_interviews: whole.interviews,
        total_minutes_used: total(BillingSystem::Minutes),
        total_credits_used: total(BillingSystem::Credits),
        breakdown_by_cost_key: breakdown(whole),
        pending_interviews: some(whole.pending),
    }
}

fn company_view(entry: &Entry) -> CompanyUsageView<'_> {
    let Entry { company_id, company_name, billing_system, usage } = entry;
    let Usage { interviews, pending, quantity, by_cost_key } = usage;
    let [total_minutes_used, total_credits_used] = by_unit(*billing_system, *quantity);
    let keys = by_cost_key.iter();
    CompanyUsageView {
        company_id: Text(*company_id),
        company_name,
        billing_system: billing_system.as_str(),
        total_interviews: *interviews,
        total_minutes_used,
        total_credits_used,
        breakdown_by_cost_key: keys
            .map(|(cost_key, usage)| CostKeyUsageView::of(cost_key, *billing_system, usage))
            .collect(),
        pending_interviews: some(*pending),
    }
}

/// A cost key stands there once, in whichever units it was charged.
fn breakdown(whole: &CompanyUsage) -> Vec<CostKeyUsageView<'_>> {
    let mut keys: BTreeMap<&str, CostKeyUsageView<'_>> = BTreeMap::new();
    for (unit, usage) in &whole.units {
        for (cost_key, usage) in &usage.by_cost_key {
            let own = CostKeyUsageView::of(cost_key, *unit, usage);
            match keys.get_mut(cost_key.as_str()) {
                Some(known) => {
                    known.events = known.events.saturating_add(own.events);
                    known.minutes_used = known.minutes_used.or(own.minutes_used);
                    known.credits_used = known.credits_used.or(own.credits_used);
                }
                None => drop(keys.insert(cost_key, own)),
            }
        }
    }
    keys.into_values().collect()
}
