//! What runs in which slot: one immutable map, replaced as a whole. A request takes its line once and keeps
//! it; the old map's code goes when its last request ends.

pub(super) mod breaker;
pub(super) mod line;
pub(super) mod seat;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use switchboard_domain::decision::Slot;
use switchboard_domain::id::ReleaseId;
use switchboard_domain::release::{Digest, OnFailure, Release, SlotState};

use self::line::{Line, Member};
use self::seat::{ReleaseStats, Seat};
use super::admit::Callee;
use super::runtime::Runtime;

/// What shall run from now on.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The embedded plugin's release for each policy that it implements; it ends the ladders.
    pub standard: Vec<Release>,
    /// All releases that the slots name; more do no harm.
    pub releases: Vec<Release>,
    /// What stands in the slots.
    pub slots: Vec<SlotState>,
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
    seats: Mutex<HashMap<(Slot, ReleaseId), Arc<Seat>>>,
}

type Callees = HashMap<ReleaseId, Result<Arc<Callee>, String>>;

impl Fleet {
    /// A fleet in which nothing runs yet.
    #[must_use]
    pub fn new(runtime: Runtime) -> Self {
        let shared = Shared {
            runtime,
            lines: ArcSwap::from_pointee(HashMap::new()),
            reloading: tokio::sync::Mutex::new(()),
            seats: Mutex::new(HashMap::new()),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The platform that it runs on.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.shared.runtime
    }

    /// Makes the plan true: loads what is new, then swaps the whole map at once. What cannot be loaded is
    /// unavailable in its own slot, told in the result, and tried again by the next reload.
    pub async fn reload<L>(&self, plan: Plan, load: L) -> Vec<Unavailable>
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let _turn = self.shared.reloading.lock().await;
        let releases: HashMap<ReleaseId, &Release> =
            plan.releases.iter().chain(&plan.standard).map(|release| (release.id, release)).collect();
        let before = self.shared.lines.load_full();
        let mut callees = kept(&before);
        let load = Arc::new(load);
        let mut lines = HashMap::new();
        for state in &plan.slots {
            let mut members = Vec::new();
            for id in ladder(state, &releases, &plan.standard) {
                members.push(self.member(state.slot, id, &releases, &mut callees, &load).await);
            }
            lines.insert(state.slot, Arc::new(Line::new(state.slot, members)));
        }
        let unavailable = lines.values().flat_map(|line| line.unavailable()).collect();
        self.forget_seats_not_in(&lines);
        self.shared.lines.store(Arc::new(lines));
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
        let seat = Arc::default();
        let member = Member { release: Some(release.clone()), id: release.id, seat, callee };
        Arc::new(Line::new(release.slot, vec![member]))
    }

    /// Counters of every release in every slot's ladder, by slot.
    #[must_use]
    pub fn stats(&self) -> Vec<ReleaseStats> {
        let lines = self.shared.lines.load_full();
        let mut stats: Vec<_> = lines.values().flat_map(|line| line.stats()).collect();
        stats.sort_by_key(|release| (release.slot, !release.is_active, release.release_id));
        stats
    }

    async fn member<L>(
        &self,
        slot: Slot,
        id: ReleaseId,
        releases: &HashMap<ReleaseId, &Release>,
        callees: &mut Callees,
        load: &Arc<L>,
    ) -> Member
    where
        L: Fn(Digest) -> Result<Arc<[u8]>, String> + Send + Sync + 'static,
    {
        let seat = self.seat(slot, id);
        let Some(release) = releases.get(&id) else {
            return Member { release: None, id, seat, callee: Err("the release is not there".to_owned()) };
        };
        let callee = match callees.get(&id) {
            Some(known) => known.clone(),
            None => {
                let fresh = self.callee(release, load).await.map(Arc::new);
                callees.insert(id, fresh.clone());
                fresh
            }
        };
        Member { release: Some((*release).clone()), id, seat, callee }
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

    fn seat(&self, slot: Slot, id: ReleaseId) -> Arc<Seat> {
        let mut seats = self.seats();
        Arc::clone(seats.entry((slot, id)).or_default())
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, HashMap<(Slot, ReleaseId), Arc<Seat>>> {
        self.shared.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_seats_not_in(&self, lines: &HashMap<Slot, Arc<Line>>) {
        self.seats().retain(|(slot, id), _| lines.get(slot).is_some_and(|line| line.has(*id)));
    }
}

/// The releases that are loaded already: a release is immutable, so is what was made of it.
fn kept(lines: &HashMap<Slot, Arc<Line>>) -> Callees {
    let members = lines.values().flat_map(|line| line.members());
    members.filter(|member| member.callee.is_ok()).map(|member| (member.id, member.callee.clone())).collect()
}

/// Who is asked in a slot, in order, each once.
fn ladder(
    state: &SlotState,
    releases: &HashMap<ReleaseId, &Release>,
    standard: &[Release],
) -> Vec<ReleaseId> {
    let mut ids = vec![state.active];
    // A release that is not there cannot say what happens instead: the careful default of its policy.
    let on_failure = releases
        .get(&state.active)
        .map_or_else(|| OnFailure::default_of(state.slot.policy), |r| r.on_failure);
    let standard = standard.iter().find(|release| release.slot.policy == state.slot.policy);
    match on_failure {
        OnFailure::Reject | OnFailure::Hold => {}
        OnFailure::Fallback => ids.extend(standard.map(|release| release.id)),
        OnFailure::LastGood => {
            ids.extend(state.history.first());
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
