//! The partners' routes: one table, from which recognition, `Allow`, scopes, metric labels and the OpenAPI
//! document come. A route that is not in the table does not exist.

mod recognise;

use switchboard_domain::key::Scope;

pub use self::recognise::{PathIds, Recognised, recognise, segments};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_stands_in_the_order_of_the_enum() {
        for (index, entry) in Route::ALL.iter().enumerate() {
            assert_eq!(entry.route as usize, index);
            assert_eq!(entry.route.entry().operation, entry.operation);
        }
    }
}
