//! The shape of format 5 that is no more, as it lies in files: never changed. What stands inside it still has the
//! shape that it had then; when that changes, its former shape comes here too.

use serde::Deserialize;
use switchboard_domain::decision::{self, Asked, Slot};
use switchboard_domain::id::{CandidateId, CompanyId, DecisionId, ReleaseId};
use switchboard_domain::time::Timestamp;

/// Which did not know its interview.
#[derive(Debug, Deserialize)]
pub(crate) struct Decision {
    id: DecisionId,
    at: Timestamp,
    slot: Slot,
    company_id: CompanyId,
    candidate_id: Option<CandidateId>,
    policy_version: String,
    facts: String,
    asked: Vec<Asked>,
    answered_by: Option<ReleaseId>,
}

impl Decision {
    /// In its candidate's list, as it was: of no interview that leads to it.
    pub(crate) fn renewed(self) -> decision::Decision {
        decision::Decision {
            id: self.id,
            at: self.at,
            slot: self.slot,
            company_id: self.company_id,
            candidate_id: self.candidate_id,
            policy_version: self.policy_version,
            facts: self.facts,
            asked: self.asked,
            answered_by: self.answered_by,
            interview_id: None,
        }
    }
}
