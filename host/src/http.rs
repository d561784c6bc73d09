//! HTTP: what stands between a socket and the use cases. The order in which a request is checked is the
//! contract's (§1): its first half stands in `Partners::check`, its second in `dispatch` and `resource`.

pub mod address;
pub mod admin;
pub mod agent;
pub mod analysis;
pub mod auth;
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
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Response};
use ipnet::IpNet;
use switchboard_domain::id::{CompanyId, KeyId};
use switchboard_domain::key::{Key, Reach};
use switchboard_domain::problem::Flaw;
use switchboard_domain::time::Timestamp;

pub use self::problem::{Failure, Problem};
pub use self::reply::Reply;
pub use self::request::{Call, Request, RequestId};
pub use self::route::Route;

use self::address::{AddressLimits, Addresses};
use self::compress::Wish;
use self::health::HealthView;
use self::overload::{Places, overloaded};
use self::query::Query;
use self::rate::{RateView, Rates};
use self::request::{RequestBody, RequestIds};
use self::route::{Access, PathIds, Recognised};
use crate::app::access::{Caller, Denied};
use crate::clock::Clock;
use crate::ids::Ids;
use crate::metrics::Metrics;

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
        Self { clock, request_ids: RequestIds::new(ids), metrics, settings: ArcSwap::from_pointee(settings) }
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
    ) -> (Request, Trace) {
        let started = Instant::now();
        let (head, body) = incoming.into_parts();
        let now = self.clock.now();
        let request_id = self.request_ids.of(&head.headers);
        let trace = Trace {
            listener,
            method: label(&head.method),
            started,
            now,
            request_id: request_id.clone(),
            route: "none",
            key_id: None,
            company_id: None,
            rate: None,
            wish: Wish::of(&head.headers),
        };
        let request = Request {
            path: head.uri.path().to_owned(),
            query: Query::parse(head.uri.query()),
            peer: auth::peer_address(socket.ip(), &head.headers, &self.settings.load().trusted_proxies),
            method: head.method,
            headers: head.headers,
            now,
            request_id,
            body: RequestBody::Unread(body),
            room: None,
        };
        (request, trace)
    }

    /// Lets the answer out: failures and panics get their envelope, large bodies their encoding, the log its
    /// one line.
    pub async fn reply(&self, trace: Trace, outcome: Outcome) -> Response<Full<Bytes>> {
        let reply = match outcome {
            Ok(Ok(reply)) => reply,
            Ok(Err(failure)) => failure.into_reply(trace.now, &trace.request_id),
            Err(panic) => {
                self.metrics.panicked();
                let failure = Failure::Internal(format!("the handler panicked: {}", panic_text(&*panic)));
                failure.into_reply(trace.now, &trace.request_id).with(CONNECTION, "close")
            }
        };
        let reply = compress::apply(&trace.wish, reply).await;
        let duration = trace.started.elapsed();
        self.metrics.request(trace.listener, trace.route, trace.method, reply.status, duration);
        tracing::info!(
            listener = trace.listener,
            method = trace.method,
            route = trace.route,
            status = reply.status.as_u16(),
            micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            request_id = trace.request_id.as_str(),
            key = trace.key_id.map(tracing::field::display),
            company = trace.company_id.map(tracing::field::display),
            "request"
        );
        let mut headers = reply.headers;
        headers.insert(HeaderName::from_static("x-request-id"), trace.request_id.header());
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
#[derive(Debug)]
pub struct Partners<A, H> {
    door: Arc<Door>,
    addresses: Addresses,
    places: Places,
    rates: Rates,
    authenticate: A,
    handle: H,
}

/// What the checks that need no resource let through.
enum Passed {
    Answered(Reply),
    Call { caller: Arc<Caller>, route: Route, ids: PathIds },
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
        Self { door, addresses: Addresses::default(), places, rates: Rates::default(), authenticate, handle }
    }

    /// Answers one request, whatever happens.
    pub async fn answer(
        &self,
        incoming: hyper::Request<Incoming>,
        socket: SocketAddr,
    ) -> Response<Full<Bytes>> {
        let (request, mut trace) = self.door.receive("partners", incoming, socket);
        let outcome = AssertUnwindSafe(self.run(request, &mut trace)).catch_unwind().await;
        if let Ok(Err(Failure::Found(Problem::Overloaded { reason, .. }))) = &outcome {
            self.note_overload(reason);
        }
        self.door.reply(trace, outcome).await
    }

    async fn run(&self, mut request: Request, trace: &mut Trace) -> Result<Reply, Failure> {
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

    /// The order of checks of contract §1, as far as it is the same for every route: route and method,
    /// credentials, rate, scope. The handler goes on with the values in path, query and head, `companyId`, the
    /// resource, and then the body, which nobody has read yet.
    fn check(&self, request: &Request, trace: &mut Trace) -> Result<Passed, Failure> {
        let recognised = route::recognise(&request.method, &request.path);
        if let Recognised::Found(route, _) = &recognised {
            trace.route = route.entry().template;
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
    let mut values = request.headers.get_all(request::IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next().filter(|_| request.method == Method::POST) else { return Ok(None) };
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
