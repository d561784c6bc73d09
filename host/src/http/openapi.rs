//! The OpenAPI document: paths from the route table, schemas from the wire types. Built once.

use std::sync::OnceLock;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, Value, json};
use switchboard_domain::key::Scope;
use utoipa::ToSchema;
use utoipa::openapi::{ComponentsBuilder, RefOr, Schema};

use super::agent::{AgentBody, AgentPatch, AgentView};
use super::analysis::{AnalysisBody, AnalysisPdfView, AnalysisView};
use super::call_attempt::{CallAttemptBody, CallAttemptPatch};
use super::candidate::{CandidateBody, CandidatePatch, CandidateView};
use super::company::{CompanyBody, CompanyPatch, CompanyView};
use super::compress;
use super::dialler::{
    ClaimBody, ClaimedView, CompletionBody, HeartbeatBody, LeaseExpiryView, OnlineCompletionBody,
    OnlineEndView, OnlineLeaseView,
};
use super::interview::{DryRunView, InterviewBody, InterviewPatch, InterviewView};
use super::job::{JobBody, JobPatch, JobView};
use super::reply::Reply;
use super::route::{Access, Entry, Route, Verb};

/// The document as an answer.
#[must_use]
pub fn reply() -> Reply {
    static DOCUMENT: OnceLock<(Bytes, Bytes)> = OnceLock::new();
    // Everybody may ask for it, so it is packed once and not for each.
    let (body, packed) = DOCUMENT.get_or_init(|| {
        let body = Bytes::from(document().to_string());
        let packed = compress::gzip(&body);
        (body, packed)
    });
    let packed = Some(packed.clone());
    Reply { packed, ..Reply::text(StatusCode::OK, "application/json", body.clone()) }
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for entry in Route::ALL {
        let operations = paths.entry(entry.template).or_insert_with(|| json!({}));
        operations[entry.verb.as_str().to_ascii_lowercase()] = operation(entry);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Switchboard partner API", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": "/" }, { "url": "/v1" }],
        "paths": paths,
        "components": components(),
    })
}

/// Every wire type stands here, with those that it refers to.
fn components() -> Value {
    let mut list = Vec::new();
    add::<CompanyBody>(&mut list);
    add::<CompanyPatch>(&mut list);
    add::<CompanyView<'static>>(&mut list);
    add::<JobBody>(&mut list);
    add::<JobPatch>(&mut list);
    add::<JobView<'static>>(&mut list);
    add::<CandidateBody>(&mut list);
    add::<CandidatePatch>(&mut list);
    add::<CandidateView<'static>>(&mut list);
    add::<AgentBody>(&mut list);
    add::<AgentPatch>(&mut list);
    add::<AgentView<'static>>(&mut list);
    add::<InterviewBody>(&mut list);
    add::<InterviewPatch>(&mut list);
    add::<InterviewView<'static>>(&mut list);
    add::<DryRunView>(&mut list);
    add::<CallAttemptBody>(&mut list);
    add::<CallAttemptPatch>(&mut list);
    add::<AnalysisBody>(&mut list);
    add::<AnalysisView<'static>>(&mut list);
    add::<AnalysisPdfView>(&mut list);
    add::<ClaimBody>(&mut list);
    add::<ClaimedView<'static>>(&mut list);
    add::<HeartbeatBody>(&mut list);
    add::<LeaseExpiryView>(&mut list);
    add::<CompletionBody>(&mut list);
    add::<OnlineLeaseView>(&mut list);
    add::<OnlineCompletionBody>(&mut list);
    add::<OnlineEndView>(&mut list);
    let schemas = ComponentsBuilder::new().schemas_from_iter(list).build();
    let mut components = serde_json::to_value(schemas).unwrap_or_else(|_| json!({}));
    components["securitySchemes"] = json!({ "apiKey": { "type": "http", "scheme": "bearer" } });
    components["responses"] = json!({
        "Failure": {
            "description": "A refusal; `error.code` says why, `error.details` what to send instead.",
            "content": { "application/json": { "schema": {
                "type": "object",
                "required": ["success", "data", "error", "timestamp"],
                "properties": {
                    "success": { "const": false },
                    "data": { "type": "null" },
                    "error": {
                        "type": "object",
                        "required": ["code", "message", "details"],
                        "properties": {
                            "code": { "type": "string" },
                            "message": { "type": "string" },
                            "details": { "type": "object" },
                        },
                    },
                    "timestamp": { "type": "string", "format": "date-time" },
                },
            } } },
        },
    });
    components
}

/// A wire type, and those inside it.
fn add<T: ToSchema>(list: &mut Vec<(String, RefOr<Schema>)>) {
    list.push((T::name().into_owned(), T::schema()));
    T::schemas(list);
}

fn operation(entry: &Entry) -> Value {
    let status = match (entry.verb, entry.route) {
        (_, Route::UpdateCallAttempt | Route::DeleteCallAttempt) => "204",
        (Verb::Post, _) if entry.access != Access::Worker => "201",
        (Verb::Get | Verb::Post | Verb::Patch | Verb::Delete, _) => "200",
    };
    let (body, data) = shapes(entry.route);
    let mut success = json!({ "description": "Success" });
    if let Some(data) = data {
        success["content"] = json!({ "application/json": { "schema": envelope(&data) } });
    }
    let mut operation = json!({
        "operationId": entry.operation,
        "parameters": parameters(entry),
        "responses": { status: success, "default": { "$ref": "#/components/responses/Failure" } },
    });
    if let Some(body) = body {
        let content = json!({ "application/json": { "schema": reference(body) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    if entry.access != Access::Public {
        let scopes: Vec<&str> = entry.scopes.iter().copied().map(Scope::as_str).collect();
        operation["security"] = json!([{ "apiKey": [] }]);
        operation["x-required-scopes"] = json!(scopes);
    }
    operation
}

/// What stands in `data`, by the names of the schemas.
enum Data {
    One(&'static str),
    Page(&'static str),
    /// `true`, of a deletion.
    True,
}

/// The body that a route takes and the data that it gives.
fn shapes(route: Route) -> (Option<&'static str>, Option<Data>) {
    use Data::{One, Page, True};
    match route {
        Route::Healthz | Route::OpenApi => (None, None),
        Route::CreateCompany => (Some("CompanyBody"), Some(One("Company"))),
        Route::GetCompany => (None, Some(One("Company"))),
        Route::UpdateCompany => (Some("CompanyPatch"), Some(One("Company"))),
        Route::ListCompanies => (None, Some(Page("Company"))),
        Route::CreateJob => (Some("JobBody"), Some(One("Job"))),
        Route::GetJob => (None, Some(One("Job"))),
        Route::UpdateJob => (Some("JobPatch"), Some(One("Job"))),
        Route::ListJobs => (None, Some(Page("Job"))),
        Route::CreateCandidate => (Some("CandidateBody"), Some(One("Candidate"))),
        Route::GetCandidate => (None, Some(One("Candidate"))),
        Route::UpdateCandidate => (Some("CandidatePatch"), Some(One("Candidate"))),
        Route::ListCandidates => (None, Some(Page("Candidate"))),
        Route::CreateAgent => (Some("AgentBody"), Some(One("Agent"))),
        Route::GetAgent => (None, Some(One("Agent"))),
        Route::UpdateAgent => (Some("AgentPatch"), Some(One("Agent"))),
        Route::ListAgents => (None, Some(Page("Agent"))),
        Route::CreateInterview => (Some("InterviewBody"), Some(One("Interview"))),
        Route::GetInterview => (None, Some(One("Interview"))),
        Route::UpdateInterview => (Some("InterviewPatch"), Some(One("Interview"))),
        Route::DeleteCompany
        | Route::DeleteJob
        | Route::DeleteCandidate
        | Route::DeleteAgent
        | Route::DeleteInterview => (None, Some(True)),
        Route::ListInterviews | Route::ListCandidateInterviews => (None, Some(Page("Interview"))),
        Route::ListCandidateAnalyses => (None, Some(Page("Analysis"))),
        Route::GetAnalysisPdf => (None, Some(One("AnalysisPdf"))),
        Route::CreateCallAttempt => (Some("CallAttemptBody"), Some(One("CallAttempt"))),
        Route::UpdateCallAttempt => (Some("CallAttemptPatch"), None),
        Route::DeleteCallAttempt => (None, None),
        Route::ClaimCallAttempts => (Some("Claim"), Some(One("Claimed"))),
        Route::BeatCallAttempt => (Some("Heartbeat"), Some(One("LeaseExpiry"))),
        Route::CompleteCallAttempt => (Some("Completion"), Some(One("CallAttempt"))),
        Route::PutAnalysis => (Some("AnalysisBody"), Some(One("Analysis"))),
        Route::StartInterview => (None, Some(One("OnlineLease"))),
        Route::CompleteInterview => (Some("OnlineCompletion"), Some(One("OnlineEnd"))),
    }
}

fn reference(schema: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{schema}") })
}

/// The envelope of success around some data.
fn envelope(data: &Data) -> Value {
    let data = match data {
        Data::One(schema) => reference(schema),
        Data::True => json!({ "const": true }),
        Data::Page(schema) => json!({
            "type": "object",
            "required": [
                "data", "total", "page", "limit", "totalPages", "hasNextPage", "hasPreviousPage", "nextCursor",
            ],
            "properties": {
                "data": { "type": "array", "items": reference(schema) },
                "total": { "type": "integer", "minimum": 0 },
                "page": { "type": "integer", "minimum": 1 },
                "limit": { "type": "integer", "minimum": 1, "maximum": 100 },
                "totalPages": { "type": "integer", "minimum": 0 },
                "hasNextPage": { "type": "boolean" },
                "hasPreviousPage": { "type": "boolean" },
                "nextCursor": { "type": ["string", "null"] },
            },
        }),
    };
    json!({
        "type": "object",
        "required": ["success", "data", "error", "timestamp"],
        "properties": {
            "success": { "const": true },
            "data": data,
            "error": { "type": "null" },
            "timestamp": { "type": "string", "format": "date-time" },
        },
    })
}

/// Path and query of a route.
fn parameters(entry: &Entry) -> Vec<Value> {
    let parameter = |name: &str, place: &str, schema: Value| json!({ "name": name, "in": place, "required": place == "path", "schema": schema });
    let id = || json!({ "type": "string", "format": "uuid" });
    let mut parameters = Vec::new();
    if entry.template.contains("{id}") {
        parameters.push(parameter("id", "path", id()));
    }
    if entry.template.contains("{attemptId}") {
        parameters.push(parameter("attemptId", "path", id()));
    }
    if entry.access == Access::Partner && !entry.template.starts_with("/company") {
        let mut company = parameter("companyId", "query", id());
        company["description"] = "Required with an ATS key; ignored with a company key.".into();
        parameters.push(company);
    }
    if matches!(shapes(entry.route), (_, Some(Data::Page(_)))) {
        parameters.push(parameter(
            "page",
            "query",
            json!({ "type": "integer", "minimum": 1, "maximum": 10_000 }),
        ));
        parameters.push(parameter(
            "limit",
            "query",
            json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
        ));
        parameters.push(parameter("after", "query", json!({ "type": "string" })));
    }
    for (name, is_id) in filters(entry.route) {
        let schema = if *is_id { id() } else { json!({ "type": "string" }) };
        parameters.push(parameter(name, "query", schema));
    }
    parameters
}

/// The filters of a list, and whether each takes an id.
const fn filters(route: Route) -> &'static [(&'static str, bool)] {
    match route {
        Route::ListJobs => &[("status", false), ("search", false)],
        Route::ListCandidates => &[("jobId", true), ("status", false), ("search", false)],
        Route::ListAgents => &[("type", false), ("focus", false)],
        Route::ListInterviews => {
            &[("candidateId", true), ("agentId", true), ("jobId", true), ("status", false)]
        }
        Route::CreateInterview | Route::CreateCallAttempt | Route::UpdateCallAttempt => &[("dryRun", false)],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_operation() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        for entry in Route::ALL {
            let operation = &document["paths"][entry.template][entry.verb.as_str().to_ascii_lowercase()];
            assert_eq!(operation["operationId"], entry.operation);
            assert_eq!(operation["security"].is_array(), entry.access != Access::Public);
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let references: Vec<&str> =
            text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(20 < references.len());
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
