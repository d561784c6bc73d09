//! Call attempts on the wire.

use hyper::StatusCode;
use serde::Serialize;
use switchboard_domain::call_attempt::{CallAttempt, ReasonCode};
use switchboard_domain::id::{CallAttemptId, DecisionId};
use switchboard_domain::interview::Interview;
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::WebUrl;
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;

use super::body::{self, text};
use super::dispatch::{Turn, rendered};
use super::interview::DryRunView;
use super::problem::Failure;
use super::schema::{self, Text};
use super::{Call, Reply, resource};
use crate::app::call_attempt::{Asked, Place};
use crate::app::{self, App};

// What partners can ask.

pub(crate) async fn create(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let is_dry = call.request.query.flag("dryRun", &mut problems);
    let aim = resource::aim::<Interview>(call, problems)?;
    // Whether there are calls at all comes before the body.
    let place = app::call_attempt::place(app, &aim)?;
    call.receive().await?;
    let write = match call.turn(app)? {
        Turn::Run(write) => write,
        Turn::Replay(kept) => return Ok(kept),
    };
    let body = call.request.json_or_empty()?;
    let written = body::read(&body, |fields| fields.optional("scheduledAt", text(WrittenTime::parse)));
    let (written, now) = (written.map_err(Rejection::Invalid)?, write.now);
    if is_dry {
        return dry_run(app, place, None, written.as_ref(), now);
    }
    let render = move |asked: &Asked| {
        let message = if asked.is_replacement {
            "The call is scheduled, in place of the one that was."
        } else {
            "The call is scheduled."
        };
        let beside = [("message", message.into())];
        rendered(&Reply::with_beside(StatusCode::CREATED, &view(&asked.attempt), &beside, now))
    };
    Ok(app::call_attempt::create(app, place, written, write, render).await?.into())
}

pub(crate) async fn update(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let is_dry = call.request.query.flag("dryRun", &mut problems);
    let (place, id) = place_of(app, call, problems)?;
    call.receive().await?;
    let body = call.request.json()?;
    let written = body::read(&body, |fields| fields.required("scheduledAt", text(WrittenTime::parse)));
    let (written, now) = (written.map_err(Rejection::Invalid)?, call.request.now);
    if is_dry {
        return dry_run(app, place, Some(id), Some(&written), now);
    }
    app::call_attempt::reschedule(app, place, id, written, now).await?;
    Ok(Reply::no_content())
}

pub(crate) async fn delete(app: &App, call: &Call) -> Result<Reply, Failure> {
    let (place, id) = place_of(app, call, Problems::default())?;
    app::call_attempt::remove(app, place, id, call.request.now).await?;
    Ok(Reply::no_content())
}

fn place_of(app: &App, call: &Call, mut problems: Problems) -> Result<(Place, CallAttemptId), Failure> {
    let id = call.path_attempt_id::<CallAttemptId>();
    if let Err(flaw) = &id {
        problems.add("attemptId", flaw.clone());
    }
    let aim = resource::aim::<Interview>(call, problems)?;
    let id = id.map_err(|flaw| Failure::field("attemptId", flaw))?;
    Ok((app::call_attempt::place_of(app, &aim, id)?, id))
}

fn dry_run(
    app: &App,
    place: Place,
    id: Option<CallAttemptId>,
    written: Option<&WrittenTime>,
    now: Timestamp,
) -> Result<Reply, Failure> {
    let dry = app::call_attempt::dry_run(app, place, id, written, now)?;
    Ok(Reply::ok(&DryRunView::of(&dry), now))
}

// Wire types in.

/// When to call.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = NewCallAttempt, example = json!({"scheduledAt": "2026-04-02T14:30:00+02:00"}))]
#[expect(dead_code, reason = "only its schema is used; the reader above asks for the same names")]
pub struct CallAttemptBody {
    /// At most 30 days ahead; at once when not sent. An offset says whose wall clock is meant; without one it is
    /// the candidate's.
    #[schema(example = "2026-04-02T09:30:00+02:00")]
    scheduled_at: Option<String>,
}

/// Another time for a call that has not begun.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = CallAttemptPatch, example = json!({"scheduledAt": "2026-04-02T14:30:00+02:00"}))]
#[expect(dead_code, reason = "only its schema is used; the reader above asks for the same names")]
pub struct CallAttemptPatch {
    /// As for a new call.
    #[schema(example = "2026-04-02T09:30:00+02:00")]
    scheduled_at: String,
}

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
    /// The decision of `call-scheduling` that planned it, for `GET /decisions/{id}`; that answers 404 once the
    /// decision is no longer kept. Absent where no policy was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    decision_id: Option<Text<DecisionId>>,
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
        decision_id: attempt.decision_id.map(Text),
        recording_url: attempt.recording_url.as_ref().map(WebUrl::as_str),
        duration: attempt.duration_seconds,
        scheduled_at: Text(attempt.scheduled_at),
        called_at: attempt.called_at.map(Text),
    }
}

#[cfg(test)]
mod tests;
