//! Releases on their way into a slot: watched beside the active one, for a share of the companies, or just after
//! they became active; and what brings them further or back by itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::decision::Slot;
use crate::id::ReleaseId;
use crate::time::Timestamp;
use crate::words::words;

/// Ended ones that a slot remembers: the story of the last weeks, in a record that stays small.
const ENDED_MAX: usize = 20;
/// Below so many calls a share says nothing.
pub const SHARE_CALLS_MIN: u64 = 20;
/// Below so many calls the slowest one alone would be the 99th percentile.
pub const P99_CALLS_MIN: u64 = 100;

words! {
    /// How far a release is.
    pub enum Stage {
        /// Asked beside the active one: its answers are compared, never used.
        Shadow = "shadow",
        /// Answers a share of the companies, always the same ones.
        Canary = "canary",
        /// Answers everybody, and is still watched.
        Full = "full",
    }
}

words! {
    /// How a rollout ended.
    pub enum RolloutEnd {
        /// It became the active release.
        Promoted = "promoted",
        /// An operator ended it.
        Aborted = "aborted",
        /// It crossed a bound.
        RolledBack = "rolled-back",
        /// Another one, or another stage of its own, took its place.
        Replaced = "replaced",
    }
}

/// When it is taken back by itself. Whatever is set counts; nothing set means never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackBounds {
    /// So many failures, and it goes.
    pub failures: Option<u64>,
    /// More failures than so many in a hundred calls.
    pub failed_percent: Option<u32>,
    /// The slowest call of a hundred takes longer than this.
    pub p99_millis: Option<u64>,
    /// A call takes more fuel than this in the mean.
    pub fuel_mean: Option<u64>,
    /// Of a shadow: more answers than so many in a hundred differ from those that held.
    pub changed_percent: Option<u32>,
}

/// A release on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// Which one.
    pub release_id: ReleaseId,
    /// How far it is.
    pub stage: Stage,
    /// Companies that it answers, in a hundred: of a canary 1 to 100.
    pub percent: u32,
    /// When this stage began. What is counted is counted from then on.
    pub begun_at: Timestamp,
    /// It becomes the active one after so long, if it answered and crossed nothing.
    pub promote_after_seconds: Option<u64>,
    /// When it is taken back.
    pub bounds: RollbackBounds,
}

/// One that ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedRollout {
    /// Which release.
    pub release_id: ReleaseId,
    /// Where it was.
    pub stage: Stage,
    /// Since when.
    pub begun_at: Timestamp,
    /// Until when.
    pub ended_at: Timestamp,
    /// How.
    pub end: RolloutEnd,
    /// The bound that it crossed, in words.
    pub reason: Option<String>,
}

/// The rollouts of a slot: one of each stage at the most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotRollouts {
    /// Of which slot.
    pub slot: Slot,
    /// Grows by one with each change.
    pub revision: u64,
    /// Those under way.
    pub under_way: Vec<Rollout>,
    /// The newest first, bounded.
    pub ended: Vec<EndedRollout>,
}

/// What was counted of a rollout since its stage began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Health {
    /// How often it was its turn.
    pub calls: u64,
    /// Of them without an answer, for whatever reason.
    pub failed: u64,
    /// Of them slower than its bound.
    pub slow: u64,
    /// Of all calls.
    pub fuel_total: u64,
    /// Of a shadow: answers that could be compared.
    pub compared: u64,
    /// Of them those that differ.
    pub changed: u64,
}

impl RollbackBounds {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first bound that is crossed, in words for the operator.
    #[must_use]
    pub fn crossed(&self, health: &Health) -> Option<String> {
        let Health { calls, failed, slow, fuel_total, compared, changed } = *health;
        let more_than = |part: u64, all: u64, percent: u32| {
            SHARE_CALLS_MIN <= all && u128::from(percent) * u128::from(all) < 100 * u128::from(part)
        };
        if let Some(most) = self.failures
            && most <= failed
        {
            return Some(format!("{failed} calls failed; {most} may not"));
        }
        if let Some(percent) = self.failed_percent
            && more_than(failed, calls, percent)
        {
            return Some(format!("{failed} of {calls} calls failed, more than {percent} %"));
        }
        if let Some(millis) = self.p99_millis
            && P99_CALLS_MIN <= calls
            && calls < slow.saturating_mul(100)
        {
            return Some(format!("{slow} of {calls} calls took longer than {millis} ms, more than 1 %"));
        }
        if let Some(most) = self.fuel_mean
            && SHARE_CALLS_MIN <= calls
            && u128::from(most) * u128::from(calls) < u128::from(fuel_total)
        {
            return Some(format!(
                "a call takes {} of fuel in the mean, more than {most}",
                fuel_total / calls
            ));
        }
        if let Some(percent) = self.changed_percent
            && more_than(changed, compared, percent)
        {
            return Some(format!(
                "{changed} of {compared} answers differ from those that held, more than {percent} %"
            ));
        }
        None
    }
}

impl Rollout {
    /// When it becomes the active one by itself, if it is well.
    #[must_use]
    pub fn promotes_at(&self) -> Option<Timestamp> {
        self.promote_after_seconds.map(|seconds| self.begun_at.plus(Duration::from_secs(seconds)))
    }
}

impl SlotRollouts {
    /// None under way.
    #[must_use]
    pub const fn none(slot: Slot) -> Self {
        Self { slot, revision: 0, under_way: Vec::new(), ended: Vec::new() }
    }

    /// The one at this stage.
    #[must_use]
    pub fn at(&self, stage: Stage) -> Option<&Rollout> {
        self.under_way.iter().find(|rollout| rollout.stage == stage)
    }

    /// The one of this release.
    #[must_use]
    pub fn of(&self, release_id: ReleaseId) -> Option<&Rollout> {
        self.under_way.iter().find(|rollout| rollout.release_id == release_id)
    }

    /// Begins one. Another stage of the same release and another release at the same stage end.
    pub fn begin(&mut self, rollout: Rollout) {
        let now = rollout.begun_at;
        let is_in_the_way =
            |known: &Rollout| known.release_id == rollout.release_id || known.stage == rollout.stage;
        let replaced: Vec<Rollout> = self.under_way.extract_if(.., |known| is_in_the_way(known)).collect();
        for known in replaced {
            self.remember(known, RolloutEnd::Replaced, None, now);
        }
        self.under_way.push(rollout);
        self.under_way.sort_by_key(|rollout| rollout.stage);
        self.revision += 1;
    }

    /// Ends that of a release; what it was.
    pub fn end(
        &mut self,
        release_id: ReleaseId,
        end: RolloutEnd,
        reason: Option<String>,
        now: Timestamp,
    ) -> Option<Rollout> {
        let place = self.under_way.iter().position(|rollout| rollout.release_id == release_id)?;
        let rollout = self.under_way.remove(place);
        self.remember(rollout.clone(), end, reason, now);
        self.revision += 1;
        Some(rollout)
    }

    /// Another release is active from now on: the one that was watched is so no more.
    pub fn stop_watching(&mut self, end: RolloutEnd, now: Timestamp) {
        if let Some(watched) = self.at(Stage::Full).map(|rollout| rollout.release_id) {
            self.end(watched, end, None, now);
        }
    }

    fn remember(&mut self, rollout: Rollout, end: RolloutEnd, reason: Option<String>, now: Timestamp) {
        let Rollout { release_id, stage, begun_at, .. } = rollout;
        self.ended.insert(0, EndedRollout { release_id, stage, begun_at, ended_at: now, end, reason });
        self.ended.truncate(ENDED_MAX);
    }
}

#[cfg(test)]
mod tests;
