//! Companies of an ATS.

use switchboard_domain::audit::Action;
use switchboard_domain::company::{Company, CompanyDraft};
use switchboard_domain::event::{Effect, OutboxRow};
use switchboard_domain::id::{CompanyId, OutboxId};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::removal::{self, Begun};
use crate::app::resource::{self, Aim, Moment, Resource};
use crate::app::walk::Whose;
use crate::app::{App, Committed, Error, Rendered, Write, reach};
use crate::store::{self, Abort, Page, PageRequest, Read, Snapshot, Txn};

impl Resource for Company {
    type Shown = Self;
    type Change = CompanyDraft;

    fn reach(read: &impl Read, aim: &Aim<CompanyId>) -> Result<Self, Abort<Rejection>> {
        reach::company(read, &aim.caller, aim.id)
    }

    fn shown(self, _read: &impl Read) -> Result<Self, store::Error> {
        Ok(self)
    }

    fn changed(&self, txn: &mut Txn, draft: CompanyDraft, moment: &Moment) -> Result<Self, Abort<Rejection>> {
        let mut after = self.clone();
        after.describe(draft);
        if after.has_new_owner(self) {
            let id = OutboxId::new(moment.ids.clone().uuid());
            store::insert(txn, &onboarding(id, self.id, moment.now))?;
        }
        Ok(after)
    }

    fn remove(&self, txn: &mut Txn, begun: &Begun) -> Result<(), store::Error> {
        removal::company(txn, self, begun)
    }
}

/// The wish to decide upon the owner's address. A worker that does not exist yet takes it; it must not be lost
/// until then.
fn onboarding(id: OutboxId, company_id: CompanyId, at: Timestamp) -> OutboxRow {
    OutboxRow { id, at, company_id, candidate_id: None, effect: Effect::OwnerOnboarding }
}

/// Deletes a company in reach with all that belongs to it, its keys included: from the answer on they are
/// refused.
///
/// # Errors
/// It is not there, or out of reach; it is not as the sender expects (`PRECONDITION_FAILED`).
pub async fn delete(
    app: &App,
    aim: Aim<CompanyId>,
    now: Timestamp,
    is_expected: impl Fn(&Company) -> bool + Send + 'static,
) -> Result<(), Error> {
    resource::delete::<Company>(app, aim, now, is_expected).await?;
    app.reload_keys()
}

/// Makes a company of the caller's ATS.
///
/// # Errors
/// The key is no ATS key, or its ATS is gone.
pub async fn create(
    app: &App,
    caller: &Caller,
    draft: CompanyDraft,
    write: Write,
    render: impl Fn(&Company) -> Rendered + Send + 'static,
) -> Result<Rendered, Error> {
    let (Some(ats), None) = (&caller.ats, caller.own_company()) else {
        return Err(Rejection::AccessDenied.into());
    };
    let company = Company {
        id: CompanyId::new(app.ids().uuid()),
        ats_id: ats.id,
        revision: 1,
        name: draft.name,
        description: draft.description,
        website: draft.website,
        industry: draft.industry,
        size: draft.size,
        location: draft.location,
        settings: draft.settings,
        metadata: draft.metadata,
        owner_email: draft.owner_email,
        owner_status: None,
        billing_system: ats.billing_system,
        usage_limit_thousandths: None,
        calls_at_once: None,
        created_at: write.now,
        updated_at: write.now,
    };
    let outbox = company.owner_email.as_ref();
    let outbox = outbox.map(|_| onboarding(OutboxId::new(app.ids().uuid()), company.id, write.now));
    let ats_id = ats.id;
    let work = move |txn: &mut Txn| {
        if store::get::<switchboard_domain::ats::Ats>(txn, &ats_id)?.is_none() {
            return Err(Abort::Refused(Rejection::AccessDenied));
        }
        store::insert(txn, &company)?;
        let mut done = Committed::reply(render(&company), company.id, None);
        done.outbox.extend(outbox.clone());
        Ok(done)
    };
    Ok(app.commit(&write, work).await?)
}

/// A company key's one company, or all of an ATS key's ATS; newest first.
///
/// # Errors
/// The store cannot be read, or too much waits to be walked for.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<Company>, Error> {
    if let Some(own) = caller.own_company() {
        let company = store::get::<Company>(&app.snapshot()?, &own)?;
        return Ok(page.of_one(company));
    }
    let ats_id = caller.ats_id().ok_or(Rejection::AccessDenied)?;
    let walk = |_: &Snapshot| Ok(store::company::walk(ats_id, page));
    app.read_page(Whose::Ats(ats_id), walk, |_, page| Ok(page)).await
}

/// What an operator changes of a company; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CompanyChange {
    /// For calls that finish from now on.
    pub billing_system: Option<switchboard_domain::ats::BillingSystem>,
    /// `Some(None)` lifts the limit.
    pub usage_limit_thousandths: Option<Option<u64>>,
    /// How many of its calls may be in progress at once; `Some(None)` is the contract's number again.
    pub calls_at_once: Option<Option<u32>>,
}

/// One company, for operators.
///
/// # Errors
/// It is not there.
pub fn show(app: &App, id: CompanyId) -> Result<Company, Error> {
    let company = store::get::<Company>(&app.snapshot()?, &id)?;
    company.ok_or_else(|| Rejection::not_found("Company", id).into())
}

/// Companies of one ATS or of all, newest first, for operators.
///
/// # Errors
/// The store cannot be read.
pub fn list_all(
    app: &App,
    ats_id: Option<switchboard_domain::id::AtsId>,
    page: &PageRequest,
) -> Result<Page<Company>, Error> {
    let snapshot = app.snapshot()?;
    match ats_id {
        Some(ats_id) => Ok(store::company::list(&snapshot, ats_id, page)?),
        None => Ok(store::company::all(&snapshot, page)?),
    }
}

/// Changes what operators may change.
///
/// # Errors
/// It is not there.
pub async fn update(app: &App, id: CompanyId, change: CompanyChange, actor: &str) -> Result<Company, Error> {
    let now = app.now();
    let entry = app.audit_entry(actor, Action::CompanyUpdate, vec![id.to_string()]);
    let work = move |txn: &mut Txn| {
        let not_found = || Abort::Refused(Rejection::not_found("Company", id));
        let mut company = store::get::<Company>(txn, &id)?.ok_or_else(not_found)?;
        company.billing_system = change.billing_system.unwrap_or(company.billing_system);
        company.usage_limit_thousandths =
            change.usage_limit_thousandths.unwrap_or(company.usage_limit_thousandths);
        company.calls_at_once = change.calls_at_once.unwrap_or(company.calls_at_once);
        company.revision += 1;
        company.updated_at = now;
        store::update(txn, &company)?;
        store::insert(txn, &entry)?;
        Ok(company)
    };
    Ok(app.store().commit(work).await?)
}
