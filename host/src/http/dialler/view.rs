//! Calls as diallers get them: what a claim hands out, and where leases stand.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::agent::Voice;
use switchboard_domain::id::{AgentId, CallAttemptId, CandidateId, CompanyId, InterviewId, JobId};
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::language::CefrLevel;
use switchboard_domain::metadata::Metadata;
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::app::lease::{Claimed, OnlineEnd, Token};
use crate::http::schema::{self, Text};

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

impl<'a> ClaimedView<'a> {
    pub(crate) fn of(claimed: &'a [Claimed]) -> Self {
        Self { attempts: claimed.iter().map(claimed_attempt).collect() }
    }
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

impl LeaseExpiryView {
    pub(crate) fn of(expires_at: Timestamp) -> Self {
        Self { lease_expires_at: Text(expires_at) }
    }
}

/// What an online interview is held with.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OnlineLease, example = json!({"leaseToken": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"}))]
pub struct OnlineLeaseView {
    lease_token: String,
}

impl OnlineLeaseView {
    pub(crate) fn of(token: &Token) -> Self {
        Self { lease_token: token.expose().to_owned() }
    }
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

impl OnlineEndView {
    pub(crate) fn of(ended: &OnlineEnd) -> Self {
        Self { id: Text(ended.interview_id), status: ended.status.as_str() }
    }
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
