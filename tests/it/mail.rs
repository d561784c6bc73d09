//! Mail over real SMTP: what a server does at any step, a kill at any step, and what an operator does about it. No
//! invitation is lost; one comes twice only where nobody knows whether it came, and then it is the same one.

mod aiosmtpd;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use switchboard_tests::smtp::{Ability, Fault, Seal, Smtp, Step};
use switchboard_tests::{Client, Letter, Options, Process, TestHost, process};

const OWNER: &str = "owner@acme.example";
const MINUTE: Duration = Duration::from_secs(60);

async fn host_of(smtp: &Smtp) -> TestHost {
    let settings = vec![("mail.smtp_url", smtp.url()), ("mail.from", "hiring@mail.example".to_owned())];
    TestHost::start_with(Options { settings, ..Options::default() }).await
}

/// A company whose owner is invited.
async fn invite(host: &TestHost, owner: &str) -> Value {
    let here = host.furnish().await;
    let body = json!({ "name": "Acme", "ownerEmail": owner });
    let company = host.partner(&here.ats_key).post("/company", &body).await.expect(201);
    assert_eq!(company["ownerStatus"], "INVITED");
    company
}

async fn outbox(host: &TestHost, query: &str) -> Vec<Value> {
    host.operate("GET", &format!("/outbox{query}"), Value::Null).await.as_array().expect("a list").clone()
}

/// Waits until the outbox has one row of which this holds.
async fn row(host: &TestHost, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..4_000 {
        let rows = outbox(host, "").await;
        if let [row] = rows.as_slice()
            && holds(row)
        {
            return row.clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never {what}: {:#?}", outbox(host, "").await);
}

/// Waits until nothing is left in the outbox.
async fn is_empty(host: &TestHost) {
    for _ in 0..4_000 {
        if outbox(host, "").await.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("something stays: {:#?}", outbox(host, "").await);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// All letters are the same, byte for byte, and their link works exactly once.
async fn are_one_invitation(letters: &[Letter], address: std::net::SocketAddr) {
    let bytes: BTreeSet<&str> = letters.iter().map(|letter| letter.raw.as_str()).collect();
    assert_eq!(bytes.len(), 1, "{letters:#?}");
    let mut guest = Client::new(address, None);
    let accept = format!("/invitations/{}/accept", letters[0].token());
    let _ = guest.post(&accept, &json!({ "name": "Jana" })).await.expect(200);
    let _ = guest.post(&accept, &json!({ "name": "Jana" })).await.refused(410, "INVITATION_GONE");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_for_a_while_loses_nothing() {
    let smtp = Smtp::start().await;
    let host = host_of(&smtp).await;
    let gone = smtp.leave();
    let _ = invite(&host, OWNER).await;
    let failed = row(&host, "tried", |row| row["tries"] == 1).await;
    assert_eq!(
        (&failed["kind"], &failed["to"], &failed["dead"]),
        (&json!("invitation"), &json!(OWNER), &json!(false))
    );
    assert!(text(&failed["reason"]).contains("refused"), "{failed:#}");
    // Others wait behind it without each trying for itself, and none is forgotten.
    let _ = invite(&host, "second@acme.example").await;
    let _ = host.clock.advance(10 * MINUTE);
    let smtp = {
        for _ in 0..400 {
            if outbox(&host, "").await[0]["tries"] != 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        gone.come_back().await
    };
    let _ = host.clock.advance(5 * 60 * MINUTE);
    let letters = smtp.has_taken(2).await;
    is_empty(&host).await;
    assert_eq!(letters[0].header("From"), "hiring@mail.example");
    assert_eq!(host.metric("switchboard_outbox_waiting{kind=\"mail\"}").await, 0);
    assert_eq!(host.metric("switchboard_outbox_tries_total{kind=\"mail\",outcome=\"done\"}").await, 2);
    let _ = host.clock.advance(24 * 60 * MINUTE);
    assert_eq!(smtp.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cuts_after_its_yes_is_not_sent_the_mail_again() {
    let smtp = Smtp::start().await;
    let host = host_of(&smtp).await;
    smtp.fault(Step::Yes, Fault::Cut);
    let _ = invite(&host, OWNER).await;
    let letters = smtp.has_taken(1).await;
    is_empty(&host).await;
    let _ = host.clock.advance(24 * 60 * MINUTE);
    // Another mail passes the place where a second one would have come.
    let _ = invite(&host, "second@acme.example").await;
    assert_eq!(smtp.has_taken(2).await[1].header("To"), "second@acme.example");
    are_one_invitation(&letters, host.listen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cuts_or_says_later_is_tried_again_with_the_same_mail() {
    for (step, fault, copies) in [
        (Step::Connect, Fault::Say("421 4.3.2 later"), 1),
        (Step::Hello, Fault::Cut, 1),
        (Step::From, Fault::Say("451 4.3.0 later"), 1),
        (Step::To, Fault::Say("450 4.2.0 greylisted"), 1),
        (Step::Data, Fault::Cut, 1),
        (Step::Letter, Fault::Say("452 4.3.1 full"), 1),
        // It has the letter, and nobody but it knows.
        (Step::Letter, Fault::Cut, 2),
    ] {
        let smtp = Smtp::start().await;
        let host = host_of(&smtp).await;
        smtp.fault(step, fault);
        let _ = invite(&host, OWNER).await;
        let failed = row(&host, "tried", |row| row["tries"] == 1).await;
        assert!(failed["dead"] == false && failed["nextAt"].is_string(), "{step:?}: {failed:#}");
        let _ = host.clock.advance(MINUTE);
        let letters = smtp.has_taken(copies).await;
        is_empty(&host).await;
        assert_eq!(smtp.taken().len(), copies, "{step:?}");
        are_one_invitation(&letters, host.listen).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_for_ever_is_left_to_the_operator() {
    let smtp = Smtp::start().await;
    let host = host_of(&smtp).await;
    smtp.fault(Step::To, Fault::Say("550 5.1.1 no such mailbox"));
    let company = invite(&host, OWNER).await;
    let dead = row(&host, "dead", |row| row["dead"] == true).await;
    assert!(
        text(&dead["reason"]).contains("550") && text(&dead["reason"]).contains("no such mailbox"),
        "{dead:#}"
    );
    assert_eq!(outbox(&host, "?dead=true").await, std::slice::from_ref(&dead));
    assert!(dead.get("nextAt").is_none());
    let _ = host.clock.advance(2 * 24 * 60 * MINUTE);
    let path = format!("/outbox/{}", text(&dead["id"]));
    let retried = host.operate("POST", &format!("{path}/retry"), json!({})).await;
    assert_eq!((&retried["id"], &retried["dead"]), (&dead["id"], &json!(false)));
    let _ = smtp.has_taken(1).await;
    is_empty(&host).await;
    let _ =
        host.operator().post(&format!("{path}/retry"), &json!({})).await.refused(404, "RESOURCE_NOT_FOUND");

    // Or it is given up for good.
    smtp.fault(Step::To, Fault::Say("550 5.1.1 no such mailbox"));
    let body = json!({ "ownerEmail": "wrong@acme.example" });
    let company_path = format!("/company/{}", text(&company["id"]));
    let operated = host.operate("GET", &format!("/companies/{}", text(&company["id"])), Value::Null).await;
    let key = host.key(json!({ "kind": "ats", "atsId": operated["atsId"] })).await;
    let mut ats = host.partner(&key);
    let _ = ats.patch(&company_path, &body).await.expect(200);
    let dead = row(&host, "dead", |row| row["dead"] == true).await;
    let dropped = host.operate("DELETE", &format!("/outbox/{}", text(&dead["id"])), Value::Null).await;
    assert_eq!(dropped["to"], "wrong@acme.example");
    assert_eq!(outbox(&host, "").await, Vec::<Value>::new());
    assert_eq!(ats.get(&company_path).await.expect(200)["ownerStatus"], "HELD");
    assert_eq!(smtp.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_tried_for_days_and_then_dead() {
    let smtp = Smtp::start().await;
    let host = host_of(&smtp).await;
    let _gone = smtp.leave();
    let _ = invite(&host, OWNER).await;
    let mut tries = 0;
    let dead = loop {
        let tried = row(&host, "tried", |row| row["tries"].as_u64() > Some(tries)).await;
        tries = tried["tries"].as_u64().expect("a number");
        if tried["dead"] == true {
            break tried;
        }
        assert!(tries < 100);
        let _ = host.clock.advance(4 * 60 * MINUTE);
    };
    assert!((25..40).contains(&tries), "{dead:#}");
    // The invitation has an end of its own, with which the mail goes.
    let _ = host.clock.advance(7 * 24 * 60 * MINUTE);
    is_empty(&host).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_owner_takes_the_mail_back_that_waits() {
    let smtp = Smtp::start().await;
    let host = host_of(&smtp).await;
    let gone = smtp.leave();
    let here = host.furnish().await;
    let mut ats = host.partner(&here.ats_key);
    let body = json!({ "name": "Acme", "ownerEmail": OWNER });
    let company = ats.post("/company", &body).await.expect(201);
    let _ = row(&host, "tried", |row| row["tries"] == 1).await;
    let path = format!("/company/{}", text(&company["id"]));
    let _ = ats.patch(&path, &json!({ "ownerEmail": "next@acme.example" })).await.expect(200);
    let smtp = gone.come_back().await;
    let _ = host.clock.advance(5 * 60 * MINUTE);
    let letters = smtp.has_taken(1).await;
    is_empty(&host).await;
    assert_eq!(letters[0].header("To"), "next@acme.example");
    assert_eq!(smtp.taken().len(), 1);
    are_one_invitation(&letters, host.listen).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_beyond_ascii_need_a_server_that_can() {
    let owner = "jan\u{e1}+x@b\u{fc}cher.example";
    let smtp = Smtp::start().await;
    let host = host_of(&smtp).await;
    let _ = invite(&host, owner).await;
    let dead = row(&host, "dead", |row| row["dead"] == true).await;
    assert!(text(&dead["reason"]).contains("SMTPUTF8"), "{dead:#}");
    let smtp = Smtp::with(Ability { utf8: true, ..Ability::default() }).await;
    let host = host_of(&smtp).await;
    let _ = invite(&host, owner).await;
    assert_eq!(smtp.has_taken(1).await[0].header("To"), "jan\u{e1}+x@xn--bcher-kva.example");
    // A domain beyond ASCII has a form that every server takes.
    let smtp = Smtp::start().await;
    let host = host_of(&smtp).await;
    let _ = invite(&host, "jana+x@b\u{fc}cher.example").await;
    assert_eq!(smtp.has_taken(1).await[0].header("To"), "jana+x@xn--bcher-kva.example");
}

/// The real program, with an ATS whose partner makes companies; each start has its own ports.
struct Server {
    process: Process,
    ats: Client,
    operator: Client,
}

impl Server {
    fn start(folder: &Path, clock: &str, url: &str, key: Option<&str>, authority: Option<&Path>) -> Self {
        // Ports change with each start, and the same mail has the same link.
        let mut environment = vec![
            ("SWITCHBOARD_MAIL_SMTP_URL", url.to_owned()),
            ("SWITCHBOARD_MAIL_PUBLIC_URL", "https://interviews.example".to_owned()),
        ];
        environment.extend(authority.map(|file| ("SSL_CERT_FILE", file.display().to_string())));
        let process = Process::serve_in(folder, clock, &[], &environment);
        let file = std::fs::read(folder.join("admin.json")).expect("a running server has one");
        let file: Value = serde_json::from_slice(&file).expect("JSON");
        let operator = Client::new(process.admin, Some(text(&file["token"])));
        let ats = Client::new(process.listen, key);
        Self { process, ats, operator }
    }

    /// An ATS and a key without limits.
    async fn furnish(&mut self) -> String {
        let ats = self.operator.post("/ats", &json!({ "name": "Harbour" })).await.json();
        let body = json!({ "kind": "ats", "atsId": ats["id"], "ratePerMinute": 0, "ratePerHour": 0 });
        let key = text(&self.operator.post("/keys", &body).await.json()["key"]).to_owned();
        self.ats = Client::new(self.process.listen, Some(&key));
        key
    }

    async fn invite(&mut self, owner: &str) {
        let body = json!({ "name": "Acme", "ownerEmail": owner });
        let _ = self.ats.post("/company", &body).await.expect(201);
    }

    async fn is_empty(&mut self) {
        for _ in 0..4_000 {
            if self.operator.get("/outbox").await.json() == json!([]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("something stays: {:#}", self.operator.get("/outbox").await.json());
    }
}

/// A server that is killed and started again, on one folder.
struct Mortal {
    folder: tempfile::TempDir,
    url: String,
    key: Option<String>,
    minute: u8,
}

impl Mortal {
    fn new(url: String) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), url, key: None, minute: 0 }
    }

    /// A minute later each time, so that what waits is tried again.
    fn start(&mut self) -> Server {
        self.minute += 1;
        let clock = format!("2026-04-02T10:{:02}:00Z", self.minute);
        Server::start(self.folder.path(), &clock, &self.url, self.key.as_deref(), None)
    }

    /// Invites an owner, and is killed when the mail server tells that it has come so far; as it is when nothing is
    /// left to be sent.
    async fn invite(&mut self, owner: &str, reached: impl Future<Output = ()>) -> Server {
        let mut server = self.start();
        if self.key.is_none() {
            self.key = Some(server.furnish().await);
        }
        server.invite(owner).await;
        reached.await;
        server.process.kill();
        let mut server = self.start();
        server.is_empty().await;
        server
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_step_of_sending_loses_no_mail() {
    let smtp = Smtp::start().await;
    let mut mortal = Mortal::new(smtp.url());
    for (round, step) in Step::ALL.into_iter().enumerate() {
        let before = smtp.taken().len();
        smtp.fault(step, Fault::Hang);
        let owner = format!("owner{round}@acme.example");
        let server = mortal.invite(&owner, smtp.reached()).await;
        let letters = smtp.taken().split_off(before);
        // Where the server has it and we have not noted its yes, it comes once more. After the yes it is a race.
        let expected = match step {
            Step::Connect | Step::Hello | Step::From | Step::To | Step::Data => 1..=1,
            Step::Letter => 2..=2,
            Step::Yes => 1..=2,
        };
        assert!(expected.contains(&letters.len()), "{step:?}: {}", letters.len());
        assert!(letters.iter().all(|letter| letter.header("To") == owner), "{letters:#?}");
        are_one_invitation(&letters, server.process.listen).await;
        assert!(server.process.terminate().success());
    }
}

/// An authority in a file, and what a server of `localhost` shows that it vouches for.
fn authority(folder: &Path) -> (std::path::PathBuf, Arc<ServerConfig>) {
    let mut root = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_key = KeyPair::generate().expect("a key");
    let root = CertifiedIssuer::self_signed(root, root_key).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(["localhost".to_owned()]).expect("parameters");
    let leaf = leaf.signed_by(&key, &root).expect("a certificate");
    let file = folder.join("authority.pem");
    std::fs::write(&file, root.pem()).expect("is written");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        );
    (file, Arc::new(config.expect("a configuration")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_is_sealed_and_the_server_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let (authority, tls) = authority(folder.path());
    // \0mailer\0p@ss:word
    let login = Some("AG1haWxlcgBwQHNzOndvcmQ=");
    let upgraded =
        Smtp::with(Ability { seal: Seal::Upgraded(Arc::clone(&tls)), login, ..Ability::default() }).await;
    let wrapped = Smtp::with(Ability { seal: Seal::Wrapped(tls), ..Ability::default() }).await;
    let port = |smtp: &Smtp| smtp.address.port();
    let user = "mailer:p%40ss%3Aword@";
    for (smtp, url, authority, is_taken) in [
        (
            &upgraded,
            format!("smtp://{user}localhost:{}?tls=required", port(&upgraded)),
            Some(&authority),
            true,
        ),
        (&wrapped, format!("smtps://localhost:{}", port(&wrapped)), Some(&authority), true),
        // Nobody vouches for it.
        (&wrapped, format!("smtps://localhost:{}", port(&wrapped)), None, false),
        // Somebody else's name.
        (&wrapped, format!("smtps://127.0.0.1:{}", port(&wrapped)), Some(&authority), false),
        (
            &upgraded,
            format!("smtp://mailer:wrong@localhost:{}?tls=required", port(&upgraded)),
            Some(&authority),
            false,
        ),
    ] {
        let data = tempfile::tempdir().expect("a folder");
        let before = smtp.taken().len();
        let mut server = Server::start(
            data.path(),
            "2026-04-02T10:00:00Z",
            &url,
            None,
            authority.map(std::path::PathBuf::as_path),
        );
        let _ = server.furnish().await;
        server.invite(OWNER).await;
        if is_taken {
            let _ = smtp.has_taken(before + 1).await;
            server.is_empty().await;
        } else {
            let mut rows = json!([]);
            for _ in 0..4_000 {
                rows = server.operator.get("/outbox").await.json();
                if rows[0]["tries"] == 1 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            // A certificate and a password are mended, so it waits.
            assert_eq!((&rows[0]["tries"], &rows[0]["dead"]), (&json!(1), &json!(false)), "{url}: {rows:#}");
            assert_eq!(smtp.taken().len(), before, "{url}");
        }
    }
    // Where TLS is required, nothing is said in clear.
    let clear = Smtp::start().await;
    let data = tempfile::tempdir().expect("a folder");
    let url = format!("smtp://localhost:{}?tls=required", port(&clear));
    let mut server = Server::start(data.path(), "2026-04-02T10:00:00Z", &url, None, Some(&authority));
    let _ = server.furnish().await;
    server.invite(OWNER).await;
    for _ in 0..4_000 {
        if server.operator.get("/outbox").await.json()[0]["tries"] == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let rows = server.operator.get("/outbox").await.json();
    assert!(text(&rows[0]["reason"]).contains("STARTTLS"), "{rows:#}");
    assert_eq!(clear.taken().len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_server_mail_is_files_and_an_operator_sees_what_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Process::serve(folder.path(), "2026-04-02T10:00:00Z");
    let data_dir = folder.path().display().to_string();
    let operate = |words: &str| {
        let arguments: Vec<&str> = ["--data-dir", &data_dir].into_iter().chain(words.split(' ')).collect();
        process::run(&arguments)
    };
    let ats = operate("ats create --name Harbour").json();
    let key = operate(&format!("key create --kind ats --ats {}", text(&ats["id"]))).json();
    let mut partner = Client::new(server.listen, Some(text(&key["key"])));
    let user = operate("user create --email Ada@acme.example --name Ada").json();
    let body = |owner: &str| json!({ "name": "Acme", "ownerEmail": owner });
    let assigned = partner.post("/company", &body("ada@acme.example")).await.expect(201);
    assert_eq!(assigned["ownerStatus"], "ASSIGNED");
    let _ = partner.post("/company", &body(OWNER)).await.expect(201);
    let file = loop {
        let files = std::fs::read_dir(folder.path().join("mail")).expect("is there");
        let mut files = files.map(|entry| entry.expect("an entry").path());
        if let Some(file) = files.find(|path| path.extension().is_some_and(|ending| ending == "eml")) {
            break file;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let letter = Letter::new(&std::fs::read(&file).expect("a file"));
    assert_eq!(letter.header("To"), OWNER);
    assert!(letter.text().contains(&format!("http://{}/invitations/", server.listen)));
    // A file is there a moment before it is noted that the mail has left.
    for _ in 0..400 {
        if operate("outbox list").json() == json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(operate("outbox list").json(), json!([]));
    assert_eq!(operate("outbox list --dead").json(), json!([]));
    let users = operate("user list").json();
    assert_eq!(users[0]["id"], user["id"]);
    assert_eq!(operate(&format!("user delete {}", text(&user["id"]))).json()["name"], "Ada");
    let nobody = "01960e6a-7c00-7000-8000-000000000001";
    for words in ["outbox retry", "outbox drop", "user delete"] {
        assert_eq!(operate(&format!("{words} {nobody}")).status, 1, "{words}");
    }
    assert!(server.terminate().success());
}

#[test]
fn settings_that_cannot_send_are_refused_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let templates = folder.path().join("templates");
    std::fs::create_dir(&templates).expect("is made");
    std::fs::write(templates.join("company-invitation.en.txt"), "{{ nobody_knows }}").expect("is written");
    let templates = templates.display().to_string();
    let data_dir = folder.path().join("data").display().to_string();
    for (name, value, told) in [
        ("SWITCHBOARD_MAIL_FROM", "nobody", "`mail.from`"),
        ("SWITCHBOARD_MAIL_TEMPLATES", templates.as_str(), "company-invitation.en.txt"),
    ] {
        let mut command = process::command();
        command.args(["serve", "--data-dir", &data_dir]).args(process::FREE_PORTS).env(name, value);
        let output = command.output().expect("it can be started");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && stderr.contains(told), "{stderr}");
    }
}
