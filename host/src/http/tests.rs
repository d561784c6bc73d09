//! The frame over a real socket: the partners' checks in their order, with a handler that echoes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use switchboard_domain::id::AtsId;
use switchboard_domain::key::{Key, Reach, Scope};
use switchboard_domain::problem::Problems;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use super::server::{Listener, ServerLimits};
use super::*;
use crate::app::access::{Caller, Denied};
use crate::drain::{Stop, drain};

pub(super) struct Running {
    pub(super) address: SocketAddr,
    pub(super) stop: Stop,
    pub(super) serving: tokio::task::JoinSet<()>,
    pub(super) metrics: Arc<Metrics>,
    /// Lets requests with `x-wait` go on.
    pub(super) gate: Arc<Semaphore>,
    /// How many are waiting there.
    pub(super) waiting: Arc<AtomicUsize>,
}

const COMPANY: Reach = Reach::Company(AtsId::from_bytes([1; 16]), CompanyId::from_bytes([2; 16]));
const ATS: Reach = Reach::Ats(AtsId::from_bytes([1; 16]));

fn key(id: u8, reach: Reach, scopes: &[Scope], rate_per_minute: u32) -> Arc<Caller> {
    let key = Key {
        id: KeyId::from_bytes([id; 16]),
        name: String::new(),
        reach,
        scopes: scopes.to_vec(),
        expires_at: None,
        allowed_ips: vec![],
        rate_per_minute,
        rate_per_hour: 0,
        suspension: None,
        revoked_at: None,
        created_at: Timestamp::from_unix_millis(0),
    };
    Arc::new(Caller { key, ats: None })
}

fn keys() -> HashMap<&'static str, Arc<Caller>> {
    let most =
        [Scope::ReadJobs, Scope::WriteJobs, Scope::WriteCompanies, Scope::WriteInterviews, Scope::ReadAgents];
    HashMap::from([
        ("ats", key(1, ATS, &most, 0)),
        ("company", key(2, COMPANY, &most, 0)),
        ("worker", key(3, Reach::Worker(None), &most, 0)),
        ("limited", key(4, ATS, &most, 2)),
    ])
}

/// Echoes what the handler sees; panics and waits when it is told to.
async fn echo(mut call: Call, gate: Arc<Semaphore>, waiting: Arc<AtomicUsize>) -> Result<Reply, Failure> {
    assert!(!call.request.headers.contains_key("x-panic"), "told to");
    if call.request.headers.contains_key("x-wait") {
        waiting.fetch_add(1, Ordering::SeqCst);
        drop(gate.acquire().await);
    }
    if call.ids.id.as_deref() == Some("absent") {
        return Err(switchboard_domain::rejection::Rejection::not_found("Job", "absent").into());
    }
    call.refuse(Problems::default())?;
    let mut body = Value::Null;
    if call.request.method == Method::POST {
        call.receive().await?;
        body = call.request.json()?;
    }
    let echoed = json!({
        "route": call.route.entry().operation,
        "id": call.ids.id,
        "key": call.idempotency_key.unwrap_or_default(),
        "peer": call.request.peer.to_string(),
        "body": body,
    });
    Ok(Reply::ok(&echoed, call.request.now))
}

pub(super) async fn start(limits: ServerLimits, body_within: Duration) -> Running {
    let (clock, metrics) = (Clock::system(), Arc::new(Metrics::new()));
    let ids = Ids::seeded(clock.clone(), 1);
    let settings = DoorSettings { body_within: Some(body_within), ..DoorSettings::default() };
    let door = Arc::new(Door::new(clock, &ids, metrics.clone(), settings));
    let (keys, gate, waiting) = (keys(), Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
    let authenticate = move |secret: Option<&str>, _: IpAddr| {
        secret.and_then(|secret| keys.get(secret)).cloned().ok_or(Denied::Unknown)
    };
    let (inner_gate, inner_waiting) = (gate.clone(), waiting.clone());
    let handle = move |call| echo(call, inner_gate.clone(), inner_waiting.clone());
    let partners = Arc::new(Partners::new(door, authenticate, handle));
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let (address, (stop, drain)) = (listener.address(), drain());
    let serving = listener.serve(limits, drain, metrics.connections("partners"), move |request, socket| {
        partners.answer(request, socket)
    });
    let mut serving_task = tokio::task::JoinSet::new();
    serving_task.spawn(serving);
    Running { address, stop, serving: serving_task, metrics, gate, waiting }
}

/// Sends raw bytes and reads until the server closes.
pub(super) async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is a close as well.
    drop(socket.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

async fn ask(running: &Running, key: &str, head: &str, body: &str) -> (u16, Value, String) {
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    told(&exchange(running.address, request.as_bytes()).await)
}

fn told(answer: &str) -> (u16, Value, String) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, serde_json::from_str(body).unwrap_or_default(), head.to_ascii_lowercase())
}

async fn running() -> Running {
    start(ServerLimits::default(), Duration::from_secs(5)).await
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_contract() {
    let running = running().await;
    for (key, head, body, status, code) in [
        ("nobody", "POST /x", "", 404, "ROUTE_NOT_FOUND"),
        ("nobody", "PUT /jobs", "", 405, "METHOD_NOT_ALLOWED"),
        ("nobody", "POST /jobs", "{", 401, "INVALID_API_KEY"),
        ("worker", "GET /jobs", "", 403, "INSUFFICIENT_PERMISSIONS"),
        ("company", "POST /company", "{}", 403, "INSUFFICIENT_PERMISSIONS"),
        ("ats", "GET /agents/x", "", 200, ""),
        ("ats", "GET /candidates", "", 403, "INSUFFICIENT_PERMISSIONS"),
        ("ats", "GET /jobs/absent", "", 404, "RESOURCE_NOT_FOUND"),
        ("ats", "POST /jobs", "{", 400, "INVALID_JSON"),
        ("ats", "POST /jobs", "", 400, "INVALID_JSON"),
    ] {
        let (found, body, _) = ask(&running, key, head, body).await;
        let error = body["error"]["code"].as_str().unwrap_or_default();
        assert_eq!((found, error), (status, code), "{key} {head}");
    }
    let (_, body, _) = ask(&running, "ats", "POST /interviews", "{}").await;
    assert_eq!(body["error"]["details"]["requiredScope"], "read:candidates");
}

#[tokio::test]
async fn public_routes_head_and_options() {
    let running = running().await;
    let (status, body, head) = ask(&running, "nobody", "GET /v1/healthz", "").await;
    assert_eq!((status, &body["data"]["status"]), (200, &json!("ok")));
    assert!(head.contains("x-content-type-options: nosniff") && head.contains("cache-control: no-store"));
    let (status, body, headed) = ask(&running, "nobody", "HEAD /v1/healthz", "").await;
    assert_eq!((status, body), (200, Value::Null));
    let length = |head: &str| head.lines().find(|line| line.starts_with("content-length")).map(str::to_owned);
    assert_eq!(length(&headed), length(&head));
    let (status, _, head) = ask(&running, "nobody", "OPTIONS /companies", "").await;
    assert_eq!(status, 204);
    assert!(head.contains("allow: post, get, head, options"), "{head}");
    let (status, body, _) = ask(&running, "nobody", "GET /openapi.json", "").await;
    assert_eq!((status, &body["openapi"]), (200, &json!("3.1.0")));
}

#[tokio::test]
async fn a_key_has_its_rate_and_is_told_so() {
    let running = running().await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let (status, _, head) = ask(&running, "limited", "GET /jobs", "").await;
        assert!(head.contains("x-ratelimit-limit-minute: 2") && !head.contains("x-ratelimit-limit-hour"));
        assert_eq!(status == 429, head.contains("retry-after: "));
        statuses.push(status);
    }
    // Where the minute ends in between, the next window lets two more in.
    assert_eq!(statuses[..2], [200, 200]);
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn request_ids_idempotency_keys_and_bodies_reach_the_handler() {
    let running = running().await;
    let head = |extra: &str| {
        format!("POST /v1/jobs HTTP/1.1\r\nX-Request-Id: my.id\r\nIdempotency-Key: {extra}\r\nX: y")
    };
    let send = async |extra: &str| {
        let head = head(extra).replacen(" HTTP/1.1\r\n", " HTTP/1.1\r\nHost: x\r\n", 1);
        let request = format!(
            "{head}\r\nAuthorization: Bearer ats\r\nConnection: close\r\nContent-Length: 7\r\n\r\n{{\"a\":1}}"
        );
        told(&exchange(running.address, request.as_bytes()).await)
    };
    let (status, body, head) = send("k-1").await;
    assert_eq!(
        (status, &body["data"]["key"], &body["data"]["body"]),
        (200, &json!("k-1"), &json!({ "a": 1 }))
    );
    assert_eq!(body["data"]["peer"], "127.0.0.1");
    assert!(head.contains("x-request-id: my.id"));
    for wrong in ["", "a b", &"x".repeat(256)] {
        let (status, body, _) = send(wrong).await;
        let path = &body["error"]["details"]["fields"][0]["path"];
        assert_eq!((status, path), (400, &json!("Idempotency-Key")), "{wrong:?}");
    }
}
