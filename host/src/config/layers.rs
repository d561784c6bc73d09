//! The layers that a setting's value can come from, and the table of every setting.
//!
//! A value carries its origin from here on, so that each refusal and `config explain` can name it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a setting is written as in the file. In the environment and as a flag everything is text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Flag,
    /// An array of strings; comma-separated in the environment.
    List,
}

/// One setting.
#[derive(Debug)]
pub(super) struct Setting {
    /// As in the file, with the table before the dot.
    pub(super) key: &'static str,
    pub(super) kind: Kind,
    /// Absent: the setting has no value unless one is given.
    pub(super) default: Option<&'static str>,
    /// Whether it may hold a password, which is never shown.
    pub(super) secret: bool,
}

const fn setting(key: &'static str, kind: Kind, default: Option<&'static str>) -> Setting {
    Setting { key, kind, default, secret: false }
}

/// Every setting there is, in the order in which they are explained.
pub(super) const SETTINGS: &[Setting] = &[
    setting("listen", Kind::Text, Some("127.0.0.1:8080")),
    setting("admin_listen", Kind::Text, Some("127.0.0.1:8081")),
    setting("data_dir", Kind::Text, Some(super::DEFAULT_DATA_DIR)),
    setting("log_format", Kind::Text, Some("text")),
    setting("log", Kind::Text, Some("info")),
    setting("dev_clock", Kind::Text, None),
    setting("trusted_proxies", Kind::List, Some("")),
    setting("tls.certificate", Kind::Text, None),
    setting("tls.key", Kind::Text, None),
    setting("mail.folder", Kind::Text, None),
    Setting { secret: true, ..setting("mail.smtp_url", Kind::Text, None) },
    setting("mail.from", Kind::Text, Some("Switchboard <switchboard@localhost>")),
    setting("mail.public_url", Kind::Text, None),
    setting("mail.templates", Kind::Text, None),
    setting("webhooks.allow_private_targets", Kind::Flag, Some("false")),
    setting("decisions.kept_for", Kind::Text, Some("90d")),
    setting("decisions.kept_max", Kind::Whole, Some("2000000")),
    setting("decisions.redacted_after", Kind::Text, Some("30d")),
    Setting { secret: true, ..setting("telemetry.otlp_endpoint", Kind::Text, None) },
    setting("telemetry.sampled_one_in", Kind::Whole, Some("1")),
    setting("limits.connections_max", Kind::Whole, Some("4096")),
    setting("limits.header_timeout", Kind::Text, Some("10s")),
    setting("limits.body_timeout", Kind::Text, Some("30s")),
    setting("limits.drain_timeout", Kind::Text, Some("30s")),
    // Some hundred times as many as there are cores: enough to fill a commit while the last one is flushed, and
    // few enough that the last of them is answered within a second.
    setting("limits.requests_max", Kind::Whole, Some("512")),
    // `switchboard_domain::bounds` has the reasons.
    setting("limits.address_requests_per_minute", Kind::Whole, Some("120000")),
    setting("limits.address_failures_per_minute", Kind::Whole, Some("1000")),
];

/// Settings that a running server takes in anew; the others hold from its next start.
pub(super) const RELOADED: [&str; 7] = [
    "trusted_proxies",
    "tls.certificate",
    "tls.key",
    "limits.body_timeout",
    "limits.requests_max",
    "limits.address_requests_per_minute",
    "limits.address_failures_per_minute",
];

/// What every variable of ours begins with.
pub(super) const ENVIRONMENT_PREFIX: &str = "SWITCHBOARD_";

/// Variables that belong to the commands that are clients of a server, not to the server.
const CLIENT_VARIABLES: [&str; 2] = [super::ADMIN_URL_VARIABLE, super::ADMIN_TOKEN_VARIABLE];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of this file.
    File(PathBuf),
    /// This variable.
    Environment(String),
    /// This option of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

impl Origin {
    /// How high its layer lies; the highest wins.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Default => 0,
            Self::File(_) => 1,
            Self::Environment(_) => 2,
            Self::Flag(_) => 3,
        }
    }
}

/// A value as text, not yet checked.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// The layers, laid over each other from the bottom up.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) values: BTreeMap<&'static str, Value>,
    /// Sentences about what was refused.
    pub(super) problems: Vec<String>,
}

impl Layers {
    pub(super) fn defaults() -> Self {
        let mut layers = Self::default();
        for setting in SETTINGS {
            if let Some(text) = setting.default {
                layers.put(setting, text.to_owned(), Origin::Default);
            }
        }
        layers
    }

    fn put(&mut self, setting: &Setting, text: String, origin: Origin) {
        self.values.insert(setting.key, Value { text, origin });
    }

    /// Lays the file over what is there.
    pub(super) fn lay_file(&mut self, path: &Path) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                self.problems.push(format!("the file {} cannot be read: {error}", path.display()));
                return;
            }
        };
        match text.parse::<toml::Table>() {
            Ok(table) => self.lay_table(&table, "", path),
            Err(error) => self.problems.push(format!(
                "the file {} is not TOML: {}",
                path.display(),
                error.to_string().trim_end()
            )),
        }
    }

    fn lay_table(&mut self, table: &toml::Table, prefix: &str, path: &Path) {
        for (name, value) in table {
            let key = format!("{prefix}{name}");
            let known = SETTINGS.iter().find(|setting| setting.key == key);
            match (known, value) {
                (Some(setting), value) => match text_of(value, setting.kind) {
                    Ok(text) => self.put(setting, text, Origin::File(path.to_owned())),
                    Err(wanted) => self.problems.push(format!(
                        "`{key}` in {} must be {wanted}, not {}",
                        path.display(),
                        value.type_str()
                    )),
                },
                (None, toml::Value::Table(inner)) if !inner.is_empty() => {
                    self.lay_table(inner, &format!("{key}."), path);
                }
                // An empty `[mail]` says nothing, and is not wrong.
                (None, toml::Value::Table(_)) if is_table_of_settings(&key) => {}
                (None, _) => self.problems.push(format!(
                    "`{key}` in {} is not a setting; the nearest is `{}`",
                    path.display(),
                    nearest(&key, SETTINGS.iter().map(|setting| setting.key.to_owned()))
                )),
            }
        }
    }

    /// Lays the variables over what is there. An empty variable counts as not set, as is usual in containers.
    pub(super) fn lay_environment(&mut self, environment: impl IntoIterator<Item = (String, String)>) {
        for (name, text) in environment {
            if !name.starts_with(ENVIRONMENT_PREFIX) || CLIENT_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            match SETTINGS.iter().find(|setting| variable_of(setting.key) == name) {
                Some(_) if text.is_empty() => {}
                Some(setting) => self.put(setting, text, Origin::Environment(name)),
                None => self.problems.push(format!(
                    "the environment variable {name} is not a setting; the nearest is {}",
                    nearest(&name, SETTINGS.iter().map(|setting| variable_of(setting.key)))
                )),
            }
        }
    }

    /// Lays options of the command line over what is there.
    pub(super) fn lay_flags(&mut self, flags: impl IntoIterator<Item = (&'static str, String)>) {
        for (key, text) in flags {
            if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
                self.put(setting, text, Origin::Flag(format!("--{}", key.replace(['_', '.'], "-"))));
            }
        }
    }
}

/// The variable of a setting.
pub(super) fn variable_of(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.replace('.', "_").to_ascii_uppercase())
}

fn is_table_of_settings(name: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.split_once('.').is_some_and(|(table, _)| table == name))
}

/// The text of a value of the file, or what it should have been.
fn text_of(value: &toml::Value, kind: Kind) -> Result<String, &'static str> {
    match (kind, value) {
        (Kind::Text, toml::Value::String(text)) => Ok(text.clone()),
        // A moment may be written without quotes in TOML.
        (Kind::Text, toml::Value::Datetime(moment)) => Ok(moment.to_string()),
        (Kind::Whole, toml::Value::Integer(number)) => Ok(number.to_string()),
        (Kind::Flag, toml::Value::Boolean(flag)) => Ok(flag.to_string()),
        (Kind::List, toml::Value::Array(items)) => items
            .iter()
            .map(toml::Value::as_str)
            .collect::<Option<Vec<_>>>()
            .map(|items| items.join(","))
            .ok_or("an array of strings"),
        (Kind::Text, _) => Err("a string"),
        (Kind::Whole, _) => Err("a whole number"),
        (Kind::Flag, _) => Err("true or false"),
        (Kind::List, _) => Err("an array of strings"),
    }
}

/// The known name that is most like the one that was written.
fn nearest(written: &str, known: impl Iterator<Item = String>) -> String {
    known.min_by_key(|name| strsim::damerau_levenshtein(written, name)).unwrap_or_default()
}
