//! What runs in which slot: one immutable map, replaced as a whole. A request takes its line once and keeps
//! it; the old map's code goes when its last request ends.

pub(super) mod breaker;
pub(super) mod line;
pub(super) mod seat;
pub(super) mod shadow;
mod share;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use switchboard_domain::decision::Slot;
use switchboard_domain::id::ReleaseId;
use switchboard_domain::release::{Digest, Limits, OnFailure, Release, SlotState};
use switchboard_domain::rollout::{Health, Rollout, SlotRollouts, Stage};
use switchboard_domain::safe_mode::SafeMode;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use self::line::{Canary, Line, Member};
use self::seat::{ReleaseStats, Seat, SeatKey};
use self::shadow::{CALLS_WAITING_MAX, Shadow, ShadowCall};
use super::admit::Callee;
use super::runtime::{Loaded, Runtime};

/// What shall run from now on.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The embedded plugin's release for each policy that it implements; it ends the ladders.
    pub standard: Vec<Release>,
    /// All releases that the slots and rollouts name; more do no harm.
    pub releases: Vec<Release>,
    /// What stands in the slots.
    pub slots: Vec<SlotState>,
    /// What is on its way into them.
    pub rollouts: Vec<SlotRollouts>,
    /// Where only the standard release answers.
    pub safe_mode: SafeMode,
}

/// A release that cannot run in its slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// Where it should.
    pub slot: Slot,
    /// Which one.
    pub release_id: ReleaseId,
    /// Why it cannot.
    pub reason: String,
}

/// The slots and what runs in them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    runtime: Runtime,
    lines: ArcSwap<HashMap<Slot, Arc<Line>>>,
    /// One reload after the other.
    reloading: tokio::sync::Mutex<()>,
    /// Counters and breakers outlive the map that they were counted under.
    seats: Mutex<HashMap<SeatKey, Arc<Seat>>>,
    /// Told of each call of a rollout, and of each reload.
    noted: Arc<Notify>,
    /// To the worker that asks shadows.
    shadow_calls: mpsc::Sender<ShadowCall>,
    /// Until the worker has taken it.
    shadow_worker: Mutex<Option<mpsc::Receiver<ShadowCall>>>,
}

/// A plan at hand, by id, and what was made of its releases.
struct Muster<'a> {
    plan: &'a Plan,
    releases: HashMap<ReleaseId, &'a Release>,
    callees: HashMap<ReleaseId, Result<Arc<Callee>, String>>,
}

impl Fleet {
    /// A fleet in which nothing runs yet.
    #[must_use]
    pub fn new(runtime: Runtime) -> Self {
        let (shadow_calls, shadow_worker) = mpsc::channel(CALLS_WAITING_MAX);
        let shared = Shared {
            runtime,
            lines: ArcSwap::from_pointee(HashMap::new()),
            reloading: tokio::sync::Mutex::new(()),
            seats: Mutex::new(HashMap::new()),
            noted: Arc::new(Notify::new()),
            shadow_calls,
            shadow_worker: Mutex::new(Some(shadow_worker)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The platform that it runs on.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// The calls of shadows, for the one worker that makes them.
    #[must_use]
    pub fn take_shadow_calls(&self) -> Option<mpsc::Receiver<ShadowCall>> {
        self.shared.shadow_worker.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Waits until a rollout was asked something, or the fleet was reloaded. What happened since the last wait
    /// counts.
    pub async fn noted(&self) {
        self.shared.noted.notified().await;
    }

    /// What was counted of a rollout since its stage began. Nothing while the fleet does not run it.
    #[must_use]
    pub fn health(&self, slot: Slot, rollout: &Rollout) -> Option<Health> {
        let Rollout { release_id, begun_at, .. } = *rollout;
        let key = SeatKey { slot, release_id, begun_at: Some(begun_at) };
        self.seats().get(&key).map(|seat| seat.health())
    }

    /// Makes the plan true: loads what is new, then swaps the whole map at once. What cannot be loaded is
    /// unavailable in its own slot, told in the result, and tried again by the next reload.
    pub async fn reload<L>(&self, plan: Plan, load: L) -> Vec<Unavailable>
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let _turn = self.shared.reloading.lock().await;
        let before = self.shared.lines.load_full();
        let releases =
            plan.releases.iter().chain(&plan.standard).map(|release| (release.id, release)).collect();
        let mut muster = Muster { plan: &plan, releases, callees: kept(&before) };
        let load = Arc::new(load);
        // Held until the lines hold them.
        let fresh = self.load_side_by_side(&muster, &load).await;
        let mut lines = HashMap::new();
        for (slot, state, rollouts) in muster.slots() {
            lines.insert(slot, Arc::new(self.make_line(slot, state, rollouts, &mut muster, &load).await));
        }
        drop(fresh);
        let unavailable = lines.values().flat_map(|line| line.unavailable()).collect();
        self.forget_seats_not_in(&lines);
        self.shared.lines.store(Arc::new(lines));
        self.shared.noted.notify_one();
        unavailable
    }

    /// What answers for the slot, to be taken once per request: its own line, or the default slot's.
    #[must_use]
    pub fn line(&self, slot: Slot) -> Arc<Line> {
        let lines = self.shared.lines.load();
        let default = Slot { ats_id: None, policy: slot.policy };
        let line = lines.get(&slot).or_else(|| lines.get(&default));
        line.cloned().unwrap_or_else(|| Arc::new(Line::new(default, Vec::new())))
    }

    /// One release alone, whatever runs in its slot: without a ladder, a breaker, or counters that anybody sees.
    pub async fn line_of<L>(&self, release: &Release, load: L) -> Arc<Line>
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let callee = self.callee(release, &Arc::new(load)).await.map(Arc::new);
        let key = SeatKey { slot: release.slot, release_id: release.id, begun_at: None };
        let seat = Arc::new(Seat::new(release.limits.calls_in_flight));
        let member = Member { release: Some(release.clone()), id: release.id, key, seat, callee };
        Arc::new(Line::new(release.slot, vec![member]))
    }

    /// Counters of every release in every slot's ladder, by slot.
    #[must_use]
    pub fn stats(&self) -> Vec<ReleaseStats> {
        let lines = self.shared.lines.load_full();
        let mut stats: Vec<_> = lines.values().flat_map(|line| line.stats()).collect();
        stats.sort_by_key(|release| (release.slot, release.standing, release.release_id));
        stats
    }

    /// Loads the components that are new, on all cores: a start reads a hundred of them from the disk. What fails
    /// here fails again where it is missed.
    async fn load_side_by_side<L>(&self, muster: &Muster<'_>, load: &Arc<L>) -> Vec<Arc<Loaded>>
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let mut digests = BTreeSet::new();
        for (slot, state, rollouts) in muster.slots() {
            let new = muster.asked_in(slot, state, rollouts).into_iter();
            let new = new.filter(|id| !muster.callees.contains_key(id));
            digests.extend(new.filter_map(|id| muster.releases.get(&id)).map(|release| release.digest));
        }
        if digests.len() < 2 {
            return Vec::new();
        }
        let at_once = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let (mut loading, mut loaded) = (JoinSet::new(), Vec::with_capacity(digests.len()));
        for digest in digests {
            if loading.len() == at_once {
                loaded.extend(loading.join_next().await.and_then(Result::ok).flatten());
            }
            let (runtime, load) = (self.shared.runtime.clone(), Arc::clone(load));
            loading.spawn(async move { runtime.load(digest, move || load(digest)).await.ok() });
        }
        while let Some(last) = loading.join_next().await {
            loaded.extend(last.ok().flatten());
        }
        loaded
    }

    async fn make_line<L>(
        &self,
        slot: Slot,
        state: &SlotState,
        rollouts: Option<&SlotRollouts>,
        muster: &mut Muster<'_>,
        load: &Arc<L>,
    ) -> Line
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let mut members = Vec::new();
        if muster.plan.safe_mode.covers(slot) {
            if let Some(standard) = muster.standard(slot) {
                members.push(self.member(slot, standard.id, None, muster, load).await);
            }
            return Line::new(slot, members);
        }
        let at = |stage| rollouts.and_then(|rollouts| rollouts.at(stage));
        for id in muster.ladder(slot, state.active, state.history.first().copied()) {
            let watched = at(Stage::Full).filter(|rollout| rollout.release_id == id && id == state.active);
            members.push(self.member(slot, id, watched, muster, load).await);
        }
        let canary = match at(Stage::Canary) {
            None => None,
            Some(rollout) => {
                let mut members = Vec::new();
                // What it takes the place of is its last good one.
                for id in muster.ladder(slot, rollout.release_id, Some(state.active)) {
                    let watched = Some(rollout).filter(|rollout| rollout.release_id == id);
                    members.push(self.member(slot, id, watched, muster, load).await);
                }
                Some(Canary { percent: rollout.percent, members })
            }
        };
        let shadow = match at(Stage::Shadow) {
            None => None,
            Some(rollout) => {
                let member = self.member(slot, rollout.release_id, Some(rollout), muster, load).await;
                Some(Shadow { member: Arc::new(member), calls: self.shared.shadow_calls.clone() })
            }
        };
        Line::new(slot, members).with(canary, shadow)
    }

    async fn member<L>(
        &self,
        slot: Slot,
        id: ReleaseId,
        watched: Option<&Rollout>,
        muster: &mut Muster<'_>,
        load: &Arc<L>,
    ) -> Member
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let key = SeatKey { slot, release_id: id, begun_at: watched.map(|rollout| rollout.begun_at) };
        let release = muster.releases.get(&id).copied();
        let places_max =
            release.map_or(Limits::DEFAULT.calls_in_flight, |release| release.limits.calls_in_flight);
        let seat = self.seat(key, places_max, watched);
        let Some(release) = release else {
            return Member {
                release: None,
                id,
                key,
                seat,
                callee: Err("the release is not there".to_owned()),
            };
        };
        let callee = match muster.callees.get(&id) {
            Some(known) => known.clone(),
            None => {
                let fresh = self.callee(release, load).await.map(Arc::new);
                muster.callees.insert(id, fresh.clone());
                fresh
            }
        };
        Member { release: Some(release.clone()), id, key, seat, callee }
    }

    async fn callee<L>(&self, release: &Release, load: &Arc<L>) -> Result<Callee, String>
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let load = Arc::clone(load);
        let digest = release.digest;
        let loaded = self.shared.runtime.load(digest, move || load(digest)).await;
        let loaded = loaded.map_err(|error| error.to_string())?;
        Callee::prepare(loaded, release.slot.policy, &release.policy_version, release.wasi)
    }

    fn seat(&self, key: SeatKey, places_max: u32, watched: Option<&Rollout>) -> Arc<Seat> {
        let mut seats = self.seats();
        let fresh = || match watched {
            Some(rollout) => Seat::watched(places_max, rollout, &self.shared.noted),
            None => Seat::new(places_max),
        };
        Arc::clone(seats.entry(key).or_insert_with(|| Arc::new(fresh())))
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<SeatKey, Arc<Seat>>> {
        self.shared.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_seats_not_in(&self, lines: &HashMap<Slot, Arc<Line>>) {
        let taken: HashSet<SeatKey> =
            lines.values().flat_map(|line| line.members()).map(|member| member.key).collect();
        self.seats().retain(|key, _| taken.contains(key));
    }
}

/// The releases that are loaded already: a release is immutable, so is what was made of it.
fn kept(lines: &HashMap<Slot, Arc<Line>>) -> HashMap<ReleaseId, Result<Arc<Callee>, String>> {
    let members = lines.values().flat_map(|line| line.members());
    members.filter(|member| member.callee.is_ok()).map(|member| (member.id, member.callee.clone())).collect()
}

impl<'a> Muster<'a> {
    /// Every slot that has a line of its own: a release of its own, a rollout beside the default slot's, or safe mode.
    fn slots(&self) -> Vec<(Slot, &'a SlotState, Option<&'a SlotRollouts>)> {
        let plan = self.plan;
        let states: HashMap<Slot, &SlotState> = plan.slots.iter().map(|state| (state.slot, state)).collect();
        let mut rollouts: HashMap<Slot, &SlotRollouts> = HashMap::new();
        rollouts.extend(plan.rollouts.iter().filter(|it| !it.under_way.is_empty()).map(|it| (it.slot, it)));
        let own = plan.slots.iter().map(|state| (state.slot, state, rollouts.get(&state.slot).copied()));
        let safe = plan.safe_mode.slots.iter().filter(|slot| !rollouts.contains_key(slot));
        let beside =
            rollouts.keys().chain(safe).filter(|slot| !states.contains_key(slot)).filter_map(|slot| {
                let default = Slot { ats_id: None, ..*slot };
                Some((*slot, *states.get(&default)?, rollouts.get(slot).copied()))
            });
        own.chain(beside).collect()
    }

    /// The embedded plugin's release for this slot's policy.
    fn standard(&self, slot: Slot) -> Option<&'a Release> {
        self.plan.standard.iter().find(|release| release.slot.policy == slot.policy)
    }

    /// Everybody who may be asked in a slot.
    fn asked_in(&self, slot: Slot, state: &SlotState, rollouts: Option<&SlotRollouts>) -> Vec<ReleaseId> {
        if self.plan.safe_mode.covers(slot) {
            return self.standard(slot).map(|release| release.id).into_iter().collect();
        }
        let mut ids = self.ladder(slot, state.active, state.history.first().copied());
        for rollout in rollouts.iter().flat_map(|rollouts| &rollouts.under_way) {
            ids.extend(self.ladder(slot, rollout.release_id, Some(state.active)));
        }
        ids
    }

    /// Who is asked in a slot, in order, each once.
    fn ladder(&self, slot: Slot, first: ReleaseId, last_good: Option<ReleaseId>) -> Vec<ReleaseId> {
        let mut ids = vec![first];
        // A release that is not there cannot say what happens instead: the careful default of its policy.
        let on_failure =
            self.releases.get(&first).map_or_else(|| OnFailure::default_of(slot.policy), |r| r.on_failure);
        let standard = self.standard(slot);
        match on_failure {
            OnFailure::Reject | OnFailure::Hold => {}
            OnFailure::Fallback => ids.extend(standard.map(|release| release.id)),
            OnFailure::LastGood => {
                ids.extend(last_good);
                ids.extend(standard.map(|release| release.id));
            }
        }
        let mut seen = Vec::with_capacity(ids.len());
        for id in ids {
            if !seen.contains(&id) {
                seen.push(id);
            }
        }
        seen
    }
}
