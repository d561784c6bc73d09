//! ATSs: made and changed by operators.

use switchboard_domain::ats::{Ats, BillingSystem, Mode};
use switchboard_domain::audit::Action;
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::id::AtsId;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::SlotState;
use switchboard_domain::rollout::SlotRollouts;

use crate::app::{App, Error};
use crate::store::{self, Abort, PageRequest, Txn};

/// What an operator says of a new ATS; checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAts {
    /// 1 to 100 characters.
    pub name: String,
    /// Live unless said otherwise.
    pub mode: Mode,
    /// Minutes unless said otherwise.
    pub billing_system: BillingSystem,
    /// Whether `Z` is a written offset.
    pub zulu_is_offset: bool,
}

/// What an operator changes; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AtsChange {
    /// A new name.
    pub name: Option<String>,
    /// For companies made from now on.
    pub billing_system: Option<BillingSystem>,
    /// From now on.
    pub zulu_is_offset: Option<bool>,
}

/// Makes an ATS.
///
/// # Errors
/// The store cannot do it.
pub async fn create(app: &App, new: NewAts, actor: &str) -> Result<Ats, Error> {
    let now = app.now();
    let ats = Ats {
        id: AtsId::new(app.ids().uuid()),
        name: new.name,
        mode: new.mode,
        billing_system: new.billing_system,
        zulu_is_offset: new.zulu_is_offset,
        created_at: now,
        updated_at: now,
    };
    let record = ats.clone();
    let entry = app.audit_entry(actor, Action::AtsCreate, vec![ats.id.to_string()]);
    let work = move |txn: &mut Txn| {
        store::insert(txn, &record)?;
        Ok::<_, Abort<Error>>(store::insert(txn, &entry)?)
    };
    app.store().commit(work).await?;
    app.reload_keys()?;
    Ok(ats)
}

/// One ATS.
///
/// # Errors
/// It is not there.
pub fn get(app: &App, id: AtsId) -> Result<Ats, Error> {
    store::get::<Ats>(&app.snapshot()?, &id)?.ok_or_else(|| not_found(id))
}

/// All of them, by name.
///
/// # Errors
/// The store cannot be read.
pub fn list(app: &App) -> Result<Vec<Ats>, Error> {
    Ok(store::ats::all(&app.snapshot()?)?)
}

/// Changes an ATS.
///
/// # Errors
/// It is not there.
pub async fn update(app: &App, id: AtsId, change: AtsChange, actor: &str) -> Result<Ats, Error> {
    let now = app.now();
    let entry = app.audit_entry(actor, Action::AtsUpdate, vec![id.to_string()]);
    let work = move |txn: &mut Txn| {
        let mut ats = store::get::<Ats>(txn, &id)?.ok_or_else(|| Abort::Refused(not_found(id)))?;
        ats.name = change.name.clone().unwrap_or(ats.name);
        ats.billing_system = change.billing_system.unwrap_or(ats.billing_system);
        ats.zulu_is_offset = change.zulu_is_offset.unwrap_or(ats.zulu_is_offset);
        ats.updated_at = now;
        store::update(txn, &ats)?;
        store::insert(txn, &entry)?;
        Ok(ats)
    };
    let ats = app.store().commit(work).await?;
    app.reload_keys()?;
    Ok(ats)
}

/// Deletes an ATS that has no companies any more, with its keys and slots.
///
/// # Errors
/// It is not there, or has companies.
pub async fn delete(app: &App, id: AtsId, actor: &str) -> Result<Ats, Error> {
    let entry = app.audit_entry(actor, Action::AtsDelete, vec![id.to_string()]);
    let work = move |txn: &mut Txn| {
        if 0 < store::company::list(txn, id, &PageRequest::first(1))?.total {
            let sentence = "this ATS still has companies; delete them first";
            return Err(Abort::Refused(Error::Refused(sentence.to_owned())));
        }
        for key in store::key::of_ats(txn, id)? {
            store::key::delete(txn, key.id)?;
        }
        for state in store::slot::all(txn)?.into_iter().filter(|state| state.slot.ats_id == Some(id)) {
            store::delete::<SlotState>(txn, &state.slot)?;
        }
        for policy in PolicyName::ALL {
            let slot = Slot { ats_id: Some(id), policy };
            store::delete::<SlotRollouts>(txn, &slot)?;
            store::safe_mode::set(txn, Some(slot), false)?;
        }
        store::insert(txn, &entry)?;
        store::delete::<Ats>(txn, &id)?.ok_or_else(|| Abort::Refused(not_found(id)))
    };
    let ats = app.store().commit(work).await?;
    app.reload_keys()?;
    app.reload_fleet().await?;
    Ok(ats)
}

fn not_found(id: AtsId) -> Error {
    Rejection::not_found("Ats", id).into()
}
