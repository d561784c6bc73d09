//! A request as handlers see it. Its body is read when they ask for it, bounded in size and time: the contract
//! answers other things first, and nobody reads what is refused without it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, EXPECT, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use serde_json::Value;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::time::Timestamp;

use super::BODY_BYTES_MAX;
use super::overload::{Place, Room, overloaded};
use super::problem::{Failure, Problem, refuse};
use super::query::Query;
use super::route::{PathIds, Route};
use crate::app::access::Caller;
use crate::ids::Ids;

/// Makes a POST safe to send again.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";
/// Names a request: the caller's own name for it, and ours in every answer.
pub(super) static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A partner's request whose key may call its route.
#[derive(Debug)]
pub struct Call {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// For what.
    pub route: Route,
    /// What stood in the places of the path.
    pub ids: PathIds,
    /// Only on POST; or what is wrong with it, see [`Call::refuse`].
    pub idempotency_key: Result<Option<String>, Flaw>,
    /// How long its body may take.
    pub body_within: Duration,
    /// Among the requests that are at work. One that only waits from now on leaves it.
    pub place: Place,
    /// The rest.
    pub request: Box<Request>,
}

impl Call {
    /// The `{id}` of the path.
    ///
    /// # Errors
    /// It is none.
    pub fn path_id<T: FromStr>(&self) -> Result<T, Flaw> {
        let text = self.ids.id.as_deref().unwrap_or_default();
        text.parse().map_err(|_| Flaw::invalid("is not a valid id"))
    }

    /// The `{attemptId}` of the path.
    ///
    /// # Errors
    /// It is none.
    pub fn path_attempt_id<T: FromStr>(&self) -> Result<T, Flaw> {
        let text = self.ids.attempt_id.as_deref().unwrap_or_default();
        text.parse().map_err(|_| Flaw::invalid("is not a valid id"))
    }

    /// Refuses values in path, query and head (contract §1, "Order of checks"), all of them in one answer. What
    /// is wrong in path and query was noted by whoever knows the route.
    ///
    /// # Errors
    /// Unless nothing is wrong.
    pub fn refuse(&self, mut problems: Problems) -> Result<(), Failure> {
        if let Err(flaw) = &self.idempotency_key {
            problems.add(IDEMPOTENCY_KEY, flaw.clone());
        }
        refuse(problems)
    }

    /// Reads the body, which [`Request::json`] then takes. To be called when everything was checked that the
    /// contract answers before bodies.
    ///
    /// # Errors
    /// In this order: 415, 413, 408; 503 where there is no room for it.
    pub async fn receive(&mut self) -> Result<(), Failure> {
        self.request.check_media_type()?;
        // A slow body takes nobody's place.
        self.place.leave();
        self.request.receive(BODY_BYTES_MAX, self.body_within).await;
        self.request.bytes()?;
        if self.place.enter() { Ok(()) } else { Err(overloaded("overload").into()) }
    }
}

/// A request of somebody who needs no key, since what the path holds is one.
#[derive(Debug)]
pub struct Guest {
    /// For what.
    pub route: Route,
    /// The secret of the path.
    pub token: String,
    /// How long its body may take.
    pub body_within: Duration,
    /// Among the requests that are at work.
    pub place: Place,
    /// The rest.
    pub request: Box<Request>,
}

impl Guest {
    /// Reads the body, whatever its media type.
    ///
    /// # Errors
    /// In this order: 413, 408; 503 where there is no room for it.
    pub async fn receive(&mut self) -> Result<&Bytes, Failure> {
        self.place.leave();
        self.request.receive(BODY_BYTES_MAX, self.body_within).await;
        let is_in = self.place.enter();
        let bytes = self.request.bytes()?;
        if is_in { Ok(bytes) } else { Err(overloaded("overload").into()) }
    }
}

/// A request on either listener.
#[derive(Debug)]
pub struct Request {
    /// As sent.
    pub method: Method,
    /// As sent.
    pub uri: Uri,
    /// The query.
    pub query: Query,
    /// As sent.
    pub headers: HeaderMap,
    /// The one moment at which everything in this request happens.
    pub now: Timestamp,
    /// In the answer and in every log line.
    pub request_id: RequestId,
    /// Whom the request comes from, trusted proxies seen through.
    pub peer: IpAddr,
    pub(super) body: RequestBody,
    /// What the body holds of the memory for bodies; without bound on the operators' listener.
    pub(super) room: Option<Room>,
}

/// A body on its way.
#[derive(Debug)]
pub(super) enum RequestBody {
    Unread(Incoming),
    Read(Result<Bytes, Problem>),
}

/// What of a refused request's body is still read, so that the sender comes to read the answer.
const DISCARDED_BYTES_MAX: usize = 4 << 20;
/// How long that may take.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(2);

impl Request {
    /// The path, as sent.
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// Reads the body, at most `max_bytes` of it and for at most `within`; the verdict is kept.
    pub async fn receive(&mut self, max_bytes: usize, within: Duration) {
        if let RequestBody::Unread(incoming) = &mut self.body {
            if incoming.is_end_stream() {
                self.body = RequestBody::Read(Ok(Bytes::new()));
                return;
            }
            let read = tokio::time::timeout(within, collect(incoming, max_bytes, self.room.as_mut())).await;
            let verdict = read.unwrap_or(Err(Problem::BodyTooSlow));
            if matches!(verdict, Err(Problem::BodyTooLarge { .. } | Problem::Overloaded { .. })) {
                self.discard().await;
            }
            self.body = RequestBody::Read(verdict);
        }
    }

    /// Throws away what is still coming, within bounds, so that a refusal reaches a sender who is still
    /// sending. Who asked before sending (`Expect`) gets the refusal at once.
    pub async fn discard(&mut self) {
        let RequestBody::Unread(incoming) = &mut self.body else { return };
        if incoming.is_end_stream() || self.headers.contains_key(EXPECT) {
            return;
        }
        let throw_away = async {
            let mut discarded_bytes = 0;
            while let Some(Ok(frame)) = incoming.frame().await {
                discarded_bytes += frame.data_ref().map_or(0, Bytes::len);
                if discarded_bytes > DISCARDED_BYTES_MAX {
                    break;
                }
            }
        };
        // However it ends, the answer goes out now; hyper closes the connection where bytes are left.
        drop(tokio::time::timeout(DISCARD_TIME_MAX, throw_away).await);
    }

    /// The body's bytes, whatever their media type.
    ///
    /// # Errors
    /// 413, 408, 400.
    pub fn bytes(&self) -> Result<&Bytes, Failure> {
        match &self.body {
            RequestBody::Read(Ok(bytes)) => Ok(bytes),
            RequestBody::Read(Err(problem)) => Err(problem.clone().into()),
            RequestBody::Unread(_) => {
                Err(Failure::Internal("a body was used before it was received".to_owned()))
            }
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// In this order: 415, 413, 408, 400 `INVALID_JSON` (also without a body).
    pub fn json(&self) -> Result<Value, Failure> {
        self.check_media_type()?;
        parse_json(self.bytes()?).map_err(Failure::from)
    }

    /// The body as JSON; without one, an empty object.
    ///
    /// # Errors
    /// As [`Request::json`].
    pub fn json_or_empty(&self) -> Result<Value, Failure> {
        self.check_media_type()?;
        match self.bytes()? {
            none if none.is_empty() => Ok(Value::Object(serde_json::Map::new())),
            bytes => parse_json(bytes).map_err(Failure::from),
        }
    }

    fn check_media_type(&self) -> Result<(), Problem> {
        let mut values = self.headers.get_all(CONTENT_TYPE).iter();
        let Some(value) = values.next() else { return Ok(()) };
        let accepted = values.next().is_none() && value.to_str().is_ok_and(is_json);
        if accepted { Ok(()) } else { Err(Problem::UnsupportedMediaType) }
    }
}

/// `application/json`, and no other charset than UTF-8.
fn is_json(media_type: &str) -> bool {
    let mut parts = media_type.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    essence.eq_ignore_ascii_case("application/json")
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                let value = value.trim_matches('"');
                value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
            }
            _ => true,
        })
}

async fn collect(
    incoming: &mut Incoming,
    max_bytes: usize,
    mut room: Option<&mut Room>,
) -> Result<Bytes, Problem> {
    let announced_bytes = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced_bytes > max_bytes {
        return Err(Problem::BodyTooLarge { max_bytes });
    }
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        // Trailers say nothing to us.
        let Ok(data) = frame.map_err(|_| Problem::BodyUnreadable)?.into_data() else { continue };
        if first.len() + whole.len() + data.len() > max_bytes {
            return Err(Problem::BodyTooLarge { max_bytes });
        }
        if room.as_mut().is_some_and(|room| !room.take(data.len())) {
            return Err(overloaded("body_memory"));
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut first));
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() { first } else { whole.freeze() })
}

pub(super) fn parse_json(bytes: &[u8]) -> Result<Value, Problem> {
    if bytes.is_empty() {
        let message = "there is no body".to_owned();
        return Err(Problem::InvalidJson { line: 1, column: 1, message });
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        let line = error.line().max(1);
        Problem::InvalidJson { line, column: column_in_chars(bytes, line, error.column()), message }
    })
}

/// serde_json counts bytes; editors and people count characters.
fn column_in_chars(bytes: &[u8], line: usize, column_bytes: usize) -> usize {
    let text = bytes.split(|byte| *byte == b'\n').nth(line - 1).unwrap_or_default();
    let before = &text[..column_bytes.min(text.len())];
    before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count().max(1)
}

/// Names one request, in its answer and in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

/// The longest request id of a caller that is kept.
const REQUEST_ID_BYTES_MAX: usize = 128;

impl RequestId {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As header.
    #[must_use]
    pub fn into_header(self) -> HeaderValue {
        self.0
    }

    fn kept(value: &HeaderValue) -> Option<Self> {
        let bytes = value.as_bytes();
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        let keeps = (1..=REQUEST_ID_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(allowed);
        keeps.then(|| Self(value.clone()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Sixteen digits. Every request has an id, so this does not go through the format interpreter.
pub(super) fn hex(number: u64) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (pair, byte) in text.chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair.copy_from_slice(&[byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]));
    }
    text
}

/// Makes request ids: a random prefix for the process and a counter, which costs no system call.
#[derive(Debug)]
pub struct RequestIds {
    prefix: u64,
    made: AtomicU64,
}

impl RequestIds {
    /// With a prefix of its own.
    #[must_use]
    pub fn new(ids: &Ids) -> Self {
        Self { prefix: u64::from_be_bytes(ids.secret()), made: AtomicU64::new(0) }
    }

    /// The caller's own where it can be kept, else a new one.
    #[must_use]
    pub fn of(&self, headers: &HeaderMap) -> RequestId {
        headers.get(&X_REQUEST_ID).and_then(RequestId::kept).unwrap_or_else(|| {
            let made = self.made.fetch_add(1, Ordering::Relaxed);
            let mut text = BytesMut::with_capacity(33);
            text.extend_from_slice(&hex(self.prefix));
            text.put_u8(b'-');
            text.extend_from_slice(&hex(made));
            let value = HeaderValue::from_maybe_shared(text.freeze());
            RequestId(value.unwrap_or(HeaderValue::from_static("unnamed")))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn syntax_errors_are_found_by_line_and_character() {
        for (text, line, column) in [
            ("", 1, 1),
            ("x", 1, 1),
            ("{\"a\":1,}", 1, 8),
            ("{\n  \"é\": x}", 2, 8),
            ("{\n  \"e\": x}", 2, 8),
            ("{\"a\":", 1, 5),
            ("{}\n}", 2, 1),
            ("\n\n", 3, 1),
        ] {
            match parse_json(text.as_bytes()) {
                Err(Problem::InvalidJson { line: l, column: c, message }) => {
                    assert_eq!((l, c), (line, column), "{text:?} {message}");
                    assert!(!message.contains("line"), "{message}");
                }
                other => panic!("{text:?} {other:?}"),
            }
        }
        assert!(parse_json("[".repeat(100_000).as_bytes()).is_err(), "depth is bounded");
        assert!(parse_json(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn media_types() {
        for yes in
            ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\";x=y"]
        {
            assert!(is_json(yes), "{yes}");
        }
        for no in [
            "",
            "text/plain",
            "application/json; charset=latin1",
            "application/problem+json",
            "application/jsonx",
        ] {
            assert!(!is_json(no), "{no}");
        }
    }

    #[test]
    fn a_callers_request_id_is_kept_when_it_is_one() {
        let kept = |text: &str| HeaderValue::from_str(text).ok().as_ref().and_then(RequestId::kept).is_some();
        assert!(kept("a") && kept("A.b_c-9") && kept(&"x".repeat(128)));
        assert!(!kept("") && !kept("a b") && !kept("a/b") && !kept(&"x".repeat(129)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_json_or_told_where_not(bytes: Vec<u8>) {
            if let Err(Problem::InvalidJson { line, column, .. }) = parse_json(&bytes) {
                prop_assert!(line >= 1 && column >= 1);
            }
        }
    }
}
