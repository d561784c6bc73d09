//! The accept loop of both listeners. It promises that no peer can hold on to the server: connections are
//! counted, handshakes, heads and bodies are bounded in time and size, a peer that does not read its answer is
//! dropped, and a drain ends in bounded time. One task for each connection, spawned here, and for each request
//! of one that speaks HTTP/2, spawned by the connection, which ends them. What may change
//! something outlives both, on a task of its own.

mod connection;
mod head_timer;
mod socket;
mod traffic;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

use self::connection::{Answering, Terms};
use self::traffic::Turn;
use super::tls::Tls;
use crate::drain::Drain;
use crate::metrics::ConnectionMetrics;

/// What one listener gives its peers.
#[derive(Debug, Clone)]
pub struct ServerLimits {
    /// Open connections; further ones wait in the backlog of the operating system.
    pub connections: usize,
    /// From the first byte that could come to the end of a request's head, and how long an idle connection of
    /// HTTP/1.1 is kept. Before the first head a TLS handshake and the first 24 bytes have as much together.
    pub head_within: Duration,
    /// Bytes of a request's head.
    pub head_bytes: usize,
    /// Headers of a request.
    pub headers: usize,
    /// Requests at once on one connection of HTTP/2; a peer learns of it at the beginning. Those of proxies,
    /// which send everybody's requests on few connections, ask for as many.
    pub streams: u32,
    /// How long a connection of HTTP/2 on which nothing goes on is kept. Longer than one of HTTP/1.1: a peer
    /// keeps few of them, and each is dear to make.
    pub idle_within: Duration,
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
            streams: 100,
            idle_within: Duration::from_secs(60),
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
    tls: Option<Arc<Tls>>,
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
        Ok(Self { socket, address, tls: None })
    }

    /// With TLS instead of in clear.
    #[must_use]
    pub fn sealed(self, tls: Option<Arc<Tls>>) -> Self {
        Self { tls, ..self }
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the drain is over: new connections are refused at once, running requests finish or are cut
    /// off after [`ServerLimits::drain_within`].
    pub async fn serve<S, F>(
        self,
        limits: ServerLimits,
        mut drain: Drain,
        metrics: ConnectionMetrics,
        answer: S,
    ) where
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
            let (open, metrics) = (metrics.open.clone(), metrics.clone());
            let terms = Terms { peer, limits: limits.clone(), tls: self.tls.clone(), metrics };
            let connection = connection::serve(stream, terms, drain.clone(), answer);
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
    ) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
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
/// Its turn lasts as long, so that a peer cannot pile up work by resetting what it asked for.
fn seen_through<S, F>(answer: S, alive: mpsc::Sender<Infallible>) -> impl Answering
where
    S: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    move |request: Request<Incoming>, peer: SocketAddr, turn: Option<Turn>| {
        let only_reads = request.method().is_safe();
        // In a box from here on: it is large, and may be moved to a task of its own.
        let answered = answer(request, peer)
            .map(move |response| {
                drop(turn);
                response
            })
            .boxed();
        if only_reads {
            return answered;
        }
        SeenThrough { answered: Some(answered), alive: alive.clone() }.boxed()
    }
}

/// A request on its connection's task. Only one that is let go unfinished gets a task of its own.
struct SeenThrough {
    answered: Option<BoxFuture<'static, Response<Full<Bytes>>>>,
    alive: mpsc::Sender<Infallible>,
}

impl Future for SeenThrough {
    type Output = Response<Full<Bytes>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // Nobody asks one that has answered.
        let Some(answered) = &mut self.answered else { return Poll::Pending };
        let response = ready!(answered.poll_unpin(context));
        self.answered = None;
        Poll::Ready(response)
    }
}

impl Drop for SeenThrough {
    fn drop(&mut self) {
        // Without a runtime the process is at its end.
        let (Some(answered), Ok(_)) = (self.answered.take(), Handle::try_current()) else { return };
        let alive = self.alive.clone();
        #[expect(clippy::disallowed_methods, reason = "this is one of the two places that own tasks")]
        tokio::spawn(async move {
            answered.await;
            drop(alive);
        });
    }
}

#[cfg(test)]
mod tests;
