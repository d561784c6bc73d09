//! The numbers that companies call from, for operators.

use serde::Serialize;
use switchboard_domain::id::CompanyId;
use switchboard_domain::phone_number::{CompanyPhoneNumber, PhoneNumber};
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::{Ask, created, ok};
use crate::app;
use crate::http::body::{self, id, text};
use crate::http::{Failure, Reply};

/// A number that a company's phone agents call from.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminPhoneNumber)]
pub struct PhoneNumberView {
    id: String,
    company_id: String,
    number: String,
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
    let new = body::read(&ask.request.json()?, |fields| {
        let company_id = fields.required("companyId", id::<CompanyId>);
        let number = fields.required("number", text(PhoneNumber::parse));
        Ok((company_id?, number?))
    });
    let (company_id, number) = new.map_err(Rejection::Invalid)?;
    created(&view(&app::phone_number::create(ask.app, company_id, number).await?))
}

pub(super) async fn delete(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::phone_number::delete(ask.app, ask.id()?).await?))
}
