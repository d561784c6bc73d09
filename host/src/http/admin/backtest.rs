//! Backtests for operators: a release over what was recorded.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::decision::AskedOutcome;
use switchboard_domain::id::CompanyId;
use switchboard_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::decision::{json_of, moment};
use super::{Ask, ok};
use crate::app;
use crate::app::backtest::{DECISIONS_MAX, Difference, Report, Wanted};
use crate::http::body::{self, Fields, Read, count, text};
use crate::http::{Failure, Reply, schema};

/// Over which decisions; the newest 10,000 when nothing is sent.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminBacktestBody, example = json!({"last": 1000}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct BacktestBody {
    /// At most so many, the newest.
    #[schema(minimum = 1, maximum = 1_000_000)]
    last: Option<u64>,
    /// Only from this moment on; with an offset, such as `Z`.
    #[schema(format = "date-time")]
    since: Option<String>,
}

/// What a release would have said, beside what held.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminBacktest, example = json!({
    "release": "rel_01960e6a7c0070008000000000000009",
    "slot": "default/job-resolution",
    "decisions": 1000,
    "same": 969,
    "changed": 31,
    "failed": 0,
    "unreadable": 0,
    "changedPercent": 3.1,
    "byOutcome": [{"before": "refuse/job-ambiguous", "after": "job", "count": 31}],
    "byCompany": [{
        "companyId": "01960e6a-7c00-7000-8000-000000000005",
        "changed": 31,
        "failed": 0,
        "outcomes": [{"before": "refuse/job-ambiguous", "after": "job", "count": 31}]
    }],
    "examples": [{
        "decision": "01960e6a-7c00-7000-8000-000000000008",
        "companyId": "01960e6a-7c00-7000-8000-000000000005",
        "before": {"refuse": "job-required"},
        "after": "no-job",
        "count": 31
    }],
    "unseenGrants": [],
    "elapsedMs": 41
}))]
pub struct BacktestView {
    release: String,
    /// `ATS/POLICY` or `default/POLICY`
    slot: String,
    /// How many were looked at.
    decisions: u64,
    /// Answered as before.
    same: u64,
    /// Answered otherwise, or where nobody had answered.
    changed: u64,
    /// Not answered.
    failed: u64,
    /// Left out, since their facts are of an earlier shape.
    unreadable: u64,
    /// Changed and failed ones in a hundred.
    changed_percent: f64,
    /// What became what, the most frequent first.
    by_outcome: Vec<OutcomeView>,
    /// The companies for which something differs, and no other; the one with the most first.
    by_company: Vec<CompanyDifferenceView>,
    /// One of each kind, at most fifty.
    examples: Vec<ExampleView>,
    /// What the release is granted and the recorded facts do not have: there it saw less than it will see.
    unseen_grants: Vec<String>,
    elapsed_ms: u64,
}

/// So many decisions became another outcome.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminOutcomeDifference)]
pub struct OutcomeView {
    /// The case of the answer, or `failed/` and how.
    before: String,
    after: String,
    count: u64,
}

/// What differs for one company.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminCompanyDifference)]
pub struct CompanyDifferenceView {
    #[schema(format = "uuid")]
    company_id: String,
    changed: u64,
    failed: u64,
    outcomes: Vec<OutcomeView>,
}

/// One decision that falls otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminExample)]
pub struct ExampleView {
    #[schema(format = "uuid")]
    decision: String,
    #[schema(format = "uuid")]
    company_id: String,
    /// The answer that held; null where nobody answered.
    #[schema(schema_with = schema::anything)]
    before: Value,
    /// The release's answer; null where it failed.
    #[schema(schema_with = schema::anything)]
    after: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::failure_kind)]
    failure: Option<&'static str>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    explanation: Option<String>,
    /// How many of this company's decisions differ in this way.
    count: u64,
}

/// How far a backtest is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminBacktestProgress, example = json!({"running": true, "done": 12_800, "all": 100_000}))]
pub struct ProgressView {
    /// Whether one of this release runs.
    running: bool,
    done: u64,
    all: u64,
}

pub(super) async fn run(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let wanted = body::read(&ask.request.json_or_empty()?, read).map_err(Rejection::Invalid)?;
    ok(&view(&app::backtest::run(ask.app, ask.id()?, wanted).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<Wanted> {
    let last = fields.optional("last", count(1..=DECISIONS_MAX as u64));
    let since = fields.optional("since", text(moment));
    Ok(Wanted { last: last?.map(|last| usize::try_from(last).unwrap_or(DECISIONS_MAX)), since: since? })
}

pub(super) fn progress(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let progress = app::backtest::progress(ask.app, ask.id()?);
    ok(&ProgressView {
        running: progress.is_some(),
        done: progress.map_or(0, |progress| progress.done as u64),
        all: progress.map_or(0, |progress| progress.all as u64),
    })
}

fn view(report: &Report) -> BacktestView {
    BacktestView {
        release: report.release.id.to_string(),
        slot: report.release.slot.to_string(),
        decisions: report.decisions,
        same: report.same,
        changed: report.changed,
        failed: report.failed,
        unreadable: report.unreadable,
        changed_percent: report.changed_percent(),
        by_outcome: outcomes(report.differences.iter()),
        by_company: by_company(&report.differences),
        examples: report.examples().iter().map(example).collect(),
        unseen_grants: report.unseen_grants.clone(),
        elapsed_ms: u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
    }
}

fn outcomes<'a>(differences: impl Iterator<Item = &'a Difference>) -> Vec<OutcomeView> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for Difference { before, after, count, .. } in differences {
        *counts.entry((before, after)).or_default() += count;
    }
    let view = |((before, after), count): ((&str, &str), u64)| OutcomeView {
        before: before.to_owned(),
        after: after.to_owned(),
        count,
    };
    let mut views: Vec<OutcomeView> = counts.into_iter().map(view).collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.count));
    views
}

fn by_company(differences: &[Difference]) -> Vec<CompanyDifferenceView> {
    let mut companies: BTreeMap<CompanyId, Vec<&Difference>> = BTreeMap::new();
    for difference in differences {
        companies.entry(difference.company_id).or_default().push(difference);
    }
    let count = |of: &[&Difference], failed: bool| -> u64 {
        of.iter().filter(|difference| difference.failed == failed).map(|difference| difference.count).sum()
    };
    let view = |(company_id, of): (CompanyId, Vec<&Difference>)| CompanyDifferenceView {
        company_id: company_id.to_string(),
        changed: count(&of, false),
        failed: count(&of, true),
        outcomes: outcomes(of.iter().copied()),
    };
    let mut views: Vec<CompanyDifferenceView> = companies.into_iter().map(view).collect();
    views.sort_by_key(|view| std::cmp::Reverse(view.changed + view.failed));
    views
}

fn example(difference: &Difference) -> ExampleView {
    let example = &difference.example;
    let (after, failure, explanation) = match &example.after {
        AskedOutcome::Answered(answer) => (json_of(answer), None, None),
        AskedOutcome::Failed(kind, why) => (Value::Null, Some(kind.as_str()), Some(why.clone())),
    };
    ExampleView {
        decision: example.decision_id.to_string(),
        company_id: difference.company_id.to_string(),
        before: example.before.as_deref().map_or(Value::Null, json_of),
        after,
        failure,
        explanation,
        count: difference.count,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<BacktestBody, _>(read, &[json!({ "since": "2026-04-02T08:00:00Z" })]);
        assert_eq!(DECISIONS_MAX, 1_000_000, "the schema's maximum");
    }
}
