//! One connection: from the accepted socket to its end, in whichever HTTP the peer speaks. What bounds a peer
//! in one of them bounds it in the other.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::ServerLimits;
use super::head_timer::HeadTimer;
use super::socket::{Protocol, Socket};
use super::traffic::{Traffic, Turn};
use crate::drain::Drain;
use crate::http::stall::StallGuard;
use crate::http::tls::Tls;
use crate::metrics::ConnectionMetrics;

/// Resets that a peer may have sent for requests that nobody has looked at yet. A browser that leaves a page
/// resets a handful; more is a flood (CVE-2023-44487), and ends the connection.
const PENDING_RESETS_MAX: usize = 20;
/// Streams that we reset for what a peer sent wrongly, those above the bound among them (RUSTSEC-2024-0003). A
/// peer may send many before it has read what the bound is.
const ERROR_RESETS_MAX: usize = 1024;
/// What a peer may send of all its requests' bodies before we have read on, and of one of them.
const CONNECTION_WINDOW_BYTES: u32 = 1 << 20;
const STREAM_WINDOW_BYTES: u32 = 256 << 10;
/// How often a silent peer is asked whether it is there, and how long it may think.
const PING_EVERY: Duration = Duration::from_secs(20);
const PONG_WITHIN: Duration = Duration::from_secs(10);
/// After we have said that we leave: how long a connection on which nothing goes on is kept for the peer's
/// last request to arrive. Longer than any line is.
const GOODBYE_WITHIN: Duration = Duration::from_secs(2);
/// A connection is looked at so many times within each of its bounds.
const LOOKS: u32 = 4;

/// What answers: a request, whom it comes from, and the turn that lasts until the answer is made.
pub(super) trait Answering:
    Fn(Request<Incoming>, SocketAddr, Option<Turn>) -> BoxFuture<'static, Response<Full<Bytes>>>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<A> Answering for A where
    A: Fn(Request<Incoming>, SocketAddr, Option<Turn>) -> BoxFuture<'static, Response<Full<Bytes>>>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// What a connection is served with.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) peer: SocketAddr,
    pub(super) limits: ServerLimits,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) metrics: ConnectionMetrics,
}

/// Serves until the peer leaves, misbehaves, or the drain has its last answer out.
pub(super) async fn serve(stream: TcpStream, terms: Terms, mut drain: Drain, answer: impl Answering) {
    let opened = tokio::select! {
        opened = open(stream, &terms) => opened,
        // Nothing was asked yet.
        () = drain.requested() => None,
    };
    let Some((socket, protocol)) = opened else { return };
    terms.metrics.speaks(protocol.as_str(), terms.tls.is_some());
    let ended = match protocol {
        Protocol::Http1 => serve_http1(socket, &terms, drain, answer).await,
        // In a box of its own, so that the others do not pay for the room that it needs.
        Protocol::Http2 => Box::pin(serve_http2(socket, &terms, drain, answer)).await,
    };
    if let Err(error) = ended {
        // A peer that goes away or talks nonsense is no event of ours.
        tracing::debug!(%error, "connection ended");
    }
}

/// The handshake, and what the peer speaks: together within the time that a head has.
async fn open(stream: TcpStream, terms: &Terms) -> Option<(Socket, Protocol)> {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let stream = StallGuard::new(stream, terms.limits.stalled_write);
    let until = Instant::now() + terms.limits.head_within;
    let mut socket = match &terms.tls {
        None => Socket::clear(stream),
        Some(tls) => {
            let handshake = timeout_at(until, Socket::sealed(stream, tls)).await;
            match handshake {
                Ok(Ok(socket)) => socket,
                Ok(Err(error)) => {
                    terms.metrics.handshake_failed("error");
                    tracing::debug!(%error, "TLS handshake failed");
                    return None;
                }
                Err(_) => {
                    terms.metrics.handshake_failed("timeout");
                    return None;
                }
            }
        }
    };
    let protocol = timeout_at(until, socket.protocol()).await.ok()?.ok()?;
    Some((socket, protocol))
}

async fn serve_http1(
    socket: Socket,
    terms: &Terms,
    mut drain: Drain,
    answer: impl Answering,
) -> hyper::Result<()> {
    let limits = &terms.limits;
    let service = service_fn(|request| {
        let answered = answer(request, terms.peer, None);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        .timer(HeadTimer::default())
        .header_read_timeout(limits.head_within)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        .half_close(false)
        // Never `pipeline_flush`: with it, a drain loses the running request's answer when another request is
        // already in the buffer.
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

async fn serve_http2(
    socket: Socket,
    terms: &Terms,
    mut drain: Drain,
    answer: impl Answering,
) -> hyper::Result<()> {
    let limits = &terms.limits;
    let traffic = Traffic::new(limits.streams as usize);
    let service = {
        let (traffic, peer, headers_max) = (traffic.clone(), terms.peer, limits.headers);
        service_fn(move |request: Request<Incoming>| {
            let (traffic, answer) = (traffic.clone(), answer.clone());
            async move {
                let response = if headers_max < request.headers().len() {
                    bare(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
                } else {
                    let turn = traffic.turn().await;
                    answer(request, peer, Some(turn)).await
                };
                let (head, body) = response.into_parts();
                Ok::<_, Infallible>(Response::from_parts(head, traffic.answer(whole(body))))
            }
        })
    };
    // Requests of this connection, which end with it. Those that may change something go on elsewhere.
    let streams = Arc::new(Mutex::new(JoinSet::new()));
    let connection = http2::Builder::new(Streams(Arc::downgrade(&streams)))
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(ERROR_RESETS_MAX)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PONG_WITHIN)
        .serve_connection(TokioIo::new(socket), service);
    let mut connection = pin!(connection);
    let mut leaving: Option<Instant> = None;
    loop {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = drain.requested(), if leaving.is_none() => {
                connection.as_mut().graceful_shutdown();
                leaving = Some(Instant::now());
            }
            () = sleep_until(next_look(limits, leaving)) => match look(&traffic, limits, leaving) {
                Look::Fine => {}
                Look::Idle => {
                    connection.as_mut().graceful_shutdown();
                    leaving = Some(Instant::now());
                }
                Look::Over => return Ok(()),
            },
        }
    }
}

/// What to do with an HTTP/2 connection.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Fine,
    /// It is told that we leave, and drops what it has when that is done.
    Idle,
    /// It is dropped.
    Over,
}

fn look(traffic: &Traffic, limits: &ServerLimits, leaving: Option<Instant>) -> Look {
    if traffic.is_stalled(limits.stalled_write) {
        return Look::Over;
    }
    let Some(idle_since) = traffic.idle_since() else { return Look::Fine };
    match leaving {
        None if limits.idle_within <= idle_since.elapsed() => Look::Idle,
        Some(since) if GOODBYE_WITHIN <= idle_since.max(since).elapsed() => Look::Over,
        None | Some(_) => Look::Fine,
    }
}

fn next_look(limits: &ServerLimits, leaving: Option<Instant>) -> Instant {
    let bound = limits.idle_within.min(limits.stalled_write);
    let bound = if leaving.is_some() { bound.min(GOODBYE_WITHIN) } else { bound };
    Instant::now() + bound / LOOKS
}

/// A response of which hyper has every byte already.
fn whole(body: Full<Bytes>) -> Bytes {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    // A full body is one frame that is there.
    let collected = body.collect().now_or_never();
    collected.and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

fn bare(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// Runs a connection's requests beside each other, for as long as the connection is served.
#[derive(Debug, Clone)]
struct Streams(Weak<Mutex<JoinSet<()>>>);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let Some(streams) = self.0.upgrade() else { return };
        let mut streams = streams.lock().unwrap_or_else(PoisonError::into_inner);
        while streams.try_join_next().is_some() {}
        streams.spawn(stream);
    }
}
