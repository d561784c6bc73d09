//! Holds every answer that a test receives against the document of its listener: the status must be an
//! operation's, the body must fit its schema and have no member that the schema does not name, each header of
//! ours must be listed. A test of anything so tests the document too.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::fmt;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use boon::{Compiler, Format, SchemaIndex, Schemas};
use hyper::header::HeaderMap;
use serde_json::{Map, Value, json};
use switchboard_domain::text::EmailAddress;

use crate::client::Answer;

/// The two kinds of listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// `/openapi.json` of the partners' API.
    Partners,
    /// That of the admin API.
    Operators,
}

/// Which kind listens where; ports are used again, so that the newest word counts.
static LISTENERS: Mutex<BTreeMap<SocketAddr, Listener>> = Mutex::new(BTreeMap::new());

/// An e-mail address of any script.
fn is_address(value: &Value) -> Result<(), Box<dyn Error>> {
    let Some(text) = value.as_str() else { return Ok(()) };
    EmailAddress::parse(text).map(drop).map_err(|flaw| flaw.message.into())
}

/// From now on the answers from this address are held against their document.
pub fn hold(address: SocketAddr, listener: Listener) {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).insert(address, listener);
}

/// Headers of HTTP itself, which no document lists.
const PLAIN_HEADERS: [&str; 13] = [
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-security-policy",
    "content-type",
    "date",
    "keep-alive",
    "referrer-policy",
    "transfer-encoding",
    "upgrade",
    "vary",
    "x-content-type-options",
];

/// Panics where an answer is not as the document of its listener says, and where a body was taken that the
/// document forbids.
pub(crate) fn check(address: SocketAddr, method: &str, path: &str, sent: &[u8], answer: &Answer) {
    let known = LISTENERS.lock().unwrap_or_else(PoisonError::into_inner).get(&address).copied();
    let Some(listener) = known else { return };
    let contract = Contract::of(listener);
    if let Err(why) = contract.check(method, path, sent, answer) {
        let body = String::from_utf8_lossy(&answer.bytes);
        panic!(
            "{method} {path} was answered {} against the document: {why}\n{:.2000}\n{:?}",
            answer.status, body, answer.headers
        );
    }
}

/// A document, ready to judge.
pub struct Contract {
    document: Value,
    compiled: Mutex<HashMap<String, Arc<Compiled>>>,
    has_aliases: bool,
}

/// A schema of the document.
struct Compiled {
    schemas: Schemas,
    index: SchemaIndex,
}

impl fmt::Debug for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contract").field("title", &self.document["info"]["title"]).finish_non_exhaustive()
    }
}

impl Contract {
    /// That of a listener.
    #[must_use]
    pub fn of(listener: Listener) -> &'static Self {
        static PARTNERS: LazyLock<Contract> =
            LazyLock::new(|| Contract::new(switchboard::http::openapi::partner::document(), true));
        static OPERATORS: LazyLock<Contract> =
            LazyLock::new(|| Contract::new(switchboard::http::admin::openapi::document(), false));
        match listener {
            Listener::Partners => &PARTNERS,
            Listener::Operators => &OPERATORS,
        }
    }

    fn new(document: &Value, has_aliases: bool) -> Self {
        let mut document = document.clone();
        // A body of a request may have what nobody knows; an answer has what the document says.
        let schemas = document["components"]["schemas"].as_object_mut().into_iter().flatten();
        let is_answered = |name: &str| !name.ends_with("Body") && !name.ends_with("Patch");
        schemas.filter(|(name, _)| is_answered(name)).for_each(|(_, schema)| close(schema));
        Self { document, compiled: Mutex::new(HashMap::new()), has_aliases }
    }

    /// The whole.
    #[must_use]
    pub fn document(&self) -> &Value {
        &self.document
    }

    fn check(&self, method: &str, path: &str, sent: &[u8], answer: &Answer) -> Result<(), String> {
        let path = path.split('?').next().unwrap_or_default();
        let Some((template, operations)) = self.path(path) else { return self.outside(method, path, answer) };
        if method == "OPTIONS" {
            return if answer.status == 204 { Ok(()) } else { Err("OPTIONS has no body".to_owned()) };
        }
        let verb = if method == "HEAD" { "get" } else { &method.to_ascii_lowercase() };
        let operation = &operations[verb];
        if operation.is_null() {
            return self.response(self.named("MethodNotAllowed"), method, answer, 405);
        }
        let response = self.resolved(&operation["responses"][answer.status.to_string()]);
        if response.is_null() {
            return Err(format!("{verb} {template} has no such status"));
        }
        if answer.is_success() {
            self.taken(operation, sent)?;
        }
        self.response(response, method, answer, answer.status)
    }

    /// A body that was taken must be one that the document allows.
    fn taken(&self, operation: &Value, sent: &[u8]) -> Result<(), String> {
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let Ok(body) = serde_json::from_slice::<Value>(sent) else { return Ok(()) };
        if schema.is_null() {
            Ok(())
        } else {
            self.judge(schema, &body).map_err(|why| format!("the body that was taken: {why}"))
        }
    }

    fn named(&self, response: &str) -> &Value {
        &self.document["components"]["responses"][response]
    }

    /// What a path that no operation has is answered with: it is not there, or a part of the page.
    fn outside(&self, method: &str, path: &str, answer: &Answer) -> Result<(), String> {
        let is_of_the_page = path.trim_start_matches("/v1").starts_with("/docs/");
        match answer.status {
            200 | 204 | 304 if is_of_the_page => Ok(()),
            405 if is_of_the_page => self.response(self.named("MethodNotAllowed"), method, answer, 405),
            // Before anything is looked at.
            429 => self.response(self.named("RateLimitExceeded"), method, answer, 429),
            503 => self.response(self.named("Unavailable"), method, answer, 503),
            _ => self.response(self.named("RouteNotFound"), method, answer, 404),
        }
    }

    fn response(&self, response: &Value, method: &str, answer: &Answer, status: u16) -> Result<(), String> {
        if answer.status != status {
            return Err(format!("{status} is what should come"));
        }
        headers(&response["headers"], &answer.headers)?;
        if method == "HEAD" {
            return Ok(());
        }
        let content = response["content"].as_object();
        let Some(content) = content.filter(|content| !content.is_empty()) else {
            return if answer.bytes.is_empty() { Ok(()) } else { Err("there should be no body".to_owned()) };
        };
        let media_type = answer.header("content-type").unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default();
        let Some(content) = content.get(essence) else {
            return Err(format!("`{media_type}` is not listed"));
        };
        if essence != "application/json" {
            return Ok(());
        }
        let bytes = unpacked(answer)?;
        let body: Value = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        self.judge(&content["schema"], &body)
    }

    /// Whether a value is of a schema of the document.
    ///
    /// # Errors
    /// Everything that is not.
    pub fn judge(&self, schema: &Value, value: &Value) -> Result<(), String> {
        let compiled = self.compiled(schema);
        compiled.schemas.validate(value, compiled.index).map_err(|error| error.to_string())
    }

    /// A schema is compiled when it is needed first.
    fn compiled(&self, schema: &Value) -> Arc<Compiled> {
        let key = schema.to_string();
        let mut all = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let made = all.entry(key).or_insert_with(|| {
            let mut schema = schema.clone();
            lead(&mut schema);
            let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
            compiler.enable_format_assertions();
            // What comes with the library refuses letters in upper case.
            compiler.register_format(Format { name: "idn-email", func: is_address });
            let refused = |error| panic!("{schema} is no schema: {error:#}");
            compiler.add_resource(NAME, self.document.clone()).unwrap_or_else(refused);
            compiler.add_resource(PART, schema.clone()).unwrap_or_else(refused);
            let index = compiler.compile(PART, &mut schemas);
            let index = index.unwrap_or_else(|error| panic!("{schema} is no schema: {error:#}"));
            Arc::new(Compiled { schemas, index })
        });
        Arc::clone(made)
    }

    /// The operations of a path, with their template. A template without places wins.
    fn path(&self, path: &str) -> Option<(&str, &Value)> {
        let mut segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        if self.has_aliases {
            if segments.first() == Some(&"v1") {
                segments.remove(0);
            }
            if segments.first() == Some(&"companies") {
                segments[0] = "company";
            }
        }
        let fits = |template: &str| {
            let parts: Vec<&str> = template[1..].split('/').collect();
            let same = |(part, segment): (&&str, &&str)| {
                part == segment || (part.starts_with('{') && !segment.is_empty())
            };
            parts.len() == segments.len() && parts.iter().zip(&segments).all(same)
        };
        let paths = self.document["paths"].as_object()?;
        let fitting = || paths.iter().filter(|(template, _)| fits(template));
        let exact = fitting().find(|(template, _)| !template.contains('{'));
        exact.or_else(|| fitting().next()).map(|(template, operations)| (template.as_str(), operations))
    }

    /// What a reference leads to.
    #[must_use]
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }
}

/// The body, whether it came as gzip or not.
fn unpacked(answer: &Answer) -> Result<Vec<u8>, String> {
    if answer.header("content-encoding") != Some("gzip") {
        return Ok(answer.bytes.to_vec());
    }
    let mut plain = Vec::new();
    let read = flate2::read::GzDecoder::new(answer.bytes.as_ref()).read_to_end(&mut plain);
    read.map(|_| plain).map_err(|error| error.to_string())
}

/// The document's name while schemas of it are compiled. Nothing is fetched from there.
const NAME: &str = "https://document.invalid/openapi";

/// The name of a schema that leads into the document.
const PART: &str = "https://document.invalid/part";

/// Lets references lead into the document.
fn lead(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(reference) if name == "$ref" && reference.starts_with('#') => {
                        *reference = format!("{NAME}{reference}");
                    }
                    value => lead(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(lead),
        _ => {}
    }
}

/// Forbids members that an object's schema does not name.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("type") == Some(&json!("object"))
                && members.contains_key("properties")
                && !members.contains_key("additionalProperties")
            {
                members.insert("additionalProperties".to_owned(), json!(false));
            }
            members.iter_mut().filter(|(name, _)| *name != "example").for_each(|(_, value)| close(value));
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// Each header of ours is listed, and each that must be there is.
fn headers(listed: &Value, sent: &HeaderMap) -> Result<(), String> {
    static NONE: OnceLock<Map<String, Value>> = OnceLock::new();
    let listed = listed.as_object().unwrap_or_else(|| NONE.get_or_init(Map::new));
    for name in sent.keys().map(|name| name.as_str()) {
        let is_listed = listed.keys().any(|known| known.eq_ignore_ascii_case(name));
        if !is_listed && !PLAIN_HEADERS.contains(&name) {
            return Err(format!("the header `{name}` is not listed"));
        }
    }
    // Listed on exactly those answers that always have them.
    for name in ["X-Request-Id", "Allow", "WWW-Authenticate"] {
        if listed.contains_key(name) && !sent.contains_key(name) {
            return Err(format!("the header `{name}` is not there"));
        }
    }
    Ok(())
}
