//! Companies for operators.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::bounds;
use switchboard_domain::company::Company;
use switchboard_domain::id::AtsId;
use switchboard_domain::problem::{Flaw, Problems};
use switchboard_domain::rejection::Rejection;
use utoipa::ToSchema;

use super::{Ask, ok};
use crate::app;
use crate::app::PageRequest;
use crate::app::company::CompanyChange;
use crate::http::body::{self, text, whole};
use crate::http::{Failure, Reply};

/// So many are listed at the most; more is a question for the partners' API with its pages.
const LISTED_MAX: usize = 1000;

/// A company as operators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminCompany)]
pub struct CompanyView {
    id: String,
    ats_id: String,
    name: String,
    billing_system: &'static str,
    /// In the billing system's unit, a calendar month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    usage_limit: Option<serde_json::Number>,
    /// How many of its calls may be in progress at once.
    calls_at_once: u32,
    created_at: String,
    updated_at: String,
}

fn view(company: &Company) -> CompanyView {
    CompanyView {
        id: company.id.to_string(),
        ats_id: company.ats_id.to_string(),
        name: company.name.clone(),
        billing_system: company.billing_system.as_str(),
        usage_limit: company.usage_limit_thousandths.and_then(decimal),
        calls_at_once: company.calls_at_once(),
        created_at: company.created_at.to_string(),
        updated_at: company.updated_at.to_string(),
    }
}

/// Thousandths as a decimal number: 1500 is 1.5.
fn decimal(thousandths: u64) -> Option<serde_json::Number> {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let text = format!("{whole}.{rest:03}");
    serde_json::from_str(text.trim_end_matches('0').trim_end_matches('.')).ok()
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
    let lifts = body.get("usageLimit").is_some_and(Value::is_null);
    let resets = body.get("callsAtOnce").is_some_and(Value::is_null);
    let change = body::read(&body, |fields| {
        let billing_system = fields.optional("billingSystem", text(BillingSystem::parse));
        let limit = fields.optional("usageLimit", thousandths);
        let calls_at_once = fields.optional("callsAtOnce", whole(bounds::CALLS_AT_ONCE));
        let limit = if lifts { Some(None) } else { limit?.map(Some) };
        Ok(CompanyChange {
            billing_system: billing_system?,
            usage_limit_thousandths: limit,
            calls_at_once: if resets { Some(None) } else { calls_at_once?.map(Some) },
        })
    });
    ok(&view(&app::company::update(ask.app, id, change.map_err(Rejection::Invalid)?).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn thousandths_are_exact_both_ways() {
        for (number, expected) in [(json!(0), 0), (json!(1.5), 1500), (json!(12), 12_000), (json!(0.001), 1)]
        {
            assert_eq!(thousandths(&number).unwrap(), expected);
            assert_eq!(Value::Number(decimal(expected).unwrap()), number);
        }
        for bad in [json!(-1), json!("1"), json!(0.0001), json!(1e300), json!(null)] {
            assert!(thousandths(&bad).is_err(), "{bad}");
        }
    }
}
