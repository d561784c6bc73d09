//! Safe mode: only standard plugins answer, at once, and on the record. What another release decided and did not
//! commit yet is decided again.

use switchboard_domain::audit::{Action, AuditEntry};
use switchboard_domain::decision::{Decision, Slot};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::SlotState;
use switchboard_domain::safe_mode::SafeMode;

use crate::app::release::{standard_of, still_there};
use crate::app::{App, Error};
use crate::store::{self, Abort, Read, Txn};

/// Where it is on.
///
/// # Errors
/// The store cannot be read.
pub fn show(app: &App) -> Result<SafeMode, Error> {
    Ok(store::safe_mode::read(&app.snapshot()?)?)
}

/// Turns it on or off, in a slot or everywhere. When this returns, no other release answers there.
///
/// # Errors
/// The slot's ATS is gone, or the store cannot be written.
pub async fn set(app: &App, slot: Option<Slot>, on: bool, actor: &str) -> Result<SafeMode, Error> {
    let action = if on { Action::SafeModeOn } else { Action::SafeModeOff };
    let subjects = vec![slot.map_or_else(|| "everywhere".to_owned(), |slot| slot.to_string())];
    let entry = app.audit_entry(actor, action, subjects);
    let work = move |txn: &mut Txn| {
        if let Some(slot) = slot {
            still_there(txn, slot)?;
        }
        let before = store::safe_mode::read(txn)?;
        store::safe_mode::set(txn, slot, on)?;
        let after = store::safe_mode::read(txn)?;
        if before != after {
            store::insert::<AuditEntry>(txn, &entry)?;
        }
        Ok::<_, Abort<Error>>(after)
    };
    // Held from the write to the swap: whoever finds the write in its commit waits for the swap.
    let turn = app.reloading().lock().await;
    let safe = app.store().commit(work).await?;
    app.reload_fleet_in(&turn).await?;
    Ok(safe)
}

/// Inside a commit: whether what was decided may still be done.
///
/// # Errors
/// `Conflict`: safe mode is on, and another release than the standard one said it. It is decided again, by the line of
/// that moment ([`App::is_overruled`]).
pub(crate) fn check(read: &impl Read, decision: &Decision) -> Result<(), Abort<Rejection>> {
    if !is_covered(read, decision.slot)? {
        return Ok(());
    }
    let standard = standard_of(read, decision.slot.policy)?.map(|release| release.id);
    if decision.answered_by.is_none() || decision.answered_by == standard {
        return Ok(());
    }
    Err(Abort::Refused(Rejection::Conflict))
}

/// Asked inside of nearly every commit, and nearly always in vain.
fn is_covered(read: &impl Read, slot: Slot) -> Result<bool, store::Error> {
    use store::safe_mode::is_on;

    if is_on(read, None)? || is_on(read, Some(slot))? {
        return Ok(true);
    }
    // Who has no release of its own is answered by the default slot.
    let default = Slot { ats_id: None, ..slot };
    Ok(slot != default && is_on(read, Some(default))? && !store::exists::<SlotState>(read, &slot)?)
}

impl App {
    /// After a conflict: waits for a swap under way. Whether safe mode is on for this slot, so that whoever has an
    /// earlier line is to take the present one.
    pub(crate) async fn is_overruled(&self, slot: Slot) -> Result<bool, Error> {
        let snapshot = self.snapshot()?;
        if !is_covered(&snapshot, slot)? {
            return Ok(false);
        }
        drop(self.reloading().lock().await);
        Ok(true)
    }
}
