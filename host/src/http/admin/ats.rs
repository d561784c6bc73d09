//! ATSs for operators.

use serde::Serialize;
use switchboard_domain::ats::{Ats, BillingSystem, Mode};
use switchboard_domain::bounds;
use switchboard_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::{Ask, created, ok};
use crate::app;
use crate::app::ats::{AtsChange, NewAts};
use crate::http::body::{self, chars, flag, text};
use crate::http::{Failure, Reply};

/// An applicant tracking system that integrates.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminAts)]
pub struct AtsView {
    id: String,
    name: String,
    mode: &'static str,
    billing_system: &'static str,
    zulu_is_offset: bool,
    created_at: String,
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
    let new = body::read(&ask.request.json()?, |fields| {
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
    });
    created(&view(&app::ats::create(ask.app, new.map_err(Rejection::Invalid)?).await?))
}

pub(super) async fn update(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let id = ask.id()?;
    let change = body::read(&ask.request.json_or_empty()?, |fields| {
        let name = fields.optional("name", chars(bounds::OPERATOR_NAME_CHARS));
        let billing_system = fields.optional("billingSystem", text(BillingSystem::parse));
        let zulu_is_offset = fields.optional("zuluIsOffset", flag);
        Ok(AtsChange { name: name?, billing_system: billing_system?, zulu_is_offset: zulu_is_offset? })
    });
    ok(&view(&app::ats::update(ask.app, id, change.map_err(Rejection::Invalid)?).await?))
}

pub(super) async fn delete(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::ats::delete(ask.app, ask.id()?).await?))
}
