//! The answers of failure: one schema for each code, one response for each status of an operation.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::operation::Operation;
use super::parameter::{ALLOW, AUTHENTICATE, DEGRADED, Header, RATES, RETRY_AFTER};
use super::{Document, Frame, JSON, reference};
use crate::http::problem::{self, Code};

/// A response that names at most so many codes has a name of its own, and operations refer to it.
const NAMED_CODES_MAX: usize = 3;

/// The statuses with which an operation is refused after its policy was asked.
const DECIDED: [u16; 4] = [400, 409, 422, 503];

impl Document {
    /// The operation's failures by status.
    pub(super) fn failures(&mut self, operation: &Operation) -> Vec<(u16, Value)> {
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in &operation.failures {
            by_status.entry(code.status().as_u16()).or_default().push(*code);
        }
        let mut responses = Vec::new();
        for (status, codes) in by_status {
            let is_decided = operation.asks_policy && DECIDED.contains(&status);
            let own: &[&'static Header] = if is_decided { &[&DEGRADED] } else { &[] };
            responses.push((status, self.failure(&codes, own)));
        }
        responses
    }

    /// The response of these codes, which share a status.
    pub(super) fn failure(&mut self, codes: &[Code], own: &[&'static Header]) -> Value {
        let name = codes.iter().map(|code| code.name()).collect::<Vec<_>>().join("Or");
        let response = self.failure_in_full(codes, own);
        if codes.len() > NAMED_CODES_MAX || !own.is_empty() {
            return response;
        }
        self.responses.entry(name.clone()).or_insert(response);
        reference("responses", &name)
    }

    fn failure_in_full(&mut self, codes: &[Code], own: &[&'static Header]) -> Value {
        let mut headers: Vec<&'static Header> = codes.iter().flat_map(|code| headers_of(*code)).collect();
        if self.frame == Frame::Envelope && codes.iter().any(|code| is_counted(*code)) {
            headers.extend(&RATES);
        }
        headers.extend(own);
        let mut content = json!({ "schema": self.failure_envelope(codes) });
        match codes {
            [only] => content["example"] = example(*only),
            several => {
                let examples: Map<String, Value> = several
                    .iter()
                    .map(|code| (code.as_str().to_owned(), self.failure_example(*code)))
                    .collect();
                content["examples"] = examples.into();
            }
        }
        json!({
            "description": told(codes),
            "headers": self.headers(&headers),
            "content": { JSON: content },
        })
    }

    fn failure_example(&mut self, code: Code) -> Value {
        self.examples.entry(code.as_str()).or_insert_with(|| json!({ "value": example(code) }));
        reference("examples", code.as_str())
    }

    /// The envelope of failure around any of these.
    fn failure_envelope(&mut self, codes: &[Code]) -> Value {
        let errors: Vec<Value> = codes.iter().map(|code| self.error(*code)).collect();
        let error = match errors.as_slice() {
            [only] => only.clone(),
            _ => {
                json!({ "oneOf": errors, "discriminator": { "propertyName": "code", "mapping": mapping(codes) } })
            }
        };
        json!({
            "type": "object",
            "required": ["success", "data", "error", "timestamp"],
            "properties": {
                "success": { "type": "boolean", "const": false },
                "data": { "type": "null" },
                "error": error,
                "timestamp": { "type": "string", "format": "date-time" },
            },
        })
    }

    /// What stands in `error`.
    fn error(&mut self, code: Code) -> Value {
        let details = self.schema(&code.details());
        let name = schema_name(code);
        self.schemas.entry(name.clone()).or_insert_with(|| {
            json!({
                "type": "object",
                "description": code.when(),
                "required": ["code", "message", "details"],
                "properties": {
                    "code": { "type": "string", "const": code.as_str() },
                    "message": { "type": "string", "description": "What to send instead, for a person." },
                    "details": details,
                },
            })
        });
        reference("schemas", &name)
    }
}

/// `JobAmbiguousError`
pub(super) fn schema_name(code: Code) -> String {
    format!("{}Error", code.name().trim_end_matches("Error"))
}

fn mapping(codes: &[Code]) -> Map<String, Value> {
    let entry = |code: &Code| {
        let target = format!("#/components/schemas/{}", schema_name(*code));
        (code.as_str().to_owned(), target.into())
    };
    codes.iter().map(entry).collect()
}

/// What a person reads of a response.
fn told(codes: &[Code]) -> String {
    match codes {
        [only] => format!("`{}`: {}", only.as_str(), only.when()),
        several => {
            let lines = several.iter().map(|code| format!("- `{}`: {}", code.as_str(), code.when()));
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

/// The answer that is made of such a failure.
fn example(code: Code) -> Value {
    serde_json::from_slice(&problem::example(code).body).unwrap_or_default()
}

/// What comes with a code beside the request's id.
fn headers_of(code: Code) -> Vec<&'static Header> {
    match code.status().as_u16() {
        401 => vec![&AUTHENTICATE],
        405 => vec![&ALLOW],
        429 | 503 => vec![&RETRY_AFTER],
        _ => Vec::new(),
    }
}

/// What is refused before the key is known says nothing of its rates.
const fn is_counted(code: Code) -> bool {
    !matches!(
        code,
        Code::InvalidApiKey | Code::ApiKeySuspended | Code::MethodNotAllowed | Code::RouteNotFound
    )
}
