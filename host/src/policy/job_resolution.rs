//! The adapter of `switchboard:job-resolution@0.1.0`: the domain's facts as the plugin sees them, the
//! plugin's decision as the domain's answer, and both as canonical JSON for the record.

use serde::{Deserialize, Serialize};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::job::JobStatus;
use switchboard_domain::job_resolution::{self as domain, Answer};
use switchboard_domain::language::Language;
use switchboard_domain::metadata::{Leaf, Metadata};
use switchboard_domain::time::Timestamp;
use wasmtime::component::{ComponentType, Lift, Lower};

use super::Error;
use super::adapter::{ELEMENT_BYTES, Policy, has, id};
use super::wit::{WitAgentFocus, WitAgentType, canonical, wit_enum};

const GRANT_JOB_TITLE: &str = "job-title";
const GRANT_CANDIDATE_METADATA: &str = "candidate-metadata";

/// Which job does an interview belong to, when the request names none?
#[derive(Debug, Clone, Copy)]
pub struct JobResolution;

wit_enum! {
    /// `job-status`
    WitJobStatus of JobStatus { Open = "open", Closed = "closed" }
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(variant)]
#[serde(rename_all = "kebab-case")]
pub enum WitMetadataValue {
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
pub struct WitMetadataEntry {
    #[component(name = "pointer")]
    pointer: String,
    #[component(name = "value")]
    value: WitMetadataValue,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitAssignedJob {
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
pub struct WitFacts {
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
pub enum WitRefusal {
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
pub enum WitDecision {
    #[component(name = "job")]
    Job(String),
    #[component(name = "no-job")]
    NoJob,
    #[component(name = "refuse")]
    Refuse(WitRefusal),
}

canonical!(WitAssignedJob as "assigned-job" {
    "created-at-ms" => created_at_ms,
    "id" => id,
    "metadata" => metadata,
    "status" => status,
    "title" => title,
});

canonical!(WitFacts as "facts" {
    "agent-focus" => agent_focus,
    "agent-language" => agent_language,
    "agent-type" => agent_type,
    "assigned-jobs" => assigned_jobs,
    "ats-id" => ats_id,
    "candidate-id" => candidate_id,
    "candidate-metadata" => candidate_metadata,
    "company-id" => company_id,
    "is-test" => is_test,
    "now-ms" => now_ms,
    "scheduled-at-ms" => scheduled_at_ms,
});

impl Policy for JobResolution {
    const NAME: PolicyName = PolicyName::JobResolution;
    type Facts = domain::Facts;
    type Verdict = domain::Verdict;
    type Seen = WitFacts;
    type Said = WitDecision;

    fn granted(facts: &domain::Facts, grants: &[String]) -> WitFacts {
        let job_title = has(grants, GRANT_JOB_TITLE);
        let candidate_metadata = has(grants, GRANT_CANDIDATE_METADATA);
        WitFacts {
            now_ms: facts.now.unix_millis(),
            ats_id: facts.ats_id.to_string(),
            company_id: facts.company_id.to_string(),
            candidate_id: facts.candidate_id.map(|id| id.to_string()),
            agent_type: facts.agent_type.into(),
            agent_focus: facts.agent_focus.into(),
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

    fn narrowed(mut seen: WitFacts, grants: &[String]) -> WitFacts {
        if !has(grants, GRANT_JOB_TITLE) {
            seen.assigned_jobs.iter_mut().for_each(|job| job.title = None);
        }
        if !has(grants, GRANT_CANDIDATE_METADATA) {
            seen.candidate_metadata = None;
        }
        seen
    }

    fn to_checkable(seen: &WitFacts) -> Result<domain::Facts, Error> {
        let mut assigned_jobs = Vec::with_capacity(seen.assigned_jobs.len());
        for job in &seen.assigned_jobs {
            assigned_jobs.push(domain::AssignedJob {
                id: id("assigned-jobs.id", &job.id)?,
                status: job.status.into(),
                created_at: Timestamp::from_unix_millis(job.created_at_ms),
                title: job.title.clone().unwrap_or_default(),
                metadata: None,
            });
        }
        Ok(domain::Facts {
            now: Timestamp::from_unix_millis(seen.now_ms),
            ats_id: id("ats-id", &seen.ats_id)?,
            company_id: id("company-id", &seen.company_id)?,
            candidate_id: seen.candidate_id.as_deref().map(|text| id("candidate-id", text)).transpose()?,
            agent_type: seen.agent_type.into(),
            agent_focus: seen.agent_focus.into(),
            agent_language: Language::parse(&seen.agent_language)
                .map_err(|_| Error::UnreadableFacts("`agent-language` is no language".to_owned()))?,
            is_test: seen.is_test,
            scheduled_at: Timestamp::from_unix_millis(seen.scheduled_at_ms),
            assigned_jobs,
            candidate_metadata: None,
        })
    }

    fn seen_bytes(seen: &WitFacts) -> usize {
        let texts = [&seen.ats_id, &seen.company_id, &seen.agent_language];
        let texts = texts.into_iter().chain(&seen.candidate_id).map(String::len).sum::<usize>();
        let job = |job: &WitAssignedJob| {
            let title = job.title.as_ref().map_or(0, String::len);
            ELEMENT_BYTES + job.id.len() + title + entries_bytes(&job.metadata)
        };
        texts
            + seen.assigned_jobs.iter().map(job).sum::<usize>()
            + seen.candidate_metadata.as_deref().map_or(0, entries_bytes)
    }

    fn said_bytes(said: &WitDecision) -> usize {
        match said {
            WitDecision::NoJob | WitDecision::Refuse(WitRefusal::JobRequired) => 0,
            WitDecision::Job(text) | WitDecision::Refuse(WitRefusal::Rejected(text)) => text.len(),
            WitDecision::Refuse(WitRefusal::JobAmbiguous(ids)) => {
                ids.iter().fold(0_usize, |bytes, id| bytes.saturating_add(id.len()).saturating_add(3))
            }
        }
    }

    fn check(said: WitDecision, facts: &domain::Facts) -> Result<domain::Verdict, String> {
        let answer = match said {
            WitDecision::Job(id) => Answer::Job(id),
            WitDecision::NoJob => Answer::NoJob,
            WitDecision::Refuse(WitRefusal::JobRequired) => Answer::JobRequired,
            WitDecision::Refuse(WitRefusal::JobAmbiguous(ids)) => Answer::JobAmbiguous(ids),
            WitDecision::Refuse(WitRefusal::Rejected(reason)) => Answer::Rejected(reason),
        };
        domain::check(&answer, facts)
    }
}

fn assigned_job(job: &domain::AssignedJob, title: bool) -> WitAssignedJob {
    WitAssignedJob {
        id: job.id.to_string(),
        status: job.status.into(),
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

fn entries_bytes(entries: &[WitMetadataEntry]) -> usize {
    let entry = |entry: &WitMetadataEntry| {
        let value = match &entry.value {
            WitMetadataValue::Text(text) | WitMetadataValue::Decimal(text) => text.len(),
            WitMetadataValue::Integer(_) | WitMetadataValue::Boolean(_) | WitMetadataValue::Null => 0,
        };
        ELEMENT_BYTES + entry.pointer.len() + value
    };
    entries.iter().map(entry).sum()
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
