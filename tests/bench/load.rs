//! Load: connections that each send a request, read its answer, and send the next one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Requests to choose from, as they go over the wire.
#[derive(Clone)]
pub(crate) struct Requests(Arc<Vec<Bytes>>);

/// What came of one round.
pub(crate) struct Load {
    /// Of every answered request, sorted.
    micros: Vec<u32>,
    /// Answers that were no success, and connections that broke.
    pub(crate) errors: usize,
    /// What the first of them said.
    pub(crate) first_error: Option<String>,
    elapsed: Duration,
}

impl Requests {
    pub(crate) fn new(requests: Vec<Bytes>) -> Self {
        assert!(!requests.is_empty(), "there is something to send");
        Self(Arc::new(requests))
    }
}

impl Load {
    pub(crate) fn requests(&self) -> f64 {
        f64::from(u32::try_from(self.micros.len()).unwrap_or(u32::MAX))
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests() / self.elapsed.as_secs_f64()
    }

    /// The latency that this part of the requests stayed below.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let place = (self.micros.len() * percent / 100).min(self.micros.len().saturating_sub(1));
        self.micros.get(place).copied().map_or(f64::NAN, f64::from)
    }

    pub(crate) fn panic_on_errors(&self) {
        let first = self.first_error.as_deref().unwrap_or_default();
        assert!(self.errors == 0, "{} requests failed, first: {first}", self.errors);
    }
}

/// One thread's worth of a runtime, so that the load takes one core at the most.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Keeps `connections` busy for so long. `seed` decides which requests come when.
pub(crate) async fn run(
    address: SocketAddr,
    connections: u64,
    duration: Duration,
    requests: &Requests,
    seed: u64,
) -> Load {
    let start = Instant::now();
    let until = start + duration;
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let requests = requests.clone();
        tasks.spawn(async move {
            let mut done = Done::default();
            if let Err(error) = send(address, until, &requests, seed * 1_000 + connection, &mut done).await {
                done.fail(error.to_string());
            }
            done
        });
    }
    let mut all = Done::default();
    while let Some(done) = tasks.join_next().await {
        let done = done.expect("a connection's task does not panic");
        all.micros.extend(done.micros);
        all.errors += done.errors;
        all.first_error = all.first_error.or(done.first_error);
    }
    all.micros.sort_unstable();
    Load { micros: all.micros, errors: all.errors, first_error: all.first_error, elapsed: start.elapsed() }
}

#[derive(Default)]
struct Done {
    micros: Vec<u32>,
    errors: usize,
    first_error: Option<String>,
}

impl Done {
    fn fail(&mut self, what: String) {
        self.errors += 1;
        self.first_error.get_or_insert(what);
    }
}

async fn send(
    address: SocketAddr,
    until: Instant,
    Requests(requests): &Requests,
    seed: u64,
    done: &mut Done,
) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(16 << 10);
    let mut state = seed;
    while Instant::now() < until {
        let request = &requests[usize::try_from(next(&mut state)).unwrap_or(usize::MAX) % requests.len()];
        let sent = Instant::now();
        stream.write_all(request).await?;
        let is_success = answer(&mut stream, &mut buffer).await?;
        done.micros.push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
        if !is_success {
            done.fail(String::from_utf8_lossy(&buffer).into_owned());
        }
    }
    Ok(())
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Reads one answer into the buffer, which it fills alone; whether its status is a success.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<bool> {
    buffer.clear();
    let mut end = None;
    while end.is_none_or(|end| buffer.len() < end) {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        end = end.or_else(|| end_of_answer(buffer));
    }
    Ok(buffer.get(9) == Some(&b'2'))
}

fn end_of_answer(buffer: &[u8]) -> Option<usize> {
    let head = buffer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let length = buffer[..head].split(|byte| *byte == b'\n').find_map(|line| {
        let line = std::str::from_utf8(line).ok()?;
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok()).flatten()
    });
    Some(head + 4 + length.unwrap_or(0))
}

/// A request as it goes over the wire.
pub(crate) fn get(address: SocketAddr, path: &str, key: &str) -> Bytes {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\r\n").into()
}

/// A request as it goes over the wire.
pub(crate) fn post(address: SocketAddr, path: &str, key: &str, body: &str) -> Bytes {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into()
}
