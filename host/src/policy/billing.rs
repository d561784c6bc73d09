//! The adapter of `switchboard:billing@0.1.0`: the domain's facts as the plugin sees them, the plugin's lines as the
//! domain's bill, and both as canonical JSON for the record.

use serde::{Deserialize, Serialize};
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::billing::{self as domain, Line, MonthSoFar};
use switchboard_domain::decision::PolicyName;
use switchboard_domain::time::Timestamp;
use wasmtime::component::{ComponentType, Lift, Lower};

use super::Error;
use super::adapter::{Policy, id};
use super::wit::{WitAgentFocus, WitAgentType, canonical, wit_enum};

/// What does a finished call cost, in minutes or credits?
#[derive(Debug, Clone, Copy)]
pub struct Billing;

wit_enum! {
    /// `billing-system`
    WitBillingSystem of BillingSystem { Minutes = "minutes", Credits = "credits" }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitMonthSoFar {
    #[component(name = "calls")]
    calls: u64,
    #[component(name = "call-seconds")]
    call_seconds: u64,
    #[component(name = "quantity-thousandths")]
    quantity_thousandths: u64,
}

/// What the plugin sees.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitFacts {
    #[component(name = "now-ms")]
    now_ms: i64,
    #[component(name = "ats-id")]
    ats_id: String,
    #[component(name = "company-id")]
    company_id: String,
    #[component(name = "interview-id")]
    interview_id: String,
    #[component(name = "agent-type")]
    agent_type: WitAgentType,
    #[component(name = "agent-focus")]
    agent_focus: WitAgentFocus,
    #[component(name = "agent-duration-minutes")]
    agent_duration_minutes: u32,
    #[component(name = "call-seconds")]
    call_seconds: u32,
    #[component(name = "finished-at-ms")]
    finished_at_ms: i64,
    #[component(name = "retry-number")]
    retry_number: u32,
    #[component(name = "billing-system")]
    billing_system: WitBillingSystem,
    #[component(name = "month-so-far")]
    month_so_far: WitMonthSoFar,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Serialize)]
#[component(record)]
#[serde(rename_all = "kebab-case")]
pub struct WitLine {
    #[component(name = "cost-key")]
    cost_key: String,
    #[component(name = "quantity-thousandths")]
    quantity_thousandths: u64,
}

/// What the plugin says.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Serialize)]
#[component(record)]
pub struct WitDecision {
    #[component(name = "lines")]
    lines: Vec<WitLine>,
}

canonical!(WitMonthSoFar as "month-so-far" {
    "call-seconds" => call_seconds,
    "calls" => calls,
    "quantity-thousandths" => quantity_thousandths,
});

canonical!(WitFacts as "facts" {
    "agent-duration-minutes" => agent_duration_minutes,
    "agent-focus" => agent_focus,
    "agent-type" => agent_type,
    "ats-id" => ats_id,
    "billing-system" => billing_system,
    "call-seconds" => call_seconds,
    "company-id" => company_id,
    "finished-at-ms" => finished_at_ms,
    "interview-id" => interview_id,
    "month-so-far" => month_so_far,
    "now-ms" => now_ms,
    "retry-number" => retry_number,
});

impl Policy for Billing {
    const NAME: PolicyName = PolicyName::Billing;
    type Facts = domain::Facts;
    type Verdict = domain::Verdict;
    type Seen = WitFacts;
    type Said = WitDecision;

    fn granted(facts: &domain::Facts, _grants: &[String]) -> WitFacts {
        let MonthSoFar { calls, call_seconds, quantity_thousandths } = facts.month_so_far;
        WitFacts {
            now_ms: facts.now.unix_millis(),
            ats_id: facts.ats_id.to_string(),
            company_id: facts.company_id.to_string(),
            interview_id: facts.interview_id.to_string(),
            agent_type: facts.agent_type.into(),
            agent_focus: facts.agent_focus.into(),
            agent_duration_minutes: facts.agent_duration_minutes,
            call_seconds: facts.call_seconds,
            finished_at_ms: facts.finished_at.unix_millis(),
            retry_number: facts.retry_number,
            billing_system: facts.billing_system.into(),
            month_so_far: WitMonthSoFar { calls, call_seconds, quantity_thousandths },
        }
    }

    /// There is nothing to grant: every release sees the same.
    fn narrowed(seen: WitFacts, _grants: &[String]) -> WitFacts {
        seen
    }

    fn to_checkable(seen: &WitFacts) -> Result<domain::Facts, Error> {
        let WitMonthSoFar { calls, call_seconds, quantity_thousandths } = seen.month_so_far;
        Ok(domain::Facts {
            now: Timestamp::from_unix_millis(seen.now_ms),
            ats_id: id("ats-id", &seen.ats_id)?,
            company_id: id("company-id", &seen.company_id)?,
            interview_id: id("interview-id", &seen.interview_id)?,
            agent_type: seen.agent_type.into(),
            agent_focus: seen.agent_focus.into(),
            agent_duration_minutes: seen.agent_duration_minutes,
            call_seconds: seen.call_seconds,
            finished_at: Timestamp::from_unix_millis(seen.finished_at_ms),
            retry_number: seen.retry_number,
            billing_system: seen.billing_system.into(),
            month_so_far: MonthSoFar { calls, call_seconds, quantity_thousandths },
        })
    }

    fn seen_bytes(seen: &WitFacts) -> usize {
        [&seen.ats_id, &seen.company_id, &seen.interview_id].into_iter().map(String::len).sum()
    }

    fn said_bytes(said: &WitDecision) -> usize {
        // A line without a key is not nothing.
        said.lines
            .iter()
            .fold(0_usize, |bytes, line| bytes.saturating_add(line.cost_key.len()).saturating_add(8))
    }

    fn check(said: WitDecision, facts: &domain::Facts) -> Result<domain::Verdict, String> {
        let lines = said.lines.into_iter();
        let lines = lines
            .map(|line| Line { cost_key: line.cost_key, quantity_thousandths: line.quantity_thousandths });
        domain::check(lines.collect(), facts)
    }
}
