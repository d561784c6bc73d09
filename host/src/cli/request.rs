//! One request to the admin API: what a command comes down to.

use hyper::Method;
use serde_json::{Map, Value};

/// What is sent along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// Nothing.
    Nothing,
    /// A JSON object.
    Json(Value),
    /// A component's bytes.
    Component(Vec<u8>),
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: Method,
    /// Percent-encoded, with the query.
    pub(super) path: String,
    pub(super) body: Body,
}

impl Request {
    /// A request without a body. Each segment is one path segment, whatever is in it.
    pub(super) fn new(method: Method, segments: &[&str]) -> Self {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            path.extend(segment.bytes().map(percent_encoded));
        }
        Self { method, path, body: Body::Nothing }
    }

    pub(super) fn get(segments: &[&str]) -> Self {
        Self::new(Method::GET, segments)
    }

    pub(super) fn post(segments: &[&str], body: Fields) -> Self {
        Self { body: Body::Json(body.object()), ..Self::new(Method::POST, segments) }
    }

    pub(super) fn patch(segments: &[&str], body: Fields) -> Self {
        Self { body: Body::Json(body.object()), ..Self::new(Method::PATCH, segments) }
    }

    pub(super) fn delete(segments: &[&str]) -> Self {
        Self::new(Method::DELETE, segments)
    }

    /// With those of the pairs that have a value as its query.
    pub(super) fn query(mut self, pairs: &[(&str, Option<&str>)]) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(pairs.iter().filter_map(|(name, value)| Some((name, (*value)?))));
        let query = query.finish();
        if !query.is_empty() {
            self.path = format!("{}?{query}", self.path);
        }
        self
    }
}

/// RFC 3986 §3.3: what may stand in a segment as it is; `.` and `..` alone are harmless to our server.
fn percent_encoded(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' | b':' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

/// The fields of a body: those that were given.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// With this field, if it was given.
    pub(super) fn with(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(name.to_owned(), value.into());
        }
        self
    }

    /// With this field, unless the list is empty.
    pub(super) fn with_list(self, name: &str, items: &[String]) -> Self {
        let items = (!items.is_empty()).then(|| items.to_vec());
        self.with(name, items)
    }

    pub(super) fn object(self) -> Value {
        Value::Object(self.0)
    }
}
