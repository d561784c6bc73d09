//! What one address may ask before anybody looks at its key.

use std::time::Duration;

use bytes::Bytes;
use switchboard_tests::{Answer, Client, Options, Scene, TestHost};

/// The test's own address is a proxy, so that requests can come from anywhere.
async fn host(requests: &str, failures: &str) -> TestHost {
    let settings = vec![
        ("trusted_proxies", "127.0.0.1".to_owned()),
        ("limits.address_requests_per_minute", requests.to_owned()),
        ("limits.address_failures_per_minute", failures.to_owned()),
    ];
    TestHost::start_with(Options { settings, ..Options::default() }).await
}

async fn ask(client: &mut Client, path: &str, from: &str) -> Answer {
    client.send("GET", path, &[("X-Forwarded-For", from)], Bytes::new()).await
}

/// To the beginning of a minute, so that none ends within the test.
fn begin_a_minute(host: &TestHost) {
    let into_it = host.now().unix_millis().rem_euclid(60_000);
    let left = u64::try_from(60_000 - into_it).expect("not negative");
    let _ = host.clock.advance(Duration::from_millis(left));
}

fn assert_refused(answer: &Answer) {
    let error = answer.refused(429, "RATE_LIMIT_EXCEEDED");
    let seconds: i64 = answer.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(error["details"]["retryAfter"], seconds);
    let of_a_key = answer.headers.keys().find(|name| name.as_str().starts_with("x-ratelimit-"));
    assert_eq!(of_a_key, None, "it says nothing of a key");
    assert_eq!(answer.header("www-authenticate"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_counted_and_then_nobody_of_the_address_is_let_in() {
    let host = host("0", "3").await;
    let scene = Scene::new(&host).await;
    let mut partner = scene.partner(&host);
    begin_a_minute(&host);
    let mut stranger = Client::new(host.listen, Some(&format!("sk_live_{}", "x".repeat(32))));
    let here = "203.0.113.9";
    for _ in 0..3 {
        assert_eq!(ask(&mut partner, "/jobs", here).await.status, 200);
        let _ = ask(&mut stranger, "/jobs", here).await.refused(401, "INVALID_API_KEY");
    }
    assert_refused(&ask(&mut stranger, "/jobs", here).await);
    assert_refused(&ask(&mut partner, "/jobs", here).await);
    assert_refused(&ask(&mut partner, "/nowhere", here).await);
    assert_eq!(ask(&mut stranger, "/healthz", here).await.status, 200, "health is for everybody");
    assert_eq!(ask(&mut partner, "/jobs", "203.0.113.10").await.status, 200, "another address");
    let refused = r#"switchboard_http_refused_total{reason="address_failures"}"#;
    assert_eq!(host.metric(refused).await, 3);
    let _ = host.clock.advance(Duration::from_secs(60));
    assert_eq!(ask(&mut partner, "/jobs", here).await.status, 200, "the next minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_no_key_or_a_known_one_guesses_nothing() {
    let host = host("0", "1").await;
    let scene = Scene::new(&host).await;
    begin_a_minute(&host);
    let here = "203.0.113.9";
    let body = serde_json::json!({ "kind": "company", "companyId": scene.furnished.company_id });
    let key = host.operate("POST", "/keys", body).await;
    let id = key["id"].as_str().expect("an id");
    let reason = serde_json::json!({ "reason": "unpaid" });
    let _ = host.operate("POST", &format!("/keys/{id}/suspend"), reason).await;
    let mut suspended = Client::new(host.listen, key["key"].as_str());
    let mut nobody = Client::new(host.listen, None);
    for _ in 0..5 {
        let _ = ask(&mut nobody, "/jobs", here).await.refused(401, "INVALID_API_KEY");
        let _ = ask(&mut suspended, "/jobs", here).await.refused(401, "API_KEY_SUSPENDED");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_requests_are_counted_and_a_block_of_ipv6_is_one_address() {
    let host = host("3", "0").await;
    let scene = Scene::new(&host).await;
    begin_a_minute(&host);
    let mut partner = scene.partner(&host);
    for path in ["/jobs", "/nowhere", "/openapi.json"] {
        assert_ne!(ask(&mut partner, path, "2001:db8::1").await.status, 429, "{path}");
    }
    assert_refused(&ask(&mut partner, "/openapi.json", "2001:db8::ffff").await);
    assert_eq!(ask(&mut partner, "/jobs", "2001:db8:0:1::1").await.status, 200);
    // What somebody says of himself through a proxy is not believed.
    assert_refused(&ask(&mut partner, "/jobs", "198.51.100.1, 2001:db8::2").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_a_stranger_changes_nothing_and_the_bound_is_taken_in_while_serving() {
    let settings = |requests: &str| vec![("limits.address_requests_per_minute", requests.to_owned())];
    let host = TestHost::start_with(Options { settings: settings("0"), ..Options::default() }).await;
    let scene = Scene::new(&host).await;
    begin_a_minute(&host);
    let mut partner = scene.partner(&host);
    assert_eq!(host.reload(settings("2")), None);
    for number in 0..2 {
        assert_eq!(ask(&mut partner, "/jobs", &format!("203.0.113.{number}")).await.status, 200);
    }
    assert_refused(&ask(&mut partner, "/jobs", "203.0.113.77").await);
    assert_eq!(host.reload(settings("0")), None);
    assert_eq!(ask(&mut partner, "/jobs", "203.0.113.77").await.status, 200);
}
