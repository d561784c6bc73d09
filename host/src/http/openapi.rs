//! The OpenAPI documents, for partners and for operators: paths from the route tables, schemas from the types
//! that serve, failures from the table of codes. Each is built once.
//!
//! Promised here: what a document says, the server does. The tests hold every answer that they receive against
//! it. What must never happen here: a shape or a code that is written down a second time.

mod failure;
pub mod llms;
pub(crate) mod operation;
pub(crate) mod parameter;
pub mod partner;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use self::operation::{Answer, Body, Content, Operation, example_of};
use self::parameter::{Header, REQUEST_ID};
use super::page::PageView;
use super::schema::Named;
use crate::http::problem::Code;

/// Where an operation stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// `GET`
    pub(crate) verb: &'a str,
    /// `/jobs/{id}`
    pub(crate) template: &'a str,
    /// Its name.
    pub(crate) id: &'a str,
}

/// What stands around the values of successful answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// The partners' envelope.
    Envelope,
    /// Nothing.
    Plain,
}

/// A document that grows operation by operation; what they share is gathered beside them.
#[derive(Debug)]
pub(crate) struct Document {
    frame: Frame,
    paths: Map<String, Value>,
    schemas: BTreeMap<String, Value>,
    responses: BTreeMap<String, Value>,
    parameters: BTreeMap<String, Value>,
    headers: BTreeMap<&'static str, Value>,
    examples: BTreeMap<&'static str, Value>,
}

impl Document {
    /// Without operations.
    pub(crate) fn new(frame: Frame) -> Self {
        Self {
            frame,
            paths: Map::new(),
            schemas: BTreeMap::new(),
            responses: BTreeMap::new(),
            parameters: BTreeMap::new(),
            headers: BTreeMap::new(),
            examples: BTreeMap::new(),
        }
    }

    /// Adds an operation, complete as it is.
    pub(crate) fn add(&mut self, place: Place<'_>, operation: &Operation, security: Value) {
        let mut value = json!({
            "operationId": place.id,
            "tags": [operation.tag],
            "summary": operation.summary,
        });
        if !operation.note.is_empty() {
            value["description"] = operation.note.into();
        }
        let parameters: Vec<Value> =
            operation.parameters.iter().map(|parameter| self.parameter(parameter)).collect();
        value["parameters"] = parameters.into();
        if let Some(body) = &operation.body {
            value["requestBody"] = self.body(body);
        }
        let mut responses = Map::new();
        for answer in &operation.answers {
            responses.insert(answer.status.to_string(), self.answer(answer));
        }
        for (status, response) in self.failures(operation) {
            responses.insert(status.to_string(), response);
        }
        value["responses"] = responses.into();
        value["security"] = security;
        let path = self.paths.entry(place.template).or_insert_with(|| json!({}));
        path[place.verb.to_ascii_lowercase()] = value;
    }

    /// Adds a failure that is no operation's own: what an unknown path or method is answered with.
    pub(crate) fn add_failure(&mut self, code: Code) {
        self.failure(&[code], &[]);
    }

    /// The whole, behind `head`: the version, `info`, `servers`, `tags`.
    pub(crate) fn finish(self, mut head: Value, security_schemes: Value) -> Value {
        head["paths"] = self.paths.into();
        head["components"] = json!({
            "schemas": self.schemas,
            "responses": self.responses,
            "parameters": self.parameters,
            "headers": self.headers,
            "examples": self.examples,
            "securitySchemes": security_schemes,
        });
        head
    }

    /// Notes a type and those that it refers to; refers to it.
    fn schema(&mut self, named: &Named) -> Value {
        for (name, schema) in &named.schemas {
            self.schemas.entry(name.clone()).or_insert_with(|| schema.clone());
        }
        reference("schemas", &named.name)
    }

    fn parameter(&mut self, parameter: &parameter::Parameter) -> Value {
        if !parameter.shared {
            return parameter.to_value();
        }
        self.parameters.entry(parameter.name.to_owned()).or_insert_with(|| parameter.to_value());
        reference("parameters", parameter.name)
    }

    fn headers(&mut self, own: &[&'static Header]) -> Value {
        let mut headers = Map::new();
        for header in [&REQUEST_ID].into_iter().chain(own.iter().copied()) {
            self.headers.entry(header.name).or_insert_with(|| header.to_value());
            headers.insert(header.name.to_owned(), reference("headers", header.name));
        }
        headers.into()
    }

    fn body(&mut self, body: &Body) -> Value {
        let (required, media_type, content) = match body {
            Body::Json(named) => (true, JSON, json!({ "schema": self.schema(named) })),
            Body::OptionalJson(named) => (false, JSON, json!({ "schema": self.schema(named) })),
            Body::Bytes { media_type, optional } => (!optional, *media_type, json!({})),
        };
        let mut content = content;
        if let Body::Json(named) | Body::OptionalJson(named) = body
            && let Some(example) = example_of(named)
        {
            content["example"] = example;
        }
        json!({ "required": required, "content": { media_type: content } })
    }

    fn answer(&mut self, answer: &Answer) -> Value {
        let mut response = json!({ "description": answer.told, "headers": self.headers(&answer.headers) });
        let (media_type, schema) = match &answer.content {
            Content::Text(media_type) => (*media_type, json!({ "type": "string" })),
            Content::Object => (JSON, json!({ "type": "object" })),
            Content::One(named) | Content::Page(named) | Content::List(named) => {
                let inner = self.schema(named);
                let schema = match (self.frame, &answer.content) {
                    (Frame::Plain, Content::List(_)) => json!({ "type": "array", "items": inner }),
                    (Frame::Plain, _) => inner,
                    (Frame::Envelope, Content::Page(_)) => {
                        let page = self.page(named, &inner);
                        self.envelope(&format!("{}Page", named.name), &page)
                    }
                    (Frame::Envelope, _) => self.envelope(&named.name, &inner),
                };
                (JSON, schema)
            }
        };
        response["content"] = json!({ media_type: { "schema": schema } });
        if let Some(example) = self.example(&answer.content) {
            response["content"][media_type]["example"] = example;
        }
        for operation in &answer.links {
            let id = json!({ "id": "$response.body#/data/id" });
            response["links"][operation] = json!({ "operationId": operation, "parameters": id });
        }
        response
    }

    fn example(&self, content: &Content) -> Option<Value> {
        let example = example_of(content.named()?)?;
        let data = match content {
            Content::One(_) => example,
            Content::List(_) => json!([example]),
            Content::Page(_) => json!({
                "data": [example], "total": 1, "page": 1, "limit": 20, "totalPages": 1,
                "hasNextPage": false, "hasPreviousPage": false, "nextCursor": null,
            }),
            Content::Object | Content::Text(_) => return None,
        };
        Some(match self.frame {
            Frame::Plain => data,
            Frame::Envelope => {
                json!({ "success": true, "data": data, "error": null, "timestamp": EXAMPLE_MOMENT })
            }
        })
    }

    /// The frame of a page, with the type of its entries.
    fn page(&mut self, named: &Named, inner: &Value) -> Value {
        let name = format!("{}Page", named.name);
        let mut page =
            serde_json::to_value(<PageView<String> as utoipa::PartialSchema>::schema()).unwrap_or_default();
        page["properties"]["data"]["items"] = inner.clone();
        self.schemas.entry(name.clone()).or_insert(page);
        reference("schemas", &name)
    }

    /// The envelope of success around some data.
    fn envelope(&mut self, name: &str, data: &Value) -> Value {
        let name = format!("{name}Envelope");
        self.schemas.entry(name.clone()).or_insert_with(|| {
            json!({
                "type": "object",
                "required": ["success", "data", "error", "timestamp"],
                "properties": {
                    "success": { "type": "boolean", "const": true },
                    "data": data,
                    "error": { "type": "null" },
                    "timestamp": { "type": "string", "format": "date-time" },
                },
            })
        });
        reference("schemas", &name)
    }
}

const JSON: &str = "application/json";

/// When all examples happen.
const EXAMPLE_MOMENT: &str = "2026-04-02T08:00:00.000Z";

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
