//! Users, for operators.

use serde::Serialize;
use switchboard_domain::bounds::USER_NAME_CHARS;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::text::EmailAddress;
use switchboard_domain::user::User;
use utoipa::ToSchema;

use super::{Ask, created, ok};
use crate::app;
use crate::http::body::{self, Fields, Read, chars, text};
use crate::http::{Failure, Reply};

/// Users of a list.
const LISTED_MAX: usize = 1_000;

/// A new user.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminUserBody, example = json!({
    "email": "owner@kowalski.example", "name": "Jana Kowalska"
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct UserBody {
    /// Nobody else's, whatever the case.
    #[schema(min_length = 1, max_length = 254, format = "idn-email")]
    email: String,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

/// Somebody with an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminUser, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000022",
    "email": "owner@kowalski.example",
    "name": "Jana Kowalska",
    "createdAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct UserView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(format = "idn-email")]
    email: String,
    name: String,
    #[schema(format = "date-time")]
    created_at: String,
}

fn view(user: &User) -> UserView {
    UserView {
        id: user.id.to_string(),
        email: user.email.as_str().to_owned(),
        name: user.name.clone(),
        created_at: user.created_at.to_string(),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&app::user::list(ask.app, LISTED_MAX)?.iter().map(view).collect::<Vec<_>>())
}

pub(super) async fn create(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let (email, name) = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
    created(&view(&app::user::create(ask.app, email, name).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<(EmailAddress, String)> {
    let email = fields.required("email", text(EmailAddress::parse));
    let name = fields.required("name", chars(USER_NAME_CHARS));
    Ok((email?, name?))
}

pub(super) async fn delete(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::user::delete(ask.app, ask.id()?).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<UserBody, _>(read, &[]);
    }
}
