//! A server as `switchboard serve` runs it, in this process, on free ports and a folder of its own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::ClientConfig;
use serde_json::{Value, json};
use switchboard::app::Gap;
use switchboard::clock::Clock;
use switchboard::config::{Config, Sources};
use switchboard::ids::Ids;
use switchboard::mail::Letters;
use switchboard::{Outside, Running, Trial};
use switchboard_domain::time::{Timestamp, WrittenTime};
use tempfile::TempDir;

use crate::client::{Answer, Client};
use crate::document::{self, Listener};
use crate::letter::Letter;
use crate::plugins;

/// A Thursday, 10:00 in UTC: inside every default call window.
const NOW: &str = "2026-04-02T10:00:00Z";

/// What a test wants otherwise.
#[derive(Debug, Clone)]
pub struct Options {
    /// Acts between a policy's answer and the commit.
    pub gap: Gap,
    /// One commit closure in so many runs twice; always on, so that re-running is always exercised.
    pub rerun_one_in: Option<u32>,
    /// The store's memory for pages of its file; absent: as in production.
    pub cache_bytes: Option<usize>,
    /// Settings as flags.
    pub settings: Vec<(&'static str, String)>,
    /// How partners speak TLS, where the settings name a certificate.
    pub tls: Option<Arc<ClientConfig>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gap: Gap::default(),
            rerun_one_in: Some(2),
            cache_bytes: None,
            settings: Vec::new(),
            tls: None,
        }
    }
}

/// A server at work.
#[derive(Debug)]
pub struct TestHost {
    /// Where partners are served.
    pub listen: SocketAddr,
    /// Where operators are served.
    pub admin: SocketAddr,
    /// What operators show.
    pub token: String,
    /// Everything that waits follows it.
    pub clock: Clock,
    /// What was mailed, unless the settings send it somewhere.
    pub letters: Letters,
    tls: Option<Arc<ClientConfig>>,
    running: Option<Running>,
    folder: TempDir,
}

/// An ATS with a company, and keys to them. Ids are text, as partners see them.
#[derive(Debug, Clone)]
pub struct Furnished {
    /// The ATS.
    pub ats_id: String,
    /// Reaches every company of the ATS.
    pub ats_key: String,
    /// The company.
    pub company_id: String,
    /// Reaches the company alone.
    pub company_key: String,
    /// A number that the company's agents call from.
    pub phone_number_id: String,
}

impl TestHost {
    /// With nothing special.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// With what a test wants otherwise.
    pub async fn start_with(options: Options) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let start = WrittenTime::parse(NOW).ok().and_then(|time| time.instant()).expect("a moment");
        Self::start_in(folder, Clock::steerable(start), Letters::default(), options).await
    }

    async fn start_in(folder: TempDir, clock: Clock, letters: Letters, options: Options) -> Self {
        // Letters are kept for the test, unless it says where they go.
        let sends_nowhere = !options.settings.iter().any(|(key, _)| key.starts_with("mail."));
        let config = config_of(folder.path(), options.settings);
        let trial = Trial {
            gap: options.gap,
            rerun_one_in: options.rerun_one_in,
            cache_bytes: options.cache_bytes,
            batch_max: None,
            letters: sends_nowhere.then(|| letters.clone()),
        };
        let outside = Outside { ids: Ids::random(clock.clone()), clock: clock.clone(), trial };
        let running = switchboard::start(config, outside).await.expect("a server");
        document::hold(running.listen, Listener::Partners);
        document::hold(running.admin_listen, Listener::Operators);
        Self {
            listen: running.listen,
            admin: running.admin_listen,
            token: running.admin_token.clone(),
            clock,
            letters,
            tls: options.tls,
            running: Some(running),
            folder,
        }
    }

    /// Stops it as SIGTERM does, and starts it again on the same folder.
    pub async fn restart(self) -> Self {
        self.restart_after(|| {}).await
    }

    /// As [`TestHost::restart`]; meanwhile something happens.
    pub async fn restart_after(mut self, meanwhile: impl FnOnce()) -> Self {
        self.stop().await;
        meanwhile();
        let Self { folder, clock, letters, .. } = self;
        Self::start_in(folder, clock, letters, Options::default()).await
    }

    /// Stops it as SIGTERM does.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.drain();
            running.ended().await.expect("a clean end");
        }
    }

    /// The server from inside.
    #[must_use]
    pub fn running(&self) -> &Running {
        self.running.as_ref().expect("a server that was not stopped")
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// This moment, on the server's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// This moment and some more, as a partner writes it.
    #[must_use]
    pub fn in_future(&self, ahead: Duration) -> String {
        self.now().plus(ahead).to_string()
    }

    /// A partner with this key.
    #[must_use]
    pub fn partner(&self, key: &str) -> Client {
        let client = Client::new(self.listen, Some(key));
        match &self.tls {
            Some(tls) => client.over_tls(Arc::clone(tls)),
            None => client,
        }
    }

    /// Takes these settings in, as SIGHUP does; says what was refused.
    pub fn reload(&self, settings: Vec<(&'static str, String)>) -> Option<String> {
        let reloaded = self.running().reloader().reload(&config_of(self.folder(), settings));
        reloaded.err().map(|refused| refused.to_string())
    }

    /// What was mailed so far.
    #[must_use]
    pub fn mails(&self) -> Vec<Letter> {
        self.letters.all().iter().map(|bytes| Letter::new(bytes)).collect()
    }

    /// Waits until so many were mailed.
    pub async fn has_mailed(&self, count: usize) -> Vec<Letter> {
        for _ in 0..PATIENCE {
            if count <= self.letters.all().len() {
                break;
            }
            tokio::time::sleep(GLANCE).await;
        }
        let mails = self.mails();
        assert_eq!(mails.len(), count, "mails: {mails:#?}");
        mails
    }

    /// The value of a metric's line that begins with this.
    pub async fn metric(&self, line: &str) -> u64 {
        let text = self.operator().get("/metrics").await.bytes;
        let text = String::from_utf8_lossy(&text);
        let value = text.lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
        value.unwrap_or(0)
    }

    /// An operator.
    #[must_use]
    pub fn operator(&self) -> Client {
        Client::new(self.admin, Some(&self.token))
    }

    /// An operator's request, which must succeed.
    #[track_caller]
    pub fn operate(&self, method: &'static str, path: &str, body: Value) -> impl Future<Output = Value> {
        let (mut operator, path) = (self.operator(), path.to_owned());
        async move {
            let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
            let answer = operator.send(method, &path, &[], body).await;
            assert!(answer.is_success(), "{method} {path}: {}", String::from_utf8_lossy(&answer.bytes));
            answer.json()
        }
    }

    /// An ATS with a company in Bratislava, keys without rate limits and a phone number.
    pub async fn furnish(&self) -> Furnished {
        let ats = self.operate("POST", "/ats", json!({ "name": "Harbour" })).await;
        self.furnish_company(text(&ats["id"])).await
    }

    /// Another company of an ATS.
    pub async fn furnish_company(&self, ats_id: String) -> Furnished {
        let ats_key = self.key(json!({ "kind": "ats", "atsId": ats_id })).await;
        let body = json!({ "name": "Acme", "settings": { "timezone": "Europe/Bratislava" } });
        let company = self.partner(&ats_key).post("/company", &body).await.expect(201);
        let company_id = text(&company["id"]);
        let company_key = self.key(json!({ "kind": "company", "companyId": company_id })).await;
        // Each number is a company's alone.
        let tail = u64::from_str_radix(&company_id[company_id.len() - 6..], 16).unwrap_or(0) % 1_000_000;
        let number = json!({ "companyId": company_id, "number": format!("+42190{tail:07}") });
        let number = self.operate("POST", "/phone-numbers", number).await;
        Furnished { ats_id, ats_key, company_id, company_key, phone_number_id: text(&number["id"]) }
    }

    /// A key without rate limits.
    pub async fn key(&self, mut body: Value) -> String {
        body["ratePerMinute"] = json!(0);
        body["ratePerHour"] = json!(0);
        text(&self.operate("POST", "/keys", body).await["key"])
    }

    /// Pushes one of the built plugins.
    pub async fn push(&self, name: &str) -> Answer {
        let headers = [("Content-Type", "application/wasm")];
        let path = format!("/plugins?name={name}");
        self.operator().send("POST", &path, &headers, plugins::wasm(name)).await
    }

    /// Makes a release of a pushed plugin and returns its id.
    pub async fn release(&self, slot: &str, plugin: &str, more: Value) -> String {
        let mut body = json!({ "slot": slot, "plugin": plugin });
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        text(&self.operate("POST", "/releases", body).await["id"])
    }

    /// Activates a release.
    pub async fn activate(&self, release: &str) -> Value {
        self.operate("POST", &format!("/releases/{release}/activate"), json!({})).await
    }

    /// The recorded decision of an interview.
    pub async fn decision(&self, interview: &Value) -> Value {
        let id = text(&interview["decisions"]["job-resolution"]);
        self.operate("GET", &format!("/decisions/{id}"), Value::Null).await
    }
}

/// The worker sends in its own time; ten seconds are far beyond that.
const PATIENCE: u32 = 2_000;
const GLANCE: Duration = Duration::from_millis(5);

/// What a server in this folder is started with.
fn config_of(folder: &Path, settings: Vec<(&'static str, String)>) -> Config {
    let mut flags = vec![
        ("listen", "127.0.0.1:0".to_owned()),
        ("admin_listen", "127.0.0.1:0".to_owned()),
        ("data_dir", folder.display().to_string()),
    ];
    flags.extend(settings);
    Config::load(Sources { flags, ..Sources::default() }).expect("settings").0
}

/// A JSON string's text.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
