//! A release over recorded decisions: what it would have said, beside what held. It answers nobody and changes
//! nothing; whoever is deleted meanwhile is not looked at any more.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use switchboard_domain::decision::{AskedOutcome, Decision};
use switchboard_domain::id::{CompanyId, DecisionId, ReleaseId};
use switchboard_domain::release::Release;
use switchboard_domain::time::Timestamp;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::{App, Error, plugin, release};
use crate::policy::{self, Rehearsal, Replayed};
use crate::store;

/// Over so many unless said otherwise: seconds of work, and a day or more of most slots.
const DECISIONS_DEFAULT: usize = 10_000;

/// Their ids are held in memory, and a thread of each core works on them for as long as that takes.
pub const DECISIONS_MAX: usize = 1_000_000;

/// A thread takes so many at a time: some milliseconds, after which it has a fresh snapshot and looks whether
/// somebody still waits.
const DECISIONS_AT_ONCE: usize = 128;

/// Nobody reads more of them; every difference is counted all the same.
const EXAMPLES_MAX: usize = 50;

/// Over which decisions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// At most so many, the newest.
    pub last: Option<usize>,
    /// Asked then or later.
    pub since: Option<Timestamp>,
}

/// What an activation demands of a backtest before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Over the newest so many decisions.
    pub last: usize,
    /// So many in a hundred may be answered otherwise, or not at all.
    pub changed_percent_max: f64,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Of which release.
    pub release: Release,
    /// How many decisions were looked at.
    pub decisions: u64,
    /// Answered as before.
    pub same: u64,
    /// Answered otherwise than before, or where nobody had answered.
    pub changed: u64,
    /// Not answered.
    pub failed: u64,
    /// Left out: their facts are of a shape that this release's policy version does not know.
    pub unreadable: u64,
    /// What changed or failed, the most frequent first.
    pub differences: Vec<Difference>,
    /// What the release is granted, and the recorded facts do not have: there it saw less than it will see.
    pub unseen_grants: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Decisions of one company that became another outcome in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Whose.
    pub company_id: CompanyId,
    /// In a word: the case of the answer, or how it failed.
    pub before: String,
    /// In a word.
    pub after: String,
    /// Whether the release failed.
    pub failed: bool,
    /// How many.
    pub count: u64,
    /// The newest of them.
    pub example: Example,
}

/// One decision that falls otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Which one.
    pub decision_id: DecisionId,
    /// Canonical JSON of the answer that held; absent where nobody answered.
    pub before: Option<String>,
    /// Canonical JSON of what the release says now, or its failure.
    pub after: AskedOutcome,
}

/// How far a backtest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Decisions that were looked at.
    pub done: usize,
    /// Of so many.
    pub all: usize,
}

/// The one backtest that may run, and how far it is.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    turn: tokio::sync::Mutex<()>,
    at_work: Mutex<Option<(ReleaseId, Arc<Work>)>>,
}

#[derive(Debug)]
struct Work {
    ids: Vec<DecisionId>,
    next: AtomicUsize,
    done: AtomicUsize,
    /// Nobody waits for it any more.
    abandoned: AtomicBool,
}

/// Marks the work as abandoned when whoever waits for it goes away, and clears the desk.
struct Waiting<'a>(&'a Desk, Arc<Work>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.1.abandoned.store(true, Ordering::Relaxed);
        *self.0.at_work.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// What one thread has found.
#[derive(Default)]
struct Tally {
    decisions: u64,
    same: u64,
    changed: u64,
    failed: u64,
    unreadable: u64,
    groups: HashMap<(CompanyId, String, String), (u64, bool, Example)>,
    /// Who was asked when they were recorded.
    asked: BTreeSet<ReleaseId>,
}

impl Report {
    /// How many in a hundred were answered otherwise, or not at all.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts below 2^53 are exact")]
    pub fn changed_percent(&self) -> f64 {
        if self.decisions == 0 {
            return 0.0;
        }
        (self.changed + self.failed) as f64 * 100.0 / self.decisions as f64
    }

    /// The differences as examples, one of each kind.
    #[must_use]
    pub fn examples(&self) -> &[Difference] {
        &self.differences[..self.differences.len().min(EXAMPLES_MAX)]
    }
}

/// Runs it. One at a time; who comes later waits. When the caller goes away, it ends.
///
/// # Errors
/// The release is not there, or cannot be loaded.
pub async fn run(app: &App, id: ReleaseId, wanted: Wanted) -> Result<Report, Error> {
    let release = release::show(app, id)?;
    let desk = app.backtests();
    let _turn = desk.turn.lock().await;
    let started = Instant::now();
    let snapshot = app.snapshot()?;
    let bytes = move || plugin::artifact(&snapshot, release.digest).map_err(|error| error.to_string());
    let rehearsal = app.fleet().runtime().rehearse(release.clone(), bytes).await?;
    let (snapshot, slot) = (app.snapshot()?, release.slot);
    let found = tokio::task::spawn_blocking(move || {
        let slots = store::slot::answered_by(&snapshot, slot)?;
        let last =
            wanted.last.unwrap_or(if wanted.since.is_some() { DECISIONS_MAX } else { DECISIONS_DEFAULT });
        store::decision::newest(&snapshot, &slots, wanted.since, last.min(DECISIONS_MAX))
    });
    let ids =
        found.await.map_err(|error| Error::Internal(format!("a backtest could not begin: {error}")))??;
    let work = Arc::new(Work {
        ids,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        abandoned: AtomicBool::new(false),
    });
    *desk.at_work.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, Arc::clone(&work)));
    let waiting = Waiting(desk, Arc::clone(&work));
    let tally = on_all_cores(app, &Arc::new(rehearsal), &work).await?;
    drop(waiting);
    report(app, release, tally, started.elapsed())
}

/// How far the backtest of this release is, while one runs.
#[must_use]
pub fn progress(app: &App, id: ReleaseId) -> Option<Progress> {
    let at_work = app.backtests().at_work.lock().unwrap_or_else(PoisonError::into_inner);
    let (_, work) = at_work.as_ref().filter(|(release_id, _)| *release_id == id)?;
    Some(Progress { done: work.done.load(Ordering::Relaxed), all: work.ids.len() })
}

/// Runs it, and says no when too much would change.
///
/// # Errors
/// As [`run`]; `Error::Refused` when more than so much changed.
pub async fn demand(app: &App, id: ReleaseId, demand: Demand) -> Result<(), Error> {
    let Demand { last, changed_percent_max } = demand;
    let report = run(app, id, Wanted { last: Some(last), since: None }).await?;
    let percent = report.changed_percent();
    if percent <= changed_percent_max {
        return Ok(());
    }
    Err(Error::Refused(format!(
        "not activated: of the last {} decisions {} would change and {} would fail, which is {percent:.2} % and \
         more than {changed_percent_max} %. `switchboard backtest {id} --last {last}` names them",
        report.decisions, report.changed, report.failed
    )))
}

/// Threads of their own, so that those that serve are not held up by reads of the disk.
async fn on_all_cores(app: &App, rehearsal: &Arc<Rehearsal>, work: &Arc<Work>) -> Result<Tally, Error> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut running = JoinSet::new();
    for _ in 0..threads {
        let (app, rehearsal, work) = (app.clone(), Arc::clone(rehearsal), Arc::clone(work));
        running.spawn_blocking(move || work_off(&app, &rehearsal, &work));
    }
    let mut all = Tally::default();
    while let Some(ended) = running.join_next().await {
        let tally = ended.map_err(|error| Error::Internal(format!("a backtest died: {error}")))??;
        all.add(tally);
    }
    Ok(all)
}

fn work_off(app: &App, rehearsal: &Rehearsal, work: &Work) -> Result<Tally, Error> {
    let runtime = Handle::current();
    let mut tally = Tally::default();
    while !work.abandoned.load(Ordering::Relaxed) {
        let from = work.next.fetch_add(DECISIONS_AT_ONCE, Ordering::Relaxed);
        let Some(rest) = work.ids.get(from..) else { break };
        let some = &rest[..rest.len().min(DECISIONS_AT_ONCE)];
        if some.is_empty() {
            break;
        }
        let snapshot = app.snapshot()?;
        for id in some {
            // Who was deleted meanwhile is nobody's example.
            if let Some(decision) = store::get::<Decision>(&snapshot, id)? {
                let now = runtime.block_on(rehearsal.ask(&decision.facts));
                tally.count(&decision, now)?;
            }
        }
        work.done.fetch_add(some.len(), Ordering::Relaxed);
    }
    Ok(tally)
}

impl Tally {
    fn count(&mut self, decision: &Decision, now: Result<Replayed, policy::Error>) -> Result<(), Error> {
        let after = match now {
            Ok(replayed) => replayed.outcome,
            Err(policy::Error::UnreadableFacts(_)) => {
                self.unreadable += 1;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        self.decisions += 1;
        if let Some(asked) = decision.asked.first()
            && !self.asked.contains(&asked.release_id)
        {
            self.asked.insert(asked.release_id);
        }
        let before = decision.answer();
        let (after_word, failed) = match &after {
            AskedOutcome::Answered(answer) if Some(answer.as_str()) == before => {
                self.same += 1;
                return Ok(());
            }
            AskedOutcome::Answered(answer) => (word_of(answer), false),
            AskedOutcome::Failed(kind, _) => (format!("failed/{kind}"), true),
        };
        if failed {
            self.failed += 1;
        } else {
            self.changed += 1;
        }
        let before_word = before.map_or_else(|| unanswered(decision), word_of);
        let example = Example { decision_id: decision.id, before: before.map(str::to_owned), after };
        self.differ((decision.company_id, before_word, after_word), 1, failed, example);
        Ok(())
    }

    fn differ(&mut self, group: (CompanyId, String, String), count: u64, failed: bool, example: Example) {
        match self.groups.get_mut(&group) {
            None => {
                self.groups.insert(group, (count, failed, example));
            }
            Some((known, _, newest)) => {
                *known += count;
                if newest.decision_id < example.decision_id {
                    *newest = example;
                }
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.decisions += other.decisions;
        self.same += other.same;
        self.changed += other.changed;
        self.failed += other.failed;
        self.unreadable += other.unreadable;
        self.asked.extend(other.asked);
        for (group, (count, failed, example)) in other.groups {
            self.differ(group, count, failed, example);
        }
    }
}

/// The case of an answer, in a word: `job`, `refuse/job-required`.
fn word_of(answer: &str) -> String {
    let case = |value: &serde_json::Value| match value {
        serde_json::Value::String(case) => Some(case.clone()),
        serde_json::Value::Object(members) if members.len() == 1 => members.keys().next().cloned(),
        _ => None,
    };
    let value: serde_json::Value = serde_json::from_str(answer).unwrap_or_default();
    // Only a refusal has cases of its own.
    match (
        case(&value),
        value.get("refuse").filter(|inner| inner.is_object() || is_word(inner)).and_then(case),
    ) {
        (Some(case), Some(inner)) => format!("{case}/{inner}"),
        (Some(case), None) => case,
        (None, _) => "answered".to_owned(),
    }
}

/// A case, and no sentence for a person.
fn is_word(value: &serde_json::Value) -> bool {
    value.as_str().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
}

fn unanswered(decision: &Decision) -> String {
    match decision.asked.first().map(|asked| &asked.outcome) {
        Some(AskedOutcome::Failed(kind, _)) => format!("failed/{kind}"),
        Some(AskedOutcome::Answered(_)) | None => "unanswered".to_owned(),
    }
}

fn report(app: &App, release: Release, tally: Tally, elapsed: Duration) -> Result<Report, Error> {
    let snapshot = app.snapshot()?;
    let mut unseen = BTreeSet::new();
    for asked in &tally.asked {
        let seen = store::get::<Release>(&snapshot, asked)?.map(|release| release.grants).unwrap_or_default();
        unseen.extend(release.grants.iter().filter(|grant| !seen.contains(grant)).cloned());
    }
    let difference = |((company_id, before, after), (count, failed, example))| Difference {
        company_id,
        before,
        after,
        failed,
        count,
        example,
    };
    let mut differences: Vec<Difference> = tally.groups.into_iter().map(difference).collect();
    // The same on every run, however the threads took turns.
    differences.sort_by(|one, other| {
        let key = |it: &Difference| (std::cmp::Reverse(it.count), std::cmp::Reverse(it.example.decision_id));
        key(one).cmp(&key(other))
    });
    Ok(Report {
        release,
        decisions: tally.decisions,
        same: tally.same,
        changed: tally.changed,
        failed: tally.failed,
        unreadable: tally.unreadable,
        differences,
        unseen_grants: unseen.into_iter().collect(),
        elapsed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_word_in_every_policy() {
        for (answer, word) in [
            (r#""no-job""#, "no-job"),
            (r#"{"job":"01960e6a-7c00-7000-8000-000000000008"}"#, "job"),
            (r#"{"refuse":"job-required"}"#, "refuse/job-required"),
            (r#"{"refuse":{"job-ambiguous":["a","b"]}}"#, "refuse/job-ambiguous"),
            (r#"{"call":{"at-ms":1,"reason":"x"}}"#, "call"),
            (r#"{"give-up":"Nobody answers."}"#, "give-up"),
            (r#"{"lines":[{"cost-key":"call","quantity-thousandths":1}]}"#, "lines"),
            (r#""assign""#, "assign"),
            (r#"{"refuse":"Not this address."}"#, "refuse"),
        ] {
            assert_eq!(word_of(answer), word, "{answer}");
        }
    }
}
