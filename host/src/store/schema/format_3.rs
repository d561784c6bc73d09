//! The shapes of format 3 that are no more, as they lie in files: never changed. What stands inside them still has
//! the shape that it had then; when that changes, its former shape comes here too.

use serde::Deserialize;
use switchboard_domain::call_attempt::{self, CallAttemptStatus, ReasonCode};
use switchboard_domain::call_window::JudgedIn;
use switchboard_domain::decision::Slot;
use switchboard_domain::id::{CallAttemptId, CompanyId, InterviewId, ReleaseId};
use switchboard_domain::release::{self, Digest, OnFailure, Wasi};
use switchboard_domain::text::WebUrl;
use switchboard_domain::time::Timestamp;

/// Which did not know its decision.
#[derive(Debug, Deserialize)]
pub(crate) struct CallAttempt {
    id: CallAttemptId,
    interview_id: InterviewId,
    company_id: CompanyId,
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
    /// Of no decision that anybody knows: which one it was, if any, was not written down.
    pub(crate) fn renewed(self) -> call_attempt::CallAttempt {
        call_attempt::CallAttempt {
            id: self.id,
            interview_id: self.interview_id,
            company_id: self.company_id,
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

/// Whose other limits were fixed numbers.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    id: ReleaseId,
    slot: Slot,
    plugin: String,
    digest: Digest,
    policy_version: String,
    settings: String,
    limits: Limits,
    on_failure: OnFailure,
    wasi: Wasi,
    grants: Vec<String>,
    comment: Option<String>,
    author: String,
    created_at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Limits {
    fuel: u64,
    timeout_millis: u64,
    memory_mib: u32,
}

impl Release {
    /// With the numbers that it was called with then: a release is immutable. Its input had no limit of its own, so
    /// that it gets the highest.
    pub(crate) fn renewed(self) -> release::Release {
        release::Release {
            id: self.id,
            slot: self.slot,
            plugin: self.plugin,
            digest: self.digest,
            policy_version: self.policy_version,
            settings: self.settings,
            limits: release::Limits {
                fuel: self.limits.fuel,
                timeout_millis: self.limits.timeout_millis,
                memory_mib: self.limits.memory_mib,
                table_elements: 40_000,
                input_kib: 8_192,
                output_kib: 16,
                log_kib: 64,
                calls_in_flight: 8,
            },
            on_failure: self.on_failure,
            wasi: self.wasi,
            grants: self.grants,
            comment: self.comment,
            author: self.author,
            created_at: self.created_at,
        }
    }
}
