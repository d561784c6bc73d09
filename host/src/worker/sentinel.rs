//! Follows the one clock with one timer, for everything that waits: due calls, leases, questions, interviews. What it
//! does is `app::sentinel`'s; here it is woken.

use super::deadline;
use crate::app::App;
use crate::app::sentinel;
use crate::drain::Drain;

/// Runs until the drain begins.
pub(super) async fn run(app: App, drain: Drain) {
    deadline::follow(&app, drain, "sentinel.failed", sentinel::step).await;
    app.calls().silence();
}
