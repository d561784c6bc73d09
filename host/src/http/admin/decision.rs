//! Recorded decisions for operators.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use switchboard_domain::decision::{Asked, AskedOutcome, Decision};
use switchboard_domain::id::CompanyId;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;

use super::{Ask, ok};
use crate::app;
use crate::app::decision::Wanted;
use crate::http::{Failure, Reply};

/// So many are listed unless said otherwise.
const LISTED_DEFAULT: usize = 50;

/// So many are listed at the most.
const LISTED_MAX: usize = 1000;

/// One recorded policy call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminDecision)]
pub struct DecisionView {
    id: String,
    at: String,
    slot: String,
    policy: &'static str,
    /// The release that the slot ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    release: Option<String>,
    /// The release that answered, which is another one where the failure ladder did.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_by: Option<String>,
    degraded: bool,
    company_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_id: Option<String>,
    policy_version: String,
    #[schema(value_type = Object)]
    facts: Value,
    #[schema(value_type = Object)]
    answer: Value,
    asked: Vec<AskedView>,
    fuel: u64,
    duration_micros: u64,
}

/// One release's part in it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminAsked)]
pub struct AskedView {
    release: String,
    #[schema(value_type = Object)]
    answer: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
    fuel: u64,
    duration_micros: u64,
    log: Vec<String>,
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn view(decision: &Decision) -> DecisionView {
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
        policy_version: decision.policy_version.clone(),
        facts: json_of(&decision.facts),
        answer: decision.answer().map_or(Value::Null, json_of),
        asked: decision.asked.iter().map(asked_view).collect(),
        fuel: decision.asked.iter().map(|asked| asked.fuel_used).sum(),
        duration_micros: decision.asked.iter().map(|asked| asked.duration_micros).sum(),
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
    };
    let limit = query.read("limit", &mut problems, limit).unwrap_or(LISTED_DEFAULT);
    Ask::refuse(problems)?;
    let decisions = app::decision::list(ask.app, &wanted, limit)?;
    ok(&decisions.iter().map(view).collect::<Vec<_>>())
}

fn limit(text: &str) -> Result<usize, Flaw> {
    let limit = text.parse().ok().filter(|limit| (1..=LISTED_MAX).contains(limit));
    limit.ok_or_else(|| Flaw::invalid(format!("must be from 1 to {LISTED_MAX}")))
}

fn moment(written: &str) -> Result<Timestamp, Flaw> {
    let time = WrittenTime::parse(written)?;
    time.instant().ok_or_else(|| Flaw::invalid("needs an offset, such as `Z`"))
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::decision::show(ask.app, ask.id()?)?))
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
    ok(&json!({
        "same": replay.same,
        "answer": now.answer,
        "fuel": now.fuel,
        "failure": now.failure,
        "explanation": now.explanation,
        "log": now.log,
        "recorded": { "answer": then.answer, "fuel": then.fuel, "failure": then.failure },
        "reproducible": replay.is_reproducible,
    }))
}
