//! What runs without a request. A worker takes no input but the store, can be ended at any moment and started
//! again, and follows the one clock.

mod billing;
mod deadline;
mod invitation;
mod outbox;
mod removal;
mod retention;
mod rollout;
mod sentinel;

use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::time::Timestamp;

use crate::app::App;
use crate::app::decision::Retention;
use crate::app::idempotency;
use crate::drain::Drain;
use crate::metrics::Metrics;

/// Kept replies are dead after seven days; whether they go a few minutes later matters to nobody.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// Runs until the drain begins.
pub async fn run(app: App, decisions: Retention, metrics: Arc<Metrics>, drain: Drain) {
    tokio::join!(
        removal::run(app.clone(), &metrics, drain.clone()),
        sentinel::run(app.clone(), drain.clone()),
        billing::run(app.clone(), drain.clone()),
        outbox::run(app.clone(), &metrics, drain.clone()),
        invitation::run(app.clone(), drain.clone()),
        rollout::run(app.clone(), drain.clone()),
        retention::run(app.clone(), decisions, drain.clone()),
        expire(app, drain)
    );
}

async fn expire(app: App, mut drain: Drain) {
    loop {
        // From before the look: a clock that is moved meanwhile has it look again.
        let next = Timestamp::plus(app.now(), EXPIRY_INTERVAL);
        if let Err(error) = idempotency::expire(&app).await {
            tracing::error!(event = "expiry.failed", %error);
        }
        tokio::select! {
            () = drain.requested() => return,
            () = app.clock().sleep_until(next) => {}
        }
    }
}
