//! The dialler protocol on the wire (contract §7): what a telephony worker asks and sends. What it gets is the module
//! `view`'s.

mod view;

use std::time::Duration;

use serde_json::Value;
use switchboard_domain::bounds::{
    CALL_NOTES_CHARS, CALL_SECONDS_MAX, CLAIM_ATTEMPTS, CLAIM_ATTEMPTS_DEFAULT, CLAIM_WAIT_SECONDS,
    LEASE_SECONDS, LEASE_SECONDS_DEFAULT,
};
use switchboard_domain::id::{CallAttemptId, InterviewId};
use switchboard_domain::lease::Outcome;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::WebUrl;
use utoipa::ToSchema;

use super::body::{self, Fields, Read, chars, text, whole};
use super::problem::Failure;
use super::{Call, Reply, call_attempt, schema};
use crate::app::lease::{End, Token, Wanted};
use crate::app::{self, App};

pub use self::view::{
    CallJobView, CalleeView, CallingAgentView, ClaimedAttemptView, ClaimedView, LeaseExpiryView,
    OnlineEndView, OnlineLeaseView,
};

// What diallers can ask.

pub(crate) async fn claim(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    call.receive().await?;
    let wanted = body::read(&call.request.json_or_empty()?, wanted).map_err(Rejection::Invalid)?;
    if !wanted.wait.is_zero() {
        // Who only waits takes nobody's place.
        call.place.leave();
    }
    let claimed = app::lease::claim(app, &call.caller, wanted).await?;
    // Later than the request, where it has waited.
    Ok(Reply::ok(&ClaimedView::of(&claimed), app.now()))
}

/// The `{id}` of a dialler's path, which has nothing else that could be wrong.
pub(crate) fn path_id<I: std::str::FromStr>(call: &Call) -> Result<I, Failure> {
    call.path_id().map_err(|flaw| Failure::field("id", flaw))
}

fn wanted(fields: &mut Fields<'_>) -> Read<Wanted> {
    let attempts = fields.optional("max", whole(CLAIM_ATTEMPTS));
    let lease_seconds = fields.optional("leaseSeconds", whole(LEASE_SECONDS));
    let wait_seconds = fields.optional("waitSeconds", whole(CLAIM_WAIT_SECONDS));
    let attempts = attempts?.unwrap_or(CLAIM_ATTEMPTS_DEFAULT);
    Ok(Wanted {
        attempts: usize::try_from(attempts).unwrap_or(usize::MAX),
        lease_seconds: lease_seconds?.unwrap_or(LEASE_SECONDS_DEFAULT),
        wait: Duration::from_secs(wait_seconds?.unwrap_or(0).into()),
    })
}

pub(crate) async fn beat(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let id: CallAttemptId = path_id(call)?;
    app::lease::look_for_call(app, &call.caller, id)?;
    call.receive().await?;
    let said = body::read(&call.request.json()?, heartbeat);
    let ((token, lease_seconds), now) = (said.map_err(Rejection::Invalid)?, call.request.now);
    let expires_at = app::lease::beat(app, &call.caller, id, token, lease_seconds, now).await?;
    Ok(Reply::ok(&LeaseExpiryView::of(expires_at), now))
}

pub(crate) async fn complete(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let id: CallAttemptId = path_id(call)?;
    app::lease::look_for_call(app, &call.caller, id)?;
    call.receive().await?;
    let end = body::read(&call.request.json()?, completion);
    let (end, now) = (end.map_err(Rejection::Invalid)?, call.request.now);
    let attempt = app::lease::complete(app, &call.caller, id, end, now).await?;
    Ok(Reply::ok(&call_attempt::view(&attempt), now))
}

pub(crate) async fn start_online(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let id: InterviewId = path_id(call)?;
    app::lease::look_for_interview(app, &call.caller, id)?;
    call.receive().await?;
    // Nothing is asked for; what is sent must be JSON all the same.
    call.request.json_or_empty()?;
    let token = app::lease::start_online(app, &call.caller, id, call.request.now).await?;
    Ok(Reply::ok(&OnlineLeaseView::of(&token), call.request.now))
}

pub(crate) async fn complete_online(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let id: InterviewId = path_id(call)?;
    app::lease::look_for_interview(app, &call.caller, id)?;
    call.receive().await?;
    let end = body::read(&call.request.json()?, end).map_err(Rejection::Invalid)?;
    let now = call.request.now;
    let ended = app::lease::complete_online(app, &call.caller, id, end, now).await?;
    Ok(Reply::ok(&OnlineEndView::of(&ended), now))
}

fn heartbeat(fields: &mut Fields<'_>) -> Read<(Token, Option<u32>)> {
    let token = fields.required("leaseToken", token);
    let lease_seconds = fields.optional("leaseSeconds", whole(LEASE_SECONDS));
    Ok((token?, lease_seconds?))
}

fn completion(fields: &mut Fields<'_>) -> Read<End> {
    let end = end(fields);
    let recording_url = fields.optional("recordingUrl", text(WebUrl::parse));
    let notes = fields.optional("notes", chars(CALL_NOTES_CHARS));
    Ok(End { recording_url: recording_url?, notes: notes?, ..end? })
}

/// What is said of both kinds of ends.
fn end(fields: &mut Fields<'_>) -> Read<End> {
    let token = fields.required("leaseToken", token);
    let outcome = fields.required("outcome", text(Outcome::parse));
    let duration_seconds = fields.required("durationSeconds", whole(0..=CALL_SECONDS_MAX));
    Ok(End {
        token: token?,
        outcome: outcome?,
        duration_seconds: duration_seconds?,
        recording_url: None,
        notes: None,
    })
}

/// Any text: whether it is the right one is the lease's question.
fn token(value: &Value) -> Result<Token, switchboard_domain::problem::Flaw> {
    text(|text| Ok(Token::presented(text)))(value)
}

// Wire types in.

/// How many due attempts to hand out, for how long, and how long to wait for one.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = Claim, example = json!({"max": 10, "leaseSeconds": 60, "waitSeconds": 0}))]
#[expect(dead_code, reason = "only its schema is used; the reader above asks for the same names")]
pub struct ClaimBody {
    #[schema(minimum = 1, maximum = 100, default = 1)]
    max: Option<u32>,
    #[schema(minimum = 10, maximum = 900, default = 60)]
    lease_seconds: Option<u32>,
    #[schema(minimum = 0, maximum = 30, default = 0)]
    wait_seconds: Option<u32>,
}

/// A call goes on.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = Heartbeat, example = json!({"leaseToken": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", "leaseSeconds": 60}))]
#[expect(dead_code, reason = "only its schema is used; the reader above asks for the same names")]
pub struct HeartbeatBody {
    lease_token: String,
    /// As long as the claim said when not sent.
    #[schema(minimum = 10, maximum = 900)]
    lease_seconds: Option<u32>,
}

/// A call is over.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = Completion, example = json!({
    "leaseToken": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "outcome": "COMPLETED",
    "durationSeconds": 734,
    "recordingUrl": "https://recordings.example/7",
    "notes": "Answered at once."
}))]
#[expect(dead_code, reason = "only its schema is used; the reader above asks for the same names")]
pub struct CompletionBody {
    lease_token: String,
    #[schema(schema_with = schema::outcome)]
    outcome: String,
    /// Of the conversation.
    #[schema(minimum = 0, maximum = 14_400)]
    duration_seconds: u32,
    #[schema(max_length = 2048, format = "uri")]
    recording_url: Option<String>,
    #[schema(max_length = 2000)]
    notes: Option<String>,
}

/// Nothing needs to be said.
#[derive(Debug, ToSchema)]
#[schema(as = OnlineStart, example = json!({}))]
pub struct OnlineStartBody {}

/// An online interview is over.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = OnlineCompletion, example = json!({
    "leaseToken": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "outcome": "COMPLETED",
    "durationSeconds": 734
}))]
#[expect(dead_code, reason = "only its schema is used; the reader above asks for the same names")]
pub struct OnlineCompletionBody {
    lease_token: String,
    #[schema(schema_with = schema::outcome)]
    outcome: String,
    /// Of the conversation.
    #[schema(minimum = 0, maximum = 14_400)]
    duration_seconds: u32,
}

#[cfg(test)]
mod tests;
