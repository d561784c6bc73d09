//! Use cases: look – ask – commit. The order of the steps of one operation stands here; the rules are the
//! domain's, rows are the store's, status codes are HTTP's.
//!
//! Never here: a policy call while a write is open; an answer before its commit is on disk.

pub mod access;
pub mod agent;
pub mod analysis;
pub mod ats;
pub mod audit;
pub mod backtest;
pub mod billing;
pub mod call_attempt;
pub mod call_queue;
pub(crate) mod call_scheduling;
pub mod candidate;
pub mod company;
pub mod decision;
mod error;
pub(crate) mod event;
pub mod held;
pub mod idempotency;
pub mod interview;
pub mod invitation;
pub mod job;
pub mod key;
pub mod lease;
pub mod outbox;
pub mod owner_onboarding;
pub mod phone_number;
pub mod plugin;
pub mod reach;
pub mod release;
pub mod removal;
pub mod resource;
pub mod rollout;
pub mod safe_mode;
mod secrets;
pub mod sentinel;
pub mod user;
mod walk;

use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use bytes::Bytes;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::decision::Decision;
use switchboard_domain::event::{Event, OutboxRow};
use switchboard_domain::id::{CandidateId, CompanyId};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::clock::Clock;
use crate::ids::Ids;
use crate::mail::Mail;
use crate::policy;
use crate::store::{self, Abort, CommitError, Snapshot, Store, Txn};

pub use crate::store::{Page, PageRequest, PageStart};
pub use error::{Error, Told};
pub use secrets::Secrets;

/// Everything that an operation works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    fleet: policy::Fleet,
    clock: Clock,
    ids: Ids,
    secrets: Secrets,
    mail: Mail,
    outbox: outbox::Wake,
    /// Rebuilt from the store after each change of a key or an ATS.
    keys: ArcSwap<access::KeyRing>,
    in_flight: idempotency::InFlight,
    removals: removal::Wake,
    /// Where claims wait for an attempt.
    calls: call_queue::Bell,
    /// Whose calls are being converted.
    bills: billing::Turns,
    /// Reloads of the keys run one after another.
    reloading_keys: Mutex<()>,
    /// Reloads of the fleet run one after another.
    reloading: tokio::sync::Mutex<()>,
    walkers: walk::Walkers,
    backtests: backtest::Desk,
    /// A test's hand in the gap between ask and commit; empty in production.
    gap: Gap,
}

/// Lets a test act between a policy's answer and the commit that rests on it.
#[derive(Clone, Default)]
pub struct Gap(Option<Arc<dyn Fn() -> futures_util::future::BoxFuture<'static, ()> + Send + Sync>>);

impl Gap {
    /// Runs `act` in every gap.
    pub fn new(
        act: impl Fn() -> futures_util::future::BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(act)))
    }
}

impl std::fmt::Debug for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Gap(steered)" } else { "Gap" })
    }
}

/// An answer as the wire will carry it, made inside the commit that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// HTTP status.
    pub status: u16,
    /// Beyond those that every answer carries.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Bytes,
    /// Whether it was kept from an earlier request.
    pub replayed: bool,
}

/// What one commit does beside its records.
#[derive(Debug)]
pub struct Committed {
    /// The answer.
    pub reply: Rendered,
    /// Facts that it makes; their place in the order is given here.
    pub events: Vec<Event>,
    /// Effects that wait to leave.
    pub outbox: Vec<OutboxRow>,
    /// Policy calls that it rests on.
    pub decisions: Vec<Decision>,
    /// Whose the reply is, so that it goes when they go.
    pub company_id: CompanyId,
    /// Whose the reply is, so that it goes when they go.
    pub candidate_id: Option<CandidateId>,
}

impl Committed {
    /// An answer without events, effects or decisions.
    #[must_use]
    pub fn reply(reply: Rendered, company_id: CompanyId, candidate_id: Option<CandidateId>) -> Self {
        Self { reply, events: vec![], outbox: vec![], decisions: vec![], company_id, candidate_id }
    }
}

/// What a request that writes brings along.
#[derive(Debug)]
pub struct Write {
    /// The request's one moment.
    pub now: Timestamp,
    /// Present when the partner sent an `Idempotency-Key`. Held until the request is over.
    pub turn: Option<idempotency::Turn>,
}

/// Under this name the store keeps what shows whether the pepper is the one that its keys were hashed with.
const PEPPER_CHECK: &str = "pepper-check";

/// Refuses to run a store with another pepper than its own: every key would be unknown, and nobody told why.
///
/// # Errors
/// The pepper is another one, or the store cannot be read.
pub async fn check_pepper(store: &Store, secrets: &Secrets) -> Result<(), Error> {
    let check = secrets.derive(PEPPER_CHECK);
    let work = move |txn: &mut Txn| match store::meta::secret(txn, PEPPER_CHECK)? {
        None => Ok(store::meta::put_secret(txn, PEPPER_CHECK, &check)?),
        Some(known) if known == check => Ok(()),
        Some(_) => Err(Abort::Refused(Error::Refused(
            "the file `pepper` in the data folder is not the one that this store's keys were hashed with; \
             put the right one back"
                .to_owned(),
        ))),
    };
    Ok(store.commit(work).await?)
}

impl App {
    /// Puts the parts together and reads what lives in memory.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn new(
        store: Store,
        fleet: policy::Fleet,
        clock: Clock,
        ids: Ids,
        secrets: Secrets,
        mail: Mail,
        gap: Gap,
    ) -> Result<Self, Error> {
        let keys = access::KeyRing::read(&store.snapshot()?)?;
        let inner = Inner {
            store,
            fleet,
            clock,
            ids,
            secrets,
            mail,
            outbox: outbox::Wake::default(),
            keys: ArcSwap::from_pointee(keys),
            in_flight: idempotency::InFlight::default(),
            removals: removal::Wake::default(),
            calls: call_queue::Bell::default(),
            bills: billing::Turns::default(),
            reloading_keys: Mutex::new(()),
            reloading: tokio::sync::Mutex::new(()),
            walkers: walk::Walkers::default(),
            backtests: backtest::Desk::default(),
            gap,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// This moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// What the slots run.
    #[must_use]
    pub fn fleet(&self) -> &policy::Fleet {
        &self.inner.fleet
    }

    pub(crate) fn ids(&self) -> &Ids {
        &self.inner.ids
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.inner.secrets
    }

    pub(crate) fn mail(&self) -> &Mail {
        &self.inner.mail
    }

    /// Tells those who see to what waits in the outbox.
    #[must_use]
    pub fn outbox(&self) -> &outbox::Wake {
        &self.inner.outbox
    }

    pub(crate) fn keys(&self) -> &ArcSwap<access::KeyRing> {
        &self.inner.keys
    }

    pub(crate) fn in_flight(&self) -> &idempotency::InFlight {
        &self.inner.in_flight
    }

    pub(crate) fn removals(&self) -> &removal::Wake {
        &self.inner.removals
    }

    /// Where claims wait for an attempt.
    #[must_use]
    pub fn calls(&self) -> &call_queue::Bell {
        &self.inner.calls
    }

    pub(crate) fn bills(&self) -> &billing::Turns {
        &self.inner.bills
    }

    pub(crate) fn walkers(&self) -> &walk::Walkers {
        &self.inner.walkers
    }

    pub(crate) fn backtests(&self) -> &backtest::Desk {
        &self.inner.backtests
    }

    pub(crate) fn snapshot(&self) -> Result<Snapshot, Error> {
        Ok(self.inner.store.snapshot()?)
    }

    pub(crate) fn reloading_keys(&self) -> &Mutex<()> {
        &self.inner.reloading_keys
    }

    pub(crate) fn reloading(&self) -> &tokio::sync::Mutex<()> {
        &self.inner.reloading
    }

    pub(crate) async fn mind_the_gap(&self) {
        if let Some(act) = &self.inner.gap.0 {
            act().await;
        }
    }

    /// Commits a partner's write: its records, events, outbox rows, decisions and the kept reply, all or none.
    pub(crate) async fn commit(
        &self,
        write: &Write,
        work: impl Fn(&mut Txn) -> Result<Committed, Abort<Rejection>> + Send + 'static,
    ) -> Result<Rendered, CommitError<Rejection>> {
        let now = write.now;
        let turn = write.turn.as_ref().map(idempotency::Turn::identity);
        self.store()
            .commit(move |txn| {
                if let Some(turn) = &turn
                    && let Some(kept) = idempotency::kept(txn, turn, now)?
                {
                    return Ok(kept);
                }
                let done = work(txn)?;
                for event in done.events {
                    store::event::append(txn, event)?;
                }
                for row in &done.outbox {
                    store::insert(txn, row)?;
                }
                for decision in &done.decisions {
                    decision::record(txn, decision)?;
                }
                if let Some(turn) = &turn {
                    idempotency::keep(txn, turn, now, &done.reply, done.company_id, done.candidate_id)?;
                }
                Ok(done.reply)
            })
            .await
    }

    /// Records decisions that led to a refusal: nothing else of the request is stored. Those about a company or a
    /// candidate that was deleted meanwhile are dropped, since nothing would remove them any more.
    pub(crate) async fn record(&self, decisions: Vec<Decision>) -> Result<(), Error> {
        if decisions.is_empty() {
            return Ok(());
        }
        let written = self.store().commit(move |txn| {
            for decision in &decisions {
                let is_about_somebody_gone = match &decision.candidate_id {
                    Some(candidate_id) => !store::exists::<Candidate>(txn, candidate_id)?,
                    None => false,
                };
                if !is_about_somebody_gone && store::exists::<Company>(txn, &decision.company_id)? {
                    store::insert(txn, decision)?;
                }
            }
            Ok::<(), Abort<Rejection>>(())
        });
        Ok(written.await?)
    }
}
