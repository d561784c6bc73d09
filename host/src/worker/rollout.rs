//! Watches releases on their way into a slot, and asks those that are tried beside the active one.

use std::time::Duration;

use switchboard_domain::time::Timestamp;
use tokio::task::JoinSet;

use crate::app::App;
use crate::app::rollout::{LOOK_EVERY, ShadowCalls, judge};
use crate::drain::Drain;

/// After a failure: the store is overloaded, or ends soon.
const PAUSE: Duration = Duration::from_secs(1);

/// Shadows that are asked at once: on few cores most of the time belongs to those who wait for an answer.
const SHADOWS_AT_ONCE: usize = 2;

/// Runs until the drain begins.
pub(super) async fn run(app: App, drain: Drain) {
    tokio::join!(watch(app.clone(), drain.clone()), ask_shadows(app, drain));
}

/// Looks after calls and at moments. Real time between two looks, since calls come in real time.
async fn watch(app: App, mut drain: Drain) {
    while !drain.is_requested() {
        let next = match judge(&app).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(event = "rollout.failed", %error);
                Some(Timestamp::plus(app.now(), PAUSE))
            }
        };
        let promotion = async {
            match next {
                Some(next) => app.clock().sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = drain.requested() => return,
            () = app.fleet().noted() => {}
            () = promotion => {}
        }
        tokio::select! {
            () = drain.requested() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

async fn ask_shadows(app: App, mut drain: Drain) {
    let mut calls = ShadowCalls::of(&app);
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            // What runs is dropped: nobody waits for it.
            () = drain.requested() => return,
            call = calls.next(), if running.len() < SHADOWS_AT_ONCE => drop(running.spawn(call.run())),
            Some(_) = running.join_next() => {}
        }
    }
}
