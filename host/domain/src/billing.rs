//! What a finished call costs, in minutes or credits: what the policy is told, what it may answer, and the check of
//! that answer. Quantities are whole thousandths, so that parts sum to their totals; there is no float here.

use serde::{Deserialize, Serialize};

use crate::agent::{AgentFocus, AgentType};
use crate::ats::BillingSystem;
use crate::bounds::{BILL_LINES_MAX, BILL_THOUSANDTHS_MAX, COST_KEY_CHARS};
use crate::decision::{self, clip};
use crate::id::{AtsId, CompanyId, InterviewId};
use crate::time::Timestamp;

/// Field names that a release can be granted beyond the rest.
pub const GRANTS: [&str; 0] = [];

/// What is on a company's account already: its calls of the same calendar month (UTC) as the one that is asked about,
/// converted before it, in the same unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthSoFar {
    /// So many.
    pub calls: u64,
    /// So long, together.
    pub call_seconds: u64,
    /// At this cost, together.
    pub quantity_thousandths: u64,
}

/// Everything that the rule may know of a call that took place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The moment of the conversion.
    pub now: Timestamp,
    /// Whose slot decides.
    pub ats_id: AtsId,
    /// Who pays.
    pub company_id: CompanyId,
    /// For which interview.
    pub interview_id: InterviewId,
    /// The agent's.
    pub agent_type: AgentType,
    /// The agent's.
    pub agent_focus: AgentFocus,
    /// The agent's.
    pub agent_duration_minutes: u32,
    /// How long it lasted. At least 1.
    pub call_seconds: u32,
    /// When it ended: earlier than `now` when the conversion had to wait.
    pub finished_at: Timestamp,
    /// How many retries by policy it took.
    pub retry_number: u32,
    /// The company's unit.
    pub billing_system: BillingSystem,
    /// What a discount can depend on.
    pub month_so_far: MonthSoFar,
}

impl decision::Facts for Facts {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn ats_id(&self) -> AtsId {
        self.ats_id
    }

    fn company_id(&self) -> CompanyId {
        self.company_id
    }

    fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// `[a-z0-9_]`, 1 to 64 characters.
    pub cost_key: String,
    /// In thousandths of the billing system's unit.
    pub quantity_thousandths: u64,
}

/// A checked bill: at most 20 lines, no cost key twice. Without lines the call is free.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// As the plugin put them.
    pub lines: Vec<Line>,
    /// Their sum: at most 10^12, and the month's account still holds it.
    pub total_thousandths: u64,
}

/// Checks a plugin's lines, which are its whole answer.
///
/// # Errors
/// The sentence that says why the answer cannot be used.
pub fn check(lines: Vec<Line>, facts: &Facts) -> Result<Verdict, String> {
    if BILL_LINES_MAX < lines.len() {
        return Err(format!("the bill has {} lines, at most {BILL_LINES_MAX} are allowed", lines.len()));
    }
    let mut total_thousandths = 0_u64;
    for (place, line) in lines.iter().enumerate() {
        check_cost_key(&line.cost_key)?;
        if lines[..place].iter().any(|earlier| earlier.cost_key == line.cost_key) {
            return Err(format!("the cost key `{}` stands twice", line.cost_key));
        }
        // A sum that does not fit is too much in any case.
        total_thousandths = total_thousandths.saturating_add(line.quantity_thousandths);
    }
    if BILL_THOUSANDTHS_MAX < total_thousandths {
        return Err(format!(
            "the bill is of {total_thousandths} thousandths, at most {BILL_THOUSANDTHS_MAX} are allowed"
        ));
    }
    if facts.month_so_far.quantity_thousandths.checked_add(total_thousandths).is_none() {
        return Err("the company's account of the month cannot hold the bill".to_owned());
    }
    Ok(Verdict { lines, total_thousandths })
}

fn check_cost_key(cost_key: &str) -> Result<(), String> {
    let is_fine = COST_KEY_CHARS.contains(&cost_key.len())
        && cost_key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if is_fine {
        return Ok(());
    }
    let max = COST_KEY_CHARS.end();
    Err(format!("the cost key `{}` must have 1 to {max} of the characters a-z 0-9 _", clip(cost_key)))
}

#[cfg(test)]
mod tests;
