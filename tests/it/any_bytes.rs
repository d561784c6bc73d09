//! Any bytes as body, any method on any path, any headers: an answer, never a 500, never a hang.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use switchboard_tests::{Client, TestHost};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::stock::Stock;

/// An answer takes some milliseconds; a hang takes for ever.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);

/// Stands for the id of a resource that is there.
const REAL: &str = "/{id}";

fn path() -> impl Strategy<Value = String> {
    let noun = prop::sample::select(vec![
        "jobs",
        "candidates",
        "agents",
        "interviews",
        "company",
        "companies",
        "v1/jobs",
        "healthz",
    ]);
    let id = prop_oneof![
        Just(String::new()),
        Just("/01960e6a-7c00-7000-8000-000000000001".to_owned()),
        Just(REAL.to_owned()),
        "/[!-~&&[^#?]]{1,40}"
    ];
    let name = prop::sample::select(vec![
        "page",
        "limit",
        "after",
        "companyId",
        "status",
        "search",
        "dryRun",
        "jobId",
    ]);
    let value = prop_oneof!["[0-9]{1,12}", "[!-~&&[^#]]{0,30}", "(%[0-9a-f]{2}){0,8}"];
    let query = prop::collection::vec((name, value), 0..4);
    let known = (noun, id, query).prop_map(|(noun, id, query)| {
        let query: Vec<_> = query.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("/{noun}{id}?{}", query.join("&"))
    });
    prop_oneof![4 => known, 1 => "/[!-~&&[^#]]{0,60}"]
}

fn method() -> impl Strategy<Value = String> {
    prop_oneof![3 => Just("POST".to_owned()), 2 => Just("GET".to_owned()), 2 => Just("PATCH".to_owned()), 1 => "HEAD|OPTIONS|PUT|DELETE|TRACE|[A-Z]{1,12}"]
}

/// JSON that looks like what is expected, with anything for values.
fn json_body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "2026-04-[0-3][0-9]T[0-2][0-9]:00(Z|[+-]1?[0-9]:00)?".prop_map(Value::from),
        Just(json!("PHONE")),
    ];
    let names = vec![
        "name",
        "title",
        "description",
        "status",
        "salary",
        "min",
        "max",
        "settings",
        "callWindow",
        "start",
        "end",
        "days",
        "metadata",
        "candidate",
        "agent",
        "job",
        "candidateId",
        "agentId",
        "jobId",
        "jobIds",
        "scheduledAt",
        "scheduleTime",
        "isTest",
        "firstName",
        "phoneNumber",
        "email",
        "gdprExpiryDate",
        "type",
        "focus",
        "duration",
        "questions",
        "requiredSkills",
        "languageRequirements",
        "location",
        "companyPhoneNumberId",
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let member = (prop::sample::select(names.clone()), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            prop::collection::vec(member, 0..8).prop_map(|members| {
                Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
            }),
        ]
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => json_body().prop_map(|json| json.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => "[\\[{\",:}\\]0-9a-z\\\\]{0,300}".prop_map(String::into_bytes),
        1 => (1_usize..5000).prop_map(|depth| b"[".repeat(depth)),
    ]
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        prop::sample::select(vec![
            "content-type",
            "idempotency-key",
            "x-request-id",
            "x-forwarded-for",
            "accept",
            "if-match",
            "if-none-match",
            "authorization"
        ])
        .prop_map(str::to_owned),
        "x-[a-z]{1,10}",
    ];
    let value = prop_oneof![Just("application/json".to_owned()), "[ -~]{0,40}", Just("Bearer x".to_owned())];
    prop::collection::vec((name, value), 0..4)
}

fn stock_has(noun: &str) -> bool {
    ["/jobs", "/candidates", "/agents", "/interviews", "/company"].contains(&noun)
}

#[test]
fn any_request_has_an_answer_and_never_a_500() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (host, stock) = runtime.block_on(async {
        let host = TestHost::start().await;
        let stock = Stock::new(&host).await;
        (host, stock)
    });
    let here = &stock.here;
    let mut runner = TestRunner::new(Config { cases: 800, failure_persistence: None, ..Config::default() });
    let case = (any::<bool>(), method(), path(), headers(), body());
    let client = std::cell::RefCell::new([host.partner(&here.company_key), host.partner(&here.ats_key)]);
    let outcome = runner.run(&case, |(by_ats, method, path, headers, body)| {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.trim())).collect();
        let path = if by_ats { format!("{path}&companyId={}", here.company_id) } else { path };
        let path = match path.split_once(REAL) {
            // It is to be there for the next one too.
            Some(_) if method == "DELETE" => return Ok(()),
            Some((noun, rest)) if stock_has(noun) => {
                format!("{}{rest}", stock.path(&format!("{noun}{REAL}")))
            }
            Some(_) | None => path,
        };
        if path.parse::<hyper::Uri>().is_err() {
            return Ok(());
        }
        let client: &mut Client = &mut client.borrow_mut()[usize::from(by_ats)];
        let sent = client.send(&method, &path, &headers, body.into());
        let answer = runtime.block_on(async { tokio::time::timeout(ANSWERED_WITHIN, sent).await });
        let Ok(answer) = answer else { return Err(TestCaseError::fail("no answer")) };
        prop_assert!(answer.status < 500, "{} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
        prop_assert!(answer.header("x-request-id").is_some());
        if !answer.bytes.is_empty() && path != "/openapi.json" {
            prop_assert!(answer.json()["success"].is_boolean());
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let alive = runtime.block_on(async { host.partner(&here.company_key).get("/jobs").await.status });
    assert_eq!(alive, 200);
}

#[test]
fn any_bytes_on_the_socket_leave_the_server_alive() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (host, here) = runtime.block_on(async {
        let host = TestHost::start().await;
        let here = host.furnish().await;
        (host, here)
    });
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "(GET|POST) /[a-z]{0,9} HTTP/1\\.[01]\r\n([a-z-]{1,12}: ?[ -~]{0,20}\r\n){0,5}\r\n[ -~]{0,40}".prop_map(String::into_bytes),
        "POST /jobs HTTP/1\\.1\r\nhost: x\r\n(content-length: [0-9a-f-]{1,25}\r\n|transfer-encoding: [a-z, ]{1,12}\r\n){1,3}\r\n[0-9a-f\r\n]{0,40}".prop_map(String::into_bytes),
    ];
    let outcome = runner.run(&bytes, |bytes| {
        let ended = runtime.block_on(async {
            let talk = async {
                let mut stream = TcpStream::connect(host.listen).await?;
                stream.write_all(&bytes).await?;
                stream.shutdown().await?;
                let mut answer = Vec::new();
                // A reset is an answer too.
                let _ = stream.read_to_end(&mut answer).await;
                Ok::<_, std::io::Error>(answer)
            };
            tokio::time::timeout(ANSWERED_WITHIN, talk).await
        });
        let Ok(answer) = ended else { return Err(TestCaseError::fail("no end")) };
        let text = answer.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        prop_assert!(!text.starts_with("HTTP/1.1 5") && !text.starts_with("HTTP/1.0 5"), "{text}");
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let alive = runtime.block_on(async { host.partner(&here.company_key).get("/jobs").await.status });
    assert_eq!(alive, 200);
}
