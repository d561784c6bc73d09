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
use std::sync::OnceLock;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, Value, json};

use self::operation::{Answer, Body, Content, Operation, example_of};
use self::parameter::{Header, REQUEST_ID};
use super::compress;
use super::page::PageView;
use super::reply::Reply;
use super::schema::Named;
use crate::http::problem::Code;

/// A document as an answer. Everybody may ask for it, so it is packed once and not for each.
pub(crate) fn text_reply(
    content_type: &'static str,
    text: &'static OnceLock<(Bytes, Bytes)>,
    make: impl FnOnce() -> String,
) -> Reply {
    let (body, packed) = text.get_or_init(|| {
        let body = Bytes::from(make());
        let packed = compress::gzip(&body);
        (body, packed)
    });
    let reply = Reply::text(StatusCode::OK, content_type, body.clone());
    Reply { packed: Some(packed.clone()), ..reply }
}

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
            value["description"] = operation.note.as_str().into();
        }
        let parameters: Vec<Value> =
            operation.parameters.iter().map(|parameter| self.parameter(parameter)).collect();
        value["parameters"] = parameters.into();
        if let Some(body) = &operation.body {
            value["requestBody"] = self.body(body);
            if operation.has_page {
                let schema = value["requestBody"]["content"][JSON]["schema"].clone();
                value["requestBody"]["content"][FORM] = json!({ "schema": schema });
            }
        }
        let mut responses = Map::new();
        for answer in &operation.answers {
            let response = self.answer(answer);
            let response = if operation.has_page { with_page(response) } else { response };
            responses.insert(answer.status.to_string(), response);
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
            let kept = self.schemas.entry(name.clone()).or_insert_with(|| schema.clone());
            debug_assert_eq!(kept, schema, "two types have the name {name}");
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
        match body {
            Body::Json { named, example, optional } => {
                let mut content = json!({ "schema": self.schema(named) });
                if let Some(example) = example {
                    content["example"] = example.clone();
                }
                json!({ "required": !optional, "content": { JSON: content } })
            }
            Body::Bytes { media_type, optional } => {
                json!({ "required": !optional, "content": { *media_type: {} } })
            }
        }
    }

    fn answer(&mut self, answer: &Answer) -> Value {
        let mut response = json!({ "description": answer.told, "headers": self.headers(&answer.headers) });
        if let Some((media_type, schema)) = self.content(&answer.content) {
            response["content"] = json!({ media_type: { "schema": schema } });
            if let Some(example) = self.example(answer) {
                response["content"][media_type]["example"] = example;
            }
        }
        for operation in &answer.links {
            let id = json!({ "id": "$response.body#/data/id" });
            response["links"][operation] = json!({ "operationId": operation, "parameters": id });
        }
        response
    }

    fn content(&mut self, content: &Content) -> Option<(&'static str, Value)> {
        let is_framed = self.frame == Frame::Envelope;
        let schema = match content {
            Content::Nothing => return None,
            Content::Text(media_type) => return Some((media_type, json!({ "type": "string" }))),
            Content::Object => json!({ "type": "object" }),
            Content::Whole(named) => self.schema(named),
            Content::True => self.envelope("Deletion", &json!({ "type": "boolean", "const": true })),
            Content::One(named) => {
                let inner = self.schema(named);
                if is_framed { self.envelope(&named.name, &inner) } else { inner }
            }
            Content::Told(named, _) => {
                let inner = self.schema(named);
                self.told_envelope(&named.name, &inner)
            }
            Content::Page(named) => {
                let inner = self.schema(named);
                let page = self.page(named, &inner);
                if is_framed { self.envelope(&format!("{}Page", named.name), &page) } else { page }
            }
            Content::List(named) => json!({ "type": "array", "items": self.schema(named) }),
        };
        Some((JSON, schema))
    }

    fn example(&self, answer: &Answer) -> Option<Value> {
        let shown = answer.content.named().and_then(example_of);
        let data = match &answer.content {
            Content::Nothing | Content::Object | Content::Text(_) => return None,
            Content::Whole(_) => return shown,
            Content::True => json!(true),
            Content::One(_) | Content::Told(..) => {
                let mut shown = shown?;
                for (name, value) in answer.shown.as_object().into_iter().flatten() {
                    shown[name] = value.clone();
                }
                shown
            }
            Content::List(_) => json!([shown?]),
            Content::Page(_) => json!({
                "data": [shown?], "total": 1, "page": 1, "limit": 20, "totalPages": 1,
                "hasNextPage": false, "hasPreviousPage": false, "nextCursor": null,
            }),
        };
        Some(match self.frame {
            Frame::Plain => data,
            Frame::Envelope => {
                let mut whole =
                    json!({ "success": true, "data": data, "error": null, "timestamp": EXAMPLE_MOMENT });
                if let Content::Told(_, message) = &answer.content {
                    whole["message"] = (*message).into();
                }
                whole
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
        self.schemas.entry(name.clone()).or_insert_with(|| success(data));
        reference("schemas", &name)
    }

    /// The same with a message for a person.
    fn told_envelope(&mut self, name: &str, data: &Value) -> Value {
        let name = format!("Told{name}Envelope");
        self.schemas.entry(name.clone()).or_insert_with(|| {
            let mut told = success(data);
            told["properties"]["message"] =
                json!({ "type": "string", "description": "What was done, for a person." });
            told["required"] = json!(["success", "message", "data", "error", "timestamp"]);
            told
        });
        reference("schemas", &name)
    }
}

fn success(data: &Value) -> Value {
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
}

const JSON: &str = "application/json";

/// What browsers send.
const FORM: &str = "application/x-www-form-urlencoded";

/// The response, also as a page.
fn with_page(mut response: Value) -> Value {
    response["content"]["text/html"] = json!({ "schema": { "type": "string" } });
    response
}

/// When all examples happen.
const EXAMPLE_MOMENT: &str = "2026-04-02T08:00:00.000Z";

fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}
