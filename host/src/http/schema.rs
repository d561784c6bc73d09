//! Pieces of the OpenAPI schemas that a derive cannot say: lists of words, and values that leave as their
//! text.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Number, Value};
use switchboard_domain::call_window::{CallWindow, ZoneSource};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::id::{
    AgentId, AnalysisId, CallAttemptId, CandidateId, CompanyId, DecisionId, InterviewId, JobId, PhoneNumberId,
};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::Quantity;
use switchboard_domain::{
    agent, analysis, ats, call_attempt, candidate, company, decision, interview, invitation, job, key,
    language, lease, release, text,
};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    Array, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::{PartialSchema, ToSchema};

/// A value that leaves as its text: ids, moments, calendar dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<T>(pub T);

/// What leaves as its text. Ids and moments stand in every answer, many times in lists: theirs are written without the
/// machinery of `fmt`.
pub trait Textual {
    /// Writes the text.
    ///
    /// # Errors
    /// The serializer's.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl<T: Textual> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

macro_rules! textual_ids {
    ($($id:ident),* $(,)?) => {$(
        impl Textual for $id {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text().as_str())
            }
        }
    )*};
}

textual_ids!(
    AgentId,
    AnalysisId,
    CallAttemptId,
    CandidateId,
    CompanyId,
    DecisionId,
    InterviewId,
    JobId,
    PhoneNumberId,
);

impl Textual for Timestamp {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).map_err(S::Error::custom)?)
    }
}

impl Textual for NaiveDate {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A quantity that leaves as its digits: no float comes between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal(pub Quantity);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
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

    /// Of a type that is sent. What need not be there may be `null`, which is as absent: in everything inside, and
    /// in the body itself where it `is_new`; a partial update says itself what may be cleared. Types that leave
    /// too, where nothing is null, are told apart by their names.
    #[must_use]
    pub fn sent<T: ToSchema>(is_new: bool) -> Self {
        let mut named = Self::of::<T>();
        let others: Vec<(String, String)> = named
            .schemas
            .iter()
            .filter(|(name, schema)| schema.get("properties").is_some() && !is_name_of_body(name))
            .map(|(name, _)| (name.clone(), format!("{name}Body")))
            .collect();
        for (index, (name, schema)) in named.schemas.iter_mut().enumerate() {
            if is_new || index > 0 {
                rule::let_be_null(schema);
            }
            rule::rename(schema, &others);
            if let Some((_, other)) = others.iter().find(|(old, _)| old == name) {
                name.clone_from(other);
            }
        }
        named.name = Cow::Owned(named.schemas[0].0.clone());
        named
    }
}

/// Whether a type is only ever sent.
fn is_name_of_body(name: &str) -> bool {
    name.ends_with("Body") || name.ends_with("Patch")
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
    analysis_status: analysis::AnalysisStatus,
    call_attempt_status: call_attempt::CallAttemptStatus,
    candidate_status: candidate::CandidateStatus,
    cefr_level: language::CefrLevel,
    company_fit: analysis::CompanyFit,
    contract_type: job::ContractType,
    education: job::Education,
    experience: job::Experience,
    interview_status: interview::InterviewStatus,
    invitation_status: invitation::InvitationStatus,
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

/// The status of an invitation that can be accepted.
pub fn pending_invitation() -> Object {
    one_of([invitation::InvitationStatus::Pending.as_str()])
}

/// The statuses of an invitation that cannot be accepted any more.
pub fn ended_invitation() -> Object {
    let all = invitation::InvitationStatus::ALL.iter();
    one_of(
        all.filter(|status| **status != invitation::InvitationStatus::Pending).map(|status| status.as_str()),
    )
}

/// An array of policies.
pub fn policies() -> Array {
    ArrayBuilder::new().items(policy()).build()
}

/// Any JSON value: what a policy's own interface says of it stands in its WIT package.
pub fn anything() -> Object {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).build()
}

/// `true`.
pub fn always_true() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([true])).build()
}

/// `null`.
pub fn nothing() -> Object {
    ObjectBuilder::new().schema_type(Type::Null).build()
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
