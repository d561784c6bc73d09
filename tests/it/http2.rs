//! HTTP/2 in clear, beside HTTP/1.1 on the same listener: the same answers.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use switchboard::app::Gap;
use switchboard_tests::{Answer, Client, Options, Scene, TestHost};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// What differs from answer to answer, or belongs to the connection.
const OF_THE_MOMENT: [&str; 4] = ["x-request-id", "date", "connection", "keep-alive"];

fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let headers = answer.headers.iter().filter(|(name, _)| !OF_THE_MOMENT.contains(&name.as_str()));
    let mut headers: Vec<_> =
        headers.map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned())).collect();
    headers.sort();
    let mut body: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    if let Some(body) = body.as_object_mut() {
        body.remove("timestamp");
    }
    (answer.status, headers, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn both_protocols_give_the_same_answers() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1, 2]).await;
    let mut http1 = scene.partner(&host);
    let mut http2 = scene.partner(&host).http2();
    let interview = scene.interview(&scene.candidate(&host, &jobs).await).to_string();
    for (method, path, headers, body) in [
        ("GET", "/jobs", &[][..], ""),
        ("HEAD", "/jobs", &[], ""),
        ("GET", "/jobs", &[("accept-encoding", "gzip")], ""),
        ("GET", &format!("/v1/jobs/{}", jobs[0]), &[], ""),
        ("HEAD", &format!("/jobs/{}", jobs[0]), &[], ""),
        ("GET", "/jobs?page=0", &[], ""),
        ("OPTIONS", "/jobs", &[], ""),
        ("PUT", "/jobs", &[], ""),
        ("GET", "/nowhere", &[], ""),
        ("POST", "/jobs", &[], "{"),
        ("POST", "/jobs", &[("content-type", "text/plain")], "x"),
        ("POST", "/interviews", &[], &interview),
        ("GET", &format!("/jobs/{}", jobs[0]), &[("if-none-match", "*")], ""),
        ("HEAD", &format!("/jobs/{}", jobs[0]), &[("if-none-match", "*")], ""),
        ("GET", "/openapi.json", &[], ""),
        ("GET", "/healthz", &[], ""),
    ] {
        let body = Bytes::from(body.to_owned());
        let (one, two) = (
            http1.send(method, path, headers, body.clone()).await,
            http2.send(method, path, headers, body).await,
        );
        assert_eq!(comparable(&one), comparable(&two), "{method} {path}");
    }
    let mut nobody = Client::new(host.listen, None).http2();
    let _ = nobody.get("/jobs").await.refused(401, "INVALID_API_KEY");
    let oversized = Bytes::from(vec![b' '; (1 << 20) + 1]);
    let _ = http2.send("POST", "/jobs", &[], oversized).await.refused(413, "BODY_TOO_LARGE");
    let largest = Bytes::from([b"{}".to_vec(), vec![b' '; (1 << 20) - 2]].concat());
    let _ = http2.send("POST", "/jobs", &[], largest).await.refused(400, "MISSING_REQUIRED_FIELD");
    let body = json!({ "title": "Forklift driver", "description": "Drives a forklift." });
    let headers = [("Idempotency-Key", "h2-1")];
    let first = http2.post_with("/jobs", &headers, &body).await;
    let again = http1.post_with("/jobs", &headers, &body).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.bytes, again.bytes, "replayed over the other protocol");
    for protocol in ["http1", "http2"] {
        let line = format!(
            r#"switchboard_http_connections_opened_total{{listener="partners",protocol="{protocol}",tls="no"}}"#
        );
        assert!(0 < host.metric(&line).await, "{line}");
    }
    let mut operator = host.operator().http2();
    assert_eq!(operator.get("/readyz").await.status, 200, "the operators' listener has it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_one_connection_do_not_wait_for_each_other() {
    let held = Arc::new(Semaphore::new(0));
    let gate = Arc::clone(&held);
    let gap = Gap::new(move || {
        let gate = Arc::clone(&gate);
        Box::pin(async move { drop(gate.acquire().await) })
    });
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let stream = TcpStream::connect(host.listen).await.expect("it listens");
    let made = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (connection, driver) = made.expect("it speaks HTTP/2");
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { driver.await.map(|()| 0) });
    let key = scene.furnished.company_key.clone();
    let ask = |method: &str, path: &str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", host.listen))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)));
        let request = request.expect("a request");
        let mut connection = connection.clone();
        async move {
            let response = connection.send_request(request).await?;
            let status = response.status().as_u16();
            let _ = response.into_body().collect().await?;
            Ok::<u16, hyper::Error>(status)
        }
    };
    let mut posts = JoinSet::new();
    for _ in 0..20 {
        posts.spawn(ask("POST", "/interviews", scene.interview(&candidate).to_string()));
    }
    for _ in 0..50 {
        assert_eq!(ask("GET", "/jobs", String::new()).await.expect("an answer"), 200);
    }
    assert!(posts.try_join_next().is_none(), "the posts are held");
    held.add_permits(1000);
    while let Some(posted) = posts.join_next().await {
        assert_eq!(posted.expect("no panic").expect("an answer"), 201);
    }
}
