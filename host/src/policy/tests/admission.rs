//! What is let in, compiled, kept, and on which engine it runs.

use std::sync::Arc;

use switchboard_domain::decision::{FailureKind, PolicyName};
use switchboard_domain::release::{Limits, OnFailure};

use super::{guest, hostile, runtime, soon, start};
use crate::policy::call::{self, Bounds};
use crate::policy::engine::Kind;
use crate::policy::guest::LOG_INTERFACE;
use crate::policy::runtime::digest_of;
use crate::policy::{Error, Runtime, Setup, shape};

/// What the repository builds with the SDK.
const GUESTS: [&str; 6] = ["standard", "granite", "lindenhof", "northstar", "tidewater", "hostile"];

#[test]
fn guests_of_the_sdk_import_nothing_but_the_log() {
    for name in GUESTS {
        let shape = shape::read(&guest(name)).expect("a component");
        assert_eq!(shape.imports, [LOG_INTERFACE], "{name}");
    }
}

#[test]
fn guests_of_the_sdk_start_in_one_page() {
    // `lindenhof` has tables of letters in both cases.
    for name in GUESTS.into_iter().filter(|name| *name != "lindenhof") {
        let shape = shape::read(&guest(name)).expect("a component");
        assert_eq!(shape.initial_memory_bytes, 64 << 10, "{name}");
    }
}

#[tokio::test]
async fn compiled_code_is_reused_and_never_trusted() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = guest("hostile");
    let compile = |runtime: Runtime, bytes: Arc<[u8]>| async move {
        runtime.admit(bytes).await.expect("admitted").compile_millis
    };
    let open = || start(Some(folder.path().to_owned()));
    assert!(compile(open(), Arc::clone(&bytes)).await > 0);
    assert_eq!(compile(open(), Arc::clone(&bytes)).await, 0, "the file is good");
    let file = std::fs::read_dir(folder.path()).expect("there").next().expect("one file").expect("readable");
    let mut code = std::fs::read(file.path()).expect("readable");
    let middle = code.len() / 2;
    code[middle] ^= 1;
    std::fs::write(file.path(), &code).expect("writable");
    assert!(compile(open(), Arc::clone(&bytes)).await > 0, "one bit was turned");
    let stranger = Setup { compiled_folder: Some(folder.path().to_owned()), cache_key: [8; 32] };
    let stranger = Runtime::start(stranger).expect("starts");
    assert!(compile(stranger, Arc::clone(&bytes)).await > 0, "somebody else sealed it");
}

#[tokio::test]
async fn admission_reports_or_says_what_to_change() {
    let admitted = runtime().admit(guest("standard")).await.expect("admitted");
    assert_eq!(admitted.digest, digest_of(&guest("standard")));
    assert!(admitted.implements.iter().any(|it| it.policy == PolicyName::JobResolution));
    let table = [
        ("(module)", "core module"),
        ("(component)", "exports no policy"),
        (r#"(component (import "acme:thing/clock@1.0.0" (instance)))"#, "acme:thing/clock@1.0.0"),
        (r#"(component (import "switchboard:log/log@0.2.0" (instance)))"#, "this server has"),
        (
            r#"(component (instance $i) (export "switchboard:billing/policy@9.0.0" (instance $i)))"#,
            "version 9.0.0 of `billing`",
        ),
        (
            r#"(component (instance $i) (export "switchboard:job-resolution/policy@0.1.0" (instance $i)))"#,
            "does not export `switchboard:job-resolution/policy@0.1.0` with",
        ),
    ];
    for (text, expected) in table {
        let bytes = wat::parse_str(text).expect("valid text");
        let refused = runtime().admit(bytes.into()).await;
        assert!(
            matches!(&refused, Err(Error::Refused(said)) if said.concat().contains(expected)),
            "{refused:?}"
        );
    }
    for (bytes, expected) in [(&b"hello"[..], "no WebAssembly"), (&b"\0asm"[..], "damaged")] {
        let refused = runtime().admit(bytes.into()).await;
        assert!(
            matches!(&refused, Err(Error::Refused(said)) if said.concat().contains(expected)),
            "{refused:?}"
        );
    }
    let huge = runtime().admit(vec![0; (32 << 20) + 1].into()).await;
    assert!(matches!(&huge, Err(Error::Refused(said)) if said[0].contains("at most")), "{huge:?}");
}

#[tokio::test]
async fn the_plugin_judges_its_settings() {
    let release = hostile("answer-first", OnFailure::Reject);
    let fine = runtime().validate_settings(&release, guest("hostile")).await;
    assert_eq!(fine, Ok(Vec::new()));
    let mut release = release;
    release.settings = r#"{"invalid":true}"#.to_owned();
    let problems = runtime().validate_settings(&release, guest("hostile")).await.expect("answers");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].pointer, "/invalid");
}

/// Draws one random number, as a guest that needs WASI would.
const DRAWING: &str = r#"(component
    (import "wasi:random/random@0.2.0" (instance $random (export "get-random-u64" (func (result u64)))))
    (core func $draw (canon lower (func $random "get-random-u64")))
    (core module $module (import "host" "draw" (func $draw (result i64))) (export "draw" (func $draw)))
    (core instance $host (export "draw" (func $draw)))
    (core instance $instance (instantiate $module (with "host" (instance $host))))
    (func (export "draw") (result u64) (canon lift (core func $instance "draw"))))"#;

#[tokio::test]
async fn minimal_wasi_is_there_only_when_asked_for_and_is_the_same_in_each_replay() {
    let bytes: Arc<[u8]> = wat::parse_str(DRAWING).expect("valid text").into();
    let loaded = runtime().load(digest_of(&bytes), move || Ok(bytes)).await.expect("loads");
    assert!(loaded.house.plain.instantiate_pre(&loaded.component).is_err(), "not linked by default");
    let pre = loaded.house.minimal_wasi.instantiate_pre(&loaded.component).expect("linked");
    let function = loaded.component.get_export_index(None, "draw").expect("exported");
    let limits = Limits { fuel: 1_000_000, timeout_millis: 1_000, memory_mib: 1, ..Limits::DEFAULT };
    let mut drawn = Vec::new();
    for now_millis in [1, 1, 2] {
        let bounds = Bounds { limits: &limits, now_millis, deadline: soon() };
        let called = call::call::<(), (u64,)>(&loaded.house, &pre, &function, (), bounds).await;
        drawn.push(called.result.expect("draws").0);
    }
    assert_eq!(drawn[0], drawn[1]);
    assert_ne!(drawn[1], drawn[2]);
}

#[tokio::test]
async fn a_component_goes_where_its_shape_fits() {
    let large = DRAWING.replace("(result i64))) (export", "(result i64))) (memory 17) (export");
    for (text, kind) in [(DRAWING, Kind::Compact), (large.as_str(), Kind::Roomy)] {
        let bytes: Arc<[u8]> = wat::parse_str(text).expect("valid text").into();
        let loaded = runtime().load(digest_of(&bytes), move || Ok(bytes)).await.expect("loads");
        assert_eq!(loaded.house.kind, kind);
        let pre = loaded.house.minimal_wasi.instantiate_pre(&loaded.component).expect("linked");
        let function = loaded.component.get_export_index(None, "draw").expect("exported");
        for (memory_mib, fits) in [(2, true), (1, kind == Kind::Compact)] {
            let limits = Limits { fuel: 1_000_000, timeout_millis: 1_000, memory_mib, ..Limits::DEFAULT };
            let bounds = Bounds { limits: &limits, now_millis: 1, deadline: soon() };
            let called = call::call::<(), (u64,)>(&loaded.house, &pre, &function, (), bounds).await;
            let failed = called.result.err().map(|failure| failure.kind);
            assert_eq!(failed, (!fits).then_some(FailureKind::OutOfMemory), "{kind:?} {memory_mib} MiB");
        }
    }
    for name in GUESTS {
        let bytes = guest(name);
        let loaded = runtime().load(digest_of(&bytes), move || Ok(bytes)).await.expect("loads");
        assert_eq!(loaded.house.kind, Kind::Compact, "{name}: the SDK's guests run without system calls");
    }
}

#[tokio::test]
async fn our_own_plugins_carry_scenarios_that_hold() {
    for name in GUESTS {
        let bytes = guest(name);
        let sections = shape::read(&bytes).expect("a component").scenarios;
        assert_eq!(sections.len(), usize::from(name != "hostile"), "{name}");
        let admitted = runtime().admit(Arc::clone(&bytes)).await.expect("every scenario holds");
        let expected = if name == "hostile" { 0..=0 } else { 3..=50 };
        assert!(expected.contains(&admitted.scenarios), "{name}: {}", admitted.scenarios);
        let text = sections.into_iter().filter_map(|place| bytes.get(place)).collect::<Vec<_>>().concat();
        let text = String::from_utf8(text).expect("JSON");
        for implements in admitted.implements.iter().filter(|_| name != "hostile") {
            assert!(text.contains(&format!("\"{}\"", implements.policy)), "{name}: {}", implements.policy);
        }
    }
}

#[tokio::test]
async fn the_embedded_plugin_is_not_asked_at_each_start() {
    let admitted = runtime().admit_embedded(guest("standard")).await.expect("admitted");
    assert_eq!(admitted.scenarios, 0);
}
