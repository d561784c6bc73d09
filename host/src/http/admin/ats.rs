//! ATSs for operators.

use serde::Serialize;
use switchboard_domain::ats::{Ats, BillingSystem, Mode};
use switchboard_domain::bounds;
use switchboard_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::{Ask, created, ok};
use crate::app;
use crate::app::ats::{AtsChange, NewAts};
use crate::http::body::{self, Fields, Read, chars, flag, text};
use crate::http::{Failure, Reply, schema};

/// What a new ATS is made of.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminAtsBody, example = json!({
    "name": "Harbour", "mode": "live", "billingSystem": "minutes", "zuluIsOffset": false
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct AtsBody {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// For ever; `live` when not sent. Keys are of their ATS's mode.
    #[schema(schema_with = schema::ats_mode)]
    mode: Option<String>,
    /// What its new companies are billed in; `minutes` when not sent.
    #[schema(schema_with = schema::billing_system)]
    billing_system: Option<String>,
    /// Whether `Z` in a timestamp is read as the written offset `+00:00`; `false` when not sent.
    zulu_is_offset: Option<bool>,
}

/// What changes of an ATS; what is not sent stays.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminAtsChangeBody, example = json!({
    "name": "Harbour", "billingSystem": "credits", "zuluIsOffset": true
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct AtsChangeBody {
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// What its new companies are billed in.
    #[schema(schema_with = schema::billing_system)]
    billing_system: Option<String>,
    zulu_is_offset: Option<bool>,
}

/// An applicant tracking system that integrates.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminAts, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000011",
    "name": "Harbour",
    "mode": "live",
    "billingSystem": "minutes",
    "zuluIsOffset": false,
    "createdAt": "2026-04-02T08:00:00.000Z",
    "updatedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct AtsView {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    #[schema(schema_with = schema::ats_mode)]
    mode: &'static str,
    /// What its new companies are billed in.
    #[schema(schema_with = schema::billing_system)]
    billing_system: &'static str,
    /// Whether `Z` in a timestamp is read as the written offset `+00:00`.
    zulu_is_offset: bool,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
}

fn view(ats: &Ats) -> AtsView {
    AtsView {
        id: ats.id.to_string(),
        name: ats.name.clone(),
        mode: ats.mode.as_str(),
        billing_system: ats.billing_system.as_str(),
        zulu_is_offset: ats.zulu_is_offset,
        created_at: ats.created_at.to_string(),
        updated_at: ats.updated_at.to_string(),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let all = app::ats::list(ask.app)?;
    ok(&all.iter().map(view).collect::<Vec<_>>())
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::ats::get(ask.app, ask.id()?)?))
}

pub(super) async fn create(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let new = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
    created(&view(&app::ats::create(ask.app, new, ask.actor()?).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<NewAts> {
    let name = fields.required("name", chars(bounds::OPERATOR_NAME_CHARS));
    let mode = fields.optional("mode", text(Mode::parse));
    let billing_system = fields.optional("billingSystem", text(BillingSystem::parse));
    let zulu_is_offset = fields.optional("zuluIsOffset", flag);
    Ok(NewAts {
        name: name?,
        mode: mode?.unwrap_or(Mode::Live),
        billing_system: billing_system?.unwrap_or(BillingSystem::Minutes),
        zulu_is_offset: zulu_is_offset?.unwrap_or(false),
    })
}

pub(super) async fn update(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let id = ask.id()?;
    let change = body::read(&ask.request.json_or_empty()?, read_change).map_err(Rejection::Invalid)?;
    ok(&view(&app::ats::update(ask.app, id, change, ask.actor()?).await?))
}

fn read_change(fields: &mut Fields<'_>) -> Read<AtsChange> {
    let name = fields.optional("name", chars(bounds::OPERATOR_NAME_CHARS));
    let billing_system = fields.optional("billingSystem", text(BillingSystem::parse));
    let zulu_is_offset = fields.optional("zuluIsOffset", flag);
    Ok(AtsChange { name: name?, billing_system: billing_system?, zulu_is_offset: zulu_is_offset? })
}

pub(super) async fn delete(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::ats::delete(ask.app, ask.id()?, ask.actor()?).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schemas_are_the_readers() {
        drift::assert_alike::<AtsBody, _>(read, &[]);
        drift::assert_alike::<AtsChangeBody, _>(read_change, &[]);
    }
}
