//! A small HTTP client: one connection, one request, one JSON answer. Plain HTTP, since the admin listener is
//! on loopback or behind the operator's own tunnel.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use switchboard::config::{ADMIN_TOKEN_VARIABLE, ADMIN_URL_VARIABLE, DEFAULT_DATA_DIR};
use tokio::net::TcpStream;

use super::failure::Failure;
use super::request::{Body, Request};

/// A server that runs answers the handshake at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Admitting an 18 MB component compiles for many seconds on a small machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);
/// Lists are bounded; what is longer is not from our server.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Where requests go, and with which credential.
#[derive(Clone)]
pub(super) struct Server {
    authority: String,
    token: String,
    /// For sentences.
    url: String,
    /// Who asks, for the audit.
    actor: Option<String>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Server {
    /// The server of `--admin` (or its variable), else the one that runs on the data folder.
    pub(super) fn find(
        data_dir: Option<&Path>,
        admin: Option<&str>,
        environment: &[(String, String)],
    ) -> Result<Self, Failure> {
        let variable = |wanted: &str| {
            environment
                .iter()
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.as_str())
                .filter(|v| !v.is_empty())
        };
        // A folder on the command line is nearer than an address in the environment.
        let admin = admin.or_else(|| variable(ADMIN_URL_VARIABLE).filter(|_| data_dir.is_none()));
        if let Some(url) = admin {
            let token = variable(ADMIN_TOKEN_VARIABLE).ok_or_else(|| {
                Failure::Usage(format!("the admin API at {url} needs its token in {ADMIN_TOKEN_VARIABLE}"))
            })?;
            return Self::at(url, token);
        }
        let data_dir = data_dir
            .map(Path::to_owned)
            .or_else(|| variable("SWITCHBOARD_DATA_DIR").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
        Self::of_folder(&data_dir)
    }

    /// The server whose `admin.json` lies in the folder.
    pub(super) fn of_folder(data_dir: &Path) -> Result<Self, Failure> {
        let path = data_dir.join("admin.json");
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::Unreached(format!(
                "no server is running on {}: {} cannot be read ({error}); name the folder with --data-dir",
                data_dir.display(),
                path.display()
            ))
        })?;
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        match (value["url"].as_str(), value["token"].as_str()) {
            (Some(url), Some(token)) => Self::at(url, token),
            _ => Err(Failure::Unreached(format!("{} has no url and token", path.display()))),
        }
    }

    /// The server at a URL, `http://host:port`.
    pub(super) fn at(url: &str, token: &str) -> Result<Self, Failure> {
        let wrong = || Failure::Usage(format!("{url} is no address such as http://127.0.0.1:8081"));
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        if uri.scheme_str() != Some("http") || !matches!(uri.path(), "" | "/") {
            return Err(wrong());
        }
        let authority = uri.authority().ok_or_else(wrong)?;
        let port = authority.port_u16().unwrap_or(80);
        let authority = format!("{}:{port}", authority.host());
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { authority, token: token.to_owned(), url, actor: None })
    }

    /// Asked by whoever calls themselves so; absent: by the person whose shell it is.
    pub(super) fn of(self, actor: Option<String>) -> Self {
        Self { actor, ..self }
    }

    /// The JSON answer; `Null` where there is none.
    pub(super) async fn send(&self, request: &Request) -> Result<Value, Failure> {
        let (status, value) = self.exchange(request).await?;
        if status.is_success() { Ok(value) } else { Err(Failure::Refused(refusal(status, &value))) }
    }

    async fn exchange(&self, request: &Request) -> Result<(StatusCode, Value), Failure> {
        let unreached = |why: &dyn std::fmt::Display| {
            Failure::Unreached(format!("no server answers at {}: {why}", self.url))
        };
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(&self.authority))
            .await
            .map_err(|_| unreached(&"it took too long to connect"))?
            .map_err(|error| unreached(&error))?;
        let work = async {
            let (mut sender, connection) =
                hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
            let exchange = async {
                let reply = sender.send_request(self.head_and_body(request)?).await?;
                let status = reply.status();
                let body = Limited::new(reply.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes();
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>((status, body))
            };
            tokio::pin!(exchange);
            tokio::select! {
                answer = &mut exchange => answer,
                // A server that closes after its answer ends the connection first; the answer is there.
                _ = connection => exchange.await,
            }
        };
        let (status, body) = tokio::time::timeout(ANSWER_TIMEOUT, work)
            .await
            .map_err(|_| unreached(&"it took too long to answer"))?
            .map_err(|error| unreached(&error))?;
        if body.is_empty() {
            return Ok((status, Value::Null));
        }
        let value =
            serde_json::from_slice(&body).map_err(|_| unreached(&"what answers is no Switchboard"))?;
        Ok((status, value))
    }

    fn head_and_body(&self, request: &Request) -> Result<hyper::Request<Full<Bytes>>, hyper::http::Error> {
        let builder = hyper::Request::builder()
            .method(&request.method)
            .uri(&request.path)
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        let builder = match &self.actor {
            Some(actor) => builder.header("X-Switchboard-Actor", actor),
            None => builder,
        };
        match &request.body {
            Body::Nothing => builder.body(Full::default()),
            Body::Json(value) => {
                builder.header(CONTENT_TYPE, "application/json").body(Full::from(value.to_string()))
            }
            Body::Component(bytes) => {
                builder.header(CONTENT_TYPE, "application/wasm").body(Full::from(bytes.clone()))
            }
        }
    }
}

/// The sentence of a refusal: message and code, then each wrong field, then what else is in the details.
fn refusal(status: StatusCode, value: &Value) -> String {
    let error = &value["error"];
    let Some(message) = error["message"].as_str() else {
        return format!("the server answered {status}");
    };
    let code = error["code"].as_str().unwrap_or("no code");
    let mut sentence = format!("{message} ({code})");
    for (name, detail) in error["details"].as_object().into_iter().flatten() {
        if let (true, Some(fields)) = (name == "fields", detail.as_array()) {
            for field in fields {
                let [path, message] =
                    ["path", "message"].map(|part| field[part].as_str().unwrap_or_default());
                sentence.push_str(&format!("\n  {path}: {message}"));
            }
        } else {
            let detail = detail.as_str().map_or_else(|| detail.to_string(), ToOwned::to_owned);
            sentence.push_str(&format!("\n  {name}: {detail}"));
        }
    }
    sentence
}
