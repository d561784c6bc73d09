//! A recorded decision once more: the same facts, settings and limits, the same answer and the same fuel.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::decision::{AskedOutcome, Facts as _, FailureKind, PolicyName};
use switchboard_domain::release::Release;
use tokio::time::Instant;

use super::Error;
use super::adapter::{self, Policy, Resolved};
use super::admit::Callee;
use super::billing::Billing;
use super::call::{Bounds, Called};
use super::call_scheduling::CallScheduling;
use super::job_resolution::JobResolution;
use super::owner_onboarding::OwnerOnboarding;
use super::runtime::{Runtime, digest_of};

/// A replay may wait for a place among the requests this long.
const WAIT: Duration = Duration::from_secs(5);

/// What came out this time. Compare `outcome` (of a failure only its kind) and `fuel_used` with the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Canonical JSON of the answer, or the failure.
    pub outcome: AskedOutcome,
    /// Equal on every machine, except after a timeout.
    pub fuel_used: u64,
    /// As recorded with a decision.
    pub log: Vec<String>,
}

impl Runtime {
    /// Asks a release again on recorded facts. `bytes` is its component, or another build that shall be
    /// tried instead.
    ///
    /// # Errors
    /// `Error::UnreadableFacts`, and `Error::Refused` when the component cannot be loaded.
    pub async fn replay(
        &self,
        release: &Release,
        bytes: Arc<[u8]>,
        facts_json: &str,
    ) -> Result<Replayed, Error> {
        match release.slot.policy {
            PolicyName::JobResolution => self.replay_of::<JobResolution>(release, bytes, facts_json).await,
            PolicyName::CallScheduling => self.replay_of::<CallScheduling>(release, bytes, facts_json).await,
            PolicyName::Billing => self.replay_of::<Billing>(release, bytes, facts_json).await,
            PolicyName::OwnerOnboarding => {
                self.replay_of::<OwnerOnboarding>(release, bytes, facts_json).await
            }
        }
    }

    async fn replay_of<P: Policy>(
        &self,
        release: &Release,
        bytes: Arc<[u8]>,
        facts_json: &str,
    ) -> Result<Replayed, Error> {
        let seen = P::narrowed(adapter::from_json(facts_json)?, &release.grants);
        let checkable = P::to_checkable(&seen)?;
        let called = self.apart::<P>(release, bytes).await?.call(&seen, &checkable).await;
        let outcome = match called.result {
            Ok(resolved) => AskedOutcome::Answered(resolved.answer),
            Err(failure) => AskedOutcome::Failed(failure.kind, failure.explanation),
        };
        Ok(Replayed { outcome, fuel_used: called.fuel_used, log: called.log })
    }

    /// A release apart from every slot: nobody counts how it answers, and no breaker stands before it. `bytes` is its
    /// component, or another build.
    ///
    /// # Errors
    /// `Error::Refused` when the component cannot be loaded.
    pub async fn apart<P: Policy>(&self, release: &Release, bytes: Arc<[u8]>) -> Result<Apart<P>, Error> {
        let loaded = self.load(digest_of(&bytes), move || Ok(bytes)).await?;
        let callee = Callee::prepare(loaded, P::NAME, &release.policy_version, release.wasi)
            .map_err(|sentence| Error::Refused(vec![sentence]))?;
        Ok(Apart { callee, release: release.clone(), policy: PhantomData })
    }
}

/// A release that is asked apart from every slot.
#[derive(Debug)]
pub struct Apart<P> {
    callee: Callee,
    release: Release,
    policy: PhantomData<P>,
}

impl<P: Policy> Apart<P> {
    /// Asks it.
    ///
    /// # Errors
    /// Why there is no answer that holds.
    pub async fn ask(&self, facts: &P::Facts) -> Result<P::Verdict, (FailureKind, String)> {
        let called = self.call(&P::granted(facts, &self.release.grants), facts).await;
        called.result.map(|resolved| resolved.verdict).map_err(|failure| (failure.kind, failure.explanation))
    }

    async fn call(&self, seen: &P::Seen, facts: &P::Facts) -> Called<Resolved<P::Verdict>> {
        let Release { limits, settings, .. } = &self.release;
        let deadline = Instant::now() + WAIT + Duration::from_millis(limits.timeout_millis);
        let bounds = Bounds { limits, now_millis: facts.now().unix_millis(), deadline };
        adapter::decide::<P>(&self.callee, seen, facts, settings, bounds).await
    }
}
