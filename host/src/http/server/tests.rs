//! Peers that misbehave, over a real socket.

mod http2;

use std::sync::atomic::Ordering;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use self::http2::until;
use super::*;
use crate::http::stall::StallGuard;
use crate::http::tests::{exchange, start};

const GET: &str = "GET /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ats\r\n";
const POST: &str = "POST /jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ats\r\n";
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

fn slow_heads_end_soon() -> ServerLimits {
    ServerLimits { head_within: SHORT, ..ServerLimits::default() }
}

async fn read_answer(socket: &mut TcpStream) -> String {
    let (mut answer, mut byte) = (Vec::new(), [0]);
    loop {
        assert_eq!(socket.read(&mut byte).await.unwrap(), 1, "closed after {answer:?}");
        answer.push(byte[0]);
        if answer.ends_with(b"\"}") {
            return String::from_utf8(answer).unwrap();
        }
    }
}

#[tokio::test]
async fn a_slow_head_and_an_idle_connection_are_closed() {
    let running = start(slow_heads_end_soon(), LONG).await;
    assert!(exchange(running.address, b"GET /jobs HT").await.is_empty());
    assert!(exchange(running.address, b"").await.is_empty());
    let kept = exchange(running.address, format!("{GET}\r\n").as_bytes()).await;
    assert!(kept.starts_with("HTTP/1.1 200"), "{kept}");
}

#[tokio::test]
async fn a_slow_body_is_a_408_and_the_end_of_the_connection() {
    let running = start(ServerLimits::default(), SHORT).await;
    let answer = exchange(running.address, format!("{POST}Content-Length: 10\r\n\r\n{{").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let running = start(ServerLimits::default(), LONG).await;
    let request = format!("{GET}X: {}\r\nConnection: close\r\n\r\n", "y".repeat(64 << 10));
    let answer = exchange(running.address, request.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    let many = "A: b\r\n".repeat(200);
    let answer = exchange(running.address, format!("{GET}{many}\r\n").as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn an_oversized_body_is_a_413_that_the_sender_gets_to_read() {
    let running = start(ServerLimits::default(), LONG).await;
    let body = "x".repeat((1 << 20) + 1);
    let length = body.len();
    for (authorization, status) in [("ats", 413), ("nobody", 401)] {
        let post = POST.replace("ats", authorization);
        let announced = format!("{post}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
        let chunked = format!(
            "{post}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"
        );
        for request in [announced, chunked] {
            let answer = exchange(running.address, request.as_bytes()).await;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_cut_connection_and_nonsense_leave_the_server_well() {
    let running = start(ServerLimits::default(), LONG).await;
    for bytes in [
        "POST /jobs HTTP/1.1\r\nContent-Length: 10\r\n\r\nab",
        "\u{0}\u{1}nonsense\r\n\r\n",
        "GET / HTTP/9\r\n\r\n",
    ] {
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        socket.write_all(bytes.as_bytes()).await.unwrap();
        drop(socket);
    }
    let answer = exchange(running.address, format!("{GET}Connection: close\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn what_may_change_something_is_seen_through_without_its_caller() {
    let mut running = start(ServerLimits::default(), LONG).await;
    let metrics = running.metrics.clone();
    let counted = |method: &str| {
        let text = metrics.text();
        let of = |line: &&str| line.starts_with("switchboard_http_requests_total") && line.contains(method);
        text.lines().filter(of).count()
    };
    let is_open = || metrics.text().contains(r#"switchboard_http_connections{listener="partners"} 1"#);
    for method in ["GET", "PATCH"] {
        let before = running.waiting.load(Ordering::SeqCst);
        let mut socket = TcpStream::connect(running.address).await.unwrap();
        let head = GET.replace("GET /jobs", &format!("{method} /jobs/a"));
        socket.write_all(format!("{head}X-Wait: 1\r\n\r\n").as_bytes()).await.unwrap();
        until(|| before < running.waiting.load(Ordering::SeqCst)).await;
        drop(socket);
        until(|| !is_open()).await;
    }
    running.gate.add_permits(1);
    // The drain waits for it, and nobody waits for what only reads.
    running.stop.stop();
    running.serving.join_next().await.unwrap().unwrap();
    assert_eq!((counted("PATCH"), counted("GET")), (1, 0), "{}", metrics.text());
}

#[tokio::test]
async fn a_panic_is_a_500_with_an_envelope_and_the_server_lives() {
    let running = start(ServerLimits::default(), LONG).await;
    let answer = exchange(running.address, format!("{GET}X-Panic: 1\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("INTERNAL_ERROR"), "{answer}");
    assert!(!answer.contains("told to"), "{answer}");
    let answer = exchange(running.address, format!("{GET}Connection: close\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(running.metrics.text().contains("switchboard_http_panics_total 1"));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let running = start(ServerLimits::default(), LONG).await;
    let one = |id: &str| GET.replace("/jobs", &format!("/jobs/{id}"));
    let request = format!("{}\r\n{}\r\n{}Connection: close\r\n\r\n", one("a"), one("b"), one("c"));
    let answer = exchange(running.address, request.as_bytes()).await;
    let places: Vec<_> = ["a", "b", "c"].iter().map(|id| answer.find(&format!("\"id\":\"{id}\""))).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{answer}");
}

#[tokio::test]
async fn a_drain_lets_running_requests_finish_and_takes_no_new_ones() {
    let mut running = start(ServerLimits::default(), LONG).await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    let mut idle = TcpStream::connect(running.address).await.unwrap();
    idle.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    assert!(read_answer(&mut idle).await.starts_with("HTTP/1.1 200"));
    busy.write_all(format!("{GET}X-Wait: 1\r\n\r\n{GET}\r\n").as_bytes()).await.unwrap();
    while running.waiting.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    running.stop.stop();
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0, "idle connections are closed");
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    running.gate.add_permits(1);
    assert!(read_answer(&mut busy).await.starts_with("HTTP/1.1 200"));
    running.serving.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_drain_cuts_off_what_outlasts_it() {
    let mut running = start(ServerLimits { drain_within: SHORT, ..ServerLimits::default() }, LONG).await;
    let mut busy = TcpStream::connect(running.address).await.unwrap();
    busy.write_all(format!("{GET}X-Wait: 1\r\n\r\n").as_bytes()).await.unwrap();
    while running.waiting.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    drop(running.stop);
    running.serving.join_next().await.unwrap().unwrap();
    assert!(matches!(busy.read(&mut [0; 8]).await, Ok(0) | Err(_)));
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_their_turn() {
    let running = start(ServerLimits { connections: 1, ..ServerLimits::default() }, LONG).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    first.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    assert!(read_answer(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(format!("{GET}\r\n").as_bytes()).await.unwrap();
    let early = tokio::time::timeout(SHORT, second.read_u8()).await;
    assert!(early.is_err(), "the second connection was served beside the first");
    drop(first);
    assert!(read_answer(&mut second).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up() {
    let (mine, theirs) = tokio::io::duplex(8);
    let mut guarded = StallGuard::new(mine, SHORT);
    let error = guarded.write_all(&[0; 64]).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    drop(theirs);
}
