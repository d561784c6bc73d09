//! The same promises, held against a mail server of somebody else's: aiosmtpd, as `tests/smtp/setup.sh` fetches it.
//! Where it is not there these tests say so and go on, unless it is required.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use switchboard_tests::{Letter, Options, TestHost, process};
use tempfile::TempDir;

use super::{MINUTE, Mortal, OWNER, are_one_invitation, invite, is_empty, row, text};

/// Set to anything: it must be there.
const REQUIRE: &str = "SWITCHBOARD_REQUIRE_SMTP";

/// Python with `aiosmtpd`; `python3`, unless this names another one.
const PYTHON: &str = "SWITCHBOARD_SMTP_PYTHON";

/// A running one, which ends with this value.
struct Aiosmtpd {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Aiosmtpd {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch, no setting of the server")]
    #[expect(clippy::print_stderr, reason = "who runs the tests is to know")]
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let is_required = std::env::var_os(REQUIRE).is_some();
        let Some((child, port)) = run(&folder, None) else {
            assert!(!is_required, "{REQUIRE} is set, and there is no aiosmtpd: run tests/smtp/setup.sh");
            eprintln!("there is no aiosmtpd: nothing was mailed to it");
            return None;
        };
        Some(Self { child, port, folder })
    }

    fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What it has taken, in order.
    fn taken(&self) -> Vec<Letter> {
        let files = (1..).map(|number| std::fs::read(self.path(&format!("{number}.eml"))));
        files.map_while(Result::ok).map(|bytes| Letter::new(&bytes)).collect()
    }

    /// For the next one who comes to this step.
    fn fault(&self, step: &str, what: &str) {
        std::fs::write(self.path("new"), format!("{step} {what}")).expect("is written");
        std::fs::rename(self.path("new"), self.path("fault")).expect("is moved");
    }

    /// Waits until somebody has come to the step of the fault.
    async fn reached(&self) {
        for _ in 0..4_000 {
            if std::fs::remove_file(self.path("reached")).is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("nobody came");
    }

    fn leave(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it ends");
    }

    /// On the port of before, with the letters of before.
    fn come_back(&mut self) {
        (self.child, self.port) = run(&self.folder, Some(self.port)).expect("it starts again");
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The process, and the port that it says it listens on.
fn run(folder: &TempDir, port: Option<u16>) -> Option<(Child, u16)> {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch, no setting of the server")]
    let python = std::env::var(PYTHON).unwrap_or_else(|_| "python3".to_owned());
    let mut child = Command::new(python)
        .arg(process::checkout().join("tests/smtp/aiosmtpd_folder.py"))
        .arg(folder.path())
        .args(port.map(|port| port.to_string()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    match line.trim().parse() {
        Ok(port) => Some((child, port)),
        Err(_) => {
            drop(child.wait());
            None
        }
    }
}

async fn host_of(smtp: &Aiosmtpd) -> TestHost {
    let settings = vec![("mail.smtp_url", smtp.url())];
    TestHost::start_with(Options { settings, ..Options::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_an_invitation() {
    let Some(smtp) = Aiosmtpd::start() else { return };
    let host = host_of(&smtp).await;
    let _ = invite(&host, "jan\u{e1}+x@b\u{fc}cher.example").await;
    is_empty(&host).await;
    let letters = smtp.taken();
    assert!(letters.len() == 1 && letters[0].header("Message-ID").ends_with("@localhost>"), "{letters:?}");
    are_one_invitation(&letters, host.listen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_of_its_steps_loses_no_mail() {
    let Some(smtp) = Aiosmtpd::start() else { return };
    let mut mortal = Mortal::new(smtp.url());
    for (step, copies) in [("hello", 1), ("from", 1), ("to", 1), ("letter", 2)] {
        let before = smtp.taken().len();
        smtp.fault(step, "hang");
        let owner = format!("{step}@acme.example");
        let server = mortal.invite(&owner, smtp.reached()).await;
        let letters = smtp.taken().split_off(before);
        // Where it has the letter and we have not noted its yes, it comes once more.
        assert_eq!(letters.len(), copies, "{step}");
        assert!(letters.iter().all(|letter| letter.header("To") == owner), "{letters:#?}");
        are_one_invitation(&letters, server.process.listen).await;
        assert!(server.process.terminate().success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_may_be_down_meanwhile_and_the_owner_another_one() {
    let Some(mut smtp) = Aiosmtpd::start() else { return };
    let host = host_of(&smtp).await;
    smtp.leave();
    let here = host.furnish().await;
    let mut ats = host.partner(&here.ats_key);
    let body = json!({ "name": "Acme", "ownerEmail": OWNER });
    let company = ats.post("/company", &body).await.expect(201);
    let _ = row(&host, "tried", |row| row["tries"] == 1).await;
    let path = format!("/company/{}", text(&company["id"]));
    let _ = ats.patch(&path, &json!({ "ownerEmail": "next@acme.example" })).await.expect(200);
    smtp.come_back();
    assert!(host.clock.advance(5 * 60 * MINUTE));
    is_empty(&host).await;
    let letters = smtp.taken();
    assert!(letters.len() == 1 && letters[0].header("To") == "next@acme.example", "{letters:#?}");
    are_one_invitation(&letters, host.listen).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_it_cuts_after_it_has_the_letter_the_same_one_comes_again() {
    let Some(smtp) = Aiosmtpd::start() else { return };
    let host = host_of(&smtp).await;
    smtp.fault("letter", "cut");
    let _ = invite(&host, OWNER).await;
    smtp.reached().await;
    let _ = row(&host, "tried", |row| row["tries"] == 1).await;
    assert!(host.clock.advance(MINUTE));
    is_empty(&host).await;
    let letters = smtp.taken();
    assert_eq!(letters.len(), 2);
    are_one_invitation(&letters, host.listen).await;
}
