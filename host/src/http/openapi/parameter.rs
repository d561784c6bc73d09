//! Parameters and headers, each described once.

use serde_json::{Value, json};
use utoipa::openapi::schema::Object;

use crate::http::page::{CURSOR_PATTERN, LIMIT_DEFAULT, LIMIT_MAX, PAGE_MAX};

/// A value in path, query or head of a request.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    /// As on the wire.
    pub(crate) name: &'static str,
    /// `path`, `query` or `header`.
    pub(crate) place: &'static str,
    /// What it is for.
    pub(crate) told: &'static str,
    /// Whether a request without it is refused.
    pub(crate) required: bool,
    /// Its values.
    pub(crate) schema: Value,
    /// Whether other operations have the very same.
    pub(crate) shared: bool,
}

impl Parameter {
    const fn query(name: &'static str, told: &'static str, schema: Value) -> Self {
        Self { name, place: "query", told, required: false, schema, shared: false }
    }

    /// Any text in the query.
    pub(crate) fn text(name: &'static str, told: &'static str) -> Self {
        Self::query(name, told, json!({ "type": "string" }))
    }

    /// An id in the query.
    pub(crate) fn id(name: &'static str, told: &'static str) -> Self {
        Self::query(name, told, json!({ "type": "string", "format": "uuid" }))
    }

    /// One of some words in the query.
    pub(crate) fn word(name: &'static str, told: &'static str, words: &Object) -> Self {
        Self::query(name, told, serde_json::to_value(words).unwrap_or_default())
    }

    /// A moment or a calendar date in the query.
    pub(crate) fn moment(name: &'static str, told: &'static str) -> Self {
        Self::query(name, told, json!({ "type": "string", "format": "written-period-bound" }))
    }

    /// `true` or `false` in the query; absent is `false`.
    pub(crate) fn flag(name: &'static str, told: &'static str) -> Self {
        Self::query(name, told, json!({ "type": "boolean", "default": false }))
    }

    /// A whole number in the query.
    pub(crate) fn number(name: &'static str, told: &'static str, max: u64, default: u64) -> Self {
        let schema = json!({ "type": "integer", "minimum": 1, "maximum": max, "default": default });
        Self::query(name, told, schema)
    }

    /// A place of the path.
    pub(crate) const fn path(name: &'static str, told: &'static str, schema: Value) -> Self {
        Self { name, place: "path", told, required: true, schema, shared: false }
    }

    /// The same with a must.
    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The words of a list.
    pub(crate) fn search(told: &'static str) -> Self {
        Self::text("search", told)
    }

    /// Whose resources an ATS key means.
    pub(crate) fn company() -> Self {
        let told = "The company that is meant. Required with an ATS key; ignored with a company key.";
        Self { shared: true, ..Self::id("companyId", told) }
    }

    /// What every list has.
    pub(crate) fn paging() -> [Self; 3] {
        let page = "From 1. Further pages than the last one are empty.";
        let after = "The `nextCursor` of an earlier answer: continues behind its last entry, whatever was \
                     inserted since. Wins over `page`.";
        let shared = |parameter: Self| Self { shared: true, ..parameter };
        [
            shared(Self::number("page", page, PAGE_MAX.into(), 1)),
            shared(Self::number("limit", "Entries of a page.", LIMIT_MAX.into(), LIMIT_DEFAULT.into())),
            shared(Self::query("after", after, json!({ "type": "string", "pattern": CURSOR_PATTERN }))),
        ]
    }

    /// Makes a POST safe to send again.
    pub(crate) fn idempotency_key() -> Self {
        Self {
            name: "Idempotency-Key",
            place: "header",
            told: "Any text of the sender's, new for each new wish. The answer of a request that committed is \
                   kept for 7 days and replayed byte for byte when the request is sent again.",
            required: false,
            schema: json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" }),
            shared: true,
        }
    }

    /// Spares the sender what it has.
    pub(crate) fn if_none_match() -> Self {
        let told = "ETags of states that the sender has, or `*`: where the present one is among them, the answer is \
                    304 without a body.";
        Self { name: "If-None-Match", told, ..Self::request_id() }
    }

    /// Keeps a sender from changing what it has not read.
    pub(crate) fn if_match() -> Self {
        let told = "ETags of states that the sender has read, or `*`: where the present one is not among them, \
                    nothing is done and the answer is 412.";
        Self { name: "If-Match", told, ..Self::request_id() }
    }

    /// Names the request.
    pub(crate) fn request_id() -> Self {
        Self {
            name: "X-Request-Id",
            place: "header",
            told: "Kept as the id of this request when it is 1 to 128 of `A–Z a–z 0–9 . _ -`; otherwise the \
                   server makes one.",
            required: false,
            schema: json!({ "type": "string" }),
            shared: true,
        }
    }

    /// As the document has it.
    pub(crate) fn to_value(&self) -> Value {
        json!({
            "name": self.name,
            "in": self.place,
            "description": self.told,
            "required": self.required,
            "schema": self.schema,
        })
    }
}

/// A header of an answer.
#[derive(Debug)]
pub(crate) struct Header {
    /// As on the wire.
    pub(crate) name: &'static str,
    told: &'static str,
    /// Whether each answer that lists it has it.
    required: bool,
    is_number: bool,
}

const fn header(name: &'static str, told: &'static str) -> Header {
    Header { name, told, required: false, is_number: false }
}

const fn number(name: &'static str, told: &'static str) -> Header {
    Header { is_number: true, ..header(name, told) }
}

/// On every answer.
pub(crate) static REQUEST_ID: Header =
    Header { required: true, ..header("X-Request-Id", "The id of this request, in our log too.") };

/// On every answer to a known key that has limits.
pub(crate) static RATES: [Header; 6] = [
    number(
        "X-RateLimit-Limit-Minute",
        "Requests that the key has in a minute. Absent for a limit that is off.",
    ),
    number("X-RateLimit-Limit-Hour", "Requests that the key has in an hour. Absent for a limit that is off."),
    number("X-RateLimit-Remaining-Minute", "Requests that the key has left in this minute."),
    number("X-RateLimit-Remaining-Hour", "Requests that the key has left in this hour."),
    number("X-RateLimit-Reset-Minute", "Unix seconds at which the next minute begins."),
    number("X-RateLimit-Reset-Hour", "Unix seconds at which the next hour begins."),
];

/// When to send again.
pub(crate) static RETRY_AFTER: Header =
    number("Retry-After", "Seconds after which to send the request again.");

/// The state of a resource.
pub(crate) static ETAG: Header =
    header("ETag", "Names this state of the resource, for `If-Match` and `If-None-Match`.");

/// What a path allows.
pub(crate) static ALLOW: Header =
    Header { required: true, ..header("Allow", "The methods that this path has.") };

/// How to authenticate.
pub(crate) static AUTHENTICATE: Header =
    Header { required: true, ..header("WWW-Authenticate", "`Bearer`: how to authenticate.") };

/// A kept answer.
pub(crate) static REPLAYED: Header =
    header("Idempotent-Replayed", "`true`: this is the kept answer of an earlier request with the same key.");

/// The failure ladder answered.
pub(crate) static DEGRADED: Header = header(
    "X-Policy-Degraded",
    "The policy whose active release could not answer, so that its fallback decided.",
);

impl Header {
    /// As the document has it.
    pub(crate) fn to_value(&self) -> Value {
        let kind = if self.is_number { "integer" } else { "string" };
        json!({ "description": self.told, "required": self.required, "schema": { "type": kind } })
    }
}
