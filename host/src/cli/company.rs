//! `company`: what operators see and set of the partners' customers.

use clap::Subcommand;

use super::ats::BillingSystem;
use super::failure::Failure;
use super::request::{Fields, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Company {
    /// All of them.
    List {
        /// Of this ATS only.
        #[arg(long, value_name = "ID")]
        ats: Option<String>,
    },
    /// One of them.
    Show { id: String },
    /// Changes how one is billed, and how much it calls at once.
    Update {
        id: String,
        /// What its calls are billed in from now on.
        #[arg(long)]
        billing_system: Option<BillingSystem>,
        /// What it may use in a calendar month, in its unit; `none` takes the limit away.
        #[arg(long, value_name = "N", value_parser = usage_limit)]
        usage_limit: Option<serde_json::Value>,
        /// How many of its calls may be in progress at once, 0 to 1000; `default` is 20.
        #[arg(long, value_name = "N", value_parser = calls_at_once)]
        calls_at_once: Option<serde_json::Value>,
    },
}

impl Company {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::List { ats } => Request::get(&["companies"]).query(&[("atsId", ats.as_deref())]),
            Self::Show { id } => Request::get(&["companies", id]),
            Self::Update { id, billing_system, usage_limit, calls_at_once } => Request::patch(
                &["companies", id],
                Fields::new()
                    .with("billingSystem", billing_system.map(BillingSystem::as_str))
                    .with("usageLimit", usage_limit.clone())
                    .with("callsAtOnce", calls_at_once.clone()),
            ),
        })
    }
}

/// A number of calls as JSON, or `null`.
fn calls_at_once(text: &str) -> Result<serde_json::Value, String> {
    if text == "default" {
        return Ok(serde_json::Value::Null);
    }
    text.parse::<u32>()
        .map(serde_json::Value::from)
        .map_err(|_| "must be a whole number, or default".to_owned())
}

/// A quantity as JSON, exactly as it was written, or `null`.
fn usage_limit(text: &str) -> Result<serde_json::Value, String> {
    if text == "none" {
        return Ok(serde_json::Value::Null);
    }
    text.parse::<serde_json::Number>()
        .ok()
        .filter(|number| number.as_f64().is_some_and(|number| number >= 0.0))
        .map(serde_json::Value::Number)
        .ok_or_else(|| "must be a number from 0, or none".to_owned())
}
