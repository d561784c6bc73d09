//! Plugins as an operator pushes and finds them.

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use switchboard_tests::{Answer, TestHost, wasm};

const WASM: [(&str, &str); 1] = [("Content-Type", "application/wasm")];

async fn push(host: &TestHost, name: &str, bytes: Bytes) -> Answer {
    host.operator().send("POST", &format!("/plugins?name={name}"), &WASM, bytes).await
}

async fn show(host: &TestHost, reference: &str) -> Answer {
    host.operator().get(&format!("/plugins/{reference}")).await
}

/// As `north`; what is told of it from then on.
async fn push_and_show(host: &TestHost, bytes: Bytes) -> Value {
    let mut pushed = push(host, "north", bytes).await.json();
    pushed.as_object_mut().expect("an object").remove("scenarios").expect("a push tells of them");
    pushed
}

fn component(text: &str) -> Bytes {
    wat::parse_str(text).expect("a component's text").into()
}

fn digest(bytes: &[u8]) -> String {
    let hex = Sha256::digest(bytes).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    format!("sha256:{hex}")
}

#[tokio::test]
async fn a_push_answers_with_what_was_admitted_and_the_same_bytes_are_the_same_version() {
    let host = TestHost::start().await;
    let bytes = wasm("northstar");
    let pushed = push(&host, "northstar", bytes.clone()).await;
    assert_eq!(pushed.status, 201, "{}", String::from_utf8_lossy(&pushed.bytes));
    let pushed = pushed.json();
    assert_eq!(pushed["plugin"], "northstar");
    assert_eq!(pushed["version"], digest(&bytes));
    assert_eq!(pushed["policies"], json!(["job-resolution"]));
    assert_eq!(pushed["wit"], "0.1.0");
    assert_eq!(pushed["sizeBytes"], json!(bytes.len()));
    assert!(0 < pushed["compileMs"].as_u64().expect("a number"), "{pushed:#}");

    let again = push(&host, "northstar", bytes).await;
    assert!(again.is_success());
    let mut again = again.json();
    again["pushedAt"] = pushed["pushedAt"].clone();
    assert_eq!(again, pushed, "nothing was made anew");
    let named = |list: &Value, name: &str| {
        list.as_array().expect("a list").iter().filter(|one| one["plugin"] == name).count()
    };
    let list = host.operate("GET", "/plugins", Value::Null).await;
    assert_eq!((named(&list, "northstar"), named(&list, "standard")), (1, 1), "{list:#}");
    let standard = show(&host, "standard").await.json();
    let all = ["job-resolution", "call-scheduling", "billing", "owner-onboarding"];
    assert_eq!(standard["policies"], json!(all));
}

/// A component, and one that does the same, whose digests begin with the same letter.
fn two_of_one_letter() -> (Bytes, Bytes) {
    let plain = wasm("northstar");
    let first = |bytes: &[u8]| digest(bytes)["sha256:".len()..].chars().next();
    // A custom section of one byte of name and one of content, which says nothing to anybody.
    let padded = |content: u8| Bytes::from([plain.as_ref(), &[0, 3, 1, b'x', content]].concat());
    let twin = (0..=u8::MAX).map(padded).find(|padded| first(padded) == first(&plain));
    (plain.clone(), twin.expect("one of 256"))
}

#[tokio::test]
async fn a_version_is_found_by_name_digest_and_the_beginning_of_one() {
    let host = TestHost::start().await;
    let (northstar, padded) = two_of_one_letter();
    let old = push_and_show(&host, northstar).await;
    assert!(host.clock.advance(std::time::Duration::from_secs(1)));
    let new = push_and_show(&host, padded).await;
    assert_eq!(show(&host, "north").await.json(), new, "the latest push");
    let (old_version, new_version) = (text(&old["version"]), text(&new["version"]));
    let hex = old_version.trim_start_matches("sha256:");
    for reference in [old_version, hex, &hex[..12], &format!("sha256:{}", &hex[..12])] {
        let found = show(&host, &format!("north@{reference}")).await;
        assert_eq!(found.status, 200, "{reference}: {}", String::from_utf8_lossy(&found.bytes));
        assert_eq!(found.json(), old, "{reference}");
    }
    // One letter less than what tells the two apart.
    let shared = old_version.bytes().zip(new_version.bytes()).take_while(|(a, b)| a == b).count();
    let ambiguous = show(&host, &format!("north@{}", &old_version[..shared])).await.refused(409, "REFUSED");
    assert!(text(&ambiguous["message"]).contains("2 versions"), "{ambiguous:#}");
    for stranger in ["nobody", "north@sha256:", "north@", "north@xyz", "north@00000000000000000000"] {
        let refused = show(&host, stranger).await.refused(404, "RESOURCE_NOT_FOUND");
        assert_eq!(refused["details"]["resourceId"], stranger);
    }
}

#[tokio::test]
async fn the_wit_of_a_stored_version_is_its_world_with_the_packages_it_speaks_of() {
    let host = TestHost::start().await;
    let old = push(&host, "north", wasm("northstar")).await.json();
    assert!(host.clock.advance(std::time::Duration::from_secs(1)));
    let new = push(&host, "north", wasm("granite")).await.json();
    let wit = async |reference: &str| {
        let path = format!("/plugins/{reference}/wit");
        let told = host.operate("GET", &path, Value::Null).await;
        assert_eq!(told["plugin"], reference.split('@').next().expect("a name"));
        (text(&told["version"]).to_owned(), text(&told["text"]).to_owned())
    };
    let (version, told) = wit(&format!("north@{}", text(&old["version"]))).await;
    assert_eq!(version, old["version"]);
    let world = "package root:component;\n\nworld root {\n  import switchboard:log/log@0.1.0;\n\n  \
                 export switchboard:job-resolution/policy@0.1.0;\n}\n";
    assert!(told.starts_with(world), "{told}");
    for part in [
        "package switchboard:log@0.1.0 {",
        "package switchboard:job-resolution@0.1.0 {",
        "decide: func(facts: facts, settings: string) -> decision;",
        "record assigned-job {",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    let (version, newest) = wit("north").await;
    assert_eq!(version, new["version"], "without a version, the latest push");
    assert!(newest.contains("export switchboard:billing/policy@0.1.0;"), "{newest}");
    assert!(!newest.contains("job-resolution"), "{newest}");
    let (_, standard) = wit("standard").await;
    for policy in ["job-resolution", "call-scheduling", "billing", "owner-onboarding"] {
        assert!(standard.contains(&format!("export switchboard:{policy}/policy@0.1.0;")), "{standard}");
    }
    for stranger in ["nobody", "north@00000000000000000000"] {
        let refused = show(&host, &format!("{stranger}/wit")).await.refused(404, "RESOURCE_NOT_FOUND");
        assert_eq!(refused["details"]["resourceId"], stranger);
    }
}

#[tokio::test]
async fn the_embedded_plugins_name_and_bad_names_are_refused() {
    let host = TestHost::start().await;
    let long = "x".repeat(65);
    let cases =
        [("standard", "embedded"), ("Northstar", "a-z"), ("-x", "begin"), (&long, "64"), ("a%20b", "a-z")];
    for (name, expected) in cases {
        let refused = push(&host, name, wasm("northstar")).await.refused(400, "VALIDATION_ERROR");
        let field = &refused["details"]["fields"][0];
        assert_eq!(field["path"], "name", "{refused:#}");
        assert!(text(&field["message"]).contains(expected), "{refused:#}");
    }
    let unnamed = host.operator().send("POST", "/plugins", &WASM, wasm("northstar")).await;
    let unnamed = unnamed.refused(400, "MISSING_REQUIRED_FIELD");
    assert_eq!(unnamed["details"]["fields"][0]["path"], "name");
}

#[tokio::test]
async fn each_refusal_of_a_component_says_what_to_change() {
    let host = TestHost::start().await;
    let sockets = r#"(component (import "wasi:sockets/tcp@0.2.0" (instance)))"#;
    let fetch = r#"(component (import "wasi:http/outgoing-handler@0.2.0" (instance)))"#;
    let stranger = r#"(component (import "acme:thing/clock@1.0.0" (instance)))"#;
    let empty_policy =
        r#"(component (instance $i) (export "switchboard:job-resolution/policy@0.1.0" (instance $i)))"#;
    let newer = r#"(component (instance $i) (export "switchboard:billing/policy@9.0.0" (instance $i)))"#;
    let cases: [(&str, Bytes, &[&str]); 10] = [
        ("nothing", Bytes::new(), &["no WebAssembly", ".wasm"]),
        ("junk", Bytes::from_static(b"not wasm at all"), &["no WebAssembly", ".wasm"]),
        ("a beginning", wasm("northstar").slice(..1000), &["damaged"]),
        ("a core module", component("(module)"), &["core module", "encode it as a component"]),
        (
            "no policy",
            component("(component)"),
            &["exports no policy", "switchboard:job-resolution/policy@0.1.0"],
        ),
        ("sockets", component(sockets), &["wasi:sockets/tcp@0.2.0", "no network", "facts"]),
        ("http", component(fetch), &["wasi:http/outgoing-handler@0.2.0", "no network", "facts"]),
        (
            "a stranger's import",
            component(stranger),
            &["acme:thing/clock@1.0.0", "switchboard:log/log@0.1.0"],
        ),
        ("a policy without functions", component(empty_policy), &["`decide`", "`validate-settings`"]),
        ("a newer policy", component(newer), &["version 9.0.0 of `billing`", "speaks 0.1.0"]),
    ];
    for (what, bytes, expected) in cases {
        let refused = push(&host, "north", bytes).await.refused(422, "PLUGIN_REFUSED");
        let said = text(&refused["message"]);
        let missing: Vec<&&str> = expected.iter().filter(|words| !said.contains(**words)).collect();
        assert!(missing.is_empty(), "{what}: {missing:?} not in: {said}");
        let reasons = refused["details"]["reasons"].as_array().expect("a list");
        assert!(reasons.iter().all(|reason| said.contains(text(reason))), "{refused:#}");
    }
    let too_large = push(&host, "north", Bytes::from(vec![0; (32 << 20) + 1])).await;
    let too_large = too_large.refused(413, "BODY_TOO_LARGE");
    assert_eq!(too_large["details"]["maxBytes"], 32 << 20);
    assert_eq!(show(&host, "north").await.status, 404, "what was refused is not kept");
    assert_eq!(push(&host, "north", wasm("northstar")).await.status, 201, "and is no obstacle");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}
