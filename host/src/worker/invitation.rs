//! Ends invitations that nobody accepted in time, and forgets those that ended long ago.

use std::time::Duration;

use switchboard_domain::time::Timestamp;

use crate::app::App;
use crate::app::invitation;
use crate::drain::Drain;

/// With nothing that ends soon. An invitation that is made meanwhile ends an hour later at the earliest, and is told as
/// expired at its very moment whether this has come to it or not.
const LOOK_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// Runs until the drain begins.
pub(super) async fn run(app: App, mut drain: Drain) {
    while !drain.is_requested() {
        // From before the look: a clock that is moved meanwhile has it look again.
        let latest = Timestamp::plus(app.now(), LOOK_INTERVAL);
        let next = invitation::move_on(&app).await.unwrap_or_else(|error| {
            tracing::error!(event = "invitations.failed", %error);
            None
        });
        tokio::select! {
            () = drain.requested() => return,
            () = app.clock().sleep_until(next.map_or(latest, |next| next.min(latest))) => {}
        }
    }
}
