//! HTTP: what stands between a socket and the use cases. The order in which a request is checked is the
//! contract's (§1): its first half stands in `Partners::check`, its second in `dispatch` and `resource`.

pub mod address;
pub mod admin;
pub mod agent;
pub mod analysis;
pub mod auth;
pub mod billing;
pub mod body;
pub mod call_attempt;
pub mod candidate;
pub mod company;
pub mod compress;
mod condition;
pub mod decision;
pub mod dialler;
pub mod dispatch;
pub mod docs;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod health;
pub mod interview;
pub mod invitation;
pub mod job;
pub mod openapi;
pub mod overload;
pub mod page;
pub mod problem;
pub mod query;
pub mod rate;
pub mod reply;
pub mod request;
pub mod resource;
pub mod route;
pub mod schema;
pub mod server;
mod stall;
pub mod tls;

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Response, StatusCode};
use ipnet::IpNet;
use switchboard_domain::id::{CompanyId, IdText, KeyId};
use switchboard_domain::key::{Key, Reach};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

pub use self::problem::{Failure, Problem};
pub use self::reply::Reply;
pub use self::request::{Call, Guest, Request, RequestId};
pub use self::route::Route;

use self::address::{AddressLimits, Addresses};
use self::compress::Wish;
use self::dispatch::GuestHandler;
use self::health::HealthView;
use self::overload::{Places, overloaded};
use self::query::Query;
use self::rate::{RateView, Rates};
use self::request::{RequestBody, RequestIds, X_REQUEST_ID};
use self::route::{Access, PathIds, Recognised};
use crate::app::access::{Caller, Denied};
use crate::clock::Clock;
use crate::ids::Ids;
use crate::metrics::{Answers, Metrics, StatusClass};

/// A partner's body (contract §1).
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// A body of that size over a slow line; whoever needs longer holds a connection and nothing else.
pub const BODY_WITHIN: Duration = Duration::from_secs(20);
/// An `Idempotency-Key` (contract §1).
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// What the operator sets, and may change while the server runs.
#[derive(Debug, Clone, Default)]
pub struct DoorSettings {
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long a partner's body may take; [`BODY_WITHIN`] unless set.
    pub body_within: Option<Duration>,
    /// Partners' requests at work at once; more are refused. 0 is no bound.
    pub requests_max: usize,
    /// What one address may ask.
    pub address: AddressLimits,
}

/// The frame around every request of both listeners: its id, its one moment, its line in the log, its metrics,
/// and the headers that every answer has.
#[derive(Debug)]
pub struct Door {
    clock: Clock,
    request_ids: RequestIds,
    metrics: Arc<Metrics>,
    /// Of each of the partners' routes by GET or its one method, then by HEAD: what is counted of its answers, by the
    /// class of their status.
    answers: [[[OnceLock<Answers>; StatusClass::COUNT]; 2]; Route::ALL.len()],
    settings: ArcSwap<DoorSettings>,
}

/// What the log and the metrics will say of a request.
#[derive(Debug)]
pub struct Trace {
    listener: &'static str,
    method: &'static str,
    started: Instant,
    now: Timestamp,
    request_id: RequestId,
    /// The route's template: a closed list, never the path.
    pub route: &'static str,
    /// Where it is one of the partners'.
    partner_route: Option<Route>,
    /// Whose request it is, once that is known.
    pub key_id: Option<KeyId>,
    /// Whose company it is about, once that is known.
    pub company_id: Option<CompanyId>,
    /// What the key has left, once it was counted.
    pub rate: Option<RateView>,
    /// How the answer may be encoded.
    wish: Wish,
}

/// How a handler ended: with a reply, a failure, or a panic.
pub type Outcome = Result<Result<Reply, Failure>, Box<dyn Any + Send>>;

impl Door {
    /// One for the whole process.
    #[must_use]
    pub fn new(clock: Clock, ids: &Ids, metrics: Arc<Metrics>, settings: DoorSettings) -> Self {
        let answers =
            [const { [const { [const { OnceLock::new() }; StatusClass::COUNT] }; 2] }; Route::ALL.len()];
        let settings = ArcSwap::from_pointee(settings);
        Self { clock, request_ids: RequestIds::new(ids), metrics, answers, settings }
    }

    /// Lets these settings count from the next request on.
    pub fn set(&self, settings: DoorSettings) {
        self.settings.store(Arc::new(settings));
    }

    /// Takes a request in.
    #[must_use]
    pub fn receive(
        &self,
        listener: &'static str,
        incoming: hyper::Request<Incoming>,
        socket: SocketAddr,
    ) -> (Box<Request>, Box<Trace>) {
        let started = Instant::now();
        let (head, body) = incoming.into_parts();
        let now = self.clock.now();
        let request_id = self.request_ids.of(&head.headers);
        // In boxes: one future hands them to the next, and a request's whole future stays small.
        let trace = Box::new(Trace {
            listener,
            method: label(&head.method),
            started,
            now,
            request_id: request_id.clone(),
            route: "none",
            partner_route: None,
            key_id: None,
            company_id: None,
            rate: None,
            wish: Wish::of(&head.headers),
        });
        let request = Box::new(Request {
            query: Query::parse(head.uri.query()),
            uri: head.uri,
            peer: auth::peer_address(socket.ip(), &head.headers, &self.settings.load().trusted_proxies),
            method: head.method,
            headers: head.headers,
            now,
            request_id,
            body: RequestBody::Unread(body),
            room: None,
        });
        (request, trace)
    }

    /// Lets the answer out: failures and panics get their envelope, large bodies their encoding, the log its
    /// one line.
    pub async fn reply(&self, trace: Box<Trace>, outcome: Outcome) -> Response<Full<Bytes>> {
        let reply = compress::apply(&trace.wish, self.settle(&trace, outcome)).await;
        self.let_out(*trace, reply)
    }

    fn settle(&self, trace: &Trace, outcome: Outcome) -> Reply {
        match outcome {
            Ok(Ok(reply)) => reply,
            Ok(Err(failure)) => failure.into_reply(trace.now, &trace.request_id),
            Err(panic) => {
                self.metrics.panicked();
                let failure = Failure::Internal(format!("the handler panicked: {}", panic_text(&*panic)));
                failure.into_reply(trace.now, &trace.request_id).with(CONNECTION, "close")
            }
        }
    }

    fn count(&self, trace: &Trace, status: StatusCode, duration: Duration) {
        let class = StatusClass::of(status);
        let find = || self.metrics.answers(trace.listener, trace.route, trace.method, class);
        match trace.partner_route {
            Some(route) => {
                let is_head = trace.method == "HEAD";
                self.answers[route as usize][usize::from(is_head)][class as usize]
                    .get_or_init(find)
                    .note(duration);
            }
            None => find().note(duration),
        }
    }

    fn let_out(&self, trace: Trace, reply: Reply) -> Response<Full<Bytes>> {
        let duration = trace.started.elapsed();
        self.count(&trace, reply.status, duration);
        let (key, company) = (trace.key_id.map(KeyId::text), trace.company_id.map(CompanyId::text));
        tracing::info!(
            listener = trace.listener,
            method = trace.method,
            route = trace.route,
            status = reply.status.as_u16(),
            micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            request_id = trace.request_id.as_str(),
            key = key.as_ref().map(IdText::as_str),
            company = company.as_ref().map(IdText::as_str),
            "request"
        );
        let mut headers = reply.headers;
        headers.insert(&X_REQUEST_ID, trace.request_id.into_header());
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        if let Some(rate) = trace.rate {
            rate.write(&mut headers);
        }
        let mut body = reply.body;
        // HTTP/2 would send it. A 304 has none, and says nothing of the length that its 200 would have.
        if trace.method == "HEAD" && !body.is_empty() {
            headers.insert(CONTENT_LENGTH, body.len().into());
            body = Bytes::new();
        }
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = reply.status;
        *response.headers_mut() = headers;
        response
    }
}

/// Methods are free text on the wire; labels are not.
fn label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a text")
}

/// The partners' side. `authenticate` finds the caller of a secret from an address, `handle` does what the
/// route says; both come from outside, so that this file knows no use case.
pub struct Partners<A, H> {
    door: Arc<Door>,
    addresses: Addresses,
    places: Places,
    rates: Rates,
    authenticate: A,
    handle: H,
    /// Who answers those that need no key.
    welcome: Option<GuestHandler>,
}

impl<A, H> fmt::Debug for Partners<A, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partners").field("door", &self.door).finish_non_exhaustive()
    }
}

/// What the checks that need no resource let through.
enum Passed {
    Answered(Reply),
    Call { caller: Arc<Caller>, route: Route, ids: PathIds },
    Guest { route: Route, token: String },
}

impl<A, H, F> Partners<A, H>
where
    A: Fn(Option<&str>, IpAddr) -> Result<Arc<Caller>, Denied>,
    H: Fn(Call) -> F,
    F: Future<Output = Result<Reply, Failure>>,
{
    /// With full rate windows and free places.
    pub fn new(door: Arc<Door>, authenticate: A, handle: H) -> Self {
        let places = Places::new(door.metrics.in_flight());
        let (addresses, rates) = (Addresses::default(), Rates::default());
        Self { door, addresses, places, rates, authenticate, handle, welcome: None }
    }

    /// With somebody who answers those that need no key.
    #[must_use]
    pub fn welcoming(self, welcome: GuestHandler) -> Self {
        Self { welcome: Some(welcome), ..self }
    }

    /// Answers one request, whatever happens. It is taken in at once, so that the future is small.
    pub fn answer(
        self: &Arc<Self>,
        incoming: hyper::Request<Incoming>,
        socket: SocketAddr,
    ) -> impl Future<Output = Response<Full<Bytes>>> + use<A, H, F> {
        let (request, mut trace) = self.door.receive("partners", incoming, socket);
        let partners = Arc::clone(self);
        async move {
            let outcome = AssertUnwindSafe(partners.run(request, &mut trace)).catch_unwind().await;
            if let Ok(Err(Failure::Found(Problem::Overloaded { reason, .. }))) = &outcome {
                partners.note_overload(reason);
            }
            partners.door.reply(trace, outcome).await
        }
    }

    async fn run(&self, mut request: Box<Request>, trace: &mut Trace) -> Result<Reply, Failure> {
        match self.check(&request, trace) {
            Ok(Passed::Call { caller, route, ids }) => {
                let (within, places) = {
                    let settings = self.door.settings.load();
                    (settings.body_within.unwrap_or(BODY_WITHIN), settings.requests_max)
                };
                let place = self.places.take(places).ok_or(overloaded("overload"))?;
                request.room = Some(self.places.room());
                let idempotency_key = idempotency_key(&request);
                (self.handle)(Call {
                    caller,
                    route,
                    ids,
                    idempotency_key,
                    body_within: within,
                    place,
                    request,
                })
                .await
            }
            Ok(Passed::Guest { route, token }) => self.welcome(route, token, request).await,
            Ok(Passed::Answered(reply)) => {
                request.discard().await;
                Ok(reply)
            }
            Err(failure) => {
                request.discard().await;
                Err(failure)
            }
        }
    }

    /// Whoever has the secret of a path needs no key. One that nobody has is a guess, as a wrong key is.
    async fn welcome(
        &self,
        route: Route,
        token: String,
        mut request: Box<Request>,
    ) -> Result<Reply, Failure> {
        let (within, places) = {
            let settings = self.door.settings.load();
            (settings.body_within.unwrap_or(BODY_WITHIN), settings.requests_max)
        };
        let (Some(welcome), Some(place)) = (&self.welcome, self.places.take(places)) else {
            return Err(overloaded("overload").into());
        };
        let (peer, now) = (request.peer, request.now);
        request.room = Some(self.places.room());
        let answered = welcome(Guest { route, token, body_within: within, place, request }).await;
        let is_guess = match &answered {
            Ok(reply) => reply.status == StatusCode::NOT_FOUND,
            Err(failure) => matches!(failure, Failure::Rejected(Rejection::NotFound { .. })),
        };
        if is_guess {
            self.addresses.failed(peer, now);
        }
        answered
    }

    /// The order of checks of contract §1, as far as it is the same for every route: route and method,
    /// credentials, rate, scope. The handler goes on with the values in path, query and head, `companyId`, the
    /// resource, and then the body, which nobody has read yet.
    fn check(&self, request: &Request, trace: &mut Trace) -> Result<Passed, Failure> {
        let recognised = route::recognise(&request.method, request.path());
        if let Recognised::Found(route, _) = &recognised {
            trace.route = route.entry().template;
            trace.partner_route = Some(*route);
        }
        // Whoever watches over the server must be answered above all when it has much to do.
        if !matches!(recognised, Recognised::Found(Route::Healthz, _)) {
            self.let_in(request)?;
        }
        let (route, ids) = match recognised {
            Recognised::Found(route, ids) => (route, ids),
            Recognised::Options { allow } => return Ok(Passed::Answered(Reply::options(&allow))),
            Recognised::MethodNotAllowed { allow } => return Err(Problem::MethodNotAllowed { allow }.into()),
            Recognised::NotFound => return Err(Problem::RouteNotFound.into()),
        };
        if let Some(reply) = public(route, ids.id.as_deref(), request)? {
            return Ok(Passed::Answered(reply));
        }
        if route.entry().access == Access::Public {
            return Ok(Passed::Guest { route, token: ids.token.unwrap_or_default() });
        }

        let secret = auth::bearer(&request.headers);
        let caller = (self.authenticate)(secret, request.peer).inspect_err(|denied| {
            // A guess; who sends no key, or one that has ended, guesses nothing.
            if secret.is_some() && *denied == Denied::Unknown {
                self.addresses.failed(request.peer, request.now);
            }
        })?;
        trace.key_id = Some(caller.key.id);
        trace.company_id = company_of(&caller.key, &request.query);

        let rate = self.rates.take(&caller.key, request.now);
        trace.rate = Some(rate);
        if let Some(retry_after_seconds) = rate.retry_after_seconds {
            return Err(Problem::RateLimited { retry_after_seconds }.into());
        }

        check_scopes(route, &caller.key)?;
        Ok(Passed::Call { caller, route, ids })
    }
}

impl<A, H> Partners<A, H> {
    /// What is refused before anything else is looked at: an address that asks too much, and everybody while
    /// all places are taken.
    fn let_in(&self, request: &Request) -> Result<(), Failure> {
        let (limits, places) = {
            let settings = self.door.settings.load();
            (settings.address, settings.requests_max)
        };
        if let Err(too_much) = self.addresses.take(request.peer, limits, request.now) {
            let retry_after_seconds = too_much.retry_after_seconds;
            self.door.metrics.refused(too_much.met.as_str());
            if too_much.is_first {
                tracing::warn!(
                    event = "address.limited",
                    address = %request.peer,
                    bound = too_much.met.as_str(),
                    retry_after_seconds,
                    "refused until the minute is over; where this is a proxy of yours, name it in trusted_proxies"
                );
            }
            return Err(Problem::AddressLimited { retry_after_seconds }.into());
        }
        if self.places.are_taken(places) {
            return Err(overloaded("overload").into());
        }
        Ok(())
    }

    /// Counts a request that found no room, and tells of it now and then.
    fn note_overload(&self, reason: &'static str) {
        self.door.metrics.refused(reason);
        if let Some(refused) = self.places.refused() {
            tracing::warn!(event = "overloaded", reason, refused, "requests are refused with 503");
        }
    }
}

/// The answers that need neither key nor state.
fn public(route: Route, id: Option<&str>, request: &Request) -> Result<Option<Reply>, Problem> {
    Ok(Some(match route {
        Route::Healthz => Reply::ok(&HealthView::OK, request.now),
        Route::OpenApi => openapi::partner::reply(),
        Route::Docs => docs::page(&request.headers),
        Route::DocsFile => {
            docs::file(id.unwrap_or_default(), &request.headers).ok_or(Problem::RouteNotFound)?
        }
        Route::LlmsText => openapi::llms::reply(),
        _ => return Ok(None),
    }))
}

/// For the log: a company key's own company, else the one that is named, if it is an id at all.
fn company_of(key: &Key, query: &Query) -> Option<CompanyId> {
    match key.reach {
        Reach::Company(_, company_id) => Some(company_id),
        Reach::Ats(_) => query.peek("companyId").and_then(|text| text.parse().ok()),
        Reach::Worker(_) => None,
    }
}

/// Names the first missing scope, in the order of the route's table. A worker's key opens the dialler protocol and
/// nothing else, and a company key nothing that is for a whole ATS.
fn check_scopes(route: Route, key: &Key) -> Result<(), Problem> {
    let entry = route.entry();
    let is_worker = matches!(key.reach, Reach::Worker(_));
    if entry.access == Access::Worker {
        return if is_worker { Ok(()) } else { Err(Problem::NoWorker) };
    }
    let is_closed = match key.reach {
        Reach::Worker(_) => true,
        Reach::Company(..) => entry.access == Access::AtsKey,
        Reach::Ats(_) => false,
    };
    match entry.scopes.iter().find(|scope| is_closed || !key.has(**scope)) {
        Some(scope) => Err(Problem::MissingScope(*scope)),
        None => Ok(()),
    }
}

/// Only on POST; what is wrong with it is told together with path and query.
fn idempotency_key(request: &Request) -> Result<Option<String>, Flaw> {
    if request.method != Method::POST {
        return Ok(None);
    }
    let mut values = request.headers.get_all(request::IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let is_visible = value.as_bytes().iter().all(u8::is_ascii_graphic);
    let fits = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&value.len());
    match value.to_str() {
        Ok(key) if is_visible && fits && values.next().is_none() => Ok(Some(key.to_owned())),
        _ => {
            let text =
                format!("must be sent once, with 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII characters");
            Err(Flaw::invalid(text))
        }
    }
}

#[cfg(test)]
mod tests;
