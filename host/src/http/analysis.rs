//! Analyses on the wire: what the dialler's side delivers, what partners see and print.

mod pdf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::Value;
use switchboard_domain::analysis::{Analysis, AnalysisDraft, AnalysisStatus, CompanyFit, Evaluation};
use switchboard_domain::bounds::{
    ANALYSIS_POINT_CHARS, ANALYSIS_POINTS_MAX, ANALYSIS_SPECIFIC_BYTES_MAX, CRITERION_CHARS,
    EVALUATION_COMMENT_CHARS, RATING,
};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::id::{AnalysisId, InterviewId};
use switchboard_domain::interview::Interview;
use switchboard_domain::job::{Education, Experience};
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, ObjectBuilder, Type};

use super::body::{self, Fields, Read, chars, text, whole};
use super::dispatch::{page_request, page_view};
use super::page::Listing;
use super::problem::Failure;
use super::schema::{self, Text};
use super::{Call, Reply, dialler, resource};
use crate::app::{self, App};

// What diallers and partners can ask.

pub(crate) async fn put(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    let id: InterviewId = dialler::path_id(call)?;
    app::lease::look_for_interview(app, &call.caller, id)?;
    call.receive().await?;
    let draft = read(&call.request.json()?).map_err(Rejection::Invalid)?;
    let analysis = app::analysis::put(app, &call.caller, id, draft, call.request.now).await?;
    Ok(Reply::ok(&view(&analysis), call.request.now))
}

/// `GET /candidates/{id}/analyses`, a path in a candidate's `links`.
pub(crate) async fn list_of_candidate(app: &App, call: &Call) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let listing = Listing::read(&call.request.query, &mut problems);
    let aim = resource::aim::<Candidate>(call, problems)?;
    let page = app::analysis::list_of_candidate(app, &aim, &page_request(&listing)).await?;
    Ok(Reply::ok(&page_view(&listing, &page, view), call.request.now))
}

pub(crate) async fn get_pdf(app: &App, call: &Call) -> Result<Reply, Failure> {
    let aim = resource::aim::<Interview>(call, Problems::default())?;
    let report = app::analysis::report(app, &aim)?;
    // Milliseconds of work for the longest: not on a thread that others' requests wait for.
    let printed = tokio::task::spawn_blocking(move || pdf::render(&report)).await;
    let printed = printed.map_err(|error| Failure::Internal(format!("a report was not printed: {error}")))?;
    let view = AnalysisPdfView { analysis_pdf_base64: STANDARD.encode(printed) };
    Ok(Reply::ok(&view, call.request.now))
}

// Wire types in.

/// What an interview has told about the candidate.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "general": {
        "overallRating": 82,
        "companyFitRating": "HIGH",
        "education": "BACHELOR_LEVEL",
        "experience": "THREE_TO_5_YEARS",
        "strongPoints": ["Speaks clearly about earlier work."],
        "weakPoints": ["Has not worked in shifts before."],
        "evaluation": [{"criterion": "Motivation", "rating": 90, "comment": "Knows the company."}],
        "status": "COMPLETED"
    },
    "specific": {"availableFrom": "2026-05-01"}
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct AnalysisBody {
    general: GeneralBody,
    /// What only this kind of interview has: at most 65,536 bytes as compact JSON.
    #[schema(value_type = Option<Object>)]
    specific: Option<Value>,
}

/// What every analysis has.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AnalysisGeneralBody)]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct GeneralBody {
    #[schema(minimum = 0, maximum = 100)]
    overall_rating: u8,
    #[schema(schema_with = schema::company_fit)]
    company_fit_rating: String,
    #[schema(schema_with = schema::education)]
    education: String,
    #[schema(schema_with = schema::experience)]
    experience: String,
    #[schema(schema_with = points_schema)]
    strong_points: Vec<String>,
    #[schema(schema_with = points_schema)]
    weak_points: Vec<String>,
    #[schema(max_items = 50)]
    evaluation: Vec<EvaluationBody>,
    #[schema(schema_with = schema::analysis_status)]
    status: String,
}

fn points_schema() -> Array {
    let (min, max) = (*ANALYSIS_POINT_CHARS.start(), *ANALYSIS_POINT_CHARS.end());
    let point = ObjectBuilder::new().schema_type(Type::String).min_length(Some(min)).max_length(Some(max));
    ArrayBuilder::new().items(point).max_items(Some(ANALYSIS_POINTS_MAX)).build()
}

/// One criterion, judged.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = EvaluationBody)]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct EvaluationBody {
    #[schema(min_length = 1, max_length = 200)]
    criterion: String,
    #[schema(minimum = 0, maximum = 100)]
    rating: u8,
    #[schema(max_length = 2000)]
    comment: String,
}

/// Reads the body of an analysis.
///
/// # Errors
/// Every problem of it.
pub fn read(body: &Value) -> Result<AnalysisDraft, Problems> {
    body::read(body, |fields| {
        let general = fields.object("general", general);
        let general = general.and_then(|general| fields.must_be_given("general", general));
        let specific = fields.optional("specific", specific);
        Ok(AnalysisDraft { specific: specific?, ..general? })
    })
}

fn general(fields: &mut Fields<'_>) -> Read<AnalysisDraft> {
    let overall_rating = fields.required("overallRating", rating);
    let company_fit = fields.required("companyFitRating", text(CompanyFit::parse));
    let education = fields.required("education", text(Education::parse));
    let experience = fields.required("experience", text(Experience::parse));
    let strong_points = points(fields, "strongPoints");
    let weak_points = points(fields, "weakPoints");
    let evaluation = fields.objects_or("evaluation", None, 0..=ANALYSIS_POINTS_MAX, evaluation);
    let evaluation = evaluation.and_then(|evaluation| fields.must_be_given("evaluation", evaluation));
    let status = fields.required("status", text(AnalysisStatus::parse));
    Ok(AnalysisDraft {
        overall_rating: overall_rating?,
        company_fit: company_fit?,
        education: education?,
        experience: experience?,
        strong_points: strong_points?,
        weak_points: weak_points?,
        evaluation: evaluation?,
        status: status?,
        specific: None,
    })
}

fn points(fields: &mut Fields<'_>, name: &str) -> Read<Vec<String>> {
    let points = fields.list(name, 0..=ANALYSIS_POINTS_MAX, chars(ANALYSIS_POINT_CHARS));
    points.and_then(|points| fields.must_be_given(name, points))
}

fn evaluation(fields: &mut Fields<'_>) -> Read<Evaluation> {
    let criterion = fields.required("criterion", chars(CRITERION_CHARS));
    let rating = fields.required("rating", rating);
    let comment = fields.required("comment", chars(EVALUATION_COMMENT_CHARS));
    Ok(Evaluation { criterion: criterion?, rating: rating?, comment: comment? })
}

fn rating(value: &Value) -> Result<u8, Flaw> {
    // The bound is far inside of a byte.
    whole(RATING)(value).map(|rating| u8::try_from(rating).unwrap_or(u8::MAX))
}

/// A JSON object, kept as compact text.
fn specific(value: &Value) -> Result<String, Flaw> {
    if !value.is_object() {
        return Err(Flaw::invalid("must be an object"));
    }
    let text = value.to_string();
    if ANALYSIS_SPECIFIC_BYTES_MAX < text.len() {
        let message = format!(
            "must have at most {ANALYSIS_SPECIFIC_BYTES_MAX} bytes as compact JSON, has {}",
            text.len()
        );
        return Err(Flaw::invalid(message));
    }
    Ok(text)
}

// Wire types out.

/// The report as a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalysisPdf, example = json!({"analysisPdfBase64": "JVBERi0xLjcK"}))]
pub struct AnalysisPdfView {
    #[schema(format = "byte")]
    analysis_pdf_base64: String,
}

/// What an interview has told about the candidate.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Analysis, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000011",
    "interviewId": "01960e6a-7c00-7000-8000-000000000006",
    "general": {
        "createdAt": "2026-04-02T12:45:00.000Z",
        "updatedAt": "2026-04-02T12:45:00.000Z",
        "overallRating": 82,
        "companyFitRating": "HIGH",
        "education": "BACHELOR_LEVEL",
        "experience": "THREE_TO_5_YEARS",
        "strongPoints": ["Speaks clearly about earlier work."],
        "weakPoints": ["Has not worked in shifts before."],
        "evaluation": [{"criterion": "Motivation", "rating": 90, "comment": "Knows the company."}],
        "status": "COMPLETED"
    },
    "specific": {"availableFrom": "2026-05-01"}
}))]
pub struct AnalysisView<'a> {
    #[schema(value_type = String, format = "uuid")]
    id: Text<AnalysisId>,
    #[schema(value_type = String, format = "uuid")]
    interview_id: Text<InterviewId>,
    general: GeneralView<'a>,
    /// What only this kind of interview has; null where it has nothing.
    #[schema(value_type = Option<Object>)]
    specific: Option<Value>,
}

/// What every analysis has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalysisGeneral)]
pub struct GeneralView<'a> {
    #[schema(value_type = String, format = "date-time")]
    created_at: Text<Timestamp>,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Text<Timestamp>,
    #[schema(minimum = 0, maximum = 100)]
    overall_rating: u8,
    #[schema(schema_with = schema::company_fit)]
    company_fit_rating: &'static str,
    #[schema(schema_with = schema::education)]
    education: &'static str,
    #[schema(schema_with = schema::experience)]
    experience: &'static str,
    strong_points: &'a [String],
    weak_points: &'a [String],
    evaluation: Vec<EvaluationView<'a>>,
    #[schema(schema_with = schema::analysis_status)]
    status: &'static str,
}

/// One criterion, judged.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Evaluation)]
pub struct EvaluationView<'a> {
    criterion: &'a str,
    #[schema(minimum = 0, maximum = 100)]
    rating: u8,
    comment: &'a str,
}

/// An analysis as partners see it.
#[must_use]
pub fn view(analysis: &Analysis) -> AnalysisView<'_> {
    let body = &analysis.body;
    let evaluation = body.evaluation.iter().map(|one| EvaluationView {
        criterion: &one.criterion,
        rating: one.rating,
        comment: &one.comment,
    });
    AnalysisView {
        id: Text(analysis.id),
        interview_id: Text(analysis.interview_id),
        general: GeneralView {
            created_at: Text(analysis.created_at),
            updated_at: Text(analysis.updated_at),
            overall_rating: body.overall_rating,
            company_fit_rating: body.company_fit.as_str(),
            education: body.education.as_str(),
            experience: body.experience.as_str(),
            strong_points: &body.strong_points,
            weak_points: &body.weak_points,
            evaluation: evaluation.collect(),
            status: body.status.as_str(),
        },
        // It was JSON when it was kept.
        specific: body.specific.as_deref().and_then(|text| serde_json::from_str(text).ok()),
    }
}

#[cfg(test)]
mod tests;
