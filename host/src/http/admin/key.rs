//! API keys for operators. The plain key is in the answer that makes it, and nowhere else.

use serde::Serialize;
use switchboard_domain::bounds;
use switchboard_domain::key::{Key, KeyKind, Reach, Scope, parse_network};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;

use super::{Ask, created, ok};
use crate::app;
use crate::app::key::{KeyFor, NewKey};
use crate::http::body::{self, Fields, Read, chars, id, text, whole};
use crate::http::{Failure, Reply};

/// A key without its secret, but in the answer that makes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminKey)]
pub struct KeyView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ats_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_id: Option<String>,
    scopes: Vec<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspension_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(rename = "allowedIPs")]
    allowed_ips: Vec<String>,
    rate_per_minute: u32,
    rate_per_hour: u32,
    created_at: String,
}

fn view(key: &Key, now: Timestamp) -> KeyView {
    let company_id = match key.reach {
        Reach::Company(_, company_id) => Some(company_id.to_string()),
        Reach::Ats(_) | Reach::Worker(_) => None,
    };
    KeyView {
        id: key.id.to_string(),
        key: None,
        kind: key.kind().as_str(),
        name: key.name.clone(),
        ats_id: key.reach.ats_id().map(|id| id.to_string()),
        company_id,
        scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
        status: status(key, now),
        suspended_at: key.suspension.as_ref().map(|suspension| suspension.at.to_string()),
        suspension_reason: key.suspension.as_ref().map(|suspension| suspension.reason.clone()),
        revoked_at: key.revoked_at.map(|at| at.to_string()),
        expires_at: key.expires_at.map(|at| at.to_string()),
        allowed_ips: key.allowed_ips.iter().map(ToString::to_string).collect(),
        rate_per_minute: key.rate_per_minute,
        rate_per_hour: key.rate_per_hour,
        created_at: key.created_at.to_string(),
    }
}

fn status(key: &Key, now: Timestamp) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.is_expired(now) {
        "expired"
    } else if key.suspension.is_some() {
        "suspended"
    } else {
        "active"
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let now = ask.request.now;
    let all = app::key::list(ask.app)?;
    ok(&all.iter().map(|key| view(key, now)).collect::<Vec<_>>())
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::key::get(ask.app, ask.id()?)?, ask.request.now))
}

pub(super) async fn create(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let new = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
    let (key, secret) = app::key::create(ask.app, new).await?;
    created(&KeyView { key: Some(secret.expose().to_owned()), ..view(&key, ask.request.now) })
}

fn read(fields: &mut Fields<'_>) -> Read<NewKey> {
    let key_for = key_for(fields);
    let name = fields.optional("name", chars(bounds::OPERATOR_NAME_CHARS));
    let scopes = fields.list("scopes", 0..=Scope::ALL.len(), text(Scope::parse));
    let expires_at = fields.optional("expiresAt", text(instant));
    let allowed_ips = fields.list("allowedIPs", 0..=bounds::ALLOWED_IPS_MAX, text(parse_network));
    let per_minute = fields.optional("ratePerMinute", whole(0..=u32::MAX));
    let per_hour = fields.optional("ratePerHour", whole(0..=u32::MAX));
    let key_for = key_for?;
    // Diallers wait and retry by the protocol; a limit would only delay calls (contract §1).
    let (minute_default, hour_default) = match key_for.kind() {
        KeyKind::Worker => (0, 0),
        KeyKind::Company | KeyKind::Ats => (bounds::RATE_PER_MINUTE_DEFAULT, bounds::RATE_PER_HOUR_DEFAULT),
    };
    Ok(NewKey {
        name: name?.unwrap_or_else(|| format!("{} key", key_for.kind())),
        key_for,
        scopes: scopes?.unwrap_or_default(),
        expires_at: expires_at?,
        allowed_ips: allowed_ips?.unwrap_or_default(),
        rate_per_minute: per_minute?.unwrap_or(minute_default),
        rate_per_hour: per_hour?.unwrap_or(hour_default),
    })
}

fn key_for(fields: &mut Fields<'_>) -> Read<KeyFor> {
    let kind = fields.required("kind", text(KeyKind::parse))?;
    match kind {
        KeyKind::Ats => Ok(KeyFor::Ats(fields.required("atsId", id)?)),
        KeyKind::Company => Ok(KeyFor::Company(fields.required("companyId", id)?)),
        KeyKind::Worker => Ok(KeyFor::Worker(fields.optional("atsId", id)?)),
    }
}

fn instant(written: &str) -> Result<Timestamp, Flaw> {
    let time = WrittenTime::parse(written)?;
    time.instant().ok_or_else(|| Flaw::invalid("needs an offset, such as `Z`"))
}

pub(super) async fn suspend(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let key_id = ask.id()?;
    let reason = body::read(&ask.request.json()?, |fields| {
        fields.required("reason", chars(bounds::SUSPENSION_REASON_CHARS))
    });
    let key = app::key::suspend(ask.app, key_id, reason.map_err(Rejection::Invalid)?).await?;
    ok(&view(&key, ask.request.now))
}

pub(super) async fn resume(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::key::resume(ask.app, ask.id()?).await?, ask.request.now))
}

pub(super) async fn revoke(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::key::revoke(ask.app, ask.id()?).await?, ask.request.now))
}
