//! The real program, serving an ATS that was made for one run, with keys that have no rate limits.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::folder;
use crate::step::{Failed, Step, built, environment, program, say};

/// A Thursday, 10:00 in New York: everything that depends on the time is the same in each run, and phones may ring.
pub(super) const NOW: &str = "2026-04-02T14:00:00Z";

/// A server on an empty folder listens in a fraction of this.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Running requests are given that long by the server itself.
const END_TIMEOUT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// From the range that the North American numbering plan keeps for fiction.
const COMPANY_NUMBER: &str = "+12025550123";

/// A server at work, and what was made in it.
pub(super) struct Server {
    child: Child,
    log: PathBuf,
    /// `http://127.0.0.1:…`
    pub(super) url: String,
    pub(super) ats_key: String,
    pub(super) company_id: String,
    pub(super) company_key: String,
    pub(super) worker_key: String,
    pub(super) phone_number_id: String,
}

impl Server {
    /// Serves on an empty folder and free ports, and makes what a run needs. `name` tells its files from those of
    /// other runs.
    pub(super) fn start(name: &str) -> Result<Self, Failed> {
        let data = folder().join(format!("{name}-data"));
        let log = folder().join(format!("{name}-server.log"));
        let refused = |error: std::io::Error| Failed::new(&format!("xtask: {}: {error}", data.display()));
        if data.exists() {
            fs::remove_dir_all(&data).map_err(refused)?;
        }
        fs::create_dir_all(&data).map_err(refused)?;
        let mut child = serve(&data, &log).map_err(refused)?;
        let furnished = listening(&mut child, &log).and_then(|address| furnish(&data, &address));
        match furnished {
            Ok(made) => Ok(made.served_by(child, log)),
            Err(failed) => {
                // It is of no use to anybody; that it could not be killed means that it has ended.
                drop(child.kill());
                drop(child.wait());
                Err(failed)
            }
        }
    }

    /// Ends it as an operator does. A server that ends otherwise than well fails the run.
    pub(super) fn end(mut self) -> Result<(), Failed> {
        program("end the server", &"kill".into()).args(["-TERM", &self.child.id().to_string()]).run()?;
        let deadline = Instant::now() + END_TIMEOUT;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return self.panicked_never(),
                Ok(None) => std::thread::sleep(POLL_INTERVAL),
                Ok(Some(status)) => return Err(self.failed(&format!("ended with {status}"))),
                Err(error) => return Err(self.failed(&error.to_string())),
            }
        }
        Err(self.failed("did not end"))
    }

    /// A panic becomes a 500, which every run would see; but it may have hit a worker, whom nobody asks.
    fn panicked_never(&self) -> Result<(), Failed> {
        let lines = fs::read_to_string(&self.log).unwrap_or_default();
        match lines.lines().find(|line| line.contains("panicked") || line.contains("\"level\":\"ERROR\"")) {
            None => Ok(()),
            Some(line) => Err(self.failed(&format!("complained: {line}"))),
        }
    }

    fn failed(&self, how: &str) -> Failed {
        Failed::new(&format!("xtask: the server {how}; its log is {}", self.log.display()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone after `end`; otherwise the run has failed, and nobody needs it any more.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(data: &Path, log: &Path) -> std::io::Result<Child> {
    let mut command =
        Command::new(built("switchboard").map_err(|failed| std::io::Error::other(failed.to_string()))?);
    without_settings(&mut command);
    command.arg("serve").arg("--data-dir").arg(data);
    command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command.args(["--log-format", "json", "--dev-clock", NOW]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log)?);
    command.spawn()
}

/// The settings of the person who runs this are not the run's.
fn without_settings(command: &mut Command) {
    for name in environment().filter(|name| name.to_string_lossy().starts_with("SWITCHBOARD_")) {
        command.env_remove(name);
    }
}

/// The partners' address, from the line that the server writes when it listens.
fn listening(child: &mut Child, log: &Path) -> Result<String, Failed> {
    let deadline = Instant::now() + START_TIMEOUT;
    let failed = |why: &str| Failed::new(&format!("xtask: the server {why}; its log is {}", log.display()));
    while Instant::now() < deadline {
        let lines = fs::read_to_string(log).unwrap_or_default();
        let lines = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut told = lines.filter(|line| line["event"] == "listening");
        if let Some(address) = told.next().and_then(|line| line["listen"].as_str().map(str::to_owned)) {
            return Ok(address);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(failed(&format!("ended with {status}")));
        }
        std::thread::sleep(POLL_INTERVAL);
    }
    Err(failed("does not listen"))
}

/// What [`furnish`] made.
struct Made {
    url: String,
    ats_key: String,
    company_id: String,
    company_key: String,
    worker_key: String,
    phone_number_id: String,
}

impl Made {
    fn served_by(self, child: Child, log: PathBuf) -> Server {
        let Self { url, ats_key, company_id, company_key, worker_key, phone_number_id } = self;
        Server { child, log, url, ats_key, company_id, company_key, worker_key, phone_number_id }
    }
}

/// An ATS, its company with a phone number, and a key of each kind, made as an operator and a partner make them.
fn furnish(data: &Path, address: &str) -> Result<Made, Failed> {
    let url = format!("http://{address}");
    let operator = |arguments: &[&str]| answer(operate(data, arguments)?, arguments[0]);
    let ats_id = text(&operator(&["ats", "create", "--name", "Contract", "--mode", "test"])?, "id")?;
    let key = |arguments: &[&str]| {
        let unlimited = ["--rate-minute", "0", "--rate-hour", "0"];
        text(&operator(&[&["key", "create"], arguments, &unlimited].concat())?, "key")
    };
    let ats_key = key(&["--kind", "ats", "--ats", &ats_id])?;
    let settings = json!({ "timezone": "America/New_York" });
    let company = json!({ "name": "Contract Trials", "settings": settings });
    let company_id = text(&post(&format!("{url}/company"), &ats_key, &company)?["data"], "id")?;
    let company_key = key(&["--kind", "company", "--company", &company_id])?;
    let worker_key = key(&["--kind", "worker"])?;
    let number = ["phone-number", "create", "--company", &company_id, "--number", COMPANY_NUMBER];
    let phone_number_id = text(&operator(&number)?, "id")?;
    say(&format!("xtask: {url} serves {}", data.display()));
    Ok(Made { url, ats_key, company_id, company_key, worker_key, phone_number_id })
}

fn operate(data: &Path, arguments: &[&str]) -> Result<Step, Failed> {
    let mut step = program("furnish the server", &built("switchboard")?).args(arguments);
    for name in environment().filter(|name| name.to_string_lossy().starts_with("SWITCHBOARD_")) {
        step = step.env_remove(&name);
    }
    Ok(step.args([OsString::from("--json"), "--data-dir".into(), data.into()]))
}

fn post(url: &str, key: &str, body: &Value) -> Result<Value, Failed> {
    let step = program("furnish the server", &"curl".into())
        .args(["-sS", "--fail-with-body", "-H", "Content-Type: application/json"])
        .args(["-H", &format!("Authorization: Bearer {key}"), "-d", &body.to_string(), url]);
    answer(step, url)
}

fn answer(step: Step, what: &str) -> Result<Value, Failed> {
    let text = step.output()?;
    serde_json::from_str(&text).map_err(|error| Failed::new(&format!("xtask: {what}: {error}: {text}")))
}

fn text(value: &Value, field: &str) -> Result<String, Failed> {
    let text = value[field].as_str().map(str::to_owned);
    text.ok_or_else(|| Failed::new(&format!("xtask: an answer has no `{field}`: {value}")))
}
