//! Keys: who is let in, from where, how far, how often (contract §1).

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Client, Options, TestHost};

use crate::table::assert_refused;

const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";

/// A key made by an operator: its secret and its id.
async fn made(host: &TestHost, body: Value) -> (String, String) {
    let key = host.operate("POST", "/keys", body).await;
    let text = |name: &str| key[name].as_str().expect("a text").to_owned();
    (text("key"), text("id"))
}

fn message(error: &Value) -> &str {
    error["message"].as_str().expect("a message")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_let_in_is_told_no_more_than_the_contract_says() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let company =
        |more: Value| crate::table::with(&json!({ "kind": "company", "companyId": here.company_id }), &more);
    let (elsewhere, _) = made(&host, company(json!({ "allowedIPs": ["192.0.2.0/24"] }))).await;
    let (revoked, revoked_id) = made(&host, company(json!({}))).await;
    let _ = host.operate("POST", &format!("/keys/{revoked_id}/revoke"), json!({})).await;
    let unknown = format!("sk_live_{}", "a".repeat(32));
    let malformed = "sk_live_short".to_owned();
    let mut texts = Vec::new();
    for key in [None, Some(unknown), Some(malformed), Some(elsewhere), Some(revoked)] {
        let error =
            Client::new(host.listen, key.as_deref()).get("/jobs").await.refused(401, "INVALID_API_KEY");
        texts.push(error);
    }
    let (good, _) = made(&host, company(json!({}))).await;
    for header in [format!("Basic {good}"), good.clone(), format!("Bearer {good} x"), "Bearer".to_owned()] {
        let answer = Client::new(host.listen, None)
            .send("GET", "/jobs", &[("Authorization", &header)], bytes::Bytes::new())
            .await;
        texts.push(answer.refused(401, "INVALID_API_KEY"));
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert!(texts.iter().all(|error| *error == texts[0]), "one text for all: {texts:#?}");

    let expires = host.in_future(Duration::from_secs(600));
    let (short, _) = made(&host, company(json!({ "expiresAt": expires }))).await;
    let mut short = host.partner(&short);
    let _ = short.get("/jobs").await.expect(200);
    let _ = host.clock.advance(Duration::from_secs(601));
    let error = short.get("/jobs").await.refused(401, "INVALID_API_KEY");
    assert!(error != texts[0] && message(&error).contains("expired"), "{error:#}");

    let (key, id) = made(&host, company(json!({}))).await;
    let mut partner = host.partner(&key);
    let suspended =
        host.operate("POST", &format!("/keys/{id}/suspend"), json!({ "reason": "Unpaid bill" })).await;
    let error = partner.get("/jobs").await.refused(401, "API_KEY_SUSPENDED");
    assert_eq!(error["details"], json!({ "suspendedAt": suspended["suspendedAt"], "reason": "Unpaid bill" }));
    crate::table::assert_moment(&error["details"]["suspendedAt"]);
    let _ = host.operate("POST", &format!("/keys/{id}/resume"), json!({})).await;
    let _ = partner.get("/jobs").await.expect(200);
    let _ = host.operate("POST", &format!("/keys/{id}/revoke"), json!({})).await;
    assert_eq!(partner.get("/jobs").await.refused(401, "INVALID_API_KEY"), texts[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_the_sockets_unless_a_trusted_proxy_says_otherwise() {
    for (trusted, inside, outside) in [("", 401, 401), ("127.0.0.0/8", 200, 401), ("10.0.0.0/8", 401, 401)] {
        let settings = vec![("trusted_proxies", trusted.to_owned())];
        let host = TestHost::start_with(Options { settings, ..Options::default() }).await;
        let here = host.furnish().await;
        let body = json!({ "kind": "company", "companyId": here.company_id, "allowedIPs": ["198.51.100.7", "2001:db8::/32"] });
        let mut partner = host.partner(&made(&host, body).await.0);
        for (said, status) in [
            ("198.51.100.7", inside),
            ("203.0.113.1, 198.51.100.7", inside),
            ("2001:db8::1", inside),
            ("198.51.100.8", outside),
            ("198.51.100.7, 203.0.113.1", outside),
            ("junk", outside),
        ] {
            let answer =
                partner.send("GET", "/jobs", &[("X-Forwarded-For", said)], bytes::Bytes::new()).await;
            assert_eq!(answer.status, status, "{said} through {trusted:?}");
        }
        let local = json!({ "kind": "company", "companyId": here.company_id, "allowedIPs": ["127.0.0.1"] });
        let mut local = host.partner(&made(&host, local).await.0);
        let _ = local.get("/jobs").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_scopes_are_named_in_their_order() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let interviews = "/interviews";
    for (scopes, method, path, missing) in [
        (json!(["read:jobs"]), "POST", interviews, "write:interviews"),
        (json!(["write:interviews"]), "POST", interviews, "read:candidates"),
        (json!(["write:interviews", "read:agents"]), "POST", interviews, "read:candidates"),
        (json!(["write:interviews", "read:candidates"]), "POST", interviews, "read:agents"),
        (json!(["write:interviews"]), "GET", interviews, "read:interviews"),
        (json!(["read:interviews"]), "GET", "/interviews/x", "read:candidates"),
        (json!(["read:interviews", "read:candidates"]), "GET", "/interviews/x", "read:agents"),
        (json!(["read:candidates", "read:agents"]), "HEAD", interviews, "read:interviews"),
        (json!(["read:jobs"]), "POST", "/jobs", "write:jobs"),
        (json!(["write:jobs"]), "GET", "/jobs", "read:jobs"),
        (json!(["write:jobs"]), "GET", "/company", "read:companies"),
    ] {
        let body = json!({ "kind": "company", "companyId": here.company_id, "scopes": scopes });
        let mut partner = host.partner(&made(&host, body).await.0);
        let answer = partner.send(method, path, &[], bytes::Bytes::new()).await;
        assert_eq!(answer.status, 403, "{method} {path} with {scopes}");
        if method != "HEAD" {
            let error = answer.refused(403, "INSUFFICIENT_PERMISSIONS");
            assert_eq!(
                error["details"],
                json!({ "requiredScope": missing }),
                "{method} {path} with {scopes}"
            );
        }
    }
    for body in [json!({ "kind": "worker" }), json!({ "kind": "worker", "atsId": here.ats_id })] {
        let mut worker = host.partner(&made(&host, body).await.0);
        for path in ["/jobs", "/company", "/interviews"] {
            let _ = worker.get(path).await.refused(403, "INSUFFICIENT_PERMISSIONS");
            let _ = worker.post(path, &json!({})).await.refused(403, "INSUFFICIENT_PERMISSIONS");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ats_key_names_a_company_and_a_company_key_need_not() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let stranger = host.furnish().await;
    let (mut ats, mut company) = (host.partner(&here.ats_key), host.partner(&here.company_key));
    let what = json!(null);
    for path in ["/jobs", "/candidates", "/agents", "/interviews"] {
        let at = |id: &str| format!("{path}?companyId={id}");
        for reads in [true, false] {
            let mut ask = async |path: String| {
                if reads { ats.get(&path).await } else { ats.post(&path, &json!({ "title": 1 })).await }
            };
            assert_refused(&ask(path.to_owned()).await, "MISSING_REQUIRED_FIELD", &["companyId"], &what);
            assert_refused(&ask(at("x")).await, "VALIDATION_ERROR", &["companyId"], &what);
            assert_refused(
                &ask(format!("{}&companyId={}", at(&here.company_id), here.company_id)).await,
                "VALIDATION_ERROR",
                &["companyId"],
                &what,
            );
            let error = ask(at(NOBODY)).await.refused(404, "RESOURCE_NOT_FOUND");
            assert_eq!(error["details"], json!({ "resourceType": "Company", "resourceId": NOBODY }));
            let _ = ask(at(&stranger.company_id)).await.refused(403, "RESOURCE_ACCESS_DENIED");
        }
        let _ = ats.get(&at(&sibling.company_id)).await.expect(200);
        for ignored in ["x", NOBODY, &stranger.company_id, &sibling.company_id] {
            let _ = company.get(&at(ignored)).await.expect(200);
        }
    }
    let job = json!({ "title": "Driver", "description": "Drives a forklift." });
    let made = ats.post(&format!("/jobs?companyId={}", here.company_id), &job).await.expect(201);
    assert_eq!(made["companyId"], json!(here.company_id));
    let path = format!("/jobs/{}", made["id"].as_str().expect("an id"));
    let at = |company_id: &str| format!("{path}?companyId={company_id}");
    let _ = company.get(&path).await.expect(200);
    let _ = ats.get(&at(&here.company_id)).await.expect(200);
    assert_refused(&ats.get(&path).await, "MISSING_REQUIRED_FIELD", &["companyId"], &what);
    let error = ats.get(&at(&sibling.company_id)).await.refused(404, "RESOURCE_NOT_FOUND");
    assert_eq!(
        (&error["details"]["resourceType"], &error["details"]["resourceId"]),
        (&json!("Job"), &made["id"])
    );
    let _ = host.partner(&sibling.company_key).get(&path).await.refused(403, "RESOURCE_ACCESS_DENIED");
    let _ = host.partner(&stranger.company_key).get(&path).await.refused(403, "RESOURCE_ACCESS_DENIED");
    let path = at(&stranger.company_id);
    let _ = host.partner(&stranger.ats_key).get(&path).await.refused(403, "RESOURCE_ACCESS_DENIED");
    assert_refused(&ats.get("/jobs/x?companyId=y").await, "VALIDATION_ERROR", &["id", "companyId"], &what);
}

#[tokio::test(flavor = "multi_thread")]
async fn test_keys_are_of_test_atss_only() {
    let host = TestHost::start().await;
    for (mode, prefix) in [("live", "sk_live_"), ("test", "sk_test_")] {
        let ats = host.operate("POST", "/ats", json!({ "name": format!("A {mode}"), "mode": mode })).await;
        let here = host.furnish_company(ats["id"].as_str().expect("an id").to_owned()).await;
        for key in [&here.ats_key, &here.company_key] {
            let rest = key.strip_prefix(prefix).unwrap_or_else(|| panic!("{mode}: another prefix"));
            assert!(rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        }
        let swapped = if mode == "live" {
            here.ats_key.replace("live", "test")
        } else {
            here.ats_key.replace("test", "live")
        };
        let _ = host.partner(&swapped).get("/company").await.refused(401, "INVALID_API_KEY");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_are_counted_in_fixed_windows_and_told() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let company =
        |more: Value| crate::table::with(&json!({ "kind": "company", "companyId": here.company_id }), &more);
    let mut partner =
        host.partner(&made(&host, company(json!({ "ratePerMinute": 3, "ratePerHour": 5 }))).await.0);
    let now = host.now().unix_millis() / 1000;
    let (minute, hour) = ((now / 60 + 1) * 60, (now / 3600 + 1) * 3600);
    let number = |answer: &switchboard_tests::Answer, name: &str| -> Option<i64> {
        answer.header(&format!("x-ratelimit-{name}")).map(|text| text.parse().expect("a number"))
    };
    // Every answer to a known key tells, refusals too.
    for (path, status, left) in [("/jobs", 200, 2), ("/jobs/x", 400, 1), ("/company", 200, 0)] {
        let answer = partner.get(path).await;
        assert_eq!(answer.status, status);
        assert_eq!((number(&answer, "limit-minute"), number(&answer, "limit-hour")), (Some(3), Some(5)));
        assert_eq!(
            (number(&answer, "remaining-minute"), number(&answer, "remaining-hour")),
            (Some(left), Some(left + 2))
        );
        assert_eq!(
            (number(&answer, "reset-minute"), number(&answer, "reset-hour")),
            (Some(minute), Some(hour))
        );
    }
    for _ in 0..3 {
        let answer = partner.get("/jobs").await;
        let error = answer.refused(429, "RATE_LIMIT_EXCEEDED");
        let wait = error["details"]["retryAfter"].as_i64().expect("seconds");
        assert!((1..=60).contains(&wait));
        assert_eq!(answer.header("retry-after"), Some(wait.to_string().as_str()));
        assert_eq!(
            (number(&answer, "remaining-minute"), number(&answer, "remaining-hour")),
            (Some(0), Some(2))
        );
    }
    let _ = host.clock.advance(Duration::from_secs(60));
    let _ = partner.get("/jobs").await.expect(200);
    assert_eq!(
        number(&partner.get("/jobs").await, "remaining-hour"),
        Some(0),
        "refused requests do not count"
    );
    let _ = host.clock.advance(Duration::from_secs(60));
    let answer = partner.get("/jobs").await;
    let wait = answer.refused(429, "RATE_LIMIT_EXCEEDED")["details"]["retryAfter"].as_i64().expect("seconds");
    assert!(wait > 60, "the hour is full: {wait}");
    let _ = host.clock.advance(Duration::from_secs(3600));
    let _ = partner.get("/jobs").await.expect(200);

    let answer = host.partner(&made(&host, company(json!({}))).await.0).get("/jobs").await;
    assert_eq!((number(&answer, "limit-minute"), number(&answer, "limit-hour")), (Some(60), Some(2000)));
    let answer =
        host.partner(&made(&host, company(json!({ "ratePerMinute": 0 }))).await.0).get("/jobs").await;
    assert_eq!(
        (number(&answer, "limit-minute"), number(&answer, "reset-minute"), number(&answer, "limit-hour")),
        (None, None, Some(2000))
    );
    let answer = host.partner(&here.company_key).get("/jobs").await;
    assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("x-ratelimit")));
}
