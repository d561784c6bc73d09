//! Invitations: sent, shown, accepted, and moved on by time.
//!
//! Promised: a mail leaves until a mail server has said yes and that was noted; from then on never again. Every mail of
//! an invitation has the same `Message-ID` and the same secret, which works once.

use std::time::Duration;

use switchboard_domain::company::Company;
use switchboard_domain::event::{Effect, OutboxRow};
use switchboard_domain::id::{CompanyId, EventId, InvitationId, UserId};
use switchboard_domain::invitation::{Invitation, InvitationStatus};
use switchboard_domain::outbox::OutboxTry;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::{EmailAddress, Locale};
use switchboard_domain::time::Timestamp;
use switchboard_domain::user::User;

use crate::app::resource::Revised;
use crate::app::{App, Error, owner_onboarding};
use crate::mail::{Failed, Letter, Values};
use crate::store::{self, Abort, CommitError, Read, Txn};

/// How the try to send an invitation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Somebody has it, or nobody is to have it any more.
    Done,
    /// It waits.
    Failed {
        /// When it is tried again; absent: never.
        next_at: Option<Timestamp>,
        /// Nobody is there to take any mail.
        is_away: bool,
    },
}

/// Sends the mail of an invitation that waits in the outbox, and notes what came of it.
///
/// # Errors
/// The store cannot be read or written. What was sent may not have been noted then, and will be sent again.
pub(crate) async fn deliver(app: &App, row: &OutboxRow, id: InvitationId) -> Result<Delivery, Error> {
    let now = app.now();
    let snapshot = app.snapshot()?;
    let invitation = store::get::<Invitation>(&snapshot, &id)?.filter(|one| one.is_pending(now));
    let company = store::get::<Company>(&snapshot, &row.company_id)?;
    drop(snapshot);
    let (Some(invitation), Some(company)) = (invitation, company) else {
        let row_id = row.id;
        app.store()
            .commit(move |txn: &mut Txn| Ok::<_, Abort<Rejection>>(store::outbox::delete(txn, row_id)?))
            .await?;
        return Ok(Delivery::Done);
    };
    let link = app.mail().invitation_link(&app.secrets().invitation_token(id));
    let expires_at = invitation.expiry_text(company.settings.timezone);
    let letter = Letter {
        id,
        template: &invitation.template,
        locale: &invitation.locale,
        to: &invitation.email,
        at: invitation.created_at,
        values: Values {
            company_name: &company.name,
            link: &link,
            email: invitation.email.as_str(),
            expires_at: &expires_at,
            timezone: company.settings.timezone.name(),
            message: invitation.message.as_deref(),
        },
    };
    match app.mail().send(&letter).await {
        Ok(()) => {
            note_sent(app, row, id).await?;
            tracing::info!(event = "mail.sent", invitation = %id, company = %company.id);
            Ok(Delivery::Done)
        }
        Err(failed) => note_failed(app, row, failed).await,
    }
}

/// While a yes is not noted, a new start would send the mail once more: so this waits for a place in the queue.
async fn note_sent(app: &App, row: &OutboxRow, id: InvitationId) -> Result<(), Error> {
    const PAUSE: Duration = Duration::from_millis(100);
    let now = app.now();
    loop {
        let row_id = row.id;
        let work = move |txn: &mut Txn| {
            store::outbox::delete(txn, row_id)?;
            if let Some(mut invitation) = store::get::<Invitation>(txn, &id)? {
                invitation.sent_at = Some(now);
                store::update(txn, &invitation)?;
            }
            Ok::<_, Abort<Rejection>>(())
        };
        match app.store().commit(work).await {
            Err(CommitError::Store(store::Error::Overloaded)) => tokio::time::sleep(PAUSE).await,
            outcome => return Ok(outcome?),
        }
    }
}

async fn note_failed(app: &App, row: &OutboxRow, failed: Failed) -> Result<Delivery, Error> {
    let now = app.now();
    let (reason, is_final, is_away) = match failed {
        Failed::Away(reason) => (reason, false, true),
        Failed::Later(reason) => (reason, false, false),
        Failed::Never(reason) => (reason, true, false),
    };
    let (inside, told) = (row.clone(), reason.clone());
    let work = move |txn: &mut Txn| {
        if !store::exists::<OutboxRow>(txn, &inside.id)? {
            // Taken back meanwhile.
            return Ok(None);
        }
        let before = store::get::<OutboxTry>(txn, &inside.id)?;
        let noted = if is_final {
            OutboxTry::given_up(inside.id, before.as_ref(), &told, now)
        } else {
            OutboxTry::failed(inside.id, &inside.effect, before.as_ref(), &told, now)
        };
        store::outbox::note(txn, &noted)?;
        Ok::<_, Abort<Rejection>>(Some(noted))
    };
    let Some(noted) = app.store().commit(work).await? else { return Ok(Delivery::Done) };
    // The server's words may name the address, which logs are to be without.
    tracing::warn!(event = "mail.failed", outbox = %row.id, tries = noted.tries, dead = noted.is_dead());
    Ok(Delivery::Failed { next_at: noted.next_at, is_away })
}

/// An invitation as whoever has its link sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it invites to.
    pub company_name: String,
    /// Whom.
    pub email: EmailAddress,
    /// In which language.
    pub locale: Locale,
    /// Always pending: any other is told as a rejection.
    pub status: InvitationStatus,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Looks at the invitation of a link.
///
/// # Errors
/// There is none, or it was used, has expired or was revoked.
pub fn look(app: &App, token: &str, now: Timestamp) -> Result<Shown, Error> {
    let hash = app.secrets().hash_token(token);
    let (invitation, company) = pending(&app.snapshot()?, token, &hash, now)?;
    Ok(Shown {
        company_name: company.name,
        email: invitation.email,
        locale: invitation.locale,
        status: InvitationStatus::Pending,
        expires_at: invitation.expires_at,
    })
}

/// The language of a link's invitation, whatever became of it.
#[must_use]
pub fn locale(app: &App, token: &str) -> Option<Locale> {
    let hash = app.secrets().hash_token(token);
    let found = store::invitation::by_token(&app.snapshot().ok()?, &hash).ok()?;
    found.map(|invitation| invitation.locale)
}

fn pending(
    read: &impl Read,
    token: &str,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<(Invitation, Company), Abort<Rejection>> {
    let not_found = || Abort::Refused(Rejection::not_found("Invitation", token));
    let invitation = store::invitation::by_token(read, hash)?.ok_or_else(not_found)?;
    let company = store::get::<Company>(read, &invitation.company_id)?.ok_or_else(not_found)?;
    match invitation.status_at(now) {
        InvitationStatus::Pending => Ok((invitation, company)),
        status => Err(Abort::Refused(Rejection::InvitationGone { status })),
    }
}

/// Whose owner somebody became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub company_id: CompanyId,
    /// Its name.
    pub company_name: String,
}

/// Accepts the invitation of a link: once. Whoever has its address by now is the same user.
///
/// # Errors
/// As [`look`].
pub async fn accept(app: &App, token: String, name: String, now: Timestamp) -> Result<Accepted, Error> {
    let hash = app.secrets().hash_token(&token);
    let user_id = UserId::new(app.ids().uuid());
    let event_id = EventId::new(app.ids().uuid());
    let work = move |txn: &mut Txn| {
        let (mut invitation, mut company) = pending(txn, &token, &hash, now)?;
        let user = match store::user::by_email(txn, &invitation.email)? {
            Some(user) => user,
            None => {
                let email = invitation.email.clone();
                let user = User { id: user_id, email, name: name.clone(), created_at: now };
                store::insert(txn, &user)?;
                user
            }
        };
        invitation.close(InvitationStatus::Accepted, now);
        store::update(txn, &invitation)?;
        take_mail_back(txn, &invitation)?;
        owner_onboarding::make_owner(txn, &mut company, user.id, event_id, now)?;
        company.revise(now);
        store::update(txn, &company)?;
        Ok(Accepted { company_id: company.id, company_name: company.name })
    };
    Ok(app.store().commit(work).await?)
}

/// A mail that is still there has been sent without a note of it, or nobody needs it any more.
fn take_mail_back(txn: &mut Txn, invitation: &Invitation) -> Result<(), store::Error> {
    for row in store::outbox::of_company(txn, invitation.company_id)? {
        if row.effect == Effect::Invitation(invitation.id) {
            store::outbox::delete(txn, row.id)?;
        }
    }
    Ok(())
}

/// So many are moved on in one commit.
const MOVED_AT_ONCE: usize = 200;

/// Ends the invitations that nobody accepted in time, and forgets those that ended long ago. When the next one's time
/// comes.
///
/// # Errors
/// The store cannot be read or written.
pub async fn move_on(app: &App) -> Result<Option<Timestamp>, Error> {
    loop {
        let now = app.now();
        if store::invitation::due(&app.snapshot()?, now, 1)?.is_empty() {
            return Ok(store::invitation::next_deadline(&app.snapshot()?)?);
        }
        let work = move |txn: &mut Txn| {
            for mut invitation in store::invitation::due(txn, now, MOVED_AT_ONCE)? {
                if invitation.status == InvitationStatus::Pending {
                    invitation.close(InvitationStatus::Expired, now);
                    store::update(txn, &invitation)?;
                    take_mail_back(txn, &invitation)?;
                } else {
                    store::delete::<Invitation>(txn, &invitation.id)?;
                }
            }
            Ok::<_, Abort<Rejection>>(())
        };
        app.store().commit(work).await?;
    }
}
