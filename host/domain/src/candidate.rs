//! Candidates of a company, and the jobs that they are assigned to.

use chrono::{DateTime, NaiveDate};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{CandidateId, CompanyId, JobId};
use crate::metadata::Metadata;
use crate::phone_number::PhoneNumber;
use crate::problem::{Flaw, Problems};
use crate::text::EmailAddress;
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// Where the candidate stands in the process.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum CandidateStatus {
        Undefined = "UNDEFINED",
        Applied = "APPLIED",
        InProcess = "IN_PROCESS",
        Rejected = "REJECTED",
        Accepted = "ACCEPTED",
    }
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
    #[serde(deserialize_with = "stored_date")]
    pub gdpr_expiry_date: NaiveDate,
    /// Free-form.
    pub metadata: Option<Metadata>,
}

/// Reads what chrono wrote, without its interpreter of formats: every look at a candidate does.
fn stored_date<'de, D: Deserializer<'de>>(stored: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(stored)?;
    let parts = text.split_once('-').and_then(|(year, rest)| Some((year, rest.split_once('-')?)));
    let date = parts.and_then(|(year, (month, day))| {
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    });
    date.ok_or_else(|| D::Error::custom("no calendar date"))
}

/// What a request says of a new candidate and the jobs to assign; checked, but for whether the jobs exist.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateInput {
    /// The candidate.
    pub draft: CandidateDraft,
    /// `jobIds` as they were sent; empty when they were not.
    pub job_ids: Vec<JobId>,
    /// `jobId`, the older form.
    pub job_id: Option<JobId>,
}

impl CandidateInput {
    /// The assignments that were asked for, each with its path inside the candidate: `jobIds`, which win, or
    /// else `jobId`.
    #[must_use]
    pub fn named_jobs(&self) -> Vec<(String, JobId)> {
        let listed = self.job_ids.iter().enumerate();
        let listed = listed.map(|(index, job_id)| (format!("jobIds[{index}]"), *job_id));
        let single = self.job_id.filter(|_| self.job_ids.is_empty());
        listed.chain(single.map(|job_id| ("jobId".to_owned(), job_id))).collect()
    }
}

/// What a request makes of a candidate; checked, but for whether the jobs exist.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateChange {
    /// The result of the merge.
    pub body: CandidateDraft,
    /// The result of the merge.
    pub status: CandidateStatus,
    /// The assignments that replace those there are, each with its path; absent when none were sent.
    pub named_jobs: Option<Vec<(String, JobId)>>,
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

impl Candidate {
    /// Takes an assignment away, because its job was deleted at that moment (contract §3); says whether there
    /// was one.
    pub fn unassign(&mut self, job_id: JobId, at: Timestamp) -> bool {
        let before = self.job_ids.len();
        self.job_ids.retain(|assigned| *assigned != job_id);
        if self.job_ids.len() == before {
            return false;
        }
        self.revision += 1;
        self.updated_at = self.updated_at.max(at);
        true
    }
}

/// At least one of e-mail and phone number (contract §4), in a new candidate and in the result of a change. A
/// field that was sent counts, even with a wrong value: that has its own problem.
pub fn check_contact(base: &str, has_email: bool, has_phone_number: bool, problems: &mut Problems) {
    problems.at_least_one(base, [("email", has_email), ("phoneNumber", has_phone_number)]);
}

/// The date until which the data may be kept lies in the future (contract §4): after today in UTC.
///
/// # Errors
/// The first date that is accepted.
pub fn check_gdpr_expiry(date: NaiveDate, now: Timestamp) -> Result<NaiveDate, Flaw> {
    let now = DateTime::from_timestamp_millis(now.unix_millis()).unwrap_or_default();
    let today = now.date_naive();
    if date > today {
        return Ok(date);
    }
    let first = today.succ_opt().unwrap_or(today);
    Err(Flaw::invalid(format!("must be in the future, {first} or later")))
}

/// Assignments in the order in which they were named, each once.
#[must_use]
pub fn each_once(job_ids: impl IntoIterator<Item = JobId>) -> Vec<JobId> {
    let mut once = Vec::new();
    for job_id in job_ids {
        if !once.contains(&job_id) {
            once.push(job_id);
        }
    }
    once
}

#[cfg(test)]
mod tests;
