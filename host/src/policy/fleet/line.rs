//! A slot's line: the active release and the failure ladder behind it, a canary with its own, a shadow; all kept
//! alive by whoever holds it.

use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::decision::{Asked, AskedOutcome, Facts as _, FailureKind, Slot};
use switchboard_domain::id::{CompanyId, ReleaseId};
use switchboard_domain::release::{OnFailure, Release};
use tokio::time::Instant;

use super::seat::{ReleaseStats, Seat, SeatKey, Standing};
use super::shadow::Shadow;
use super::{Unavailable, share};
use crate::policy::adapter::{self, Policy, Resolved};
use crate::policy::admit::{Callee, unavailable};
use crate::policy::call::{Bounds, Called, Failure};

/// Each later member of the ladder keeps this part of the whole time, whatever the earlier ones use.
const RESERVED_PART: u32 = 4;
/// Spoken when nothing could be asked at all.
const POLICY_VERSION: &str = "0.1.0";

/// One release in a line.
#[derive(Debug)]
pub(super) struct Member {
    /// Absent when the plan named a release that it did not contain.
    pub(super) release: Option<Release>,
    pub(super) id: ReleaseId,
    pub(super) key: SeatKey,
    pub(super) seat: Arc<Seat>,
    pub(super) callee: Result<Arc<Callee>, String>,
}

/// A release that answers a share of the companies, and the failure ladder behind it.
#[derive(Debug)]
pub(super) struct Canary {
    pub(super) percent: u32,
    pub(super) members: Vec<Member>,
}

/// What answers for a slot. Taken once per request; a swap affects the next one.
#[derive(Debug)]
pub struct Line {
    slot: Slot,
    members: Vec<Member>,
    canary: Option<Canary>,
    shadow: Option<Shadow>,
}

/// What a line said; `V` is the policy's checked verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<V> {
    /// None: the ladder ended in `reject` or `hold`.
    pub verdict: Option<V>,
    /// Of the active release.
    pub on_failure: OnFailure,
    /// The active release first, then the steps of the ladder.
    pub asked: Vec<Asked>,
    /// Who answered.
    pub answered_by: Option<ReleaseId>,
    /// Name of the plugin that answered, else of the active one; empty when there is none.
    pub plugin: String,
    /// Answered by the ladder, or not at all.
    pub degraded: bool,
    /// What the active release saw, as canonical JSON. A later member saw no more than that.
    pub facts: String,
    /// Version of the WIT package.
    pub policy_version: String,
}

impl Line {
    pub(super) fn new(slot: Slot, members: Vec<Member>) -> Self {
        Self { slot, members, canary: None, shadow: None }
    }

    pub(super) fn with(self, canary: Option<Canary>, shadow: Option<Shadow>) -> Self {
        Self { canary, shadow, ..self }
    }

    /// Whose line it is: the default slot's for an ATS without a release of its own.
    #[must_use]
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The release that is asked first.
    #[must_use]
    pub fn active(&self) -> Option<ReleaseId> {
        self.members.first().map(|member| member.id)
    }

    /// Asks the release that this company has, the active one or the canary, then its ladder, until one gives an
    /// answer that holds. Ends by the deadline. A shadow is asked afterwards, and nobody waits for it.
    ///
    /// The line is one of a slot for this very policy: of another one nobody answers.
    pub async fn ask<P: Policy>(&self, facts: &P::Facts, deadline: Instant) -> Outcome<P::Verdict> {
        debug_assert_eq!(self.slot.policy, P::NAME, "asked in another policy's slot");
        let members = self.members_for(facts.company_id());
        let first = members.first();
        let release = first.and_then(|member| member.release.as_ref());
        let seen = P::granted(facts, release.map_or(&[][..], |release| &release.grants));
        let start = Instant::now();
        let reserve = deadline.saturating_duration_since(start) / RESERVED_PART;
        let mut asked = Vec::with_capacity(1);
        let mut answer = None;
        for (place, member) in members.iter().enumerate() {
            let later = u32::try_from(members.len() - 1 - place).unwrap_or(u32::MAX);
            let until = deadline.checked_sub(reserve.saturating_mul(later)).unwrap_or(start);
            let (entry, verdict) = member.ask::<P>(&seen, facts, place > 0, until).await;
            self.tell(&entry);
            asked.push(entry);
            if let Some(verdict) = verdict {
                answer = Some((member, verdict));
                break;
            }
        }
        let degraded = asked.len() != 1 || answer.is_none();
        if let (true, Some(first)) = (degraded, first) {
            first.seat.count_degraded();
        }
        if let Some(shadow) = &self.shadow {
            shadow.ask_later::<P>(facts, asked.last());
        }
        let plugin = answer.as_ref().map(|(member, _)| member.plugin()).or(first.map(Member::plugin));
        Outcome {
            on_failure: release
                .map_or_else(|| OnFailure::default_of(self.slot.policy), |release| release.on_failure),
            answered_by: answer.as_ref().map(|(member, _)| member.id),
            plugin: plugin.unwrap_or_default().to_owned(),
            verdict: answer.map(|(_, verdict)| verdict),
            asked,
            degraded,
            facts: adapter::to_json(&seen),
            policy_version: release.map_or(POLICY_VERSION, |release| &release.policy_version).to_owned(),
        }
    }

    /// The active release with its ladder, or the canary with its own.
    fn members_for(&self, company_id: CompanyId) -> &[Member] {
        let canary = self.canary.as_ref().filter(|canary| {
            let first = canary.members.first();
            first.is_some_and(|first| share::is_in(first.id, company_id, canary.percent))
        });
        canary.map_or(&self.members, |canary| &canary.members)
    }

    /// All that it keeps alive.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        let canary = self.canary.iter().flat_map(|canary| &canary.members);
        self.members.iter().chain(canary).chain(self.shadow.iter().map(|shadow| &*shadow.member))
    }

    pub(super) fn unavailable(&self) -> impl Iterator<Item = Unavailable> {
        self.members().filter_map(|member| {
            let reason = member.callee.as_ref().err()?.clone();
            Some(Unavailable { slot: self.slot, release_id: member.id, reason })
        })
    }

    pub(super) fn stats(&self) -> impl Iterator<Item = ReleaseStats> {
        let ladder =
            self.members.iter().enumerate().map(|(place, member)| {
                (member, if place == 0 { Standing::Active } else { Standing::Ladder })
            });
        // Behind the canary stand those who stand behind the active release, or that itself.
        let canary = self.canary.iter().filter_map(|canary| canary.members.first());
        let canary = canary.map(|member| (member, Standing::Canary));
        let shadow = self.shadow.iter().map(|shadow| (&*shadow.member, Standing::Shadow));
        ladder.chain(canary).chain(shadow).map(|(member, standing)| member.stats(self.slot, standing))
    }

    /// Into the server's log: what the guest wrote, at the guest's level, and a failure, once.
    fn tell(&self, asked: &Asked) {
        let (slot, release) = (self.slot, asked.release_id);
        for line in &asked.log {
            match line.split_once(": ") {
                Some(("debug", said)) => tracing::debug!(%slot, %release, said, "plugin"),
                Some(("info", said)) => tracing::info!(%slot, %release, said, "plugin"),
                Some(("error", said)) => tracing::error!(%slot, %release, said, "plugin"),
                Some((_, said)) => tracing::warn!(%slot, %release, said, "plugin"),
                None => tracing::warn!(%slot, %release, said = line, "plugin"),
            }
        }
        if let AskedOutcome::Failed(kind, explanation) = &asked.outcome {
            tracing::warn!(%slot, %release, kind = kind.as_str(), explanation, "a release did not answer");
        }
    }
}

impl Member {
    fn plugin(&self) -> &str {
        self.release.as_ref().map_or("", |release| &release.plugin)
    }

    fn stats(&self, slot: Slot, standing: Standing) -> ReleaseStats {
        ReleaseStats {
            plugin: self.plugin().to_owned(),
            standing,
            unavailable: self.callee.as_ref().err().cloned(),
            ..self.seat.stats(slot, self.id)
        }
    }

    /// One turn: counted, noted by the breaker, recorded.
    pub(super) async fn ask<P: Policy>(
        &self,
        seen: &P::Seen,
        facts: &P::Facts,
        is_narrowed: bool,
        until: Instant,
    ) -> (Asked, Option<P::Verdict>) {
        let start = Instant::now();
        let called = self.call::<P>(seen, facts, is_narrowed, until).await;
        let duration_micros = micros(start.elapsed());
        let failure = called.result.as_ref().err().map(|failure| failure.kind);
        self.seat.count(failure, called.fuel_used, duration_micros);
        match failure {
            None => self.seat.breaker.note_answer(),
            // What was not run says nothing of the release.
            Some(
                FailureKind::TooBusy
                | FailureKind::BreakerOpen
                | FailureKind::Unavailable
                | FailureKind::InputTooLarge,
            ) => {}
            Some(_) => self.seat.breaker.note_failure(Instant::now()),
        }
        let (outcome, verdict) = match called.result {
            Ok(Resolved { verdict, answer }) => (AskedOutcome::Answered(answer), Some(verdict)),
            Err(Failure { kind, explanation }) => (AskedOutcome::Failed(kind, explanation), None),
        };
        let asked = Asked {
            release_id: self.id,
            outcome,
            fuel_used: called.fuel_used,
            duration_micros,
            log: called.log,
        };
        (asked, verdict)
    }

    async fn call<P: Policy>(
        &self,
        seen: &P::Seen,
        facts: &P::Facts,
        is_narrowed: bool,
        until: Instant,
    ) -> Called<Resolved<P::Verdict>> {
        let (release, callee) = match (&self.release, &self.callee) {
            (Some(release), Ok(callee)) => (release, callee),
            (_, Err(reason)) => return Called::not_run(unavailable(reason)),
            (None, Ok(_)) => return Called::not_run(unavailable("the release is not there")),
        };
        if !self.seat.breaker.lets_pass(Instant::now()) {
            let explanation = "it failed too often; it is asked again after a pause";
            return Called::not_run(Failure::new(FailureKind::BreakerOpen, explanation));
        }
        let _place = match self.seat.place(until).await {
            Ok(place) => place,
            Err(failure) => return Called::not_run(failure),
        };
        let now_millis = facts.now().unix_millis();
        let bounds = Bounds { limits: &release.limits, now_millis, deadline: until };
        if is_narrowed {
            let narrowed = P::narrowed(seen.clone(), &release.grants);
            adapter::decide::<P>(callee, &narrowed, facts, &release.settings, bounds).await
        } else {
            adapter::decide::<P>(callee, seen, facts, &release.settings, bounds).await
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
