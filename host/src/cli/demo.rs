//! `demo`: a server on a temporary folder with something in it, and lines to paste.
//!
//! Everything is made through the same HTTP APIs that partners and operators use, so that the demo cannot show
//! what they could not do.

mod furnish;
mod lines;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use switchboard::config::{Config, Sources, process_environment, temporary_folder};
use switchboard::telemetry;
use switchboard_dialler::network::Network;
use switchboard_dialler::{Settings as Dialler, Told};
use tokio::sync::{oneshot, watch};

use super::Global;
use super::client::Server;
use super::failure::Failure;
use super::output::{Output, print_text};
use super::serve::{Signals, outside, server_runtime};

/// A server that starts on an empty folder is there long before.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const START_POLL_INTERVAL: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Args)]
pub(super) struct Demo {
    /// The partners' address; 127.0.0.1:8080 when not given, or a free port where that is taken.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// The operators' address; 127.0.0.1:8081 when not given, or a free port where that is taken.
    #[arg(long, value_name = "ADDRESS")]
    admin_listen: Option<SocketAddr>,
    /// Start with a clock of its own that can be moved, at this moment.
    #[arg(long, value_name = "T")]
    dev_clock: Option<String>,
    /// Stop when everything is made and printed. For tests.
    #[arg(long)]
    exit_after_setup: bool,
}

/// Serves, furnishes, prints, and waits for a signal.
pub(super) fn run(demo: &Demo, global: &Global, output: &Output) -> Result<(), Failure> {
    let folder = Folder::choose(global.data_dir.as_deref())?;
    let config = demo.config(&folder.path)?;
    telemetry::install(&config).map_err(|error| Failure::Refused(error.to_string()))?;
    let listen = config.listen;
    server_runtime()?.block_on(async {
        let (drain, shutdown) = watch::channel(false);
        let signals = Signals::listen()?;
        let outside = outside(&config);
        let stopped = shutdown.clone();
        let server = switchboard::run(config, outside, shutdown);
        let (calls_begin, calls_may_begin) = oneshot::channel();
        let calls = async {
            // An error means that there is nothing to call for.
            if let Ok(dialler) = calls_may_begin.await {
                switchboard_dialler::run(dialler, stopped, tell).await;
            }
        };
        let setup = async {
            let admin = started(&folder.path).await?;
            let furnished = furnish::furnish(listen, &admin).await?;
            let lines = lines::lines(&furnished, &folder.path);
            if output.json_wanted {
                output.print(&lines::as_json(&furnished, &folder.path, &lines))?;
            } else {
                print_text(&lines::as_text(&furnished, &folder.path, &lines))?;
            }
            if demo.exit_after_setup {
                drain.send_replace(true);
            }
            // Nobody listens any more where the server has ended already.
            drop(calls_begin.send(dialler(&furnished)));
            Ok::<(), Failure>(())
        };
        let setup_drain = drain.clone();
        let everything = async {
            let setup = async {
                let outcome = setup.await;
                if outcome.is_err() {
                    setup_drain.send_replace(true);
                }
                outcome
            };
            let server = async { server.await.map_err(|error| Failure::Refused(error.to_string())) };
            tokio::pin!(setup, server);
            let outcome = tokio::select! {
                // A server that ends first could not start, or was told to stop meanwhile.
                ended = &mut server => ended,
                outcome = &mut setup => {
                    let ended = server.await;
                    outcome.and(ended)
                }
            };
            // Without a server there is nobody to call for.
            setup_drain.send_replace(true);
            outcome
        };
        tokio::select! {
            (outcome, ()) = async { tokio::join!(everything, calls) } => outcome,
            never = signals.steer(drain.clone(), || {}) => match never {},
        }
    })
}

/// Seconds of a simulated call that pass in one: who tries something out does not wait for five minutes.
const CALL_SPEED: f64 = 60.0;

/// A telephony worker as any other: over HTTP, with a key of its own.
fn dialler(furnished: &furnish::Furnished) -> Dialler {
    Dialler {
        url: furnished.url.clone(),
        key: furnished.worker_key.clone(),
        lines: 3,
        lease_seconds: 30,
        speed: CALL_SPEED,
        network: Network::new(1),
    }
}

/// Into the log, which says nothing of it unless it is asked to.
fn tell(told: Told) {
    match told {
        Told::Called { to, course } => tracing::info!(to, outcome = course.outcome(), "simulated call"),
        Told::Failed(why) => tracing::info!(why, "simulated dialler"),
    }
}

impl Demo {
    /// As `serve` would have it, with the demo's own values over the environment.
    fn config(&self, data_dir: &Path) -> Result<Config, Failure> {
        let listen = self.listen.map_or_else(|| free_address(8080), Ok)?;
        let admin_listen = self.admin_listen.map_or_else(|| free_address(8081), Ok)?;
        let mut flags = vec![
            ("listen", concrete(listen)?.to_string()),
            ("admin_listen", admin_listen.to_string()),
            ("data_dir", data_dir.display().to_string()),
            ("webhooks.allow_private_targets", "true".to_owned()),
        ];
        flags.extend(self.dev_clock.clone().map(|moment| ("dev_clock", moment)));
        // What the demo prints is for a listener in clear.
        let is_of_tls = |name: &str| name.starts_with("SWITCHBOARD_TLS_");
        let environment = process_environment().into_iter().filter(|(name, _)| !is_of_tls(name));
        let environment: Vec<_> = environment.collect();
        // The demo prints for people: log lines of every request would push its lines away.
        if !environment.iter().any(|(name, _)| name == "SWITCHBOARD_LOG") {
            flags.push(("log", "warn".to_owned()));
        }
        let sources = Sources { file: None, environment, flags };
        let (config, _) = Config::load(sources).map_err(|refused| Failure::Refused(refused.to_string()))?;
        Ok(config)
    }
}

/// This port on loopback, or a free one where it is taken.
fn free_address(port: u16) -> Result<SocketAddr, Failure> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    concrete(wanted).or_else(|_| concrete(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
}

/// The address that listening there gives now. Printed lines need the port before the server is asked.
fn concrete(address: SocketAddr) -> Result<SocketAddr, Failure> {
    TcpListener::bind(address)
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Failure::Refused(format!("cannot listen on {address}: {error}")))
}

/// The admin API, once it answers.
async fn started(data_dir: &Path) -> Result<Server, Failure> {
    let deadline = tokio::time::Instant::now() + START_TIMEOUT;
    loop {
        let outcome = match Server::of_folder(data_dir) {
            Ok(server) => server.send(&super::request::Request::get(&["ats"])).await.map(|_| server),
            Err(failure) => Err(failure),
        };
        match outcome {
            Err(Failure::Unreached(_)) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(START_POLL_INTERVAL).await;
            }
            outcome => return outcome,
        }
    }
}

/// The demo's folder; a temporary one goes when the demo ends.
#[derive(Debug)]
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    fn choose(data_dir: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = data_dir {
            // The admin.json of a server that ran here before must not be taken for this one's.
            let _ = std::fs::remove_file(path.join("admin.json"));
            return Ok(Self { path: path.to_owned(), temporary: false });
        }
        let path = temporary_folder().join(format!("switchboard-demo-{}", std::process::id()));
        std::fs::create_dir(&path).map_err(|error| {
            Failure::Refused(format!("cannot make the folder {}: {error}", path.display()))
        })?;
        Ok(Self { path, temporary: true })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What cannot be removed is left to the system that cleans its temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
