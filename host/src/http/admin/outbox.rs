//! What waits to leave, for operators: why it is still there, again or never.

use serde::Serialize;
use switchboard_domain::event::Effect;
use switchboard_domain::invitation::Invitation;
use switchboard_domain::problem::Problems;
use utoipa::ToSchema;

use super::{Ask, ok};
use crate::app;
use crate::app::outbox::Waiting;
use crate::http::{Failure, Reply};

/// Rows of a list. Whoever has more dead ones has one cause for all of them.
pub(super) const LISTED_MAX: usize = 1_000;

/// Something that waits to leave.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminOutboxRow, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000021",
    "kind": "invitation",
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "to": "owner@kowalski.example",
    "since": "2026-04-02T08:00:00.000Z",
    "tries": 1,
    "triedAt": "2026-04-02T08:00:01.000Z",
    "nextAt": "2026-04-02T08:00:06.000Z",
    "dead": false,
    "reason": "Connection error: Connection refused (os error 111)"
}))]
pub struct OutboxRowView {
    #[schema(format = "uuid")]
    id: String,
    /// `invitation` is a mail; `owner-onboarding` is an owner's address that is not decided upon.
    #[schema(schema_with = kinds)]
    kind: &'static str,
    #[schema(format = "uuid")]
    company_id: String,
    /// Where the mail goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "idn-email")]
    to: Option<String>,
    /// Since when it waits.
    #[schema(format = "date-time")]
    since: String,
    /// How often it failed.
    tries: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    tried_at: Option<String>,
    /// When it is tried again; absent when it is due, or dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = "date-time")]
    next_at: Option<String>,
    /// Whether it waits for an operator.
    dead: bool,
    /// Why it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    reason: Option<String>,
}

const INVITATION: &str = "invitation";
const OWNER_ONBOARDING: &str = "owner-onboarding";

fn kinds() -> utoipa::openapi::schema::Object {
    crate::http::schema::one_of([INVITATION, OWNER_ONBOARDING])
}

fn view(waiting: &Waiting) -> OutboxRowView {
    let Waiting { row, tried, invitation } = waiting;
    let to = |invitation: &Invitation| invitation.email.as_str().to_owned();
    OutboxRowView {
        id: row.id.to_string(),
        kind: match row.effect {
            Effect::Invitation(_) => INVITATION,
            Effect::OwnerOnboarding => OWNER_ONBOARDING,
        },
        company_id: row.company_id.to_string(),
        to: invitation.as_ref().map(to),
        since: row.at.to_string(),
        tries: tried.as_ref().map_or(0, |tried| tried.tries),
        tried_at: tried.as_ref().map(|tried| tried.tried_at.to_string()),
        next_at: tried.as_ref().and_then(|tried| tried.next_at).map(|at| at.to_string()),
        dead: tried.as_ref().is_some_and(switchboard_domain::outbox::OutboxTry::is_dead),
        reason: tried.as_ref().map(|tried| tried.reason.clone()),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let is_dead = ask.request.query.flag("dead", &mut problems);
    Ask::refuse(problems)?;
    let rows = app::outbox::list(ask.app, is_dead, LISTED_MAX)?;
    ok(&rows.iter().map(view).collect::<Vec<_>>())
}

pub(super) async fn retry(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::outbox::retry(ask.app, ask.id()?).await?))
}

pub(super) async fn drop_row(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::outbox::drop_row(ask.app, ask.id()?).await?))
}
