//! Candidates on the wire.

use super::dispatch::{page_request, page_view, rendered};
use super::page::Listing;
use super::problem::Failure;
use super::{Call, Reply};
use crate::app::candidate::CandidateFilter;
use crate::app::candidate::{Counted, NamedJob};
use crate::app::{self, App, Write};
use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;
use switchboard_domain::bounds::{JOB_IDS_COUNT, PERSON_NAME_CHARS};
use switchboard_domain::candidate::CandidateStatus;
use switchboard_domain::candidate::{
    Candidate, CandidateDraft, CandidateInput, check_contact, check_gdpr_expiry,
};
use switchboard_domain::id::{CandidateId, CompanyId, JobId};
use switchboard_domain::metadata::Metadata;
use switchboard_domain::phone_number::PhoneNumber;
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::EmailAddress;
use switchboard_domain::time::{Timestamp, parse_calendar_date};
use utoipa::ToSchema;

use super::body::{self, Fields, Read, chars, id, text};
use super::schema::{self, Text};

// What partners can ask.

pub(crate) async fn create(app: &App, call: &Call, write: Write) -> Result<Reply, Failure> {
    let company_id = call.company_only(app)?;
    let now = write.now;
    let input = read(&call.request.json()?, now).map_err(Rejection::Invalid)?;
    let jobs = input.named_jobs().into_iter().map(|(path, id)| NamedJob { path, id }).collect();
    let render = move |counted: &Counted| rendered(Reply::created(&counted_view(counted), now));
    Ok(app::candidate::create(app, company_id, input.draft, jobs, write, render).await?.into())
}

pub(crate) fn get(app: &App, call: &Call) -> Result<Reply, Failure> {
    let (named, id) = call.resource()?;
    let counted = app::candidate::get(app, &call.caller, named, id)?;
    Ok(Reply::ok(&counted_view(&counted), call.request.now))
}

pub(crate) async fn list(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let query = &call.request.query;
    let named = call.named_company(&mut problems);
    let filter = CandidateFilter {
        job_id: query.id("jobId", &mut problems),
        status: query.read("status", &mut problems, CandidateStatus::parse),
        search: query.search(&mut problems),
    };
    let listing = Listing::read(query, &mut problems);
    let company_id = call.company(app, named, problems)?;
    let page = app::candidate::list(app, company_id, &filter, &page_request(&listing)).await?;
    Ok(Reply::ok(&page_view(&listing, &page, counted_view), call.request.now))
}

fn counted_view(counted: &Counted) -> CandidateView<'_> {
    let counts = Counts { interviews: counted.interview_count, analyses: counted.analysis_count };
    view(&counted.candidate, counts)
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
    "jobId": "01960e6a-7c00-7000-8000-000000000001",
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
    #[schema(example = "+48501234567")]
    phone_number: Option<String>,
    /// Until when the candidate's data may be kept; in the future.
    #[schema(format = "date")]
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
    let first_name = fields.required("firstName", chars(PERSON_NAME_CHARS));
    let last_name = fields.required("lastName", chars(PERSON_NAME_CHARS));
    let email = fields.optional("email", text(EmailAddress::parse));
    let phone_number = fields.optional("phoneNumber", text(PhoneNumber::parse));
    let (is_email_sent, is_phone_sent) = (fields.is_sent("email"), fields.is_sent("phoneNumber"));
    let contact = fields.rule(|base, problems| check_contact(base, is_email_sent, is_phone_sent, problems));
    let gdpr_expiry_date =
        fields.required("gdprExpiryDate", text(|text| check_gdpr_expiry(parse_calendar_date(text)?, now)));
    let job_ids = fields.list("jobIds", JOB_IDS_COUNT, id::<JobId>);
    let job_id = fields.optional("jobId", id::<JobId>);
    let metadata = fields.optional("metadata", Metadata::check);
    contact?;
    Ok(CandidateInput {
        draft: CandidateDraft {
            first_name: first_name?,
            last_name: last_name?,
            email: email?,
            phone_number: phone_number?,
            gdpr_expiry_date: gdpr_expiry_date?,
            metadata: metadata?,
        },
        job_ids: job_ids?.unwrap_or_default(),
        job_id: job_id?,
    })
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
#[schema(as = Candidate)]
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
    #[schema(value_type = String, example = "+48501234567")]
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
    metadata: Option<Value>,
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
        metadata: body.metadata.as_ref().map(Metadata::to_value),
        created_at: Text(candidate.created_at),
        updated_at: Text(candidate.updated_at),
    }
}

#[cfg(test)]
mod tests;
