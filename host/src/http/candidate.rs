//! Candidates on the wire.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use switchboard_domain::bounds::{JOB_IDS_COUNT, PERSON_NAME_CHARS};
use switchboard_domain::candidate::{
    Candidate, CandidateChange, CandidateDraft, CandidateInput, CandidateStatus, check_contact,
    check_gdpr_expiry,
};
use switchboard_domain::id::{CandidateId, CompanyId, JobId};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::phone_number::PhoneNumber;
use switchboard_domain::problem::Problems;
use switchboard_domain::text::EmailAddress;
use switchboard_domain::time::{Timestamp, parse_calendar_date};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::body::{self, Fields, Read, chars, id, is_there, text};
use super::query::Query;
use super::resource::{Listed, Noun, Posted};
use super::schema::{self, Json, Text};
use crate::app::candidate::{CandidateFilter, Counted};
use crate::app::{self, App, Page, PageRequest};

// What partners can ask.

impl Noun for Candidate {
    type View<'a> = CandidateView<'a>;

    fn view(counted: &Counted) -> CandidateView<'_> {
        let counts = Counts { interviews: counted.interview_count, analyses: counted.analysis_count };
        view(&counted.candidate, counts)
    }

    fn revision(counted: &Counted) -> u64 {
        counted.candidate.revision
    }

    fn read_change(&self, body: &Value, now: Timestamp) -> Result<CandidateChange, Problems> {
        read_change(self, body, now)
    }
}

impl Posted for Candidate {
    fn read_new(body: &Value, now: Timestamp) -> Result<CandidateInput, Problems> {
        read(body, now)
    }
}

impl Listed for Candidate {
    type Filter = CandidateFilter;

    fn filter(query: &Query, problems: &mut Problems) -> CandidateFilter {
        CandidateFilter {
            job_id: query.id("jobId", problems),
            status: query.read("status", problems, CandidateStatus::parse),
            search: query.search(problems),
        }
    }

    fn page(
        app: &App,
        company_id: CompanyId,
        filter: &CandidateFilter,
        page: &PageRequest,
    ) -> impl Future<Output = Result<Page<Counted>, app::Error>> + Send {
        app::candidate::list(app, company_id, filter, page)
    }
}

// Wire types in.

/// What a new candidate is made of. At least one of `email` and `phoneNumber` is required.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "firstName": "Ada",
    "lastName": "Nowak",
    "email": "ada@nowak.example",
    "phoneNumber": "+48501234567",
    "gdprExpiryDate": "2099-12-31",
    "jobIds": ["01960e6a-7c00-7000-8000-000000000001"],
    "metadata": {"source": "career fair"}
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct CandidateBody {
    #[schema(min_length = 1, max_length = 100)]
    first_name: String,
    #[schema(min_length = 1, max_length = 100)]
    last_name: String,
    /// This or `phoneNumber` is required.
    #[schema(min_length = 1, max_length = 254, format = "email")]
    email: Option<String>,
    /// E.164. This or `email` is required; phone interviews need it.
    #[schema(example = "+48501234567", format = "phone-number", pattern = "^\\+[1-9][0-9]{3,14}$")]
    phone_number: Option<String>,
    /// Until when the candidate's data may be kept: `YYYY-MM-DD`, in the future.
    #[schema(format = "future-date", pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}", example = "2099-12-31")]
    gdpr_expiry_date: String,
    /// Jobs of the company that the candidate is assigned to.
    #[schema(value_type = Option<Vec<String>>, format = "uuid", min_items = 1, max_items = 50)]
    job_ids: Option<Vec<JobId>>,
    /// The older form of `jobIds` for a single job; `jobIds` wins.
    #[schema(value_type = Option<String>, format = "uuid")]
    #[deprecated]
    job_id: Option<JobId>,
    /// At most 10,240 bytes as compact JSON, 5 levels, 50 keys in all.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}

/// What is changed of a candidate.
#[derive(Debug)]
pub struct CandidatePatch;

impl PartialSchema for CandidatePatch {
    fn schema() -> RefOr<Schema> {
        let text = "What is changed of a candidate. What is not sent stays, `null` clears; `email` or `phoneNumber` \
                    must remain. `jobIds` replaces the assignments and may be empty.";
        let mut whole = schema::partial(CandidateBody::schema(), text);
        if let RefOr::T(Schema::Object(object)) = &mut whole {
            object.properties.insert("status".to_owned(), schema::candidate_status().into());
            if let Some(RefOr::T(Schema::Array(job_ids))) = object.properties.get_mut("jobIds") {
                job_ids.min_items = None;
            }
            if let Some(example) = &mut object.example {
                example["status"] = CandidateStatus::InProcess.as_str().into();
            }
        }
        whole
    }
}

impl ToSchema for CandidatePatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CandidateBody::schemas(schemas);
    }
}

/// Reads the body of a new candidate.
///
/// # Errors
/// Every problem of it.
pub fn read(body: &Value, now: Timestamp) -> Result<CandidateInput, Problems> {
    body::read(body, |fields| input(fields, now))
}

/// Reads a new candidate, also inside another body.
///
/// # Errors
/// Noted.
pub fn input(fields: &mut Fields<'_>, now: Timestamp) -> Read<CandidateInput> {
    let draft = person(fields, None, now);
    let job_ids = fields.list("jobIds", JOB_IDS_COUNT, id::<JobId>);
    let job_id = fields.optional("jobId", id::<JobId>);
    Ok(CandidateInput { draft: draft?, job_ids: job_ids?.unwrap_or_default(), job_id: job_id? })
}

/// Reads a partial update of a candidate.
///
/// # Errors
/// Every problem of it, and of the result.
pub fn read_change(kept: &Candidate, body: &Value, now: Timestamp) -> Result<CandidateChange, Problems> {
    body::read(body, |fields| {
        let draft = person(fields, Some(&kept.body), now);
        let status = fields.required_or("status", Some(&kept.status), text(CandidateStatus::parse));
        let named_jobs = named_jobs(fields);
        Ok(CandidateChange { body: draft?, status: status?, named_jobs: named_jobs? })
    })
}

/// All but assignments and status, over what is kept of a candidate; of a new one nothing is.
fn person(fields: &mut Fields<'_>, kept: Option<&CandidateDraft>, now: Timestamp) -> Read<CandidateDraft> {
    let first_name =
        fields.required_or("firstName", kept.map(|person| &person.first_name), chars(PERSON_NAME_CHARS));
    let last_name =
        fields.required_or("lastName", kept.map(|person| &person.last_name), chars(PERSON_NAME_CHARS));
    let email =
        fields.optional_or("email", kept.and_then(|person| person.email.as_ref()), text(EmailAddress::parse));
    let phone_number = fields.optional_or(
        "phoneNumber",
        kept.and_then(|person| person.phone_number.as_ref()),
        text(PhoneNumber::parse),
    );
    let (has_email, has_phone_number) = (is_there(&email), is_there(&phone_number));
    let contact = fields.rule(|base, problems| check_contact(base, has_email, has_phone_number, problems));
    let gdpr_expiry_date = fields.required_or(
        "gdprExpiryDate",
        kept.map(|person| &person.gdpr_expiry_date),
        text(|text| check_gdpr_expiry(parse_calendar_date(text)?, now)),
    );
    let metadata =
        fields.optional_or("metadata", kept.and_then(|person| person.metadata.as_ref()), Metadata::check);
    contact?;
    Ok(CandidateDraft {
        first_name: first_name?,
        last_name: last_name?,
        email: email?,
        phone_number: phone_number?,
        gdpr_expiry_date: gdpr_expiry_date?,
        metadata: metadata?,
    })
}

/// The assignments that replace those there are, with their paths: `jobIds`, which win and may be empty, or else
/// `jobId`, the older form for one. `null` takes them away.
fn named_jobs(fields: &mut Fields<'_>) -> Read<Option<Vec<(String, JobId)>>> {
    let listed = fields.list("jobIds", 0..=*JOB_IDS_COUNT.end(), id::<JobId>);
    let single = fields.optional("jobId", id::<JobId>);
    let (listed, single) = (listed?.unwrap_or_default(), single?);
    if fields.is_named("jobIds") {
        let paths = listed.into_iter().enumerate();
        return Ok(Some(paths.map(|(index, id)| (format!("jobIds[{index}]"), id)).collect()));
    }
    let single = single.map(|id| ("jobId".to_owned(), id)).into_iter().collect();
    Ok(fields.is_named("jobId").then_some(single))
}

// Wire types out.

/// Where a candidate's lists are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CandidateLinks)]
pub struct LinksView {
    #[schema(example = "/candidates/01960e6a-7c00-7000-8000-000000000002/interviews")]
    interviews: String,
    #[schema(example = "/candidates/01960e6a-7c00-7000-8000-000000000002/analyses")]
    analyses: String,
}

/// Somebody who applied.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Candidate, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000002",
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "firstName": "Ada",
    "lastName": "Nowak",
    "email": "ada@nowak.example",
    "phoneNumber": "+48501234567",
    "gdprExpiryDate": "2099-12-31",
    "jobId": "01960e6a-7c00-7000-8000-000000000001",
    "jobIds": ["01960e6a-7c00-7000-8000-000000000001"],
    "status": "APPLIED",
    "interviewCount": 0,
    "analysisCount": 0,
    "links": {
        "interviews": "/candidates/01960e6a-7c00-7000-8000-000000000002/interviews",
        "analyses": "/candidates/01960e6a-7c00-7000-8000-000000000002/analyses"
    },
    "metadata": {"source": "career fair"},
    "createdAt": "2026-04-02T08:00:00.000Z",
    "updatedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct CandidateView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<CandidateId>,
    #[schema(value_type = String, format = "uuid")]
    company_id: Text<CompanyId>,
    first_name: &'a str,
    last_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "email")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, example = "+48501234567", format = "phone-number")]
    phone_number: Option<&'a str>,
    #[schema(value_type = String, format = "date")]
    gdpr_expiry_date: Text<NaiveDate>,
    /// The first assignment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    job_id: Option<Text<JobId>>,
    /// In the order of assignment.
    #[schema(value_type = Vec<String>, format = "uuid", max_items = 50)]
    job_ids: Vec<Text<JobId>>,
    #[schema(schema_with = schema::candidate_status)]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u8, maximum = 100)]
    overall_rating: Option<u8>,
    interview_count: u64,
    analysis_count: u64,
    links: LinksView,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    metadata: Option<Json<'a>>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Text<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Text<Timestamp>,
}

/// What a candidate's own record does not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// How many interviews the candidate has, in any status.
    pub interviews: u64,
    /// How many of them have an analysis.
    pub analyses: u64,
}

/// A candidate as partners see them.
#[must_use]
pub fn view(candidate: &Candidate, counts: Counts) -> CandidateView<'_> {
    let body = &candidate.body;
    CandidateView {
        id: Text(candidate.id),
        company_id: Text(candidate.company_id),
        first_name: &body.first_name,
        last_name: &body.last_name,
        email: body.email.as_ref().map(EmailAddress::as_str),
        phone_number: body.phone_number.as_ref().map(PhoneNumber::as_str),
        gdpr_expiry_date: Text(body.gdpr_expiry_date),
        job_id: candidate.job_ids.first().copied().map(Text),
        job_ids: candidate.job_ids.iter().copied().map(Text).collect(),
        status: candidate.status.as_str(),
        overall_rating: candidate.overall_rating,
        interview_count: counts.interviews,
        analysis_count: counts.analyses,
        links: LinksView {
            interviews: format!("/candidates/{}/interviews", candidate.id),
            analyses: format!("/candidates/{}/analyses", candidate.id),
        },
        metadata: body.metadata.as_ref().map(Json::from),
        created_at: Text(candidate.created_at),
        updated_at: Text(candidate.updated_at),
    }
}

#[cfg(test)]
mod tests;
