//! A collector of traces on a real socket: takes OTLP by HTTP and protobuf, as far as an exporter depends on it, and keeps
//! every span.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode as SpanStatus};
use prost::Message;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A span as it came. Ids are hexadecimal, as in a `traceparent`.
#[derive(Debug, Clone)]
pub struct Span {
    /// What the collector shows first.
    pub name: String,
    /// The trace that it is part of.
    pub trace_id: String,
    /// Its own id.
    pub id: String,
    /// Of its parent; empty for the first of a trace.
    pub parent_id: String,
    /// Whether it answers a request from elsewhere.
    pub is_server: bool,
    /// Whether it says that something went wrong.
    pub is_error: bool,
    /// What else it says.
    pub attributes: BTreeMap<String, Value>,
    /// What the process says of itself.
    pub resource: BTreeMap<String, Value>,
}

impl Span {
    /// An attribute; null where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &Value {
        self.attributes.get(name).unwrap_or(&Value::Null)
    }
}

#[derive(Debug, Default)]
struct State {
    spans: Mutex<Vec<Span>>,
    bodies: Mutex<Vec<Bytes>>,
    authorization: Mutex<Option<String>>,
    is_refusing: AtomicBool,
}

/// A collector that listens as long as it is there.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    is_sealed: bool,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

/// An exporter sends every second; thirty seconds are far beyond that.
const PATIENCE: u32 = 3_000;
const GLANCE: Duration = Duration::from_millis(10);

impl Collector {
    /// One that takes everything, in clear.
    pub async fn start() -> Self {
        Self::listen(None).await
    }

    /// The same over TLS.
    pub async fn sealed(tls: Arc<ServerConfig>) -> Self {
        Self::listen(Some(tls)).await
    }

    async fn listen(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (state, is_sealed) = (Arc::<State>::default(), tls.is_some());
        let (shared, acceptor) = (Arc::clone(&state), tls.map(TlsAcceptor::from));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (state, acceptor) = (Arc::clone(&shared), acceptor.clone());
                connections.spawn(async move {
                    match acceptor {
                        None => serve(stream, state).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                serve(stream, state).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, is_sealed, state, _serving: serving }
    }

    /// As it stands in the settings of a server.
    #[must_use]
    pub fn url(&self) -> String {
        let (scheme, host) = if self.is_sealed { ("https", "localhost") } else { ("http", "127.0.0.1") };
        format!("{scheme}://{host}:{}", self.address.port())
    }

    /// From now on it takes nothing, or everything again.
    pub fn refuse(&self, is_refusing: bool) {
        self.state.is_refusing.store(is_refusing, Ordering::SeqCst);
    }

    /// The spans until now.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.state.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a span.
    pub async fn span(&self, is_it: impl Fn(&Span) -> bool) -> Span {
        for _ in 0..PATIENCE {
            if let Some(span) = self.spans().into_iter().find(&is_it) {
                return span;
            }
            tokio::time::sleep(GLANCE).await;
        }
        panic!("no such span came: {:#?}", self.spans());
    }

    /// How the exporter showed last that it may send.
    #[must_use]
    pub fn authorization(&self) -> Option<String> {
        self.state.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether these words came in anything that was sent.
    #[must_use]
    pub fn has_heard(&self, words: &str) -> bool {
        let bodies = self.state.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        bodies.iter().any(|body| body.windows(words.len()).any(|part| part == words.as_bytes()))
    }
}

async fn serve<S>(stream: S, state: Arc<State>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = service_fn(move |request| take(request, Arc::clone(&state)));
    // A connection that breaks is the exporter's matter.
    drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await);
}

async fn take(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Full<Bytes>>, Infallible> {
    let answer = |status, body: Vec<u8>| {
        let mut response = Response::new(Full::new(body.into()));
        *response.status_mut() = status;
        Ok(response)
    };
    if state.is_refusing.load(Ordering::SeqCst) {
        return answer(StatusCode::FORBIDDEN, Vec::new());
    }
    let is_protobuf = request.headers().get("Content-Type").is_some_and(|it| it == "application/x-protobuf");
    if request.method() != Method::POST || request.uri() != "/v1/traces" || !is_protobuf {
        return answer(StatusCode::BAD_REQUEST, Vec::new());
    }
    let authorization = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    *state.authorization.lock().unwrap_or_else(PoisonError::into_inner) = authorization.map(str::to_owned);
    let Ok(body) = request.into_body().collect().await else {
        return answer(StatusCode::BAD_REQUEST, Vec::new());
    };
    let body = body.to_bytes();
    let Ok(export) = ExportTraceServiceRequest::decode(body.clone()) else {
        return answer(StatusCode::BAD_REQUEST, Vec::new());
    };
    state.bodies.lock().unwrap_or_else(PoisonError::into_inner).push(body);
    state.spans.lock().unwrap_or_else(PoisonError::into_inner).extend(spans(export));
    answer(StatusCode::OK, ExportTraceServiceResponse::default().encode_to_vec())
}

fn spans(export: ExportTraceServiceRequest) -> Vec<Span> {
    let mut spans = Vec::new();
    for process in export.resource_spans {
        let resource = attributes(process.resource.map(|resource| resource.attributes).unwrap_or_default());
        for span in process.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(Span {
                trace_id: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent_id: hex(&span.parent_span_id),
                is_server: span.kind == SpanKind::Server as i32,
                is_error: span.status.is_some_and(|status| status.code == SpanStatus::Error as i32),
                name: span.name,
                attributes: attributes(span.attributes),
                resource: resource.clone(),
            });
        }
    }
    spans
}

fn attributes(pairs: Vec<KeyValue>) -> BTreeMap<String, Value> {
    let value = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(any_value::Value::StringValue(text)) => json!(text),
        Some(any_value::Value::BoolValue(flag)) => json!(flag),
        Some(any_value::Value::IntValue(number)) => json!(number),
        Some(any_value::Value::DoubleValue(number)) => json!(number),
        other => panic!("no attribute of ours is {other:?}"),
    };
    let mut found = BTreeMap::new();
    for pair in pairs {
        let value = value(&pair);
        assert_eq!(found.insert(pair.key.clone(), value), None, "{} comes twice", pair.key);
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
