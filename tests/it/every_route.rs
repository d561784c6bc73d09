//! The route table, walked from outside: every route meets every refusal in the order of contract §1. A route
//! that is added needs its line in [`CONTRACT`], and one with an id its line in `stock`; then it is walked.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use switchboard::http::BODY_BYTES_MAX;
use switchboard::http::route::{Access, Entry, Route, Verb};
use switchboard_domain::key::Scope;
use switchboard_tests::document::{Contract, Listener};
use switchboard_tests::{Answer, Client, Furnished, TestHost};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stock::Stock;
use crate::table::assert_refused;

const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";

/// Every route, to whom it is open, and the scopes that it needs in the order in which missing ones are named.
const CONTRACT: &str = "
    GET /healthz Public
    GET /openapi.json Public
    GET /docs Public
    GET /docs/{id} Public
    GET /llms.txt Public
    POST /company AtsKey write:companies
    GET /company Partner read:companies
    GET /company/{id} Partner read:companies
    PATCH /company/{id} Partner write:companies
    DELETE /company/{id} Partner delete:companies
    POST /jobs Partner write:jobs
    GET /jobs Partner read:jobs
    GET /jobs/{id} Partner read:jobs
    PATCH /jobs/{id} Partner write:jobs
    DELETE /jobs/{id} Partner delete:jobs
    POST /candidates Partner write:candidates
    GET /candidates Partner read:candidates
    GET /candidates/{id} Partner read:candidates
    PATCH /candidates/{id} Partner write:candidates
    DELETE /candidates/{id} Partner delete:candidates
    GET /candidates/{id}/interviews Partner read:interviews read:candidates read:agents
    GET /candidates/{id}/analyses Partner read:interviews read:candidates read:agents
    POST /agents Partner write:agents
    GET /agents Partner read:agents
    GET /agents/{id} Partner read:agents
    PATCH /agents/{id} Partner write:agents
    DELETE /agents/{id} Partner delete:agents
    POST /interviews Partner write:interviews read:candidates read:agents
    GET /interviews Partner read:interviews read:candidates read:agents
    GET /interviews/{id} Partner read:interviews read:candidates read:agents
    PATCH /interviews/{id} Partner write:interviews
    DELETE /interviews/{id} Partner delete:interviews
    GET /interviews/{id}/analysis-pdf Partner read:interviews read:candidates read:agents
    POST /interviews/{id}/call-attempts Partner write:interviews
    PATCH /interviews/{id}/call-attempts/{attemptId} Partner write:interviews
    DELETE /interviews/{id}/call-attempts/{attemptId} Partner write:interviews
    GET /decisions/{id} Partner read:interviews
    POST /worker/call-attempts/claim Worker
    POST /worker/call-attempts/{id}/heartbeat Worker
    POST /worker/call-attempts/{id}/complete Worker
    POST /worker/interviews/{id}/analysis Worker
    POST /worker/interviews/{id}/start Worker
    POST /worker/interviews/{id}/complete Worker
    GET /billing/usage Partner read:billing
    GET /invitations/{token} Public
    POST /invitations/{token}/accept Public
";

fn at(entry: &Entry, id: &str) -> String {
    entry.template.replace("{id}", id).replace("{attemptId}", id).replace("{token}", id)
}

fn has_id(entry: &Entry) -> bool {
    entry.template.contains("{id}")
}

fn takes_body(entry: &Entry) -> bool {
    matches!(entry.verb, Verb::Post | Verb::Patch)
}

/// Whether an ATS key must name a company.
fn is_of_company(entry: &Entry) -> bool {
    let is_of_the_ats = ["/company", "/billing"].iter().any(|path| entry.template.starts_with(path));
    entry.access == Access::Partner && !is_of_the_ats
}

fn with_key() -> impl Iterator<Item = &'static Entry> {
    Route::ALL.iter().filter(|entry| entry.access != Access::Public)
}

async fn send(client: &mut Client, entry: &Entry, path: &str) -> Answer {
    client.send(entry.verb.as_str(), path, &[], Bytes::new()).await
}

async fn key(host: &TestHost, body: Value) -> (String, String) {
    let key = host.operate("POST", "/keys", body).await;
    (key["key"].as_str().expect("a key").to_owned(), key["id"].as_str().expect("an id").to_owned())
}

/// Those that partners' keys open.
fn of_partners() -> impl Iterator<Item = &'static Entry> {
    with_key().filter(|entry| entry.access != Access::Worker)
}

/// A key that may call this route.
async fn able(host: &TestHost, here: &Furnished, entry: &Entry) -> String {
    match entry.access {
        Access::AtsKey => here.ats_key.clone(),
        Access::Partner | Access::Public => here.company_key.clone(),
        Access::Worker => host.key(json!({ "kind": "worker" })).await,
    }
}

#[test]
fn the_routes_are_those_of_the_contract_and_no_others() {
    let told = |entry: &Entry| {
        let scopes: String = entry.scopes.iter().map(|scope| format!(" {}", scope.as_str())).collect();
        format!("{} {} {:?}{scopes}", entry.verb.as_str(), entry.template, entry.access)
    };
    let known: BTreeSet<String> = CONTRACT.trim().lines().map(|line| line.trim().to_owned()).collect();
    let served: BTreeSet<String> = Route::ALL.iter().map(told).collect();
    let (missing, unknown): (Vec<_>, Vec<_>) =
        (known.difference(&served).collect(), served.difference(&known).collect());
    assert!(missing.is_empty() && unknown.is_empty(), "not served: {missing:#?}; unknown: {unknown:#?}");
    assert_eq!(Route::ALL.len(), known.len(), "none twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_methods_and_aliases() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut nobody = Client::new(host.listen, None);
    for entry in Route::ALL {
        let bare = at(entry, NOBODY);
        let mut paths = vec![bare.clone(), format!("/v1{bare}")];
        if let Some(rest) = bare.strip_prefix("/company") {
            paths.extend([format!("/companies{rest}"), format!("/v1/companies{rest}")]);
        }
        let verbs: Vec<_> = Route::ALL
            .iter()
            .filter(|other| other.template == entry.template)
            .map(|other| other.verb.as_str())
            .collect();
        for path in &paths {
            // Route and method come before credentials.
            let methods = ["GET", "POST", "PATCH", "DELETE", "PUT", "TRACE", "BREW"].into_iter();
            for method in methods.filter(|method| !verbs.contains(method)) {
                let answer = nobody.send(method, path, &[], Bytes::new()).await;
                let _ = answer.refused(405, "METHOD_NOT_ALLOWED");
                let allow = answer.header("allow").expect("Allow");
                for verb in &verbs {
                    assert!(allow.split(", ").any(|allowed| allowed == *verb), "{path}: {allow}");
                }
            }
            let options = nobody.send("OPTIONS", path, &[], Bytes::new()).await;
            assert_eq!((options.status, options.bytes.len()), (204, 0), "{path}");
            assert!(options.header("allow").is_some_and(|allow| allow.contains(entry.verb.as_str())));
            // The aliases give what the bare path gives, HEAD what GET gives without its body.
            let mut able = host.partner(&able(&host, &here, entry).await);
            let answer = send(&mut able, entry, path).await;
            assert_ne!(answer.status, 405, "{path}");
            assert_eq!(answer.status, send(&mut able, entry, &bare).await.status, "{path}");
            assert!(answer.header("x-request-id").is_some());
            if entry.verb == Verb::Get {
                let head = able.send("HEAD", path, &[], Bytes::new()).await;
                assert_eq!((head.status, head.bytes.len()), (answer.status, 0), "HEAD {path}");
                assert_eq!(
                    head.header("content-length"),
                    Some(answer.bytes.len().to_string().as_str()),
                    "HEAD {path}"
                );
            }
        }
        for path in [format!("{bare}/x/y/z"), format!("/v2{bare}")] {
            let answer = nobody.send(entry.verb.as_str(), &path, &[], Bytes::new()).await;
            let _ = answer.refused(404, "ROUTE_NOT_FOUND");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_come_before_everything_of_the_request_itself() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let body = json!({ "kind": "company", "companyId": here.company_id });
    let with = |more: Value| crate::table::with(&body, &more);
    let expires = host.in_future(Duration::from_secs(60));
    let (expired, _) = key(&host, with(json!({ "expiresAt": expires }))).await;
    let (elsewhere, _) = key(&host, with(json!({ "allowedIPs": ["192.0.2.0/24"] }))).await;
    let (revoked, id) = key(&host, body.clone()).await;
    let _ = host.operate("POST", &format!("/keys/{id}/revoke"), json!({})).await;
    let (suspended, id) = key(&host, body.clone()).await;
    let _ = host.operate("POST", &format!("/keys/{id}/suspend"), json!({ "reason": "r" })).await;
    let _ = host.clock.advance(Duration::from_secs(61));
    // One request of this key is counted; the next ones are refused before their scope is looked at.
    let few = json!({ "scopes": ["read:webhooks"], "ratePerHour": 1, "ratePerMinute": 0 });
    let (counted, _) = key(&host, with(few)).await;
    let _ = host.partner(&counted).get("/jobs").await.refused(403, "INSUFFICIENT_PERMISSIONS");
    let stranger = format!("sk_live_{}", "x".repeat(32));
    for entry in with_key() {
        // Everything else is wrong too: id, query, media type, body.
        let path = format!("{}?companyId=x&page=0&dryRun=7", at(entry, "x"));
        let headers = [("Content-Type", "text/plain"), ("Idempotency-Key", "a b"), ("If-Match", "\"x\"")];
        let ask = async |key: Option<&str>| {
            let mut client = Client::new(host.listen, key);
            client.send(entry.verb.as_str(), &path, &headers, Bytes::from_static(b"{")).await
        };
        let _ = ask(None).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&stranger)).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some("malformed")).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&revoked)).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&expired)).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&elsewhere)).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&suspended)).await.refused(401, "API_KEY_SUSPENDED");
        let _ = ask(Some(&counted)).await.refused(429, "RATE_LIMIT_EXCEEDED");
    }
    // What is open to everybody minds neither keys nor bodies.
    // Whoever has the secret of a path needs no key: `owner_onboarding`.
    let has_secret = |entry: &Entry| entry.template.contains("{token}");
    for entry in Route::ALL.iter().filter(|entry| entry.access == Access::Public && !has_secret(entry)) {
        let path = match entry.template {
            "/docs/{id}" => "/docs/swagger-ui.css",
            template if !has_id(entry) => template,
            other => panic!("say here what is to be read at `{other}`"),
        };
        for key in [None, Some(&stranger), Some(&revoked), Some(&expired), Some(&elsewhere), Some(&suspended)]
        {
            let mut client = Client::new(host.listen, key.map(String::as_str));
            let headers = [("Content-Type", "text/plain"), ("Idempotency-Key", "a b"), ("If-Match", "\"x\"")];
            let answer = client.send(entry.verb.as_str(), path, &headers, Bytes::from_static(b"{")).await;
            assert_eq!(answer.status, 200, "{path} with {key:?}");
        }
        if has_id(entry) {
            for malformed in ["x", "%00", "%2e%2e"] {
                let answer = Client::new(host.listen, None).get(&at(entry, malformed)).await;
                let _ = answer.refused(404, "ROUTE_NOT_FOUND");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scope_of_a_route_is_needed_and_the_first_missing_one_is_named() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let worker = host.key(json!({ "kind": "worker" })).await;
    let ask = async |key: &str, entry: &Entry, scope: &str| {
        let path = format!("{}?companyId=x&page=0", at(entry, "x"));
        let headers = [("Content-Type", "text/plain"), ("Idempotency-Key", "a b")];
        let mut client = host.partner(key);
        let answer = client.send(entry.verb.as_str(), &path, &headers, Bytes::from_static(b"{")).await;
        let error = answer.refused(403, "INSUFFICIENT_PERMISSIONS");
        assert_eq!(error["details"]["requiredScope"], scope, "{}", entry.operation);
    };
    for entry in with_key() {
        for (index, missing) in entry.scopes.iter().enumerate() {
            // The later ones of the route are missing too: this one is named.
            let has = |scope: &&Scope| !entry.scopes[index..].contains(scope);
            let scopes: Vec<_> = Scope::ALL.iter().filter(has).map(|scope| scope.as_str()).collect();
            let key = host.key(json!({ "kind": "ats", "atsId": here.ats_id, "scopes": scopes })).await;
            ask(&key, entry, missing.as_str()).await;
        }
        if entry.access == Access::Worker {
            ask(&here.ats_key, entry, "worker").await;
            ask(&here.company_key, entry, "worker").await;
            continue;
        }
        ask(&worker, entry, entry.scopes[0].as_str()).await;
        if entry.access == Access::AtsKey {
            ask(&here.company_key, entry, entry.scopes[0].as_str()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reaches_what_is_anothers() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let here = &stock.here;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let stranger = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let mut tags = Vec::new();
    for (path, _) in stock.single() {
        tags.push(company.get(&path).await.header("etag").expect("a tag").to_owned());
    }
    // What is wrong with the body would come later.
    let oversized = Bytes::from(vec![b' '; BODY_BYTES_MAX + 1]);
    for entry in of_partners() {
        let what = json!(entry.operation);
        let bare = if has_id(entry) { stock.path(entry.template) } else { entry.template.to_owned() };
        let ask = async |key: &str, company_id: Option<&str>| {
            let path = company_id.map_or(bare.clone(), |id| format!("{bare}?companyId={id}"));
            let body = if takes_body(entry) { oversized.clone() } else { Bytes::new() };
            let headers = [("Content-Type", "text/plain"), ("If-Match", "\"x\"")];
            host.partner(key).send(entry.verb.as_str(), &path, &headers, body).await
        };
        let denied = "RESOURCE_ACCESS_DENIED";
        if has_id(entry) {
            for other in [&sibling, &stranger] {
                let _ = ask(&other.company_key, None).await.refused(403, denied);
                // A company key's parameter is ignored.
                let _ = ask(&other.company_key, Some(&here.company_id)).await.refused(403, denied);
            }
            let _ = ask(&stranger.ats_key, Some(&stranger.company_id)).await.refused(403, denied);
        }
        if is_of_company(entry) {
            assert_refused(&ask(&here.ats_key, None).await, "MISSING_REQUIRED_FIELD", &["companyId"], &what);
            let error = ask(&here.ats_key, Some(NOBODY)).await.refused(404, "RESOURCE_NOT_FOUND");
            assert_eq!(error["details"], json!({ "resourceType": "Company", "resourceId": NOBODY }));
            let _ = ask(&stranger.ats_key, Some(&here.company_id)).await.refused(403, denied);
            if has_id(entry) {
                let answer = ask(&here.ats_key, Some(&sibling.company_id)).await;
                let error = answer.refused(404, "RESOURCE_NOT_FOUND");
                let id = bare.split('/').nth(2).expect("an id");
                assert_eq!(error["details"]["resourceId"], id, "{what}");
            }
        }
    }
    for ((path, _), tag) in stock.single().iter().zip(tags) {
        assert_eq!(company.get(path).await.header("etag"), Some(tag.as_str()), "{path} is as it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_resource_is_not_there_for_anybody() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let here = &stock.here;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let stranger = host.furnish().await;
    let mut ats = host.partner(&here.ats_key);
    // The company last: with it goes everything else.
    let mut templates: Vec<_> = Route::ALL.iter().filter(|entry| entry.verb == Verb::Delete).collect();
    templates.reverse();
    for deleted in templates {
        let path = stock.path(deleted.template);
        let query = format!("?companyId={}", here.company_id);
        let answer = ats.delete(&format!("{path}{query}")).await;
        assert!(answer.is_success(), "{path}: {}", String::from_utf8_lossy(&answer.bytes));
        let under = |entry: &&Entry| has_id(entry) && stock.path(entry.template).starts_with(&path);
        for entry in of_partners().filter(under) {
            let path = stock.path(entry.template);
            for (key, query) in [
                (&here.ats_key, query.as_str()),
                (&sibling.company_key, ""),
                (&stranger.company_key, ""),
                (&stranger.ats_key, &format!("?companyId={}", stranger.company_id)),
            ] {
                let answer = send(&mut host.partner(key), entry, &format!("{path}{query}")).await;
                // Of a deleted call the interview is left, which is not in everybody's reach.
                let is_denied = deleted.template.contains("{attemptId}") && *key != here.ats_key;
                let (status, code) =
                    if is_denied { (403, "RESOURCE_ACCESS_DENIED") } else { (404, "RESOURCE_NOT_FOUND") };
                let _ = answer.refused(status, code);
            }
        }
    }
    let _ = host.partner(&here.company_key).get("/jobs").await.refused(401, "INVALID_API_KEY");
}

#[tokio::test(flavor = "multi_thread")]
async fn values_in_path_query_and_head_are_judged_together_and_before_the_company() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let oversized = Bytes::from(vec![b' '; BODY_BYTES_MAX + 1]);
    for entry in with_key() {
        let what = json!(entry.operation);
        let mut client = host.partner(&able(&host, &stock.here, entry).await);
        let has_attempt_id = entry.template.contains("{attemptId}");
        if has_id(entry) {
            for malformed in
                ["x", "01960e6a-7c00-7000-8000-00000000000", "%00", "01960e6a7c0070008000000000000001"]
            {
                let answer = send(&mut client, entry, &at(entry, malformed)).await;
                let ids = if has_attempt_id { &["attemptId", "id"][..] } else { &["id"] };
                assert_refused(&answer, "VALIDATION_ERROR", ids, &what);
            }
            let error = send(&mut client, entry, &at(entry, NOBODY)).await.refused(404, "RESOURCE_NOT_FOUND");
            assert_eq!(error["details"]["resourceId"], NOBODY, "{what}");
        }
        if entry.access == Access::Worker {
            continue;
        }
        let mut wrong = Vec::new();
        wrong.extend(has_id(entry).then_some("id"));
        wrong.extend(has_attempt_id.then_some("attemptId"));
        wrong.extend(is_of_company(entry).then_some("companyId"));
        wrong.extend((entry.verb == Verb::Post).then_some("Idempotency-Key"));
        if wrong.is_empty() {
            continue;
        }
        let mut ats = host.partner(&stock.here.ats_key);
        let headers = [("Content-Type", "text/plain"), ("Idempotency-Key", "a b")];
        let path = format!("{}?companyId=x", at(entry, "x"));
        let answer = ats.send(entry.verb.as_str(), &path, &headers, oversized.clone()).await;
        assert_refused(&answer, "VALIDATION_ERROR", &wrong, &what);
        // A bad key comes before a company that is not named.
        if entry.verb == Verb::Post && is_of_company(entry) {
            let answer = ats.send("POST", &at(entry, NOBODY), &headers, oversized.clone()).await;
            assert_refused(&answer, "VALIDATION_ERROR", &["Idempotency-Key"], &what);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_judged_in_their_order() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let oversized = Bytes::from(vec![b' '; BODY_BYTES_MAX + 1]);
    for entry in with_key().filter(|entry| takes_body(entry)) {
        let what = json!(entry.operation);
        let mut client = host.partner(&able(&host, &stock.here, entry).await);
        let is_of_attempt = entry.template.contains("{attemptId}");
        // Who says nothing has said everything there.
        let needs_none = matches!(
            entry.route,
            Route::CreateCallAttempt | Route::ClaimCallAttempts | Route::StartInterview
        );
        let path = if has_id(entry) { stock.path(entry.template) } else { entry.template.to_owned() };
        let mut ask = async |media: &str, body: Bytes| {
            // A body comes before the state that the sender expects.
            let headers = [("Content-Type", media), ("If-Match", "\"x\"")];
            client.send(entry.verb.as_str(), &path, &headers, body).await
        };
        for media in ["text/plain", "application/xml", "application/json; charset=latin1", ""] {
            let _ = ask(media, oversized.clone()).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        let _ = ask("application/json", oversized.clone()).await.refused(413, "BODY_TOO_LARGE");
        let largest = Bytes::from([b"{}".to_vec(), vec![b' '; BODY_BYTES_MAX - 2]].concat());
        if !needs_none {
            let answer = ask("application/json; charset=utf-8", largest).await;
            let _ = match entry.verb {
                Verb::Patch if !is_of_attempt => answer.refused(412, "PRECONDITION_FAILED"),
                _ => answer.refused(400, "MISSING_REQUIRED_FIELD"),
            };
        }
        for (text, line, column) in [
            ("", 1, 1),
            ("{\"é\": x}", 1, 7),
            ("{\n\"a\": 1,\n}", 3, 1),
            ("{} {}", 1, 4),
            ("\u{feff}{}", 1, 1),
        ]
        .into_iter()
        .filter(|(text, ..)| !text.is_empty() || !needs_none)
        {
            let error = ask("application/json", Bytes::from(text)).await.refused(400, "INVALID_JSON");
            assert_eq!(
                (&error["details"]["line"], &error["details"]["column"]),
                (&json!(line), &json!(column)),
                "{what} {text:?}"
            );
        }
        for body in ["[]", "null", "7"].into_iter().filter(|_| entry.route != Route::StartInterview) {
            let answer = ask("application/json", Bytes::from(body)).await;
            assert_refused(&answer, "VALIDATION_ERROR", &["body"], &what);
        }
        // No field of any route is a list of lists.
        for field in example(entry).keys() {
            let answer = ask("application/json", Bytes::from(json!({ field: [[0]] }).to_string())).await;
            let paths = crate::table::paths(&answer.refused(400, "VALIDATION_ERROR"));
            assert!(paths.iter().any(|path| path.starts_with(field)), "{what} {field}: {paths:?}");
        }
    }
}

/// The body that the document shows for a route.
fn example(entry: &Entry) -> &'static Map<String, Value> {
    let operations = &Contract::of(Listener::Partners).document()["paths"][entry.template];
    let operation = &operations[entry.verb.as_str().to_ascii_lowercase()];
    let example = operation["requestBody"]["content"]["application/json"]["example"].as_object();
    example.unwrap_or_else(|| panic!("the document shows no body for {}", entry.operation))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nobody_asked_for_is_not_judged() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let oversized = Bytes::from(vec![b'{'; BODY_BYTES_MAX + 1]);
    for entry in with_key().filter(|entry| !takes_body(entry)) {
        let mut client = host.partner(&able(&host, &here, entry).await);
        let path = at(entry, NOBODY);
        let status = send(&mut client, entry, &path).await.status;
        for (media, body) in
            [("text/plain", "{".into()), ("application/json", "{".into()), ("", oversized.clone())]
        {
            let answer = client.send(entry.verb.as_str(), &path, &[("Content-Type", media)], body).await;
            assert_eq!(answer.status, status, "{} {media:?}", entry.operation);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_before_sending_is_refused_without_being_told_to_go_on() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    for entry in with_key().filter(|entry| takes_body(entry)) {
        let key = able(&host, &stock.here, entry).await;
        let ask = async |path: &str, media: &str| {
            let mut socket = TcpStream::connect(host.listen).await.expect("a connection");
            let head = format!(
                "{} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: {media}\r\n\
                 Content-Length: 2\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
                entry.verb.as_str(),
            );
            socket.write_all(head.as_bytes()).await.expect("sends");
            let mut begin = [0; 12];
            let _ = socket.read_exact(&mut begin).await.expect("an answer");
            String::from_utf8_lossy(&begin).into_owned()
        };
        let path = if has_id(entry) { stock.path(entry.template) } else { entry.template.to_owned() };
        if has_id(entry) {
            assert_eq!(ask(&at(entry, "x"), "application/json").await, "HTTP/1.1 400", "{}", entry.operation);
            assert_eq!(ask(&at(entry, NOBODY), "application/json").await, "HTTP/1.1 404");
        }
        assert_eq!(ask(&path, "text/plain").await, "HTTP/1.1 415", "{}", entry.operation);
        assert_eq!(ask(&path, "application/json").await, "HTTP/1.1 100", "{}", entry.operation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn request_ids_are_kept_when_they_are_ones() {
    let host = TestHost::start().await;
    let mut nobody = Client::new(host.listen, None);
    let longest = "x".repeat(128);
    for (sent, kept) in [
        ("a.B_9-", true),
        (&longest, true),
        ("a b", false),
        ("a/b", false),
        ("ž", false),
        (&format!("{longest}x"), false),
    ] {
        let answer = nobody.send("GET", "/jobs", &[("X-Request-Id", sent)], Bytes::new()).await;
        assert_eq!(answer.header("x-request-id") == Some(sent), kept, "{sent}");
        assert!(answer.header("x-request-id").is_some_and(|id| !id.is_empty()));
    }
    let json = nobody.get("/healthz").await.json();
    crate::table::assert_names(&json, &["success", "data", "error", "timestamp"]);
    crate::table::assert_moment(&json["timestamp"]);
}
