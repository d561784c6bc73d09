//! When an interview takes place: what the rules of contract §6, "When", look at, put together from the records.

use switchboard_domain::agent::AgentType;
use switchboard_domain::ats::Ats;
use switchboard_domain::call_window::{Judged, WhenFacts, judge};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};

/// An interview whose time is to be judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occasion<'a> {
    pub(super) now: Timestamp,
    pub(super) is_test: bool,
    pub(super) agent_type: AgentType,
    pub(super) ats: &'a Ats,
    pub(super) company: &'a Company,
    pub(super) candidate: &'a Candidate,
}

impl<'a> Occasion<'a> {
    /// Judges a partner's time; without one it is at once. A PHONE interview needs a number to call.
    ///
    /// # Errors
    /// There is no number, or the time does not hold.
    pub(super) fn judge(&self, written: Option<&WrittenTime>) -> Result<Judged, Rejection> {
        judge(written, &self.facts()?).map_err(|refusal| refusal.at("scheduledAt"))
    }

    /// What the rules look at.
    ///
    /// # Errors
    /// There is no number to call.
    pub(super) fn facts(&self) -> Result<WhenFacts<'a>, Rejection> {
        let is_phone = self.agent_type == AgentType::Phone;
        let number = self.candidate.body.phone_number.as_ref();
        if is_phone && number.is_none() {
            return Err(Rejection::field("candidate.phoneNumber", Flaw::missing()));
        }
        Ok(WhenFacts {
            now: self.now,
            phone_zones: number.filter(|_| is_phone).map_or(&[], |number| number.zones()),
            company_zone: self.company.settings.timezone,
            window: &self.company.settings.call_window,
            zulu_is_offset: self.ats.zulu_is_offset,
            window_applies: is_phone && !self.is_test,
        })
    }
}
