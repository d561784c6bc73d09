//! Call attempts on the wire.

use serde::Serialize;
use switchboard_domain::call_attempt::{CallAttempt, ReasonCode};
use switchboard_domain::id::CallAttemptId;
use switchboard_domain::text::WebUrl;
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use super::schema::{self, Text};

// Wire types out.

/// One try to phone a candidate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallAttempt, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000007",
    "direction": "OUTBOUND",
    "status": "SCHEDULED",
    "retryNumber": 0,
    "scheduledAt": "2026-04-02T12:30:00.000Z"
}))]
pub struct CallAttemptView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<CallAttemptId>,
    #[schema(schema_with = direction)]
    direction: &'static str,
    #[schema(schema_with = schema::call_attempt_status)]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::reason_code)]
    reason_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    notes: Option<&'a str>,
    /// 0, then one more for each retry by policy.
    #[schema(minimum = 0)]
    retry_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uri")]
    recording_url: Option<&'a str>,
    /// In seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32)]
    duration: Option<u32>,
    #[schema(value_type = String, format = "date-time")]
    scheduled_at: Text<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    called_at: Option<Text<Timestamp>>,
}

/// The only direction: candidates do not call agents.
const OUTBOUND: &str = "OUTBOUND";

fn direction() -> utoipa::openapi::schema::Object {
    schema::one_of([OUTBOUND])
}

/// An attempt as partners see it.
#[must_use]
pub fn view(attempt: &CallAttempt) -> CallAttemptView<'_> {
    CallAttemptView {
        id: Text(attempt.id),
        direction: OUTBOUND,
        status: attempt.status.as_str(),
        reason_code: attempt.reason_code.map(ReasonCode::as_str),
        notes: attempt.notes.as_deref(),
        retry_number: attempt.retry_number,
        recording_url: attempt.recording_url.as_ref().map(WebUrl::as_str),
        duration: attempt.duration_seconds,
        scheduled_at: Text(attempt.scheduled_at),
        called_at: attempt.called_at.map(Text),
    }
}

#[cfg(test)]
mod tests;
