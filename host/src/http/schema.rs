//! Pieces of the OpenAPI schemas that a derive cannot say: lists of words, and values that leave as their
//! text.

use std::fmt::Display;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use switchboard_domain::call_window::CallWindow;
use switchboard_domain::metadata::Metadata;
use switchboard_domain::{
    agent, analysis, call_attempt, candidate, company, interview, job, language, lease,
};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};

/// A value that leaves as its text: ids, moments, calendar dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Stored JSON that leaves as it is, without being read into values: compact, and checked when it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> From<&'a Metadata> for Json<'a> {
    fn from(metadata: &'a Metadata) -> Self {
        Self(metadata.as_str())
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
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

/// The schema of a partial update, from that of a new resource: nothing must be there, and `null` clears what need
/// not have a value.
pub fn partial(whole: RefOr<Schema>, description: &str) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = whole else { return whole };
    let required = std::mem::take(&mut object.required);
    for (name, property) in &mut object.properties {
        if !required.contains(name) {
            make_clearable(property);
        }
    }
    object.description = Some(description.to_owned());
    RefOr::T(Schema::Object(object))
}

fn make_clearable(property: &mut RefOr<Schema>) {
    match property {
        RefOr::Ref(reference) => {
            let null = ObjectBuilder::new().schema_type(Type::Null);
            *property = OneOfBuilder::new().item(null).item(reference.clone()).into();
        }
        RefOr::T(Schema::Object(object)) => {
            or_null(&mut object.schema_type);
            if let Some(words) = &mut object.enum_values {
                words.push(Value::Null);
            }
        }
        RefOr::T(Schema::Array(array)) => or_null(&mut array.schema_type),
        // What an `Option` of a named schema becomes: one of it and null.
        RefOr::T(Schema::OneOf(_) | Schema::AllOf(_) | Schema::AnyOf(_)) => {}
        RefOr::T(_) => {}
    }
}

fn or_null(schema_type: &mut SchemaType) {
    if let SchemaType::Type(only) = schema_type {
        *schema_type = SchemaType::Array(vec![only.clone(), Type::Null]);
    }
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
