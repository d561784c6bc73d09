//! Companies of an ATS.

use switchboard_domain::company::{Company, CompanyDraft};
use switchboard_domain::event::{Effect, OutboxRow};
use switchboard_domain::id::{CompanyId, OutboxId};
use switchboard_domain::rejection::Rejection;

use crate::app::access::Caller;
use crate::app::{App, Committed, Error, Rendered, Write, reach};
use crate::store::{self, Abort, Page, PageRequest, Txn};

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
    // The address is decided upon by a worker that does not exist yet; the wish must not be lost until then.
    let outbox = company.owner_email.as_ref().map(|_| OutboxRow {
        id: OutboxId::new(app.ids().uuid()),
        at: write.now,
        company_id: company.id,
        candidate_id: None,
        effect: Effect::OwnerOnboarding,
    });
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

/// One company in reach.
///
/// # Errors
/// It is not there, or out of reach.
pub fn get(app: &App, caller: &Caller, id: CompanyId) -> Result<Company, Error> {
    reach::company(&app.snapshot()?, caller, id)
}

/// A company key's one company, or all of an ATS key's ATS; newest first.
///
/// # Errors
/// The store cannot be read.
pub fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<Company>, Error> {
    let snapshot = app.snapshot()?;
    if let Some(own) = caller.own_company() {
        let company = store::get::<Company>(&snapshot, &own)?;
        return Ok(page.of_one(company));
    }
    match caller.ats_id() {
        Some(ats_id) => Ok(store::company::list(&snapshot, ats_id, page)?),
        None => Err(Rejection::AccessDenied.into()),
    }
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
pub async fn update(app: &App, id: CompanyId, change: CompanyChange) -> Result<Company, Error> {
    let now = app.now();
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
        Ok(company)
    };
    Ok(app.store().commit(work).await?)
}
