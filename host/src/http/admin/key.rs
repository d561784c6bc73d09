//! API keys for operators. The plain key is in the answer that makes it, and nowhere else.

use serde::Serialize;
use switchboard_domain::bounds;
use switchboard_domain::key::{Key, KeyKind, Reach, Scope, parse_network};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object};

use super::{Ask, created, ok};
use crate::app;
use crate::app::key::{KeyFor, NewKey};
use crate::http::body::{self, Fields, Read, chars, id, text, whole};
use crate::http::{Failure, Reply, schema};

/// What a new key is made of.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminKeyBody, example = json!({
    "kind": "ats",
    "atsId": "01960e6a-7c00-7000-8000-000000000011",
    "name": "Harbour, production",
    "scopes": ["read:jobs", "write:jobs"],
    "expiresAt": "2027-04-02T08:00:00Z",
    "allowedIPs": ["203.0.113.0/24"],
    "ratePerMinute": 120,
    "ratePerHour": 5000
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct KeyBody {
    #[schema(schema_with = schema::key_kind)]
    kind: String,
    /// The ATS that it reaches: required for `ats`; without it a `worker` key is for the installation.
    #[schema(format = "uuid")]
    ats_id: Option<String>,
    /// The company that it reaches: required for `company`.
    #[schema(format = "uuid")]
    company_id: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// All of its kind when not sent.
    #[schema(schema_with = scopes)]
    scopes: Option<Vec<String>>,
    /// With an offset, such as `Z`.
    #[schema(format = "future-time")]
    expires_at: Option<String>,
    /// Addresses and CIDR blocks; from everywhere when not sent.
    #[schema(rename = "allowedIPs", max_items = 100)]
    allowed_ips: Option<Vec<String>>,
    /// 0 is no limit; 60 when not sent, 0 for a `worker`.
    #[schema(minimum = 0)]
    rate_per_minute: Option<u32>,
    /// 0 is no limit; 2,000 when not sent, 0 for a `worker`.
    #[schema(minimum = 0)]
    rate_per_hour: Option<u32>,
}

/// Why a key is suspended.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminSuspensionBody, example = json!({"reason": "Invoice 17 is unpaid."}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct SuspensionBody {
    /// The partner reads it.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// A key without its secret, but in the answer that makes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminKey, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000012",
    "kind": "ats",
    "name": "Harbour, production",
    "atsId": "01960e6a-7c00-7000-8000-000000000011",
    "scopes": ["read:jobs", "write:jobs"],
    "status": "active",
    "expiresAt": "2027-04-02T08:00:00.000Z",
    "allowedIPs": ["203.0.113.0/24"],
    "ratePerMinute": 120,
    "ratePerHour": 5000,
    "createdAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct KeyView {
    #[schema(format = "uuid")]
    id: String,
    /// The key itself: only in the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    key: Option<String>,
    #[schema(schema_with = schema::key_kind)]
    kind: &'static str,
    name: String,
    /// The ATS that it reaches, or whose company it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    ats_id: Option<String>,
    /// The only company that it reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "uuid")]
    company_id: Option<String>,
    #[schema(schema_with = scopes)]
    scopes: Vec<&'static str>,
    #[schema(schema_with = statuses)]
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    suspended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    suspension_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    revoked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    expires_at: Option<String>,
    /// Addresses and CIDR blocks; empty: from everywhere.
    #[serde(rename = "allowedIPs")]
    allowed_ips: Vec<String>,
    /// 0 is no limit.
    rate_per_minute: u32,
    /// 0 is no limit.
    rate_per_hour: u32,
    #[schema(format = "date-time")]
    created_at: String,
}

fn scopes() -> Array {
    let most = Scope::ALL.len();
    ArrayBuilder::new().items(schema::scope()).max_items(Some(most)).build()
}

fn statuses() -> Object {
    schema::one_of(["active", "suspended", "expired", "revoked"])
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
    let (key, secret) = app::key::create(ask.app, new, ask.actor()?).await?;
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
    let reason = body::read(&ask.request.json()?, read_reason).map_err(Rejection::Invalid)?;
    let key = app::key::suspend(ask.app, key_id, reason, ask.actor()?).await?;
    ok(&view(&key, ask.request.now))
}

fn read_reason(fields: &mut Fields<'_>) -> Read<String> {
    fields.required("reason", chars(bounds::SUSPENSION_REASON_CHARS))
}

pub(super) async fn resume(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::key::resume(ask.app, ask.id()?, ask.actor()?).await?, ask.request.now))
}

pub(super) async fn revoke(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::key::revoke(ask.app, ask.id()?, ask.actor()?).await?, ask.request.now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schemas_are_the_readers() {
        let of_a_company = json!({ "kind": "company", "companyId": "01960e6a-7c00-7000-8000-000000000005" });
        drift::assert_alike::<KeyBody, _>(read, &[of_a_company]);
        drift::assert_alike::<SuspensionBody, _>(read_reason, &[]);
    }
}
