//! Jobs as partners are shown them.

use serde::Serialize;
use serde_json::Number;
use switchboard_domain::id::{CompanyId, JobId};
use switchboard_domain::job::{
    ContractType, Experience, Job, JobLocation, LanguageRequirement, Salary, SalaryPeriod, WorkMode,
};
use switchboard_domain::text::{CountryCode, CurrencyCode, WebUrl};
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;

use super::skills;
use crate::http::schema::{self, Json, Text};

/// A language that a job needs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LanguageRequirement)]
pub struct LanguageRequirementView {
    #[schema(schema_with = schema::language)]
    language: &'static str,
    #[schema(schema_with = schema::cefr_level)]
    proficiency: &'static str,
}

/// Where a job is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JobLocation)]
pub struct LocationView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::work_mode)]
    work_mode: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, max_length = 200)]
    street: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, max_length = 200)]
    city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, max_length = 200)]
    postal_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::CountryCodes)]
    country_code: Option<&'a str>,
}

/// What a job pays. `min` is at most `max`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Salary)]
pub struct SalaryView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    min: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64, minimum = 0)]
    max: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = schema::CurrencyCodes)]
    currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::salary_period)]
    period: Option<&'static str>,
}

/// A job of a company.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Job, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000001",
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "title": "Forklift driver",
    "description": "Loads and unloads containers in three shifts.",
    "status": "OPEN",
    "jobUrl": "https://kowalski.example/jobs/17",
    "benefits": "Private health care.",
    "requiredSkills": ["Forklift licence"],
    "niceToHaveSkills": ["First aid"],
    "languageRequirements": [{"language": "PL", "proficiency": "B2"}],
    "education": ["SECONDARY_WITH_DIPLOMA"],
    "experience": "ONE_TO_3_YEARS",
    "contractType": "FULL_TIME",
    "location": {
        "workMode": "ONSITE",
        "street": "Portowa 5",
        "city": "Gdańsk",
        "postalCode": "80-001",
        "countryCode": "PL"
    },
    "salary": {"min": 5200, "max": 6100.5, "currency": "PLN", "period": "MONTHLY"},
    "metadata": {"requisitionPriority": 3},
    "createdAt": "2026-04-02T08:00:00.000Z",
    "updatedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct JobView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<JobId>,
    #[schema(value_type = String, format = "uuid")]
    company_id: Text<CompanyId>,
    title: &'a str,
    description: &'a str,
    #[schema(schema_with = schema::job_status)]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uri")]
    job_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    benefits: Option<&'a str>,
    #[schema(schema_with = skills)]
    required_skills: &'a [String],
    #[schema(schema_with = skills)]
    nice_to_have_skills: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<LanguageRequirementView>)]
    language_requirements: Option<Vec<LanguageRequirementView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::educations)]
    education: Option<Vec<&'static str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::experience)]
    experience: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = schema::contract_type)]
    contract_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = LocationView<'static>)]
    location: Option<LocationView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = SalaryView<'static>)]
    salary: Option<SalaryView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    metadata: Option<Json<'a>>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Text<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Text<Timestamp>,
}

/// A job as partners see it.
#[must_use]
pub fn view(job: &Job) -> JobView<'_> {
    let body = &job.body;
    JobView {
        id: Text(job.id),
        company_id: Text(job.company_id),
        title: &body.title,
        description: &body.description,
        status: body.status.as_str(),
        job_url: body.job_url.as_ref().map(WebUrl::as_str),
        benefits: body.benefits.as_deref(),
        required_skills: &body.required_skills,
        nice_to_have_skills: &body.nice_to_have_skills,
        language_requirements: body.language_requirements.as_deref().map(language_requirements_view),
        education: body.education.as_ref().map(|levels| levels.iter().map(|level| level.as_str()).collect()),
        experience: body.experience.map(Experience::as_str),
        contract_type: body.contract_type.map(ContractType::as_str),
        location: body.location.as_ref().map(location_view),
        salary: body.salary.as_ref().map(salary_view),
        metadata: body.metadata.as_ref().map(Json::from),
        created_at: Text(job.created_at),
        updated_at: Text(job.updated_at),
    }
}

fn language_requirements_view(requirements: &[LanguageRequirement]) -> Vec<LanguageRequirementView> {
    let view = |requirement: &LanguageRequirement| LanguageRequirementView {
        language: requirement.language.as_str(),
        proficiency: requirement.proficiency.as_str(),
    };
    requirements.iter().map(view).collect()
}

fn location_view(location: &JobLocation) -> LocationView<'_> {
    LocationView {
        work_mode: location.work_mode.map(WorkMode::as_str),
        street: location.street.as_deref(),
        city: location.city.as_deref(),
        postal_code: location.postal_code.as_deref(),
        country_code: location.country_code.as_ref().map(CountryCode::as_str),
    }
}

fn salary_view(salary: &Salary) -> SalaryView<'_> {
    SalaryView {
        min: salary.min.and_then(schema::shortest_number),
        max: salary.max.and_then(schema::shortest_number),
        currency: salary.currency.as_ref().map(CurrencyCode::as_str),
        period: salary.period.map(SalaryPeriod::as_str),
    }
}
