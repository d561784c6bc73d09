//! What is left of a recorded decision after a while: ids, what the rule needed, and what came out.

use switchboard_domain::decision::{Asked, AskedOutcome, Decision, PolicyName};

use super::adapter::{self, Policy};
use super::billing::Billing;
use super::call_scheduling::CallScheduling;
use super::job_resolution::JobResolution;
use super::owner_onboarding::OwnerOnboarding;

/// The decision without what its release was granted to see, and without its plugin's own words: the log, and what
/// a failure explained. An answer stays, since it is what was told.
#[must_use]
pub fn redacted(decision: Decision) -> Decision {
    let facts = match decision.slot.policy {
        PolicyName::JobResolution => ungranted::<JobResolution>(&decision.facts),
        PolicyName::CallScheduling => ungranted::<CallScheduling>(&decision.facts),
        PolicyName::Billing => ungranted::<Billing>(&decision.facts),
        PolicyName::OwnerOnboarding => ungranted::<OwnerOnboarding>(&decision.facts),
    };
    let asked = decision.asked.into_iter().map(without_words).collect();
    Decision { facts, asked, ..decision }
}

/// Facts that nobody can read any more tell nothing: they go.
fn ungranted<P: Policy>(facts: &str) -> String {
    match adapter::from_json::<P::Seen>(facts) {
        Ok(seen) => adapter::to_json(&P::narrowed(seen, &[])),
        Err(_) => "null".to_owned(),
    }
}

fn without_words(asked: Asked) -> Asked {
    let outcome = match asked.outcome {
        AskedOutcome::Answered(answer) => AskedOutcome::Answered(answer),
        AskedOutcome::Failed(kind, _) => AskedOutcome::Failed(kind, "redacted".to_owned()),
    };
    Asked { outcome, log: Vec::new(), ..asked }
}
