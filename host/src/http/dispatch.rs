//! From a partner's call to its use case: one `match` over the routes, and what every handler needs.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use switchboard_domain::agent::Agent;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::id::CompanyId;
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::problem::Problems;

use super::page::{Listing, PageView};
use super::problem::{Failure, Problem};
use super::reply::Reply;
use super::request::{Call, Guest};
use super::route::Route;
use super::{analysis, billing, call_attempt, company, decision, dialler, interview, invitation, resource};
use crate::app::idempotency::{self, Begin};
use crate::app::{App, Page, PageRequest, PageStart, Rendered, Write};

/// Set on an answer that was kept from an earlier request.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Does what the route says.
///
/// # Errors
/// Whatever the contract says.
pub async fn dispatch(app: App, mut call: Call) -> Result<Reply, Failure> {
    let outcome = handle(&app, &mut call).await;
    // A body that nobody asked for: the request was refused without it, or needs none. While it is still on its
    // way it takes nobody's place.
    call.place.leave();
    call.request.discard().await;
    outcome
}

async fn handle(app: &App, call: &mut Call) -> Result<Reply, Failure> {
    // In boxes of their own, so that who needs none does not pay for the room that the others need.
    match call.route {
        Route::CreateCompany => Box::pin(company::create(app, call)).await,
        Route::ListCompanies => Box::pin(company::list(app, call)).await,
        Route::GetCompany => resource::get::<Company>(app, call),
        Route::UpdateCompany => Box::pin(company::update(app, call)).await,
        Route::DeleteCompany => Box::pin(company::delete(app, call)).await,
        Route::CreateJob => Box::pin(resource::create::<Job>(app, call)).await,
        Route::ListJobs => Box::pin(resource::list::<Job>(app, call)).await,
        Route::GetJob => resource::get::<Job>(app, call),
        Route::UpdateJob => Box::pin(resource::update::<Job>(app, call)).await,
        Route::DeleteJob => Box::pin(resource::delete::<Job>(app, call)).await,
        Route::CreateCandidate => Box::pin(resource::create::<Candidate>(app, call)).await,
        Route::ListCandidates => Box::pin(resource::list::<Candidate>(app, call)).await,
        Route::GetCandidate => resource::get::<Candidate>(app, call),
        Route::UpdateCandidate => Box::pin(resource::update::<Candidate>(app, call)).await,
        Route::DeleteCandidate => Box::pin(resource::delete::<Candidate>(app, call)).await,
        Route::ListCandidateInterviews => Box::pin(interview::list_of_candidate(app, call)).await,
        Route::ListCandidateAnalyses => Box::pin(analysis::list_of_candidate(app, call)).await,
        Route::CreateAgent => Box::pin(resource::create::<Agent>(app, call)).await,
        Route::ListAgents => Box::pin(resource::list::<Agent>(app, call)).await,
        Route::GetAgent => resource::get::<Agent>(app, call),
        Route::UpdateAgent => Box::pin(resource::update::<Agent>(app, call)).await,
        Route::DeleteAgent => Box::pin(resource::delete::<Agent>(app, call)).await,
        Route::CreateInterview => Box::pin(interview::create(app, call)).await,
        Route::ListInterviews => Box::pin(resource::list::<Interview>(app, call)).await,
        Route::GetInterview => resource::get::<Interview>(app, call),
        Route::UpdateInterview => Box::pin(resource::update::<Interview>(app, call)).await,
        Route::DeleteInterview => Box::pin(resource::delete::<Interview>(app, call)).await,
        Route::GetAnalysisPdf => Box::pin(analysis::get_pdf(app, call)).await,
        Route::GetDecision => decision::get(app, call),
        Route::CreateCallAttempt => Box::pin(call_attempt::create(app, call)).await,
        Route::UpdateCallAttempt => Box::pin(call_attempt::update(app, call)).await,
        Route::DeleteCallAttempt => Box::pin(call_attempt::delete(app, call)).await,
        Route::ClaimCallAttempts => Box::pin(dialler::claim(app, call)).await,
        Route::BeatCallAttempt => Box::pin(dialler::beat(app, call)).await,
        Route::CompleteCallAttempt => Box::pin(dialler::complete(app, call)).await,
        Route::PutAnalysis => Box::pin(analysis::put(app, call)).await,
        Route::StartInterview => Box::pin(dialler::start_online(app, call)).await,
        Route::CompleteInterview => Box::pin(dialler::complete_online(app, call)).await,
        Route::GetBillingUsage => Box::pin(billing::usage(app, call)).await,
        // Answered before a key is asked for.
        Route::Healthz
        | Route::OpenApi
        | Route::Docs
        | Route::DocsFile
        | Route::LlmsText
        | Route::GetInvitation
        | Route::AcceptInvitation => Err(Problem::RouteNotFound.into()),
    }
}

/// How a request that may carry an `Idempotency-Key` goes on.
pub(crate) enum Turn {
    /// It is to be run, and what it writes to be kept under the key.
    Run(Write),
    /// It was answered before.
    Replay(Reply),
}

impl Call {
    /// Takes the turn of a request whose body was received; one without an `Idempotency-Key` has nobody to wait
    /// for, and a dry run stores nothing.
    pub(crate) fn turn(&self, app: &App) -> Result<Turn, Failure> {
        let now = self.request.now;
        let is_dry = self.request.query.peek("dryRun") == Some("true");
        let (Ok(Some(key)), false) = (&self.idempotency_key, is_dry) else {
            return Ok(Turn::Run(Write { now, turn: None }));
        };
        // A company key's parameter is ignored everywhere, so here too.
        let named = self.request.query.peek("companyId").filter(|_| self.caller.own_company().is_none());
        let company = named.unwrap_or_default();
        let asked: [&[u8]; 2] = [company.as_bytes(), self.request.bytes()?];
        let path = self.ids.fill(self.route.entry().template);
        Ok(match idempotency::begin(app, self.caller.key.id, &path, key, &asked, now)? {
            Begin::Run(turn) => Turn::Run(Write { now, turn: Some(turn) }),
            Begin::Replay(kept) => Turn::Replay(Reply::from(kept)),
        })
    }

    /// The company that an ATS key names; a company key's parameter is ignored.
    pub(crate) fn named_company(&self, problems: &mut Problems) -> Option<CompanyId> {
        match self.caller.own_company() {
            Some(_) => None,
            None => self.request.query.id("companyId", problems),
        }
    }

    /// The company that the call is about; what else is wrong with path, query and head comes first.
    pub(crate) fn company(
        &self,
        app: &App,
        named: Option<CompanyId>,
        problems: Problems,
    ) -> Result<CompanyId, Failure> {
        self.refuse(problems)?;
        Ok(app.company_in_reach(&self.caller, named)?)
    }

    /// For a call whose query has nothing but `companyId`.
    pub(crate) fn company_only(&self, app: &App) -> Result<CompanyId, Failure> {
        let mut problems = Problems::default();
        let named = self.named_company(&mut problems);
        self.company(app, named, problems)
    }
}

/// What a listing asks of the store.
pub(crate) fn page_request(listing: &Listing) -> PageRequest {
    let start = match &listing.after {
        Some(cursor) => PageStart::After(uuid::Uuid::from_bytes(*cursor.id_bytes())),
        None => PageStart::Offset(listing.offset()),
    };
    PageRequest { start, limit: usize::try_from(listing.limit).unwrap_or(usize::MAX) }
}

/// A page of the store as the wire shows it.
pub(crate) fn page_view<'a, T, V>(
    listing: &Listing,
    page: &'a Page<T>,
    view: impl Fn(&'a T) -> V,
) -> PageView<V> {
    let data = page.items.iter().map(view).collect();
    let last_id = page.next.map(uuid::Uuid::into_bytes);
    PageView::new(listing, page.total, data, last_id, last_id.is_some())
}

impl From<Rendered> for Reply {
    fn from(rendered: Rendered) -> Self {
        let mut reply = Self::stored(rendered.status, rendered.body);
        for (name, value) in rendered.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(value)) {
                reply.headers.insert(name, value);
            }
        }
        if rendered.replayed {
            reply.headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        reply
    }
}

/// A reply as it is kept. The media type is every envelope's and is not kept.
pub(crate) fn rendered(reply: &Reply) -> Rendered {
    let own = reply.headers.iter().filter(|(name, _)| **name != CONTENT_TYPE);
    let text = |value: &HeaderValue| value.to_str().unwrap_or_default().to_owned();
    Rendered {
        status: reply.status.as_u16(),
        headers: own.map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: Bytes::clone(&reply.body),
        replayed: false,
    }
}

/// What answers a partner's call.
pub type Handler = Box<dyn Fn(Call) -> BoxFuture<'static, Result<Reply, Failure>> + Send + Sync>;

/// The handler of the partners' listener.
#[must_use]
pub fn handler(app: App) -> Handler {
    Box::new(move |call| Box::pin(dispatch(app.clone(), call)))
}

/// What answers a call that needs no key.
pub type GuestHandler = Box<dyn Fn(Guest) -> BoxFuture<'static, Result<Reply, Failure>> + Send + Sync>;

/// The handler of the partners' listener for those who have a link instead of a key.
#[must_use]
pub fn guest_handler(app: App) -> GuestHandler {
    Box::new(move |guest| Box::pin(invitation::answer(app.clone(), guest)))
}
