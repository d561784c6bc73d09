//! Whether the process serves, on either listener.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Object;

use super::schema;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health, example = json!({"status": "ok"}))]
pub struct HealthView {
    #[schema(schema_with = health)]
    status: &'static str,
}

impl HealthView {
    /// What is said for as long as anything is.
    pub const OK: Self = Self { status: "ok" };
}

fn health() -> Object {
    schema::one_of([HealthView::OK.status])
}

/// Each dependency by name.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminReadiness, example = json!({"status": "ready", "store": "ok", "listeners": "ok"}))]
pub struct ReadinessView {
    #[schema(schema_with = readiness)]
    status: &'static str,
    /// `ok`, or why it can write no more.
    store: String,
    /// `ok`, or `draining`.
    listeners: &'static str,
}

fn readiness() -> Object {
    schema::one_of([READY, NOT_READY])
}

const READY: &str = "ready";
const NOT_READY: &str = "not ready";

impl ReadinessView {
    /// Of a store that failed or not, and listeners that take requests or not.
    #[must_use]
    pub fn of(store_failure: Option<String>, is_draining: bool) -> Self {
        let is_ready = store_failure.is_none() && !is_draining;
        Self {
            status: if is_ready { READY } else { NOT_READY },
            store: store_failure.unwrap_or_else(|| "ok".to_owned()),
            listeners: if is_draining { "draining" } else { "ok" },
        }
    }

    /// Whether nothing is amiss.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.status == READY
    }
}
