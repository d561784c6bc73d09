//! One POST to the collector: one connection, one request, one short answer. For the one thread that sends spans,
//! which waits for it; so it has a small runtime of its own, and works while the server's is busy or gone.

use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;

use super::Tally;

/// An answer says little: nothing, or how many spans were refused.
const ANSWER_BYTES_MAX: usize = 64 << 10;

/// Sends to one collector.
pub(super) struct Post {
    host: String,
    port: u16,
    /// As the collector is called in the request's head.
    authority: HeaderValue,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    within: Duration,
    runtime: Runtime,
    tally: Arc<Tally>,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Post {
    /// To the collector behind this URL, `https://` with the machine's own authorities; each request takes no longer
    /// than that.
    pub(super) fn open(endpoint: &str, within: Duration, tally: Arc<Tally>) -> Result<Self, HttpError> {
        let uri: Uri = endpoint.parse()?;
        let authority = uri.authority().ok_or("has no host")?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let is_sealed = uri.scheme_str() == Some("https");
        let port = authority.port_u16().unwrap_or(if is_sealed { 443 } else { 80 });
        let tls = if is_sealed { Some((connector()?, ServerName::try_from(host.clone())?)) } else { None };
        let authority = HeaderValue::from_str(authority.as_str())?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { host, port, authority, tls, within, runtime, tally })
    }

    fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let exchange = async { tokio::time::timeout(self.within, self.exchange(request)).await };
        self.runtime.block_on(exchange).unwrap_or_else(|_| Err("it took too long".into()))
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            Some((connector, name)) => {
                self.speak(connector.connect(name.clone(), stream).await?, request).await
            }
            None => self.speak(stream, request).await,
        }
    }

    async fn speak<S>(&self, stream: S, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut head, body) = request.into_parts();
        // In the form for a server that is spoken to directly.
        head.uri = head.uri.path_and_query().map_or("/", |path| path.as_str()).parse()?;
        head.headers.insert(HOST, self.authority.clone());
        let request = Request::from_parts(head, Full::new(body));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let exchange = async {
            let (head, body) = sender.send_request(request).await?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?.to_bytes();
            Ok(Response::from_parts(head, body))
        };
        tokio::pin!(exchange);
        tokio::select! {
            answer = &mut exchange => answer,
            // A collector that closes after its answer ends the connection first; the answer is there.
            _ = connection => exchange.await,
        }
    }
}

impl HttpClient for Post {
    /// Waits for the answer where it is called, which is on the thread that sends spans.
    fn send_bytes<'this, 'future>(
        &'this self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'future>>
    where
        'this: 'future,
        Self: 'future,
    {
        let answer = self.post(request);
        if let Err(error) = &answer {
            self.tally.note_reason(error.to_string());
        }
        Box::pin(ready(answer))
    }
}

/// Trusts whom the machine trusts, as mail does.
fn connector() -> Result<TlsConnector, HttpError> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("this machine knows no authority that could vouch for the collector".into());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
