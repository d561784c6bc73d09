//! What waits to leave, for those who send it and for operators: what it is, why it is still there, again or never.

use std::sync::Arc;

use switchboard_domain::company::{Company, OwnerStatus};
use switchboard_domain::event::{Effect, OutboxRow};
use switchboard_domain::id::OutboxId;
use switchboard_domain::invitation::{Invitation, InvitationStatus};
use switchboard_domain::outbox::OutboxTry;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;
use tokio::sync::Notify;
use tracing::Instrument;

use crate::app::resource::Revised;
use crate::app::{App, Error, invitation, owner_onboarding};
use crate::span;
use crate::store::{self, Abort, Read, Txn};

/// Tells those who see to the outbox that there is something new in it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Wake(Arc<[Notify; 2]>);

/// Which of the outbox's rows somebody sees to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Mails.
    Mail,
    /// Owners' addresses that are not decided upon.
    Question,
}

impl Kind {
    const fn of(effect: &Effect) -> Self {
        match effect {
            Effect::Invitation(_) => Self::Mail,
            Effect::OwnerOnboarding => Self::Question,
        }
    }
}

impl Wake {
    /// Something may have been committed.
    pub fn wake(&self) {
        self.0.iter().for_each(Notify::notify_one);
    }

    /// Waits until something was committed since the last time.
    pub async fn woken(&self, kind: Kind) {
        self.0[kind as usize].notified().await;
    }
}

/// What one walk over the outbox found and did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Walked {
    /// When there is something to do again, if nothing new comes.
    pub next_at: Option<Timestamp>,
    /// Rows that wait.
    pub waiting: u64,
    /// Rows that wait for an operator.
    pub dead: u64,
    /// Those that left.
    pub done: u64,
    /// Tries that failed.
    pub failed: u64,
}

/// Rows that are read at once.
const SOME: usize = 100;

/// Where nobody takes any mail, the others are tried with the one that found out, and at the latest so much later.
const AWAY_MILLIS: i64 = 60_000;

/// Does what is due, the oldest first, until `is_over` says so.
///
/// # Errors
/// The store cannot be read or written.
pub async fn do_due(app: &App, kind: Kind, is_over: impl Fn() -> bool + Send) -> Result<Walked, Error> {
    let mut walked = Walked::default();
    let (mut last, mut is_away) = (None, false);
    loop {
        let some = store::outbox::after(&app.snapshot()?, last, SOME)?;
        let Some((end, _)) = some.last() else { return Ok(walked) };
        last = Some(end.id);
        for (row, tried) in some.into_iter().filter(|(row, _)| Kind::of(&row.effect) == kind) {
            walked.waiting += 1;
            let next_at = tried.as_ref().map_or(Some(row.at), |tried| tried.next_at);
            let Some(next_at) = next_at else {
                walked.dead += 1;
                continue;
            };
            let now = app.now();
            if now < next_at {
                walked.wait_until(next_at);
                continue;
            }
            if is_over() || is_away {
                walked.wait_until(Timestamp::from_unix_millis(now.unix_millis() + AWAY_MILLIS));
                continue;
            }
            match row.effect {
                Effect::Invitation(id) => {
                    let span = span::operation("send a mail", id);
                    match invitation::deliver(app, &row, id).instrument(span).await? {
                        invitation::Delivery::Done => walked.left(),
                        invitation::Delivery::Failed { next_at, is_away: away } => {
                            walked.failed += 1;
                            is_away = away;
                            match next_at {
                                Some(next_at) => walked.wait_until(next_at),
                                None => walked.dead += 1,
                            }
                        }
                    }
                }
                Effect::OwnerOnboarding => {
                    let span = span::operation("decide on an owner", row.company_id);
                    owner_onboarding::decide_held(app, &row).instrument(span).await?;
                    match store::get::<OutboxTry>(&app.snapshot()?, &row.id)? {
                        Some(OutboxTry { next_at: Some(next_at), .. }) => {
                            walked.failed += 1;
                            walked.wait_until(next_at);
                        }
                        Some(_) => walked.dead += 1,
                        None => walked.left(),
                    }
                }
            }
        }
    }
}

impl Walked {
    fn wait_until(&mut self, at: Timestamp) {
        self.next_at = Some(self.next_at.map_or(at, |next| next.min(at)));
    }

    fn left(&mut self) {
        self.waiting -= 1;
        self.done += 1;
    }
}

/// A row as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// What waits.
    pub row: OutboxRow,
    /// What came of trying it.
    pub tried: Option<OutboxTry>,
    /// Whose mail it is.
    pub invitation: Option<Invitation>,
}

/// The oldest of those that wait, or of those that are dead.
///
/// # Errors
/// The store cannot be read.
pub fn list(app: &App, is_dead: bool, limit: usize) -> Result<Vec<Waiting>, Error> {
    let snapshot = app.snapshot()?;
    let (mut found, mut last) = (Vec::new(), None);
    loop {
        let some = store::outbox::after(&snapshot, last, SOME)?;
        let Some((end, _)) = some.last() else { return Ok(found) };
        last = Some(end.id);
        for (row, tried) in some {
            if is_dead && !tried.as_ref().is_some_and(OutboxTry::is_dead) {
                continue;
            }
            found.push(waiting(&snapshot, row, tried)?);
            if found.len() == limit {
                return Ok(found);
            }
        }
    }
}

fn waiting(read: &impl Read, row: OutboxRow, tried: Option<OutboxTry>) -> Result<Waiting, store::Error> {
    let invitation = match row.effect {
        Effect::Invitation(id) => store::get::<Invitation>(read, &id)?,
        Effect::OwnerOnboarding => None,
    };
    Ok(Waiting { row, tried, invitation })
}

/// Lets a row be tried at once, as if it had never been.
///
/// # Errors
/// It is not there, or no longer.
pub async fn retry(app: &App, id: OutboxId) -> Result<Waiting, Error> {
    let work = move |txn: &mut Txn| {
        let row = store::get::<OutboxRow>(txn, &id)?.ok_or_else(|| not_found(id))?;
        store::delete::<OutboxTry>(txn, &id)?;
        Ok(waiting(txn, row, None)?)
    };
    let waiting = app.store().commit(work).await?;
    app.outbox().wake();
    Ok(waiting)
}

/// Takes a row back: it never leaves. An invitation that nobody was sent is revoked, and its company's owner waits for
/// another address.
///
/// # Errors
/// It is not there, or no longer.
pub async fn drop_row(app: &App, id: OutboxId) -> Result<Waiting, Error> {
    let now = app.now();
    let work = move |txn: &mut Txn| {
        let row = store::get::<OutboxRow>(txn, &id)?.ok_or_else(|| not_found(id))?;
        let tried = store::get::<OutboxTry>(txn, &id)?;
        let mut dropped = waiting(txn, row, tried)?;
        store::outbox::delete(txn, id)?;
        if let Some(invitation) = dropped.invitation.as_mut().filter(|one| one.is_pending(now)) {
            invitation.close(InvitationStatus::Revoked, now);
            store::update(txn, invitation)?;
            if let Some(mut company) = store::get::<Company>(txn, &invitation.company_id)? {
                company.owner_status = Some(OwnerStatus::Held);
                company.revise(now);
                store::update(txn, &company)?;
            }
        }
        Ok(dropped)
    };
    Ok(app.store().commit(work).await?)
}

fn not_found(id: OutboxId) -> Abort<Rejection> {
    Abort::Refused(Rejection::not_found("OutboxRow", id))
}
