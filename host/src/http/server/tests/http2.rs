//! HTTP/2 in the hands of peers that misbehave: frames by hand (RFC 9113, RFC 7541 without its compression).

use tokio::time::timeout;

use super::*;
use crate::http::tests::Running;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

const SETTINGS_INITIAL_WINDOW_SIZE: u8 = 4;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    /// The reason of a reset or of a farewell.
    fn reason(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// `:status`, the first field of an answer: a number of RFC 7541's table, or digits in its Huffman code.
    fn status(&self) -> Option<u16> {
        let changes_table = |byte: &&u8| (0x20..0x40).contains(*byte);
        let block: Vec<u8> = self.payload.iter().skip_while(changes_table).copied().collect();
        match block[..] {
            [0x88, ..] => Some(200),
            [0x8c, ..] => Some(400),
            [0x8d, ..] => Some(404),
            [0x48 | 0x08, length, ref rest @ ..] if 0x80 <= length => {
                let text = &rest[..usize::from(length & 0x7f)];
                let bits: String = text.iter().map(|byte| format!("{byte:08b}")).collect();
                digits(&bits).parse().ok()
            }
            _ => None,
        }
    }
}

/// `0` to `2` have five bits, the other digits six.
fn digits(mut bits: &str) -> String {
    let mut text = String::new();
    loop {
        let (head, length) = match bits.get(..5) {
            Some("00000") => ('0', 5),
            Some("00001") => ('1', 5),
            Some("00010") => ('2', 5),
            _ => match bits.get(..6).and_then(|bits| u8::from_str_radix(bits, 2).ok()) {
                Some(code @ 25..=31) => (char::from(b'3' + code - 25), 6),
                _ => return text,
            },
        };
        text.push(head);
        bits = &bits[length..];
    }
}

/// A peer that knows what it sends, byte by byte.
struct Peer(TcpStream);

impl Peer {
    /// With the preface and these settings sent.
    async fn new(address: SocketAddr, settings: &[(u8, u32)]) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
        let mut peer = Self(socket);
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend([0, *name]);
            payload.extend(value.to_be_bytes());
        }
        peer.send(SETTINGS, 0, 0, &payload).await;
        peer
    }

    /// Whether the server still listened.
    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags];
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write_all(&frame).await.is_ok()
    }

    async fn get(&mut self, stream: u32, more: &[(&str, &str)]) -> bool {
        let head = head("GET", "/jobs", more);
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &head).await
    }

    /// The next frame that is no greeting; nothing at the end of the connection. Pings are answered.
    async fn frame(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            timeout(PATIENCE, self.0.read_exact(&mut head)).await.expect("the server is silent").ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload).await.ok()?;
            let stream = u32::from_be_bytes(head[5..9].try_into().unwrap());
            let frame = Frame { kind: head[3], flags: head[4], stream, payload };
            match frame.kind {
                SETTINGS | 8 => {}
                PING if frame.flags == 0 => {
                    self.send(PING, ACK, 0, &frame.payload).await;
                }
                _ => return Some(frame),
            }
        }
    }

    /// Everything until the end of the connection.
    async fn rest(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.frame().await {
            frames.push(frame);
        }
        frames
    }

    /// The status of this stream's answer.
    async fn status(&mut self, stream: u32) -> Option<u16> {
        loop {
            let frame = self.frame().await?;
            if (frame.kind, frame.stream) == (HEADERS, stream) {
                return frame.status();
            }
        }
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    // A length of seven bits, and the rest in groups of seven.
    let mut length = text.len();
    if length < 0x7f {
        out.push(u8::try_from(length).unwrap());
    } else {
        out.push(0x7f);
        length -= 0x7f;
        while 0x80 <= length {
            out.push(u8::try_from(length % 0x80).unwrap() | 0x80);
            length /= 0x80;
        }
        out.push(u8::try_from(length).unwrap());
    }
    out.extend(text.as_bytes());
}

fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(0);
    string(out, name);
    string(out, value);
}

fn head(method: &str, path: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    let usual = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "x")];
    for (name, value) in usual.iter().chain(&[("authorization", "Bearer ats")]).chain(more) {
        field(&mut block, name, value);
    }
    block
}

async fn is_well(running: &Running) {
    let answer = exchange(running.address, format!("{GET}Connection: close\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut peer = Peer::new(running.address, &[]).await;
    peer.get(1, &[]).await;
    assert_eq!(peer.status(1).await, Some(200));
}

pub(super) async fn until(is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it becomes so");
}

#[tokio::test]
async fn both_are_served_on_one_listener() {
    let running = start(ServerLimits::default(), LONG).await;
    is_well(&running).await;
    let text = running.metrics.text();
    for protocol in ["http1", "http2"] {
        let line = format!(
            r#"http_connections_opened_total{{listener="partners",protocol="{protocol}",tls="no"}} 1"#
        );
        assert!(text.contains(&line), "{line} is not in {text}");
    }
}

#[tokio::test]
async fn a_preface_that_never_ends_is_closed() {
    let running = start(slow_heads_end_soon(), LONG).await;
    for begun in ["P", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
        assert_eq!(exchange(running.address, begun.as_bytes()).await, "", "{begun:?}");
    }
    // What only begins like it is a request like others.
    let answer = exchange(running.address, b"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{answer}");
}

#[tokio::test]
async fn an_idle_connection_is_told_and_closed() {
    let limits = ServerLimits { idle_within: SHORT, ..ServerLimits::default() };
    let running = start(limits, LONG).await;
    let mut peer = Peer::new(running.address, &[]).await;
    peer.get(1, &[]).await;
    assert_eq!(peer.status(1).await, Some(200));
    let frames = peer.rest().await;
    let goodbye = frames.iter().rev().find(|frame| frame.kind == GOAWAY).expect("it is told");
    assert_eq!(goodbye.reason(), 0);
    // One that says nothing at all, also not to the farewell, is closed as well.
    let mut silent = TcpStream::connect(running.address).await.unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let ended = timeout(PATIENCE, silent.read_to_end(&mut Vec::new())).await;
    assert!(ended.is_ok(), "a silent peer keeps its connection");
}

#[tokio::test]
async fn a_connection_at_work_is_not_idle() {
    let limits = ServerLimits { idle_within: SHORT, ..ServerLimits::default() };
    let running = start(limits, LONG).await;
    let mut peer = Peer::new(running.address, &[]).await;
    peer.get(1, &[("x-wait", "1")]).await;
    until(|| running.waiting.load(Ordering::SeqCst) == 1).await;
    assert!(timeout(SHORT * 2, peer.frame()).await.is_err(), "nothing is said meanwhile");
    running.gate.add_permits(1);
    assert_eq!(peer.status(1).await, Some(200));
}

#[tokio::test]
async fn a_peer_that_makes_no_room_for_its_answer_is_dropped() {
    let limits = ServerLimits { stalled_write: SHORT, ..ServerLimits::default() };
    let running = start(limits, LONG).await;
    let mut peer = Peer::new(running.address, &[(SETTINGS_INITIAL_WINDOW_SIZE, 0)]).await;
    peer.get(1, &[]).await;
    let frames = peer.rest().await;
    assert!(frames.iter().any(|frame| frame.kind == HEADERS), "{frames:?}");
    assert!(!frames.iter().any(|frame| frame.kind == DATA), "{frames:?}");
    is_well(&running).await;
}

#[tokio::test]
async fn a_slow_body_is_a_408_and_holds_up_nobody() {
    let running = start(ServerLimits::default(), SHORT).await;
    let mut peer = Peer::new(running.address, &[]).await;
    peer.send(HEADERS, END_HEADERS, 1, &head("POST", "/jobs", &[])).await;
    peer.send(DATA, 0, 1, b"{").await;
    peer.get(3, &[]).await;
    assert_eq!(peer.status(3).await, Some(200));
    assert_eq!(peer.status(1).await, Some(408));
    peer.get(5, &[]).await;
    assert_eq!(peer.status(5).await, Some(200), "the connection goes on");
}

#[tokio::test]
async fn a_thousand_streams_are_served_in_part_and_refused_in_part() {
    let limits = ServerLimits { streams: 10, ..ServerLimits::default() };
    let running = start(limits, LONG).await;
    let mut peer = Peer::new(running.address, &[]).await;
    for stream in 0..1000 {
        if !peer.get(2 * stream + 1, &[("x-wait", "1")]).await {
            break;
        }
    }
    let mut refused = 0;
    while refused < 990 {
        let frame = peer.frame().await.expect("the connection goes on");
        assert_eq!((frame.kind, frame.reason()), (RST_STREAM, REFUSED_STREAM));
        refused += 1;
    }
    assert!(running.waiting.load(Ordering::SeqCst) <= 10);
    running.gate.add_permits(10_000);
    is_well(&running).await;
}

#[tokio::test]
async fn a_flood_of_resets_ends_the_connection() {
    let running = start(ServerLimits::default(), LONG).await;
    let mut peer = Peer::new(running.address, &[]).await;
    let mut flood = Vec::new();
    for stream in 0..5000_u32 {
        let stream = 2 * stream + 1;
        let block = head("GET", "/jobs", &[("x-wait", "1")]);
        let length = u32::try_from(block.len()).unwrap().to_be_bytes();
        flood.extend([length[1], length[2], length[3], HEADERS, END_STREAM | END_HEADERS]);
        flood.extend(stream.to_be_bytes());
        flood.extend(block);
        flood.extend([0, 0, 4, RST_STREAM, 0]);
        flood.extend(stream.to_be_bytes());
        flood.extend(8_u32.to_be_bytes());
    }
    // The server may have closed before all of it was sent.
    drop(peer.0.write_all(&flood).await);
    let frames = peer.rest().await;
    if let Some(goodbye) = frames.iter().find(|frame| frame.kind == GOAWAY) {
        assert_eq!(goodbye.reason(), ENHANCE_YOUR_CALM);
    }
    running.gate.add_permits(10_000);
    is_well(&running).await;
}

#[tokio::test]
async fn what_was_reset_and_is_still_at_work_keeps_its_turn() {
    let limits = ServerLimits { streams: 3, ..ServerLimits::default() };
    let running = start(limits, LONG).await;
    let mut peer = Peer::new(running.address, &[]).await;
    let post = head("POST", "/jobs", &[("x-wait", "1")]);
    for request in 0..20 {
        let stream = 2 * request + 1;
        peer.send(HEADERS, END_HEADERS, stream, &post).await;
        peer.send(DATA, END_STREAM, stream, b"{}").await;
        if request < 3 {
            until(|| running.waiting.load(Ordering::SeqCst) == request as usize + 1).await;
        } else {
            // Looked at, as far as it goes, before it is reset: the ping behind it is answered.
            peer.send(PING, 0, 0, &[0; 8]).await;
            while peer.frame().await.is_some_and(|frame| frame.kind != PING) {}
        }
        peer.send(RST_STREAM, 0, stream, &8_u32.to_be_bytes()).await;
    }
    assert_eq!(running.waiting.load(Ordering::SeqCst), 3);
    running.gate.add_permits(3);
    peer.get(101, &[]).await;
    assert_eq!(peer.status(101).await, Some(200), "the next ones have their turn");
}

#[tokio::test]
async fn header_bombs_do_no_harm() {
    let running = start(ServerLimits::default(), LONG).await;
    // One large field, over several frames.
    let mut peer = Peer::new(running.address, &[]).await;
    let block = head("GET", "/jobs", &[("x", &"y".repeat(60_000))]);
    let mut pieces = block.chunks(16_000);
    peer.send(HEADERS, END_STREAM, 1, pieces.next().unwrap()).await;
    for piece in pieces {
        peer.send(CONTINUATION, 0, 1, piece).await;
    }
    peer.send(CONTINUATION, END_HEADERS, 1, &[]).await;
    assert!(matches!(peer.status(1).await, Some(431) | None));
    // Many small fields.
    let mut peer = Peer::new(running.address, &[]).await;
    peer.get(1, &vec![("a", "b"); 200]).await;
    assert_eq!(peer.status(1).await, Some(431));
    // A head that never ends.
    let mut peer = Peer::new(running.address, &[]).await;
    peer.send(HEADERS, END_STREAM, 1, &head("GET", "/jobs", &[])).await;
    let mut piece = Vec::new();
    field(&mut piece, "a", "b");
    for _ in 0..100_000 {
        if !peer.send(CONTINUATION, 0, 1, &piece).await {
            break;
        }
    }
    assert!(peer.rest().await.iter().all(|frame| frame.kind != HEADERS));
    // A large field, remembered once and named a thousand times: four megabytes in five kilobytes.
    let mut peer = Peer::new(running.address, &[]).await;
    let mut block = head("GET", "/jobs", &[]);
    block.push(0x40);
    string(&mut block, "x");
    string(&mut block, &"y".repeat(4_000));
    block.extend([0xbe; 1_000]);
    peer.send(HEADERS, END_STREAM | END_HEADERS, 1, &block).await;
    assert!(matches!(peer.status(1).await, Some(431) | None));
    is_well(&running).await;
}

#[tokio::test]
async fn a_drain_lets_running_streams_finish_and_takes_no_new_ones() {
    let mut running = start(ServerLimits::default(), LONG).await;
    let mut busy = Peer::new(running.address, &[]).await;
    let mut idle = Peer::new(running.address, &[]).await;
    idle.get(1, &[]).await;
    assert_eq!(idle.status(1).await, Some(200));
    busy.get(1, &[("x-wait", "1")]).await;
    until(|| running.waiting.load(Ordering::SeqCst) == 1).await;
    running.stop.stop();
    let goodbye = idle.rest().await;
    assert!(goodbye.iter().any(|frame| frame.kind == GOAWAY && frame.reason() == 0), "{goodbye:?}");
    let told = busy.frame().await.expect("the connection is open");
    assert_eq!(told.kind, GOAWAY, "{told:?}");
    while TcpStream::connect(running.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    running.gate.add_permits(1);
    assert_eq!(busy.status(1).await, Some(200));
    let rest = busy.rest().await;
    assert!(rest.iter().any(|frame| frame.kind == DATA && frame.flags & END_STREAM != 0), "{rest:?}");
    running.serving.join_next().await.unwrap().unwrap();
}

#[tokio::test]
async fn a_drain_cuts_off_streams_that_outlast_it() {
    let mut running = start(ServerLimits { drain_within: SHORT, ..ServerLimits::default() }, LONG).await;
    let mut busy = Peer::new(running.address, &[]).await;
    busy.get(1, &[("x-wait", "1")]).await;
    until(|| running.waiting.load(Ordering::SeqCst) == 1).await;
    drop(running.stop);
    running.serving.join_next().await.unwrap().unwrap();
    assert!(busy.rest().await.iter().all(|frame| frame.kind != HEADERS));
}
