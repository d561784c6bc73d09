//! Sends what waits in the outbox, and asks again what nobody has decided: two walkers, so that a slow mail server keeps
//! no question waiting, and no slow policy a mail.
//!
//! A walker ends between two rows. A letter that a mail server has in hand is waited for, since ending then would send
//! it twice; that is bounded by the time that one letter may take.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use switchboard_domain::time::Timestamp;

use crate::app::App;
use crate::app::outbox::{self, Kind, Walked};
use crate::drain::Drain;
use crate::metrics::Metrics;

/// With nothing that is due: a look now and then costs nothing, and a clock that was moved back is noticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// After a failure of the store: it is overloaded, or ends soon.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Row {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tried {
    kind: &'static str,
    outcome: &'static str,
}

/// What is measured of the outbox.
#[derive(Debug, Clone, Default)]
struct Measured {
    waiting: Family<Row, Gauge>,
    dead: Family<Row, Gauge>,
    tries: Family<Tried, Counter>,
}

impl Measured {
    fn register(metrics: &Metrics) -> Self {
        let measured = Self::default();
        metrics.register(|registry| {
            registry.register("outbox_waiting", "Effects that wait to leave, dead ones included", {
                measured.waiting.clone()
            });
            registry.register("outbox_dead", "Effects that wait for an operator", measured.dead.clone());
            registry.register("outbox_tries", "Tries to let an effect leave", measured.tries.clone());
        });
        for kind in [Kind::Mail, Kind::Question] {
            measured.note(kind, &Walked::default());
        }
        measured
    }

    fn note(&self, kind: Kind, walked: &Walked) {
        let kind = match kind {
            Kind::Mail => "mail",
            Kind::Question => "owner-onboarding",
        };
        let gauge = |family: &Family<Row, Gauge>, value: u64| {
            family.get_or_create(&Row { kind }).set(i64::try_from(value).unwrap_or(i64::MAX));
        };
        gauge(&self.waiting, walked.waiting);
        gauge(&self.dead, walked.dead);
        for (outcome, count) in [("done", walked.done), ("failed", walked.failed)] {
            self.tries.get_or_create(&Tried { kind, outcome }).inc_by(count);
        }
    }
}

/// Runs until the drain begins.
pub(super) async fn run(app: App, metrics: &Metrics, drain: Drain) {
    let measured = Measured::register(metrics);
    let walk = |kind| walk(app.clone(), kind, measured.clone(), drain.clone());
    tokio::join!(walk(Kind::Mail), walk(Kind::Question));
}

async fn walk(app: App, kind: Kind, measured: Measured, mut drain: Drain) {
    while !drain.is_requested() {
        // From before the look: a clock that is moved meanwhile has it look again.
        let latest = Timestamp::plus(app.now(), LOOK_INTERVAL);
        let next = match outbox::do_due(&app, kind, || drain.is_requested()).await {
            Ok(walked) => {
                measured.note(kind, &walked);
                walked.next_at
            }
            Err(error) => {
                tracing::error!(event = "outbox.failed", %error);
                Some(Timestamp::plus(app.now(), PAUSE))
            }
        };
        tokio::select! {
            () = drain.requested() => return,
            () = app.outbox().woken(kind) => {}
            () = app.clock().sleep_until(next.map_or(latest, |next| next.min(latest))) => {}
        }
    }
}
