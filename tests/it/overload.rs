//! More than can be answered soon: the surplus is refused in a moment, what is served is served soon.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::json;
use switchboard::app::Gap;
use switchboard_tests::{Answer, Client, Options, Scene, TestHost};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Requests at work at once.
const PLACES: usize = 8;

fn options(gap: Gap, more: &[(&'static str, &str)]) -> Options {
    let mut settings = vec![("limits.requests_max", PLACES.to_string())];
    settings.extend(more.iter().map(|(key, text)| (*key, (*text).to_owned())));
    Options { gap, settings, ..Options::default() }
}

/// Holds interviews between ask and commit until it gets permits.
fn gate() -> (Arc<Semaphore>, Gap) {
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    let gap = Gap::new(move || {
        let held = Arc::clone(&held);
        Box::pin(async move { drop(held.acquire().await) })
    });
    (gate, gap)
}

async fn in_flight(host: &TestHost) -> u64 {
    host.metric("switchboard_http_requests_in_flight").await
}

async fn until_in_flight(host: &TestHost, wanted: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while in_flight(host).await != wanted {
        assert!(Instant::now() < deadline, "{} are in flight, not {wanted}", in_flight(host).await);
    }
}

fn assert_turned_away(answer: &Answer) {
    let _ = answer.refused(503, "UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.header("x-request-id").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_the_bound_is_refused_at_once_and_health_is_not() {
    let (gate, gap) = gate();
    let host = TestHost::start_with(options(gap, &[])).await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let mut held = JoinSet::new();
    for _ in 0..PLACES {
        let (mut partner, body) = (scene.partner(&host), scene.interview(&candidate));
        held.spawn(async move { partner.post("/interviews", &body).await });
    }
    until_in_flight(&host, PLACES as u64).await;
    let mut partner = scene.partner(&host);
    for _ in 0..50 {
        assert_turned_away(&partner.get("/jobs").await);
        assert_turned_away(&partner.post("/interviews", &scene.interview(&candidate)).await);
        assert_turned_away(&Client::new(host.listen, None).get("/jobs").await);
    }
    assert_eq!(Client::new(host.listen, None).get("/healthz").await.status, 200);
    assert_eq!(host.operator().get("/healthz").await.status, 200);
    assert_eq!(host.operator().get("/readyz").await.status, 200);
    assert_eq!(host.operator().get("/slots").await.status, 200, "operators are not kept out");
    assert_eq!(host.metric(r#"switchboard_http_refused_total{reason="overload"}"#).await, 150);
    gate.add_permits(1000);
    while let Some(answer) = held.join_next().await {
        let _ = answer.expect("no panic").expect(201);
    }
    assert_eq!(partner.get("/jobs").await.status, 200, "all places are free again");
    assert_eq!(in_flight(&host).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_take_nobodys_place() {
    let host = TestHost::start_with(options(Gap::default(), &[("limits.body_timeout", "2s")])).await;
    let scene = Scene::new(&host).await;
    let mut slow = Vec::new();
    for _ in 0..PLACES * 4 {
        let mut stream = TcpStream::connect(host.listen).await.expect("it listens");
        let head = format!(
            "POST /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 20\r\n\r\n{{",
            scene.furnished.company_key
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    let mut partner = scene.partner(&host);
    for _ in 0..20 {
        assert_eq!(partner.get("/jobs").await.status, 200);
    }
    let _ = scene.job(&host, "Forklift driver", json!(null)).await;
    for mut stream in slow {
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert_eq!(in_flight(&host).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_nobody_asked_for_take_nobodys_place() {
    let host = TestHost::start_with(options(Gap::default(), &[])).await;
    let scene = Scene::new(&host).await;
    let mut slow = Vec::new();
    for _ in 0..PLACES * 4 {
        let mut stream = TcpStream::connect(host.listen).await.expect("it listens");
        let head = format!(
            "GET /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 20\r\n\r\n{{",
            scene.furnished.company_key
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    let mut partner = scene.partner(&host);
    for _ in 0..20 {
        assert_eq!(partner.get("/jobs").await.status, 200);
    }
    for mut stream in slow {
        let mut answer = [0; 12];
        let _ = stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, *b"HTTP/1.1 200");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_on_their_way_share_their_memory_and_small_ones_need_none() {
    let host = TestHost::start_with(options(Gap::default(), &[])).await;
    let scene = Scene::new(&host).await;
    let filler = " ".repeat(1 << 20);
    let mut large = Vec::new();
    for _ in 0..80 {
        let mut stream = TcpStream::connect(host.listen).await.expect("it listens");
        let head = format!(
            "POST /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            scene.furnished.company_key,
            filler.len()
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        // All but its end. Who is refused meanwhile may see the connection close.
        drop(stream.write_all(&filler.as_bytes()[1..]).await);
        large.push(stream);
    }
    let _ = scene.job(&host, "Forklift driver", json!(null)).await;
    let (mut served, mut refused) = (0, 0);
    for mut stream in large {
        drop(stream.write_all(b"  ").await);
        let mut answer = vec![0; 12];
        match stream.read_exact(&mut answer).await {
            Ok(_) if answer == b"HTTP/1.1 400" => served += 1,
            Ok(_) if answer == b"HTTP/1.1 503" => refused += 1,
            other => panic!("{other:?} {}", String::from_utf8_lossy(&answer)),
        }
    }
    assert!(60 <= served && 10 <= refused, "{served} were served, {refused} refused");
    assert_eq!(host.metric(r#"switchboard_http_refused_total{reason="body_memory"}"#).await, refused);
}

/// Ten times as many connections as places, each of which asks again at once.
const CONNECTIONS: usize = PLACES * 10;
const REQUESTS_EACH: usize = 40;
/// Of what was served, when everything is refused that would have to wait. Two cores do it in far less; a queue
/// of all connections would be as long as the whole test.
const SERVED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread")]
async fn ten_times_too_much_is_served_in_part_refused_in_part_and_never_lost() {
    let host = TestHost::start_with(options(Gap::default(), &[])).await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut partner = scene.partner(&host);
        if number % 2 == 0 {
            partner = partner.http2();
        }
        let body = Bytes::from(scene.interview(&candidate).to_string());
        connections.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..REQUESTS_EACH {
                let start = Instant::now();
                // No second try: a connection that breaks is a lost request.
                let answer = partner.try_send("POST", "/interviews", &[], body.clone()).await;
                seen.push((answer.expect("an answer"), start.elapsed()));
            }
            seen
        });
    }
    let (mut served, mut refused, mut slowest) = (0_usize, 0_usize, Duration::ZERO);
    while let Some(seen) = connections.join_next().await {
        for (answer, took) in seen.expect("no panic") {
            match answer.status {
                201 => {
                    served += 1;
                    slowest = slowest.max(took);
                }
                // On a machine that has more to do than this test, also a policy's time may be over.
                503 => {
                    if answer.json()["error"]["code"] != "POLICY_UNAVAILABLE" {
                        assert_turned_away(&answer);
                    }
                    refused += 1;
                }
                other => panic!("{other}: {}", String::from_utf8_lossy(&answer.bytes)),
            }
        }
    }
    assert_eq!(served + refused, CONNECTIONS * REQUESTS_EACH);
    assert!(0 < refused && PLACES <= served, "{served} were served, {refused} refused");
    assert!(slowest < SERVED_WITHIN, "{slowest:?}");
    assert_eq!(in_flight(&host).await, 0);
    let _ = scene.post(&host, &candidate).await.expect(201);
    let stored = scene.partner(&host).get("/interviews?limit=1").await.expect(200);
    assert_eq!(stored["total"], served + 1, "what was answered is there, and nothing else");
}
