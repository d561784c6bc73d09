//! The route table, walked from outside: every route meets every refusal in the order of contract §1. A route
//! that is added is walked without being named here.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::http::BODY_BYTES_MAX;
use switchboard::http::route::{Access, Entry, Route, Verb};
use switchboard_tests::{Answer, Client, Furnished, TestHost};

use crate::table::assert_refused;

const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";

fn at(entry: &Entry, id: &str) -> String {
    entry.template.replace("{id}", id).replace("{attemptId}", id)
}

fn has_id(entry: &Entry) -> bool {
    entry.template.contains("{id}")
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

/// A key that may call this route.
async fn able(host: &TestHost, here: &Furnished, entry: &Entry) -> String {
    match entry.access {
        Access::AtsKey => here.ats_key.clone(),
        Access::Partner | Access::Public => here.company_key.clone(),
        Access::Worker => host.key(json!({ "kind": "worker" })).await,
    }
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
            .map(|other| other.verb)
            .collect();
        for path in &paths {
            // Route and method come before credentials.
            let all = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"].into_iter();
            for method in all.filter(|method| verbs.iter().all(|verb| verb.as_str() != *method)) {
                let answer = nobody.send(method, path, &[], Bytes::new()).await;
                let _ = answer.refused(405, "METHOD_NOT_ALLOWED");
                let allow = answer.header("allow").expect("Allow");
                for verb in &verbs {
                    assert!(allow.split(", ").any(|allowed| allowed == verb.as_str()), "{path}: {allow}");
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
        let _ = nobody
            .send(entry.verb.as_str(), &format!("{bare}/x/y/z"), &[], Bytes::new())
            .await
            .refused(404, "ROUTE_NOT_FOUND");
        let _ = nobody
            .send(entry.verb.as_str(), &format!("/v2{bare}"), &[], Bytes::new())
            .await
            .refused(404, "ROUTE_NOT_FOUND");
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
    let (suspended, id) = key(&host, body.clone()).await;
    let _ = host.operate("POST", &format!("/keys/{id}/suspend"), json!({ "reason": "r" })).await;
    let _ = host.clock.advance(Duration::from_secs(61));
    // One request of this key is counted; the next ones are refused before their scope is looked at.
    let (counted, _) =
        key(&host, with(json!({ "scopes": ["read:billing"], "ratePerHour": 1, "ratePerMinute": 0 }))).await;
    let _ = host.partner(&counted).get("/jobs").await.refused(403, "INSUFFICIENT_PERMISSIONS");
    let (scopeless, _) =
        key(&host, with(json!({ "scopes": ["read:billing"], "ratePerHour": 0, "ratePerMinute": 0 }))).await;
    let stranger = format!("sk_live_{}", "x".repeat(32));
    for entry in with_key() {
        // Everything else is wrong too: id, query, media type, body.
        let path = format!("{}?companyId=x&page=0&dryRun=7", at(entry, "x"));
        let headers = [("Content-Type", "text/plain"), ("Idempotency-Key", "a b")];
        let ask = async |key: Option<&str>| {
            let mut client = Client::new(host.listen, key);
            client.send(entry.verb.as_str(), &path, &headers, Bytes::from_static(b"{")).await
        };
        let _ = ask(None).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&stranger)).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&expired)).await.refused(401, "INVALID_API_KEY");
        let _ = ask(Some(&suspended)).await.refused(401, "API_KEY_SUSPENDED");
        let _ = ask(Some(&counted)).await.refused(429, "RATE_LIMIT_EXCEEDED");
        let error = ask(Some(&scopeless)).await.refused(403, "INSUFFICIENT_PERMISSIONS");
        let wanted = entry.scopes.first().map_or("worker", |scope| scope.as_str());
        assert_eq!(error["details"]["requiredScope"], wanted, "{}", entry.operation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_come_before_bodies_and_bodies_in_their_order() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let oversized = Bytes::from(vec![b' '; BODY_BYTES_MAX + 1]);
    for entry in with_key() {
        let what = json!(entry.operation);
        let mut client = host.partner(&able(&host, &here, entry).await);
        if has_id(entry) {
            for malformed in
                ["x", "01960e6a-7c00-7000-8000-00000000000", "%00", "01960e6a7c0070008000000000000001"]
            {
                let ids =
                    if entry.template.contains("{attemptId}") { &["attemptId", "id"][..] } else { &["id"] };
                let answer = send(&mut client, entry, &at(entry, malformed)).await;
                assert_refused(&answer, "VALIDATION_ERROR", ids, &what);
            }
            let error = send(&mut client, entry, &at(entry, NOBODY)).await.refused(404, "RESOURCE_NOT_FOUND");
            assert_eq!(error["details"]["resourceId"], NOBODY, "{what}");
        }
        // A claim needs no body.
        if entry.verb != Verb::Post || has_id(entry) || entry.access == Access::Worker {
            continue;
        }
        let path = at(entry, NOBODY);
        let mut ask = async |path: &str, media: &str, body: Bytes| {
            client.send("POST", path, &[("Content-Type", media)], body).await
        };
        for media in ["text/plain", "application/xml", "application/json; charset=latin1", ""] {
            let answer = ask(&path, media, oversized.clone()).await;
            let _ = answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        let _ = ask(&path, "application/json", oversized.clone()).await.refused(413, "BODY_TOO_LARGE");
        let largest = Bytes::from([b"{}".to_vec(), vec![b' '; BODY_BYTES_MAX - 2]].concat());
        let _ = ask(&path, "application/json; charset=utf-8", largest)
            .await
            .refused(400, "MISSING_REQUIRED_FIELD");
        for (text, line, column) in [
            ("", 1, 1),
            ("{\"é\": x}", 1, 7),
            ("{\n\"a\": 1,\n}", 3, 1),
            ("{} {}", 1, 4),
            ("\u{feff}{}", 1, 1),
        ] {
            let error = ask(&path, "application/json", Bytes::from(text)).await.refused(400, "INVALID_JSON");
            assert_eq!(
                (&error["details"]["line"], &error["details"]["column"]),
                (&json!(line), &json!(column)),
                "{what} {text:?}"
            );
        }
        assert_refused(
            &ask(&path, "application/json", Bytes::from("[]")).await,
            "VALIDATION_ERROR",
            &["body"],
            &what,
        );
        // An ATS key's company is looked at before the body.
        if entry.access == Access::Partner {
            let mut ats = host.partner(&here.ats_key);
            let answer = ats.send("POST", &path, &[("Content-Type", "text/plain")], oversized.clone()).await;
            assert_refused(&answer, "MISSING_REQUIRED_FIELD", &["companyId"], &what);
            let answer = ats
                .send(
                    "POST",
                    &format!("{path}?companyId={NOBODY}"),
                    &[("Content-Type", "text/plain")],
                    oversized.clone(),
                )
                .await;
            let _ = answer.refused(404, "RESOURCE_NOT_FOUND");
        }
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
