//! The contract that machines read: it changes knowingly only, its examples do what they show, and it is served
//! as a document, as a page and as text. That the server keeps to it is held by every other test: see
//! `tests/document.rs`.

mod admin;

use std::collections::BTreeMap;
use std::fs;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use switchboard_tests::document::{Contract, Listener};
use switchboard_tests::office::moment;
use switchboard_tests::process::checkout;
use switchboard_tests::{Answer, Client, TestHost};

/// Set to anything: what changed is accepted.
const ACCEPT: &str = "SWITCHBOARD_ACCEPT_DOCUMENT";

#[expect(clippy::disallowed_methods, reason = "a test's own switch, no setting of the server")]
fn is_accepted() -> bool {
    std::env::var_os(ACCEPT).is_some()
}

/// The document that this listener serves is the one in the repository.
async fn assert_golden(mut client: Client, listener: Listener, file: &str) {
    let answer = client.get("/openapi.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    let mut served = serde_json::to_string_pretty(&answer.json()).expect("JSON");
    served.push('\n');
    let path = checkout().join("tests/golden").join(file);
    if is_accepted() {
        fs::write(&path, &served).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    let differing = served.lines().zip(golden.lines()).position(|(new, old)| new != old);
    let line = differing.unwrap_or_else(|| served.lines().count().min(golden.lines().count()));
    assert!(
        served == golden,
        "the {listener:?}' document differs from tests/golden/{file} from line {} on: `{}`. Partners' programs are \
         made from it. If the change is meant, accept it with\n    {ACCEPT}=1 cargo xtask test openapi::the_documents\nand \
         look at `git diff tests/golden`.",
        line + 1,
        served.lines().nth(line).unwrap_or("(its end)").trim(),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documents_change_knowingly_only() {
    let host = TestHost::start().await;
    assert_golden(Client::new(host.listen, None), Listener::Partners, "openapi.json").await;
    assert_golden(Client::new(host.admin, None), Listener::Operators, "admin-openapi.json").await;
}

/// Every operation with its method, path and content.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, operations)| {
            let operations = operations.as_object().expect("operations");
            operations.iter().map(|(verb, operation)| (verb.as_str(), path.as_str(), operation))
        })
        .collect()
}

#[test]
fn every_example_is_of_its_schema() {
    for listener in [Listener::Partners, Listener::Operators] {
        let contract = Contract::of(listener);
        let judge = |content: &Value, what: &str| {
            let named = content["examples"].as_object().into_iter().flat_map(Map::values);
            let named = named.map(|named| &contract.resolved(named)["value"]);
            let examples = named.chain(content.get("example"));
            for example in examples {
                contract.judge(&content["schema"], example).unwrap_or_else(|why| panic!("{what}: {why}"));
            }
        };
        for (verb, path, operation) in operations(contract.document()) {
            let body = &operation["requestBody"]["content"]["application/json"];
            judge(body, &format!("the body of {verb} {path}"));
            for (status, response) in operation["responses"].as_object().expect("responses") {
                let content = &contract.resolved(response)["content"]["application/json"];
                judge(content, &format!("{status} of {verb} {path}"));
            }
        }
        for (name, schema) in contract.document()["components"]["schemas"].as_object().expect("schemas") {
            if let Some(example) = schema.get("example") {
                contract.judge(schema, example).unwrap_or_else(|why| panic!("{name}: {why}"));
            }
        }
    }
}

/// The ids of the examples, by the segment of the path that they stand behind.
const EXAMPLE_IDS: [(&str, &str); 8] = [
    ("company", "01960e6a-7c00-7000-8000-000000000005"),
    ("jobs", "01960e6a-7c00-7000-8000-000000000001"),
    ("candidates", "01960e6a-7c00-7000-8000-000000000002"),
    ("agents", "01960e6a-7c00-7000-8000-000000000004"),
    ("interviews", "01960e6a-7c00-7000-8000-000000000006"),
    ("call-attempts", "01960e6a-7c00-7000-8000-000000000007"),
    ("invitations", EXAMPLE_TOKEN),
    ("decisions", EXAMPLE_DECISION),
];

const EXAMPLE_TOKEN: &str = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

const EXAMPLE_DECISION: &str = "01960e6a-7c00-7000-8000-000000000008";

const EXAMPLE_NUMBER: &str = "01960e6a-7c00-7000-8000-000000000003";

/// The ids that stand for those of the examples on a real server.
#[derive(Debug, Default)]
struct Ids(BTreeMap<String, String>);

impl Ids {
    /// Notes what an answer calls what its example calls so.
    fn learn(&mut self, example: &Value, answer: &Value) {
        for name in ["id", "leaseToken"] {
            if let (Some(example), Some(real)) = (example[name].as_str(), answer[name].as_str()) {
                self.0.insert(example.to_owned(), real.to_owned());
            }
        }
        let decided = answer["decisions"].as_object().and_then(|decisions| decisions.values().next());
        if let Some(real) = decided.and_then(Value::as_str) {
            self.0.insert(EXAMPLE_DECISION.to_owned(), real.to_owned());
        }
    }

    fn real(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (example, real)| text.replace(example, real))
    }

    /// A template with the examples' ids in its places.
    fn path(&self, template: &str) -> String {
        let mut before = "";
        let mut path = String::new();
        for segment in template[1..].split('/') {
            path.push('/');
            if segment.starts_with('{') {
                let id = EXAMPLE_IDS.iter().find(|(noun, _)| *noun == before);
                path.push_str(id.unwrap_or_else(|| panic!("EXAMPLE_IDS has none for `{before}`")).1);
            } else {
                path.push_str(segment);
            }
            before = segment;
        }
        self.real(&path)
    }
}

/// A value without what no two runs have in common: ids, traces and moments.
fn shape(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let digits: String = text.chars().map(|c| if c.is_ascii_hexdigit() { '0' } else { c }).collect();
            let is_moment = digits.len() == 24 && digits.ends_with(".000Z");
            let id = "00000000-0000-0000-0000-000000000000";
            if is_moment {
                json!("a moment")
            } else if digits.len() == 64 && digits.bytes().all(|digit| digit == b'0') {
                json!("a token")
            } else if digits.contains(id) {
                json!(digits)
            } else {
                value.clone()
            }
        }
        Value::Array(values) => values.iter().map(shape).collect(),
        Value::Object(members) => {
            // A trace is the server's own count, and a document in print is looked at elsewhere.
            let shown = |name: &str, value| match name {
                "traceId" | "analysisPdfBase64" => json!(name),
                _ => shape(value),
            };
            members
                .iter()
                .map(|(name, value)| (name.clone(), shown(name, value)))
                .collect::<Map<_, _>>()
                .into()
        }
        other => other.clone(),
    }
}

/// What an answer shows that its example shows; of a page its entries alone, which are as many as there are.
fn assert_as_shown(example: &Value, answer: &Value, what: &str) {
    if let (Some(shown), Some(entries)) = (example["data"].as_array(), answer["data"].as_array()) {
        entries.iter().for_each(|entry| assert_eq!(names(&shape(entry)), names(&shape(&shown[0])), "{what}"));
        return;
    }
    assert_eq!(shape(answer), shape(example), "{what}");
}

fn names(value: &Value) -> Vec<&str> {
    value.as_object().into_iter().flat_map(Map::keys).map(String::as_str).collect()
}

/// Sends each operation's example, in the order of the document but deletions last, and compares what comes back
/// with what the document shows.
#[tokio::test(flavor = "multi_thread")]
async fn every_example_is_sent_and_answered_as_shown() {
    let host = TestHost::start().await;
    let ats = host.operate("POST", "/ats", json!({ "name": "Harbour" })).await;
    let mut partner = host.partner(&host.key(json!({ "kind": "ats", "atsId": ats["id"] })).await);
    let mut dialler = host.partner(&host.key(json!({ "kind": "worker" })).await);
    let contract = Contract::of(Listener::Partners);
    let (last, mut operations): (Vec<_>, Vec<_>) =
        operations(contract.document()).into_iter().partition(|(verb, ..)| *verb == "delete");
    // The company last: with it goes everything else.
    operations.extend(last.into_iter().rev());
    // Nothing can be printed before a dialler has delivered it.
    let print = operations.iter().position(|(.., operation)| operation["operationId"] == "getAnalysisPdf");
    let deliver = operations.iter().position(|(.., operation)| operation["operationId"] == "putAnalysis");
    operations[print.expect("print")..=deliver.expect("deliver")].rotate_left(1);
    let mut ids = Ids::default();
    let mut online: Option<Value> = None;
    for (verb, template, operation) in operations {
        let what = format!("{verb} {template}");
        let content = &operation["requestBody"]["content"]["application/json"];
        let body = if content["example"].is_null() { String::new() } else { content["example"].to_string() };
        let successes: Vec<_> = operation["responses"]
            .as_object()
            .expect("responses")
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
            .collect();
        for (status, response) in successes {
            // Everything else is about the interview by phone.
            let phone = ids.0.get(EXAMPLE_IDS[4].1).cloned();
            let is_online =
                ["/worker/interviews/{id}/start", "/worker/interviews/{id}/complete"].contains(&template);
            if is_online {
                let online = match online.take() {
                    Some(online) => online,
                    None => online_interview(&mut partner, &ids).await,
                };
                ids.learn(&json!({ "id": EXAMPLE_IDS[4].1 }), &online);
            }
            if operation["operationId"] == "getDecision" {
                // The interview by phone names its job, so that nothing is decided for it.
                let decided = online_interview(&mut partner, &ids).await;
                ids.learn(&Value::Null, &decided);
            }
            let mut path = ids.path(template);
            let has = |name: &str| parameters(contract, operation).any(|parameter| parameter["name"] == name);
            let is_dry = has("dryRun") && status == "200";
            if has("companyId") {
                path = ids.real(&format!("{path}?companyId={}&dryRun={is_dry}", EXAMPLE_IDS[0].1));
            }
            let sent = Bytes::from(ids.real(&body));
            let is_for_diallers = template.starts_with("/worker/");
            if is_for_diallers {
                assert!(host.clock.advance(moment("2026-04-02T12:30:00Z").since(host.now())));
            }
            let client = if is_for_diallers { &mut dialler } else { &mut partner };
            let answer = client.send(&verb.to_ascii_uppercase(), &path, &[], sent).await;
            assert_eq!(answer.status.to_string(), **status, "{what}: {}", text(&answer));
            let shown = &contract.resolved(response)["content"]["application/json"]["example"];
            if shown.is_object() && !shown["data"].is_object() {
                assert_eq!(shape(&answer.json()), shape(shown), "{what}");
            } else if shown.is_object() {
                let (shown, data) = (&shown["data"], answer.data());
                // What was decided here is another matter than the refusal that is shown.
                if operation["operationId"] != "getDecision" {
                    assert_as_shown(shown, &data, &what);
                }
                ids.learn(shown, &data);
                ids.learn(&shown["attempts"][0], &data["attempts"][0]);
            }
            if let Some(phone) = phone.filter(|_| is_online) {
                let held = ids.0.insert(EXAMPLE_IDS[4].1.to_owned(), phone);
                online = Some(json!({ "id": held }));
            }
        }
        if operation["operationId"] == "createCompany" {
            let company_id = &ids.0[EXAMPLE_IDS[0].1];
            let number = json!({ "companyId": company_id, "number": "+48585550123" });
            let number = host.operate("POST", "/phone-numbers", number).await;
            ids.learn(&json!({ "id": EXAMPLE_NUMBER }), &number);
            let token = host.has_mailed(1).await[0].token();
            ids.learn(&json!({ "id": EXAMPLE_TOKEN }), &json!({ "id": token }));
        }
    }
}

/// What the example of an interview by phone is, by another agent: online.
async fn online_interview(partner: &mut Client, ids: &Ids) -> Value {
    let company_id = &ids.0[EXAMPLE_IDS[0].1];
    let body = json!({
        "candidateId": ids.0[EXAMPLE_IDS[2].1],
        "agent": { "name": "Online", "type": "ONLINE", "focus": "GENERIC", "language": "PL", "duration": 15 },
        "scheduledAt": "2026-04-02T14:30:00+02:00",
    });
    partner.post(&format!("/interviews?companyId={company_id}"), &body).await.expect(201)
}

fn parameters<'a>(contract: &'a Contract, operation: &'a Value) -> impl Iterator<Item = &'a Value> {
    operation["parameters"].as_array().into_iter().flatten().map(|parameter| contract.resolved(parameter))
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.bytes).into_owned()
}

/// The server reads each parameter that the document lists: twice is refused at its name, and so is a word that is
/// none of its words, while each of those is taken.
#[tokio::test(flavor = "multi_thread")]
async fn every_parameter_of_a_query_is_read() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut partner = host.partner(&here.ats_key);
    let contract = Contract::of(Listener::Partners);
    let nobody = "01960e6a-7c00-7000-8000-0000000000ff";
    for (verb, template, operation) in operations(contract.document()) {
        let path = template.replace("{id}", nobody).replace("{attemptId}", nobody);
        let mut ask = async |query: &str| {
            let path = format!("{path}?{query}");
            partner.send(&verb.to_ascii_uppercase(), &path, &[], Bytes::from_static(b"{}")).await
        };
        let company = format!("companyId={}", here.company_id);
        for parameter in parameters(contract, operation).filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().expect("a name");
            let query = format!("{company}&{name}=1&{name}=1");
            let error = ask(&query).await.json()["error"].clone();
            let found = error["details"]["fields"][0]["path"] == *name || error["code"] == "INVALID_CURSOR";
            assert!(found, "{verb} {template} does not read `{name}`: {error:#}");
            if let Some(words) = parameter["schema"]["enum"].as_array() {
                for word in words {
                    let answer = ask(&format!("{company}&{name}={}", word.as_str().expect("a word"))).await;
                    assert_eq!(answer.status, 200, "{name}={word}: {}", text(&answer));
                }
                let error = ask(&format!("{company}&{name}=NONE")).await.refused(400, "VALIDATION_ERROR");
                assert_eq!(error["details"]["fields"][0]["path"], *name);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_text_tells_every_operation_and_every_code() {
    let host = TestHost::start().await;
    let answer = Client::new(host.listen, None).get("/llms.txt").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/plain; charset=utf-8")));
    let text = text(&answer);
    let document = Contract::of(Listener::Partners).document();
    for (verb, path, operation) in operations(document) {
        assert!(text.contains(&format!("\n### {} {path}\n", verb.to_ascii_uppercase())), "{verb} {path}");
        assert!(text.contains(operation["summary"].as_str().expect("a summary")), "{verb} {path}");
    }
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        if let Some(code) = schema["properties"]["code"]["const"].as_str() {
            assert!(text.contains(&format!("`{code}`: ")), "{code}");
        } else if !name.ends_with("Envelope") && !name.ends_with("Page") {
            assert!(text.contains(&format!("\n### {name}\n")), "{name}");
        }
    }
    // What fits into the attention of a small model.
    assert!((5_000..80_000).contains(&text.len()), "{} bytes", text.len());
}
