//! The numbers that companies call from, for operators.

use serde::Serialize;
use switchboard_domain::id::CompanyId;
use switchboard_domain::phone_number::{CompanyPhoneNumber, PhoneNumber};
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::{Ask, created, ok};
use crate::app;
use crate::http::body::{self, Fields, Read, id, text};
use crate::http::{Failure, Reply};

/// A number for a company.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminPhoneNumberBody, example = json!({
    "companyId": "01960e6a-7c00-7000-8000-000000000005", "number": "+48585550123"
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct PhoneNumberBody {
    #[schema(value_type = String, format = "uuid")]
    company_id: CompanyId,
    /// E.164.
    #[schema(example = "+48585550123", format = "phone-number", pattern = "^\\+[1-9][0-9]{3,14}$")]
    number: String,
}

/// A number that a company's phone agents call from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminPhoneNumber, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000003",
    "companyId": "01960e6a-7c00-7000-8000-000000000005",
    "number": "+48585550123",
    "createdAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct PhoneNumberView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(format = "uuid")]
    company_id: String,
    /// E.164.
    #[schema(format = "phone-number")]
    number: String,
    #[schema(format = "date-time")]
    created_at: String,
}

fn view(number: &CompanyPhoneNumber) -> PhoneNumberView {
    PhoneNumberView {
        id: number.id.to_string(),
        company_id: number.company_id.to_string(),
        number: number.number.as_str().to_owned(),
        created_at: number.created_at.to_string(),
    }
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let company_id = ask.request.query.id::<CompanyId>("companyId", &mut problems);
    Ask::refuse(problems)?;
    let company_id = company_id.ok_or_else(|| Failure::field("companyId", Flaw::missing()))?;
    let numbers = app::phone_number::list(ask.app, company_id)?;
    ok(&numbers.iter().map(view).collect::<Vec<_>>())
}

pub(super) async fn create(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let (company_id, number) = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
    created(&view(&app::phone_number::create(ask.app, company_id, number, ask.actor()?).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<(CompanyId, PhoneNumber)> {
    let company_id = fields.required("companyId", id::<CompanyId>);
    let number = fields.required("number", text(PhoneNumber::parse));
    Ok((company_id?, number?))
}

pub(super) async fn delete(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::phone_number::delete(ask.app, ask.id()?, ask.actor()?).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<PhoneNumberBody, _>(read, &[]);
    }
}
