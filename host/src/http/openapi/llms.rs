//! A document as concise Markdown, from which a language model or a person in a terminal can integrate. Made of
//! the document alone, so that it cannot say anything else.

use std::fmt::Write;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::{JSON, failure, partner, text_reply};
use crate::http::problem::Code;
use crate::http::reply::Reply;

/// The partners' document as text.
#[must_use]
pub fn reply() -> Reply {
    static TEXT: OnceLock<(Bytes, Bytes)> = OnceLock::new();
    text_reply("text/plain; charset=utf-8", &TEXT, || text(partner::document()))
}

/// A document as Markdown.
#[must_use]
pub fn text(document: &Value) -> String {
    let mut out = Out { text: String::new(), document, everywhere: Everywhere::of(document) };
    let info = &document["info"];
    out.line(format_args!("# {}\n", word(&info["title"])));
    let version = word(&info["version"]);
    out.line(format_args!(
        "> Version {version}. The same as OpenAPI 3.1: `/openapi.json`; as a page: `/docs`.\n"
    ));
    out.line(format_args!("{}", word(&info["description"]).trim_end()));
    out.everywhere();
    for tag in list(&document["tags"]) {
        out.line(format_args!("\n## {}\n\n{}", word(&tag["name"]), word(&tag["description"])));
        for (path, verb, operation) in operations(document).filter(|(.., one)| one["tags"][0] == tag["name"])
        {
            out.operation(path, verb, operation);
        }
    }
    out.shapes();
    out.codes();
    out.text
}

/// What is told once, so that no operation repeats it.
struct Everywhere<'a> {
    /// Codes of every operation with a key.
    with_key: Vec<&'a str>,
    /// Further ones of every operation that takes JSON.
    with_body: Vec<&'a str>,
}

impl<'a> Everywhere<'a> {
    fn of(document: &'a Value) -> Self {
        let codes = |operation| failures(document, operation).map(|(_, code)| code).collect::<Vec<_>>();
        let shared = |is_meant: &dyn Fn(&Value) -> bool| {
            let all = operations(document).map(|(.., operation)| operation).filter(|one| is_meant(one));
            let common = all
                .map(codes)
                .reduce(|some, more| some.into_iter().filter(|code| more.contains(code)).collect());
            common.unwrap_or_default()
        };
        let with_key = shared(&|operation| operation["security"] != Value::Array(Vec::new()));
        let mut with_body = shared(&|operation| operation["requestBody"]["content"][JSON].is_object());
        with_body.retain(|code| !with_key.contains(code));
        Self { with_key, with_body }
    }
}

struct Out<'a> {
    text: String,
    document: &'a Value,
    everywhere: Everywhere<'a>,
}

impl<'a> Out<'a> {
    fn line(&mut self, what: std::fmt::Arguments<'_>) {
        self.text.write_fmt(format_args!("{what}\n")).unwrap_or_default();
    }

    fn everywhere(&mut self) {
        self.line(format_args!("\n## Everywhere\n"));
        for (_, parameter) in members(&self.document["components"]["parameters"]) {
            self.parameter(parameter);
        }
        let with_key = codes(self.everywhere.with_key.iter());
        let with_body = codes(self.everywhere.with_body.iter());
        self.line(format_args!(
            "\nEvery operation with a key can fail with {with_key}; every one that takes JSON with {with_body} too. \
             Each says below what else it can fail with, and the end of this text what a code means."
        ));
    }

    fn parameter(&mut self, parameter: &Value) {
        let must = if parameter["required"] == true { ", required" } else { "" };
        let (name, place) = (word(&parameter["name"]), word(&parameter["in"]));
        let (kind, told) = (kind(&parameter["schema"]), word(&parameter["description"]));
        self.line(format_args!("- `{name}` ({place}, {kind}{must}): {told}"));
    }

    fn operation(&mut self, path: &str, verb: &str, operation: &'a Value) {
        self.line(format_args!("\n### {} {path}\n", verb.to_ascii_uppercase()));
        let told = word(&operation["description"]).replace("\n\n", " ");
        self.line(format_args!("{}", format!("{}. {told}", word(&operation["summary"])).trim_end()));
        let mut shared = Vec::new();
        for parameter in list(&operation["parameters"]) {
            if parameter["$ref"].is_string() {
                let name = word(&resolved(self.document, parameter)["name"]);
                shared.extend((name != "X-Request-Id").then_some(name));
            } else {
                self.parameter(parameter);
            }
        }
        if !shared.is_empty() {
            self.line(format_args!("- Also: `{}`.", shared.join("`, `")));
        }
        self.body(&operation["requestBody"]);
        for (status, response) in members(&operation["responses"]) {
            self.answer(status, resolved(self.document, response));
        }
        let everywhere = &self.everywhere;
        let takes_json = operation["requestBody"]["content"][JSON].is_object();
        let is_said = |code: &&str| {
            everywhere.with_key.contains(code) || takes_json && everywhere.with_body.contains(code)
        };
        let own: Vec<&str> =
            failures(self.document, operation).map(|(_, code)| code).filter(|code| !is_said(code)).collect();
        if !own.is_empty() {
            self.line(format_args!("\nFails with {}.", codes(own.iter())));
        }
    }

    fn body(&mut self, body: &Value) {
        for (media_type, content) in members(&body["content"]) {
            if content["schema"].is_null() {
                self.line(format_args!("\nBody: {media_type}."));
            } else {
                let (kind, example) = (kind(&content["schema"]), &content["example"]);
                self.line(format_args!("\nBody: {kind}, for instance\n\n```json\n{example}\n```"));
            }
        }
    }

    fn answer(&mut self, status: &str, response: &Value) {
        let told = word(&response["description"]);
        let content = members(&response["content"]).next();
        match (status.as_bytes().first(), content) {
            (Some(b'2'), Some((JSON, content))) => {
                let envelope = resolved(self.document, &content["schema"]);
                let data = &envelope["properties"]["data"];
                if data.is_null() {
                    self.line(format_args!("\nAnswer {status}: {told}"));
                } else {
                    self.line(format_args!("\nAnswer {status}: {told} `data` is {}.", kind(data)));
                }
            }
            (Some(b'2'), Some((media_type, _))) => {
                self.line(format_args!("\nAnswer {status}, {media_type}: {told}"));
            }
            (Some(b'2' | b'3'), _) => self.line(format_args!("\nAnswer {status}: {told}")),
            _ => {}
        }
    }

    /// Every schema that is no envelope: those are told of at the beginning.
    fn shapes(&mut self) {
        self.line(format_args!(
            "\n## Shapes\n\nMembers are optional unless it is said that they are required."
        ));
        for (name, schema) in members(&self.document["components"]["schemas"]) {
            let properties = &schema["properties"];
            let is_error = properties["code"].get("const").is_some();
            let is_page = properties.get("nextCursor").is_some();
            if name.ends_with("Envelope") || is_error || is_page {
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

    fn codes(&mut self) {
        self.line(format_args!("\n## Codes of failure\n"));
        let schemas = &self.document["components"]["schemas"];
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

/// Path, method and content of every operation.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    members(&document["paths"])
        .flat_map(|(path, operations)| members(operations).map(move |(verb, one)| (path, verb, one)))
}

/// Status and code of everything that an operation can fail with.
fn failures<'a>(document: &'a Value, operation: &'a Value) -> impl Iterator<Item = (&'a str, &'a str)> {
    members(&operation["responses"]).flat_map(move |(status, response)| {
        let content = &resolved(document, response)["content"][JSON];
        let error = &content["schema"]["properties"]["error"];
        let all = list(&error["oneOf"]).chain(error.get("$ref").is_some().then_some(error));
        all.map(move |one| (status, word(&resolved(document, one)["properties"]["code"]["const"])))
    })
}

fn codes<'a>(codes: impl Iterator<Item = &'a &'a str>) -> String {
    format!("`{}`", codes.copied().collect::<Vec<_>>().join("`, `"))
}

/// What a schema allows, in few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return match name.strip_suffix("Page") {
            Some(entry) => format!("a page of `{entry}`"),
            None => format!("`{name}`"),
        };
    }
    if let Some(choice) = list(&schema["oneOf"]).find(|choice| choice["type"] != "null") {
        return kind(choice);
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<String> = words
            .iter()
            .filter(|word| !word.is_null())
            .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
            .collect();
        return format!("`{}`", words.join("` `"));
    }
    if let Some(only) = schema.get("const") {
        return format!("`{only}`");
    }
    let name = list(&schema["type"]).map(word).find(|name| *name != "null").unwrap_or(word(&schema["type"]));
    let mut text = match name {
        "" => "any".to_owned(),
        "array" => format!("array of {}", kind(&schema["items"])),
        name => name.to_owned(),
    };
    let mut say = |what: String| text = format!("{text}, {what}");
    let format = schema["format"].as_str();
    // How wide a number is says nothing here.
    if let Some(format) = format.filter(|format| !format.starts_with("int") && *format != "double") {
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
