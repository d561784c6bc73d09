//! Rules over several members of a body, as JSON Schema has them: what a derive cannot say. The readers hold
//! them; here they are only told, and the tests hold every body that the server takes against them.

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
