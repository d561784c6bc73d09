//! Pieces of the OpenAPI schemas that a derive cannot say: lists of words, and values that leave as their
//! text.

use std::fmt::Display;

use serde::{Serialize, Serializer};
use serde_json::Number;
use switchboard_domain::call_window::CallWindow;
use switchboard_domain::{
    agent, analysis, call_attempt, candidate, company, interview, job, language, lease,
};
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type};

/// A value that leaves as its text: ids, moments, calendar dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A string that is one of these words.
pub fn one_of(words: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

macro_rules! word_schemas {
    ($($name:ident: $words:ty),* $(,)?) => {$(
        /// The schema of one of these words.
        pub fn $name() -> Object {
            one_of(<$words>::ALL.iter().map(|word| word.as_str()))
        }
    )*};
}

word_schemas! {
    agent_focus: agent::AgentFocus,
    agent_type: agent::AgentType,
    analysis_status: analysis::AnalysisStatus,
    call_attempt_status: call_attempt::CallAttemptStatus,
    candidate_status: candidate::CandidateStatus,
    cefr_level: language::CefrLevel,
    company_fit: analysis::CompanyFit,
    contract_type: job::ContractType,
    education: job::Education,
    experience: job::Experience,
    interview_status: interview::InterviewStatus,
    job_status: job::JobStatus,
    language: language::Language,
    outcome: lease::Outcome,
    owner_status: company::OwnerStatus,
    reason_code: call_attempt::ReasonCode,
    salary_period: job::SalaryPeriod,
    voice: agent::Voice,
    work_mode: job::WorkMode,
}

/// A number as a partner most likely wrote it: 50000 and not 50000.0, which is what a float becomes.
pub fn shortest_number(number: f64) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, reason = "compared right after")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "this is the comparison")]
    if whole as f64 == number && whole.unsigned_abs() < (1 << 53) {
        return Some(Number::from(whole));
    }
    Number::from_f64(number)
}

/// An array of levels of education.
pub fn educations() -> Array {
    let most = job::Education::ALL.len();
    ArrayBuilder::new().items(education()).max_items(Some(most)).build()
}

/// An array of days of the week.
pub fn week_days() -> Array {
    let days = CallWindow::default().days();
    let count = days.len();
    ArrayBuilder::new().items(one_of(days)).min_items(Some(1)).max_items(Some(count)).build()
}

#[cfg(test)]
pub(crate) mod drift;
