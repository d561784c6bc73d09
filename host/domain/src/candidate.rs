//! Candidates of a company, and the jobs that they are assigned to.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::id::{CandidateId, CompanyId, JobId};
use crate::metadata::Metadata;
use crate::phone_number::PhoneNumber;
use crate::text::EmailAddress;
use crate::time::Timestamp;

/// Where the candidate stands in the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum CandidateStatus {
    Undefined,
    Applied,
    InProcess,
    Rejected,
    Accepted,
}

/// What a request says of a candidate; checked. Assignments stand apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateDraft {
    /// 1 to 100 characters.
    pub first_name: String,
    /// 1 to 100 characters.
    pub last_name: String,
    /// At least one of e-mail and phone number is there.
    pub email: Option<EmailAddress>,
    /// E.164, a possible number.
    pub phone_number: Option<PhoneNumber>,
    /// In the future when it was written.
    pub gdpr_expiry_date: NaiveDate,
    /// Free-form.
    pub metadata: Option<Metadata>,
}

/// Somebody who applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Its id.
    pub id: CandidateId,
    /// Whose candidate it is.
    pub company_id: CompanyId,
    /// Grows by one with each change.
    pub revision: u64,
    /// What was said of them.
    pub body: CandidateDraft,
    /// In the order of assignment; 0 to 50, each once.
    pub job_ids: Vec<JobId>,
    /// New candidates have applied.
    pub status: CandidateStatus,
    /// 0 to 100, from the newest analysis.
    pub overall_rating: Option<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}
