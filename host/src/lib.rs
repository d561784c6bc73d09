//! Switchboard: the public API of an AI-interview service, with its decisions taken by policy plugins.

pub mod app;
pub mod clock;
pub mod config;
pub mod http;
pub mod ids;
pub mod metrics;
pub mod policy;
pub mod store;
pub mod telemetry;
pub mod worker;

use clock::Clock;
use config::Config;
use ids::Ids;
use tokio::sync::watch;

/// All that is not deterministic, handed in once.
#[derive(Debug, Clone)]
pub struct Outside {
    /// What everything that waits follows.
    pub clock: Clock,
    /// Ids and secrets.
    pub ids: Ids,
}

/// Told to stop: drains when the value turns true, or when its sender is gone.
pub type Shutdown = watch::Receiver<bool>;

/// Why a server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A listener's address is taken, or not of this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which one.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Serves until told to stop.
///
/// # Errors
///
/// When it cannot start.
pub async fn run(config: Config, outside: Outside, mut shutdown: Shutdown) -> Result<(), StartError> {
    let _ = outside;
    let address = config.listen;
    let _listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })?;
    let _ = shutdown.wait_for(|asked| *asked).await;
    Ok(())
}
