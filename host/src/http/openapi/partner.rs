//! The partners' document. A new route needs one arm in [`operation`]; what follows from the route table is
//! added to it here, once.

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard_domain::key::Scope;

use super::operation::{Body, Content, Operation};
use super::parameter::{DEGRADED, Header, Parameter, RATES, REPLAYED};
use super::{Document, Frame, Place, text_reply};
use crate::http::agent::{AgentBody, AgentPatch, AgentView};
use crate::http::candidate::{CandidateBody, CandidatePatch, CandidateView};
use crate::http::company::{CompanyBody, CompanyPatch, CompanyView, DeletedCompanyView};
use crate::http::health::HealthView;
use crate::http::interview::{AnalysisView, DryRunView, InterviewBody, InterviewPatch, InterviewView};
use crate::http::job::{JobBody, JobPatch, JobView};
use crate::http::problem::Code;
use crate::http::reply::Reply;
use crate::http::route::{Access, Entry, Route, Verb};
use crate::http::schema;

const COMPANIES: &str = "Companies";
const JOBS: &str = "Jobs";
const CANDIDATES: &str = "Candidates";
const AGENTS: &str = "Agents";
const INTERVIEWS: &str = "Interviews";
const SERVICE: &str = "Service";

/// The groups in their order.
const TAGS: [(&str, &str); 6] = [
    (COMPANIES, "The customers of an ATS."),
    (JOBS, "What candidates apply for."),
    (CANDIDATES, "Who applied, and for which jobs."),
    (AGENTS, "Who interviews: by phone or online, in which language, with which questions."),
    (INTERVIEWS, "A candidate and an agent at a time, for a job."),
    (SERVICE, "The service itself. No key is needed."),
];

/// What holds for every operation, in Markdown.
const GROUND_RULES: &str = include_str!("partner.md");

/// The document as an answer.
#[must_use]
pub fn reply() -> Reply {
    static TEXT: OnceLock<(Bytes, Bytes)> = OnceLock::new();
    text_reply("application/json", &TEXT, || document().to_string())
}

/// The document.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Document::new(Frame::Envelope);
        for entry in Route::ALL {
            if let Some(operation) = operation(entry.route) {
                let place =
                    Place { verb: entry.verb.as_str(), template: entry.template, id: entry.operation };
                document.add(place, &completed(entry, operation), security(entry));
            }
        }
        document.add_failure(Code::RouteNotFound);
        document.add_failure(Code::MethodNotAllowed);
        document
            .finish(head(), json!({ "apiKey": { "type": "http", "scheme": "bearer", "description": KEY } }))
    })
}

const KEY: &str =
    "An API key: `sk_live_…` or `sk_test_…`. The scopes that an operation needs stand beside it.";

fn head() -> Value {
    let tags = TAGS.map(|(name, told)| json!({ "name": name, "description": told }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard partner API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": GROUND_RULES,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [
            { "url": "/", "description": "This server" },
            { "url": "/v1", "description": "The same, with the version in the path" },
        ],
        "tags": tags,
        "externalDocs": { "description": "The same as text, for language models and terminals", "url": "llms.txt" },
    })
}

fn security(entry: &Entry) -> Value {
    let scopes: Vec<&str> = entry.scopes.iter().copied().map(Scope::as_str).collect();
    match entry.access {
        Access::Public => json!([]),
        Access::Partner | Access::AtsKey => json!([{ "apiKey": scopes }]),
    }
}

/// What a route does, takes and answers. Not here: keys, scopes, rates, ids in the path, `companyId`, pages,
/// idempotency, and the failures that follow from them. Nothing for what is no part of the API, such as the
/// parts of a page.
fn operation(route: Route) -> Option<Operation> {
    Some(match route {
        Route::Healthz => {
            Operation::new(SERVICE, "Ask whether the service is there").gives::<HealthView>("It is there.")
        }
        Route::OpenApi => Operation::new(SERVICE, "Read this document").answers(
            200,
            "The OpenAPI document of this API.",
            Content::Object,
        ),
        Route::Docs => Operation::new(SERVICE, "Open this document as a page")
            .answers(200, "A page that shows every operation and tries it.", Content::Text("text/html"))
            .kept(),
        Route::LlmsText => Operation::new(SERVICE, "Read this document as text")
            .note("Concise Markdown, from which a language model can integrate.")
            .answers(200, "The same API as Markdown.", Content::Text("text/plain")),
        Route::DocsFile => return None,

        Route::CreateCompany => Operation::new(COMPANIES, "Create a company")
            .note(
                "ATS keys only. With `ownerEmail` the ATS's owner-onboarding policy decides who becomes the \
                 owner or is invited.",
            )
            .takes::<CompanyBody>()
            .creates::<CompanyView<'static>>("The new company."),
        Route::ListCompanies => Operation::new(COMPANIES, "List companies")
            .note("With an ATS key all companies of the ATS, with a company key its one company.")
            .pages::<CompanyView<'static>>("Newest first."),
        Route::GetCompany => {
            Operation::new(COMPANIES, "Read a company").reads::<CompanyView<'static>>("The company.")
        }
        Route::UpdateCompany => Operation::new(COMPANIES, "Change a company")
            .note("`settings` and `metadata` are merged one level.")
            .changes::<CompanyPatch, CompanyView<'static>>(
                "The company as it is now.",
                json!({ "industry": "Freight", "size": "201-500" }),
            ),
        Route::DeleteCompany => Operation::new(COMPANIES, "Delete a company")
            .note("With everything of it: jobs, candidates, agents, interviews and its keys.")
            .deletes_with(Content::whole::<DeletedCompanyView>()),

        Route::CreateJob => Operation::new(JOBS, "Create a job")
            .takes::<JobBody>()
            .creates::<JobView<'static>>("The new job."),
        Route::ListJobs => Operation::new(JOBS, "List jobs")
            .with(Parameter::word("status", "Only jobs in this status.", &schema::job_status()))
            .with(Parameter::search(
                "Only jobs in which every word given begins some word of title or description.",
            ))
            .pages::<JobView<'static>>("Newest first."),
        Route::GetJob => Operation::new(JOBS, "Read a job").reads::<JobView<'static>>("The job."),
        Route::UpdateJob => Operation::new(JOBS, "Change a job")
            .changes::<JobPatch, JobView<'static>>("The job as it is now.", json!({ "status": "CLOSED" })),
        Route::DeleteJob => Operation::new(JOBS, "Delete a job")
            .note("Candidates lose their assignments to it; interviews keep its id.")
            .deletes(),

        Route::CreateCandidate => Operation::new(CANDIDATES, "Create a candidate")
            .takes::<CandidateBody>()
            .creates::<CandidateView<'static>>("The new candidate.")
            .fails(&[Code::InvalidDate]),
        Route::ListCandidates => Operation::new(CANDIDATES, "List candidates")
            .with(Parameter::id("jobId", "Only candidates who are assigned to this job."))
            .with(Parameter::word("status", "Only candidates in this status.", &schema::candidate_status()))
            .with(Parameter::search(
                "Only candidates in whom every word given begins some word of first name, last name or \
                 e-mail address.",
            ))
            .pages::<CandidateView<'static>>("Newest first."),
        Route::GetCandidate => {
            Operation::new(CANDIDATES, "Read a candidate").reads::<CandidateView<'static>>("The candidate.")
        }
        Route::UpdateCandidate => Operation::new(CANDIDATES, "Change a candidate")
            .note("`jobIds` replaces the assignments.")
            .changes::<CandidatePatch, CandidateView<'static>>(
                "The candidate as it is now.",
                json!({ "status": "IN_PROCESS" }),
            )
            .fails(&[Code::InvalidDate]),
        Route::DeleteCandidate => Operation::new(CANDIDATES, "Delete a candidate")
            .note("The personal data goes; scheduled interviews and call attempts are cancelled.")
            .deletes(),
        Route::ListCandidateInterviews => Operation::new(CANDIDATES, "List a candidate's interviews")
            .pages::<InterviewView<'static>>("Newest first."),
        Route::ListCandidateAnalyses => {
            Operation::new(CANDIDATES, "List a candidate's analyses").pages::<AnalysisView>("Newest first.")
        }

        Route::CreateAgent => Operation::new(AGENTS, "Create an agent")
            .takes::<AgentBody>()
            .creates::<AgentView<'static>>("The new agent."),
        Route::ListAgents => Operation::new(AGENTS, "List agents")
            .with(Parameter::word("type", "Only agents of this type.", &schema::agent_type()))
            .with(Parameter::word("focus", "Only agents with this focus.", &schema::agent_focus()))
            .pages::<AgentView<'static>>("Newest first."),
        Route::GetAgent => Operation::new(AGENTS, "Read an agent").reads::<AgentView<'static>>("The agent."),
        Route::UpdateAgent => Operation::new(AGENTS, "Change an agent")
            .note("Interviews that were made already keep what the agent was then.")
            .changes::<AgentPatch, AgentView<'static>>(
                "The agent as it is now.",
                json!({ "duration": 20, "voiceId": "EMMA" }),
            ),
        Route::DeleteAgent => Operation::new(AGENTS, "Delete an agent")
            .note("Its scheduled interviews are cancelled.")
            .deletes(),

        Route::CreateInterview => Operation::new(INTERVIEWS, "Schedule an interview")
            .note(
                "Candidate, agent and job are named by id or described; what is described is made with the \
                 interview, or nothing is. Without a job the ATS's job-resolution policy decides. A phone \
                 interview gets its first call attempt, which must lie in the company's call window.",
            )
            .with(Parameter::flag("dryRun", "Judge the request and store nothing: 200 instead of 201."))
            .takes::<InterviewBody>()
            .gives::<DryRunView>("With `dryRun=true`: what the interview would be.")
            .creates::<InterviewView<'static>>("The new interview.")
            .fails(&[Code::InvalidDate, Code::OutsideCallWindow, Code::JobRequired, Code::JobAmbiguous])
            .asks_policy(),
        Route::ListInterviews => Operation::new(INTERVIEWS, "List interviews")
            .with(Parameter::id("candidateId", "Only interviews of this candidate."))
            .with(Parameter::id("agentId", "Only interviews by this agent."))
            .with(Parameter::id("jobId", "Only interviews for this job."))
            .with(Parameter::word("status", "Only interviews in this status.", &schema::interview_status()))
            .pages::<InterviewView<'static>>("Newest first."),
        Route::GetInterview => Operation::new(INTERVIEWS, "Read an interview")
            .reads::<InterviewView<'static>>("The interview with its call attempts."),
        Route::UpdateInterview => Operation::new(INTERVIEWS, "Change an interview")
            .note("A new time is for a scheduled interview only, and by the same rules as that of a new one.")
            .changes::<InterviewPatch, InterviewView<'static>>(
                "The interview as it is now.",
                json!({ "metadata": { "round": 2 } }),
            )
            .fails(&[Code::InvalidDate, Code::OutsideCallWindow, Code::InvalidStateTransition]),
        Route::DeleteInterview => Operation::new(INTERVIEWS, "Delete an interview")
            .note("In any status. Scheduled calls are cancelled; one that is under way may end.")
            .deletes(),
    })
}

/// Resources of a company: an ATS key names the company that it means.
fn is_of_a_company(entry: &Entry) -> bool {
    entry.access == Access::Partner && !entry.template.starts_with("/company")
}

/// What a route of the table has beside what is its own.
fn completed(entry: &Entry, operation: Operation) -> Operation {
    let mut operation = in_path(entry, operation);
    if is_of_a_company(entry) {
        operation = operation.with(Parameter::company()).fails(&[
            Code::ValidationError,
            Code::MissingRequiredField,
            Code::ResourceNotFound,
            Code::ResourceAccessDenied,
        ]);
    }
    if operation.is_paged() {
        operation.parameters.extend(Parameter::paging());
        operation = operation.fails(&[Code::InvalidCursor]);
    }
    if operation.has_parameter("query") {
        operation = operation.fails(&[Code::ValidationError]);
    }
    if matches!(operation.body, Some(Body::Json { .. })) {
        operation = operation.fails(&[
            Code::ValidationError,
            Code::MissingRequiredField,
            Code::InvalidJson,
            Code::UnsupportedMediaType,
            Code::BodyTooLarge,
            Code::RequestTimeout,
        ]);
    }
    // Whoever watches over the server is answered above all.
    if entry.route != Route::Healthz {
        operation = operation.fails(&[Code::RateLimitExceeded, Code::Unavailable]);
    }
    let operation = with_key(entry, operation);
    with_headers(entry, operation.with(Parameter::request_id()).fails(&[Code::InternalError]))
}

/// Each `{…}` of the path.
fn in_path(entry: &Entry, mut operation: Operation) -> Operation {
    let segments: Vec<&str> = entry.template[1..].split('/').collect();
    let mut places = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let noun = segments.get(index.wrapping_sub(1)).copied().unwrap_or_default();
            places.push(Parameter::path(name, id_of(noun), json!({ "type": "string", "format": "uuid" })));
        }
    }
    if places.is_empty() {
        return operation;
    }
    places.append(&mut operation.parameters);
    operation.parameters = places;
    // An empty place makes another path.
    operation.fails(&[
        Code::ValidationError,
        Code::ResourceNotFound,
        Code::ResourceAccessDenied,
        Code::RouteNotFound,
    ])
}

fn id_of(segment: &str) -> &'static str {
    match segment {
        "company" => "The company's id.",
        "jobs" => "The job's id.",
        "candidates" => "The candidate's id.",
        "agents" => "The agent's id.",
        "interviews" => "The interview's id.",
        _ => "Its id.",
    }
}

/// What comes with the need for a key.
fn with_key(entry: &Entry, operation: Operation) -> Operation {
    if entry.access == Access::Public {
        return operation;
    }
    let codes = [Code::InvalidApiKey, Code::ApiKeySuspended, Code::InsufficientPermissions];
    let mut operation = operation.fails(&codes);
    // Not every page shows what a security scheme asks for.
    let scopes: Vec<String> = entry.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let gap = if operation.note.is_empty() { "" } else { "\n\n" };
    operation.note.push_str(&format!("{gap}Scopes: {}.", scopes.join(", ")));
    if entry.verb == Verb::Post {
        operation = operation.with(Parameter::idempotency_key()).fails(&[
            Code::ValidationError,
            Code::IdempotencyInProgress,
            Code::IdempotencyKeyReused,
        ]);
    }
    operation
}

/// The headers of its successes.
fn with_headers(entry: &Entry, mut operation: Operation) -> Operation {
    let mut headers: Vec<&'static Header> = Vec::new();
    if entry.access != Access::Public {
        headers.extend(&RATES);
        if entry.verb == Verb::Post {
            headers.push(&REPLAYED);
        }
    }
    if operation.asks_policy {
        headers.push(&DEGRADED);
    }
    let next = next(entry);
    for answer in &mut operation.answers {
        answer.headers.extend(&headers);
        if answer.status == 201 {
            answer.links.extend(&next);
        }
    }
    operation
}

/// The operations on the one thing that a route makes.
fn next(entry: &Entry) -> Vec<&'static str> {
    let one = format!("{}/{{id}}", entry.template);
    Route::ALL.iter().filter(|other| other.template == one).map(|other| other.operation).collect()
}

#[cfg(test)]
mod tests;
