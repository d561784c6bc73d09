//! As much of an HTTP client as a dialler needs: JSON there, JSON back, on one connection that is kept.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Why a request has no answer, or not the one that was wanted.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody answered.
    #[error("the server is not reached: {0}")]
    Unreached(String),
    /// The server said no.
    #[error("{status} {code}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `error.code`
        code: String,
        /// `error.message`
        message: String,
    },
}

/// One connection with one key.
#[derive(Debug)]
pub struct Client {
    url: String,
    key: String,
    connection: Option<SendRequest<Full<Bytes>>>,
    /// What drives the connection; it ends with it.
    driver: JoinSet<()>,
}

impl Client {
    /// That has not connected yet.
    #[must_use]
    pub fn new(url: &str, key: &str) -> Self {
        Self { url: url.to_owned(), key: key.to_owned(), connection: None, driver: JoinSet::new() }
    }

    /// Posts, and gives `data` of the answer.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Value, Failure> {
        let answered = self.send(path, body).await;
        if answered.is_err() {
            self.connection = None;
        }
        let (status, answer) = answered.map_err(Failure::Unreached)?;
        if status == 200 {
            return Ok(answer["data"].clone());
        }
        let text = |name: &str| answer["error"][name].as_str().unwrap_or_default().to_owned();
        Err(Failure::Refused { status, code: text("code"), message: text("message") })
    }

    async fn send(&mut self, path: &str, body: &Value) -> Result<(u16, Value), String> {
        let uri: Uri = self.url.parse().map_err(|error| format!("{}: {error}", self.url))?;
        let authority = uri.authority().ok_or("the URL names no host")?;
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            let address = (authority.host(), authority.port_u16().unwrap_or(80));
            let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
            let (connection, driver) =
                handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
            self.driver.spawn(async move { drop(driver.await) });
            self.connection = Some(connection);
        }
        let connection = self.connection.as_mut().ok_or("no connection")?;
        connection.ready().await.map_err(|error| error.to_string())?;
        let request = Request::post(path)
            .header(HOST, authority.as_str())
            .header(AUTHORIZATION, format!("Bearer {}", self.key))
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())))
            .map_err(|error| error.to_string())?;
        let response = connection.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        let answer = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        Ok((status, answer))
    }
}
