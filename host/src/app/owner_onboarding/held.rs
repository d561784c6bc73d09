//! Addresses that wait for a decision: asked about again, one row of the outbox each.

use std::collections::HashMap;
use std::sync::Arc;

use switchboard_domain::company::{Company, OwnerStatus};
use switchboard_domain::event::{Effect, OutboxRow};
use switchboard_domain::id::AtsId;
use switchboard_domain::outbox::OutboxTry;
use switchboard_domain::owner_onboarding::Verdict;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::Asker;

use super::{Asking, Settling, UNANSWERED, facts, let_go};
use crate::app::decision::{self, ASKED_MAX, Ending, Said};
use crate::app::resource::Revised;
use crate::app::{App, Error};
use crate::policy::OwnerOnboarding;
use crate::store::{self, Abort, CommitError, Read, Txn};

/// The owners' addresses that wait for a decision, by ATS.
pub(crate) fn held_by_ats(read: &impl Read) -> Result<HashMap<AtsId, Vec<OutboxRow>>, store::Error> {
    let mut held: HashMap<AtsId, Vec<OutboxRow>> = HashMap::new();
    for row in store::outbox::all(read)? {
        let row = row?;
        if row.effect == Effect::OwnerOnboarding
            && let Some(company) = store::get::<Company>(read, &row.company_id)?
        {
            held.entry(company.ats_id).or_default().push(row);
        }
    }
    Ok(held)
}

/// Asks a question again that waits in the outbox, and does what is said.
///
/// # Errors
/// The store cannot be read or written.
pub(crate) async fn decide_held(app: &App, row: &OutboxRow) -> Result<(), Error> {
    let now = app.now();
    let mut asking: Option<Asking> = None;
    for _ in 0..ASKED_MAX {
        let company = store::get::<Company>(&app.snapshot()?, &row.company_id)?;
        let said = match &company {
            Some(company) if is_open(company) => {
                let asking = asking.get_or_insert_with(|| Asking::new(app, company.ats_id, now));
                asking.said(app, company, Asker::Worker).await?.map(Arc::new)
            }
            Some(_) | None => None,
        };
        if said.is_some() {
            app.mind_the_gap().await;
        }
        let (inside, series, row) = (app.clone(), app.ids().series(), row.clone());
        let work = move |txn: &mut Txn| {
            let settling = Settling { app: &inside, now, ids: &mut series.clone() };
            settling.settle_held(txn, &row, said.as_deref())
        };
        match app.store().commit(work).await {
            Ok(()) => {
                app.outbox().wake();
                return Ok(());
            }
            Err(CommitError::Refused(Rejection::Conflict)) => {
                if let Some(asking) = &mut asking {
                    asking.conflicted(app).await?;
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    // Somebody keeps changing it; it is asked for again soon enough.
    Ok(())
}

/// Whether its owner's address is still to be decided upon.
fn is_open(company: &Company) -> bool {
    company.owner_email.is_some() && matches!(company.owner_status, None | Some(OwnerStatus::Held))
}

impl Settling<'_> {
    fn settle_held(
        mut self,
        txn: &mut Txn,
        row: &OutboxRow,
        said: Option<&Said<OwnerOnboarding>>,
    ) -> Result<(), Abort<Rejection>> {
        if !store::exists::<OutboxRow>(txn, &row.id)? {
            // Taken back meanwhile.
            return Ok(());
        }
        let company = store::get::<Company>(txn, &row.company_id)?.filter(is_open);
        let Some(mut company) = company else {
            store::outbox::delete(txn, row.id)?;
            return Ok(());
        };
        let before = company.clone();
        let again = facts(txn, self.app, &company, self.now)?;
        let said = match (said, again) {
            (Some(said), Some(again)) if said.holds_for(&again) => said,
            (Some(_) | None, _) => return Err(Abort::Refused(Rejection::Conflict)),
        };
        decision::record(txn, &said.decision)?;
        let tried = store::get::<OutboxTry>(txn, &row.id)?;
        let failed = |reason: &str| OutboxTry::failed(row.id, &row.effect, tried.as_ref(), reason, self.now);
        let noted = match &said.ending {
            Ending::Decided(Verdict::Assign | Verdict::Invite(_)) => None,
            Ending::Decided(Verdict::Hold { reason }) => Some(failed(&format!("held: {reason}"))),
            Ending::Held | Ending::Unavailable => Some(failed(UNANSWERED)),
            // There is nobody to tell but the operator.
            Ending::Decided(Verdict::Refuse { reason }) => {
                let reason = format!("refused: {reason}");
                Some(OutboxTry::given_up(row.id, tried.as_ref(), &reason, self.now))
            }
        };
        match noted {
            Some(noted) => {
                store::outbox::note(txn, &noted)?;
                company.owner_status = Some(OwnerStatus::Held);
            }
            None => {
                let_go(txn, company.id, self.now)?;
                match &said.ending {
                    Ending::Decided(Verdict::Assign) => self.assign(txn, &mut company)?,
                    _ => self.invite(txn, &mut company, said)?,
                }
            }
        }
        if company != before {
            company.revise(self.now);
            store::update(txn, &company)?;
        }
        Ok(())
    }
}
