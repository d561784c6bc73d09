//! Bills for operators: what another release would have made of them.

use std::collections::BTreeMap;

use serde::Serialize;
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::id::ReleaseId;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::parse_period_bound;
use utoipa::ToSchema;

use super::{Ask, ok};
use crate::app;
use crate::app::billing::{Difference, RerateAccount, Rerated};
use crate::http::schema::{self, Decimal};
use crate::http::{Failure, Reply};

/// What another release would have billed. Nothing is changed by asking.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRerate, example = json!({
    "release": "rel_01960e6a7c0070008000000000000009",
    "slot": "01960e6a-7c00-7000-8000-000000000011/billing",
    "since": "2026-03-01T00:00:00.000Z",
    "calls": {"billed": 3, "same": 1, "changed": 2, "failed": 0, "pending": 0},
    "minutes": {"billed": 12, "wouldBe": 11.4, "difference": -0.6},
    "byCompany": [{
        "atsId": "01960e6a-7c00-7000-8000-000000000011",
        "companyId": "01960e6a-7c00-7000-8000-000000000005",
        "billingSystem": "minutes",
        "calls": {"billed": 3, "same": 1, "changed": 2, "failed": 0, "pending": 0},
        "billed": 12,
        "wouldBe": 11.4,
        "difference": -0.6,
        "byCostKey": [{"costKey": "interview_minutes", "billed": 12, "wouldBe": 11.4, "difference": -0.6}]
    }],
    "elapsedMs": 7
}))]
pub struct RerateView {
    release: String,
    /// `ATS/POLICY`. Calls of that ATS were asked about; for the default slot those of every ATS without a release of
    /// its own.
    slot: String,
    #[schema(format = "date-time")]
    since: String,
    calls: CountsView,
    /// Absent where nobody was billed in minutes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = DifferenceView)]
    minutes: Option<DifferenceView>,
    /// Absent where nobody was billed in credits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = DifferenceView)]
    credits: Option<DifferenceView>,
    by_company: Vec<AccountView>,
    elapsed_ms: u64,
}

/// How many calls there were.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRerateCounts)]
pub struct CountsView {
    /// Those that were billed.
    billed: u64,
    /// Those that would have been billed the same.
    same: u64,
    /// Those that would have been billed otherwise.
    changed: u64,
    /// Those that the release could not bill. They count as they were billed.
    failed: u64,
    /// Calls that wait for their first bill; they are in nothing else here.
    pending: u64,
}

/// Two sums, exact, in the unit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRerateDifference)]
pub struct DifferenceView {
    #[schema(value_type = f64, minimum = 0)]
    billed: Decimal,
    #[schema(value_type = f64, minimum = 0)]
    would_be: Decimal,
    /// How much more it would have been; negative: how much less.
    #[schema(value_type = f64)]
    difference: Decimal,
}

/// The calls of one company in one unit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRerateAccount)]
pub struct AccountView {
    #[schema(format = "uuid")]
    ats_id: String,
    /// It may be deleted.
    #[schema(format = "uuid")]
    company_id: String,
    #[schema(schema_with = schema::billing_system)]
    billing_system: &'static str,
    calls: CountsView,
    #[schema(value_type = f64, minimum = 0)]
    billed: Decimal,
    #[schema(value_type = f64, minimum = 0)]
    would_be: Decimal,
    /// How much more it would have been; negative: how much less.
    #[schema(value_type = f64)]
    difference: Decimal,
    by_cost_key: Vec<CostKeyView>,
}

/// The same under one cost key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRerateCostKey)]
pub struct CostKeyView {
    cost_key: String,
    #[schema(value_type = f64, minimum = 0)]
    billed: Decimal,
    #[schema(value_type = f64, minimum = 0)]
    would_be: Decimal,
    /// How much more it would have been; negative: how much less.
    #[schema(value_type = f64)]
    difference: Decimal,
}

impl CountsView {
    fn of(account: &RerateAccount) -> Self {
        let RerateAccount { calls, changed, failed, pending, .. } = *account;
        Self { billed: calls, same: calls - changed - failed, changed, failed, pending }
    }

    fn add(&mut self, other: Self) {
        self.billed += other.billed;
        self.same += other.same;
        self.changed += other.changed;
        self.failed += other.failed;
        self.pending += other.pending;
    }
}

fn sums(difference: Difference) -> DifferenceView {
    DifferenceView {
        billed: Decimal(difference.billed),
        would_be: Decimal(difference.would_be),
        difference: Decimal(difference.more()),
    }
}

fn view(rerated: &Rerated) -> RerateView {
    let mut calls = CountsView::default();
    let mut units: BTreeMap<BillingSystem, Difference> = BTreeMap::new();
    for account in &rerated.accounts {
        calls.add(CountsView::of(account));
        units.entry(account.billing_system).or_default().add(account.whole);
    }
    let unit = |unit| units.get(&unit).copied().map(sums);
    RerateView {
        release: rerated.release.id.to_string(),
        slot: rerated.release.slot.to_string(),
        since: rerated.since.to_string(),
        calls,
        minutes: unit(BillingSystem::Minutes),
        credits: unit(BillingSystem::Credits),
        by_company: rerated.accounts.iter().map(account_view).collect(),
        elapsed_ms: u64::try_from(rerated.elapsed.as_millis()).unwrap_or(u64::MAX),
    }
}

fn account_view(account: &RerateAccount) -> AccountView {
    let keys = account.by_cost_key.iter().map(|(cost_key, difference)| {
        let DifferenceView { billed, would_be, difference } = sums(*difference);
        CostKeyView { cost_key: cost_key.clone(), billed, would_be, difference }
    });
    let DifferenceView { billed, would_be, difference } = sums(account.whole);
    AccountView {
        ats_id: account.ats_id.to_string(),
        company_id: account.company_id.to_string(),
        billing_system: account.billing_system.as_str(),
        calls: CountsView::of(account),
        billed,
        would_be,
        difference,
        by_cost_key: keys.collect(),
    }
}

pub(super) async fn rerate(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let query = &ask.request.query;
    let release = query.id::<ReleaseId>("release", &mut problems);
    let since = query.read("since", &mut problems, parse_period_bound);
    for (name, is_there) in [("release", release.is_some()), ("since", since.is_some())] {
        if !is_there && !problems.has(name) {
            problems.add(name, Flaw::missing());
        }
    }
    Ask::refuse(problems)?;
    let (Some(release), Some(since)) = (release, since) else {
        return Err(Failure::Internal("a refused question goes on".to_owned()));
    };
    ok(&view(&app::billing::rerate(ask.app, release, since).await?))
}
