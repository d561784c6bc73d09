//! The command line, as an operator types it: the real program against a real server.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use switchboard_tests::process::{self, Ended, FREE_PORTS, Process};
use switchboard_tests::{Client, policies_folder, with_scenarios};

const NOW: &str = "2026-04-02T10:00:00Z";

/// The commands of one operator, who always names the same folder.
struct Operator<'a>(&'a Path);

impl Operator<'_> {
    /// Words are separated by blanks; what has blanks itself comes in `more`.
    fn try_run(&self, words: &str, more: &[&str]) -> Ended {
        let folder = self.0.display().to_string();
        let arguments: Vec<&str> =
            ["--data-dir", &folder].into_iter().chain(words.split(' ')).chain(more.iter().copied()).collect();
        process::run(&arguments)
    }

    #[track_caller]
    fn run(&self, words: &str) -> Value {
        self.try_run(words, &[]).json()
    }

    #[track_caller]
    fn refused(&self, words: &str, expected: &str) {
        let ended = self.try_run(words, &[]);
        let complaint = ended.complained(1);
        assert!(complaint.contains(expected), "{words}: {complaint}");
    }

    /// The id of what a command made.
    #[track_caller]
    fn id(&self, words: &str) -> String {
        text(&self.run(words)["id"])
    }
}

#[track_caller]
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn length(list: &Value) -> usize {
    list.as_array().map_or_else(|| panic!("no list: {list}"), Vec::len)
}

fn plugin(name: &str) -> String {
    policies_folder().join(format!("{name}.wasm")).display().to_string()
}

#[test]
fn atss_keys_companies_and_numbers_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::serve(folder.path(), NOW);
    let operator = Operator(folder.path());

    let ats = operator.run("ats create --name Harbour --mode test --billing-system credits --zulu-is-offset");
    assert_eq!((&ats["mode"], &ats["billingSystem"]), (&json!("test"), &json!("credits")), "{ats}");
    assert_eq!(ats["zuluIsOffset"], true);
    let ats_id = text(&ats["id"]);
    assert_eq!(operator.run(&format!("ats show {ats_id}")), ats);
    assert_eq!(operator.run("ats list"), json!([ats]));
    let updated =
        operator.run(&format!("ats update {ats_id} --billing-system minutes --zulu-is-offset false"));
    assert_eq!((&updated["billingSystem"], &updated["zuluIsOffset"]), (&json!("minutes"), &json!(false)));

    let key = operator.run(&format!("key create --kind ats --ats {ats_id} --rate-minute 0 --rate-hour 0"));
    assert!(text(&key["key"]).starts_with("sk_test_"), "{key}");
    assert_eq!(text(&key["key"]).len(), "sk_test_".len() + 32);
    let company = post(&server, &text(&key["key"]), "/company", &json!({ "name": "Acme" }));
    let company_id = text(&company["id"]);
    let narrow = operator.run(&format!(
        "key create --kind company --company {company_id} --name Narrow --scope read:jobs --scope write:jobs \
         --expires 2026-05-01T00:00:00Z --allow-ip 10.0.0.0/8 --allow-ip ::1 --rate-minute 5 --rate-hour 6",
    ));
    assert_eq!(narrow["scopes"], json!(["read:jobs", "write:jobs"]));
    assert_eq!(narrow["name"], "Narrow");
    assert_eq!(narrow["expiresAt"], "2026-05-01T00:00:00.000Z");
    assert_eq!(length(&narrow["allowedIPs"]), 2);
    assert_eq!((&narrow["ratePerMinute"], &narrow["ratePerHour"]), (&json!(5), &json!(6)));
    assert_eq!(operator.run("key create --kind worker")["kind"], "worker");
    assert_eq!(operator.run(&format!("key create --kind worker --ats {ats_id}"))["atsId"], json!(ats_id));
    let narrow_id = text(&narrow["id"]);
    assert!(operator.run(&format!("key show {narrow_id}"))["key"].is_null(), "the key is shown once");
    assert_eq!(length(&operator.run("key list")), 4);
    assert_eq!(operator.run(&format!("key suspend {narrow_id} --reason unpaid"))["status"], "suspended");
    assert_eq!(operator.run(&format!("key resume {narrow_id}"))["status"], "active");
    assert_eq!(operator.run(&format!("key revoke {narrow_id}"))["status"], "revoked");

    assert_eq!(length(&operator.run("company list")), 1);
    assert_eq!(operator.run(&format!("company show {company_id}"))["name"], "Acme");
    let limited =
        operator.run(&format!("company update {company_id} --billing-system credits --usage-limit 500"));
    assert_eq!(limited["billingSystem"], "credits", "{limited}");
    let number = format!("phone-number create --company {company_id} --number +12025550123");
    let number_id = operator.id(&number);
    operator.refused(&number, "number");
    assert_eq!(length(&operator.run(&format!("phone-number list --company {company_id}"))), 1);
    let deleted = operator.try_run(&format!("phone-number delete {number_id}"), &[]);
    assert_eq!((deleted.status, deleted.stderr.as_str()), (0, ""));
    assert_eq!(length(&operator.run(&format!("phone-number list --company {company_id}"))), 0);

    let spare = operator.id("ats create --name Spare");
    assert_eq!(operator.try_run(&format!("ats delete {spare}"), &[]).status, 0);
    operator.refused(&format!("ats show {spare}"), "RESOURCE_NOT_FOUND");
    operator.refused("ats show nonsense", "is not a valid id");
}

#[test]
fn the_clock_is_moved() {
    let folder = tempfile::tempdir().expect("a folder");
    let _server = Process::serve(folder.path(), NOW);
    let operator = Operator(folder.path());
    let shown = operator.run("clock show");
    assert!(text(&shown["now"]).starts_with("2026-04-02T10:0"), "{shown}");
    assert_eq!(shown["steerable"], true);
    assert!(text(&operator.run("clock advance 7d")["now"]).starts_with("2026-04-09T10:0"));
    assert!(text(&operator.run("clock advance 60d")["now"]).starts_with("2026-06-08T10:0"));
    assert!(text(&operator.run("clock set 2026-07-01T08:00:00Z")["now"]).starts_with("2026-07-01T08:00:0"));
    operator.refused("clock set 2026-07-01T08:00:00", "needs an offset");
}

/// From a push to a replay that differs: the way of every plugin.
#[test]
fn a_plugin_is_pushed_released_activated_and_rolled_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::serve(folder.path(), NOW);
    let operator = Operator(folder.path());
    let ats_id = operator.id("ats create --name Harbour");
    let key = text(&operator.run(&format!("key create --kind ats --ats {ats_id}"))["key"]);
    let ask = Asking::new(&server, key);
    ask.refused("JOB_AMBIGUOUS");

    let pushed = operator.run(&format!("plugin push {}", plugin("northstar")));
    assert_eq!((&pushed["plugin"], &pushed["policies"]), (&json!("northstar"), &json!(["job-resolution"])));
    for field in ["wit", "sizeBytes", "compileMs"] {
        assert!(!pushed[field].is_null(), "{pushed}");
    }
    let version = text(&pushed["version"]);
    assert!(version.starts_with("sha256:"), "{pushed}");
    assert_eq!(length(&operator.run("plugin list")), 2);
    assert_eq!(operator.run("plugin show northstar")["version"], json!(version));
    assert_eq!(operator.run(&format!("plugin show northstar@{version}"))["version"], json!(version));
    let wit = operator.try_run(&format!("plugin wit northstar@{version}"), &[]);
    assert_eq!((wit.status, wit.stderr.as_str()), (0, ""));
    assert!(wit.stdout.starts_with("package root:component;\n\nworld root {\n"), "{}", wit.stdout);
    let whole = operator.run("plugin wit northstar --json");
    assert_eq!((&whole["version"], &whole["text"]), (&json!(version), &json!(wit.stdout)));
    operator.refused("plugin wit nobody", "RESOURCE_NOT_FOUND");
    let not_wasm = folder.path().join("notes.wasm");
    fs::write(&not_wasm, "notes").expect("written");
    operator.refused(&format!("plugin push {} --name notes", not_wasm.display()), "is no WebAssembly");

    let slot = format!("{ats_id}/job-resolution");
    let made = operator.try_run(
        &format!(
            "release create --slot {slot} --plugin northstar@{version} --on-failure last-good --fuel 1000000 \
             --timeout-ms 100 --memory-mib 8 --table-elements 1000 --input-kib 100 --output-kib 4 --log-kib 2 \
             --calls-in-flight 3 --wasi none --settings {{}} --comment"
        ),
        &["highest priority first"],
    );
    let release = made.json();
    let release_id = text(&release["id"]);
    assert!(release_id.starts_with("rel_"));
    assert_eq!(
        (&release["fuel"], &release["timeoutMs"], &release["memoryMib"]),
        (&json!(1_000_000), &json!(100), &json!(8))
    );
    assert_eq!(
        (&release["onFailure"], &release["comment"]),
        (&json!("last-good"), &json!("highest priority first"))
    );
    operator.refused(
        &format!("release create --slot {slot} --plugin northstar --settings {{\"nonsense\":1}}"),
        "nonsense",
    );
    operator.refused("release create --slot default/billing --plugin northstar", "does not implement");
    assert_eq!(operator.run(&format!("release show {release_id}")), release);
    assert_eq!(operator.run(&format!("release list {slot}")), json!([release]));
    assert!(1 < length(&operator.run("release list")));

    assert_eq!(operator.run(&format!("slot show {slot}"))["inherited"], true);
    let activated = operator.run(&format!("release activate {release_id}"));
    assert_eq!(activated["active"]["id"], json!(release_id));
    operator.run(&format!("release activate {release_id}"));
    assert_eq!(operator.run("slot show Harbour/job-resolution")["active"]["id"], json!(release_id));
    assert_eq!(length(&operator.run("slot list")), 5);
    assert_eq!(ask.decided(), ask.best_job);

    let decisions = operator.run(&format!("decision list --slot {slot}"));
    assert_eq!(length(&decisions), 2, "a refusal is recorded too: {decisions:#}");
    let (by_plugin, by_standard) = (text(&decisions[0]["id"]), text(&decisions[1]["id"]));
    assert_eq!(operator.run(&format!("decision show {by_plugin}"))["release"], json!(release_id));
    for (options, expected) in [
        (format!("--company {}", ask.company_id), 2),
        ("--since 2026-04-02T09:00:00Z".to_owned(), 2),
        ("--since 2027-01-01T00:00:00Z".to_owned(), 0),
        ("--limit 1".to_owned(), 1),
        ("--failed".to_owned(), 0),
    ] {
        assert_eq!(length(&operator.run(&format!("decision list {options}"))), expected, "{options}");
    }
    let report = operator.run(&format!("backtest {release_id} --last 10 --fail-over 50"));
    assert_eq!(
        (&report["decisions"], &report["same"], &report["changed"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let too_much = operator.try_run(&format!("backtest {release_id} --fail-over 49.9"), &[]);
    assert_eq!(too_much.status, 1, "{too_much:?}");
    assert!(too_much.stderr.contains("50.00 %"), "{too_much:?}");
    assert!(too_much.stdout.contains("byCompany"), "it is printed all the same: {too_much:?}");
    operator
        .refused(&format!("release activate {release_id} --backtest 10 --max-changed 1"), "1 would change");
    let scenario = operator.run(&format!("decision show {by_plugin} --as-scenario"));
    let decided = operator.run(&format!("decision show {by_plugin}"));
    assert_eq!((&scenario["input"], &scenario["expected"]), (&decided["facts"], &decided["answer"]));
    assert_eq!((&scenario["settings"], &scenario["plugin"]), (&release["settings"], &json!("northstar")));
    let limits = json!({
        "fuel": 1_000_000, "timeoutMs": 100, "memoryMib": 8, "tableElements": 1_000, "inputKib": 100, "outputKib": 4,
        "logKib": 2, "callsInFlight": 3,
    });
    assert_eq!(scenario["limits"], limits);
    assert_eq!(operator.run(&format!("release show {release_id}"))["callsInFlight"], 3);
    // As it is printed it can be carried by the component that decided.
    let carrying = folder.path().join("carrying.wasm");
    fs::write(&carrying, with_scenarios("northstar", &json!([scenario]))).expect("a file");
    let own = operator.try_run("plugin push", &[&plugin("northstar")]).json();
    let pushed = operator.try_run("plugin push", &[&carrying.display().to_string()]).json();
    assert_eq!(pushed["scenarios"].as_u64(), own["scenarios"].as_u64().map(|own| own + 1), "{pushed}");
    let export = folder.path().join("export.jsonl");
    let told = operator.try_run("decision export", &[&export.display().to_string()]).json();
    assert_eq!(told["decisions"], 2);
    let lines = fs::read_to_string(&export).expect("an export");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0], scenario, "the newest first");
    assert_eq!(fs::metadata(&export).expect("a file").permissions().mode() & 0o777, 0o600);
    let told = operator.try_run("decision export --last 1", &[&export.display().to_string()]).json();
    assert_eq!(told["decisions"], 1);
    let deployed = operator.try_run(
        &format!(
            "deploy {} --slot {slot} --canary 100 --auto-rollback-errors 5 --actor m.nowak",
            plugin("hostile")
        ),
        &["--settings", r#"{"do":"no-job"}"#],
    );
    let deployed = deployed.json();
    assert_eq!((&deployed["plugin"], &deployed["active"]), (&json!("hostile"), &json!(release_id)));
    let canary = text(&deployed["canary"]);
    let differs = operator.run(&format!("release diff {release_id} {canary}"));
    let fields: Vec<&str> =
        differs.as_array().expect("a list").iter().filter_map(|it| it["field"].as_str()).collect();
    for field in ["plugin", "version", "settings/do", "fuel", "onFailure", "comment"] {
        assert!(fields.contains(&field), "{field} is not in {fields:?}");
    }
    assert!(!fields.contains(&"slot") && !fields.contains(&"id"), "{fields:?}");
    let audit = operator.run("audit --actor m.nowak");
    let actions: Vec<&str> =
        audit.as_array().expect("a list").iter().filter_map(|entry| entry["action"].as_str()).collect();
    assert_eq!(actions, ["release.canary", "release.create", "plugin.push"], "{audit:#}");
    let data_dir = folder.path().display().to_string();
    let watch = ["--data-dir", &data_dir, "slot", "watch", &slot, "--for", "60s"];
    let mut watch = process::command().args(watch).stdout(Stdio::piped()).spawn().expect("the program");
    let told = BufReader::new(watch.stdout.take().expect("its words"));
    let mut told =
        told.lines().map(|line| -> Value { serde_json::from_str(&line.expect("a line")).expect("JSON") });
    let first = told.next().expect("how it stands");
    assert_eq!((&first["event"], &first["canary"]), (&json!("slot"), &json!(canary)));
    operator.run(&format!("release abort {canary}"));
    let ended = told.next().expect("its end");
    assert_eq!((&ended["event"], &ended["canary"]), (&json!("slot"), &Value::Null));
    assert_eq!((&ended["active"], &ended["ended"]["end"]), (&json!(release_id), &json!("aborted")));
    assert_eq!(ask.decided(), ask.best_job);
    let fallen = told.next().expect("a decision");
    assert_eq!(
        (&fallen["event"], &fallen["answeredBy"]),
        (&json!("decision"), &json!(release_id)),
        "{fallen:#}"
    );
    watch.kill().expect("it still watches");
    let _ = watch.wait().expect("it was started");
    operator.run(&format!("safe-mode on --slot {slot}"));
    assert_eq!(operator.run(&format!("slot show {slot}"))["safeMode"], true);
    assert_eq!(operator.run("safe-mode off"), json!({ "everywhere": false, "slots": [] }));
    operator.refused("plugin remove northstar", "say which version");
    let version = text(&release["version"]);
    operator.refused(&format!("plugin remove northstar@{version}"), "is made of it");
    let replayed = operator.run(&format!("decision replay {by_plugin}"));
    assert_eq!(replayed["same"], true, "{replayed:#}");
    assert_eq!(replayed["answer"], replayed["recorded"]["answer"]);
    assert!(replayed["fuel"].is_u64());
    let differs =
        operator.try_run(&format!("decision replay {by_standard} --plugin {}", plugin("northstar")), &[]);
    assert_eq!(differs.status, 1, "{differs:?}");
    let printed: Value =
        serde_json::from_str(&differs.stdout).expect("what came back is printed all the same");
    assert_eq!(printed["same"], false);
    assert!(differs.stderr.contains("differs"), "{differs:?}");

    let rolled_back = operator.run(&format!("release rollback {slot}"));
    assert_eq!(rolled_back["active"]["plugin"], "standard");
    ask.refused("JOB_AMBIGUOUS");
    let sentence = "not among those that were active";
    operator.refused(&format!("release rollback {slot} --to {release_id}"), sentence);
    let forth = operator.run(&format!("release activate {release_id}"));
    assert_eq!(forth["active"]["id"], json!(release_id));
    operator.refused("release rollback default/billing", "default/billing");
}

#[test]
fn a_server_starts_is_signalled_and_drains() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::serve(folder.path(), NOW);
    let listening = server.line("listening");
    assert_eq!(listening["listen"], json!(server.listen.to_string()), "{listening}");
    assert_eq!(listening["admin"], json!(server.admin.to_string()), "{listening}");
    let file = folder.path().join("admin.json");
    let mode = fs::metadata(&file).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "admin.json holds the token");
    let admin: Value = serde_json::from_slice(&fs::read(&file).expect("it is there")).expect("JSON");
    assert_eq!(admin["url"], json!(format!("http://{}", server.admin)));
    for name in ["switchboard.redb", "pepper"] {
        let mode = fs::metadata(folder.path().join(name)).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name} is for the operator's account alone");
    }

    let url = text(&admin["url"]);
    let line = format!("'{}' ats list --admin {url}", process::program().display());
    let by_address = process::paste(&line, &[("SWITCHBOARD_ADMIN_TOKEN", &text(&admin["token"]))]);
    assert_eq!(by_address.json(), json!([]));
    process::paste(&line, &[("SWITCHBOARD_ADMIN_TOKEN", "wrong")]).complained(1);

    let folder_text = folder.path().display().to_string();
    let second = process::run(&[&["serve", "--data-dir", &folder_text][..], &FREE_PORTS[..]].concat());
    assert!(second.complained(1).contains("another server"), "{second:?}");

    server.signal("HUP");
    let _ = server.line("settings");
    let operator = Operator(folder.path());
    let ats_id = operator.id("ats create --name Harbour");
    let key = text(&operator.run(&format!("key create --kind ats --ats {ats_id}"))["key"]);

    let body = json!({ "name": "Acme" }).to_string();
    let mut stream = TcpStream::connect(server.listen).expect("it listens");
    let head = format!(
        "POST /company HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(&body.as_bytes()[..5]).expect("sent");
    // The connection is accepted in order, so this answer says that the other one was.
    assert_eq!(length(&operator.run("company list")), 0);
    ready(&server);
    server.signal("TERM");
    let _ = server.line("draining");
    stream.write_all(&body.as_bytes()[5..]).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 201"), "a request that runs is finished: {answer}");
    let mut server = server;
    let status = server.wait();
    assert_eq!(status.code(), Some(0), "{:#?}", server.lines());
}

/// A whole request over a new connection: what was connected before it has been accepted.
fn ready(server: &Process) {
    let mut stream = TcpStream::connect(server.listen).expect("it listens");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn what_cannot_be_served_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |data_dir: &Path, more: &[&str], words: &[&str]| {
        let data_dir = data_dir.display().to_string();
        let ended = process::run(&[&["serve", "--data-dir", &data_dir], &FREE_PORTS[..], more].concat());
        let complaint = ended.complained(1);
        for word in words {
            assert!(complaint.contains(word), "`{word}` is not in: {complaint}");
        }
        assert!(!complaint.contains("panicked"), "{complaint}");
    };
    let corrupt = folder.path().join("corrupt");
    fs::create_dir(&corrupt).expect("made");
    fs::write(corrupt.join("switchboard.redb"), "this is no store").expect("written");
    refused(&corrupt, &[], &["switchboard.redb", "Not a redb database"]);

    let newer = folder.path().join("newer");
    assert!(Process::serve(&newer, NOW).terminate().success());
    let file = newer.join("switchboard.redb");
    write_format(&file, 99);
    refused(&newer, &[], &["switchboard.redb", "format 99", "newer program"]);

    let torn = folder.path().join("torn");
    fs::create_dir(&torn).expect("made");
    let bytes = fs::read(&file).expect("it is there");
    fs::write(torn.join("switchboard.redb"), &bytes[..bytes.len() / 3]).expect("written");
    refused(&torn, &[], &["switchboard.redb"]);

    let file = folder.path().join("file");
    fs::write(&file, "").expect("written");
    refused(&file.join("data"), &[], &["data folder", "file/data"]);

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = listener.local_addr().expect("it listens").to_string();
    let fresh = folder.path().join("fresh");
    let fresh_text = fresh.display().to_string();
    let ended = process::run(&[
        "serve",
        "--data-dir",
        &fresh_text,
        "--listen",
        &taken,
        "--admin-listen",
        "127.0.0.1:0",
    ]);
    assert!(ended.complained(1).contains(&taken), "{ended:?}");
    drop(listener);
    let ended =
        process::run(&["serve", "--data-dir", &fresh_text, "--listen", "0.0.0.0:0", "--dev-clock", NOW]);
    assert!(ended.complained(1).contains("loopback"), "{ended:?}");
}

/// As a program of the future would have marked its file: a version byte, then a postcard `u32`.
fn write_format(file: &Path, format: u8) {
    let meta = redb::TableDefinition::<&[u8], &[u8]>::new("meta");
    let database = redb::Database::create(file).expect("it opens");
    #[expect(clippy::disallowed_methods, reason = "no server has the file open")]
    let writing = database.begin_write().expect("nobody writes");
    {
        let mut table = writing.open_table(meta).expect("it is there");
        table.insert(&b"format"[..], &[1, format][..]).expect("written");
    }
    writing.commit().expect("written");
}

#[test]
fn wrong_usage_ends_with_2_and_nobody_there_with_3() {
    for words in ["nonsense", "ats create", "release create --slot nonsense --plugin p", "clock advance soon"]
    {
        let ended = process::run(&words.split(' ').collect::<Vec<_>>());
        assert!(ended.complained(2).contains("Usage") || ended.stderr.contains("error"), "{ended:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let operator = Operator(folder.path());
    assert!(operator.try_run("ats list", &[]).complained(3).contains("--data-dir"));
    let admin = json!({ "url": "http://127.0.0.1:9", "token": "t" });
    fs::write(folder.path().join("admin.json"), admin.to_string()).expect("written");
    assert!(operator.try_run("ats list", &[]).complained(3).contains("127.0.0.1:9"));
    assert_eq!(process::run(&["--version"]).stdout, format!("switchboard {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(process::run(&["--help"]).status, 0);
}

#[test]
fn settings_are_checked_and_explained() {
    let example = process::checkout().join("examples/switchboard.toml").display().to_string();
    assert_eq!(process::run(&["config", "check", "--config", &example]).json(), json!({ "valid": true }));
    let explained =
        process::run(&["config", "explain", "--config", &example, "--listen", "127.0.0.1:0"]).json();
    let source = |key: &str| {
        let all = explained.as_array().expect("a list");
        let found = all.iter().find(|setting| setting["key"] == key).unwrap_or_else(|| panic!("no {key}"));
        text(&found["source"])
    };
    assert!(source("listen").starts_with("flag"));
    assert!(source("data_dir").starts_with("file"));
    assert_eq!(source("dev_clock"), "default");
    // The example names every setting, those without a default in a comment.
    let written = fs::read_to_string(&example).expect("it is there");
    for setting in explained.as_array().expect("a list") {
        let key = text(&setting["key"]);
        let name = key.rsplit('.').next().unwrap_or_default();
        let is_there = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{name} = "));
        assert!(written.lines().any(is_there), "{key} is not in {example}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("wrong.toml");
    fs::write(&file, "listne = \"127.0.0.1:1\"\n").expect("written");
    let ended = process::run(&["config", "check", "--config", &file.display().to_string()]);
    assert!(ended.complained(1).contains("`listen`"), "{ended:?}");
}

/// A company whose candidate has three jobs, so that the policy has something to decide.
struct Asking<'a> {
    server: &'a Process,
    key: String,
    company_id: String,
    interview: Value,
    best_job: Value,
}

impl<'a> Asking<'a> {
    fn new(server: &'a Process, key: String) -> Self {
        let company_id = text(&post(server, &key, "/company", &json!({ "name": "Acme" }))["id"]);
        let of_company = |noun: &str| format!("/{noun}?companyId={company_id}");
        let job = |priority: u32| {
            let job = json!({
                "title": "A job title", "description": "A long enough description.",
                "metadata": { "requisitionPriority": priority },
            });
            post(server, &key, &of_company("jobs"), &job)["id"].clone()
        };
        let jobs = [job(10), job(30), job(20)];
        let candidate = json!({
            "firstName": "Ada", "lastName": "One", "email": "ada@example.com",
            "gdprExpiryDate": "2199-12-31", "jobIds": jobs,
        });
        let candidate = post(server, &key, &of_company("candidates"), &candidate);
        let agent = json!({
            "name": "Screening", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 15,
        });
        let agent = post(server, &key, &of_company("agents"), &agent);
        let interview = json!({ "candidateId": candidate["id"], "agentId": agent["id"] });
        let [_, best_job, _] = jobs;
        Self { server, key, company_id, interview, best_job }
    }

    fn answer(&self) -> (u16, Value) {
        exchange(
            self.server,
            &self.key,
            &format!("/interviews?companyId={}", self.company_id),
            &self.interview,
        )
    }

    #[track_caller]
    fn refused(&self, code: &str) {
        let (_, answer) = self.answer();
        assert_eq!(answer["error"]["code"], code, "{answer:#}");
    }

    /// The job that was decided.
    #[track_caller]
    fn decided(&self) -> Value {
        let (status, answer) = self.answer();
        assert_eq!(status, 201, "{answer:#}");
        answer["data"]["jobId"].clone()
    }
}

fn exchange(server: &Process, key: &str, path: &str, body: &Value) -> (u16, Value) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(Client::new(server.listen, Some(key)).post(path, body));
    (answer.status, answer.json())
}

#[track_caller]
fn post(server: &Process, key: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = exchange(server, key, path, body);
    assert_eq!(status, 201, "{answer:#}");
    answer["data"].clone()
}
