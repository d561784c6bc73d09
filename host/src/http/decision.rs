//! A recorded decision as its partner is told it: which rule, on which facts, what it said, what to send instead.
//! Not told: the operator's settings and limits, and what a plugin wrote into its log.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::decision::{AskedOutcome, Decision, PolicyName};
use switchboard_domain::id::DecisionId;
use switchboard_domain::problem::Problems;
use utoipa::ToSchema;

use super::problem::Failure;
use super::{Call, Reply, schema};
use crate::app::decision::Told;
use crate::app::resource::Aim;
use crate::app::{self, App};

/// Why something fell as it did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Decision, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000008",
    "at": "2026-04-02T08:00:00.000Z",
    "policy": "job-resolution",
    "policyVersion": "0.1.0",
    "plugin": "standard",
    "release": "rel_01960e6a7c0070008000000000000009",
    "degraded": false,
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "candidateId": "01960e6a-7c00-7000-8000-000000000002",
    "facts": {"agent-focus": "outreach", "assigned-jobs": []},
    "redacted": false,
    "answer": {"refuse": "job-required"},
    "instead": "Send `jobId`, or assign the candidate to an open job first."
}))]
pub struct DecisionView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(format = "date-time")]
    at: String,
    #[schema(schema_with = schema::policy)]
    policy: &'static str,
    /// Version of the policy's WIT package, which says what the members of `facts` and `answer` mean.
    policy_version: String,
    /// Whose rule answered, or was to answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    plugin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    release: Option<String>,
    /// Whether the failure ladder answered instead of the rule that should have.
    degraded: bool,
    #[schema(format = "uuid")]
    company_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    candidate_id: Option<String>,
    /// What the rule knew, as the WIT package names it.
    #[schema(schema_with = schema::anything)]
    facts: Value,
    /// Whether what it was granted to see beyond ids is gone, since some time has passed.
    redacted: bool,
    /// What it said, as the WIT package names it; null where nobody answered.
    #[schema(schema_with = schema::anything)]
    answer: Value,
    /// How the rule failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::failure_kind)]
    failure: Option<&'static str>,
    /// What to send instead, where something was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    instead: Option<String>,
}

pub(crate) fn get(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let named = call.named_company(&mut problems);
    let id = call.path_id::<DecisionId>();
    if let Err(flaw) = &id {
        problems.add("id", flaw.clone());
    }
    call.refuse(problems)?;
    let id = id.map_err(|flaw| Failure::field("id", flaw))?;
    let told = app::decision::told(app, &Aim { caller: call.caller.clone(), named, id })?;
    Ok(Reply::ok(&view(&told), call.request.now))
}

fn view(told: &Told) -> DecisionView {
    let Told { decision, release, is_redacted } = told;
    let json = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    let answer = decision.answer().map_or(Value::Null, json);
    DecisionView {
        id: decision.id.to_string(),
        at: decision.at.to_string(),
        policy: decision.slot.policy.as_str(),
        policy_version: decision.policy_version.clone(),
        plugin: release.as_ref().map(|release| release.plugin.clone()),
        release: release.as_ref().map(|release| release.id.to_string()),
        degraded: decision.is_degraded(),
        company_id: decision.company_id.to_string(),
        candidate_id: decision.candidate_id.map(|id| id.to_string()),
        facts: json(&decision.facts),
        redacted: *is_redacted,
        failure: failure(decision),
        instead: instead(decision.slot.policy, &answer),
        answer,
    }
}

/// How the release that was asked first failed.
fn failure(decision: &Decision) -> Option<&'static str> {
    match &decision.asked.first()?.outcome {
        AskedOutcome::Failed(kind, _) => Some(kind.as_str()),
        AskedOutcome::Answered(_) => None,
    }
}

/// What helps against a refusal; nothing where nothing was refused.
fn instead(policy: PolicyName, answer: &Value) -> Option<String> {
    let sentence = match policy {
        PolicyName::JobResolution if answer.is_null() => "Send the request again later, or send `jobId`.",
        PolicyName::JobResolution => match &answer["refuse"] {
            Value::String(case) if case == "job-required" => {
                "Send `jobId`, or assign the candidate to an open job first."
            }
            Value::Object(case) => match case.get("job-ambiguous").and_then(Value::as_array) {
                Some(jobs) => {
                    let jobs: Vec<String> =
                        jobs.iter().filter_map(Value::as_str).map(|job| format!("`{job}`")).collect();
                    return Some(format!("Send `jobId`: one of {}.", jobs.join(", ")));
                }
                None => "Send `jobId`: a job that is named is not asked for.",
            },
            _ => return None,
        },
        PolicyName::CallScheduling if answer.is_null() => {
            "Send the request again later, or send `scheduledAt`."
        }
        PolicyName::CallScheduling if answer.get("give-up").is_some() => {
            "Send `scheduledAt`: a time that is named is not asked for."
        }
        PolicyName::OwnerOnboarding if answer.is_null() => "Send the request again later.",
        PolicyName::OwnerOnboarding if answer.get("refuse").is_some() => {
            "Send another `ownerEmail`, or leave it out."
        }
        PolicyName::CallScheduling | PolicyName::OwnerOnboarding | PolicyName::Billing => return None,
    };
    Some(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_refusal_has_its_help_and_nothing_else_has() {
        let said = |policy, answer| instead(policy, &answer).unwrap_or_default();
        let job = PolicyName::JobResolution;
        assert!(said(job, json!({"refuse": "job-required"})).contains("`jobId`, or assign"));
        let ambiguous = said(job, json!({"refuse": {"job-ambiguous": ["a", "b"]}}));
        assert_eq!(ambiguous, "Send `jobId`: one of `a`, `b`.");
        assert!(said(job, json!({"refuse": {"rejected": "No."}})).contains("`jobId`"));
        assert!(said(job, Value::Null).contains("later"));
        let call = PolicyName::CallScheduling;
        assert!(said(call, json!({"give-up": "Nobody answers."})).contains("`scheduledAt`"));
        assert!(said(call, Value::Null).contains("later"));
        let owner = PolicyName::OwnerOnboarding;
        assert!(said(owner, json!({"refuse": "No."})).contains("`ownerEmail`"));
        for (policy, answer) in [
            (job, json!("no-job")),
            (job, json!({"job": "a"})),
            (call, json!({"call": {"at-ms": 1}})),
            (owner, json!("assign")),
            (owner, json!({"hold": "Later."})),
            (PolicyName::Billing, json!({"lines": []})),
            (PolicyName::Billing, Value::Null),
        ] {
            assert_eq!(said(policy, answer.clone()), "", "{policy}: {answer}");
        }
    }
}
