//! `serve`: settings, log lines and signals around the server itself.

use std::path::PathBuf;
use std::sync::OnceLock;

use clap::{Args, ValueEnum};
use switchboard::clock::Clock;
use switchboard::config::{self, Config, Explained, Refused, Sources, process_environment};
use switchboard::{Outside, Reloader, telemetry};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::failure::Failure;

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// The settings that are options too.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Settings {
    /// A TOML file; examples/switchboard.toml has every setting.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// The partners' address; port 0 takes a free one [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
    /// The operators' address [default: 127.0.0.1:8081].
    #[arg(long, value_name = "ADDRESS")]
    pub(super) admin_listen: Option<String>,
    /// The partners' listener speaks TLS with this certificate (PEM, those that vouch for it behind it).
    #[arg(long, value_name = "FILE")]
    pub(super) tls_certificate: Option<String>,
    /// The private key of the certificate (PEM, without a password).
    #[arg(long, value_name = "FILE")]
    pub(super) tls_key: Option<String>,
    /// How log lines look [default: text].
    #[arg(long)]
    pub(super) log_format: Option<LogFormat>,
    /// Start with a clock of its own that can be moved, at this moment.
    #[arg(long, value_name = "T")]
    pub(super) dev_clock: Option<String>,
}

impl Settings {
    /// All layers above the defaults.
    pub(super) fn sources(&self, data_dir: Option<PathBuf>, environment: Vec<(String, String)>) -> Sources {
        let log_format = self.log_format.map(|format| match format {
            LogFormat::Text => "text".to_owned(),
            LogFormat::Json => "json".to_owned(),
        });
        let flags = [
            ("listen", self.listen.clone()),
            ("admin_listen", self.admin_listen.clone()),
            ("data_dir", data_dir.map(|folder| folder.display().to_string())),
            ("tls.certificate", self.tls_certificate.clone()),
            ("tls.key", self.tls_key.clone()),
            ("log_format", log_format),
            ("dev_clock", self.dev_clock.clone()),
        ];
        let flags = flags.into_iter().filter_map(|(key, text)| Some((key, text?))).collect();
        Sources { file: self.config.clone(), environment, flags }
    }
}

/// Serves until a signal says otherwise.
pub(super) fn run(settings: Settings, data_dir: Option<PathBuf>) -> Result<(), Failure> {
    let load = move || Config::load(settings.sources(data_dir.clone(), process_environment()));
    let (config, explained) = load().map_err(|refused| Failure::Refused(refused.to_string()))?;
    telemetry::install(&config).map_err(|error| Failure::Refused(error.to_string()))?;
    server_runtime()?.block_on(async {
        let (drain, shutdown) = watch::channel(false);
        let signals = Signals::listen()?;
        let outside = outside(&config);
        let reloader = OnceLock::new();
        let server = async {
            let running = switchboard::start(config, outside).await?;
            reloader.get_or_init(|| running.reloader());
            running.until(shutdown).await
        };
        let mut reload = Reload { reloader: &reloader, held: explained };
        tokio::select! {
            ended = server => ended.map_err(|error| Failure::Refused(error.to_string())),
            never = signals.steer(drain, || reload.run(load())) => match never {},
        }
    })
}

/// What SIGHUP does.
#[derive(Debug)]
struct Reload<'a> {
    /// Absent while the server starts.
    reloader: &'a OnceLock<Reloader>,
    /// The settings that hold now.
    held: Vec<Explained>,
}

impl Reload<'_> {
    /// Takes in what can be taken in, and says what cannot.
    fn run(&mut self, loaded: Result<(Config, Vec<Explained>), Refused>) {
        let (config, explained) = match loaded {
            Ok(loaded) => loaded,
            Err(refused) => {
                let problems = refused.to_string();
                tracing::error!(event = "settings.refused", problems, "nothing was changed");
                return;
            }
        };
        let Some(reloader) = self.reloader.get() else {
            tracing::warn!(event = "settings.unread", "the server is still starting; send the signal again");
            return;
        };
        let is_tls_switched = reloader.is_sealed() != config.tls.is_some();
        if let Err(refused) = reloader.reload(&config) {
            tracing::error!(event = "certificate.refused", reason = %refused, "the old certificate stays");
        } else if let Some(files) = config.tls.as_ref().filter(|_| !is_tls_switched) {
            let file = files.certificate.display();
            tracing::info!(event = "certificate.reloaded", %file, "new connections get this certificate");
        }
        let (mut taken_in, mut waiting) = (Vec::new(), Vec::new());
        for (held, read) in self.held.iter_mut().zip(explained) {
            if held.value == read.value {
                continue;
            }
            let is_of_tls = read.key.starts_with("tls.");
            if config::is_reloaded(read.key) && !(is_tls_switched && is_of_tls) {
                taken_in.push(read.key);
                *held = read;
            } else {
                waiting.push(read.key);
            }
        }
        tracing::info!(event = "settings.reloaded", changed = taken_in.join(", "));
        if !waiting.is_empty() {
            let settings = waiting.join(", ");
            tracing::warn!(event = "settings.waiting", settings, "changes of these hold from the next start");
        }
    }
}

/// The clock and ids that the settings ask for.
pub(super) fn outside(config: &Config) -> Outside {
    let clock = config.dev_clock.map_or_else(Clock::system, Clock::steerable);
    Outside::real(clock)
}

/// One thread for each core.
pub(super) fn server_runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Refused(format!("the runtime cannot start: {error}")))
}

/// The signals that steer a server.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// From now on they no longer end the process.
    pub(super) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::Refused(format!("signals cannot be listened to: {error}")))
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// The first SIGTERM or SIGINT drains, the second ends at once; SIGHUP reloads.
    pub(super) async fn steer(
        mut self,
        drain: watch::Sender<bool>,
        mut reload: impl FnMut(),
    ) -> std::convert::Infallible {
        let mut draining = false;
        loop {
            tokio::select! {
                _ = self.hangup.recv() => {
                    reload();
                    continue;
                }
                _ = self.terminate.recv() => {}
                _ = self.interrupt.recv() => {}
            }
            if draining {
                // What was answered is on disk, so ending at once loses nothing.
                telemetry::flush();
                std::process::exit(i32::from(super::failure::REFUSED));
            }
            draining = true;
            drain.send_replace(true);
        }
    }
}
