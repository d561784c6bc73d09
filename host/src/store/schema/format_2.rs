//! The shapes of format 2 that are no more, as they lie in files: never changed. What stands inside them still has
//! the shape that it had then; when that changes, its former shape comes here too.

use serde::Deserialize;
use switchboard_domain::agent::AgentDraft;
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::call_attempt::{self, CallAttemptStatus, ReasonCode};
use switchboard_domain::call_window::JudgedIn;
use switchboard_domain::company::{self, CompanyLocation, CompanySettings, OwnerStatus};
use switchboard_domain::id::{AgentId, AtsId, CallAttemptId, CandidateId, CompanyId, InterviewId, JobId};
use switchboard_domain::interview::{self, DecidedBy, InterviewStatus};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::text::{EmailAddress, WebUrl};
use switchboard_domain::time::Timestamp;

/// Without its own limit of calls at once.
#[derive(Debug, Deserialize)]
pub(crate) struct Company {
    id: CompanyId,
    ats_id: AtsId,
    revision: u64,
    name: String,
    description: Option<String>,
    website: Option<WebUrl>,
    industry: Option<String>,
    size: Option<String>,
    location: Option<CompanyLocation>,
    settings: CompanySettings,
    metadata: Option<Metadata>,
    owner_email: Option<EmailAddress>,
    owner_status: Option<OwnerStatus>,
    billing_system: BillingSystem,
    usage_limit_thousandths: Option<u64>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Company {
    /// With the contract's limit.
    pub(crate) fn renewed(self) -> company::Company {
        company::Company {
            id: self.id,
            ats_id: self.ats_id,
            revision: self.revision,
            name: self.name,
            description: self.description,
            website: self.website,
            industry: self.industry,
            size: self.size,
            location: self.location,
            settings: self.settings,
            metadata: self.metadata,
            owner_email: self.owner_email,
            owner_status: self.owner_status,
            billing_system: self.billing_system,
            usage_limit_thousandths: self.usage_limit_thousandths,
            calls_at_once: None,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Without an open question.
#[derive(Debug, Deserialize)]
pub(crate) struct Interview {
    id: InterviewId,
    company_id: CompanyId,
    candidate_id: CandidateId,
    agent_id: AgentId,
    revision: u64,
    job_id: Option<JobId>,
    status: InterviewStatus,
    scheduled_at: Timestamp,
    duration_minutes: Option<u32>,
    finished_at: Option<Timestamp>,
    metadata: Option<Metadata>,
    is_test: bool,
    agent: AgentDraft,
    decisions: Vec<DecidedBy>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Interview {
    /// With nothing to decide: nothing was ever called.
    pub(crate) fn renewed(self) -> interview::Interview {
        interview::Interview {
            id: self.id,
            company_id: self.company_id,
            candidate_id: self.candidate_id,
            agent_id: self.agent_id,
            revision: self.revision,
            job_id: self.job_id,
            status: self.status,
            scheduled_at: self.scheduled_at,
            duration_minutes: self.duration_minutes,
            finished_at: self.finished_at,
            metadata: self.metadata,
            is_test: self.is_test,
            agent: self.agent,
            decisions: self.decisions,
            undecided: None,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// Which did not know its company.
#[derive(Debug, Deserialize)]
pub(crate) struct CallAttempt {
    id: CallAttemptId,
    interview_id: InterviewId,
    revision: u64,
    status: CallAttemptStatus,
    reason_code: Option<ReasonCode>,
    notes: Option<String>,
    retry_number: u32,
    recording_url: Option<WebUrl>,
    duration_seconds: Option<u32>,
    scheduled_at: Timestamp,
    judged_in: JudgedIn,
    called_at: Option<Timestamp>,
}

impl CallAttempt {
    /// What says whose it is.
    pub(crate) const fn interview_id(&self) -> InterviewId {
        self.interview_id
    }

    /// In the queue of this company.
    pub(crate) fn renewed(self, company_id: CompanyId) -> call_attempt::CallAttempt {
        call_attempt::CallAttempt {
            id: self.id,
            interview_id: self.interview_id,
            company_id,
            revision: self.revision,
            status: self.status,
            reason_code: self.reason_code,
            notes: self.notes,
            retry_number: self.retry_number,
            decision_id: None,
            recording_url: self.recording_url,
            duration_seconds: self.duration_seconds,
            scheduled_at: self.scheduled_at,
            judged_in: self.judged_in,
            called_at: self.called_at,
        }
    }
}
