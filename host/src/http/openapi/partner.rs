//! The partners' document. A new route needs one arm in `table`; what follows from the route table is added to
//! it here, once.

mod table;

use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard_domain::key::Scope;

use self::table::{TAGS, operation};
use super::operation::{Body, Operation};
use super::parameter::{DEGRADED, Header, Parameter, RATES, REPLAYED};
use super::{Document, Frame, Place, text_reply};
use crate::http::problem::Code;
use crate::http::reply::Reply;
use crate::http::route::{Access, Entry, Route, Verb};

/// What holds for every operation, in Markdown.
const GROUND_RULES: &str = include_str!("partner.md");

/// The document as an answer.
#[must_use]
pub fn reply() -> Reply {
    static TEXT: OnceLock<(Bytes, Bytes)> = OnceLock::new();
    text_reply("application/json", &TEXT, || document().to_string())
}

/// The document.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Document::new(Frame::Envelope);
        for entry in Route::ALL {
            if let Some(operation) = operation(entry.route) {
                let place =
                    Place { verb: entry.verb.as_str(), template: entry.template, id: entry.operation };
                document.add(place, &completed(entry, operation), security(entry));
            }
        }
        document.add_failure(Code::RouteNotFound);
        document.add_failure(Code::MethodNotAllowed);
        document
            .finish(head(), json!({ "apiKey": { "type": "http", "scheme": "bearer", "description": KEY } }))
    })
}

const KEY: &str =
    "An API key: `sk_live_…` or `sk_test_…`. The scopes that an operation needs stand beside it.";

fn head() -> Value {
    let tags = TAGS.map(|(name, told)| json!({ "name": name, "description": told }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard partner API",
            "version": env!("CARGO_PKG_VERSION"),
            "description": GROUND_RULES,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [
            { "url": "/", "description": "This server" },
            { "url": "/v1", "description": "The same, with the version in the path" },
        ],
        "tags": tags,
        "externalDocs": { "description": "The same as text, for language models and terminals", "url": "llms.txt" },
    })
}

fn security(entry: &Entry) -> Value {
    let scopes: Vec<&str> = entry.scopes.iter().copied().map(Scope::as_str).collect();
    match entry.access {
        Access::Public => json!([]),
        Access::Partner | Access::AtsKey | Access::Worker => json!([{ "apiKey": scopes }]),
    }
}

/// Resources of a company: an ATS key names the company that it means. Companies and their bills are the ATS's.
fn is_of_a_company(entry: &Entry) -> bool {
    let is_of_the_ats = ["/company", "/billing"].iter().any(|path| entry.template.starts_with(path));
    entry.access == Access::Partner && !is_of_the_ats
}

/// What a route of the table has beside what is its own.
fn completed(entry: &Entry, operation: Operation) -> Operation {
    let mut operation = in_path(entry, operation);
    if is_of_a_company(entry) {
        operation = operation.with(Parameter::company()).fails(&[
            Code::ValidationError,
            Code::MissingRequiredField,
            Code::ResourceNotFound,
            Code::ResourceAccessDenied,
        ]);
    }
    if operation.is_paged() {
        operation.parameters.extend(Parameter::paging());
        operation = operation.fails(&[Code::InvalidCursor]);
    }
    if operation.has_parameter("query") {
        operation = operation.fails(&[Code::ValidationError]);
    }
    if matches!(operation.body, Some(Body::Json { .. })) {
        operation = operation.fails(&[
            Code::ValidationError,
            Code::MissingRequiredField,
            Code::InvalidJson,
            Code::UnsupportedMediaType,
            Code::BodyTooLarge,
            Code::RequestTimeout,
        ]);
    }
    // Whoever watches over the server is answered above all.
    if entry.route != Route::Healthz {
        operation = operation.fails(&[Code::RateLimitExceeded, Code::Unavailable]);
    }
    let operation = with_key(entry, operation);
    with_headers(entry, operation.with(Parameter::request_id()).fails(&[Code::InternalError]))
}

/// Each `{…}` of the path.
fn in_path(entry: &Entry, mut operation: Operation) -> Operation {
    let segments: Vec<&str> = entry.template[1..].split('/').collect();
    let mut places = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let noun = segments.get(index.wrapping_sub(1)).copied().unwrap_or_default();
            if name == "token" {
                // A credential and no id: what is wrong with it is not told.
                let schema = json!({ "type": "string", "example": "0f".repeat(24) });
                operation
                    .parameters
                    .insert(0, Parameter::path(name, "The secret of the mail's link.", schema));
                return operation.fails(&[Code::ResourceNotFound, Code::RouteNotFound]);
            }
            places.push(Parameter::path(name, id_of(noun), json!({ "type": "string", "format": "uuid" })));
        }
    }
    if places.is_empty() {
        return operation;
    }
    places.append(&mut operation.parameters);
    operation.parameters = places;
    // An empty place makes another path.
    operation.fails(&[
        Code::ValidationError,
        Code::ResourceNotFound,
        Code::ResourceAccessDenied,
        Code::RouteNotFound,
    ])
}

fn id_of(segment: &str) -> &'static str {
    match segment {
        "company" => "The company's id.",
        "jobs" => "The job's id.",
        "candidates" => "The candidate's id.",
        "agents" => "The agent's id.",
        "interviews" => "The interview's id.",
        "call-attempts" => "The call attempt's id.",
        _ => "Its id.",
    }
}

/// What comes with the need for a key.
fn with_key(entry: &Entry, operation: Operation) -> Operation {
    if entry.access == Access::Public {
        return operation;
    }
    let codes = [Code::InvalidApiKey, Code::ApiKeySuspended, Code::InsufficientPermissions];
    let mut operation = operation.fails(&codes);
    // Not every page shows what a security scheme asks for.
    let scopes: Vec<String> = entry.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    let gap = if operation.note.is_empty() { "" } else { "\n\n" };
    let needs = match entry.access {
        Access::Worker => "A worker key.".to_owned(),
        Access::Public | Access::Partner | Access::AtsKey => format!("Scopes: {}.", scopes.join(", ")),
    };
    operation.note.push_str(&format!("{gap}{needs}"));
    if is_kept_once(entry) {
        operation = operation.with(Parameter::idempotency_key()).fails(&[
            Code::ValidationError,
            Code::IdempotencyInProgress,
            Code::IdempotencyKeyReused,
        ]);
    }
    operation
}

/// Whether its answers are kept for an `Idempotency-Key`. Diallers have their leases instead.
fn is_kept_once(entry: &Entry) -> bool {
    entry.verb == Verb::Post && entry.access != Access::Worker
}

/// The headers of its successes.
fn with_headers(entry: &Entry, mut operation: Operation) -> Operation {
    let mut headers: Vec<&'static Header> = Vec::new();
    if entry.access != Access::Public {
        headers.extend(&RATES);
        if is_kept_once(entry) {
            headers.push(&REPLAYED);
        }
    }
    if operation.asks_policy {
        headers.push(&DEGRADED);
    }
    let next = next(entry);
    for answer in &mut operation.answers {
        answer.headers.extend(&headers);
        if answer.status == 201 {
            answer.links.extend(&next);
        }
    }
    operation
}

/// The operations on the one thing that a route makes.
fn next(entry: &Entry) -> Vec<&'static str> {
    let one = format!("{}/{{id}}", entry.template);
    Route::ALL.iter().filter(|other| other.template == one).map(|other| other.operation).collect()
}

#[cfg(test)]
mod tests;
