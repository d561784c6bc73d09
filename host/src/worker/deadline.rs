//! Wakes what moves on by itself: when the next deadline has come, and whenever a commit may have set another one.

use std::time::Duration;

use switchboard_domain::time::Timestamp;

use crate::app::{App, Error};
use crate::drain::Drain;

/// After a failure: the store is overloaded, or ends soon.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs `step` until the drain begins; it tells the next moment at which something is due. `failed` names its failures
/// in the log.
pub(super) async fn follow(
    app: &App,
    mut drain: Drain,
    failed: &'static str,
    step: impl AsyncFn(&App) -> Result<Option<Timestamp>, Error>,
) {
    let mut changed = app.store().deadlines_changed();
    while !drain.is_requested() {
        // What changes from here on is looked at again.
        changed.mark_unchanged();
        let next = match step(app).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(event = failed, %error);
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
