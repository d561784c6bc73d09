//! The operators' API, on a listener of its own behind a bearer token. JSON without an envelope; failures have
//! the partners' one. Every command of the command line is a client of this.

pub mod ats;
pub mod audit;
pub mod backtest;
pub mod billing;
pub mod clock;
pub mod company;
pub mod decision;
pub mod key;
mod metrics;
pub mod openapi;
pub mod outbox;
pub mod phone_number;
pub mod plugin;
pub mod release;
pub mod safe_mode;
pub mod slot;
pub mod user;

use std::borrow::Cow;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use subtle::ConstantTimeEq;
use switchboard_domain::audit::SELF;
use switchboard_domain::bounds::{COMPONENT_BYTES_MAX, OPERATOR_NAME_CHARS};
use switchboard_domain::problem::{Flaw, Problems};
use tracing::Instrument;

use super::health::{HealthView, ReadinessView};
use super::problem::{Failure, Problem};
use super::{Door, Reply, Request, Trace, auth, docs, route};
use crate::app::App;
use crate::drain::Drain;
use crate::metrics::Metrics;

/// A component over a slow line.
const BODY_WITHIN: Duration = Duration::from_secs(120);

/// The operators' side.
#[derive(Debug)]
pub struct Admin {
    app: App,
    door: Arc<Door>,
    metrics: Arc<Metrics>,
    drain: Drain,
    token: String,
}

/// What an operator can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Healthz,
    Readyz,
    Metrics,
    OpenApi,
    Docs,
    DocsFile,
    ListAtss,
    CreateAts,
    GetAts,
    UpdateAts,
    DeleteAts,
    ListKeys,
    CreateKey,
    GetKey,
    SuspendKey,
    ResumeKey,
    RevokeKey,
    ListCompanies,
    GetCompany,
    UpdateCompany,
    ListPhoneNumbers,
    CreatePhoneNumber,
    DeletePhoneNumber,
    RerateBills,
    ListUsers,
    CreateUser,
    DeleteUser,
    ListOutbox,
    RetryOutboxRow,
    DropOutboxRow,
    ListPlugins,
    PushPlugin,
    GetPlugin,
    GetPluginWit,
    RemovePlugin,
    ListReleases,
    CreateRelease,
    GetRelease,
    ActivateRelease,
    PromoteRelease,
    AbortRelease,
    BacktestRelease,
    GetBacktest,
    ListSlots,
    GetSlot,
    RollBackSlot,
    RetryHeld,
    GetSafeMode,
    SetSafeMode,
    ListDecisions,
    GetDecision,
    ReplayDecision,
    ListAudit,
    GetClock,
    MoveClock,
}

/// Every route with its method and path.
const ROUTES: &[(Route, &str, &str)] = &[
    (Route::Healthz, "GET", "/healthz"),
    (Route::Readyz, "GET", "/readyz"),
    (Route::Metrics, "GET", "/metrics"),
    (Route::OpenApi, "GET", "/openapi.json"),
    (Route::Docs, "GET", "/docs"),
    (Route::DocsFile, "GET", "/docs/{file}"),
    (Route::ListAtss, "GET", "/ats"),
    (Route::CreateAts, "POST", "/ats"),
    (Route::GetAts, "GET", "/ats/{id}"),
    (Route::UpdateAts, "PATCH", "/ats/{id}"),
    (Route::DeleteAts, "DELETE", "/ats/{id}"),
    (Route::ListKeys, "GET", "/keys"),
    (Route::CreateKey, "POST", "/keys"),
    (Route::GetKey, "GET", "/keys/{id}"),
    (Route::SuspendKey, "POST", "/keys/{id}/suspend"),
    (Route::ResumeKey, "POST", "/keys/{id}/resume"),
    (Route::RevokeKey, "POST", "/keys/{id}/revoke"),
    (Route::ListCompanies, "GET", "/companies"),
    (Route::GetCompany, "GET", "/companies/{id}"),
    (Route::UpdateCompany, "PATCH", "/companies/{id}"),
    (Route::ListPhoneNumbers, "GET", "/phone-numbers"),
    (Route::CreatePhoneNumber, "POST", "/phone-numbers"),
    (Route::DeletePhoneNumber, "DELETE", "/phone-numbers/{id}"),
    (Route::RerateBills, "GET", "/billing/rerate"),
    (Route::ListUsers, "GET", "/users"),
    (Route::CreateUser, "POST", "/users"),
    (Route::DeleteUser, "DELETE", "/users/{id}"),
    (Route::ListOutbox, "GET", "/outbox"),
    (Route::RetryOutboxRow, "POST", "/outbox/{id}/retry"),
    (Route::DropOutboxRow, "DELETE", "/outbox/{id}"),
    (Route::ListPlugins, "GET", "/plugins"),
    (Route::PushPlugin, "POST", "/plugins"),
    (Route::GetPlugin, "GET", "/plugins/{name}"),
    (Route::GetPluginWit, "GET", "/plugins/{name}/wit"),
    (Route::RemovePlugin, "DELETE", "/plugins/{name}"),
    (Route::ListReleases, "GET", "/releases"),
    (Route::CreateRelease, "POST", "/releases"),
    (Route::GetRelease, "GET", "/releases/{id}"),
    (Route::ActivateRelease, "POST", "/releases/{id}/activate"),
    (Route::PromoteRelease, "POST", "/releases/{id}/promote"),
    (Route::AbortRelease, "POST", "/releases/{id}/abort"),
    (Route::BacktestRelease, "POST", "/releases/{id}/backtest"),
    (Route::GetBacktest, "GET", "/releases/{id}/backtest"),
    (Route::ListSlots, "GET", "/slots"),
    (Route::GetSlot, "GET", "/slots/{ats}/{policy}"),
    (Route::RollBackSlot, "POST", "/slots/{ats}/{policy}/rollback"),
    (Route::RetryHeld, "POST", "/slots/{ats}/{policy}/retry-held"),
    (Route::GetSafeMode, "GET", "/safe-mode"),
    (Route::SetSafeMode, "POST", "/safe-mode"),
    (Route::ListDecisions, "GET", "/decisions"),
    (Route::GetDecision, "GET", "/decisions/{id}"),
    (Route::ReplayDecision, "POST", "/decisions/{id}/replay"),
    (Route::ListAudit, "GET", "/audit"),
    (Route::GetClock, "GET", "/clock"),
    (Route::MoveClock, "POST", "/clock"),
];

impl Route {
    /// Open to whoever reaches the listener: what says nothing of anybody.
    const fn is_open(self) -> bool {
        matches!(self, Self::Healthz | Self::Readyz | Self::OpenApi | Self::Docs | Self::DocsFile)
    }
}

/// The header in which operators say who they are.
const ACTOR: &str = "X-Switchboard-Actor";

/// An operator's request, with what stood in the path's places.
pub(crate) struct Ask<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    places: Vec<String>,
}

impl Ask<'_> {
    /// The id in the path.
    pub(crate) fn id<T: std::str::FromStr>(&self) -> Result<T, Failure> {
        self.place(0).parse().map_err(|_| Failure::field("id", Flaw::invalid("is not a valid id")))
    }

    /// What stood in a place of the path.
    pub(crate) fn place(&self, index: usize) -> &str {
        self.places.get(index).map_or("", String::as_str)
    }

    /// Who does it, as they call themselves: the audit tells.
    pub(crate) fn actor(&self) -> Result<&str, Failure> {
        let Some(value) = self.request.headers.get(ACTOR) else { return Ok("operator") };
        let actor = value.to_str().ok().filter(|actor| OPERATOR_NAME_CHARS.contains(&actor.len()));
        match actor {
            Some(SELF) => Err(Failure::field(ACTOR, Flaw::invalid("is the server itself; send who you are"))),
            Some(actor) => Ok(actor),
            None => Err(Failure::field(ACTOR, Flaw::invalid("must be 1 to 100 visible ASCII characters"))),
        }
    }

    /// Refuses bad values of the query.
    pub(crate) fn refuse(problems: Problems) -> Result<(), Failure> {
        super::problem::refuse(problems)
    }
}

impl Admin {
    /// The operators' side of `app`, for whoever has `token`.
    #[must_use]
    pub fn new(app: App, door: Arc<Door>, metrics: Arc<Metrics>, drain: Drain, token: String) -> Self {
        Self { app, door, metrics, drain, token }
    }

    /// Answers one request, whatever happens.
    pub async fn answer(
        &self,
        incoming: hyper::Request<Incoming>,
        socket: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let (mut request, mut trace) = self.door.receive("admin", incoming, socket);
        let span = trace.span.clone();
        let run = self.run(&mut request, &mut trace).instrument(span);
        let outcome = AssertUnwindSafe(run).catch_unwind().await;
        self.door.reply(trace, outcome).await
    }

    async fn run(&self, request: &mut Request, trace: &mut Trace) -> Result<Reply, Failure> {
        let (route, template, places) = match recognise(&request.method, request.path()) {
            Ok(found) => found,
            Err(problem) => {
                request.discard().await;
                return Err(problem.into());
            }
        };
        trace.routed(template);
        if !route.is_open() && !self.is_let_in(request) {
            request.discard().await;
            return Err(Problem::BadToken.into());
        }
        let max_bytes = match route {
            Route::PushPlugin | Route::ReplayDecision => COMPONENT_BYTES_MAX,
            _ => super::BODY_BYTES_MAX,
        };
        request.receive(max_bytes, BODY_WITHIN).await;
        self.handle(route, &Ask { app: &self.app, request, places }).await
    }

    fn is_let_in(&self, request: &Request) -> bool {
        let presented = auth::bearer(&request.headers).unwrap_or_default();
        presented.as_bytes().ct_eq(self.token.as_bytes()).into()
    }

    async fn handle(&self, route: Route, ask: &Ask<'_>) -> Result<Reply, Failure> {
        match route {
            Route::Healthz => ok(&HealthView::OK),
            Route::Readyz => Ok(self.readiness()),
            Route::Metrics => Ok(metrics::reply(&self.metrics, &self.app)),
            Route::OpenApi => Ok(openapi::reply()),
            Route::Docs => Ok(docs::page(&ask.request.headers)),
            Route::DocsFile => {
                docs::file(ask.place(0), &ask.request.headers).ok_or(Problem::RouteNotFound.into())
            }
            Route::ListAtss => ats::list(ask),
            Route::CreateAts => ats::create(ask).await,
            Route::GetAts => ats::get(ask),
            Route::UpdateAts => ats::update(ask).await,
            Route::DeleteAts => ats::delete(ask).await,
            Route::ListKeys => key::list(ask),
            Route::CreateKey => key::create(ask).await,
            Route::GetKey => key::get(ask),
            Route::SuspendKey => key::suspend(ask).await,
            Route::ResumeKey => key::resume(ask).await,
            Route::RevokeKey => key::revoke(ask).await,
            Route::ListCompanies => company::list(ask),
            Route::GetCompany => company::get(ask),
            Route::UpdateCompany => company::update(ask).await,
            Route::ListPhoneNumbers => phone_number::list(ask),
            Route::CreatePhoneNumber => phone_number::create(ask).await,
            Route::DeletePhoneNumber => phone_number::delete(ask).await,
            Route::RerateBills => Box::pin(billing::rerate(ask)).await,
            Route::ListUsers => user::list(ask),
            Route::CreateUser => user::create(ask).await,
            Route::DeleteUser => user::delete(ask).await,
            Route::ListOutbox => outbox::list(ask),
            Route::RetryOutboxRow => outbox::retry(ask).await,
            Route::DropOutboxRow => outbox::drop_row(ask).await,
            Route::ListPlugins => plugin::list(ask),
            Route::PushPlugin => plugin::push(ask).await,
            Route::GetPlugin => plugin::get(ask),
            Route::GetPluginWit => plugin::wit(ask).await,
            Route::RemovePlugin => plugin::remove(ask).await,
            Route::ListReleases => release::list(ask),
            Route::CreateRelease => release::create(ask).await,
            Route::GetRelease => release::get(ask),
            Route::ActivateRelease => release::activate(ask).await,
            Route::PromoteRelease => release::promote(ask).await,
            Route::AbortRelease => release::abort(ask).await,
            Route::BacktestRelease => backtest::run(ask).await,
            Route::GetBacktest => backtest::progress(ask),
            Route::ListSlots => slot::list(ask),
            Route::GetSlot => slot::get(ask),
            Route::RollBackSlot => slot::roll_back(ask).await,
            Route::RetryHeld => slot::retry_held(ask).await,
            Route::GetSafeMode => safe_mode::get(ask),
            Route::SetSafeMode => safe_mode::set(ask).await,
            Route::ListDecisions => decision::list(ask),
            Route::GetDecision => decision::get(ask),
            Route::ReplayDecision => decision::replay(ask).await,
            Route::ListAudit => audit::list(ask),
            Route::GetClock => Ok(clock::get(ask)),
            Route::MoveClock => clock::change(ask),
        }
    }

    /// Each dependency by name; 503 while one is not there.
    fn readiness(&self) -> Reply {
        let readiness = ReadinessView::of(self.app.store().failure(), self.drain.is_requested());
        let status = if readiness.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        json_reply(status, &readiness)
    }
}

fn recognise(method: &Method, path: &str) -> Result<(Route, &'static str, Vec<String>), Problem> {
    let segments = route::segments(path).ok_or(Problem::RouteNotFound)?;
    let wanted = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let mut allow: Vec<&str> = Vec::new();
    for (route, verb, template) in ROUTES {
        if let Some(places) = places(template, &segments) {
            if *verb == wanted {
                return Ok((*route, template, places));
            }
            allow.push(verb);
        }
    }
    if allow.is_empty() {
        Err(Problem::RouteNotFound)
    } else {
        Err(Problem::MethodNotAllowed { allow: allow.join(", ") })
    }
}

/// What stands in the `{…}` of a template, if the path has its form.
fn places(template: &str, segments: &[Cow<'_, str>]) -> Option<Vec<String>> {
    let parts: Vec<&str> = template[1..].split('/').collect();
    if parts.len() != segments.len() {
        return None;
    }
    let mut places = Vec::new();
    for (part, segment) in parts.iter().zip(segments) {
        if part.starts_with('{') {
            places.push(segment.clone().into_owned());
        } else if part != segment {
            return None;
        }
    }
    Some(places)
}

/// A plain JSON answer.
pub(crate) fn json_reply(status: StatusCode, data: &(impl Serialize + ?Sized)) -> Reply {
    match serde_json::to_vec(data) {
        Ok(body) => Reply::text(status, "application/json", body),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            Reply::text(StatusCode::INTERNAL_SERVER_ERROR, "application/json", "{}")
        }
    }
}

/// 200 with an object or array.
pub(crate) fn ok(data: &(impl Serialize + ?Sized)) -> Result<Reply, Failure> {
    Ok(json_reply(StatusCode::OK, data))
}

/// 201 with the object that was made.
pub(crate) fn created(data: &(impl Serialize + ?Sized)) -> Result<Reply, Failure> {
    Ok(json_reply(StatusCode::CREATED, data))
}
