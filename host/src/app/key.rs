//! API keys: made, suspended, revoked by operators.

use ipnet::IpNet;
use switchboard_domain::ats::{Ats, Mode};
use switchboard_domain::audit::Action;
use switchboard_domain::company::Company;
use switchboard_domain::id::{AtsId, CompanyId, KeyId};
use switchboard_domain::key::{Key, KeyKind, Reach, Scope, Secret, Suspension};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;

use crate::app::{App, Error};
use crate::store::{self, Abort, Read, Txn};

/// Whom a new key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFor {
    /// One company.
    Company(CompanyId),
    /// Every company of an ATS.
    Ats(AtsId),
    /// The dialler protocol.
    Worker(Option<AtsId>),
}

/// What an operator says of a new key; checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// Whom it is for.
    pub key_for: KeyFor,
    /// What the operator calls it.
    pub name: String,
    /// Empty: all of its kind.
    pub scopes: Vec<Scope>,
    /// From then on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Empty: from everywhere.
    pub allowed_ips: Vec<IpNet>,
    /// Requests a minute; 0 = no limit.
    pub rate_per_minute: u32,
    /// Requests an hour; 0 = no limit.
    pub rate_per_hour: u32,
}

impl KeyFor {
    /// The kind that the key will have.
    #[must_use]
    pub const fn kind(self) -> KeyKind {
        match self {
            Self::Company(_) => KeyKind::Company,
            Self::Ats(_) => KeyKind::Ats,
            Self::Worker(_) => KeyKind::Worker,
        }
    }
}

/// Makes a key. The secret is returned this once and is nowhere else.
///
/// # Errors
/// The company or ATS is not there, or a scope cannot be given to this kind.
pub async fn create(app: &App, new: NewKey, actor: &str) -> Result<(Key, Secret), Error> {
    let kind = new.key_for.kind();
    let scopes = kind.grant(&new.scopes).map_err(|flaw| Rejection::field("scopes", flaw))?;
    let snapshot = app.snapshot()?;
    let (reach, mode) = reach(&snapshot, new.key_for)?;
    let key = Key {
        id: KeyId::new(app.ids().uuid()),
        name: new.name,
        reach,
        scopes,
        expires_at: new.expires_at,
        allowed_ips: new.allowed_ips,
        rate_per_minute: new.rate_per_minute,
        rate_per_hour: new.rate_per_hour,
        suspension: None,
        revoked_at: None,
        created_at: app.now(),
    };
    let secret = Secret::generate(mode, || app.ids().secret());
    let hash = app.secrets().hash_key(secret.expose());
    let record = key.clone();
    let entry = app.audit_entry(actor, Action::KeyCreate, vec![key.id.to_string()]);
    let work = move |txn: &mut Txn| {
        self::reach(txn, new.key_for).map_err(Abort::Refused)?;
        store::key::insert(txn, &record, hash)?;
        store::insert(txn, &entry)?;
        Ok::<(), Abort<Error>>(())
    };
    app.store().commit(work).await?;
    app.reload_keys()?;
    Ok((key, secret))
}

fn reach(read: &impl Read, key_for: KeyFor) -> Result<(Reach, Mode), Error> {
    let ats = |field: &str, id: AtsId| {
        let ats = store::get::<Ats>(read, &id)?;
        ats.ok_or_else(|| Error::from(Rejection::field(field, Flaw::invalid("is not a known ATS"))))
    };
    match key_for {
        KeyFor::Ats(id) => Ok((Reach::Ats(id), ats("atsId", id)?.mode)),
        KeyFor::Worker(None) => Ok((Reach::Worker(None), Mode::Live)),
        KeyFor::Worker(Some(id)) => Ok((Reach::Worker(Some(id)), ats("atsId", id)?.mode)),
        KeyFor::Company(id) => {
            let company = store::get::<Company>(read, &id)?
                .ok_or_else(|| Rejection::field("companyId", Flaw::invalid("is not a known company")))?;
            Ok((Reach::Company(company.ats_id, id), ats("companyId", company.ats_id)?.mode))
        }
    }
}

/// One key, revoked ones included.
///
/// # Errors
/// It is not there.
pub fn get(app: &App, id: KeyId) -> Result<Key, Error> {
    store::key::get(&app.snapshot()?, id)?.ok_or_else(|| not_found(id))
}

/// All keys, newest first.
///
/// # Errors
/// The store cannot be read.
pub fn list(app: &App) -> Result<Vec<Key>, Error> {
    Ok(store::key::all(&app.snapshot()?)?)
}

/// Suspends a key, with a reason that the partner is told. A suspended one keeps its first moment.
///
/// # Errors
/// It is not there, or revoked.
pub async fn suspend(app: &App, id: KeyId, reason: String, actor: &str) -> Result<Key, Error> {
    let now = app.now();
    change(app, id, actor, Action::KeySuspend, move |key| {
        let at = key.suspension.as_ref().map_or(now, |suspension| suspension.at);
        key.suspension = Some(Suspension { at, reason: reason.clone() });
    })
    .await
}

/// Ends a suspension.
///
/// # Errors
/// It is not there, or revoked.
pub async fn resume(app: &App, id: KeyId, actor: &str) -> Result<Key, Error> {
    change(app, id, actor, Action::KeyResume, |key| key.suspension = None).await
}

/// Revokes a key for ever.
///
/// # Errors
/// It is not there.
pub async fn revoke(app: &App, id: KeyId, actor: &str) -> Result<Key, Error> {
    let now = app.now();
    change(app, id, actor, Action::KeyRevoke, move |key| key.revoked_at = Some(key.revoked_at.unwrap_or(now)))
        .await
}

async fn change(
    app: &App,
    id: KeyId,
    actor: &str,
    action: Action,
    change: impl Fn(&mut Key) + Send + 'static,
) -> Result<Key, Error> {
    let entry = app.audit_entry(actor, action, vec![id.to_string()]);
    let work = move |txn: &mut Txn| {
        let mut key = store::key::get(txn, id)?.ok_or_else(|| Abort::Refused(not_found(id)))?;
        let (was_revoked, was) = (key.revoked_at.is_some(), key.suspension.clone());
        change(&mut key);
        if was_revoked && key.suspension != was {
            let sentence = "this key is revoked, which is for ever";
            return Err(Abort::Refused(Error::Refused(sentence.to_owned())));
        }
        store::key::update(txn, &key)?;
        store::insert(txn, &entry)?;
        Ok(key)
    };
    let key = app.store().commit(work).await?;
    app.reload_keys()?;
    Ok(key)
}

fn not_found(id: KeyId) -> Error {
    Rejection::not_found("Key", id).into()
}
