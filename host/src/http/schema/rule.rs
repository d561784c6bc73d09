//! What a derive cannot say of a body: rules over several members, as JSON Schema has them, and that `null` is as
//! absent. The readers hold them; here they are only told, and the tests hold every body that the server takes
//! against them.

use serde_json::{Value, json};

/// Adds the rules of the schema with this name.
pub(super) fn add(name: &str, schema: &mut Value) {
    match name {
        "CandidateBody" => schema["anyOf"] = json!([sent("email"), sent("phoneNumber")]),
        "InlineJobBody" => schema["anyOf"] = json!([sent("title"), sent("jobTitle")]),
        "AgentBody" => {
            schema["allOf"] = json!([
                goes_with("type", "PHONE", "companyPhoneNumberId"),
                goes_with("focus", "LANGUAGE_TEST", "cefrLevel"),
            ]);
        }
        "InterviewBody" => {
            let names_job =
                json!({ "properties": { "candidate": sent("jobId") }, "required": ["candidate"] });
            schema["allOf"] = json!([
                { "oneOf": [sent("candidateId"), sent("candidate")] },
                { "oneOf": [sent("agentId"), sent("agent")] },
                { "not": { "allOf": [sent("jobId"), sent("job")] } },
                { "not": { "allOf": [names_job, { "anyOf": [sent("jobId"), sent("job")] }] } },
            ]);
        }
        "CallWindowBody" => {
            let both = json!({ "allOf": [sent("start"), sent("end")] });
            let neither = json!({ "not": { "anyOf": [sent("start"), sent("end")] } });
            schema["anyOf"] = json!([both, neither]);
        }
        "AdminClockBody" => schema["oneOf"] = json!([sent("set"), sent("advanceMillis")]),
        "AdminKeyBody" => {
            schema["allOf"] = json!([
                if_then("kind", "ats", &sent("atsId")),
                if_then("kind", "company", &sent("companyId")),
            ]);
        }
        _ => {}
    }
}

/// The member is there; `null` is as absent.
fn sent(name: &str) -> Value {
    json!({ "required": [name], "properties": { name: { "not": { "type": "null" } } } })
}

/// The other member is there exactly when this one has this word.
fn goes_with(name: &str, word: &str, other: &str) -> Value {
    let mut rule = if_then(name, word, &sent(other));
    rule["else"] = json!({ "not": sent(other) });
    rule
}

fn if_then(name: &str, word: &str, then: &Value) -> Value {
    json!({ "if": { "properties": { name: { "const": word } }, "required": [name] }, "then": then })
}

/// Lets every member that need not be there be `null`.
pub(super) fn let_be_null(schema: &mut Value) {
    let required = schema["required"].clone();
    let is_required = |name: &str| required.as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if !is_required(name) {
            or_null(property);
        }
    }
}

fn or_null(property: &mut Value) {
    if property.get("$ref").is_some() {
        *property = json!({ "oneOf": [{ "type": "null" }, property.take()] });
    } else if let Some(only) = property.get("type").and_then(Value::as_str) {
        property["type"] = json!([only, "null"]);
        if let Some(words) = property.get_mut("enum").and_then(Value::as_array_mut) {
            words.push(Value::Null);
        }
    }
    // Else it says null already, or allows anything.
}

/// Lets references lead to other names.
pub(super) fn rename(schema: &mut Value, others: &[(String, String)]) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref") {
                let name = reference.rsplit('/').next().unwrap_or_default();
                if let Some((old, new)) = others.iter().find(|(old, _)| old == name) {
                    *reference = format!("{}{new}", reference.trim_end_matches(old.as_str()));
                }
            }
            members.values_mut().for_each(|value| rename(value, others));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, others)),
        _ => {}
    }
}
