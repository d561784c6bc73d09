//! Recorded decisions for operators.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::decision::{Asked, AskedOutcome, Decision};
use switchboard_domain::id::{CompanyId, DecisionId};
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;

use super::{Ask, ok};
use crate::app;
use crate::app::decision::{FuelModels, Wanted};
use crate::http::{Failure, Reply, schema};

/// So many are listed unless said otherwise.
pub(super) const LISTED_DEFAULT: usize = 50;

/// So many are listed at the most.
pub(super) const LISTED_MAX: usize = 1000;

/// One recorded policy call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminDecision, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000008",
    "at": "2026-04-02T08:00:00.000Z",
    "slot": "01960e6a-7c00-7000-8000-000000000011/job-resolution",
    "policy": "job-resolution",
    "release": "rel_01960e6a7c0070008000000000000009",
    "answeredBy": "rel_01960e6a7c0070008000000000000009",
    "degraded": false,
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "candidateId": "01960e6a-7c00-7000-8000-000000000002",
    "policyVersion": "0.1.0",
    "facts": {"agent-focus": "outreach", "assigned-jobs": []},
    "answer": {"refuse": "job-required"},
    "asked": [{
        "release": "rel_01960e6a7c0070008000000000000009",
        "answer": {"refuse": "job-required"},
        "fuel": 31760,
        "durationMicros": 212,
        "log": []
    }],
    "fuel": 31760,
    "durationMicros": 212,
    "redacted": false,
    "fuelModel": "… 48, costs 56ab2396, optimised for speed, canonical NaNs, deterministic relaxed SIMD"
}))]
pub struct DecisionView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(format = "date-time")]
    at: String,
    /// `ATS/POLICY`
    slot: String,
    #[schema(schema_with = schema::policy)]
    policy: &'static str,
    /// The release that the slot ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    release: Option<String>,
    /// The release that answered, which is another one where the failure ladder did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    answered_by: Option<String>,
    /// Whether the failure ladder answered.
    degraded: bool,
    #[schema(format = "uuid")]
    company_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    candidate_id: Option<String>,
    /// The interview that was made with it and rests on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    interview_id: Option<String>,
    /// Version of the WIT package that was spoken.
    policy_version: String,
    /// What the plugin saw, as the WIT package names it.
    #[schema(schema_with = schema::anything)]
    facts: Value,
    /// What it answered, as the WIT package names it; null where nobody did.
    #[schema(schema_with = schema::anything)]
    answer: Value,
    /// The active release first, then the steps of the failure ladder.
    asked: Vec<AskedView>,
    /// Of all that were asked.
    fuel: u64,
    duration_micros: u64,
    /// Whether what the release was granted to see, and what its plugin said, is gone from it.
    redacted: bool,
    /// What fuel was counted under; absent where the decision is older than every note of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    fuel_model: Option<String>,
}

/// One release's part in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminAsked)]
pub struct AskedView {
    release: String,
    /// Null where it failed.
    #[schema(schema_with = schema::anything)]
    answer: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::failure_kind)]
    failure: Option<&'static str>,
    /// What went wrong, with the guest's frames of a trap.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    explanation: Option<String>,
    fuel: u64,
    duration_micros: u64,
    /// The guest's last lines.
    log: Vec<String>,
}

/// What another run gave for the recorded facts. Members are null where there is nothing to tell.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminReplay, example = json!({
    "same": true,
    "answer": {"refuse": "job-required"},
    "fuel": 31760,
    "failure": null,
    "explanation": null,
    "log": [],
    "recorded": {"answer": {"refuse": "job-required"}, "fuel": 31760, "failure": null},
    "reproducible": true,
    "fuelModel": {
        "recorded": "… 48, costs 56ab2396, optimised for speed, canonical NaNs, deterministic relaxed SIMD",
        "running": "… 48, costs 56ab2396, optimised for speed, canonical NaNs, deterministic relaxed SIMD"
    }
}))]
pub struct ReplayView {
    /// Whether answer and fuel are the recorded ones; under another fuel model, whether the answer is.
    same: bool,
    #[schema(schema_with = schema::anything)]
    answer: Value,
    fuel: u64,
    #[schema(value_type = Option<String>)]
    failure: Option<&'static str>,
    explanation: Option<String>,
    log: Vec<String>,
    recorded: RecordedView,
    /// Whether what was recorded can be had again: a timeout cannot.
    reproducible: bool,
    fuel_model: FuelModelView,
}

/// What fuel is counted under. Counts are compared where both are the same.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminFuelModel)]
pub struct FuelModelView {
    /// Null where the decision is older than every note of it.
    #[schema(value_type = Option<String>)]
    recorded: Option<String>,
    running: &'static str,
}

/// What was recorded.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminRecorded)]
pub struct RecordedView {
    #[schema(schema_with = schema::anything)]
    answer: Value,
    fuel: u64,
    #[schema(value_type = Option<String>)]
    failure: Option<&'static str>,
}

pub(super) fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn view(decision: &Decision, redacted_to: Option<DecisionId>, models: &FuelModels) -> DecisionView {
    DecisionView {
        id: decision.id.to_string(),
        at: decision.at.to_string(),
        slot: decision.slot.to_string(),
        policy: decision.slot.policy.as_str(),
        release: decision.asked.first().map(|asked| asked.release_id.to_string()),
        answered_by: decision.answered_by.map(|id| id.to_string()),
        degraded: decision.is_degraded(),
        company_id: decision.company_id.to_string(),
        candidate_id: decision.candidate_id.map(|id| id.to_string()),
        interview_id: decision.interview_id.map(|id| id.to_string()),
        policy_version: decision.policy_version.clone(),
        facts: json_of(&decision.facts),
        answer: decision.answer().map_or(Value::Null, json_of),
        asked: decision.asked.iter().map(asked_view).collect(),
        fuel: decision.asked.iter().map(|asked| asked.fuel_used).sum(),
        duration_micros: decision.asked.iter().map(|asked| asked.duration_micros).sum(),
        redacted: redacted_to.is_some_and(|last| decision.id <= last),
        fuel_model: models.of(decision.id).map(str::to_owned),
    }
}

fn asked_view(asked: &Asked) -> AskedView {
    let (answer, failure, explanation) = match &asked.outcome {
        AskedOutcome::Answered(answer) => (json_of(answer), None, None),
        AskedOutcome::Failed(kind, why) => (Value::Null, Some(kind.as_str()), Some(why.clone())),
    };
    AskedView {
        release: asked.release_id.to_string(),
        answer,
        failure,
        explanation,
        fuel: asked.fuel_used,
        duration_micros: asked.duration_micros,
        log: asked.log.clone(),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let query = &ask.request.query;
    let wanted = Wanted {
        slot: query.text("slot", &mut problems).map(str::to_owned),
        company_id: query.id::<CompanyId>("companyId", &mut problems),
        since: query.read("since", &mut problems, moment),
        failed: query.flag("failed", &mut problems),
        before: query.id::<DecisionId>("before", &mut problems),
    };
    let limit = query.read("limit", &mut problems, limit).unwrap_or(LISTED_DEFAULT);
    Ask::refuse(problems)?;
    let decisions = app::decision::list(ask.app, &wanted, limit)?;
    let redacted_to = app::decision::redacted_to(ask.app)?;
    let models = app::decision::fuel_models(ask.app)?;
    ok(&decisions.iter().map(|decision| view(decision, redacted_to, &models)).collect::<Vec<_>>())
}

pub(super) fn limit(text: &str) -> Result<usize, Flaw> {
    let limit = text.parse().ok().filter(|limit| (1..=LISTED_MAX).contains(limit));
    limit.ok_or_else(|| Flaw::invalid(format!("must be from 1 to {LISTED_MAX}")))
}

pub(super) fn moment(written: &str) -> Result<Timestamp, Flaw> {
    let time = WrittenTime::parse(written)?;
    time.instant().ok_or_else(|| Flaw::invalid("needs an offset, such as `Z`"))
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let decision = app::decision::show(ask.app, ask.id()?)?;
    let models = app::decision::fuel_models(ask.app)?;
    ok(&view(&decision, app::decision::redacted_to(ask.app)?, &models))
}

/// The body is another build of the plugin, or empty.
pub(super) async fn replay(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let id = ask.id()?;
    let bytes = ask.request.bytes()?;
    let is_component = bytes.starts_with(b"\0asm");
    if !is_component && !matches!(bytes.as_ref(), b"" | b"{}") {
        return Err(Failure::field("body", Flaw::invalid("must be a component, or empty")));
    }
    let other_build = is_component.then(|| Arc::from(bytes.as_ref()));
    let replay = app::decision::replay(ask.app, id, other_build).await?;
    let now = Asked {
        outcome: replay.outcome,
        fuel_used: replay.fuel_used,
        log: replay.log,
        ..replay.recorded.clone()
    };
    let (now, then) = (asked_view(&now), asked_view(&replay.recorded));
    ok(&ReplayView {
        same: replay.same,
        answer: now.answer,
        fuel: now.fuel,
        failure: now.failure,
        explanation: now.explanation,
        log: now.log,
        recorded: RecordedView { answer: then.answer, fuel: then.fuel, failure: then.failure },
        reproducible: replay.is_reproducible,
        fuel_model: FuelModelView {
            recorded: replay.fuel_model_recorded,
            running: replay.fuel_model_running,
        },
    })
}
