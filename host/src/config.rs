//! Every setting, typed and checked, and where its value came from.
//!
//! Layers, lowest first: default, TOML file, `SWITCHBOARD_…` environment, flags. What is not known is refused
//! with the nearest name that is: a misspelt setting must never be silently without effect. The process's
//! environment is read in this file only.

mod layers;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Serialize;
use switchboard_domain::time::Timestamp;

pub use layers::Origin;
use layers::{Layers, SETTINGS, Value};
use value::{
    address, collector_url, count, deadline, flag, folder, log_filter, log_format, moment, networks,
    not_empty, positive, smtp_url, web_url,
};

/// Where a server keeps its data unless told otherwise, and where a command looks for `admin.json`.
pub const DEFAULT_DATA_DIR: &str = "switchboard-data";
/// For commands: the admin API's address.
pub const ADMIN_URL_VARIABLE: &str = "SWITCHBOARD_ADMIN";
/// For commands: the admin API's bearer token.
pub const ADMIN_TOKEN_VARIABLE: &str = "SWITCHBOARD_ADMIN_TOKEN";

/// What a server runs with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The partners' listener. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// The operators' listener.
    pub admin_listen: SocketAddr,
    /// The store, `admin.json`, the compiled-code cache.
    pub data_dir: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which log lines are written: a level, or levels by module (`info,switchboard::http=debug`).
    pub log: String,
    /// A steerable clock that starts here. Only where both listeners are on loopback.
    pub dev_clock: Option<Timestamp>,
    /// From these peers `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// TLS on the partners' listener; absent: in clear.
    pub tls: Option<TlsFiles>,
    /// Outgoing mail.
    pub mail: Mail,
    /// Outgoing webhooks.
    pub webhooks: Webhooks,
    /// How long recorded decisions are kept.
    pub decisions: Decisions,
    /// Traces.
    pub telemetry: Telemetry,
    /// Bounds on what connections may take.
    pub limits: Limits,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One flat JSON object a line.
    Json,
}

/// Certificate and key of the partners' listener, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, then those that vouch for it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Outgoing mail.
#[derive(Debug, Clone)]
pub struct Mail {
    /// Where it goes.
    pub transport: MailTransport,
    /// The `From` of every message.
    pub from: String,
    /// Base of the links in messages, without a slash at its end. Absent: the partners' listener.
    pub public_url: Option<String>,
    /// Templates that stand in the place of the built-in ones, or beside them.
    pub templates: Option<PathBuf>,
}

/// Where outgoing mail goes.
#[derive(Clone, PartialEq, Eq)]
pub enum MailTransport {
    /// One `.eml` file each.
    Folder(PathBuf),
    /// A mail server: `smtp://` or `smtps://`, perhaps with a password inside.
    Smtp(String),
}

impl fmt::Debug for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => f.debug_tuple("Folder").field(path).finish(),
            Self::Smtp(url) => f.debug_tuple("Smtp").field(&without_password(url)).finish(),
        }
    }
}

/// Outgoing webhooks.
#[derive(Debug, Clone)]
pub struct Webhooks {
    /// Whether plain HTTP and private addresses may be targets.
    pub allow_private_targets: bool,
}

/// How long recorded decisions are kept. The tighter bound counts.
#[derive(Debug, Clone, Copy)]
pub struct Decisions {
    /// From the moment of the decision.
    pub kept_for: Duration,
    /// So many, the newest.
    pub kept_max: usize,
    /// After so long, what a release was granted to see goes, and what its plugin logged.
    pub redacted_after: Duration,
}

/// Traces of requests, decisions and workers.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Base URL of the collector that they go to, over OTLP, without a slash at its end. Absent: none are made.
    pub otlp_endpoint: Option<String>,
    /// Of so many traces that begin here one is kept.
    pub sampled_one_in: u32,
}

/// Bounds on what connections may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Open connections of partners; more wait to be accepted.
    pub connections_max: usize,
    /// Until a request's head is whole.
    pub header_timeout: Duration,
    /// Until a request's body is whole.
    pub body_timeout: Duration,
    /// How long running requests may take to finish after SIGTERM.
    pub drain_timeout: Duration,
    /// Partners' requests that are worked on at once; more are answered 503.
    pub requests_max: usize,
    /// Requests of one address; 0 is no bound.
    pub address_requests_per_minute: u32,
    /// Requests of one address with a key that nobody has; 0 is no bound.
    pub address_failures_per_minute: u32,
}

/// Where the layers above the defaults come from.
#[derive(Debug, Default)]
pub struct Sources {
    /// The TOML file, if one was named.
    pub file: Option<PathBuf>,
    /// Variables, ours and others.
    pub environment: Vec<(String, String)>,
    /// Options of the command line, by the key of their setting.
    pub flags: Vec<(&'static str, String)>,
}

/// One setting's value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// As in the file, with the table before the dot.
    pub key: &'static str,
    /// As text, passwords masked. Absent: it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// `default`, `file …`, `environment …` or `flag …`.
    pub source: String,
}

/// What was refused: at least one sentence, each naming the key and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.join("\n"))]
pub struct Refused {
    /// The sentences.
    pub problems: Vec<String>,
}

/// The variables of this process. Those that are not UTF-8 cannot be ours.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn process_environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Where this machine keeps what need not last.
#[must_use]
pub fn temporary_folder() -> PathBuf {
    std::env::temp_dir()
}

/// Whether a running server takes a change of this setting in; else it holds from the next start.
#[must_use]
pub fn is_reloaded(key: &str) -> bool {
    layers::RELOADED.contains(&key)
}

impl Config {
    /// Lays the layers over each other and checks every value.
    ///
    /// # Errors
    ///
    /// One sentence for everything that is wrong, not only for the first.
    pub fn load(sources: Sources) -> Result<(Self, Vec<Explained>), Refused> {
        let mut layers = Layers::defaults();
        if let Some(path) = &sources.file {
            layers.lay_file(path);
        }
        layers.lay_environment(sources.environment);
        layers.lay_flags(sources.flags);
        let config = read(&mut layers);
        match config {
            Some(config) if layers.problems.is_empty() => Ok((config, explain(&layers))),
            _ => Err(Refused { problems: layers.problems }),
        }
    }
}

/// Reads every setting, so that all problems are told together.
fn read(layers: &mut Layers) -> Option<Config> {
    let listen = layers.read("listen", address);
    let admin_listen = layers.read("admin_listen", address);
    let data_dir = layers.read("data_dir", folder);
    let log_format = layers.read("log_format", log_format);
    let log = layers.read("log", log_filter);
    let dev_clock = layers.read_optional("dev_clock", moment);
    let trusted_proxies = layers.read("trusted_proxies", networks);
    let tls = tls_files(layers);
    let transport = mail_transport(layers, data_dir.as_ref());
    let from = layers.read("mail.from", not_empty);
    let public_url = layers.read_optional("mail.public_url", web_url);
    let templates = layers.read_optional("mail.templates", folder);
    let allow_private_targets = layers.read("webhooks.allow_private_targets", flag);
    let kept_for = layers.read("decisions.kept_for", deadline);
    let kept_max = layers.read("decisions.kept_max", positive);
    let redacted_after = layers.read("decisions.redacted_after", deadline);
    let otlp_endpoint = layers.read_optional("telemetry.otlp_endpoint", collector_url);
    let sampled_one_in = layers.read("telemetry.sampled_one_in", positive);
    let connections_max = layers.read("limits.connections_max", positive);
    let header_timeout = layers.read("limits.header_timeout", deadline);
    let body_timeout = layers.read("limits.body_timeout", deadline);
    let drain_timeout = layers.read("limits.drain_timeout", deadline);
    let requests_max = layers.read("limits.requests_max", positive);
    let address_requests = layers.read("limits.address_requests_per_minute", count);
    let address_failures = layers.read("limits.address_failures_per_minute", count);
    let config = Config {
        listen: listen?,
        admin_listen: admin_listen?,
        data_dir: data_dir?,
        log_format: log_format?,
        log: log?,
        dev_clock: dev_clock?,
        trusted_proxies: trusted_proxies?,
        tls: tls?,
        mail: Mail { transport: transport?, from: from?, public_url: public_url?, templates: templates? },
        webhooks: Webhooks { allow_private_targets: allow_private_targets? },
        decisions: Decisions { kept_for: kept_for?, kept_max: kept_max?, redacted_after: redacted_after? },
        telemetry: Telemetry { otlp_endpoint: otlp_endpoint?, sampled_one_in: sampled_one_in? },
        limits: Limits {
            connections_max: connections_max?,
            header_timeout: header_timeout?,
            body_timeout: body_timeout?,
            drain_timeout: drain_timeout?,
            requests_max: requests_max?,
            address_requests_per_minute: address_requests?,
            address_failures_per_minute: address_failures?,
        },
    };
    check_together(&config, layers);
    Some(config)
}

/// What no single value shows.
fn check_together(config: &Config, layers: &mut Layers) {
    if config.listen == config.admin_listen && config.listen.port() != 0 {
        layers.problems.push(format!("`listen` and `admin_listen` are both {}", config.listen));
    }
    if config.dev_clock.is_some() {
        for (key, address) in [("listen", config.listen), ("admin_listen", config.admin_listen)] {
            if !address.ip().is_loopback() {
                layers.problems.push(format!(
                    "`dev_clock` is refused because `{key}` is {address}: a clock that can be moved needs both \
                     listeners on loopback"
                ));
            }
        }
    }
}

/// Both or none: one of them alone would be a listener in clear that was meant to be sealed.
fn tls_files(layers: &mut Layers) -> Option<Option<TlsFiles>> {
    let certificate = layers.read_optional("tls.certificate", folder);
    let key = layers.read_optional("tls.key", folder);
    match (certificate?, key?) {
        (None, None) => Some(None),
        (Some(certificate), Some(key)) => Some(Some(TlsFiles { certificate, key })),
        (certificate, _) => {
            let (is_set, is_not) =
                if certificate.is_some() { ("certificate", "key") } else { ("key", "certificate") };
            layers
                .problems
                .push(format!("`tls.{is_set}` is set and `tls.{is_not}` is not: set both or none"));
            None
        }
    }
}

/// The folder or the mail server, whichever the higher layer names.
fn mail_transport(layers: &mut Layers, data_dir: Option<&PathBuf>) -> Option<MailTransport> {
    let rank = |key: &str| layers.values.get(key).map(|value| value.origin.rank());
    let (folder_rank, smtp_rank) = (rank("mail.folder"), rank("mail.smtp_url"));
    let folder = layers.read_optional("mail.folder", folder);
    let smtp_url = layers.read_optional("mail.smtp_url", smtp_url);
    match (folder?, smtp_url?) {
        (Some(_), Some(_)) if folder_rank == smtp_rank => {
            layers.problems.push("`mail.folder` and `mail.smtp_url` are both set: leave one out".to_owned());
            None
        }
        (Some(folder), Some(_)) if folder_rank > smtp_rank => Some(MailTransport::Folder(folder)),
        (_, Some(url)) => Some(MailTransport::Smtp(url)),
        (Some(folder), None) => Some(MailTransport::Folder(folder)),
        (None, None) => Some(MailTransport::Folder(data_dir?.join("mail"))),
    }
}

impl Layers {
    /// A setting that always has a value; `None` after a refusal, which has been noted.
    fn read<T>(&mut self, key: &'static str, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        self.read_optional(key, parse)?
    }

    /// A setting that may have none; the outer `None` after a refusal, which has been noted.
    fn read_optional<T>(
        &mut self,
        key: &'static str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(Value { text, origin }) = self.values.get(key) else { return Some(None) };
        match parse(text) {
            Ok(value) => Some(Some(value)),
            Err(complaint) => {
                let shown = shown(key, text);
                self.problems.push(format!("`{key}` ({origin}) {complaint}: \"{shown}\""));
                None
            }
        }
    }
}

fn explain(layers: &Layers) -> Vec<Explained> {
    SETTINGS
        .iter()
        .map(|setting| {
            let value = layers.values.get(setting.key);
            Explained {
                key: setting.key,
                value: value.map(|value| shown(setting.key, &value.text)),
                source: value.map_or(&Origin::Default, |value| &value.origin).to_string(),
            }
        })
        .collect()
}

/// A value as it may be shown.
fn shown(key: &str, text: &str) -> String {
    let secret = SETTINGS.iter().any(|setting| setting.key == key && setting.secret);
    if secret { without_password(text) } else { text.to_owned() }
}

/// A URL with what stands before its `@` masked.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme_end), Some(at)) if scheme_end + 3 <= at => {
            format!("{}***{}", &url[..scheme_end + 3], &url[at..])
        }
        // Not even a URL, but it may hold a password all the same.
        (None, Some(at)) => format!("***{}", &url[at..]),
        _ => url.to_owned(),
    }
}
