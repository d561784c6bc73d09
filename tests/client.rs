//! A client with one kept connection, as a partner's library has it: HTTP/1.1 or HTTP/2, in clear or over TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::document;

/// One connection to one listener, with one key.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    key: Option<String>,
    is_http2: bool,
    tls: Option<Arc<ClientConfig>>,
    connection: Option<Connection>,
}

/// Whichever of them was made.
#[derive(Debug)]
enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub bytes: Bytes,
}

impl Client {
    /// A client that has not connected yet.
    #[must_use]
    pub fn new(address: SocketAddr, key: Option<&str>) -> Self {
        Self { address, key: key.map(str::to_owned), is_http2: false, tls: None, connection: None }
    }

    /// Speaks HTTP/2 from the first byte; over TLS, where the server agrees.
    #[must_use]
    pub fn http2(self) -> Self {
        Self { is_http2: true, ..self }
    }

    /// Speaks TLS to `localhost`, with the protocols that this configuration offers.
    #[must_use]
    pub fn over_tls(self, config: Arc<ClientConfig>) -> Self {
        Self { tls: Some(config), ..self }
    }

    /// Reads something.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], Bytes::new()).await
    }

    /// Posts JSON.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Bytes::from(body.to_string())).await
    }

    /// Changes something.
    pub async fn patch(&mut self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, &[], Bytes::from(body.to_string())).await
    }

    /// Removes something.
    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send("DELETE", path, &[], Bytes::new()).await
    }

    /// Posts JSON with more headers.
    pub async fn post_with(&mut self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.send("POST", path, headers, Bytes::from(body.to_string())).await
    }

    /// Sends anything. A connection that the server closed meanwhile is made anew, once.
    pub async fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        match self.try_send(method, path, headers, body.clone()).await {
            Ok(answer) => answer,
            Err(_) => {
                self.connection = None;
                let again = self.try_send(method, path, headers, body).await;
                again.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
            }
        }
    }

    /// Sends anything, or says that the connection did not carry it.
    ///
    /// # Errors
    /// The connection could not be made, or broke.
    pub async fn try_send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, String> {
        if self.connection.as_ref().is_none_or(Connection::is_closed) {
            self.connection = Some(self.connect().await?);
        }
        let verb = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let request = self.request(verb, path, headers, body.clone())?;
        let connection = self.connection.as_mut().ok_or("no connection")?;
        let response = connection.send(request).await.map_err(|error| format!("{error:?}"))?;
        let (head, received) = response.into_parts();
        let bytes = received.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, bytes };
        document::check(self.address, method, path, &body, &answer);
        Ok(answer)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, String> {
        let host = self.address.to_string();
        let mut request = Request::builder().method(method);
        // HTTP/2 has no `Host`; its authority stands in the target.
        request = if self.is_http2 {
            let scheme = if self.tls.is_some() { "https" } else { "http" };
            request.uri(format!("{scheme}://{host}{path}"))
        } else {
            request.uri(path).header(HOST, host)
        };
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Full::new(body)).map_err(|error| error.to_string())
    }

    async fn connect(&self) -> Result<Connection, String> {
        let stream = TcpStream::connect(self.address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let Some(tls) = &self.tls else { return speak(stream, self.is_http2).await };
        let name = ServerName::try_from("localhost").map_err(|error| error.to_string())?;
        let connector = TlsConnector::from(Arc::clone(tls));
        let stream = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
        let agreed = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        if agreed != self.is_http2 {
            return Err(format!("HTTP/2 was {}agreed on", if agreed { "" } else { "not " }));
        }
        speak(stream, self.is_http2).await
    }
}

impl Connection {
    fn is_closed(&self) -> bool {
        match self {
            Self::Http1(connection) => connection.is_closed(),
            Self::Http2(connection) => connection.is_closed(),
        }
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::Http1(connection) => {
                connection.ready().await?;
                connection.send_request(request).await
            }
            Self::Http2(connection) => {
                connection.ready().await?;
                connection.send_request(request).await
            }
        }
    }
}

async fn speak<S>(stream: S, is_http2: bool) -> Result<Connection, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = TokioIo::new(stream);
    #[expect(clippy::disallowed_methods, reason = "the driver ends with its connection")]
    if is_http2 {
        let made = http2::handshake(TokioExecutor::new(), stream).await;
        let (connection, driver) = made.map_err(|error| error.to_string())?;
        tokio::spawn(driver);
        Ok(Connection::Http2(connection))
    } else {
        let made = http1::handshake(stream).await;
        let (connection, driver) = made.map_err(|error| error.to_string())?;
        tokio::spawn(driver);
        Ok(Connection::Http1(connection))
    }
}

impl Answer {
    /// The body as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    /// `data` of the envelope of success.
    #[must_use]
    pub fn data(&self) -> Value {
        let json = self.json();
        assert_eq!(json["success"], true, "{json:#}");
        json["data"].clone()
    }

    /// `data`, if the status is this.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.data()
    }

    /// `error` of the envelope of failure, if status and code are these.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let json = self.json();
        assert_eq!((self.status, json["error"]["code"].as_str()), (status, Some(code)), "{json:#}");
        assert_eq!(json["success"], false, "{json:#}");
        assert!(json["data"].is_null(), "{json:#}");
        json["error"].clone()
    }

    /// Whether the server did what was asked.
    #[must_use]
    pub fn is_success(&self) -> bool {
        StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success())
    }

    /// A header's text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
