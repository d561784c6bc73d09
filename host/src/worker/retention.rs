//! Lets recorded decisions go when their time is over.

use std::time::Duration;

use switchboard_domain::time::Timestamp;

use crate::app::App;
use crate::app::decision::{Retention, retain};
use crate::drain::Drain;

/// Whether a decision goes some minutes later matters to nobody.
const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// Runs until the drain begins.
pub(super) async fn run(app: App, bounds: Retention, mut drain: Drain) {
    loop {
        // From before the look: a clock that is moved meanwhile has it look again.
        let next = Timestamp::plus(app.now(), INTERVAL);
        tokio::select! {
            () = drain.requested() => return,
            kept = retain(&app, bounds) => if let Err(error) = kept {
                tracing::error!(event = "retention.failed", %error);
            },
        }
        tokio::select! {
            () = drain.requested() => return,
            () = app.clock().sleep_until(next) => {}
        }
    }
}
