//! The dialler protocol on the wire (contract §7): what a telephony worker sends and gets.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::agent::Voice;
use switchboard_domain::bounds::{
    CALL_NOTES_CHARS, CALL_SECONDS_MAX, CLAIM_ATTEMPTS, CLAIM_ATTEMPTS_DEFAULT, CLAIM_WAIT_SECONDS,
    LEASE_SECONDS, LEASE_SECONDS_DEFAULT,
};
use switchboard_domain::id::{AgentId, CallAttemptId, CandidateId, CompanyId, InterviewId, JobId};
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::language::CefrLevel;
use switchboard_domain::lease::Outcome;
use switchboard_domain::metadata::Metadata;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::WebUrl;
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use super::body::{self, Fields, Read, chars, text, whole};
use super::problem::Failure;
use super::schema::{self, Text};
use super::{Call, Reply, call_attempt};
use crate::app::lease::{Claimed, End, Token, Wanted};
use crate::app::{self, App};

// What diallers can ask.

pub(crate) async fn claim(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    call.receive().await?;
    let wanted = body::read(&call.request.json_or_empty()?, wanted).map_err(Rejection::Invalid)?;
    if !wanted.wait.is_zero() {
        // Who only waits takes nobody's place.
        call.place.leave();
    }
    let claimed = app::lease::claim(app, &call.caller, wanted).await?;
    let view = ClaimedView { attempts: claimed.iter().map(claimed_attempt).collect() };
    // Later than the request, where it has waited.
    Ok(Reply::ok(&view, app.now()))
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
    Ok(Reply::ok(&LeaseExpiryView { lease_expires_at: Text(expires_at) }, now))
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
    Ok(Reply::ok(&OnlineLeaseView { lease_token: token.expose().to_owned() }, call.request.now))
}

pub(crate) async fn complete_online(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let id: InterviewId = path_id(call)?;
    app::lease::look_for_interview(app, &call.caller, id)?;
    call.receive().await?;
    let end = body::read(&call.request.json()?, end).map_err(Rejection::Invalid)?;
    let now = call.request.now;
    let ended = app::lease::complete_online(app, &call.caller, id, end, now).await?;
    Ok(Reply::ok(&OnlineEndView { id: Text(ended.interview_id), status: ended.status.as_str() }, now))
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

// Wire types out.

/// What a claim hands out; empty where nothing is due.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Claimed, example = json!({"attempts": [{
    "id": "01960e6a-7c00-7000-8000-000000000007",
    "interviewId": "01960e6a-7c00-7000-8000-000000000006",
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "leaseToken": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "leaseExpiresAt": "2026-04-02T12:31:00.000Z",
    "scheduledAt": "2026-04-02T12:30:00.000Z",
    "to": "+48501234567",
    "from": "+48585550123",
    "candidate": {
        "id": "01960e6a-7c00-7000-8000-000000000002",
        "firstName": "Ada",
        "lastName": "Nowak"
    },
    "agent": {
        "id": "01960e6a-7c00-7000-8000-000000000004",
        "name": "Polish check",
        "type": "PHONE",
        "focus": "LANGUAGE_TEST",
        "language": "PL",
        "duration": 20,
        "questions": ["What did you do yesterday?"],
        "instructions": "Speak slowly.",
        "voiceId": "EMMA",
        "cefrLevel": "B2",
        "metadata": {"team": "north"}
    },
    "job": {
        "id": "01960e6a-7c00-7000-8000-000000000001",
        "title": "Forklift driver",
        "description": "Loads and unloads containers in three shifts."
    },
    "retryNumber": 0,
    "mode": "live"
}]}))]
pub struct ClaimedView<'a> {
    #[schema(value_type = Vec<ClaimedAttemptView<'static>>)]
    attempts: Vec<ClaimedAttemptView<'a>>,
}

/// A call to be placed now.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClaimedAttempt)]
pub struct ClaimedAttemptView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<CallAttemptId>,
    #[schema(value_type = String, format = "uuid")]
    interview_id: Text<InterviewId>,
    #[schema(value_type = String, format = "uuid")]
    company_id: Text<CompanyId>,
    /// To be sent with heartbeats and with the completion.
    lease_token: &'a str,
    #[schema(value_type = String, format = "date-time")]
    lease_expires_at: Text<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    scheduled_at: Text<Timestamp>,
    /// E.164.
    to: &'a str,
    /// E.164.
    from: &'a str,
    candidate: CalleeView<'a>,
    agent: CallingAgentView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = CallJobView<'static>)]
    job: Option<CallJobView<'a>>,
    retry_number: u32,
    /// `test`: nobody's phone may really ring.
    #[schema(value_type = String)]
    mode: &'static str,
}

/// Who is called.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Callee)]
pub struct CalleeView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<CandidateId>,
    first_name: &'a str,
    last_name: &'a str,
}

/// Who calls: the agent's values of the moment at which the interview was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallingAgent)]
pub struct CallingAgentView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<AgentId>,
    name: &'a str,
    #[schema(schema_with = schema::agent_type)]
    r#type: &'static str,
    #[schema(schema_with = schema::agent_focus)]
    focus: &'static str,
    #[schema(schema_with = schema::language)]
    language: &'static str,
    /// In minutes.
    duration: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>)]
    questions: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    instructions: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::voice)]
    voice_id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::cefr_level)]
    cefr_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    metadata: Option<Value>,
}

/// What the interview is for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CallJob)]
pub struct CallJobView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<JobId>,
    title: &'a str,
    description: &'a str,
}

/// How long a lease holds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeaseExpiry, example = json!({"leaseExpiresAt": "2026-04-02T12:31:00.000Z"}))]
pub struct LeaseExpiryView {
    #[schema(value_type = String, format = "date-time")]
    lease_expires_at: Text<Timestamp>,
}

/// What an online interview is held with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OnlineLease, example = json!({"leaseToken": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}))]
pub struct OnlineLeaseView {
    lease_token: String,
}

/// Where an online interview stands after its end.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OnlineEnd, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000006",
    "status": "COMPLETED"
}))]
pub struct OnlineEndView {
    #[schema(value_type = String, format = "uuid")]
    id: Text<InterviewId>,
    #[schema(schema_with = schema::interview_status)]
    status: &'static str,
}

fn claimed_attempt(claimed: &Claimed) -> ClaimedAttemptView<'_> {
    let (attempt, body) = (&claimed.attempt, &claimed.candidate.body);
    ClaimedAttemptView {
        id: Text(attempt.id),
        interview_id: Text(attempt.interview_id),
        company_id: Text(attempt.company_id),
        lease_token: claimed.token.expose(),
        lease_expires_at: Text(claimed.expires_at),
        scheduled_at: Text(attempt.scheduled_at),
        to: claimed.to.as_str(),
        from: claimed.from.as_str(),
        candidate: CalleeView {
            id: Text(claimed.candidate.id),
            first_name: &body.first_name,
            last_name: &body.last_name,
        },
        agent: calling_agent(&claimed.interview),
        job: claimed.job.as_ref().map(call_job),
        retry_number: attempt.retry_number,
        mode: claimed.mode.as_str(),
    }
}

fn calling_agent(interview: &Interview) -> CallingAgentView<'_> {
    let agent = &interview.agent;
    CallingAgentView {
        id: Text(interview.agent_id),
        name: &agent.name,
        r#type: agent.agent_type.as_str(),
        focus: agent.focus.as_str(),
        language: agent.language.as_str(),
        duration: agent.duration_minutes,
        questions: agent.questions.as_deref(),
        instructions: agent.instructions.as_deref(),
        voice_id: agent.voice_id.map(Voice::as_str),
        cefr_level: agent.cefr_level.map(CefrLevel::as_str),
        metadata: agent.metadata.as_ref().map(Metadata::to_value),
    }
}

fn call_job(job: &Job) -> CallJobView<'_> {
    CallJobView { id: Text(job.id), title: &job.body.title, description: &job.body.description }
}

#[cfg(test)]
mod tests;
