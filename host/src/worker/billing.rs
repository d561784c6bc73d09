//! Converts calls that whoever ended them has not seen converted: their release did not answer, or the process ended
//! in between. What it does is `app::billing`'s; here it is woken.

use super::deadline;
use crate::app::App;
use crate::app::billing;
use crate::drain::Drain;

/// Runs until the drain begins.
pub(super) async fn run(app: App, drain: Drain) {
    deadline::follow(&app, drain, "billing.failed", billing::step).await;
}
