//! What an answer of failure says beside its code: `error.details`, one type for each shape.

use serde::Serialize;
use switchboard_domain::call_window::WindowVerdict;
use switchboard_domain::key::Scope;
use switchboard_domain::problem::{FieldProblem, Problems};
use switchboard_domain::rejection::PolicyRefusal;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use crate::http::company::{self, CallWindowView};
use crate::http::schema;

/// Nothing more to say.
#[derive(Debug, Serialize, ToSchema)]
pub struct NoDetails {}

/// One bad field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// Where in the request: `candidate.phoneNumber`, `requiredSkills[3]`, `page`, or the name of a header.
    #[schema(example = "candidate.phoneNumber")]
    path: String,
    /// What is wrong there and what to send instead.
    #[schema(example = "is required")]
    message: String,
}

/// Every bad field of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldErrors {
    #[schema(min_items = 1)]
    pub(super) fields: Vec<FieldError>,
}

/// Every date of the request that cannot be read.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnreadableDates {
    #[schema(min_items = 1)]
    pub(super) fields: Vec<FieldError>,
    /// What exactly, at which character.
    pub(super) reason: String,
}

/// Where the body stops being JSON; absent where it broke off.
#[derive(Debug, Serialize, ToSchema)]
pub struct JsonPosition {
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, minimum = 1)]
    pub(super) line: Option<usize>,
    /// From 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32, minimum = 1)]
    pub(super) column: Option<usize>,
}

/// Why a time is outside of the call window, and the next one inside.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClosedWindow {
    /// The wall clock as it was judged.
    #[schema(example = "2026-04-02T07:00:00")]
    local_time: String,
    /// An IANA name, or an offset such as `+10:30`.
    #[schema(example = "Europe/Warsaw")]
    time_zone: String,
    #[schema(schema_with = schema::time_zone_source)]
    time_zone_source: &'static str,
    /// Where the phone number may be in any of several zones: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>)]
    ambiguous_zones: Option<Vec<&'static str>>,
    call_window: CallWindowView,
    /// With the offset in which it was judged, so that sending it back is accepted.
    #[schema(format = "date-time", example = "2026-04-02T09:00:00.000+02:00")]
    next_allowed_at: String,
}

/// The field to send.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldToSend {
    #[schema(example = "jobId")]
    pub(super) field: &'static str,
}

/// The jobs that could be meant.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobChoice {
    /// The field to send the chosen one in.
    #[schema(example = "jobId")]
    pub(super) field: &'static str,
    #[schema(min_items = 2)]
    pub(super) jobs: Vec<JobTitle>,
}

/// An active job of the candidate.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobTitle {
    #[schema(format = "uuid")]
    pub(super) id: String,
    pub(super) title: String,
}

/// The status that is, and those that the operation needs.
#[derive(Debug, Serialize, ToSchema)]
pub struct StateTransition {
    #[schema(example = "COMPLETED")]
    pub(super) status: &'static str,
    /// Empty where no status would do.
    #[schema(value_type = Vec<String>)]
    pub(super) allowed: Vec<&'static str>,
}

/// What became of the invitation.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationEnd {
    #[schema(schema_with = schema::ended_invitation)]
    pub(super) status: &'static str,
}

/// Since when and why the key is suspended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeySuspension {
    #[schema(format = "date-time")]
    pub(super) suspended_at: String,
    /// The operator's words.
    pub(super) reason: String,
}

/// What the key lacks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequiredScope {
    /// A scope, or `worker` where a key of that kind is needed.
    #[schema(schema_with = required_scope)]
    pub(super) required_scope: &'static str,
}

/// What stands for a scope where none would help.
pub(super) const WORKER: &str = "worker";

fn required_scope() -> Object {
    schema::one_of(Scope::ALL.iter().map(|scope| scope.as_str()).chain([WORKER]))
}

/// What is not there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissingResource {
    /// `Company`, `Job`, `Candidate`, `Agent`, `Interview`, …
    #[schema(example = "Job")]
    pub(super) resource_type: &'static str,
    /// As it was asked for.
    pub(super) resource_id: String,
}

/// How large a body may be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BodyBound {
    #[schema(value_type = u64)]
    pub(super) max_bytes: usize,
}

/// Which release of which policy refused, and why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVerdict {
    #[schema(schema_with = schema::policy)]
    policy: &'static str,
    /// The plugin that answered.
    plugin: String,
    /// The release that answered.
    #[schema(example = "rel_01960e6a7c0070008000000000000009")]
    release: String,
    /// The plugin's words.
    reason: String,
    /// The recorded decision; absent for a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    decision_id: Option<String>,
}

/// Which policy could not decide.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFailure {
    #[schema(schema_with = schema::policy)]
    pub(super) policy: &'static str,
    /// The record of the failed call.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    pub(super) decision_id: Option<String>,
}

/// Everything that must change before the component is admitted.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdmissionReasons {
    #[schema(min_items = 1)]
    pub(super) reasons: Vec<String>,
}

/// When to send again.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetryDelay {
    /// In seconds, as `Retry-After`.
    #[schema(minimum = 0)]
    pub(super) retry_after: i64,
}

impl FieldError {
    /// All of a request, in the order of discovery.
    pub(super) fn list(problems: &Problems) -> Vec<Self> {
        let told = |FieldProblem { path, flaw }: &FieldProblem| Self {
            path: path.clone(),
            message: flaw.message.clone(),
        };
        problems.list().iter().map(told).collect()
    }
}

impl ClosedWindow {
    pub(super) fn of(verdict: &WindowVerdict) -> Self {
        let zones: Vec<&str> = verdict.ambiguous_zones.iter().map(|zone| zone.name()).collect();
        Self {
            local_time: verdict.local_time.clone(),
            time_zone: verdict.time_zone.clone(),
            time_zone_source: verdict.time_zone_source.as_str(),
            ambiguous_zones: (!zones.is_empty()).then_some(zones),
            call_window: company::window_view(&verdict.call_window),
            next_allowed_at: verdict.next_allowed_at.clone(),
        }
    }
}

impl PolicyVerdict {
    pub(super) fn of(refusal: &PolicyRefusal) -> Self {
        Self {
            policy: refusal.policy.as_str(),
            plugin: refusal.plugin.clone(),
            release: refusal.release.to_string(),
            reason: refusal.reason.clone(),
            decision_id: refusal.decision_id.map(|id| id.to_string()),
        }
    }
}
