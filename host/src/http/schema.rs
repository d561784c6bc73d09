//! Pieces of the OpenAPI schemas that a derive cannot say: lists of words, and values that leave as their
//! text.

use std::borrow::Cow;
use std::fmt::Display;

use serde::{Serialize, Serializer};
use serde_json::{Number, Value};
use switchboard_domain::call_window::{CallWindow, ZoneSource};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::{
    agent, ats, call_attempt, candidate, company, decision, interview, job, key, language,
};
use switchboard_domain::{release, text};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// A value that leaves as its text: ids, moments, calendar dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(pub T);

impl<T: Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A wire type by the name of its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name among the document's schemas.
    pub name: Cow<'static, str>,
    /// Its schema, then those that it refers to.
    pub schemas: Vec<(String, Value)>,
}

impl Named {
    /// Of this type.
    #[must_use]
    pub fn of<T: ToSchema>() -> Self {
        let mut schemas = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut schemas);
        let told = |(name, schema): (String, RefOr<Schema>)| {
            let mut value = serde_json::to_value(schema).unwrap_or_default();
            rule::add(&name, &mut value);
            (name, value)
        };
        Self { name: T::name(), schemas: schemas.into_iter().map(told).collect() }
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
    ats_mode: ats::Mode,
    billing_system: ats::BillingSystem,
    failure_kind: decision::FailureKind,
    key_kind: key::KeyKind,
    on_failure: release::OnFailure,
    policy: PolicyName,
    scope: key::Scope,
    time_zone_source: ZoneSource,
    wasi: release::Wasi,
    agent_focus: agent::AgentFocus,
    agent_type: agent::AgentType,
    call_attempt_status: call_attempt::CallAttemptStatus,
    candidate_status: candidate::CandidateStatus,
    cefr_level: language::CefrLevel,
    contract_type: job::ContractType,
    education: job::Education,
    experience: job::Experience,
    interview_status: interview::InterviewStatus,
    job_status: job::JobStatus,
    language: language::Language,
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

macro_rules! code_schemas {
    ($($(#[doc = $doc:literal])+ $name:ident as $schema:literal: $codes:ty, $example:literal;)*) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let mut codes = one_of(<$codes>::ALL.iter().copied());
                codes.description = Some(concat!($($doc),+).trim().to_owned());
                codes.example = Some($example.into());
                RefOr::T(Schema::Object(codes))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($schema)
            }
        }
    )*};
}

code_schemas! {
    /// An ISO 3166-1 alpha-2 country code, in upper case.
    CountryCodes as "CountryCode": text::CountryCode, "PL";
    /// An ISO 4217 currency code, in upper case.
    CurrencyCodes as "CurrencyCode": text::CurrencyCode, "PLN";
}

/// An array of policies.
pub fn policies() -> Array {
    ArrayBuilder::new().items(policy()).build()
}

/// Any JSON value: what a policy's own interface says of it stands in its WIT package.
pub fn anything() -> Object {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).build()
}

/// An array of days of the week.
pub fn week_days() -> Array {
    let days = CallWindow::default().days();
    let count = days.len();
    ArrayBuilder::new().items(one_of(days)).min_items(Some(1)).max_items(Some(count)).build()
}

#[cfg(test)]
pub(crate) mod drift;
mod rule;
