//! Every line of the operators' contract that is in scope: what it asks the admin API for.

use clap::{CommandFactory, Parser};
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::request::{Body, Request};
use super::*;

fn parsed(line: &str) -> Arguments {
    let words = std::iter::once("switchboard").chain(line.split(' '));
    Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn requested(line: &str) -> Result<Request, Failure> {
    match parsed(line).command {
        Command::Clock(command) => command.request(),
        Command::Ats(command) => command.request(),
        Command::Key(command) => command.request(),
        Command::Company(command) => command.request(),
        Command::PhoneNumber(command) => command.request(),
        Command::Billing(command) => command.request(),
        Command::User(command) => command.request(),
        Command::Outbox(command) => command.request(),
        Command::Plugin(command) => command.request(),
        Command::Release(command) => command.request(),
        Command::Slot(command) => command.request(),
        Command::Decision(command) => command.request(),
        Command::Backtest(command) => command.request(),
        Command::Audit(command) => command.request(),
        Command::SafeMode(command) => command.request(),
        Command::Serve(_) | Command::Demo(_) | Command::Config(_) | Command::Deploy(_) => {
            panic!("{line} is no admin request")
        }
    }
}

/// Method, path and JSON body (null for none).
#[track_caller]
fn check(line: &str, method: Method, path: &str, body: Value) {
    let request = requested(line).unwrap_or_else(|failure| panic!("{line}: {failure}"));
    assert_eq!((request.method, request.path.as_str()), (method, path), "{line}");
    let sent = match request.body {
        Body::Nothing => Value::Null,
        Body::Json(value) => value,
        Body::Component(_) => panic!("{line} sends a component"),
    };
    assert_eq!(sent, body, "{line}");
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}

#[test]
fn commands_that_look_ask_with_get() {
    for (line, path) in [
        ("clock show", "/clock"),
        ("ats list", "/ats"),
        ("ats show ID", "/ats/ID"),
        ("key list", "/keys"),
        ("key show ID", "/keys/ID"),
        ("company list", "/companies"),
        ("company list --ats A", "/companies?atsId=A"),
        ("company show ID", "/companies/ID"),
        ("phone-number list --company C", "/phone-numbers?companyId=C"),
        (
            "billing rerate --release rel_1 --since 2026-04-01T00:00:00+02:00",
            "/billing/rerate?release=rel_1&since=2026-04-01T00%3A00%3A00%2B02%3A00",
        ),
        ("user list", "/users"),
        ("outbox list", "/outbox"),
        ("outbox list --dead", "/outbox?dead=true"),
        ("plugin list", "/plugins"),
        ("plugin show northstar", "/plugins/northstar"),
        ("plugin show northstar@sha256:ab", "/plugins/northstar@sha256:ab"),
        ("plugin wit northstar", "/plugins/northstar/wit"),
        ("plugin wit northstar@sha256:ab", "/plugins/northstar@sha256:ab/wit"),
        ("release list", "/releases"),
        ("release list A/billing", "/releases?slot=A%2Fbilling"),
        ("release show rel_1", "/releases/rel_1"),
        ("slot list", "/slots"),
        ("slot show default/job-resolution", "/slots/default/job-resolution"),
        ("slot show a/b?c/billing", "/slots/a%2Fb%3Fc/billing"),
        ("safe-mode show", "/safe-mode"),
        ("audit", "/audit"),
        ("audit --since T --actor m.nowak --limit 5", "/audit?since=T&actor=m.nowak&limit=5"),
        ("decision list", "/decisions"),
        (
            "decision list --slot A/billing --company C --since 2026-04-02T08:00:00Z --failed --limit 5",
            "/decisions?slot=A%2Fbilling&companyId=C&since=2026-04-02T08%3A00%3A00Z&failed=true&limit=5",
        ),
        ("decision show ID", "/decisions/ID"),
        ("decision show ID --as-scenario", "/decisions/ID"),
        (
            "decision export FILE --slot A/billing --company C --since T --failed --last 5",
            "/decisions?slot=A%2Fbilling&companyId=C&since=T&failed=true&limit=1000",
        ),
    ] {
        check(line, Method::GET, path, Value::Null);
    }
    check("plugin remove northstar@sha256:ab", Method::DELETE, "/plugins/northstar@sha256:ab", Value::Null);
    check("ats delete ID", Method::DELETE, "/ats/ID", Value::Null);
    check("phone-number delete ID", Method::DELETE, "/phone-numbers/ID", Value::Null);
    check("user delete ID", Method::DELETE, "/users/ID", Value::Null);
    check("outbox drop ID", Method::DELETE, "/outbox/ID", Value::Null);
}

#[test]
fn commands_that_change_send_only_what_was_given() {
    let post = |line, path, body| check(line, Method::POST, path, body);
    let patch = |line, path, body| check(line, Method::PATCH, path, body);
    post("clock set 2026-04-02T08:00:00Z", "/clock", json!({"set": "2026-04-02T08:00:00Z"}));
    post("clock advance 1h30m", "/clock", json!({"advanceMillis": 5_400_000}));
    post("ats create --name N", "/ats", json!({"name": "N"}));
    post(
        "ats create --name N --mode test --billing-system credits --zulu-is-offset",
        "/ats",
        json!({"name": "N", "mode": "test", "billingSystem": "credits", "zuluIsOffset": true}),
    );
    patch("ats update ID --zulu-is-offset false", "/ats/ID", json!({"zuluIsOffset": false}));
    patch(
        "ats update ID --name M --billing-system minutes",
        "/ats/ID",
        json!({"name": "M", "billingSystem": "minutes"}),
    );
    post("key create --kind ats --ats A", "/keys", json!({"kind": "ats", "atsId": "A"}));
    post("key create --kind worker", "/keys", json!({"kind": "worker"}));
    post("key create --kind worker --ats A", "/keys", json!({"kind": "worker", "atsId": "A"}));
    post(
        "key create --kind company --company C --name N --scope read:jobs --scope write:jobs --expires T \
         --allow-ip 10.0.0.0/8 --allow-ip ::1 --rate-minute 0 --rate-hour 5",
        "/keys",
        json!({
            "kind": "company", "companyId": "C", "name": "N", "scopes": ["read:jobs", "write:jobs"],
            "expiresAt": "T", "allowedIPs": ["10.0.0.0/8", "::1"], "ratePerMinute": 0, "ratePerHour": 5,
        }),
    );
    post("key suspend ID --reason unpaid", "/keys/ID/suspend", json!({"reason": "unpaid"}));
    post("user create --email E --name N", "/users", json!({"email": "E", "name": "N"}));
    post("outbox retry ID", "/outbox/ID/retry", json!({}));
    post("key resume ID", "/keys/ID/resume", json!({}));
    post("key revoke ID", "/keys/ID/revoke", json!({}));
    patch(
        "company update ID --billing-system credits --usage-limit 500",
        "/companies/ID",
        json!({"billingSystem": "credits", "usageLimit": 500}),
    );
    patch("company update ID --usage-limit none", "/companies/ID", json!({"usageLimit": null}));
    post(
        "phone-number create --company C --number +12025550123",
        "/phone-numbers",
        json!({"companyId": "C", "number": "+12025550123"}),
    );
    post(
        "release create --slot default/billing --plugin p",
        "/releases",
        json!({"slot": "default/billing", "plugin": "p"}),
    );
    post(
        "release create --slot A/billing --plugin p@sha256:ab --settings {\"a\":1} --on-failure last-good --fuel 1 \
         --timeout-ms 2 --memory-mib 3 --table-elements 4 --input-kib 5 --output-kib 6 --log-kib 7 \
         --calls-in-flight 8 --wasi minimal --grant x --grant y --comment why --author me",
        "/releases",
        json!({
            "slot": "A/billing", "plugin": "p@sha256:ab", "settings": {"a": 1}, "onFailure": "last-good", "fuel": 1,
            "timeoutMs": 2, "memoryMib": 3, "tableElements": 4, "inputKib": 5, "outputKib": 6, "logKib": 7,
            "callsInFlight": 8, "wasi": "minimal", "grants": ["x", "y"], "comment": "why", "author": "me",
        }),
    );
    post("release activate rel_1", "/releases/rel_1/activate", json!({}));
    post("release rollback A/billing", "/slots/A/billing/rollback", json!({}));
    post("release rollback A/billing --to rel_1", "/slots/A/billing/rollback", json!({"to": "rel_1"}));
    post("decision replay ID", "/decisions/ID/replay", json!({}));
    post(
        "release activate rel_1 --backtest 100 --max-changed 2.5",
        "/releases/rel_1/activate",
        json!({"backtest": {"last": 100, "maxChangedPercent": 2.5}}),
    );
    post("release activate rel_1 --shadow", "/releases/rel_1/activate", json!({"shadow": true}));
    post(
        "release activate rel_1 --canary 5 --auto-promote-after 1h30m --auto-rollback-errors 10",
        "/releases/rel_1/activate",
        json!({"canaryPercent": 5, "autoPromoteAfterSeconds": 5400, "autoRollback": {"failures": 10}}),
    );
    post(
        "release activate rel_1 --auto-rollback-errors 2% --auto-rollback-p99-ms 50 --auto-rollback-fuel 9 \
         --auto-rollback-changed 3%",
        "/releases/rel_1/activate",
        json!({"autoRollback": {"failedPercent": 2, "p99Ms": 50, "fuelMean": 9, "changedPercent": 3}}),
    );
    post("release promote rel_1", "/releases/rel_1/promote", json!({}));
    post("release abort rel_1", "/releases/rel_1/abort", json!({}));
    post("safe-mode on", "/safe-mode", json!({"on": true}));
    post("safe-mode off --slot A/billing", "/safe-mode", json!({"on": false, "slot": "A/billing"}));
    post("slot retry-held A/call-scheduling", "/slots/A/call-scheduling/retry-held", json!({}));
    post("backtest rel_1", "/releases/rel_1/backtest", json!({}));
    post("backtest rel_1 --last 100 --fail-over 2.5%", "/releases/rel_1/backtest", json!({"last": 100}));
    post("backtest rel_1 --since T", "/releases/rel_1/backtest", json!({"since": "T"}));
}

#[test]
fn components_and_settings_come_from_files() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the file is written");
        path.display().to_string()
    };
    let component = file("north.wasm", b"\0asm");
    for (line, path) in [
        (format!("plugin push {component}"), "/plugins?name=north"),
        (format!("plugin push {component} --name other"), "/plugins?name=other"),
        (format!("decision replay ID --plugin {component}"), "/decisions/ID/replay"),
    ] {
        let request = requested(&line).expect("the file is there");
        assert_eq!((request.method, request.path.as_str()), (Method::POST, path));
        assert_eq!(request.body, Body::Component(b"\0asm".to_vec()));
    }
    let settings = file("settings.json", b"{\"a\": [1]}");
    check(
        &format!("release create --slot A/billing --plugin p --settings @{settings}"),
        Method::POST,
        "/releases",
        json!({"slot": "A/billing", "plugin": "p", "settings": {"a": [1]}}),
    );
    for (line, status) in [
        ("plugin push no/such/file.wasm", failure::REFUSED),
        ("release create --slot A/billing --plugin p --settings @no/such/file", failure::REFUSED),
        ("release create --slot A/billing --plugin p --settings {", failure::USAGE),
    ] {
        assert_eq!(requested(line).expect_err("it cannot work").status(), status, "{line}");
    }
}

#[test]
fn global_options_stand_anywhere() {
    for line in [
        "--json --data-dir D --admin http://a:1 ats list",
        "ats --json --data-dir D list --admin http://a:1",
        "ats list --json --data-dir D --admin http://a:1",
    ] {
        let global = parsed(line).global;
        assert!(global.json, "{line}");
        assert_eq!(global.data_dir.as_deref(), Some(std::path::Path::new("D")), "{line}");
        assert_eq!(global.admin.as_deref(), Some("http://a:1"), "{line}");
    }
}

#[test]
fn servers_options_become_flags() {
    let line = "serve --config F --data-dir D --listen 127.0.0.1:0 --admin-listen 127.0.0.1:1 --log-format json \
                --dev-clock 2026-04-02T08:00:00Z";
    let Arguments { global, command: Command::Serve(settings) } = parsed(line) else { panic!("it serves") };
    let sources = settings.sources(global.data_dir, Vec::new());
    assert_eq!(sources.file, Some("F".into()));
    assert_eq!(sources.flags.len(), 5);
    let loaded = switchboard::config::Config::load(switchboard::config::Sources { file: None, ..sources });
    let (config, _) = loaded.expect("nothing is wrong with it");
    assert_eq!(config.admin_listen.port(), 1);
    assert!(config.dev_clock.is_some());
    for line in [
        "serve",
        "demo",
        "demo --listen 127.0.0.1:0 --data-dir D",
        "config check --config F",
        "config explain",
    ] {
        parsed(line);
    }
}

#[test]
fn wrong_usage_is_told() {
    for line in [
        "ats",
        "ats create",
        "ats create --name N --mode staging",
        "key create",
        "key suspend ID",
        "release create",
        "release create --slot nonsense --plugin p",
        "slot show nonsense",
        "slot show /billing",
        "slot show a/",
        "clock advance soon",
        "company update ID --usage-limit -1",
        "company update ID --usage-limit lots",
        "serve --log-format xml",
        "key create --kind partner",
        "nonsense",
        "release create --slot a/b --plugin p --fuel x",
    ] {
        let words = std::iter::once("switchboard").chain(line.split(' '));
        let error = Arguments::try_parse_from(words).expect_err(line);
        assert_eq!(error.exit_code(), i32::from(failure::USAGE), "{line}");
    }
    for line in [
        "key create --kind ats",
        "key create --kind company",
        "key create --kind ats --ats A --company C",
        "key create --kind company --company C --ats A",
        "key create --kind worker --company C",
    ] {
        assert_eq!(requested(line).expect_err(line).status(), failure::USAGE, "{line}");
    }
}

#[test]
fn a_backtest_with_too_many_changes_is_a_refusal() {
    let verdict = |line: &str, percent: f64| {
        let Command::Backtest(backtest) = parsed(line).command else { panic!("{line}") };
        backtest.verdict(&json!({ "changedPercent": percent })).map_err(|failure| failure.status())
    };
    assert_eq!(verdict("backtest REL", 100.0), Ok(()), "nobody set a bound");
    assert_eq!(verdict("backtest REL --fail-over 3", 3.0), Ok(()));
    assert_eq!(verdict("backtest REL --fail-over 3%", 3.01), Err(failure::REFUSED));
    assert_eq!(verdict("backtest REL --fail-over 0", 0.0), Ok(()));
}

#[test]
fn a_replay_that_differs_is_a_refusal() {
    assert_eq!(decision::verdict(&json!({"same": true, "fuel": 1})), Ok(()));
    for differs in [json!({"same": false}), json!({}), Value::Null] {
        assert_eq!(decision::verdict(&differs).expect_err("it differs").status(), failure::REFUSED);
    }
}

#[test]
fn a_server_is_found_by_folder_or_address() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let find = |data_dir, admin, environment: &[(&str, &str)]| {
        let environment: Vec<_> =
            environment.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Server::find(data_dir, admin, &environment).map(|server| format!("{server:?}"))
    };
    let missing = find(Some(folder.path()), None, &[]).expect_err("no server ran here");
    assert_eq!(missing.status(), failure::UNREACHED);
    let written = r#"{"url": "http://127.0.0.1:4001", "token": "secret-token"}"#;
    std::fs::write(folder.path().join("admin.json"), written).expect("the file is written");
    let found = find(Some(folder.path()), None, &[("SWITCHBOARD_ADMIN", "http://127.0.0.1:5")]);
    let found = found.expect("a folder on the command line is nearer than the environment");
    assert!(found.contains(":4001") && !found.contains("secret-token"), "{found}");
    let dir = folder.path().display().to_string();
    assert!(find(None, None, &[("SWITCHBOARD_DATA_DIR", &dir)]).expect("it is there").contains(":4001"));
    let token = ("SWITCHBOARD_ADMIN_TOKEN", "t");
    assert!(find(None, Some("http://127.0.0.1:7"), &[token]).expect("both are given").contains(":7"));
    assert!(find(None, None, &[("SWITCHBOARD_ADMIN", "http://127.0.0.1:8"), token]).is_ok());
    for (admin, environment) in
        [("http://127.0.0.1:7", &[][..]), ("https://127.0.0.1:7", &[token][..]), ("nonsense", &[token][..])]
    {
        assert_eq!(
            find(None, Some(admin), environment).expect_err(admin).status(),
            failure::USAGE,
            "{admin}"
        );
    }
}

/// Answers one connection with these bytes and gives back what was asked.
fn answering(bytes: &'static str) -> (String, std::thread::JoinHandle<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it listens"));
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody connects");
        let mut asked = Vec::new();
        let mut chunk = [0; 1024];
        while !asked.ends_with(b"}") {
            let count = stream.read(&mut chunk).expect("it is sent");
            assert_ne!(count, 0, "the connection ended early");
            asked.extend_from_slice(&chunk[..count]);
        }
        stream.write_all(bytes.as_bytes()).expect("it is read");
        String::from_utf8(asked).expect("it is text")
    });
    (url, thread)
}

fn sent(url: &str) -> Result<Value, Failure> {
    let server = Server::at(url, "the-token").expect("a good address");
    let request = requested("ats create --name N").expect("a good line");
    client_runtime().expect("a runtime").block_on(server.send(&request))
}

#[test]
fn answers_and_refusals_come_over_the_wire() {
    let (url, server) = answering("HTTP/1.1 201 Created\r\ncontent-length: 11\r\n\r\n{\"id\":\"42\"}");
    assert_eq!(sent(&url), Ok(json!({"id": "42"})));
    let asked = server.join().expect("it answered").to_lowercase();
    assert!(asked.starts_with("post /ats http/1.1\r\n"), "{asked}");
    assert!(asked.contains("authorization: bearer the-token\r\n"), "{asked}");
    assert!(asked.contains("content-type: application/json\r\n"), "{asked}");
    assert!(asked.ends_with("{\"name\":\"n\"}"), "{asked}");

    let (url, server) = answering(
        "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{\"error\": {\"code\": \"VALIDATION_ERROR\", \
         \"message\": \"Wrong.\", \"details\": {\"fields\": [{\"path\": \"name\", \"message\": \"is taken\"}], \"n\": 1}}}",
    );
    let expected = "Wrong. (VALIDATION_ERROR)\n  name: is taken\n  n: 1";
    assert_eq!(sent(&url), Err(Failure::Refused(expected.to_owned())));
    server.join().expect("it answered");

    let (url, server) = answering("HTTP/1.1 204 No Content\r\n\r\n");
    assert_eq!(sent(&url), Ok(Value::Null));
    server.join().expect("it answered");
    let (url, server) = answering("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n");
    let refused = Failure::Refused(format!("the server answered {}", StatusCode::BAD_GATEWAY));
    assert_eq!(sent(&url), Err(refused));
    server.join().expect("it answered");
}

#[test]
fn what_is_no_server_is_not_reached() {
    let (url, server) = answering("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>");
    assert_eq!(sent(&url).expect_err("it is no JSON").status(), failure::UNREACHED);
    server.join().expect("it answered");
    let (url, server) = answering("SSH-2.0-nonsense\r\n");
    assert_eq!(sent(&url).expect_err("it is no HTTP").status(), failure::UNREACHED);
    server.join().expect("it answered");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let url = format!("http://{}", closed.expect("a free port"));
    assert_eq!(sent(&url).expect_err("nobody listens").status(), failure::UNREACHED);
}
