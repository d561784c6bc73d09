//! From a partner's call to its use case: one `match` over the routes, and what every handler needs.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hyper::header::{HeaderName, HeaderValue};
use switchboard_domain::id::CompanyId;
use switchboard_domain::problem::{Flaw, Problems};

use super::page::{Listing, PageView};
use super::problem::{Failure, Problem, refuse};
use super::reply::Reply;
use super::request::Call;
use super::route::{Access, Route};
use super::{agent, analysis, call_attempt, candidate, company, dialler, interview, job};
use crate::app::idempotency::{self, Begin};
use crate::app::{App, Page, PageRequest, PageStart, Rendered, Write};

/// Does what the route says.
///
/// # Errors
/// Whatever the contract says.
pub async fn dispatch(app: App, call: Call) -> Result<Reply, Failure> {
    let turn = match begin(&app, &call)? {
        Some(Begin::Replay(kept)) => return Ok(Reply::from(kept)),
        Some(Begin::Run(turn)) => Some(turn),
        None => None,
    };
    let write = Write { now: call.request.now, turn };
    // Writes in boxes of their own, so that a read does not pay for the room that they need.
    match call.route {
        Route::CreateCompany => Box::pin(company::create(&app, &call, write)).await,
        Route::ListCompanies => company::list(&app, &call),
        Route::GetCompany => company::get(&app, &call),
        Route::CreateJob => Box::pin(job::create(&app, &call, write)).await,
        Route::ListJobs => job::list(&app, &call).await,
        Route::GetJob => job::get(&app, &call),
        Route::CreateCandidate => Box::pin(candidate::create(&app, &call, write)).await,
        Route::ListCandidates => candidate::list(&app, &call).await,
        Route::GetCandidate => candidate::get(&app, &call),
        Route::ListCandidateInterviews => interview::list_of_candidate(&app, &call).await,
        Route::ListCandidateAnalyses => analysis::list_of_candidate(&app, &call).await,
        Route::CreateAgent => Box::pin(agent::create(&app, &call, write)).await,
        Route::ListAgents => agent::list(&app, &call).await,
        Route::GetAgent => agent::get(&app, &call),
        Route::CreateInterview => Box::pin(interview::create(&app, &call, write)).await,
        Route::ListInterviews => interview::list(&app, &call).await,
        Route::GetInterview => interview::get(&app, &call),
        Route::GetAnalysisPdf => Box::pin(analysis::get_pdf(&app, &call)).await,
        Route::CreateCallAttempt => Box::pin(call_attempt::create(&app, &call, write)).await,
        Route::UpdateCallAttempt => Box::pin(call_attempt::update(&app, &call)).await,
        Route::DeleteCallAttempt => Box::pin(call_attempt::delete(&app, &call)).await,
        Route::ClaimCallAttempts => Box::pin(dialler::claim(&app, &call)).await,
        Route::BeatCallAttempt => Box::pin(dialler::beat(&app, &call)).await,
        Route::CompleteCallAttempt => Box::pin(dialler::complete(&app, &call)).await,
        Route::PutAnalysis => Box::pin(analysis::put(&app, &call)).await,
        Route::StartInterview => Box::pin(dialler::start_online(&app, &call)).await,
        Route::CompleteInterview => Box::pin(dialler::complete_online(&app, &call)).await,
        // Answered before a key is asked for.
        Route::Healthz | Route::OpenApi => Err(Problem::RouteNotFound.into()),
    }
}

/// A request with an `Idempotency-Key` takes its turn. A body that cannot be read takes none: it is refused
/// where the order of checks says so. A dry run stores nothing and so takes none either; nor does a dialler, whose
/// protocol has its own way of saying something twice.
fn begin(app: &App, call: &Call) -> Result<Option<Begin>, Failure> {
    let (Some(key), Ok(body)) = (&call.idempotency_key, call.request.bytes()) else { return Ok(None) };
    let is_worker = call.route.entry().access == Access::Worker;
    if is_worker || call.request.query.peek("dryRun") == Some("true") {
        return Ok(None);
    }
    // A company key's parameter is ignored everywhere, so here too.
    let named = call.request.query.peek("companyId").filter(|_| call.caller.own_company().is_none());
    let company = named.unwrap_or_default();
    let asked: [&[u8]; 2] = [company.as_bytes(), body];
    let path = call.ids.fill(call.route.entry().template);
    Ok(Some(idempotency::begin(app, call.caller.key.id, &path, key, &asked, call.request.now)?))
}

impl Call {
    /// The company that an ATS key names; a company key's parameter is ignored.
    pub(crate) fn named_company(&self, problems: &mut Problems) -> Option<CompanyId> {
        match self.caller.own_company() {
            Some(_) => None,
            None => self.request.query.id("companyId", problems),
        }
    }

    /// The company that the call is about; what else is wrong with path and query comes first.
    pub(crate) fn company(
        &self,
        app: &App,
        named: Option<CompanyId>,
        problems: Problems,
    ) -> Result<CompanyId, Failure> {
        refuse(problems)?;
        Ok(app.company_in_reach(&self.caller, named)?)
    }

    /// For a call whose query has nothing but `companyId`.
    pub(crate) fn company_only(&self, app: &App) -> Result<CompanyId, Failure> {
        let mut problems = Problems::default();
        let named = self.named_company(&mut problems);
        self.company(app, named, problems)
    }

    /// Path id and `companyId` of a call for one resource.
    pub(crate) fn resource<I: std::str::FromStr>(&self) -> Result<(Option<CompanyId>, I), Failure> {
        self.resource_and(Problems::default())
    }

    /// As [`Call::resource`], of a call whose query has more that may be wrong.
    pub(crate) fn resource_and<I: std::str::FromStr>(
        &self,
        mut problems: Problems,
    ) -> Result<(Option<CompanyId>, I), Failure> {
        let named = self.named_company(&mut problems);
        let id = self.path_id();
        if id.is_err() {
            problems.add("id", Flaw::invalid("is not a valid id"));
        }
        refuse(problems)?;
        Ok((named, id?))
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
        for (name, value) in &rendered.headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                reply.headers.insert(name, value);
            }
        }
        if rendered.replayed {
            reply.headers.insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        reply
    }
}

/// A reply as it is kept. The media type is every envelope's and is not kept.
pub(crate) fn rendered(reply: Reply) -> Rendered {
    Rendered {
        status: reply.status.as_u16(),
        headers: Vec::new(),
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
