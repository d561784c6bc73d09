//! Companies for operators.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::bounds;
use switchboard_domain::company::Company;
use switchboard_domain::id::AtsId;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::usage::Quantity;
use utoipa::ToSchema;

use super::{Ask, ok};
use crate::app;
use crate::app::PageRequest;
use crate::app::company::CompanyChange;
use crate::http::body::{self, Fields, Read, text, whole};
use crate::http::schema::Decimal;
use crate::http::{Failure, Reply, schema};

/// So many are listed at the most; more is a question for the partners' API with its pages.
const LISTED_MAX: usize = 1000;

/// What changes of a company; what is not sent stays.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminCompanyChangeBody, example = json!({
    "billingSystem": "minutes", "usageLimit": 1500.5, "callsAtOnce": 20
}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct CompanyChangeBody {
    #[schema(schema_with = schema::billing_system)]
    billing_system: Option<String>,
    /// In the billing system's unit, a calendar month, at most three decimal places; null lifts it.
    #[schema(minimum = 0)]
    usage_limit: Option<f64>,
    /// How many of its calls may be in progress at once: 20 unless it is set; 0 calls nobody, null takes it back.
    #[schema(minimum = 0, maximum = 1000)]
    calls_at_once: Option<u32>,
}

/// A company as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminCompany, example = json!({
    "id": "01960e6a-7c00-7000-8000-000000000005",
    "atsId": "01960e6a-7c00-7000-8000-000000000011",
    "name": "Kowalski Logistics",
    "billingSystem": "minutes",
    "usageLimit": 1500.5,
    "callsAtOnce": 20,
    "createdAt": "2026-04-02T08:00:00.000Z",
    "updatedAt": "2026-04-02T08:00:00.000Z"
}))]
pub struct CompanyView {
    #[schema(format = "uuid")]
    id: String,
    #[schema(format = "uuid")]
    ats_id: String,
    name: String,
    #[schema(schema_with = schema::billing_system)]
    billing_system: &'static str,
    /// In the billing system's unit, a calendar month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = f64)]
    usage_limit: Option<Decimal>,
    /// How many of its calls may be in progress at once.
    calls_at_once: u32,
    #[schema(format = "date-time")]
    created_at: String,
    #[schema(format = "date-time")]
    updated_at: String,
}

fn view(company: &Company) -> CompanyView {
    CompanyView {
        id: company.id.to_string(),
        ats_id: company.ats_id.to_string(),
        name: company.name.clone(),
        billing_system: company.billing_system.as_str(),
        usage_limit: company.usage_limit_thousandths.map(Quantity::from).map(Decimal),
        calls_at_once: company.calls_at_once(),
        created_at: company.created_at.to_string(),
        updated_at: company.updated_at.to_string(),
    }
}

/// A decimal number of at most three places, as thousandths.
fn thousandths(value: &Value) -> Result<u64, Flaw> {
    let flaw = || Flaw::invalid("must be a number of 0 or more with at most three decimal places");
    let text = value.as_number().ok_or_else(flaw)?.to_string();
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let whole: u64 = whole.parse().map_err(|_| flaw())?;
    if 3 < rest.len() || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(flaw());
    }
    let rest: u64 = format!("{rest:0<3}").parse().map_err(|_| flaw())?;
    whole.checked_mul(1000).and_then(|whole| whole.checked_add(rest)).ok_or_else(flaw)
}

pub(super) fn list(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let mut problems = Problems::default();
    let ats_id = ask.request.query.id::<AtsId>("atsId", &mut problems);
    Ask::refuse(problems)?;
    let page = app::company::list_all(ask.app, ats_id, &PageRequest::first(LISTED_MAX))?;
    ok(&page.items.iter().map(view).collect::<Vec<_>>())
}

pub(super) fn get(ask: &Ask<'_>) -> Result<Reply, Failure> {
    ok(&view(&app::company::show(ask.app, ask.id()?)?))
}

pub(super) async fn update(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let id = ask.id()?;
    let body = ask.request.json_or_empty()?;
    let mut change = body::read(&body, read).map_err(Rejection::Invalid)?;
    if body.get("usageLimit").is_some_and(Value::is_null) {
        change.usage_limit_thousandths = Some(None);
    }
    if body.get("callsAtOnce").is_some_and(Value::is_null) {
        change.calls_at_once = Some(None);
    }
    ok(&view(&app::company::update(ask.app, id, change, ask.actor()?).await?))
}

fn read(fields: &mut Fields<'_>) -> Read<CompanyChange> {
    let billing_system = fields.optional("billingSystem", text(BillingSystem::parse));
    let limit = fields.optional("usageLimit", thousandths);
    let calls_at_once = fields.optional("callsAtOnce", whole(bounds::CALLS_AT_ONCE));
    Ok(CompanyChange {
        billing_system: billing_system?,
        usage_limit_thousandths: limit?.map(Some),
        calls_at_once: calls_at_once?.map(Some),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schema_is_the_readers() {
        crate::http::schema::drift::assert_alike::<CompanyChangeBody, _>(read, &[]);
    }

    #[test]
    fn thousandths_are_exact_both_ways() {
        for (number, expected) in [(json!(0), 0), (json!(1.5), 1500), (json!(12), 12_000), (json!(0.001), 1)]
        {
            assert_eq!(thousandths(&number).unwrap(), expected);
            assert_eq!(Quantity::from(expected).to_string(), number.to_string());
        }
        for bad in [json!(-1), json!("1"), json!(0.0001), json!(1e300), json!(null)] {
            assert!(thousandths(&bad).is_err(), "{bad}");
        }
    }
}
