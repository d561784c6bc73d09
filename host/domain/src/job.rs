//! Jobs of a company.

use serde::{Deserialize, Serialize};

use crate::bounds::SKILLS_MAX;
use crate::id::{CompanyId, JobId};
use crate::language::{CefrLevel, Language};
use crate::metadata::Metadata;
use crate::problem::{Flaw, Problems, field_path};
use crate::text::{CountryCode, CurrencyCode, WebUrl};
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// A job is *active* while it is open.
    pub enum JobStatus {
        /// Active.
        Open = "OPEN",
        /// May still be named, but is never resolved to.
        Closed = "CLOSED",
    }
}

words! {
    /// `UNDEFINED` … in the contract's order.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum Education {
        Undefined = "UNDEFINED",
        PrimaryEducation = "PRIMARY_EDUCATION",
        SecondarySchoolStudent = "SECONDARY_SCHOOL_STUDENT",
        SecondaryWithoutDiploma = "SECONDARY_WITHOUT_DIPLOMA",
        SecondaryWithDiploma = "SECONDARY_WITH_DIPLOMA",
        PostSecondaryVocational = "POST_SECONDARY_VOCATIONAL",
        UniversityStudent = "UNIVERSITY_STUDENT",
        BachelorLevel = "BACHELOR_LEVEL",
        MasterLevel = "MASTER_LEVEL",
        Postgraduate = "POSTGRADUATE",
    }
}

words! {
    /// Years in the trade.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum Experience {
        Undefined = "UNDEFINED",
        NoExperience = "NO_EXPERIENCE",
        LessThan1Year = "LESS_THAN_1_YEAR",
        OneTo3Years = "ONE_TO_3_YEARS",
        ThreeTo5Years = "THREE_TO_5_YEARS",
        FiveTo10Years = "FIVE_TO_10_YEARS",
        MoreThan10Years = "MORE_THAN_10_YEARS",
    }
}

words! {
    /// Kind of contract.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum ContractType {
        Undefined = "UNDEFINED",
        FullTime = "FULL_TIME",
        PartTime = "PART_TIME",
        Contract = "CONTRACT",
        Temporary = "TEMPORARY",
        Internship = "INTERNSHIP",
        Freelance = "FREELANCE",
    }
}

words! {
    /// Where the work is done.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum WorkMode {
        Onsite = "ONSITE",
        Remote = "REMOTE",
        Hybrid = "HYBRID",
        Undefined = "UNDEFINED",
    }
}

words! {
    /// What the salary is paid per.
    #[expect(missing_docs, reason = "the contract's words, which say it")]
    pub enum SalaryPeriod {
        Hourly = "HOURLY",
        Daily = "DAILY",
        Weekly = "WEEKLY",
        Monthly = "MONTHLY",
        Yearly = "YEARLY",
    }
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

/// Required and nice-to-have skills are at most 10 together (contract §3); every list that has some is at
/// fault.
pub fn check_skills(base: &str, required_count: usize, nice_to_have_count: usize, problems: &mut Problems) {
    let together = required_count.saturating_add(nice_to_have_count);
    if together <= SKILLS_MAX {
        return;
    }
    for (name, count) in [("requiredSkills", required_count), ("niceToHaveSkills", nice_to_have_count)] {
        if count > 0 {
            let message = format!(
                "must have at most {SKILLS_MAX} skills, `requiredSkills` and `niceToHaveSkills` together; \
                 there are {together}"
            );
            problems.add(field_path(base, name), Flaw::invalid(message));
        }
    }
}

/// An amount of a salary: finite and not negative.
///
/// # Errors
/// That it is neither.
pub fn check_amount(amount: f64) -> Result<f64, Flaw> {
    if amount.is_finite() && amount >= 0.0 {
        return Ok(amount);
    }
    Err(Flaw::invalid("must be a number of at least 0"))
}

/// `min` is at most `max` (contract §3). `base` is the path of the salary.
pub fn check_salary(base: &str, salary: &Salary, problems: &mut Problems) {
    if let (Some(min), Some(max)) = (salary.min, salary.max)
        && min > max
    {
        problems.add(field_path(base, "min"), Flaw::invalid("must not be greater than `max`"));
        problems.add(field_path(base, "max"), Flaw::invalid("must not be less than `min`"));
    }
}

#[cfg(test)]
mod tests;
