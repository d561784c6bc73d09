//! The partners' side of the door: the checks of contract §1 that are the same for every route, in their order, and
//! the way on to whoever answers. It knows no use case.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Method, Response, StatusCode};
use switchboard_domain::id::CompanyId;
use switchboard_domain::key::{Key, Reach};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use tracing::Instrument;

use super::address::Addresses;
use super::dispatch::GuestHandler;
use super::health::HealthView;
use super::overload::{Places, overloaded};
use super::query::Query;
use super::rate::Rates;
use super::route::{self, Access, PathIds, Recognised, Route};
use super::{
    BODY_WITHIN, Call, Door, Failure, Guest, Problem, Reply, Request, Trace, auth, docs, openapi, request,
};
use crate::app::access::{Caller, Denied};

/// An `Idempotency-Key` (contract §1).
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

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
        let span = trace.span.clone();
        let answered = async move {
            let outcome = AssertUnwindSafe(partners.run(request, &mut trace)).catch_unwind().await;
            if let Ok(Err(Failure::Found(Problem::Overloaded { reason, .. }))) = &outcome {
                partners.note_overload(reason);
            }
            partners.door.reply(trace, outcome).await
        };
        answered.instrument(span)
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
            trace.routed(route.entry().template);
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
