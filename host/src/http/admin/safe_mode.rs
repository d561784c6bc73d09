//! Safe mode for operators.

use serde::Serialize;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::safe_mode::SafeMode;
use utoipa::ToSchema;

use super::{Ask, ok};
use crate::app;
use crate::http::body::{self, Fields, Read, chars, flag};
use crate::http::{Failure, Reply};

/// On or off; everywhere unless a slot is named.
#[derive(Debug, ToSchema)]
#[schema(as = AdminSafeModeBody, example = json!({"on": true, "slot": "default/job-resolution"}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct SafeModeBody {
    on: bool,
    /// `ATS/POLICY` or `default/POLICY`; the ATS by id, or by name where that is unique.
    #[schema(min_length = 1, max_length = 250)]
    slot: Option<String>,
}

/// Where only the standard plugin answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminSafeMode, example = json!({"everywhere": false, "slots": ["default/job-resolution"]}))]
pub struct SafeModeView {
    everywhere: bool,
    slots: Vec<String>,
}

fn view(safe: &SafeMode) -> SafeModeView {
    SafeModeView { everywhere: safe.everywhere, slots: safe.slots.iter().map(ToString::to_string).collect() }
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::safe_mode::show(ask.app)?))
}

pub(super) async fn set(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let (on, slot) = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
    let slot = slot.map(|slot| app::release::slot_named(ask.app, &slot)).transpose()?;
    ok(&view(&app::safe_mode::set(ask.app, slot, on, ask.actor()?).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<(bool, Option<String>)> {
    let on = fields.required("on", flag);
    let slot = fields.optional("slot", chars(1..=250));
    Ok((on?, slot?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<SafeModeBody, _>(read, &[]);
    }
}
