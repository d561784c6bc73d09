//! Who changed what, for operators.

use serde::Serialize;
use switchboard_domain::audit::{Action, AuditEntry};
use switchboard_domain::problem::Problems;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::decision::{LISTED_DEFAULT, limit, moment};
use super::{Ask, ok};
use crate::app;
use crate::app::audit::Wanted;
use crate::http::{Failure, Reply, schema};

/// One change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminAuditEntry, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000014",
    "at": "2026-04-02T08:00:00.000Z",
    "actor": "m.nowak",
    "action": "release.activate",
    "subjects": ["default/job-resolution", "rel_01960e6a7c0070008000000000000009"]
}))]
pub struct AuditView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(format = "date-time")]
    at: String,
    /// Who, as they call themselves; `switchboard` for what happened by itself.
    actor: String,
    #[schema(schema_with = actions)]
    action: &'static str,
    /// Ids, slots and digests of what was changed.
    subjects: Vec<String>,
}

fn actions() -> Object {
    schema::one_of(Action::ALL.iter().map(|action| action.as_str()))
}

fn view(entry: &AuditEntry) -> AuditView {
    AuditView {
        id: entry.id.to_string(),
        at: entry.at.to_string(),
        actor: entry.actor.clone(),
        action: entry.action.as_str(),
        subjects: entry.subjects.clone(),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let query = &ask.request.query;
    let wanted = Wanted {
        since: query.read("since", &mut problems, moment),
        actor: query.text("actor", &mut problems).map(str::to_owned),
    };
    let limit = query.read("limit", &mut problems, limit).unwrap_or(LISTED_DEFAULT);
    Ask::refuse(problems)?;
    let entries = app::audit::list(ask.app, &wanted, limit)?;
    ok(&entries.iter().map(view).collect::<Vec<_>>())
}
