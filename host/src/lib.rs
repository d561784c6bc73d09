//! Switchboard: the public API of an AI-interview service, with its decisions taken by policy plugins.
//!
//! [`start`] puts the parts together; whatever is not deterministic comes in through [`Outside`].

pub mod app;
pub mod clock;
pub mod config;
pub mod drain;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
pub mod http;
pub mod ids;
pub mod mail;
pub mod metrics;
pub mod policy;
pub mod span;
pub mod store;
pub mod telemetry;
pub mod worker;

mod admin_file;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use app::access::{Caller, Denied};
use app::decision::Retention;
use app::{App, Gap, Secrets};
use clock::Clock;
use config::{Config, MailTransport};
use drain::{Drain, Stop};
use http::address::AddressLimits;
use http::admin::Admin;
use http::server::{Listener, ServerLimits};
use http::tls::{Tls, TlsRefused};
use http::{Door, DoorSettings, Partners};
use ids::Ids;
use mail::Mail;
use metrics::Metrics;
use policy::{Fleet, Runtime, Setup};
use store::{Backing, Store};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Name of the store's file in the data folder.
const STORE_FILE: &str = "switchboard.redb";

/// All that is not deterministic, handed in once.
#[derive(Debug, Clone)]
pub struct Outside {
    /// What everything that waits follows.
    pub clock: Clock,
    /// Ids and secrets.
    pub ids: Ids,
    /// Empty in production.
    pub trial: Trial,
}

impl Outside {
    /// The machine's own, on this clock.
    #[must_use]
    pub fn real(clock: Clock) -> Self {
        Self { ids: Ids::random(clock.clone()), clock, trial: Trial::default() }
    }
}

/// What tests steer.
#[derive(Debug, Clone, Default)]
pub struct Trial {
    /// Acts between a policy's answer and the commit that rests on it.
    pub gap: Gap,
    /// Runs one commit closure in so many twice and compares.
    pub rerun_one_in: Option<u32>,
    /// The store's memory for pages of its file, where a test watches the memory of the rest.
    pub cache_bytes: Option<usize>,
    /// Closures of one commit at the most, where a bench wants to know what gathering them is worth.
    pub batch_max: Option<usize>,
    /// Mail goes here, whatever the settings say.
    pub letters: Option<mail::Letters>,
}

/// Told to stop: drains when the value turns true, or when its sender is gone.
pub type Shutdown = watch::Receiver<bool>;

/// Why a server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("the data folder {folder} cannot be used: {source}")]
    Folder {
        /// Which one.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
    /// A listener's address is taken, or not of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which one.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Certificate and key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsRefused),
    /// The store cannot be opened or written.
    #[error("the store: {0}")]
    Store(String),
    /// Mail cannot be sent as the settings say.
    #[error("mail: {0}")]
    Mail(#[from] mail::MailRefused),
    /// The policy platform cannot start.
    #[error("the policy platform: {0}")]
    Policy(String),
}

/// A server at work.
#[derive(Debug)]
pub struct Running {
    /// Where partners are served.
    pub listen: SocketAddr,
    /// Where operators are served.
    pub admin_listen: SocketAddr,
    /// What operators show.
    pub admin_token: String,
    app: App,
    reloader: Reloader,
    stop: Arc<Stop>,
    tasks: JoinSet<()>,
}

/// Takes changed settings in while the server runs: those of `config::is_reloaded`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reloader {
    door: Arc<Door>,
    tls: Option<Arc<Tls>>,
}

impl Reloader {
    /// Lets these settings count for the next connection and the next request.
    ///
    /// # Errors
    /// The certificate cannot be used: the old one stays. Everything else counts all the same.
    pub fn reload(&self, config: &Config) -> Result<(), TlsRefused> {
        self.door.set(door_settings(config));
        match (&self.tls, &config.tls) {
            (Some(tls), Some(files)) => tls.reload(files),
            // A listener stays sealed or in clear until the next start.
            (None, _) | (_, None) => Ok(()),
        }
    }

    /// Whether the partners' listener speaks TLS.
    #[must_use]
    pub fn is_sealed(&self) -> bool {
        self.tls.is_some()
    }
}

impl Running {
    /// The use cases, for tests and benches that look inside.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// What takes changed settings in.
    #[must_use]
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Begins the drain: running requests finish, new connections are refused.
    pub fn drain(&self) {
        self.stop.stop();
    }

    /// Waits for the end: of a drain, or of the store.
    ///
    /// # Errors
    /// The store can write no more.
    pub async fn ended(mut self) -> Result<(), StartError> {
        let served = async { while self.tasks.join_next().await.is_some() {} };
        tokio::select! {
            () = served => {}
            sentence = self.app.store().failed() => {
                tracing::error!(event = "store.failed", reason = sentence, "the process ends; start it again");
                return Err(StartError::Store(sentence));
            }
        }
        self.app.store().close().await;
        Ok(())
    }

    /// Serves until told to stop.
    ///
    /// # Errors
    /// The store can write no more.
    pub async fn until(self, mut shutdown: Shutdown) -> Result<(), StartError> {
        let stop = Arc::clone(&self.stop);
        let asked = async {
            // An error means that the sender is gone, which ends the server as well.
            drop(shutdown.wait_for(|asked| *asked).await);
            tracing::info!(event = "draining");
            stop.stop();
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = self.ended() => ended,
            () = asked => Ok(()),
        }
    }
}

/// Serves until told to stop.
///
/// # Errors
/// When it cannot start, or when the store can write no more.
pub async fn run(config: Config, outside: Outside, shutdown: Shutdown) -> Result<(), StartError> {
    start(config, outside).await?.until(shutdown).await
}

/// Puts the parts together and listens.
///
/// # Errors
/// See [`StartError`]: each is a sentence for the operator.
pub async fn start(config: Config, outside: Outside) -> Result<Running, StartError> {
    let folder = config.data_dir.clone();
    let refused = |source| StartError::Folder { folder: folder.display().to_string(), source };
    make_private(&folder).map_err(refused)?;
    let tls = config.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
    let partners_listener = bind(config.listen).await?.sealed(tls.clone());
    let admin_listener = bind(config.admin_listen).await?;
    let mail = Mail::open(mail_settings(&config, &outside, partners_listener.address()))?;
    let app = open(&folder, &outside, mail).await?;
    let token = admin_file::token(&folder, &outside.ids).map_err(refused)?;

    let (stop, drain) = drain::drain();
    let metrics = Arc::new(Metrics::new());
    #[cfg(feature = "otlp")]
    telemetry::register(&metrics);
    let settings = door_settings(&config);
    let door = Arc::new(Door::new(outside.clock.clone(), &outside.ids, Arc::clone(&metrics), settings));
    let reloader = Reloader { door: Arc::clone(&door), tls };
    let limits = ServerLimits {
        connections: config.limits.connections_max,
        head_within: config.limits.header_timeout,
        drain_within: config.limits.drain_timeout,
        ..ServerLimits::default()
    };
    let (listen, admin_listen) = (partners_listener.address(), admin_listener.address());
    admin_file::write(&folder, admin_listen, &token).map_err(refused)?;

    let mut tasks = JoinSet::new();
    let partners =
        Partners::new(Arc::clone(&door), authenticator(&app), http::dispatch::handler(app.clone()))
            .welcoming(http::dispatch::guest_handler(app.clone()));
    tasks.spawn(serve_partners(
        partners,
        Arc::clone(&metrics),
        drain.clone(),
        partners_listener,
        limits.clone(),
    ));
    let admin = Admin::new(app.clone(), door, Arc::clone(&metrics), drain.clone(), token.clone());
    tasks.spawn(serve_admin(admin, Arc::clone(&metrics), drain.clone(), admin_listener, limits));
    let decisions = Retention {
        kept_for: config.decisions.kept_for,
        kept_max: config.decisions.kept_max,
        redacted_after: config.decisions.redacted_after,
    };
    tasks.spawn(worker::run(app.clone(), decisions, metrics, drain));
    let version = env!("CARGO_PKG_VERSION");
    let tls = reloader.is_sealed();
    tracing::info!(event = "listening", listen = %listen, admin = %admin_listen, tls, version);
    let stop = Arc::new(stop);
    Ok(Running { listen, admin_listen, admin_token: token, app, reloader, stop, tasks })
}

fn door_settings(config: &Config) -> DoorSettings {
    DoorSettings {
        trusted_proxies: config.trusted_proxies.clone(),
        body_within: Some(config.limits.body_timeout),
        requests_max: config.limits.requests_max,
        address: AddressLimits {
            requests_per_minute: config.limits.address_requests_per_minute,
            failures_per_minute: config.limits.address_failures_per_minute,
        },
    }
}

/// Links lead to the partners' listener unless told otherwise.
fn mail_settings(config: &Config, outside: &Outside, listen: SocketAddr) -> mail::Settings {
    let scheme = if config.tls.is_some() { "https" } else { "http" };
    let way = match (&outside.trial.letters, &config.mail.transport) {
        (Some(letters), _) => mail::Way::Memory(letters.clone()),
        (None, MailTransport::Folder(folder)) => mail::Way::Folder(folder.clone()),
        (None, MailTransport::Smtp(url)) => mail::Way::Smtp(url.clone()),
    };
    mail::Settings {
        way,
        from: config.mail.from.clone(),
        public_url: config.mail.public_url.clone().unwrap_or_else(|| format!("{scheme}://{listen}")),
        templates: config.mail.templates.clone(),
    }
}

async fn bind(address: SocketAddr) -> Result<Listener, StartError> {
    Listener::bind(address).await.map_err(|source| StartError::Listen { address, source })
}

/// Only the operator's account may look into the folder: it holds personal data and secrets.
fn make_private(folder: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// The store's file, before the engine makes it readable by others: the folder may have been there before, and
/// open to them.
fn make_private_file(path: &Path) -> io::Result<()> {
    std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

async fn open(folder: &Path, outside: &Outside, mail: Mail) -> Result<App, StartError> {
    let path = folder.join(STORE_FILE);
    let usual = store::Options::default();
    let options = store::Options {
        rerun_one_in: outside.trial.rerun_one_in,
        cache_bytes: outside.trial.cache_bytes.unwrap_or(usual.cache_bytes),
        batch_max: outside.trial.batch_max.unwrap_or(usual.batch_max),
        ..usual
    };
    let named = |error: String| StartError::Store(format!("{}: {error}", folder.join(STORE_FILE).display()));
    let opened = tokio::task::spawn_blocking(move || {
        make_private_file(&path).map_err(|error| store::Error::Engine(error.to_string().into()))?;
        Store::open(Backing::File(path), &options)
    })
    .await;
    let store = match opened {
        Ok(Ok(store)) => store,
        Ok(Err(error)) => return Err(named(error.to_string())),
        Err(error) => return Err(named(format!("opening it failed: {error}"))),
    };
    let secrets = Secrets::open(folder, &outside.ids)
        .map_err(|source| StartError::Folder { folder: folder.display().to_string(), source })?;
    app::check_pepper(&store, &secrets).await.map_err(|error| StartError::Store(error.to_string()))?;
    let setup =
        Setup { compiled_folder: Some(folder.join("compiled")), cache_key: secrets.derive("compiled-code") };
    let runtime = Runtime::start(setup).map_err(|error| StartError::Policy(error.to_string()))?;
    let fleet = Fleet::new(runtime);
    let (clock, ids) = (outside.clock.clone(), outside.ids.clone());
    let app = App::new(store, fleet, clock, ids, secrets, mail, outside.trial.gap.clone())
        .map_err(|error| StartError::Store(error.to_string()))?;
    app::decision::note_fuel_model(&app).await.map_err(|error| StartError::Store(error.to_string()))?;
    app.install_standard().await.map_err(|error| StartError::Policy(error.to_string()))?;
    Ok(app)
}

type Authenticator = Box<dyn Fn(Option<&str>, IpAddr) -> Result<Arc<Caller>, Denied> + Send + Sync>;

fn authenticator(app: &App) -> Authenticator {
    let app = app.clone();
    Box::new(move |secret, peer| app::access::authenticate(&app, secret, peer))
}

async fn serve_partners(
    partners: Partners<Authenticator, http::dispatch::Handler>,
    metrics: Arc<Metrics>,
    drain: Drain,
    listener: Listener,
    limits: ServerLimits,
) {
    let partners = Arc::new(partners);
    let connections = metrics.connections("partners");
    let answer = move |request, peer| partners.answer(request, peer);
    listener.serve(limits, drain, connections, answer).await;
}

async fn serve_admin(
    admin: Admin,
    metrics: Arc<Metrics>,
    drain: Drain,
    listener: Listener,
    limits: ServerLimits,
) {
    let admin = Arc::new(admin);
    let connections = metrics.connections("admin");
    let answer = move |request, peer| {
        let admin = Arc::clone(&admin);
        async move { admin.answer(request, peer).await }
    };
    listener.serve(limits, drain, connections, answer).await;
}
