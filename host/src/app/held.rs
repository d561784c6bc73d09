//! What waits for a decision that nobody could take: counted, and asked for again when an operator says so.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use switchboard_domain::audit::{Action, AuditEntry};
use switchboard_domain::bounds::{DECISION_AGAIN_SECONDS, DECISION_GRACE_SECONDS};
use switchboard_domain::company::Company;
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::{AtsId, InterviewId};
use switchboard_domain::interview::Interview;
use switchboard_domain::release::SlotState;
use switchboard_domain::time::Timestamp;

use crate::app::call_scheduling::decide_after_failure;
use crate::app::release::still_there;
use crate::app::{App, Error, billing, owner_onboarding};
use crate::store::{self, Abort, Read, Txn};

/// So many are asked for at once; the slot itself lets few of them run.
const AT_ONCE: usize = 64;

/// Looked at for a count: far more than an outage of a day leaves, and a fraction of a second.
const LOOKED_AT_MAX: usize = 100_000;

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retried {
    /// Asked for again.
    pub retried: usize,
    /// Still waiting afterwards.
    pub held: u64,
}

/// How many effects wait in a slot. Job-resolution holds nothing: an interview cannot wait for its job.
pub(crate) fn count(read: &impl Read, slot: Slot, now: Timestamp) -> Result<u64, store::Error> {
    Ok(match slot.policy {
        PolicyName::JobResolution => 0,
        PolicyName::CallScheduling => of_slot(read, slot, &calls(read, now)?)?.len() as u64,
        PolicyName::Billing => billing::held(read, slot)?,
        PolicyName::OwnerOnboarding => {
            of_slot(read, slot, &owner_onboarding::held_by_ats(read)?)?.len() as u64
        }
    })
}

/// Interviews that were asked for in vain. Each is asked for again within the hour, so that all of them stand at the
/// beginning of the list of deadlines.
fn calls(read: &impl Read, now: Timestamp) -> Result<HashMap<AtsId, Vec<InterviewId>>, store::Error> {
    let last = now.plus(Duration::from_secs(*DECISION_AGAIN_SECONDS.end()));
    let grace = Duration::from_secs(DECISION_GRACE_SECONDS.into());
    let mut found: HashMap<AtsId, Vec<InterviewId>> = HashMap::new();
    for entry in store::interview::by_deadline(read)?.take(LOOKED_AT_MAX) {
        let (deadline, id) = entry?;
        if last < deadline {
            break;
        }
        let Some(interview) = store::get::<Interview>(read, &id)? else { continue };
        // Within the grace whoever heard of the failed call is asking.
        let is_held =
            interview.undecided.is_some_and(|undecided| grace < undecided.ask_at.since(undecided.since));
        if is_held && let Some(company) = store::get::<Company>(read, &interview.company_id)? {
            found.entry(company.ats_id).or_default().push(id);
        }
    }
    Ok(found)
}

/// Those of a slot: its ATS's, and for a default slot those of every ATS without a release of its own.
pub(crate) fn of_slot<T: Clone>(
    read: &impl Read,
    slot: Slot,
    by_ats: &HashMap<AtsId, Vec<T>>,
) -> Result<Vec<T>, store::Error> {
    if let Some(ats_id) = slot.ats_id {
        return Ok(by_ats.get(&ats_id).cloned().unwrap_or_default());
    }
    let mut all = Vec::new();
    for (ats_id, held) in by_ats {
        let own = Slot { ats_id: Some(*ats_id), ..slot };
        if !store::exists::<SlotState>(read, &own)? {
            all.extend(held.iter().cloned());
        }
    }
    Ok(all)
}

/// Asks for everything that waits in a slot, now.
///
/// # Errors
/// The store cannot be read or written.
pub async fn retry(app: &App, slot: Slot, actor: &str) -> Result<Retried, Error> {
    let entry = app.audit_entry(actor, Action::HeldRetry, vec![slot.to_string()]);
    let note = move |txn: &mut Txn| {
        still_there(txn, slot)?;
        Ok::<_, Abort<Error>>(store::insert::<AuditEntry>(txn, &entry)?)
    };
    app.store().commit(note).await?;
    let retried = match slot.policy {
        PolicyName::JobResolution => 0,
        PolicyName::CallScheduling => retry_calls(app, slot).await?,
        PolicyName::Billing => billing::retry_held(app, slot).await?,
        PolicyName::OwnerOnboarding => retry_owners(app, slot).await?,
    };
    Ok(Retried { retried, held: count(&app.snapshot()?, slot, app.now())? })
}

async fn retry_calls(app: &App, slot: Slot) -> Result<usize, Error> {
    let snapshot = app.snapshot()?;
    let held = of_slot(&snapshot, slot, &calls(&snapshot, app.now())?)?;
    drop(snapshot);
    for some in held.chunks(AT_ONCE) {
        join_all(some.iter().map(|id| decide_after_failure(app, *id))).await;
    }
    Ok(held.len())
}

async fn retry_owners(app: &App, slot: Slot) -> Result<usize, Error> {
    let snapshot = app.snapshot()?;
    let held = of_slot(&snapshot, slot, &owner_onboarding::held_by_ats(&snapshot)?)?;
    drop(snapshot);
    for some in held.chunks(AT_ONCE) {
        let asked = join_all(some.iter().map(|row| owner_onboarding::decide_held(app, row))).await;
        asked.into_iter().collect::<Result<(), _>>()?;
    }
    Ok(held.len())
}
