//! What each route of the partners does, takes and answers: one arm each, and none may be missing.

use serde_json::json;

use crate::http::agent::{AgentBody, AgentPatch, AgentView};
use crate::http::analysis::{AnalysisBody, AnalysisPdfView, AnalysisView};
use crate::http::billing::UsageView;
use crate::http::call_attempt::{CallAttemptBody, CallAttemptPatch, CallAttemptView};
use crate::http::candidate::{CandidateBody, CandidatePatch, CandidateView};
use crate::http::company::{CompanyBody, CompanyPatch, CompanyView, DeletedCompanyView};
use crate::http::decision::DecisionView;
use crate::http::dialler::{
    ClaimBody, ClaimedView, CompletionBody, HeartbeatBody, LeaseExpiryView, OnlineCompletionBody,
    OnlineEndView, OnlineLeaseView, OnlineStartBody,
};
use crate::http::health::HealthView;
use crate::http::interview::{DryRunView, InterviewBody, InterviewPatch, InterviewView};
use crate::http::invitation::{AcceptanceBody, AcceptanceView, InvitationView};
use crate::http::job::{JobBody, JobPatch, JobView};
use crate::http::openapi::operation::{Content, Operation};
use crate::http::openapi::parameter::Parameter;
use crate::http::problem::Code;
use crate::http::route::Route;
use crate::http::schema;

const COMPANIES: &str = "Companies";
const JOBS: &str = "Jobs";
const CANDIDATES: &str = "Candidates";
const AGENTS: &str = "Agents";
const INTERVIEWS: &str = "Interviews";
const CALL_ATTEMPTS: &str = "Call attempts";
const DIALLERS: &str = "Diallers";
const BILLING: &str = "Billing";
const INVITATIONS: &str = "Invitations";
const SERVICE: &str = "Service";

/// The groups in their order.
pub(super) const TAGS: [(&str, &str); 10] = [
    (COMPANIES, "The customers of an ATS."),
    (JOBS, "What candidates apply for."),
    (CANDIDATES, "Who applied, and for which jobs."),
    (AGENTS, "Who interviews: by phone or online, in which language, with which questions."),
    (INTERVIEWS, "A candidate and an agent at a time, for a job."),
    (CALL_ATTEMPTS, "The tries to phone the candidate of an interview by phone."),
    (
        DIALLERS,
        "For the telephony side: calls that are due are claimed under a lease, kept by heartbeats, and completed.",
    ),
    (BILLING, "What calls cost, in minutes or credits. Quantities are exact decimals."),
    (INVITATIONS, "What the owner of a company is mailed. The secret of the mail's link is the credential."),
    (SERVICE, "The service itself. No key is needed."),
];

/// Why a call cannot be where it is wanted.
const WHEN: [Code; 5] = [
    Code::InvalidDate,
    Code::OutsideCallWindow,
    Code::InvalidStateTransition,
    Code::UnsupportedForOnline,
    Code::ResourceConflict,
];

/// What a route does, takes and answers. Not here: keys, scopes, rates, ids in the path, `companyId`, pages,
/// idempotency, and the failures that follow from them. Nothing for what is no part of the API, such as the
/// parts of a page.
pub(super) fn operation(route: Route) -> Option<Operation> {
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
            .creates::<CompanyView<'static>>("The new company.")
            .asks_policy(),
        Route::ListCompanies => Operation::new(COMPANIES, "List companies")
            .note("With an ATS key all companies of the ATS, with a company key its one company.")
            .pages::<CompanyView<'static>>("Newest first."),
        Route::GetCompany => {
            Operation::new(COMPANIES, "Read a company").reads::<CompanyView<'static>>("The company.")
        }
        Route::UpdateCompany => Operation::new(COMPANIES, "Change a company")
            .note(
                "`settings` and `metadata` are merged one level. Another `ownerEmail` is decided upon as that of a new \
                 company; `null` ends what the owner had, and the same address again asks for nothing.",
            )
            .changes::<CompanyPatch, CompanyView<'static>>(
                "The company as it is now.",
                json!({ "industry": "Freight", "size": "201-500" }),
            )
            .asks_policy(),
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
            Operation::new(CANDIDATES, "List a candidate's analyses").pages::<AnalysisView<'static>>("Newest first.")
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
            .fails(&[
                Code::InvalidDate,
                Code::OutsideCallWindow,
                Code::JobRequired,
                Code::JobAmbiguous,
                Code::BillingLimitExceeded,
            ])
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
        Route::GetAnalysisPdf => Operation::new(INTERVIEWS, "Print an interview's analysis")
            .note("404 as long as there is no analysis.")
            .gives::<AnalysisPdfView>("The analysis as a PDF document, in Base64."),

        Route::GetDecision => Operation::new(INTERVIEWS, "Read a decision")
            .note(
                "Why something fell as it did: which policy and plugin decided, on which facts, what they said, and \
                 what to send instead of what was refused. Its id is in `decisions` of an interview and in the \
                 details of a refusal.",
            )
            .gives::<DecisionView>("The decision."),
        Route::CreateCallAttempt => Operation::new(CALL_ATTEMPTS, "Call again, or at another time")
            .note(
                "A scheduled attempt is replaced; after a finished one the interview is scheduled again. Without a \
                 body, or without a time, at once.",
            )
            .with(Parameter::flag("dryRun", "Judge the request and store nothing: 200 instead of 201."))
            .may_take::<CallAttemptBody>()
            .gives::<DryRunView>("With `dryRun=true`: when the call would be.")
            .answers(
                201,
                "The call is scheduled.",
                Content::told::<CallAttemptView<'static>>("The call is scheduled, in place of the one that was."),
            )
            .fails(&WHEN)
            .asks_policy(),
        Route::UpdateCallAttempt => Operation::new(CALL_ATTEMPTS, "Move a scheduled call")
            .with(Parameter::flag("dryRun", "Judge the request and store nothing: 200 instead of 204."))
            .takes::<CallAttemptPatch>()
            .gives::<DryRunView>("With `dryRun=true`: when the call would be.")
            .does("The call has its new time.")
            .fails(&WHEN),
        Route::DeleteCallAttempt => Operation::new(CALL_ATTEMPTS, "Delete a call attempt")
            .note("A scheduled call is cancelled; a finished one leaves the history.")
            .does("It is gone, for ever.")
            .fails(&[Code::InvalidStateTransition, Code::UnsupportedForOnline, Code::ResourceConflict]),

        Route::ClaimCallAttempts => Operation::new(DIALLERS, "Claim calls that are due")
            .note("Each is in progress from then on, and fails when its lease runs out.")
            .may_take::<ClaimBody>()
            .gives::<ClaimedView<'static>>("The calls to place now; none where nothing is due."),
        Route::BeatCallAttempt => Operation::new(DIALLERS, "Keep a lease")
            .takes::<HeartbeatBody>()
            .gives::<LeaseExpiryView>("The lease holds until then.")
            .fails(&[Code::LeaseLost]),
        Route::CompleteCallAttempt => Operation::new(DIALLERS, "Complete a call")
            .note("The same completion again has the same answer and no second effect.")
            .takes::<CompletionBody>()
            .gives::<CallAttemptView<'static>>("The call attempt as it is now.")
            .shows(json!({
                "status": "COMPLETED",
                "notes": "Answered at once.",
                "recordingUrl": "https://recordings.example/7",
                "duration": 734,
                "calledAt": "2026-04-02T12:30:00.000Z",
            }))
            .fails(&[Code::LeaseLost]),
        Route::PutAnalysis => Operation::new(DIALLERS, "Deliver an interview's analysis")
            .note("Again replaces it.")
            .takes::<AnalysisBody>()
            .gives::<AnalysisView<'static>>("The analysis as partners see it.")
            .fails(&[Code::InvalidStateTransition]),
        Route::StartInterview => Operation::new(DIALLERS, "Start an online interview")
            .may_take::<OnlineStartBody>()
            .gives::<OnlineLeaseView>("The interview is in progress.")
            .fails(&[Code::InvalidStateTransition]),
        Route::CompleteInterview => Operation::new(DIALLERS, "Complete an online interview")
            .takes::<OnlineCompletionBody>()
            .gives::<OnlineEndView>("The interview is over.")
            .fails(&[Code::LeaseLost]),

        Route::GetBillingUsage => Operation::new(BILLING, "Read what was used")
            .note(
                "With a company key by its company, with an ATS key by all of the ATS's companies. Calls are counted when \
                 they end; each is converted once, by the ATS's billing policy of that time, and stays as it is. Test \
                 interviews never count.",
            )
            .with(Parameter::moment(
                "start",
                "From this moment or day (UTC) on; 30 days before the end when it is not named.",
            ))
            .with(Parameter::moment("end", "Before this moment or day (UTC); now when it is not named."))
            .with(Parameter::id(
                "companyId",
                "With an ATS key: only this company. Ignored with a company key.",
            ))
            .gives::<UsageView<'static>>("What was used in the period.")
            .fails(&[
                Code::ValidationError,
                Code::InvalidDate,
                Code::ResourceNotFound,
                Code::ResourceAccessDenied,
            ]),
        Route::GetInvitation => Operation::new(INVITATIONS, "Look at an invitation")
            .note("A browser gets a page with a form. Looking changes nothing.")
            .gives::<InvitationView<'static>>("The invitation, which can be accepted.")
            .fails(&[Code::InvitationGone])
            .with_page(),
        Route::AcceptInvitation => Operation::new(INVITATIONS, "Accept an invitation")
            .note("Once. Whoever accepts becomes the owner of the company, with the user of the address or a new one.")
            .takes::<AcceptanceBody>()
            .gives::<AcceptanceView<'static>>("The company that is owned now.")
            .fails(&[Code::InvitationGone])
            .with_page(),
    })
}
