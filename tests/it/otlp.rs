//! Traces leave for a collector, where the operator names one: they lead from a request to the decision that it rests on,
//! say nothing of anybody, and a collector that is not well hurts nobody.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use switchboard_tests::collector::{Collector, Span};
use switchboard_tests::{Client, Process, wasm};
use tempfile::TempDir;

const NOW: &str = "2026-04-02T10:00:00Z";

/// The trace of a caller, who says whether it is kept.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const OTHER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "00f067aa0ba902b7";

/// The end waits for the last spans for five seconds at the most.
const END_WITHIN: Duration = Duration::from_secs(9);

/// The real program, which exports its spans.
struct Server {
    process: Process,
    folder: TempDir,
    operator: Client,
    partner: Client,
    ats_id: String,
}

impl Server {
    async fn start(endpoint: &str) -> Self {
        Self::start_with(endpoint, &[]).await
    }

    async fn start_with(endpoint: &str, more: &[(&str, String)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut environment = vec![("SWITCHBOARD_TELEMETRY_OTLP_ENDPOINT", endpoint.to_owned())];
        environment.extend_from_slice(more);
        let process = Process::serve_in(folder.path(), NOW, &[], &environment);
        let mut operator = Client::new(process.admin, Some(&token(folder.path())));
        let ats = operator.post("/ats", &json!({ "name": "Harbour" })).await.json();
        let body = json!({ "kind": "ats", "atsId": ats["id"], "ratePerMinute": 0, "ratePerHour": 0 });
        let key = text(&operator.post("/keys", &body).await.json()["key"]);
        let partner = Client::new(process.listen, Some(&key));
        Self { process, folder, operator, partner, ats_id: text(&ats["id"]) }
    }

    /// A candidate with one open job, an agent; the path and the body that ask for an interview.
    async fn interview(&mut self) -> (String, Value) {
        let company = self.make("/company", json!({ "name": "Acme" })).await;
        let of_company = |noun: &str| format!("/{noun}?companyId={}", text(&company["id"]));
        let job = json!({ "title": "A secret job", "description": "A long enough description." });
        let job = self.make(&of_company("jobs"), job).await;
        let candidate = json!({
            "firstName": "Ada", "lastName": "Lovelace", "email": "ada@example.com",
            "gdprExpiryDate": "2199-12-31", "jobIds": [job["id"]],
        });
        let candidate = self.make(&of_company("candidates"), candidate).await;
        let agent = json!({
            "name": "Screening", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 15,
        });
        let agent = self.make(&of_company("agents"), agent).await;
        (of_company("interviews"), json!({ "candidateId": candidate["id"], "agentId": agent["id"] }))
    }

    async fn make(&mut self, path: &str, body: Value) -> Value {
        self.partner.post(path, &body).await.expect(201)
    }

    async fn metric(&mut self, line: &str) -> u64 {
        let text = self.operator.get("/metrics").await.bytes;
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok()).unwrap_or(0)
    }

    /// Ends as SIGTERM does, within bounds.
    fn end(self) {
        let begin = Instant::now();
        assert!(self.process.terminate().success());
        assert!(begin.elapsed() < END_WITHIN, "the end took {:?}", begin.elapsed());
        drop(self.folder);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_leads_from_the_request_to_its_decision() {
    let collector = Collector::start().await;
    let mut server = Server::start(&collector.url()).await;
    let (path, body) = server.interview().await;
    let parent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [("traceparent", parent.as_str()), ("X-Request-Id", "of-the-partner")];
    let made = server.partner.post_with(&path, &headers, &body).await.expect(201);
    let decision_id = text(&made["decisions"]["job-resolution"]);
    let decision = server.operator.get(&format!("/decisions/{decision_id}")).await.json();

    let request = collector.span(|span| span.trace_id == TRACE && span.name == "POST /interviews").await;
    assert_eq!((request.parent_id.as_str(), request.is_server, request.is_error), (CALLER, true, false));
    assert_eq!(request.get("http.request.method"), "POST");
    assert_eq!(request.get("http.route"), "/interviews");
    assert_eq!(request.get("http.response.status_code"), 201);
    assert_eq!(request.get("switchboard.listener"), "partners");
    assert_eq!(request.get("switchboard.request_id"), "of-the-partner");
    assert_eq!(*request.get("switchboard.company_id"), path["/interviews?companyId=".len()..]);
    assert_eq!(request.resource["service.name"], "switchboard");
    // What the log's line says, by the same names.
    let line = server.process.lines().into_iter().find(|line| line["request_id"] == "of-the-partner");
    let line = line.expect("the request has its line");
    assert_eq!(line["key"], *request.get("switchboard.key_id"));
    let names: Vec<&str> = line.as_object().expect("an object").keys().map(String::as_str).collect();
    let usual = [
        "event",
        "listener",
        "method",
        "route",
        "status",
        "micros",
        "request_id",
        "key",
        "company",
        "level",
        "target",
        "at",
    ];
    assert_eq!(names, usual, "a line of the log shows no span");

    let question = collector.span(|span| *span.get("switchboard.decision_id") == decision_id).await;
    assert_eq!((question.trace_id.as_str(), &question.parent_id), (TRACE, &request.id));
    assert_eq!(question.name, "ask job-resolution");
    assert_eq!(question.get("switchboard.policy"), "job-resolution");
    assert_eq!(*question.get("switchboard.slot"), format!("{}/job-resolution", server.ats_id));
    assert_eq!(*question.get("switchboard.release_id"), decision["release"]);
    assert_eq!(question.get("switchboard.outcome"), "decided");
    assert_eq!(*question.get("switchboard.fuel"), decision["fuel"]);
    assert!(question.get("switchboard.fuel").as_i64().is_some_and(|fuel| 0 < fuel), "{question:?}");
    assert_eq!((question.get("switchboard.degraded"), question.is_error), (&json!(false), false));

    // A caller who keeps no trace wants none here; who names none has one of their own.
    let unkept = format!("00-{OTHER_TRACE}-{CALLER}-00");
    let _ = server.partner.post_with(&path, &[("traceparent", &unkept)], &body).await;
    let broken = [("traceparent", "00-nonsense-01"), ("X-Request-Id", "broken")];
    let _ = server.partner.post_with(&path, &broken, &body).await;
    let own = collector.span(|span| span.get("switchboard.request_id") == "broken").await;
    assert_eq!((own.parent_id.as_str(), own.trace_id == TRACE), ("", false));
    let operator = collector.span(|span| span.name == "GET /decisions/{id}").await;
    assert_eq!(operator.get("switchboard.listener"), "admin");
    assert!(0 < server.metric("switchboard_spans_total{outcome=\"exported\"}").await);
    server.end();
    assert!(collector.spans().iter().all(|span| span.trace_id != OTHER_TRACE));
    for personal in ["ada@example.com", "Lovelace", "A secret job", "Acme", "127.0.0.1"] {
        assert!(!collector.has_heard(personal), "a span says {personal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_tells_why_another_release_answered() {
    let collector = Collector::start().await;
    let mut server = Server::start(&collector.url()).await;
    let component = [("Content-Type", "application/wasm")];
    let pushed = server.operator.send("POST", "/plugins?name=hostile", &component, wasm("hostile")).await;
    assert_eq!(pushed.status, 201);
    let body = json!({
        "slot": format!("{}/job-resolution", server.ats_id), "plugin": "hostile", "settings": { "do": "trap" },
        "timeoutMs": 5000,
    });
    let release = text(&server.operator.post("/releases", &body).await.json()["id"]);
    let activated = server.operator.post(&format!("/releases/{release}/activate"), &json!({})).await;
    assert!(activated.is_success());
    let (path, body) = server.interview().await;
    let made = server.make(&path, body).await;
    let decision_id = text(&made["decisions"]["job-resolution"]);
    let question = collector.span(|span| *span.get("switchboard.decision_id") == decision_id).await;
    assert_eq!((question.get("switchboard.degraded"), question.is_error), (&json!(true), true));
    assert_eq!(
        (question.get("switchboard.outcome"), question.get("switchboard.failure")),
        (&json!("decided"), &json!("trap"))
    );
    assert_ne!(*question.get("switchboard.release_id"), release, "who answered");
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_does_is_a_trace_of_its_own() {
    let collector = Collector::start().await;
    let mut server = Server::start(&collector.url()).await;
    let _ = server.make("/company", json!({ "name": "Acme", "ownerEmail": "grace@example.com" })).await;
    let is_question = |span: &Span| span.name == "ask owner-onboarding";
    let question = collector.span(is_question).await;
    let request = collector.span(|span| span.id == question.parent_id).await;
    assert_eq!((request.name.as_str(), request.parent_id.as_str()), ("POST /company", ""));
    let mail = collector.span(|span| span.name == "send a mail").await;
    assert_eq!((mail.parent_id.as_str(), mail.trace_id == request.trace_id), ("", false));
    server.end();
    assert!(!collector.has_heard("grace"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_down_hurts_nobody() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let mut server = Server::start(&format!("http://{free}")).await;
    let (path, body) = server.interview().await;
    let _ = server.make(&path, body).await;
    let told = server.process.line("spans.failed");
    assert!(text(&told["reason"]).contains("refused"), "{told}");
    assert!(0 < server.metric("switchboard_spans_total{outcome=\"failed\"}").await);
    assert_eq!(server.metric("switchboard_spans_total{outcome=\"exported\"}").await, 0);
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_says_nothing_delays_neither_requests_nor_the_end() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = silent.local_addr().expect("an address");
    let mut server = Server::start(&format!("http://{address}")).await;
    let (path, body) = server.interview().await;
    // From here on the exporter waits for an answer to this.
    let _unread = silent.accept().await.expect("it comes");
    let begin = Instant::now();
    let _ = server.make(&path, body).await;
    assert!(begin.elapsed() < Duration::from_secs(1), "the request took {:?}", begin.elapsed());
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_comes_back_is_told_of() {
    let collector = Collector::start().await;
    collector.refuse(true);
    let mut server = Server::start(&collector.url()).await;
    assert!(text(&server.process.line("spans.failed")["reason"]).contains("403"));
    collector.refuse(false);
    let _ = server.partner.get("/jobs?limit=1").await;
    let _ = collector.span(|span| span.name == "GET /jobs").await;
    assert_eq!(server.process.line("spans.sent")["level"], "INFO");
    let failures = server.process.lines().iter().filter(|line| line["event"] == "spans.failed").count();
    assert_eq!(failures, 1, "told once");
    server.end();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_over_tls_is_spoken_to_when_the_machine_trusts_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority.pem()).expect("written");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of the provider")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("a certificate with its key");
    let collector = Collector::sealed(Arc::new(tls)).await;
    let more = [
        ("SSL_CERT_FILE", file.display().to_string()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer of-the-operator".to_owned()),
    ];
    let server = Server::start_with(&collector.url(), &more).await;
    let _ = collector.span(|span| span.name == "POST /keys").await;
    assert_eq!(collector.authorization().as_deref(), Some("Bearer of-the-operator"));
    server.end();
}

fn token(folder: &Path) -> String {
    let file: Bytes = std::fs::read(folder.join("admin.json")).expect("a running server has one").into();
    text(&serde_json::from_slice::<Value>(&file).expect("JSON")["token"])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
