//! What calls cost: look – ask – commit, for whoever has ended a call and for the worker alike.
//!
//! A call that took place is written down in the commit that ends it (`note`); what it cost is another commit
//! (`convert`). Between the two the call waits in the ledger: whoever asked may end, and the worker asks again.
//!
//! What a call costs may depend on the company's account of the month, so that calls of one company are converted one
//! after another, by whoever has the company's turn: the account that the policy saw is the one that the bill is
//! added to, and nobody asks twice because somebody else was quicker. A call that nobody converts does not keep the
//! next ones waiting; after a week the built-in rule converts it.

mod report;
mod rerate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use switchboard_domain::billing::Facts;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::id::{AtsId, CandidateId, CompanyId};
use switchboard_domain::interview::Interview;
use switchboard_domain::lease::Lease;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::{Asker, SlotState};
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::{UsageId, UsageRecord};
use tokio::sync::OwnedMutexGuard;
use tracing::Instrument;

use crate::app::decision::{self, ASKED_MAX, Ending, Question, Said};
use crate::app::{App, Error, release, safe_mode};
use crate::policy::{Billing, Line};
use crate::span;
use crate::store::{self, Abort, CommitError, Read, Txn};

pub use report::{Entry, Report, report};
pub use rerate::{Difference, RerateAccount, Rerated, rerate};

/// Calls that the worker converts at once.
const AT_ONCE: usize = 50;

/// What could not be converted for a reason of ours is looked at again so much later.
const AGAIN: Duration = Duration::from_secs(1);

/// How long somebody who has ended a call waits for its conversion. It goes on without them.
const PATIENCE: Duration = Duration::from_secs(6);

/// Whose calls are being converted, or asked about once more.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    companies: Mutex<HashMap<CompanyId, Weak<tokio::sync::Mutex<()>>>>,
    rerating: Arc<tokio::sync::Mutex<()>>,
}

impl Turns {
    /// The right to ask about the whole ledger; one at a time.
    fn rerating(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.rerating).try_lock_owned().ok()
    }

    /// Waits for the company's turn.
    async fn of(&self, company_id: CompanyId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.companies.lock().unwrap_or_else(PoisonError::into_inner);
            match turns.get(&company_id).and_then(Weak::upgrade) {
                Some(turn) => turn,
                None => {
                    turns.retain(|_, turn| 0 < turn.strong_count());
                    let turn = Arc::new(tokio::sync::Mutex::new(()));
                    turns.insert(company_id, Arc::downgrade(&turn));
                    turn
                }
            }
        };
        turn.lock_owned().await
    }
}

/// In the commit that ends a call which took place: writes it down, whether interview and company are still there or
/// not. What is to be converted; nothing for a call without a second.
pub(crate) fn note(
    txn: &mut Txn,
    lease: &Lease,
    call_seconds: u32,
    now: Timestamp,
) -> Result<Option<UsageId>, store::Error> {
    let company = store::get::<Company>(txn, &lease.company_id)?;
    let billing_system = company.map_or(lease.billing_system, |company| company.billing_system);
    let record = UsageRecord::of(lease, billing_system, call_seconds, now);
    record.map(|record| store::usage::write(txn, record)).transpose()
}

/// Converts a call that has just ended, as far as that can be waited for.
pub(crate) async fn convert_at_once(app: &App, id: Option<UsageId>) {
    if let Some(id) = id
        && tokio::time::timeout(PATIENCE, convert_each(app, id.company_id, &[id])).await.is_err()
    {
        tracing::warn!(event = "billing.waits", company = %id.company_id, "a call is converted later");
    }
}

/// Converts what is due; the next moment at which something is.
///
/// # Errors
/// The store cannot be read.
pub async fn step(app: &App) -> Result<Option<Timestamp>, Error> {
    let now = app.now();
    loop {
        let (mut due, mut next): (HashMap<CompanyId, Vec<UsageId>>, _) = (HashMap::new(), None);
        let mut count = 0;
        for entry in store::usage::by_deadline(&app.snapshot()?)?.take(AT_ONCE) {
            let (ask_at, id) = entry?;
            if now < ask_at {
                next = Some(ask_at);
                break;
            }
            count += 1;
            due.entry(id.company_id).or_default().push(id);
        }
        if count == 0 {
            return Ok(next);
        }
        for of_one in due.values_mut() {
            of_one.sort_by_key(|id| id.finished_at);
        }
        let converted = due.iter().map(|(company_id, ids)| convert_each(app, *company_id, ids));
        if join_all(converted).await.contains(&false) {
            return Ok(Some(app.now().plus(AGAIN)));
        }
    }
}

/// Converts calls of one company, one after another; whether nobody need look at them again at this moment.
async fn convert_each(app: &App, company_id: CompanyId, ids: &[UsageId]) -> bool {
    let _turn = app.bills().of(company_id).await;
    let mut is_done = true;
    for id in ids {
        let span = span::operation("convert a call", company_id);
        if let Err(error) = convert(app, *id).instrument(span).await {
            tracing::error!(event = "billing.failed", company = %company_id, call = ?id.of, %error);
            is_done = false;
        }
    }
    is_done
}

async fn convert(app: &App, id: UsageId) -> Result<(), Error> {
    let (now, deadline) = (app.now(), decision::deadline());
    let slot = Slot { ats_id: Some(id.ats_id), policy: PolicyName::Billing };
    let mut line: Option<Arc<Line>> = None;
    for _ in 0..ASKED_MAX {
        let Some(Waits { record, facts, candidate_id, .. }) = look(&app.snapshot()?, id, now)? else {
            return Ok(());
        };
        // One operation, one release, however often it is asked.
        let asked = match &line {
            Some(present) => Arc::clone(present),
            None => Arc::clone(line.insert(line_for(app, &record, now).await?)),
        };
        let question = Question { facts, candidate_id, asker: Asker::Worker };
        let said = Arc::new(decision::ask::<Billing>(app, &asked, question, deadline).await);
        app.mind_the_gap().await;
        let work = move |txn: &mut Txn| settle(txn, id, &said, now);
        match app.store().commit(work).await {
            Err(CommitError::Refused(Rejection::Conflict)) => {
                // Safe mode alone takes another release in the middle of an operation.
                if app.is_overruled(slot).await? {
                    line = None;
                }
            }
            settled => return Ok(settled?),
        }
    }
    // The account keeps moving, which whoever has the company's turn prevents: it is tried again.
    let work = move |txn: &mut Txn| put_off(txn, id, now).map_err(Abort::<Error>::from);
    Ok(app.store().commit(work).await?)
}

/// Who is asked: the ATS's slot, and after a week the built-in rule.
async fn line_for(app: &App, record: &UsageRecord, now: Timestamp) -> Result<Arc<Line>, Error> {
    let UsageId { ats_id, company_id, of, .. } = record.id;
    if !record.has_waited_long_enough(now) {
        return Ok(decision::line::<Billing>(app, ats_id));
    }
    tracing::warn!(
        event = "billing.standard",
        company = %company_id,
        call = ?of,
        "no release has converted this call for a week: the built-in rule does"
    );
    release::standard_line(app, PolicyName::Billing).await
}

/// A call that waits, and what the policy is asked about it.
struct Waits {
    record: UsageRecord,
    facts: Facts,
    /// There while all of it is: with them goes the record of the decision.
    candidate_id: Option<CandidateId>,
    interview: Option<Interview>,
    has_company: bool,
}

/// Everything about a call, on a snapshot or inside the commit. Nothing once it is converted.
fn look(read: &impl Read, id: UsageId, now: Timestamp) -> Result<Option<Waits>, store::Error> {
    let Some(record) = store::get::<UsageRecord>(read, &id)?.filter(|record| record.ask_at().is_some())
    else {
        return Ok(None);
    };
    let UsageId { ats_id, company_id, finished_at, .. } = id;
    let so_far = store::usage::month_so_far(read, ats_id, company_id, record.billing_system, finished_at)?;
    let facts = record.facts(so_far, now);
    let has_company = store::exists::<Company>(read, &company_id)?;
    let interview = store::get::<Interview>(read, &record.interview_id)?.filter(|_| has_company);
    let candidate_id = match &interview {
        Some(interview) if store::exists::<Candidate>(read, &interview.candidate_id)? => {
            Some(interview.candidate_id)
        }
        Some(_) | None => None,
    };
    Ok(Some(Waits { record, facts, candidate_id, interview, has_company }))
}

/// The commit: writes the bill, if the policy was asked on what is so now.
fn settle(txn: &mut Txn, id: UsageId, said: &Said<Billing>, now: Timestamp) -> Result<(), Abort<Rejection>> {
    let Some(waits) = look(txn, id, now)? else { return Ok(()) };
    if !said.holds_for(&waits.facts) {
        return Err(Abort::Refused(Rejection::Conflict));
    }
    // It names ids and quantities only; but what names a company that is gone is found by no removal.
    let is_recorded = waits.has_company;
    if is_recorded {
        let decision = Decision { candidate_id: waits.candidate_id, ..said.decision.clone() };
        decision::record(txn, &decision)?;
    } else {
        safe_mode::check(txn, &said.decision)?;
    }
    let (Ending::Decided(verdict), Some(release_id)) = (&said.ending, said.decision.answered_by) else {
        return Ok(put_off(txn, id, now)?);
    };
    let decided = (said.decision.id, release_id);
    let month_so_far = waits.facts.month_so_far;
    store::update(txn, &waits.record.converted(verdict.clone(), month_so_far, decided, now))?;
    if let Some(mut interview) = waits.interview.filter(|_| is_recorded) {
        interview.rest_on(said.decided_by());
        interview.revision += 1;
        store::update(txn, &interview)?;
    }
    Ok(())
}

fn put_off(txn: &mut Txn, id: UsageId, now: Timestamp) -> Result<(), store::Error> {
    let Some(mut record) = store::get::<UsageRecord>(txn, &id)?.filter(|record| record.ask_at().is_some())
    else {
        return Ok(());
    };
    record.put_off(now);
    store::update(txn, &record)
}

/// Asks again, now, for calls that a slot holds; how many there were.
pub(crate) async fn retry_held(app: &App, slot: Slot) -> Result<usize, Error> {
    let mut held: HashMap<CompanyId, Vec<UsageId>> = HashMap::new();
    let (snapshot, mut count) = (app.snapshot()?, 0);
    let atss = atss_of(&snapshot, slot)?;
    for entry in store::usage::by_deadline(&snapshot)? {
        let (_, id) = entry?;
        if atss.contains(&id.ats_id) {
            count += 1;
            held.entry(id.company_id).or_default().push(id);
        }
    }
    drop(snapshot);
    for (company_id, ids) in &mut held {
        ids.sort_by_key(|id| id.finished_at);
        convert_each(app, *company_id, ids).await;
    }
    Ok(count)
}

/// How many calls a slot holds that are not converted yet; the default slot those of every ATS that runs its release.
pub(crate) fn held(read: &impl Read, slot: Slot) -> Result<u64, store::Error> {
    atss_of(read, slot)?.into_iter().try_fold(0, |sum, ats_id| Ok(sum + store::usage::held(read, ats_id)?))
}

/// Whose calls a slot converts: its ATS's, or the default slot those of every ATS that has no release of its own.
fn atss_of(read: &impl Read, slot: Slot) -> Result<Vec<AtsId>, store::Error> {
    if let Some(ats_id) = slot.ats_id {
        return Ok(vec![ats_id]);
    }
    let mut atss = Vec::new();
    for ats_id in store::usage::atss(read)? {
        let own = Slot { ats_id: Some(ats_id), policy: slot.policy };
        if !store::exists::<SlotState>(read, &own)? {
            atss.push(ats_id);
        }
    }
    Ok(atss)
}

/// Whether a company may have no further interview in this month (contract §1, `BILLING_LIMIT_EXCEEDED`).
pub(crate) fn is_limit_reached(
    read: &impl Read,
    company: &Company,
    now: Timestamp,
) -> Result<bool, store::Error> {
    let Some(limit_thousandths) = company.usage_limit_thousandths else { return Ok(false) };
    let so_far = store::usage::month_so_far(read, company.ats_id, company.id, company.billing_system, now)?;
    Ok(limit_thousandths <= so_far.quantity_thousandths)
}
