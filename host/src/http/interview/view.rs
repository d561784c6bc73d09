//! Interviews as partners are shown them, and what a dry run tells of one.

use std::collections::BTreeMap;

use serde::Serialize;
use switchboard_domain::agent::AgentType;
use switchboard_domain::id::{AgentId, CandidateId, CompanyId, DecisionId, InterviewId, JobId};
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use crate::app::interview::{DryRun, WithAttempts};
use crate::http::analysis::{self, AnalysisView};
use crate::http::call_attempt::{self, CallAttemptView};
use crate::http::company::{self, CallWindowView};
use crate::http::schema::{self, Json, Text};

/// What an interview would be. Nothing was stored, so no decision has an id.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InterviewDryRun, example = json!({
    "scheduledAt": "2026-04-02T12:30:00.000Z",
    "localTime": "2026-04-02T14:30:00",
    "timeZone": "+02:00",
    "timeZoneSource": "offset",
    "callWindow": {"start": "09:00", "end": "18:00", "days": ["MON", "TUE", "WED", "THU", "FRI"]},
    "allowed": true,
    "nextAllowedAt": "2026-04-02T14:30:00.000+02:00",
    "jobId": "01960e6a-7c00-7000-8000-000000000001",
    "decisionIds": []
}))]
pub struct DryRunView {
    #[schema(format = "date-time")]
    scheduled_at: String,
    /// The wall clock by which it was judged.
    #[schema(example = "2026-04-02T14:30:00")]
    local_time: String,
    /// An IANA name, or an offset such as `+10:30`.
    #[schema(example = "+02:00")]
    time_zone: String,
    #[schema(schema_with = schema::time_zone_source)]
    time_zone_source: &'static str,
    /// Where the phone number may be in any of several zones: all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    ambiguous_zones: Vec<&'static str>,
    call_window: CallWindowView,
    allowed: bool,
    /// With the offset in which it was judged, so that sending it back is accepted.
    #[schema(format = "date-time")]
    next_allowed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    job_id: Option<String>,
    /// Always empty: nothing was stored, so that no decision has an id.
    decision_ids: Vec<String>,
}

impl DryRunView {
    pub(crate) fn of(dry: &DryRun) -> Self {
        let verdict = &dry.verdict;
        Self {
            scheduled_at: dry.scheduled_at.to_string(),
            local_time: verdict.local_time.clone(),
            time_zone: verdict.time_zone.clone(),
            time_zone_source: verdict.time_zone_source.as_str(),
            ambiguous_zones: verdict.ambiguous_zones.iter().map(|zone| zone.name()).collect(),
            call_window: company::window_view(&verdict.call_window),
            allowed: verdict.allowed,
            next_allowed_at: verdict.next_allowed_at.clone(),
            job_id: dry.job_id.map(|id| id.to_string()),
            decision_ids: Vec::new(),
        }
    }
}

/// A candidate, an agent, a time, perhaps a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Interview, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000006",
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "candidateId": "01960e6a-7c00-7000-8000-000000000002",
    "agentId": "01960e6a-7c00-7000-8000-000000000004",
    "jobId": "01960e6a-7c00-7000-8000-000000000001",
    "status": "SCHEDULED",
    "scheduledAt": "2026-04-02T12:30:00.000Z",
    "metadata": {"round": 1},
    "isTest": false,
    "callAttempts": [{
        "id": "01960e6a-7c00-7000-8000-000000000007",
        "direction": "OUTBOUND",
        "status": "SCHEDULED",
        "retryNumber": 0,
        "scheduledAt": "2026-04-02T12:30:00.000Z"
    }],
    "decisions": {},
    "createdAt": "2026-04-02T08:00:00.000Z",
    "updatedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct InterviewView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<InterviewId>,
    #[schema(value_type = String, format = "uuid")]
    company_id: Text<CompanyId>,
    #[schema(value_type = String, format = "uuid")]
    candidate_id: Text<CandidateId>,
    #[schema(value_type = String, format = "uuid")]
    agent_id: Text<AgentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    job_id: Option<Text<JobId>>,
    #[schema(schema_with = schema::interview_status)]
    status: &'static str,
    #[schema(value_type = String, format = "date-time")]
    scheduled_at: Text<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u32)]
    duration_minutes: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    finished_date: Option<Text<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    metadata: Option<Json<'a>>,
    is_test: bool,
    /// Of phone interviews, oldest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<CallAttemptView<'static>>)]
    call_attempts: Option<Vec<CallAttemptView<'a>>>,
    /// Once one was delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = AnalysisView<'static>)]
    analysis: Option<AnalysisView<'a>>,
    /// Which recorded decision of each policy led here.
    #[schema(value_type = BTreeMap<String, String>)]
    decisions: BTreeMap<&'static str, Text<DecisionId>>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Text<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Text<Timestamp>,
}

/// An interview as partners see it, with its attempts, oldest first, and its analysis.
#[must_use]
pub fn view(found: &WithAttempts) -> InterviewView<'_> {
    let WithAttempts { interview, attempts, analysis } = found;
    let is_by_phone = interview.agent.agent_type == AgentType::Phone;
    let decided_by = interview.decisions.iter();
    InterviewView {
        id: Text(interview.id),
        company_id: Text(interview.company_id),
        candidate_id: Text(interview.candidate_id),
        agent_id: Text(interview.agent_id),
        job_id: interview.job_id.map(Text),
        status: interview.status.as_str(),
        scheduled_at: Text(interview.scheduled_at),
        duration_minutes: interview.duration_minutes,
        finished_date: interview.finished_at.map(Text),
        metadata: interview.metadata.as_ref().map(Json::from),
        is_test: interview.is_test,
        call_attempts: is_by_phone.then(|| attempts.iter().map(call_attempt::view).collect()),
        analysis: analysis.as_ref().map(analysis::view),
        decisions: decided_by.map(|by| (by.policy.as_str(), Text(by.decision_id))).collect(),
        created_at: Text(interview.created_at),
        updated_at: Text(interview.updated_at),
    }
}
