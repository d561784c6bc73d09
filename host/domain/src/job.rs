//! Jobs of a company.

use serde::{Deserialize, Serialize};

use crate::id::{CompanyId, JobId};
use crate::language::{CefrLevel, Language};
use crate::metadata::Metadata;
use crate::text::{CountryCode, CurrencyCode, WebUrl};
use crate::time::Timestamp;

/// A job is *active* while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum JobStatus {
    /// Active.
    Open,
    /// May still be named, but is never resolved to.
    Closed,
}

/// `UNDEFINED` … in the contract's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum Education {
    Undefined,
    PrimaryEducation,
    SecondarySchoolStudent,
    SecondaryWithoutDiploma,
    SecondaryWithDiploma,
    PostSecondaryVocational,
    UniversityStudent,
    BachelorLevel,
    MasterLevel,
    Postgraduate,
}

/// Years in the trade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum Experience {
    Undefined,
    NoExperience,
    LessThan1Year,
    OneTo3Years,
    ThreeTo5Years,
    FiveTo10Years,
    MoreThan10Years,
}

/// Kind of contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum ContractType {
    Undefined,
    FullTime,
    PartTime,
    Contract,
    Temporary,
    Internship,
    Freelance,
}

/// Where the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum WorkMode {
    Onsite,
    Remote,
    Hybrid,
    Undefined,
}

/// What the salary is paid per.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the contract's words, which say it")]
pub enum SalaryPeriod {
    Hourly,
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A language that the job needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageRequirement {
    /// Which one.
    pub language: Language,
    /// How well.
    pub proficiency: CefrLevel,
}

/// Where the job is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLocation {
    /// On site, remote, …
    pub work_mode: Option<WorkMode>,
    /// Free text.
    pub street: Option<String>,
    /// Free text.
    pub city: Option<String>,
    /// Free text.
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<CountryCode>,
}

/// What is paid. Amounts are kept as the partner wrote them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Salary {
    /// At most `max`.
    pub min: Option<f64>,
    /// At least `min`.
    pub max: Option<f64>,
    /// ISO 4217.
    pub currency: Option<CurrencyCode>,
    /// Per what.
    pub period: Option<SalaryPeriod>,
}

/// What a request says of a job; checked, with defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JobDraft {
    /// 5 to 200 characters.
    pub title: String,
    /// 10 to 5000 characters.
    pub description: String,
    /// Open unless said otherwise.
    pub status: JobStatus,
    /// At most 2048 characters.
    pub job_url: Option<WebUrl>,
    /// At most 5000 characters.
    pub benefits: Option<String>,
    /// Each 1 to 128 characters, together with the next at most 10.
    pub required_skills: Vec<String>,
    /// See above.
    pub nice_to_have_skills: Vec<String>,
    /// At most 5. Absent when not sent.
    pub language_requirements: Option<Vec<LanguageRequirement>>,
    /// Absent when not sent.
    pub education: Option<Vec<Education>>,
    /// Years in the trade.
    pub experience: Option<Experience>,
    /// Kind of contract.
    pub contract_type: Option<ContractType>,
    /// Where.
    pub location: Option<JobLocation>,
    /// What is paid.
    pub salary: Option<Salary>,
    /// Free-form.
    pub metadata: Option<Metadata>,
}

/// A job of a company.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub company_id: CompanyId,
    /// Grows by one with each change.
    pub revision: u64,
    /// What was said of it.
    pub body: JobDraft,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Job {
    /// Whether it can be resolved to.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.body.status == JobStatus::Open
    }
}
