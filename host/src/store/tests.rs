//! Tests of the store from within: what a black-box test cannot see or force.

mod call_queue;
mod fixture;
mod golden;
mod list;
mod noun;
mod range;
mod search;
mod slow_disk;
mod usage;
mod writer;

use std::time::Duration;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("not within {PATIENCE:?}: {what}"));
}
