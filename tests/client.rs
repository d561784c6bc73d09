//! A client with one kept connection, as a partner's library has it.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::document;

/// One connection to one listener, with one key.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    key: Option<String>,
    connection: Option<SendRequest<Full<Bytes>>>,
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
        Self { address, key: key.map(str::to_owned), connection: None }
    }

    /// Reads something.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], Bytes::new()).await
    }

    /// Posts JSON.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[], Bytes::from(body.to_string())).await
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
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            self.connection = Some(connect(self.address).await?);
        }
        let connection = self.connection.as_mut().ok_or("no connection")?;
        connection.ready().await.map_err(|error| error.to_string())?;
        let verb = Method::from_bytes(method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = Request::builder().method(verb).uri(path).header(HOST, self.address.to_string());
        if let Some(key) = &self.key {
            request = request.header(AUTHORIZATION, format!("Bearer {key}"));
        }
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = body.clone();
        let request = request.body(Full::new(body)).map_err(|error| error.to_string())?;
        let response = connection.send_request(request).await.map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let answer = Answer { status: head.status.as_u16(), headers: head.headers, bytes };
        document::check(self.address, method, path, &sent, &answer);
        Ok(answer)
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (connection, driver) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    #[expect(clippy::disallowed_methods, reason = "the driver ends with its connection")]
    tokio::spawn(driver);
    Ok(connection)
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
