//! Interviews on the wire.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::agent::AgentType;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::id::{AgentId, CandidateId, CompanyId, DecisionId, InterviewId, JobId};
use switchboard_domain::interview::{Interview, InterviewInput, Named};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;

use super::agent::{self, AgentBody};
use super::body::{self, Fields, Read, flag, id, text};
use super::call_attempt::{self, CallAttemptView};
use super::candidate::{self, CandidateBody};
use super::job::{self, InlineJobBody};
use super::schema::{self, Text};

// Wire types in.

/// What a new interview is made of: one of `candidateId` and `candidate`, one of `agentId` and `agent`, one of
/// `jobId` and `job` or neither. What is described instead of named is made with the interview, or nothing is.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "candidateId": "01960e6a-7c00-7000-8000-000000000002",
    "agentId": "01960e6a-7c00-7000-8000-000000000004",
    "jobId": "01960e6a-7c00-7000-8000-000000000001",
    "scheduledAt": "2026-04-02T09:30:00+02:00",
    "isTest": false,
    "metadata": {"round": 1}
}))]
pub struct InterviewBody {
    #[schema(value_type = Option<String>, format = "uuid")]
    candidate_id: Option<CandidateId>,
    candidate: Option<CandidateBody>,
    #[schema(value_type = Option<String>, format = "uuid")]
    agent_id: Option<AgentId>,
    agent: Option<AgentBody>,
    /// One of the candidate's jobs. Without any the ATS's policy decides.
    #[schema(value_type = Option<String>, format = "uuid")]
    job_id: Option<JobId>,
    job: Option<InlineJobBody>,
    /// At most 30 days ahead; at once when not sent. An offset says whose wall clock is meant; without one it is
    /// the candidate's.
    #[schema(example = "2026-04-02T09:30:00+02:00")]
    scheduled_at: Option<String>,
    /// The older name of `scheduledAt`.
    #[deprecated]
    schedule_time: Option<String>,
    /// Calls nobody and is not billed.
    #[schema(default = false)]
    is_test: Option<bool>,
    /// At most 10,240 bytes as compact JSON, 5 levels, 50 keys in all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// Reads the body of a new interview.
///
/// # Errors
/// Every problem of it, those of inline objects included.
pub fn read(body: &Value, now: Timestamp) -> Result<InterviewInput, Problems> {
    body::read(body, |fields| input(fields, now))
}

fn input(fields: &mut Fields<'_>, now: Timestamp) -> Read<InterviewInput> {
    let candidate = named(fields, "candidateId", "candidate", |inside| candidate::input(inside, now));
    let candidate = candidate.and_then(|named| one_of(fields, "candidateId", "candidate", named));
    let agent = named(fields, "agentId", "agent", agent::draft);
    let agent = agent.and_then(|named| one_of(fields, "agentId", "agent", named));
    let job = named(fields, "jobId", "job", job::inline);
    let job_once = candidate_job_alone(fields, &candidate);
    let written_time = written_time(fields);
    let is_test = fields.optional("isTest", flag);
    let metadata = fields.optional("metadata", Metadata::check);
    job_once?;
    Ok(InterviewInput {
        candidate: candidate?,
        agent: agent?,
        job: job?,
        written_time: written_time?,
        is_test: is_test?.unwrap_or(false),
        metadata: metadata?,
    })
}

/// A resource by its id or described, not both. Both are read in any case, so that all their problems are noted.
fn named<I: std::str::FromStr<Err: std::fmt::Display>, D>(
    fields: &mut Fields<'_>,
    id_name: &str,
    object_name: &str,
    reader: impl FnOnce(&mut Fields<'_>) -> Read<D>,
) -> Read<Option<Named<I, D>>> {
    let existing = fields.optional(id_name, id::<I>);
    let new = fields.object(object_name, reader);
    let sent = [(id_name, fields.is_sent(id_name)), (object_name, fields.is_sent(object_name))];
    fields.rule(|base, problems| problems.at_most_one(base, sent))?;
    Ok(match (existing?, new?) {
        (Some(id), _) => Some(Named::Existing(id)),
        (None, Some(draft)) => Some(Named::New(Box::new(draft))),
        (None, None) => None,
    })
}

/// One of the two must be there.
fn one_of<T>(fields: &mut Fields<'_>, id_name: &str, object_name: &str, named: Option<T>) -> Read<T> {
    named.ok_or_else(|| {
        let message = format!("`{id_name}` or `{object_name}` is required");
        fields.refuse(&[id_name, object_name], &Flaw { message, ..Flaw::missing() })
    })
}
