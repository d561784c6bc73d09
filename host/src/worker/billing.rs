//! Converts calls that whoever ended them has not seen converted: their release did not answer, or the process ended
//! in between. What it does is `app::billing`'s; here it is woken.

use std::time::Duration;

use switchboard_domain::time::Timestamp;

use crate::app::App;
use crate::app::billing;
use crate::drain::Drain;

/// After a failure: the store is overloaded, or ends soon.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs until the drain begins.
pub(super) async fn run(app: App, mut drain: Drain) {
    let mut changed = app.store().deadlines_changed();
    while !drain.is_requested() {
        // What changes from here on is looked at again.
        changed.mark_unchanged();
        let next = match billing::step(&app).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(event = "billing.failed", %error);
                Some(Timestamp::plus(app.now(), PAUSE))
            }
        };
        let asleep = async {
            match next {
                Some(next) => app.clock().sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = drain.requested() => {}
            // An error means that the writer is gone, and the server with it.
            heard = changed.changed() => if heard.is_err() { break },
            () = asleep => {}
        }
    }
}
