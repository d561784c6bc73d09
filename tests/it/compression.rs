//! Large answers as gzip, for those who take it: the same content, its own tag, the same headers for HEAD.

use std::io::Read;

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use switchboard_tests::{Answer, Client, Scene, TestHost};

async fn get(client: &mut Client, method: &str, path: &str, accepts: Option<&str>) -> Answer {
    let headers = accepts.map(|accepts| ("Accept-Encoding", accepts));
    client.send(method, path, headers.as_slice(), Bytes::new()).await
}

fn unpacked(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert_eq!(answer.header("content-length"), Some(answer.bytes.len().to_string().as_str()));
    let mut plain = Vec::new();
    GzDecoder::new(&answer.bytes[..]).read_to_end(&mut plain).expect("gzip");
    serde_json::from_slice(&plain).expect("JSON")
}

/// Without the moment of the answer.
fn content(mut body: Value) -> Value {
    if let Some(body) = body.as_object_mut() {
        body.remove("timestamp");
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_packed_for_those_who_take_it() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let text = "Drives a forklift in a warehouse of fruit. ";
    // One page is packed where it is served, the other beside.
    for number in 0..60 {
        let body = json!({ "title": format!("Job {number:03}"), "description": text.repeat(40) });
        let _ = scene.partner(&host).post("/jobs", &body).await.expect(201);
    }
    for path in ["/jobs", "/jobs?limit=60", "/openapi.json"] {
        for is_http2 in [false, true] {
            let mut client = scene.partner(&host);
            if is_http2 {
                client = client.http2();
            }
            let plain = get(&mut client, "GET", path, None).await;
            assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
            assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
            let packed = get(&mut client, "GET", path, Some("br;q=1.0, gzip;q=0.8, *;q=0.1")).await;
            assert_eq!(content(unpacked(&packed)), content(plain.json()), "{path}");
            assert_eq!(packed.header("vary"), Some("Accept-Encoding"));
            assert!(packed.bytes.len() * 4 < plain.bytes.len(), "{path}: {}", packed.bytes.len());
            for refuses in ["identity", "gzip;q=0", "gzip;q=0, *;q=1", "br", "", "identity;q=0, gzip;q=0"] {
                let answer = get(&mut client, "GET", path, Some(refuses)).await;
                assert_eq!((answer.status, answer.header("content-encoding")), (200, None), "{refuses}");
                assert_eq!(answer.bytes.len(), plain.bytes.len());
            }
            for accepts in [None, Some("gzip")] {
                let got = get(&mut client, "GET", path, accepts).await;
                let headed = get(&mut client, "HEAD", path, accepts).await;
                assert_eq!((headed.status, headed.bytes.len()), (200, 0));
                for name in ["content-type", "content-encoding", "vary", "etag", "cache-control"] {
                    assert_eq!(headed.header(name), got.header(name), "{path} {name}");
                }
                // A packed page differs by some bytes from one moment to the next.
                let length = |answer: &Answer| answer.header("content-length").map(str::to_owned);
                if accepts.is_none() || path == "/openapi.json" {
                    assert_eq!(length(&headed), length(&got), "{path}");
                } else {
                    assert!(length(&headed).is_some());
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_answers_and_empty_ones_stay_as_they_are() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let job = scene.job(&host, "Forklift driver", Value::Null).await;
    let mut client = scene.partner(&host);
    for (method, path) in [
        ("GET", format!("/jobs/{job}")),
        ("GET", "/jobs".to_owned()),
        ("GET", "/jobs/x".to_owned()),
        ("OPTIONS", "/jobs".to_owned()),
        ("GET", "/healthz".to_owned()),
    ] {
        let answer = get(&mut client, method, &path, Some("gzip, identity;q=0")).await;
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), (None, None), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_resource_has_a_tag_of_its_own_that_every_condition_knows() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let path = format!("/agents/{}", scene.agent_id);
    let mut partner = scene.partner(&host);
    let instructions = json!({ "instructions": "Be kind. ".repeat(1_000) });
    let patch = Bytes::from(instructions.to_string());
    assert_eq!(partner.send("PATCH", &path, &[], patch).await.status, 200);
    let tag = |answer: &Answer| answer.header("etag").expect("a tag").to_owned();
    let plain = get(&mut partner, "GET", &path, None).await;
    let packed = get(&mut partner, "GET", &path, Some("gzip")).await;
    assert_eq!(content(unpacked(&packed)), content(plain.json()));
    let (plain, packed) = (tag(&plain), tag(&packed));
    assert_ne!(plain, packed, "other bytes, another strong tag");
    for known in [&plain, &packed] {
        for accepts in ["gzip", "identity"] {
            let headers = [("If-None-Match", known.as_str()), ("Accept-Encoding", accepts)];
            let unchanged = partner.send("GET", &path, &headers, Bytes::new()).await;
            assert_eq!((unchanged.status, unchanged.bytes.len()), (304, 0), "{known} {accepts}");
            assert_eq!(&tag(&unchanged), known, "the tag of the bytes that the caller has");
            let headed = partner.send("HEAD", &path, &headers, Bytes::new()).await;
            assert_eq!((headed.status, headed.header("content-length")), (304, None));
            assert_eq!(&tag(&headed), known);
        }
    }
    for known in [packed.as_str(), "\"7-gzip\""] {
        let headers = [("If-Match", known), ("Accept-Encoding", "gzip")];
        let body = Bytes::from_static(b"{\"name\": \"Another\"}");
        let changed = partner.send("PATCH", &path, &headers, body).await;
        if known == packed {
            assert_eq!((changed.status, changed.header("content-encoding")), (200, Some("gzip")));
            assert!(tag(&changed).ends_with("-gzip\"") && tag(&changed) != packed);
        } else {
            let _ = changed.refused(412, "PRECONDITION_FAILED");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_get_it_too() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    for _ in 0..30 {
        let _ = host.key(json!({ "kind": "company", "companyId": here.company_id })).await;
    }
    let mut operator = host.operator();
    let plain = get(&mut operator, "GET", "/keys", None).await;
    let packed = get(&mut operator, "GET", "/keys", Some("gzip")).await;
    assert_eq!(unpacked(&packed), plain.json());
}
