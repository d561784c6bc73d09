//! A release that is asked beside the active one: later, by a worker, on the same facts. Its answers are compared
//! with those that held, counted, and forgotten.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use switchboard_domain::decision::{Asked, AskedOutcome};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::line::Member;
use crate::policy::adapter::Policy;

/// Calls that wait for the worker. What comes beyond is not asked, and counted so: a shadow must cost neither
/// memory nor patience.
pub(super) const CALLS_WAITING_MAX: usize = 256;
/// Beyond its own time limit it may wait so long for a place.
const WAIT: Duration = Duration::from_secs(5);

/// A release in a line that answers nobody.
#[derive(Debug)]
pub(super) struct Shadow {
    pub(super) member: Arc<Member>,
    pub(super) calls: mpsc::Sender<ShadowCall>,
}

/// One call that is to be made when there is time.
pub struct ShadowCall(BoxFuture<'static, ()>);

impl ShadowCall {
    /// Makes it.
    pub async fn run(self) {
        self.0.await;
    }
}

impl fmt::Debug for ShadowCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShadowCall")
    }
}

impl Shadow {
    /// Hands the facts to the worker, with what held.
    pub(super) fn ask_later<P: Policy>(&self, facts: &P::Facts, held: Option<&Asked>) {
        let held = held.and_then(|asked| match &asked.outcome {
            AskedOutcome::Answered(answer) => Some(answer.clone()),
            AskedOutcome::Failed(..) => None,
        });
        let place = match self.calls.try_reserve() {
            Ok(place) => place,
            Err(_) => return self.member.seat.count_skipped(),
        };
        let (member, facts) = (Arc::clone(&self.member), facts.clone());
        place.send(ShadowCall(Box::pin(async move { ask::<P>(&member, &facts, held.as_deref()).await })));
    }
}

async fn ask<P: Policy>(member: &Member, facts: &P::Facts, held: Option<&str>) {
    let (grants, timeout_millis) = member
        .release
        .as_ref()
        .map_or((&[][..], 0), |release| (release.grants.as_slice(), release.limits.timeout_millis));
    let seen = P::granted(facts, grants);
    let until = Instant::now() + WAIT + Duration::from_millis(timeout_millis);
    let (asked, _) = member.ask::<P>(&seen, facts, false, until).await;
    match (&asked.outcome, held) {
        (AskedOutcome::Answered(answer), Some(held)) => member.seat.count_compared(answer != held),
        (AskedOutcome::Answered(_), None) => {}
        (AskedOutcome::Failed(kind, explanation), _) => {
            let release = asked.release_id;
            tracing::info!(%release, kind = kind.as_str(), explanation, "a shadow did not answer");
        }
    }
}
