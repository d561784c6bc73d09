//! Goes on with deletions that were too large for one commit, one bounded commit after another. Between two of
//! them others' writes have their turn, and several deletions take turns too, so that a person need not wait
//! until a company of a million is gone.

use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;
use switchboard_domain::time::Timestamp;

use crate::app::App;
use crate::app::removal;
use crate::drain::Drain;
use crate::metrics::Metrics;

/// After a failure: the store is overloaded, or ends soon.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs until the drain begins.
pub(super) async fn run(app: App, metrics: &Metrics, mut drain: Drain) {
    let under_way = Gauge::<i64>::default();
    metrics.register(|registry| {
        registry.register("removals_under_way", "Deletions of which something is left", under_way.clone());
    });
    // A new start begins with the oldest.
    let mut last = None;
    while !drain.is_requested() {
        let stepped = removal::step(app.store(), app.ids(), last).await;
        if let Ok(count) = removal::under_way(&app) {
            under_way.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        match stepped {
            Ok(Some(id)) => last = Some(id),
            Ok(None) => tokio::select! {
                () = drain.requested() => return,
                () = app.removals().woken() => {}
            },
            Err(error) => {
                tracing::error!(event = "removal.failed", %error);
                tokio::select! {
                    () = drain.requested() => return,
                    () = app.clock().sleep_until(Timestamp::plus(app.now(), PAUSE)) => {}
                }
            }
        }
    }
}
