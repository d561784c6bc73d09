//! Answers: the envelope, written once, straight into the bytes that leave. Nothing here waits or fails, so a
//! reply can be made inside a commit and stored with it.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ALLOW, CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use serde::Serialize;
use switchboard_domain::time::Timestamp;

use super::condition;
use super::headers::Headers;

/// The media type of every envelope.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Bytes that most answers fit into, so that the buffer is allocated once.
const TYPICAL_ENVELOPE_BYTES: usize = 1024;

/// What is answered. Headers that every answer has (request id, rates, caching) come later, in one place.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers that are this answer's own.
    pub headers: Headers,
    /// The body; what an idempotency row keeps.
    pub body: Bytes,
    /// The same body as gzip, where it was made beforehand.
    pub packed: Option<Bytes>,
}

impl Reply {
    /// 200 with `data` in the envelope.
    #[must_use]
    pub fn ok(data: &(impl Serialize + ?Sized), now: Timestamp) -> Self {
        Self::json(StatusCode::OK, data, now)
    }

    /// `data` in the envelope of success.
    #[must_use]
    pub fn json(status: StatusCode, data: &(impl Serialize + ?Sized), now: Timestamp) -> Self {
        match open(data) {
            Ok(body) => Self::success(status, body, &[], now),
            Err(error) => Self::unwritable(&error, now),
        }
    }

    /// A resource in the envelope of success, with its strong `ETag`.
    #[must_use]
    pub fn resource(
        status: StatusCode,
        revision: u64,
        data: &(impl Serialize + ?Sized),
        now: Timestamp,
    ) -> Self {
        match open(data) {
            Ok(body) => {
                let etag = HeaderValue::try_from(condition::etag(revision, &body[OPENING.len()..]));
                let mut reply = Self::success(status, body, &[], now);
                if let Ok(etag) = etag {
                    reply.headers.insert(ETAG, etag);
                }
                reply
            }
            Err(error) => Self::unwritable(&error, now),
        }
    }

    /// `data` in the envelope of success, and more members beside it.
    #[must_use]
    pub fn with_beside(
        status: StatusCode,
        data: &(impl Serialize + ?Sized),
        beside: &[(&'static str, serde_json::Value)],
        now: Timestamp,
    ) -> Self {
        match open(data) {
            Ok(body) => Self::success(status, body, beside, now),
            Err(error) => Self::unwritable(&error, now),
        }
    }

    fn success(
        status: StatusCode,
        mut body: Vec<u8>,
        beside: &[(&'static str, serde_json::Value)],
        now: Timestamp,
    ) -> Self {
        body.extend_from_slice(br#","error":null"#);
        for (name, value) in beside {
            body.extend_from_slice(format!(r#","{name}":{value}"#).as_bytes());
        }
        close(&mut body, now);
        Self::envelope(status, Bytes::from(body))
    }

    fn unwritable(error: &serde_json::Error, now: Timestamp) -> Self {
        tracing::error!(%error, "an answer cannot be written as JSON");
        let (code, text) = ("INTERNAL_ERROR", "Something went wrong on our side.");
        Self::error(StatusCode::INTERNAL_SERVER_ERROR, code, text, &serde_json::json!({}), now)
    }

    /// The envelope of failure.
    #[must_use]
    pub fn error(
        status: StatusCode,
        code: &str,
        message: &str,
        details: &serde_json::Value,
        now: Timestamp,
    ) -> Self {
        let error = serde_json::json!({ "code": code, "message": message, "details": details });
        let mut body = Vec::with_capacity(TYPICAL_ENVELOPE_BYTES);
        body.extend_from_slice(br#"{"success":false,"data":null,"error":"#);
        body.extend_from_slice(error.to_string().as_bytes());
        close(&mut body, now);
        Self::envelope(status, Bytes::from(body))
    }

    /// An answer that was stored, byte for byte.
    #[must_use]
    pub fn stored(status: u16, body: impl Into<Bytes>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::envelope(status, body.into())
    }

    fn envelope(status: StatusCode, body: Bytes) -> Self {
        Self { status, headers: Headers::of(CONTENT_TYPE, JSON), body, packed: None }
    }

    /// 204, which has no body.
    #[must_use]
    pub fn no_content() -> Self {
        Self::empty(StatusCode::NO_CONTENT)
    }

    /// 304: the sender has the bytes that this tag names.
    #[must_use]
    pub fn not_modified(etag: &str) -> Self {
        Self::empty(StatusCode::NOT_MODIFIED).with(ETAG, etag)
    }

    fn empty(status: StatusCode) -> Self {
        Self { status, headers: Headers::default(), body: Bytes::new(), packed: None }
    }

    /// The tag of the resource that is answered.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.headers.get(&ETAG).and_then(|etag| etag.to_str().ok())
    }

    /// 204 with `Allow`, the answer to `OPTIONS`.
    #[must_use]
    pub fn options(allow: &str) -> Self {
        Self::no_content().with(ALLOW, allow)
    }

    /// Something that is no envelope, such as metrics.
    #[must_use]
    pub fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = Headers::of(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into(), packed: None }
    }

    /// Adds a header. A value that cannot stand in one is left out.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// Begins every envelope of success; `data` stands right behind it.
const OPENING: &[u8] = br#"{"success":true,"data":"#;

/// The envelope up to the end of `data`.
fn open(data: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = Vec::with_capacity(TYPICAL_ENVELOPE_BYTES);
    body.extend_from_slice(OPENING);
    serde_json::to_writer(&mut body, data)?;
    Ok(body)
}

fn close(body: &mut Vec<u8>, now: Timestamp) {
    body.extend_from_slice(br#","timestamp":""#);
    body.extend_from_slice(&now.text());
    body.extend_from_slice(br#""}"#);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_775_116_800_123);

    #[test]
    fn the_envelope_of_success() {
        let reply = Reply::resource(StatusCode::CREATED, 7, &json!({ "id": "x" }), NOW);
        assert_eq!(reply.status, 201);
        assert_eq!(
            std::str::from_utf8(&reply.body),
            Ok(r#"{"success":true,"data":{"id":"x"},"error":null,"timestamp":"2026-04-02T08:00:00.123Z"}"#)
        );
        assert_eq!(reply.etag(), Some(condition::etag(7, br#"{"id":"x"}"#).as_str()));
        let reply = Reply::with_beside(StatusCode::OK, &true, &[("traceId", json!("a\"b"))], NOW);
        assert_eq!(
            std::str::from_utf8(&reply.body),
            Ok(
                r#"{"success":true,"data":true,"error":null,"traceId":"a\"b","timestamp":"2026-04-02T08:00:00.123Z"}"#
            )
        );
        assert_eq!(reply.etag(), None);
    }

    #[test]
    fn the_envelope_of_failure() {
        let reply = Reply::error(StatusCode::CONFLICT, "X", "no \"way\"", &json!({ "a": [1] }), NOW);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        let error = json!({ "code": "X", "message": "no \"way\"", "details": { "a": [1] } });
        let whole = json!({ "success": false, "data": null, "error": error, "timestamp": "2026-04-02T08:00:00.123Z" });
        assert_eq!(body, whole);
    }

    #[test]
    fn what_cannot_be_written_is_a_500() {
        let unwritable = std::collections::BTreeMap::from([(vec![1], 1)]);
        assert_eq!(Reply::ok(&unwritable, NOW).status, 500);
    }
}
