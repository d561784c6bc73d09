//! Recorded facts once more. With the same settings and limits the same answer and the same fuel come out; with
//! another release, what it would have said.

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

/// A release made ready to be asked on recorded facts, often and by several threads. It answers nobody: it has no
/// seat in a slot, no breaker, and counts nowhere.
#[derive(Debug)]
pub struct Rehearsal {
    release: Release,
    callee: Callee,
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
        let release = Release { digest: digest_of(&bytes), ..release.clone() };
        self.rehearse(release, move || Ok(bytes)).await?.ask(facts_json).await
    }

    /// Makes a release ready; `bytes` is asked only where its compiled code is not there.
    ///
    /// # Errors
    /// `Error::Refused` when the component cannot be loaded.
    pub async fn rehearse<B>(&self, release: Release, bytes: B) -> Result<Rehearsal, Error>
    where
        B: FnOnce() -> Result<Arc<[u8]>, String> + Send + 'static,
    {
        let loaded = self.load(release.digest, bytes).await?;
        let callee = Callee::prepare(loaded, release.slot.policy, &release.policy_version, release.wasi)
            .map_err(|sentence| Error::Refused(vec![sentence]))?;
        Ok(Rehearsal { release, callee })
    }
}

impl Rehearsal {
    /// Asks it on recorded facts. What its release was not granted is taken away from them; what the recorded
    /// release was not granted is not there.
    ///
    /// # Errors
    /// `Error::UnreadableFacts`
    pub async fn ask(&self, facts_json: &str) -> Result<Replayed, Error> {
        match self.release.slot.policy {
            PolicyName::JobResolution => self.ask_as::<JobResolution>(facts_json).await,
            PolicyName::CallScheduling => self.ask_as::<CallScheduling>(facts_json).await,
            PolicyName::Billing => self.ask_as::<Billing>(facts_json).await,
            PolicyName::OwnerOnboarding => self.ask_as::<OwnerOnboarding>(facts_json).await,
        }
    }

    async fn ask_as<P: Policy>(&self, facts_json: &str) -> Result<Replayed, Error> {
        let release = &self.release;
        let seen = P::narrowed(adapter::from_json(facts_json)?, &release.grants);
        let checkable = P::to_checkable(&seen)?;
        let called = self.call::<P>(&seen, &checkable).await;
        let outcome = match called.result {
            Ok(resolved) => AskedOutcome::Answered(resolved.answer),
            Err(failure) => AskedOutcome::Failed(failure.kind, failure.explanation),
        };
        Ok(Replayed { outcome, fuel_used: called.fuel_used, log: called.log })
    }

    /// Asks it on facts as they are gathered; what its release was not granted is not shown to it.
    ///
    /// # Errors
    /// Why there is no answer that holds.
    pub async fn decide<P: Policy>(&self, facts: &P::Facts) -> Result<P::Verdict, (FailureKind, String)> {
        let called = self.call::<P>(&P::granted(facts, &self.release.grants), facts).await;
        called.result.map(|resolved| resolved.verdict).map_err(|failure| (failure.kind, failure.explanation))
    }

    async fn call<P: Policy>(&self, seen: &P::Seen, facts: &P::Facts) -> Called<Resolved<P::Verdict>> {
        let Release { limits, settings, .. } = &self.release;
        let deadline = Instant::now() + WAIT + Duration::from_millis(limits.timeout_millis);
        let bounds = Bounds { limits, now_millis: facts.now().unix_millis(), deadline };
        adapter::decide::<P>(&self.callee, seen, facts, settings, bounds).await
    }
}
