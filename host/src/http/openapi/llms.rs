//! A document as concise Markdown, from which a language model or a person in a terminal can integrate. Made of
//! the document alone, so that it cannot say anything else.

use std::fmt::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Map, Value};

use super::{failure, partner};
use crate::http::problem::Code;
use crate::http::reply::Reply;

/// The partners' document as text.
#[must_use]
pub fn reply() -> Reply {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let body = TEXT.get_or_init(|| Bytes::from(text(partner::document()))).clone();
    Reply::text(StatusCode::OK, "text/plain; charset=utf-8", body)
}

/// A document as Markdown.
#[must_use]
pub fn text(document: &Value) -> String {
    let mut out = Out::default();
    let info = &document["info"];
    out.line(format_args!("# {}", word(&info["title"])));
    out.line(format_args!(
        "\n> Version {}. The same as OpenAPI 3.1: `/openapi.json`; as a page: `/docs`.",
        word(&info["version"])
    ));
    out.line(format_args!("\n{}", word(&info["description"]).trim_end()));
    for tag in list(&document["tags"]) {
        out.line(format_args!("\n## {}\n\n{}", word(&tag["name"]), word(&tag["description"])));
        for (path, operations) in members(&document["paths"]) {
            for (verb, operation) in members(operations).filter(|(_, one)| one["tags"][0] == tag["name"]) {
                out.operation(document, path, verb, operation);
            }
        }
    }
    out.shapes(document);
    out.codes(document);
    out.0
}

#[derive(Default)]
struct Out(String);

impl Out {
    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        self.0.write_fmt(format_args!("{what}\n")).unwrap_or_default();
    }

    fn operation(&mut self, document: &Value, path: &str, verb: &str, operation: &Value) {
        self.line(format_args!("\n### {} {path}\n", verb.to_ascii_uppercase()));
        self.line(format_args!("{}. {}", word(&operation["summary"]), word(&operation["description"])));
        let scopes: Vec<&str> =
            members(&operation["security"][0]).flat_map(|(_, scopes)| list(scopes)).map(word).collect();
        if !scopes.is_empty() {
            self.line(format_args!("Scopes: `{}`.", scopes.join("`, `")));
        }
        for parameter in list(&operation["parameters"]) {
            let parameter = resolved(document, parameter);
            // Said of all operations above.
            if parameter["in"] != "header" {
                let must = if parameter["required"] == true { ", required" } else { "" };
                self.line(format_args!(
                    "- `{}` ({}, {}{must}): {}",
                    word(&parameter["name"]),
                    word(&parameter["in"]),
                    kind(&parameter["schema"]),
                    word(&parameter["description"]),
                ));
            }
        }
        self.body(&operation["requestBody"]);
        let mut failures = Vec::new();
        for (status, response) in members(&operation["responses"]) {
            let response = resolved(document, response);
            if status.starts_with('2') {
                self.answer(document, status, response);
            } else {
                let codes = codes_of(document, response);
                failures.push(format!("{status} `{}`", codes.join("`, `")));
            }
        }
        if !failures.is_empty() {
            self.line(format_args!("\nFailures: {}.", failures.join("; ")));
        }
    }

    fn body(&mut self, body: &Value) {
        for (media_type, content) in members(&body["content"]) {
            let shape =
                if content["schema"].is_null() { "bytes".to_owned() } else { kind(&content["schema"]) };
            self.line(format_args!("\nBody: {media_type}, {shape}. Example:\n"));
            self.example(&content["example"]);
        }
    }

    fn answer(&mut self, document: &Value, status: &str, response: &Value) {
        let told = word(&response["description"]);
        for (media_type, content) in members(&response["content"]) {
            let envelope = resolved(document, &content["schema"]);
            let data = &envelope["properties"]["data"];
            match (data.is_null(), media_type) {
                (true, "application/json") => self.line(format_args!("\nAnswer {status}: {told}")),
                (true, _) => self.line(format_args!("\nAnswer {status}, {media_type}: {told}")),
                (false, _) => self.line(format_args!("\nAnswer {status}: {told} `data` is {}.", kind(data))),
            }
        }
        if members(&response["content"]).next().is_none() {
            self.line(format_args!("\nAnswer {status}: {told}"));
        }
    }

    fn example(&mut self, example: &Value) {
        if !example.is_null() {
            self.line(format_args!("```json\n{example:#}\n```"));
        }
    }

    /// Every schema that is no envelope: those are told of at the beginning.
    fn shapes(&mut self, document: &Value) {
        self.line(format_args!(
            "\n## Shapes\n\nMembers are optional unless it is said that they are required."
        ));
        for (name, schema) in members(&document["components"]["schemas"]) {
            let is_error = schema["properties"]["code"].get("const").is_some();
            if name.ends_with("Envelope") || is_error {
                continue;
            }
            self.line(format_args!("\n### {name}\n"));
            if let Some(told) = schema["description"].as_str() {
                self.line(format_args!("{}\n", told.replace('\n', " ")));
            }
            let required: Vec<&str> = list(&schema["required"]).map(word).collect();
            for (member, inner) in members(&schema["properties"]) {
                let must = if required.contains(&member) { ", required" } else { "" };
                let told = inner["description"].as_str().map(|told| format!(": {}", told.replace('\n', " ")));
                self.line(format_args!("- `{member}` ({}{must}){}", kind(inner), told.unwrap_or_default()));
            }
        }
    }

    fn codes(&mut self, document: &Value) {
        self.line(format_args!("\n## Codes of failure\n"));
        let schemas = &document["components"]["schemas"];
        for code in Code::ALL {
            if let Some(error) = schemas.get(failure::schema_name(*code)) {
                let details = word(&error["properties"]["details"]["$ref"]);
                let details = details.rsplit('/').next().unwrap_or_default();
                let (status, code, when) = (code.status().as_u16(), code.as_str(), code.when());
                self.line(format_args!("- {status} `{code}`: {when} Details: `{details}`."));
            }
        }
    }
}

/// The codes that a response of failure names, in its order.
fn codes_of<'a>(document: &'a Value, response: &'a Value) -> Vec<&'a str> {
    let error = &response["content"][super::JSON]["schema"]["properties"]["error"];
    let several = list(&error["oneOf"]);
    let all = several.chain(error.get("$ref").is_some().then_some(error));
    all.map(|one| word(&resolved(document, one)["properties"]["code"]["const"])).collect()
}

/// What a schema allows, in few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return format!("`{}`", reference.rsplit('/').next().unwrap_or_default());
    }
    if let Some(choice) = list(&schema["oneOf"]).find(|choice| choice["type"] != "null") {
        return kind(choice);
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().map(word).collect();
        return format!("`{}`", words.join("` `"));
    }
    let name = list(&schema["type"]).map(word).find(|name| *name != "null").unwrap_or(word(&schema["type"]));
    let mut text = match name {
        "" => "any".to_owned(),
        "array" => format!("array of {}", kind(&schema["items"])),
        name => name.to_owned(),
    };
    let mut say = |what: String| text = format!("{text}, {what}");
    if let Some(format) = schema["format"].as_str().filter(|format| !format.starts_with("int")) {
        say(format.to_owned());
    }
    for (least, most, unit) in [
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
        ("minimum", "maximum", ""),
    ] {
        match (&schema[least], &schema[most]) {
            (Value::Null, Value::Null) => {}
            (Value::Null, most) => say(format!("at most {most}{unit}")),
            (least, Value::Null) => say(format!("at least {least}{unit}")),
            (least, most) => say(format!("{least} to {most}{unit}")),
        }
    }
    if schema["deprecated"] == true {
        say("deprecated".to_owned());
    }
    text
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
