//! The owner of a company: asked for, settled in the commit of what asked, or waited for.
//!
//! An address that nobody decides on, or that the policy holds, stays in the outbox as a question. `decide_held` asks
//! it again, ever less often, until it is answered or left to the operator.

mod held;

use std::sync::Arc;

use serde_json::Value;
use switchboard_domain::company::{Company, OwnerStatus};
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::event::{Effect, Event, EventKind, OutboxRow};
use switchboard_domain::id::{AtsId, CompanyId, EventId, InvitationId, OutboxId, UserId};
use switchboard_domain::invitation::{Invitation, InvitationStatus};
use switchboard_domain::membership::{Membership, Role};
use switchboard_domain::outbox::OutboxTry;
use switchboard_domain::owner_onboarding::{Facts, PendingInvitation, Verdict};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::Asker;
use switchboard_domain::text::WebUrl;
use switchboard_domain::time::Timestamp;
use tokio::time::Instant;

pub(crate) use self::held::{decide_held, held_by_ats};
use crate::app::decision::{self, Ending, Question, Said};
use crate::app::{App, Error};
use crate::ids::Series;
use crate::policy::{Line, OwnerOnboarding};
use crate::store::{self, Abort, Read, Txn};

/// What was said about an address; shared with the commit that rests on it.
pub(crate) type OwnerSaid = Arc<Said<OwnerOnboarding>>;

/// One operation's questions: one release, one deadline, one moment.
pub(crate) struct Asking {
    ats_id: AtsId,
    line: Arc<Line>,
    deadline: Instant,
    now: Timestamp,
}

/// Whether the request makes the company that is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsNew {
    Yes,
    No,
}

impl Asking {
    pub(crate) fn new(app: &App, ats_id: AtsId, now: Timestamp) -> Self {
        let line = decision::line::<OwnerOnboarding>(app, ats_id);
        Self { ats_id, line, deadline: decision::deadline(), now }
    }

    /// After a conflict: takes the line of safe mode, if that has come on. It alone takes another release in the middle
    /// of an operation.
    pub(crate) async fn conflicted(&mut self, app: &App) -> Result<(), Error> {
        let slot = Slot { ats_id: Some(self.ats_id), policy: PolicyName::OwnerOnboarding };
        if app.is_overruled(slot).await? {
            self.line = decision::line::<OwnerOnboarding>(app, self.ats_id);
        }
        Ok(())
    }

    /// Asks for a request; nothing where the company names no owner.
    pub(crate) async fn ask(
        &self,
        app: &App,
        company: &Company,
        is_new: IsNew,
    ) -> Result<Option<OwnerSaid>, Error> {
        let Some(said) = self.said(app, company, Asker::Partner).await? else { return Ok(None) };
        let rejection = match &said.ending {
            Ending::Decided(Verdict::Refuse { reason }) => said.refusal(reason),
            Ending::Unavailable => said.unavailable(),
            Ending::Decided(Verdict::Assign | Verdict::Invite(_) | Verdict::Hold { .. }) | Ending::Held => {
                return Ok(Some(Arc::new(said)));
            }
        };
        Err(match is_new {
            IsNew::No => decision::refuse(app, &said, rejection).await,
            IsNew::Yes => refuse_new(app, &said, rejection).await,
        })
    }

    async fn said(
        &self,
        app: &App,
        company: &Company,
        asker: Asker,
    ) -> Result<Option<Said<OwnerOnboarding>>, Error> {
        let Some(facts) = facts(&app.snapshot()?, app, company, self.now)? else { return Ok(None) };
        let question = Question { facts, candidate_id: None, asker };
        Ok(Some(decision::ask(app, &self.line, question, self.deadline).await))
    }
}

/// Records the decision that kept a company from being made. Nobody will ever delete that company, so the record must
/// hold nobody's address, whatever the release was granted.
async fn refuse_new(app: &App, said: &Said<OwnerOnboarding>, mut rejection: Rejection) -> Error {
    let mut record = said.decision.clone();
    record.facts = without_address(record.facts);
    rejection.name_decision(record.id);
    let work = move |txn: &mut Txn| Ok::<_, Abort<Rejection>>(store::insert::<Decision>(txn, &record)?);
    match app.store().commit(work).await {
        Ok(()) => said.told(rejection),
        Err(error) => error.into(),
    }
}

fn without_address(facts: String) -> String {
    match serde_json::from_str::<Value>(&facts) {
        Ok(mut value) if value["email"].is_string() => {
            value["email"] = Value::Null;
            value.to_string()
        }
        Ok(_) | Err(_) => facts,
    }
}

/// Everything that the policy may know; nothing where there is no address to decide on.
fn facts(
    read: &impl Read,
    app: &App,
    company: &Company,
    now: Timestamp,
) -> Result<Option<Facts>, store::Error> {
    let Some(email) = company.owner_email.clone() else { return Ok(None) };
    let folded = email.folded();
    let invitations = store::invitation::of_company(read, company.id)?;
    let pending = invitations.iter().filter(|invitation| invitation.is_pending(now));
    let told = |invitation: &Invitation| PendingInvitation {
        created_at: invitation.created_at,
        expires_at: invitation.expires_at,
        same_address: invitation.email.folded() == folded,
    };
    Ok(Some(Facts {
        now,
        ats_id: company.ats_id,
        company_id: company.id,
        company_locale: company.settings.locale.clone(),
        company_domain: company.website.as_ref().map(WebUrl::domain),
        has_owner: !store::membership::of_company(read, company.id)?.is_empty(),
        email_domain: email.domain(),
        email_hash: app.secrets().hash_email(&email),
        user_exists: store::user::by_email(read, &email)?.is_some(),
        pending_invitations: pending.map(told).collect(),
        templates: app.mail().templates().to_vec(),
        email: Some(email),
    }))
}

/// What follows from another owner's address, inside the commit of whatever brought it.
pub(crate) struct Settling<'a> {
    pub(crate) app: &'a App,
    pub(crate) now: Timestamp,
    pub(crate) ids: &'a mut Series,
}

impl Settling<'_> {
    /// Lets go of the address that was, and does what was said about the one that is. The company's own row is the
    /// caller's to write.
    ///
    /// # Errors
    /// `Conflict`: what was said was said about something else.
    pub(crate) fn settle(
        mut self,
        txn: &mut Txn,
        company: &mut Company,
        said: Option<&Said<OwnerOnboarding>>,
    ) -> Result<(), Abort<Rejection>> {
        let asked_again = facts(txn, self.app, company, self.now)?;
        let said = match (said, asked_again) {
            (None, None) => None,
            (Some(said), Some(again)) if said.holds_for(&again) => Some(said),
            (Some(_) | None, _) => return Err(Abort::Refused(Rejection::Conflict)),
        };
        let_go(txn, company.id, self.now)?;
        let Some(said) = said else {
            // Nobody is to own it.
            dismiss(txn, company.id, None)?;
            company.owner_status = None;
            return Ok(());
        };
        decision::record(txn, &said.decision)?;
        match &said.ending {
            Ending::Decided(Verdict::Assign) => self.assign(txn, company),
            Ending::Decided(Verdict::Invite(_)) => self.invite(txn, company, said),
            Ending::Decided(Verdict::Hold { reason }) => self.hold(txn, company, &format!("held: {reason}")),
            Ending::Held => self.hold(txn, company, UNANSWERED),
            // Those end a request before it gets here.
            Ending::Decided(Verdict::Refuse { .. }) | Ending::Unavailable => {
                Err(Abort::Refused(Rejection::Conflict))
            }
        }
    }

    fn assign(&mut self, txn: &mut Txn, company: &mut Company) -> Result<(), Abort<Rejection>> {
        let user = match &company.owner_email {
            Some(email) => store::user::by_email(txn, email)?,
            None => None,
        };
        let user = user.ok_or(Abort::Refused(Rejection::Conflict))?;
        make_owner(txn, company, user.id, EventId::new(self.ids.uuid()), self.now)?;
        Ok(())
    }

    fn invite(
        &mut self,
        txn: &mut Txn,
        company: &mut Company,
        said: &Said<OwnerOnboarding>,
    ) -> Result<(), Abort<Rejection>> {
        let (Ending::Decided(Verdict::Invite(wish)), Some(email)) = (&said.ending, &company.owner_email)
        else {
            return Err(Abort::Refused(Rejection::Conflict));
        };
        let id = InvitationId::new(self.ids.uuid());
        let token_hash = self.app.secrets().hash_token(&self.app.secrets().invitation_token(id));
        let invitation = Invitation::new(id, company.id, token_hash, email.clone(), wish.clone(), self.now);
        store::insert(txn, &invitation)?;
        store::insert(txn, &self.row(company.id, Effect::Invitation(id)))?;
        company.owner_status = Some(OwnerStatus::Invited);
        let kind = EventKind::CompanyOwnerInvited { invitation_id: id };
        tell(txn, company, EventId::new(self.ids.uuid()), self.now, kind)?;
        Ok(())
    }

    /// Keeps the question; why it waits is for the operator.
    fn hold(&mut self, txn: &mut Txn, company: &mut Company, reason: &str) -> Result<(), Abort<Rejection>> {
        let row = self.row(company.id, Effect::OwnerOnboarding);
        store::insert(txn, &row)?;
        store::outbox::note(txn, &OutboxTry::failed(row.id, &row.effect, None, reason, self.now))?;
        company.owner_status = Some(OwnerStatus::Held);
        Ok(())
    }

    fn row(&mut self, company_id: CompanyId, effect: Effect) -> OutboxRow {
        let id = OutboxId::new(self.ids.uuid());
        OutboxRow { id, at: self.now, company_id, candidate_id: None, effect }
    }
}

/// Why a question waits that the whole failure ladder had no answer to.
const UNANSWERED: &str = "the policy could not decide; its recorded decision says why";

/// Nothing waits any more for the address that was: its invitations are revoked, their mails and the question about it
/// are taken back.
pub(crate) fn let_go(txn: &mut Txn, company_id: CompanyId, now: Timestamp) -> Result<(), store::Error> {
    for mut invitation in store::invitation::of_company(txn, company_id)? {
        if invitation.is_pending(now) {
            invitation.close(InvitationStatus::Revoked, now);
            store::update(txn, &invitation)?;
        }
    }
    for row in store::outbox::of_company(txn, company_id)? {
        match row.effect {
            Effect::OwnerOnboarding | Effect::Invitation(_) => {
                store::outbox::delete(txn, row.id)?;
            }
        }
    }
    Ok(())
}

/// Ends the owner's membership, unless it is this one's.
pub(crate) fn dismiss(txn: &mut Txn, company_id: CompanyId, but: Option<UserId>) -> Result<(), store::Error> {
    for member in store::membership::of_company(txn, company_id)? {
        let is_left = match member.role {
            Role::Owner => Some(member.user_id) != but,
        };
        if is_left {
            store::delete::<Membership>(txn, &(member.company_id, member.user_id))?;
        }
    }
    Ok(())
}

/// Makes a user the one owner. The company's own row is the caller's to write.
pub(crate) fn make_owner(
    txn: &mut Txn,
    company: &mut Company,
    user_id: UserId,
    event_id: EventId,
    now: Timestamp,
) -> Result<(), store::Error> {
    dismiss(txn, company.id, Some(user_id))?;
    let member = Membership { company_id: company.id, user_id, role: Role::Owner, created_at: now };
    if !store::exists::<Membership>(txn, &(company.id, user_id))? {
        store::insert(txn, &member)?;
    }
    company.owner_status = Some(OwnerStatus::Assigned);
    tell(txn, company, event_id, now, EventKind::CompanyOwnerAssigned { user_id })
}

fn tell(
    txn: &mut Txn,
    company: &Company,
    id: EventId,
    at: Timestamp,
    kind: EventKind,
) -> Result<(), store::Error> {
    let event = Event {
        id,
        sequence: 0,
        at,
        ats_id: company.ats_id,
        company_id: company.id,
        candidate_id: None,
        is_test: false,
        kind,
    };
    store::event::append(txn, event).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_of_nobodys_company_has_no_address() {
        let facts = |email: &str| format!("{{\"ats-id\":\"a\",\"email\":{email},\"email-hash\":\"h\"}}");
        assert_eq!(without_address(facts("\"a@b.example\"")), facts("null"));
        assert_eq!(without_address(facts("null")), facts("null"));
    }
}
