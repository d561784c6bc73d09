//! The page of a document in a real browser: it renders every operation, tries requests, and loads nothing from
//! elsewhere.

pub(crate) mod browser;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard_tests::document::{Contract, Listener};
use switchboard_tests::{Client, TestHost};

use browser::{Browser, Page};

/// `#operations-Jobs-listJobs`, as the page names the block of an operation.
fn block(document: &Value, operation_id: &str) -> String {
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.values().flat_map(|path| path.as_object().expect("operations").values());
    let operation = operations.into_iter().find(|operation| operation["operationId"] == operation_id);
    let tag = operation.unwrap_or_else(|| panic!("there is no {operation_id}"))["tags"][0].clone();
    format!("#operations-{}-{operation_id}", tag.as_str().expect("a tag").replace(' ', "_"))
}

/// Opens the page, waits until every operation is there, and gives it a secret.
fn open(browser: &mut Browser, address: &str, document: &Value, secret: &str) -> Page {
    let mut page = browser.open(&format!("http://{address}/docs"));
    let paths = document["paths"].as_object().expect("paths");
    let operations: usize = paths.values().map(|path| path.as_object().expect("operations").len()).sum();
    page.until(&format!("document.querySelectorAll('.opblock').length === {operations}"));
    page.until(&format!("document.title === {}", document["info"]["title"]));
    page.click(".btn.authorize");
    page.fill(".auth-container input", secret);
    page.click(".auth-btn-wrapper .authorize");
    page.click(".auth-btn-wrapper .btn-done");
    page
}

/// Unfolds an operation, fills in parameters, sends it, and gives the status and the body that are shown.
fn try_out(page: &mut Page, block: &str, parameters: &[(&str, &str)]) -> (String, String) {
    page.click(&format!("{block} .opblock-summary-control"));
    for (name, value) in parameters {
        page.fill(&format!("{block} tr[data-param-name='{name}'] input"), value);
    }
    page.click(&format!("{block} .btn.execute"));
    let shown = format!("{block} .live-responses-table tbody .response-col_status");
    page.until(&format!("/^[0-9]{{3}}/.test(document.querySelector(\"{shown}\")?.textContent.trim() ?? '')"));
    let status = page.text(&shown);
    (status, page.text(&format!("{block} .live-responses-table .highlight-code code")))
}

/// What the page did was within its policy and with its own server alone.
fn assert_alone(page: &mut Page, address: &str) {
    assert_eq!(page.violations(), json!([]), "its own policy forbids what it does");
    assert_eq!(page.failures(), Vec::<String>::new());
    let requests = page.requests();
    let own = format!("http://{address}/");
    let elsewhere = |url: &&String| !url.starts_with(&own) && !url.starts_with("data:");
    assert_eq!(requests.iter().filter(elsewhere).collect::<Vec<_>>(), Vec::<&String>::new());
    assert!(4 < requests.len(), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_read_and_try_the_api_in_a_browser() {
    let Some(mut browser) = Browser::find() else { return };
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let document = Contract::of(Listener::Partners).document();
    let address = host.listen.to_string();
    tokio::task::block_in_place(|| {
        let mut page = open(&mut browser, &address, document, &here.company_key);
        // The example of the body is filled in already.
        let (status, body) = try_out(&mut page, &block(document, "createJob"), &[]);
        assert!(status.starts_with("201") && body.contains("Forklift driver"), "{status} {body}");
        let list = block(document, "listJobs");
        let (status, body) = try_out(&mut page, &list, &[("limit", "1"), ("search", "forklift")]);
        assert!(status.starts_with("200") && body.contains("\"total\": 1"), "{status} {body}");
        let (status, body) = try_out(&mut page, &block(document, "createCompany"), &[]);
        assert!(status.starts_with("403") && body.contains("write:companies"), "{status} {body}");
        assert_alone(&mut page, &address);
    });
    let jobs = host.partner(&here.company_key).get("/jobs").await.expect(200);
    assert_eq!(jobs["data"][0]["title"], "Forklift driver");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_have_the_same_page_for_theirs() {
    let Some(mut browser) = Browser::find() else { return };
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let document = Contract::of(Listener::Operators).document();
    let address = host.admin.to_string();
    tokio::task::block_in_place(|| {
        let mut page = open(&mut browser, &address, document, &host.token);
        let (status, body) = try_out(&mut page, &block(document, "listAtss"), &[]);
        assert!(status.starts_with("200") && body.contains(&here.ats_id), "{status} {body}");
        assert_alone(&mut page, &address);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_its_files_say_what_they_are() {
    let host = TestHost::start().await;
    for address in [host.listen, host.admin] {
        let mut nobody = Client::new(address, None);
        let page = nobody.get("/docs").await;
        assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
        let policy = page.header("content-security-policy").expect("a policy");
        for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.split("; ").any(|found| found == part), "{policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        let script = "/docs/swagger-ui-bundle.js";
        let packed = nobody.send("GET", script, &[("Accept-Encoding", "gzip")], Bytes::new()).await;
        assert_eq!((packed.status, packed.header("content-encoding")), (200, Some("gzip")));
        assert!(packed.bytes.len() < 600_000, "{} bytes", packed.bytes.len());
        let known = [("Accept-Encoding", "gzip"), ("If-None-Match", packed.header("etag").expect("a tag"))];
        assert_eq!(nobody.send("GET", script, &known, Bytes::new()).await.status, 304);
        let plain = nobody.get(script).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
        assert_eq!(plain.header("content-type"), Some("text/javascript; charset=utf-8"));
        let _ = nobody.get("/docs/none.js").await.refused(404, "ROUTE_NOT_FOUND");
    }
}

/// A page that takes longer than this is broken.
const PATIENCE: Duration = Duration::from_secs(60);
