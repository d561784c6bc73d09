//! Jobs on the wire: what partners ask and send. What they are shown is the module `view`'s.

mod view;

use serde_json::Value;
use switchboard_domain::bounds::{
    EDUCATION_MAX, JOB_BENEFITS_CHARS, JOB_DESCRIPTION_CHARS, JOB_TITLE_CHARS, LANGUAGE_REQUIREMENTS_MAX,
    LOCATION_TEXT_CHARS, SKILL_CHARS, SKILLS_MAX,
};
use switchboard_domain::id::CompanyId;
use switchboard_domain::job::{
    ContractType, Education, Experience, Job, JobDraft, JobLocation, JobStatus, LanguageRequirement, Salary,
    SalaryPeriod, WorkMode, check_amount, check_salary, check_skills,
};
use switchboard_domain::language::{CefrLevel, Language};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::text::{CountryCode, CurrencyCode, WebUrl};
use switchboard_domain::time::Timestamp;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::body::{self, Fields, Read, chars, number, text};
use super::query::Query;
use super::resource::{Listed, Noun, Posted};
use super::schema;
use crate::app::job::JobFilter;
use crate::app::{self, App, Page, PageRequest};

pub use self::view::{JobView, LanguageRequirementView, LocationView, SalaryView, view};

// What partners can ask.

impl Noun for Job {
    type View<'a> = JobView<'a>;

    fn view(job: &Job) -> JobView<'_> {
        view(job)
    }

    fn revision(job: &Job) -> u64 {
        job.revision
    }

    fn read_change(&self, body: &Value, _now: Timestamp) -> Result<JobDraft, Problems> {
        read_change(&self.body, body)
    }
}

impl Posted for Job {
    fn read_new(body: &Value, _now: Timestamp) -> Result<JobDraft, Problems> {
        read(body)
    }
}

impl Listed for Job {
    type Filter = JobFilter;

    fn filter(query: &Query, problems: &mut Problems) -> JobFilter {
        JobFilter { status: query.read("status", problems, JobStatus::parse), search: query.search(problems) }
    }

    fn page(
        app: &App,
        company_id: CompanyId,
        filter: &JobFilter,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<Job>, app::Error>> + Send {
        app::job::list(app, company_id, filter, page)
    }
}

// Wire types in.

/// What a new job is made of.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
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
    "metadata": {"requisitionPriority": 3}
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct JobBody {
    #[schema(min_length = 5, max_length = 200)]
    title: String,
    #[schema(min_length = 10, max_length = 5000)]
    description: String,
    #[schema(schema_with = schema::job_status)]
    status: Option<String>,
    #[schema(min_length = 1, max_length = 2048, format = "uri")]
    job_url: Option<String>,
    #[schema(max_length = 5000)]
    benefits: Option<String>,
    /// Together with `niceToHaveSkills` at most 10.
    #[schema(schema_with = skills)]
    required_skills: Option<Vec<String>>,
    /// Together with `requiredSkills` at most 10.
    #[schema(schema_with = skills)]
    nice_to_have_skills: Option<Vec<String>>,
    #[schema(max_items = 5)]
    language_requirements: Option<Vec<LanguageRequirementView>>,
    #[schema(schema_with = schema::educations)]
    education: Option<Vec<String>>,
    #[schema(schema_with = schema::experience)]
    experience: Option<String>,
    #[schema(schema_with = schema::contract_type)]
    contract_type: Option<String>,
    location: Option<LocationView<'static>>,
    salary: Option<SalaryView<'static>>,
    /// At most 10,240 bytes as compact JSON, 5 levels, 50 keys in all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// What is changed of a job.
#[derive(Debug)]
pub struct JobPatch;

impl PartialSchema for JobPatch {
    fn schema() -> RefOr<Schema> {
        schema::partial(JobBody::schema(), "What is changed of a job. What is not sent stays, `null` clears.")
    }
}

impl ToSchema for JobPatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        JobBody::schemas(schemas);
    }
}

/// A new job inside an interview: `jobTitle` may stand for `title`.
#[derive(Debug)]
pub struct InlineJobBody;

impl PartialSchema for InlineJobBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = JobBody::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.retain(|name| name != "title");
            if let Some(title) = object.properties.get("title").cloned() {
                object.properties.insert("jobTitle".to_owned(), title);
            }
            object.description =
                Some("A new job; `jobTitle` may stand for `title`, one of them is required.".to_owned());
        }
        schema
    }
}

impl ToSchema for InlineJobBody {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        JobBody::schemas(schemas);
    }
}

/// Reads the body of a new job.
///
/// # Errors
/// Every problem of it.
pub fn read(body: &Value) -> Result<JobDraft, Problems> {
    body::read(body, |fields| {
        let title = fields.required("title", chars(JOB_TITLE_CHARS));
        draft(fields, title, None)
    })
}

/// Reads a partial update of a job.
///
/// # Errors
/// Every problem of it, and of the result.
pub fn read_change(kept: &JobDraft, body: &Value) -> Result<JobDraft, Problems> {
    body::read(body, |fields| {
        let title = fields.required_or("title", Some(&kept.title), chars(JOB_TITLE_CHARS));
        draft(fields, title, Some(kept))
    })
}

/// Reads a new job inside another body.
///
/// # Errors
/// Noted.
pub fn inline(fields: &mut Fields<'_>) -> Read<JobDraft> {
    let title = either_title(fields);
    draft(fields, title, None)
}

fn either_title(fields: &mut Fields<'_>) -> Read<String> {
    let title = fields.optional("title", chars(JOB_TITLE_CHARS));
    let older = fields.optional("jobTitle", chars(JOB_TITLE_CHARS));
    match (title?, older?) {
        (Some(title), Some(older)) if title != older => {
            Err(fields.refuse(&["title", "jobTitle"], &Flaw::invalid("must be the same when both are sent")))
        }
        (Some(title), _) | (None, Some(title)) => Ok(title),
        (None, None) => Err(fields.refuse(&["title", "jobTitle"], &Flaw::missing())),
    }
}

/// A job over what is kept of it; of a new one nothing is.
fn draft(fields: &mut Fields<'_>, title: Read<String>, kept: Option<&JobDraft>) -> Read<JobDraft> {
    let description =
        fields.required_or("description", kept.map(|job| &job.description), chars(JOB_DESCRIPTION_CHARS));
    let status = fields.optional_or("status", kept.map(|job| &job.status), text(JobStatus::parse));
    let job_url =
        fields.optional_or("jobUrl", kept.and_then(|job| job.job_url.as_ref()), text(WebUrl::parse));
    let benefits =
        fields.optional_or("benefits", kept.and_then(|job| job.benefits.as_ref()), chars(JOB_BENEFITS_CHARS));
    let skills = skills_together(fields, kept);
    let language_requirements = fields.objects_or(
        "languageRequirements",
        kept.and_then(|job| job.language_requirements.as_ref()),
        0..=LANGUAGE_REQUIREMENTS_MAX,
        language_requirement,
    );
    let education = fields.list_or(
        "education",
        kept.and_then(|job| job.education.as_ref()),
        0..=EDUCATION_MAX,
        text(Education::parse),
    );
    let experience = fields.optional_or(
        "experience",
        kept.and_then(|job| job.experience.as_ref()),
        text(Experience::parse),
    );
    let contract_type = fields.optional_or(
        "contractType",
        kept.and_then(|job| job.contract_type.as_ref()),
        text(ContractType::parse),
    );
    let location = fields.object_or("location", kept.and_then(|job| job.location.as_ref()), location);
    let salary = fields.object_or("salary", kept.and_then(|job| job.salary.as_ref()), salary);
    let metadata =
        fields.optional_or("metadata", kept.and_then(|job| job.metadata.as_ref()), Metadata::check);
    let (required_skills, nice_to_have_skills) = skills?;
    Ok(JobDraft {
        title: title?,
        description: description?,
        status: status?.unwrap_or(JobStatus::Open),
        job_url: job_url?,
        benefits: benefits?,
        required_skills,
        nice_to_have_skills,
        language_requirements: language_requirements?,
        education: education?,
        experience: experience?,
        contract_type: contract_type?,
        location: location?,
        salary: salary?,
        metadata: metadata?,
    })
}

fn skills_together(fields: &mut Fields<'_>, kept: Option<&JobDraft>) -> Read<(Vec<String>, Vec<String>)> {
    let kept_required = kept.map(|job| &job.required_skills);
    let required = fields.list_or("requiredSkills", kept_required, 0..=SKILLS_MAX, chars(SKILL_CHARS));
    let kept_nice = kept.map(|job| &job.nice_to_have_skills);
    let nice_to_have = fields.list_or("niceToHaveSkills", kept_nice, 0..=SKILLS_MAX, chars(SKILL_CHARS));
    let (required, nice_to_have) = (required?.unwrap_or_default(), nice_to_have?.unwrap_or_default());
    fields.rule(|base, problems| check_skills(base, required.len(), nice_to_have.len(), problems))?;
    Ok((required, nice_to_have))
}

fn language_requirement(fields: &mut Fields<'_>) -> Read<LanguageRequirement> {
    let language = fields.required("language", text(Language::parse));
    let proficiency = fields.required("proficiency", text(CefrLevel::parse));
    Ok(LanguageRequirement { language: language?, proficiency: proficiency? })
}

fn location(fields: &mut Fields<'_>) -> Read<JobLocation> {
    let work_mode = fields.optional("workMode", text(WorkMode::parse));
    let street = fields.optional("street", chars(LOCATION_TEXT_CHARS));
    let city = fields.optional("city", chars(LOCATION_TEXT_CHARS));
    let postal_code = fields.optional("postalCode", chars(LOCATION_TEXT_CHARS));
    let country_code = fields.optional("countryCode", text(CountryCode::parse));
    Ok(JobLocation {
        work_mode: work_mode?,
        street: street?,
        city: city?,
        postal_code: postal_code?,
        country_code: country_code?,
    })
}

fn salary(fields: &mut Fields<'_>) -> Read<Salary> {
    let min = fields.optional("min", amount);
    let max = fields.optional("max", amount);
    let currency = fields.optional("currency", text(CurrencyCode::parse));
    let period = fields.optional("period", text(SalaryPeriod::parse));
    let salary = Salary { min: min?, max: max?, currency: currency?, period: period? };
    fields.rule(|base, problems| check_salary(base, &salary, problems))?;
    Ok(salary)
}

fn amount(value: &Value) -> Result<f64, Flaw> {
    number(value).and_then(check_amount)
}

fn skills() -> Array {
    let skill = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(*SKILL_CHARS.start()))
        .max_length(Some(*SKILL_CHARS.end()));
    ArrayBuilder::new().items(skill).max_items(Some(SKILLS_MAX)).build()
}

#[cfg(test)]
mod tests;
