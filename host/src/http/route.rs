//! The partners' routes: one table, from which recognition, `Allow`, scopes, metric labels and the OpenAPI
//! document come. A route that is not in the table does not exist.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use hyper::Method;
use switchboard_domain::key::Scope;

use super::query;

/// What a partner can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// `GET /healthz`
    Healthz,
    /// `GET /openapi.json`
    OpenApi,
    /// `GET /docs`
    Docs,
    /// `GET /docs/{id}`: a file of that page, by its name.
    DocsFile,
    /// `GET /llms.txt`
    LlmsText,
    /// `POST /company`
    CreateCompany,
    /// `GET /company`
    ListCompanies,
    /// `GET /company/{id}`
    GetCompany,
    /// `PATCH /company/{id}`
    UpdateCompany,
    /// `DELETE /company/{id}`
    DeleteCompany,
    /// `POST /jobs`
    CreateJob,
    /// `GET /jobs`
    ListJobs,
    /// `GET /jobs/{id}`
    GetJob,
    /// `PATCH /jobs/{id}`
    UpdateJob,
    /// `DELETE /jobs/{id}`
    DeleteJob,
    /// `POST /candidates`
    CreateCandidate,
    /// `GET /candidates`
    ListCandidates,
    /// `GET /candidates/{id}`
    GetCandidate,
    /// `PATCH /candidates/{id}`
    UpdateCandidate,
    /// `DELETE /candidates/{id}`
    DeleteCandidate,
    /// `GET /candidates/{id}/interviews`
    ListCandidateInterviews,
    /// `GET /candidates/{id}/analyses`
    ListCandidateAnalyses,
    /// `POST /agents`
    CreateAgent,
    /// `GET /agents`
    ListAgents,
    /// `GET /agents/{id}`
    GetAgent,
    /// `PATCH /agents/{id}`
    UpdateAgent,
    /// `DELETE /agents/{id}`
    DeleteAgent,
    /// `POST /interviews`
    CreateInterview,
    /// `GET /interviews`
    ListInterviews,
    /// `GET /interviews/{id}`
    GetInterview,
    /// `PATCH /interviews/{id}`
    UpdateInterview,
    /// `DELETE /interviews/{id}`
    DeleteInterview,
    /// `GET /interviews/{id}/analysis-pdf`
    GetAnalysisPdf,
    /// `GET /decisions/{id}`
    GetDecision,
    /// `POST /interviews/{id}/call-attempts`
    CreateCallAttempt,
    /// `PATCH /interviews/{id}/call-attempts/{attemptId}`
    UpdateCallAttempt,
    /// `DELETE /interviews/{id}/call-attempts/{attemptId}`
    DeleteCallAttempt,
    /// `POST /worker/call-attempts/claim`
    ClaimCallAttempts,
    /// `POST /worker/call-attempts/{id}/heartbeat`
    BeatCallAttempt,
    /// `POST /worker/call-attempts/{id}/complete`
    CompleteCallAttempt,
    /// `POST /worker/interviews/{id}/analysis`
    PutAnalysis,
    /// `POST /worker/interviews/{id}/start`
    StartInterview,
    /// `POST /worker/interviews/{id}/complete`
    CompleteInterview,
    /// `GET /billing/usage`
    GetBillingUsage,
    /// `GET /invitations/{token}`
    GetInvitation,
    /// `POST /invitations/{token}/accept`
    AcceptInvitation,
}

/// The methods that routes are defined for; `HEAD` and `OPTIONS` follow from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads; `HEAD` works too.
    Get,
    /// Creates.
    Post,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

impl Verb {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Whom a route is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a key.
    Public,
    /// Keys that reach companies.
    Partner,
    /// Keys that reach a whole ATS; a company key lacks the scope, whatever it lists.
    AtsKey,
    /// Keys of diallers, which open nothing else.
    Worker,
}

/// What the table says of one route.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Which one.
    pub route: Route,
    /// Its method.
    pub verb: Verb,
    /// Its path, bare; also the label in metrics and logs.
    pub template: &'static str,
    /// Its name in the OpenAPI document.
    pub operation: &'static str,
    /// Whom it is open to.
    pub access: Access,
    /// What the key needs; the operation's own first, in the order in which missing ones are named.
    pub scopes: &'static [Scope],
}

const READ_INTERVIEWS: &[Scope] = &[Scope::ReadInterviews, Scope::ReadCandidates, Scope::ReadAgents];
const WRITE_INTERVIEWS: &[Scope] = &[Scope::WriteInterviews, Scope::ReadCandidates, Scope::ReadAgents];

const TABLE: &[Entry] = {
    use Access::{AtsKey, Partner, Public, Worker};
    use Route::*;
    use Verb::{Delete, Get, Patch, Post};
    &[
        entry(Healthz, Get, "/healthz", "healthz", Public, &[]),
        entry(OpenApi, Get, "/openapi.json", "openApi", Public, &[]),
        entry(Docs, Get, "/docs", "docs", Public, &[]),
        entry(DocsFile, Get, "/docs/{id}", "docsFile", Public, &[]),
        entry(LlmsText, Get, "/llms.txt", "llmsText", Public, &[]),
        entry(CreateCompany, Post, "/company", "createCompany", AtsKey, &[Scope::WriteCompanies]),
        entry(ListCompanies, Get, "/company", "listCompanies", Partner, &[Scope::ReadCompanies]),
        entry(GetCompany, Get, "/company/{id}", "getCompany", Partner, &[Scope::ReadCompanies]),
        entry(UpdateCompany, Patch, "/company/{id}", "updateCompany", Partner, &[Scope::WriteCompanies]),
        entry(DeleteCompany, Delete, "/company/{id}", "deleteCompany", Partner, &[Scope::DeleteCompanies]),
        entry(CreateJob, Post, "/jobs", "createJob", Partner, &[Scope::WriteJobs]),
        entry(ListJobs, Get, "/jobs", "listJobs", Partner, &[Scope::ReadJobs]),
        entry(GetJob, Get, "/jobs/{id}", "getJob", Partner, &[Scope::ReadJobs]),
        entry(UpdateJob, Patch, "/jobs/{id}", "updateJob", Partner, &[Scope::WriteJobs]),
        entry(DeleteJob, Delete, "/jobs/{id}", "deleteJob", Partner, &[Scope::DeleteJobs]),
        entry(CreateCandidate, Post, "/candidates", "createCandidate", Partner, &[Scope::WriteCandidates]),
        entry(ListCandidates, Get, "/candidates", "listCandidates", Partner, &[Scope::ReadCandidates]),
        entry(GetCandidate, Get, "/candidates/{id}", "getCandidate", Partner, &[Scope::ReadCandidates]),
        entry(
            UpdateCandidate,
            Patch,
            "/candidates/{id}",
            "updateCandidate",
            Partner,
            &[Scope::WriteCandidates],
        ),
        entry(
            DeleteCandidate,
            Delete,
            "/candidates/{id}",
            "deleteCandidate",
            Partner,
            &[Scope::DeleteCandidates],
        ),
        entry(
            ListCandidateInterviews,
            Get,
            "/candidates/{id}/interviews",
            "listCandidateInterviews",
            Partner,
            READ_INTERVIEWS,
        ),
        entry(
            ListCandidateAnalyses,
            Get,
            "/candidates/{id}/analyses",
            "listCandidateAnalyses",
            Partner,
            READ_INTERVIEWS,
        ),
        entry(CreateAgent, Post, "/agents", "createAgent", Partner, &[Scope::WriteAgents]),
        entry(ListAgents, Get, "/agents", "listAgents", Partner, &[Scope::ReadAgents]),
        entry(GetAgent, Get, "/agents/{id}", "getAgent", Partner, &[Scope::ReadAgents]),
        entry(UpdateAgent, Patch, "/agents/{id}", "updateAgent", Partner, &[Scope::WriteAgents]),
        entry(DeleteAgent, Delete, "/agents/{id}", "deleteAgent", Partner, &[Scope::DeleteAgents]),
        entry(CreateInterview, Post, "/interviews", "createInterview", Partner, WRITE_INTERVIEWS),
        entry(ListInterviews, Get, "/interviews", "listInterviews", Partner, READ_INTERVIEWS),
        entry(GetInterview, Get, "/interviews/{id}", "getInterview", Partner, READ_INTERVIEWS),
        entry(
            UpdateInterview,
            Patch,
            "/interviews/{id}",
            "updateInterview",
            Partner,
            &[Scope::WriteInterviews],
        ),
        entry(
            DeleteInterview,
            Delete,
            "/interviews/{id}",
            "deleteInterview",
            Partner,
            &[Scope::DeleteInterviews],
        ),
        entry(
            GetAnalysisPdf,
            Get,
            "/interviews/{id}/analysis-pdf",
            "getAnalysisPdf",
            Partner,
            READ_INTERVIEWS,
        ),
        entry(GetDecision, Get, "/decisions/{id}", "getDecision", Partner, &[Scope::ReadInterviews]),
        entry(
            CreateCallAttempt,
            Post,
            "/interviews/{id}/call-attempts",
            "createCallAttempt",
            Partner,
            &[Scope::WriteInterviews],
        ),
        entry(
            UpdateCallAttempt,
            Patch,
            "/interviews/{id}/call-attempts/{attemptId}",
            "updateCallAttempt",
            Partner,
            &[Scope::WriteInterviews],
        ),
        entry(
            DeleteCallAttempt,
            Delete,
            "/interviews/{id}/call-attempts/{attemptId}",
            "deleteCallAttempt",
            Partner,
            &[Scope::WriteInterviews],
        ),
        entry(ClaimCallAttempts, Post, "/worker/call-attempts/claim", "claimCallAttempts", Worker, &[]),
        entry(BeatCallAttempt, Post, "/worker/call-attempts/{id}/heartbeat", "beatCallAttempt", Worker, &[]),
        entry(
            CompleteCallAttempt,
            Post,
            "/worker/call-attempts/{id}/complete",
            "completeCallAttempt",
            Worker,
            &[],
        ),
        entry(PutAnalysis, Post, "/worker/interviews/{id}/analysis", "putAnalysis", Worker, &[]),
        entry(StartInterview, Post, "/worker/interviews/{id}/start", "startInterview", Worker, &[]),
        entry(CompleteInterview, Post, "/worker/interviews/{id}/complete", "completeInterview", Worker, &[]),
        entry(GetBillingUsage, Get, "/billing/usage", "getBillingUsage", Partner, &[Scope::ReadBilling]),
        entry(GetInvitation, Get, "/invitations/{token}", "getInvitation", Public, &[]),
        entry(AcceptInvitation, Post, "/invitations/{token}/accept", "acceptInvitation", Public, &[]),
    ]
};

const fn entry(
    route: Route,
    verb: Verb,
    template: &'static str,
    operation: &'static str,
    access: Access,
    scopes: &'static [Scope],
) -> Entry {
    Entry { route, verb, template, operation, access, scopes }
}

impl Route {
    /// The whole table, in the order of the enum.
    pub const ALL: &'static [Entry] = TABLE;

    /// This route's line of the table.
    #[must_use]
    pub const fn entry(self) -> &'static Entry {
        &Self::ALL[self as usize]
    }
}

/// The ids in a path as they were written, percent-decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathIds {
    /// `{id}`
    pub id: Option<String>,
    /// `{attemptId}`
    pub attempt_id: Option<String>,
    /// `{token}`: no id, but a credential.
    pub token: Option<String>,
}

impl PathIds {
    /// The path of this template with these ids.
    #[must_use]
    pub fn fill(&self, template: &str) -> String {
        let id = self.id.as_deref().unwrap_or("{id}");
        let attempt_id = self.attempt_id.as_deref().unwrap_or("{attemptId}");
        let token = self.token.as_deref().unwrap_or("{token}");
        let fill = |part| match part {
            "{id}" => id,
            "{attemptId}" => attempt_id,
            "{token}" => token,
            fixed => fixed,
        };
        template.split('/').map(fill).collect::<Vec<_>>().join("/")
    }
}

/// What method and path say.
#[derive(Debug, PartialEq, Eq)]
pub enum Recognised {
    /// A route, and what stood in the places of its path.
    Found(Route, PathIds),
    /// `OPTIONS` on a path that exists.
    Options {
        /// For the `Allow` header.
        allow: String,
    },
    /// The path exists, but not with this method.
    MethodNotAllowed {
        /// For the `Allow` header.
        allow: String,
    },
    /// No such path.
    NotFound,
}

/// Recognises a request. Every route is served bare and under `/v1`, and `/companies` is `/company`.
#[must_use]
pub fn recognise(method: &Method, path: &str) -> Recognised {
    let Some(segments) = segments(path) else { return Recognised::NotFound };
    let mut segments = segments.as_slice();
    if let [first, rest @ ..] = segments
        && first == "v1"
    {
        segments = rest;
    }
    let [first, rest @ ..] = segments else { return Recognised::NotFound };
    let first = if first == "companies" { "company" } else { first };
    let shapes = SHAPES.get(first).map_or(&[][..], Vec::as_slice);
    let wanted = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let found = shapes.iter().filter(|shape| shape.entry.verb.as_str() == wanted);
    for shape in found {
        if let Some(ids) = shape.fit(rest) {
            return Recognised::Found(shape.entry.route, ids);
        }
    }
    let allow = allowed(shapes.iter().filter(|shape| shape.fit(rest).is_some()));
    if allow.is_empty() {
        return Recognised::NotFound;
    }
    if *method == Method::OPTIONS {
        Recognised::Options { allow }
    } else {
        Recognised::MethodNotAllowed { allow }
    }
}

/// Path segments that any route could have; a longer path is none of ours.
const SEGMENTS_MAX: usize = 8;

/// The percent-decoded segments of a path, or nothing where no route can be meant (no leading slash, an
/// empty segment, too many). A segment that does not decode to UTF-8 stays as it was written.
#[must_use]
pub fn segments(path: &str) -> Option<Vec<Cow<'_, str>>> {
    let mut list = Vec::with_capacity(4);
    for raw in path.strip_prefix('/')?.split('/') {
        if raw.is_empty() || list.len() == SEGMENTS_MAX {
            return None;
        }
        list.push(query::decoded_segment(raw));
    }
    Some(list)
}

/// A template taken apart, so that nobody does so for a request.
struct Shape {
    entry: &'static Entry,
    /// Behind the first.
    parts: Vec<&'static str>,
}

/// By the first part of their templates.
static SHAPES: LazyLock<HashMap<&'static str, Vec<Shape>>> = LazyLock::new(|| {
    let mut shapes: HashMap<_, Vec<_>> = HashMap::new();
    for entry in Route::ALL {
        let mut parts = entry.template.split('/').skip(1);
        let first = parts.next().unwrap_or_default();
        shapes.entry(first).or_default().push(Shape { entry, parts: parts.collect() });
    }
    shapes
});

impl Shape {
    /// What stands in the places, if a path with these segments behind its first has this form.
    fn fit(&self, segments: &[Cow<'_, str>]) -> Option<PathIds> {
        if self.parts.len() != segments.len() {
            return None;
        }
        let mut ids = PathIds::default();
        for (part, segment) in self.parts.iter().zip(segments) {
            match *part {
                "{id}" => ids.id = Some(segment.clone().into_owned()),
                "{attemptId}" => ids.attempt_id = Some(segment.clone().into_owned()),
                "{token}" => ids.token = Some(segment.clone().into_owned()),
                fixed if fixed == segment => {}
                _ => return None,
            }
        }
        Some(ids)
    }
}

/// The methods of these, for the `Allow` header; nothing where there is none.
fn allowed<'a>(shapes: impl Iterator<Item = &'a Shape>) -> String {
    let mut allow = String::new();
    for shape in shapes {
        allow.push_str(match shape.entry.verb {
            Verb::Get => "GET, HEAD, ",
            Verb::Post => "POST, ",
            Verb::Patch => "PATCH, ",
            Verb::Delete => "DELETE, ",
        });
    }
    if !allow.is_empty() {
        allow.push_str("OPTIONS");
    }
    allow
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_enum() {
        for (index, entry) in Route::ALL.iter().enumerate() {
            assert_eq!(entry.route as usize, index);
            assert_eq!(entry.route.entry().operation, entry.operation);
        }
    }

    #[test]
    fn every_route_is_found_bare_and_under_v1() {
        for entry in Route::ALL {
            let path = entry.template.replace("{id}", "some%20id").replace("{attemptId}", "an%20other");
            let path = path.replace("{token}", "a%20secret");
            let id = entry.template.contains("{id}").then(|| "some id".to_owned());
            let attempt_id = entry.template.contains("{attemptId}").then(|| "an other".to_owned());
            let token = entry.template.contains("{token}").then(|| "a secret".to_owned());
            let ids = PathIds { id, attempt_id, token };
            assert_eq!(ids.fill(entry.template), path.replace("%20", " "));
            let method = Method::from_bytes(entry.verb.as_str().as_bytes()).unwrap();
            let found = Recognised::Found(entry.route, ids);
            assert_eq!(recognise(&method, &path), found);
            assert_eq!(recognise(&method, &format!("/v1{path}")), found);
            if path.starts_with("/company") {
                assert_eq!(recognise(&method, &path.replacen("company", "companies", 1)), found);
            }
            if entry.verb == Verb::Get {
                assert_eq!(recognise(&Method::HEAD, &path), found);
            }
        }
    }

    #[test]
    fn other_methods_are_told_what_is_allowed() {
        let allow = || "POST, GET, HEAD, OPTIONS".to_owned();
        assert_eq!(recognise(&Method::PUT, "/jobs"), Recognised::MethodNotAllowed { allow: allow() });
        assert_eq!(recognise(&Method::OPTIONS, "/v1/companies"), Recognised::Options { allow: allow() });
        let allow = "GET, HEAD, PATCH, DELETE, OPTIONS".to_owned();
        assert_eq!(recognise(&Method::POST, "/jobs/x"), Recognised::MethodNotAllowed { allow });
    }

    #[test]
    fn what_is_no_route_is_not_found() {
        for path in [
            "",
            "*",
            "/",
            "//",
            "/jobs/",
            "/jobs//",
            "/v1",
            "/v1/v1/jobs",
            "/jobs/a/b",
            "/Jobs",
            "/company/companies/x",
        ] {
            assert_eq!(recognise(&Method::GET, path), Recognised::NotFound, "{path}");
        }
        assert!(
            matches!(recognise(&Method::GET, "/jobs/%2F"), Recognised::Found(Route::GetJob, ids) if ids.id.as_deref() == Some("/"))
        );
        assert!(
            matches!(recognise(&Method::GET, "/jobs/%ff"), Recognised::Found(Route::GetJob, ids) if ids.id.as_deref() == Some("%ff"))
        );
    }

    proptest! {
        #[test]
        fn any_path_has_an_answer(path in "[/a-z%0-9\\PC]{0,40}", method in "[A-Z]{1,8}") {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let _ = recognise(&method, &path);
            let _ = recognise(&method, &format!("/jobs/{path}"));
        }
    }
}
