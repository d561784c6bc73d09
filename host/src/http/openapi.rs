//! The OpenAPI document: paths from the route table, schemas from the wire types. Built once.

use std::sync::OnceLock;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, Value, json};
use switchboard_domain::key::Scope;
use utoipa::openapi::ComponentsBuilder;

use super::reply::Reply;
use super::route::{Access, Entry, Route, Verb};

/// The document as an answer.
#[must_use]
pub fn reply() -> Reply {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let body = DOCUMENT.get_or_init(|| Bytes::from(document().to_string())).clone();
    Reply::text(StatusCode::OK, "application/json", body)
}

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for entry in Route::ALL {
        let operations = paths.entry(entry.template).or_insert_with(|| json!({}));
        operations[entry.verb.as_str().to_ascii_lowercase()] = operation(entry);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Switchboard partner API", "version": env!("CARGO_PKG_VERSION") },
        "servers": [{ "url": "/" }, { "url": "/v1" }],
        "paths": paths,
        "components": components(),
    })
}

/// Every wire type stands here, with those that it refers to.
fn components() -> Value {
    let schemas = ComponentsBuilder::new().build();
    let mut components = serde_json::to_value(schemas).unwrap_or_else(|_| json!({}));
    components["securitySchemes"] = json!({ "apiKey": { "type": "http", "scheme": "bearer" } });
    components["responses"] = json!({
        "Failure": {
            "description": "A refusal; `error.code` says why, `error.details` what to send instead.",
            "content": { "application/json": { "schema": {
                "type": "object",
                "required": ["success", "data", "error", "timestamp"],
                "properties": {
                    "success": { "const": false },
                    "data": { "type": "null" },
                    "error": {
                        "type": "object",
                        "required": ["code", "message", "details"],
                        "properties": {
                            "code": { "type": "string" },
                            "message": { "type": "string" },
                            "details": { "type": "object" },
                        },
                    },
                    "timestamp": { "type": "string", "format": "date-time" },
                },
            } } },
        },
    });
    components
}

fn operation(entry: &Entry) -> Value {
    let status = match entry.verb {
        Verb::Get => "200",
        Verb::Post => "201",
    };
    let mut operation = json!({
        "operationId": entry.operation,
        "responses": {
            status: { "description": "Success" },
            "default": { "$ref": "#/components/responses/Failure" },
        },
    });
    if entry.template.contains("{id}") {
        let schema = json!({ "type": "string", "format": "uuid" });
        operation["parameters"] = json!([{ "name": "id", "in": "path", "required": true, "schema": schema }]);
    }
    if entry.access != Access::Public {
        let scopes: Vec<&str> = entry.scopes.iter().copied().map(Scope::as_str).collect();
        operation["security"] = json!([{ "apiKey": [] }]);
        operation["x-required-scopes"] = json!(scopes);
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_operation() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        for entry in Route::ALL {
            let operation = &document["paths"][entry.template][entry.verb.as_str().to_ascii_lowercase()];
            assert_eq!(operation["operationId"], entry.operation);
            assert_eq!(operation["security"].is_array(), entry.access != Access::Public);
        }
    }
}
