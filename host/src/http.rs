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
pub mod headers;
pub mod health;
pub mod interview;
pub mod invitation;
pub mod job;
pub mod openapi;
pub mod overload;
pub mod page;
mod partners;
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
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use hyper::{Method, Response, StatusCode};
use ipnet::IpNet;
use switchboard_domain::id::{CompanyId, IdText, KeyId};
use switchboard_domain::time::Timestamp;
use tracing::Span;

pub use self::partners::Partners;
pub use self::problem::{Failure, Problem};
pub use self::reply::Reply;
pub use self::request::{Call, Guest, Request, RequestId};
pub use self::route::Route;

use self::address::AddressLimits;
use self::compress::Wish;
use self::query::Query;
use self::rate::RateView;
use self::request::{RequestBody, RequestIds, X_REQUEST_ID};
use crate::clock::Clock;
use crate::ids::Ids;
use crate::metrics::{Answers, Metrics, StatusClass};
use crate::span::{self, Answered};

/// A partner's body (contract §1).
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// A body of that size over a slow line; whoever needs longer holds a connection and nothing else.
pub const BODY_WITHIN: Duration = Duration::from_secs(20);

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

/// Headers that every answer gets in [`Door::let_out`], beside those of its key's rate: room for them, no bound.
const OF_EVERY_ANSWER: usize = 3;

/// What log, metrics and traces will say of a request.
#[derive(Debug)]
pub struct Trace {
    listener: &'static str,
    method: &'static str,
    started: Instant,
    now: Timestamp,
    request_id: RequestId,
    /// The route's template.
    route: &'static str,
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
    /// What a trace will show of it; none, where nobody traces.
    span: Span,
}

impl Trace {
    /// The route is known: its template is from a closed list, never the path.
    fn routed(&mut self, template: &'static str) {
        self.route = template;
        span::routed(&self.span, self.method, template);
    }
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
        let method = label(&head.method);
        // In boxes: one future hands them to the next, and a request's whole future stays small.
        let trace = Box::new(Trace {
            listener,
            method,
            started,
            now,
            request_id: request_id.clone(),
            route: "none",
            partner_route: None,
            key_id: None,
            company_id: None,
            rate: None,
            wish: Wish::of(&head.headers),
            span: span::request(listener, method, request_id.as_str(), &head.headers),
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
        let answered = Answered {
            status: reply.status.as_u16(),
            key_id: key.as_ref().map(IdText::as_str),
            company_id: company.as_ref().map(IdText::as_str),
        };
        span::answered(&trace.span, answered);
        let mut headers =
            reply.headers.into_map(OF_EVERY_ANSWER + trace.rate.map_or(0, RateView::header_count));
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

#[cfg(test)]
mod tests;
