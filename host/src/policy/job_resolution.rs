//! The adapter of `switchboard:job-resolution@0.1.0`: the domain's facts as the plugin sees them, the
//! plugin's decision as the domain's answer, and both as canonical JSON for the record.
//!
//! The types stand here once for three readers: the derives of wasmtime (order and names of the WIT), and
//! those of serde (the same names; fields of a record sorted by name, so that the text is canonical).

use serde::{Deserialize, Serialize};
use switchboard_domain::agent::{AgentFocus, AgentType};
use switchboard_domain::decision::FailureKind;
use switchboard_domain::id::{AtsId, CandidateId, CompanyId, JobId};
use switchboard_domain::job::JobStatus;
use switchboard_domain::job_resolution::{self as domain, Answer};
use switchboard_domain::language::Language;
use switchboard_domain::metadata::{Leaf, Metadata};
use switchboard_domain::time::Timestamp;
use wasmtime::component::{ComponentType, Lift, Lower};

use super::Error;
use super::admit::Callee;
use super::call::{self, Bounds, Called, Failure};

/// Of the answer as JSON: fifty job ids with room to spare.
const ANSWER_BYTES_MAX: usize = 16 << 10;

const GRANT_JOB_TITLE: &str = "job-title";
const GRANT_CANDIDATE_METADATA: &str = "candidate-metadata";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(enum)]
#[repr(u8)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WitAgentType {
    #[component(name = "phone")]
    Phone,
    #[component(name = "online")]
    Online,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(enum)]
#[repr(u8)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WitAgentFocus {
    #[component(name = "generic")]
    Generic,
    #[component(name = "screening")]
    Screening,
    #[component(name = "outreach")]
    Outreach,
    #[component(name = "language-test")]
    LanguageTest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(enum)]
#[repr(u8)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WitJobStatus {
    #[component(name = "open")]
    Open,
    #[component(name = "closed")]
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(variant)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WitMetadataValue {
    #[component(name = "text")]
    Text(String),
    #[component(name = "integer")]
    Integer(i64),
    #[component(name = "decimal")]
    Decimal(String),
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "null")]
    Null,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(record)]
#[serde(deny_unknown_fields)]
pub(super) struct WitMetadataEntry {
    #[component(name = "pointer")]
    pointer: String,
    #[component(name = "value")]
    value: WitMetadataValue,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WitAssignedJob {
    #[component(name = "id")]
    id: String,
    #[component(name = "status")]
    status: WitJobStatus,
    #[component(name = "created-at-ms")]
    created_at_ms: i64,
    #[component(name = "title")]
    title: Option<String>,
    #[component(name = "metadata")]
    metadata: Vec<WitMetadataEntry>,
}

/// What the plugin sees.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct WitFacts {
    #[component(name = "now-ms")]
    now_ms: i64,
    #[component(name = "ats-id")]
    ats_id: String,
    #[component(name = "company-id")]
    company_id: String,
    #[component(name = "candidate-id")]
    candidate_id: Option<String>,
    #[component(name = "agent-type")]
    agent_type: WitAgentType,
    #[component(name = "agent-focus")]
    agent_focus: WitAgentFocus,
    #[component(name = "agent-language")]
    agent_language: String,
    #[component(name = "is-test")]
    is_test: bool,
    #[component(name = "scheduled-at-ms")]
    scheduled_at_ms: i64,
    #[component(name = "assigned-jobs")]
    assigned_jobs: Vec<WitAssignedJob>,
    #[component(name = "candidate-metadata")]
    candidate_metadata: Option<Vec<WitMetadataEntry>>,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Serialize)]
#[component(variant)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WitRefusal {
    #[component(name = "job-required")]
    JobRequired,
    #[component(name = "job-ambiguous")]
    JobAmbiguous(Vec<String>),
    #[component(name = "rejected")]
    Rejected(String),
}

/// What the plugin says.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Serialize)]
#[component(variant)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WitDecision {
    #[component(name = "job")]
    Job(String),
    #[component(name = "no-job")]
    NoJob,
    #[component(name = "refuse")]
    Refuse(WitRefusal),
}

impl Serialize for WitAssignedJob {
    /// Sorted by name: canonical.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("assigned-job", 5)?;
        fields.serialize_field("created-at-ms", &self.created_at_ms)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("metadata", &self.metadata)?;
        fields.serialize_field("status", &self.status)?;
        fields.serialize_field("title", &self.title)?;
        fields.end()
    }
}

impl Serialize for WitFacts {
    /// Sorted by name: canonical.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("facts", 11)?;
        fields.serialize_field("agent-focus", &self.agent_focus)?;
        fields.serialize_field("agent-language", &self.agent_language)?;
        fields.serialize_field("agent-type", &self.agent_type)?;
        fields.serialize_field("assigned-jobs", &self.assigned_jobs)?;
        fields.serialize_field("ats-id", &self.ats_id)?;
        fields.serialize_field("candidate-id", &self.candidate_id)?;
        fields.serialize_field("candidate-metadata", &self.candidate_metadata)?;
        fields.serialize_field("company-id", &self.company_id)?;
        fields.serialize_field("is-test", &self.is_test)?;
        fields.serialize_field("now-ms", &self.now_ms)?;
        fields.serialize_field("scheduled-at-ms", &self.scheduled_at_ms)?;
        fields.end()
    }
}

impl WitFacts {
    /// What a release with these grants may see of the facts.
    pub(super) fn granted(facts: &domain::Facts, grants: &[String]) -> Self {
        let job_title = has(grants, GRANT_JOB_TITLE);
        let candidate_metadata = has(grants, GRANT_CANDIDATE_METADATA);
        Self {
            now_ms: facts.now.unix_millis(),
            ats_id: facts.ats_id.to_string(),
            company_id: facts.company_id.to_string(),
            candidate_id: facts.candidate_id.map(|id| id.to_string()),
            agent_type: agent_type(facts.agent_type),
            agent_focus: agent_focus(facts.agent_focus),
            agent_language: facts.agent_language.as_str().to_owned(),
            is_test: facts.is_test,
            scheduled_at_ms: facts.scheduled_at.unix_millis(),
            assigned_jobs: facts.assigned_jobs.iter().map(|job| assigned_job(job, job_title)).collect(),
            candidate_metadata: facts
                .candidate_metadata
                .as_ref()
                .filter(|_| candidate_metadata)
                .map(|metadata| entries(Some(metadata))),
        }
    }

    /// The same facts for a release that may see no more than these grants: what it was never granted is
    /// taken away. Recorded facts replay for every member of a ladder this way.
    pub(super) fn narrowed(mut self, grants: &[String]) -> Self {
        if !has(grants, GRANT_JOB_TITLE) {
            self.assigned_jobs.iter_mut().for_each(|job| job.title = None);
        }
        if !has(grants, GRANT_CANDIDATE_METADATA) {
            self.candidate_metadata = None;
        }
        self
    }

    pub(super) fn to_json(&self) -> String {
        // Strings, numbers and lists only: nothing that could fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|error| Error::UnreadableFacts(error.to_string()))
    }

    pub(super) fn now_millis(&self) -> i64 {
        self.now_ms
    }

    /// Facts with all that `domain::check` looks at. What the plugin was not shown is not there.
    pub(super) fn to_checkable(&self) -> Result<domain::Facts, Error> {
        let unreadable = |what: &str| Error::UnreadableFacts(format!("`{what}` is no id"));
        let mut assigned_jobs = Vec::with_capacity(self.assigned_jobs.len());
        for job in &self.assigned_jobs {
            assigned_jobs.push(domain::AssignedJob {
                id: job.id.parse::<JobId>().map_err(|_| unreadable("assigned-jobs.id"))?,
                status: match job.status {
                    WitJobStatus::Open => JobStatus::Open,
                    WitJobStatus::Closed => JobStatus::Closed,
                },
                created_at: Timestamp::from_unix_millis(job.created_at_ms),
                title: job.title.clone().unwrap_or_default(),
                metadata: None,
            });
        }
        let candidate_id = self.candidate_id.as_deref().map(str::parse::<CandidateId>).transpose();
        Ok(domain::Facts {
            now: Timestamp::from_unix_millis(self.now_ms),
            ats_id: self.ats_id.parse::<AtsId>().map_err(|_| unreadable("ats-id"))?,
            company_id: self.company_id.parse::<CompanyId>().map_err(|_| unreadable("company-id"))?,
            candidate_id: candidate_id.map_err(|_| unreadable("candidate-id"))?,
            agent_type: match self.agent_type {
                WitAgentType::Phone => AgentType::Phone,
                WitAgentType::Online => AgentType::Online,
            },
            agent_focus: match self.agent_focus {
                WitAgentFocus::Generic => AgentFocus::Generic,
                WitAgentFocus::Screening => AgentFocus::Screening,
                WitAgentFocus::Outreach => AgentFocus::Outreach,
                WitAgentFocus::LanguageTest => AgentFocus::LanguageTest,
            },
            agent_language: Language::parse(&self.agent_language)
                .map_err(|_| Error::UnreadableFacts("`agent-language` is no language".to_owned()))?,
            is_test: self.is_test,
            scheduled_at: Timestamp::from_unix_millis(self.scheduled_at_ms),
            assigned_jobs,
            candidate_metadata: None,
        })
    }
}

/// One plugin's checked answer.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) verdict: domain::Verdict,
    /// Canonical JSON of the WIT value.
    pub(super) answer: String,
}

/// Asks one plugin and checks what it says.
pub(super) async fn decide(
    callee: &Callee,
    seen: &WitFacts,
    checked_against: &domain::Facts,
    settings: &str,
    bounds: Bounds<'_>,
) -> Called<Resolved> {
    let house = &callee.loaded.house;
    let called =
        call::call::<_, (WitDecision,)>(house, &callee.pre, &callee.decide, (seen, settings), bounds).await;
    let Called { result, fuel_used, log } = called;
    let result = result.and_then(|(decision,)| accept(decision, checked_against));
    Called { result, fuel_used, log }
}

fn accept(decision: WitDecision, facts: &domain::Facts) -> Result<Resolved, Failure> {
    let said_bytes = match &decision {
        WitDecision::NoJob | WitDecision::Refuse(WitRefusal::JobRequired) => 0,
        WitDecision::Job(text) | WitDecision::Refuse(WitRefusal::Rejected(text)) => text.len(),
        WitDecision::Refuse(WitRefusal::JobAmbiguous(ids)) => {
            ids.iter().fold(0_usize, |bytes, id| bytes.saturating_add(id.len()).saturating_add(3))
        }
    };
    if said_bytes > ANSWER_BYTES_MAX {
        let explanation =
            format!("the answer has {said_bytes} bytes, at most {ANSWER_BYTES_MAX} are allowed");
        return Err(Failure::new(FailureKind::OutputTooLarge, explanation));
    }
    let json = serde_json::to_string(&decision).unwrap_or_default();
    let answer = match decision {
        WitDecision::Job(id) => Answer::Job(id),
        WitDecision::NoJob => Answer::NoJob,
        WitDecision::Refuse(WitRefusal::JobRequired) => Answer::JobRequired,
        WitDecision::Refuse(WitRefusal::JobAmbiguous(ids)) => Answer::JobAmbiguous(ids),
        WitDecision::Refuse(WitRefusal::Rejected(reason)) => Answer::Rejected(reason),
    };
    match domain::check(&answer, facts) {
        Ok(verdict) => Ok(Resolved { verdict, answer: json }),
        Err(sentence) => Err(Failure::new(FailureKind::BadAnswer, sentence)),
    }
}

fn has(grants: &[String], grant: &str) -> bool {
    grants.iter().any(|granted| granted == grant)
}

fn assigned_job(job: &domain::AssignedJob, title: bool) -> WitAssignedJob {
    WitAssignedJob {
        id: job.id.to_string(),
        status: match job.status {
            JobStatus::Open => WitJobStatus::Open,
            JobStatus::Closed => WitJobStatus::Closed,
        },
        created_at_ms: job.created_at.unix_millis(),
        title: title.then(|| job.title.clone()),
        metadata: entries(job.metadata.as_ref()),
    }
}

fn entries(metadata: Option<&Metadata>) -> Vec<WitMetadataEntry> {
    let leaves = metadata.map(Metadata::leaves).unwrap_or_default();
    leaves
        .into_iter()
        .map(|(pointer, leaf)| WitMetadataEntry { pointer, value: metadata_value(leaf) })
        .collect()
}

fn metadata_value(leaf: Leaf) -> WitMetadataValue {
    match leaf {
        Leaf::Text(text) => WitMetadataValue::Text(text),
        Leaf::Integer(integer) => WitMetadataValue::Integer(integer),
        Leaf::Decimal(decimal) => WitMetadataValue::Decimal(decimal),
        Leaf::Boolean(boolean) => WitMetadataValue::Boolean(boolean),
        Leaf::Null => WitMetadataValue::Null,
    }
}

fn agent_type(agent_type: AgentType) -> WitAgentType {
    match agent_type {
        AgentType::Phone => WitAgentType::Phone,
        AgentType::Online => WitAgentType::Online,
    }
}

fn agent_focus(focus: AgentFocus) -> WitAgentFocus {
    match focus {
        AgentFocus::Generic => WitAgentFocus::Generic,
        AgentFocus::Screening => WitAgentFocus::Screening,
        AgentFocus::Outreach => WitAgentFocus::Outreach,
        AgentFocus::LanguageTest => WitAgentFocus::LanguageTest,
    }
}
