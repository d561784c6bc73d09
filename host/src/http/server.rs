//! The accept loop of both listeners. It promises that no peer can hold on to the server: connections are
//! counted, heads and bodies are bounded in time and size, a peer that does not read its answer is dropped,
//! and a drain ends in bounded time. One task for each connection, spawned here and nowhere else.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::metrics::gauge::Gauge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::stall::StallGuard;
use crate::drain::Drain;

/// What one listener gives its peers.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Open connections; further ones wait in the backlog of the operating system.
    pub connections: usize,
    /// From the first byte that could come to the end of a request's head; also how long an idle connection
    /// is kept.
    pub head_within: Duration,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// How long a peer may refuse to read its answer.
    pub stalled_write: Duration,
    /// How long running requests may go on after a drain began.
    pub drain_within: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            head_within: Duration::from_secs(30),
            head_bytes: 32 << 10,
            headers: 100,
            stalled_write: Duration::from_secs(30),
            drain_within: Duration::from_secs(20),
        }
    }
}

/// A bound address.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// After a failed accept (no file descriptors left, mostly), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

impl Listener {
    /// Binds; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the drain is over: new connections are refused at once, running requests finish or are cut
    /// off after [`ServerLimits::drain_within`].
    pub async fn serve<S, F>(self, limits: ServerLimits, mut drain: Drain, open: Gauge, answer: S)
    where
        S: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let permits = Arc::new(Semaphore::new(limits.connections));
        let mut connections = JoinSet::new();
        let (alive, mut all_gone) = mpsc::channel::<Infallible>(1);
        let mut ending = drain.clone();
        while let Some((stream, peer, permit)) = tokio::select! {
            biased;
            () = ending.requested() => None,
            accepted = self.accept(&permits, &mut connections) => Some(accepted),
        } {
            let answer = seen_through(answer.clone(), alive.clone());
            let connection = serve_connection(stream, peer, limits.clone(), drain.clone(), answer);
            let open = open.clone();
            connections.spawn(async move {
                open.inc();
                connection.await;
                open.dec();
                drop(permit);
            });
        }
        drop((self.socket, alive));
        drain.requested().await;
        let all_ended = async {
            while connections.join_next().await.is_some() {}
            // Requests whose callers went away.
            all_gone.recv().await;
        };
        if tokio::time::timeout(limits.drain_within, all_ended).await.is_err() {
            tracing::warn!(address = %self.address, cut_off = connections.len(), "requests outlasted the drain");
            connections.shutdown().await;
        }
    }

    async fn accept(
        &self,
        permits: &Arc<Semaphore>,
        connections: &mut JoinSet<()>,
    ) -> (TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit) {
        loop {
            while connections.try_join_next().is_some() {}
            // The semaphore is never closed.
            let Ok(permit) = permits.clone().acquire_owned().await else { continue };
            match self.socket.accept().await {
                Ok((stream, peer)) => return (stream, peer, permit),
                Err(error) => {
                    tracing::warn!(%error, address = %self.address, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// A request that may change something is seen through even when its caller goes away in the middle: what
/// follows a commit (the reload of what lives in memory, the record of a decision) must not be skipped.
fn seen_through<S, F>(
    answer: S,
    alive: mpsc::Sender<Infallible>,
) -> impl Fn(Request<Incoming>, SocketAddr) -> BoxFuture<'static, Response<Full<Bytes>>> + Clone
where
    S: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    move |request, peer| {
        let only_reads = request.method().is_safe();
        let answered = answer(request, peer);
        if only_reads {
            return answered.boxed();
        }
        let alive = alive.clone();
        #[expect(clippy::disallowed_methods, reason = "this is one of the two places that own tasks")]
        let task = tokio::spawn(async move {
            let response = answered.await;
            drop(alive);
            response
        });
        async move {
            task.await.unwrap_or_else(|_| {
                // The handler catches its panics, so this is the end of the runtime.
                let mut response = Response::new(Full::new(Bytes::new()));
                *response.status_mut() = hyper::StatusCode::SERVICE_UNAVAILABLE;
                response
            })
        }
        .boxed()
    }
}

async fn serve_connection<S, F>(
    stream: TcpStream,
    peer: SocketAddr,
    limits: ServerLimits,
    mut drain: Drain,
    answer: S,
) where
    S: Fn(Request<Incoming>, SocketAddr) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let service = service_fn(|request| {
        let answered = answer(request, peer);
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_within)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        .half_close(false)
        // Never `pipeline_flush`: with it, a drain loses the running request's answer when another request is
        // already in the buffer.
        .serve_connection(TokioIo::new(StallGuard::new(stream, limits.stalled_write)), service);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = drain.requested() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A peer that goes away or talks nonsense is no event of ours.
        tracing::debug!(%error, "connection ended");
    }
}

#[cfg(test)]
mod tests;
