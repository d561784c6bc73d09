//! Companies of an ATS.

use std::sync::Arc;

use switchboard_domain::ats::Ats;
use switchboard_domain::audit::Action;
use switchboard_domain::company::{Company, CompanyDraft};
use switchboard_domain::id::CompanyId;
use switchboard_domain::problem::Problems;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::access::Caller;
use crate::app::decision::ASKED_MAX;
use crate::app::owner_onboarding::{Asking, IsNew, Settling};
use crate::app::removal::{self, Begun};
use crate::app::resource::{self, Aim, Moment, Resource, Revised};
use crate::app::walk::Whose;
use crate::app::{App, Committed, Error, Rendered, Write, reach};
use crate::store::{self, Abort, CommitError, Page, PageRequest, Read, Snapshot, Txn};

impl Resource for Company {
    type Shown = Self;
    type Change = CompanyDraft;

    fn reach(read: &impl Read, aim: &Aim<CompanyId>) -> Result<Self, Abort<Rejection>> {
        reach::company(read, &aim.caller, aim.id)
    }

    fn shown(self, _read: &impl Read) -> Result<Self, store::Error> {
        Ok(self)
    }

    fn changed(&self, _: &mut Txn, draft: CompanyDraft, _: &Moment) -> Result<Self, Abort<Rejection>> {
        let mut after = self.clone();
        after.describe(draft);
        // Another owner is asked for first, which only `change` does.
        if after.is_owner_changed(self) { Err(Abort::Refused(Rejection::Conflict)) } else { Ok(after) }
    }

    fn remove(&self, txn: &mut Txn, begun: &Begun) -> Result<(), store::Error> {
        removal::company(txn, self, begun)
    }
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

/// Makes a company of the caller's ATS; with an owner's address, what its policy decides follows in the same commit.
///
/// # Errors
/// The key is no ATS key, or its ATS is gone; the policy refuses the owner or cannot decide.
pub async fn create(
    app: &App,
    caller: &Caller,
    draft: CompanyDraft,
    write: Write,
    render: impl Fn(&Company) -> Rendered + Send + Sync + 'static,
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
    let series = app.ids().series();
    let render = Arc::new(render);
    let mut asking = Asking::new(app, company.ats_id, write.now);
    for _ in 0..ASKED_MAX {
        let said = asking.ask(app, &company, IsNew::Yes).await?;
        if said.is_some() {
            app.mind_the_gap().await;
        }
        let (made, said, render, ids) = (company.clone(), said, Arc::clone(&render), series.clone());
        let inside = app.clone();
        let now = write.now;
        let work = move |txn: &mut Txn| {
            if !store::exists::<Ats>(txn, &made.ats_id)? {
                return Err(Abort::Refused(Rejection::AccessDenied));
            }
            let mut made = made.clone();
            if said.is_some() {
                let settling = Settling { app: &inside, now, ids: &mut ids.clone() };
                settling.settle(txn, &mut made, said.as_deref())?;
            }
            store::insert(txn, &made)?;
            let mut reply = render(&made);
            reply.headers.extend(said.as_ref().and_then(|said| said.degraded_header()));
            Ok(Committed::reply(reply, made.id, None))
        };
        match app.commit(&write, work).await {
            Err(CommitError::Refused(Rejection::Conflict)) => asking.conflicted(app).await?,
            Err(error) => return Err(error.into()),
            Ok(reply) => {
                app.outbox().wake();
                return Ok(reply);
            }
        }
    }
    Err(Rejection::Conflict.into())
}

/// What a request wants of a company.
struct Wanted<E, W> {
    aim: Aim<CompanyId>,
    is_expected: E,
    wish: W,
}

impl<E, W> Wanted<E, W>
where
    E: Fn(&Company) -> bool,
    W: Fn(&Company) -> Result<CompanyDraft, Problems>,
{
    /// The company as it is, and as it would be.
    fn look(&self, read: &impl Read) -> Result<(Company, Company), Abort<Rejection>> {
        let before = Company::reach(read, &self.aim)?;
        if !(self.is_expected)(&before) {
            return Err(Abort::Refused(Rejection::PreconditionFailed));
        }
        let mut after = before.clone();
        after.describe((self.wish)(&before).map_err(Rejection::Invalid)?);
        Ok((before, after))
    }
}

/// A company as a change left it.
#[derive(Debug)]
pub struct Changed {
    /// The record.
    pub company: Company,
    /// `X-Policy-Degraded`, if the owner was decided upon so.
    pub degraded: Option<(String, String)>,
}

/// Changes a company in reach, as [`resource::update`] does; another owner's address is decided upon first, and what
/// follows is in the same commit.
///
/// # Errors
/// As there; the policy refuses the owner or cannot decide.
pub async fn change<E, W>(
    app: &App,
    aim: Aim<CompanyId>,
    now: Timestamp,
    is_expected: E,
    wish: W,
) -> Result<Changed, Error>
where
    E: Fn(&Company) -> bool + Send + Sync + 'static,
    W: Fn(&Company) -> Result<CompanyDraft, Problems> + Send + Sync + 'static,
{
    let wanted = Arc::new(Wanted { aim, is_expected, wish });
    let series = app.ids().series();
    let mut asking: Option<Asking> = None;
    let mut unused = None;
    for _ in 0..ASKED_MAX {
        let snapshot = app.snapshot()?;
        let (before, after) = wanted.look(&snapshot)?;
        drop(snapshot);
        let said = if after.has_new_owner(&before) {
            let asking = asking.get_or_insert_with(|| Asking::new(app, after.ats_id, now));
            asking.ask(app, &after, IsNew::No).await?
        } else {
            None
        };
        if said.is_some() {
            app.mind_the_gap().await;
        }
        let (wanted, kept, series, inside) = (Arc::clone(&wanted), said.clone(), series.clone(), app.clone());
        let work = move |txn: &mut Txn| {
            let (before, mut after) = wanted.look(txn)?;
            if after.is_owner_changed(&before) {
                let settling = Settling { app: &inside, now, ids: &mut series.clone() };
                settling.settle(txn, &mut after, said.as_deref())?;
            }
            if after != before {
                after.revise(now);
                store::update(txn, &after)?;
            }
            Ok(after)
        };
        match app.store().commit(work).await {
            Err(CommitError::Refused(Rejection::Conflict)) => {
                unused = kept;
                if let Some(asking) = &mut asking {
                    asking.conflicted(app).await?;
                }
            }
            Err(error) => {
                app.record(kept.iter().map(|said| said.decision.clone()).collect()).await?;
                return Err(error.into());
            }
            Ok(company) => {
                app.outbox().wake();
                return Ok(Changed { company, degraded: kept.and_then(|said| said.degraded_header()) });
            }
        }
    }
    app.record(unused.iter().map(|said| said.decision.clone()).collect()).await?;
    Err(Rejection::Conflict.into())
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
