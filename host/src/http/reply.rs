//! Answers: the envelope, written once, straight into the bytes that leave. Nothing here waits or fails, so a
//! reply can be made inside a commit and stored with it.

use std::io::Write;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use switchboard_domain::time::Timestamp;

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
    pub headers: HeaderMap,
    /// The body; what an idempotency row keeps.
    pub body: Bytes,
}

impl Reply {
    /// 200 with `data` in the envelope.
    #[must_use]
    pub fn ok(data: &(impl Serialize + ?Sized), now: Timestamp) -> Self {
        Self::json(StatusCode::OK, data, now)
    }

    /// 201 with `data` in the envelope.
    #[must_use]
    pub fn created(data: &(impl Serialize + ?Sized), now: Timestamp) -> Self {
        Self::json(StatusCode::CREATED, data, now)
    }

    /// 201 with `data` in the envelope, and a sentence beside it.
    #[must_use]
    pub fn created_saying(message: &str, data: &(impl Serialize + ?Sized), now: Timestamp) -> Self {
        Self::json_saying(StatusCode::CREATED, Some(message), data, now)
    }

    /// `data` in the envelope of success.
    #[must_use]
    pub fn json(status: StatusCode, data: &(impl Serialize + ?Sized), now: Timestamp) -> Self {
        Self::json_saying(status, None, data, now)
    }

    fn json_saying(
        status: StatusCode,
        message: Option<&str>,
        data: &(impl Serialize + ?Sized),
        now: Timestamp,
    ) -> Self {
        let mut body = Vec::with_capacity(TYPICAL_ENVELOPE_BYTES);
        body.extend_from_slice(br#"{"success":true,"data":"#);
        if let Err(error) = serde_json::to_writer(&mut body, data) {
            tracing::error!(%error, "an answer cannot be written as JSON");
            let (code, text) = ("INTERNAL_ERROR", "Something went wrong on our side.");
            return Self::error(StatusCode::INTERNAL_SERVER_ERROR, code, text, &serde_json::json!({}), now);
        }
        body.extend_from_slice(br#","error":null"#);
        if let Some(message) = message {
            body.extend_from_slice(br#","message":"#);
            body.extend_from_slice(serde_json::Value::from(message).to_string().as_bytes());
        }
        close(&mut body, now);
        Self::envelope(status, Bytes::from(body))
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
        let mut headers = HeaderMap::with_capacity(12);
        headers.insert(CONTENT_TYPE, JSON);
        Self { status, headers, body }
    }

    /// 204, which has no body.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// 204 with `Allow`, the answer to `OPTIONS`.
    #[must_use]
    pub fn options(allow: &str) -> Self {
        Self::no_content().with(ALLOW, allow)
    }

    /// Something that is no envelope, such as metrics.
    #[must_use]
    pub fn text(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into() }
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

#[expect(clippy::let_underscore_must_use, reason = "writing into a Vec cannot fail")]
fn close(body: &mut Vec<u8>, now: Timestamp) {
    let _ = write!(body, r#","timestamp":"{now}"}}"#);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_millis(1_775_116_800_123);

    #[test]
    fn the_envelope_of_success() {
        let reply = Reply::created(&json!({ "id": "x" }), NOW);
        assert_eq!(reply.status, 201);
        assert_eq!(
            std::str::from_utf8(&reply.body),
            Ok(r#"{"success":true,"data":{"id":"x"},"error":null,"timestamp":"2026-04-02T08:00:00.123Z"}"#)
        );
    }

    #[test]
    fn a_sentence_stands_beside_the_data() {
        let reply = Reply::created_saying("It \"rings\".", &json!({}), NOW);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((&body["message"], &body["data"]), (&json!("It \"rings\"."), &json!({})));
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
