//! Telling what happened, in the commit in which it happens.

use switchboard_domain::candidate::Candidate;
use switchboard_domain::event::{Event, EventKind};
use switchboard_domain::id::{AtsId, EventId};
use switchboard_domain::interview::Interview;
use switchboard_domain::time::Timestamp;

use crate::ids::Series;
use crate::store::{self, Txn};

/// Writes the events of one commit, all of one moment.
#[derive(Debug)]
pub(crate) struct Teller<'a> {
    ats_id: AtsId,
    at: Timestamp,
    ids: &'a mut Series,
}

impl<'a> Teller<'a> {
    /// Of a company of this ATS. The ids are drawn before the commit.
    pub(crate) fn new(ats_id: AtsId, at: Timestamp, ids: &'a mut Series) -> Self {
        Self { ats_id, at, ids }
    }

    /// The moment of the commit.
    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// What happened to an interview or one of its calls.
    pub(crate) fn tell(
        &mut self,
        txn: &mut Txn,
        interview: &Interview,
        kind: EventKind,
    ) -> Result<(), store::Error> {
        // An event that names somebody who is gone would be found by no removal.
        let is_there = store::exists::<Candidate>(txn, &interview.candidate_id)?;
        let event = Event {
            id: EventId::new(self.ids.uuid()),
            sequence: 0,
            at: self.at,
            ats_id: self.ats_id,
            company_id: interview.company_id,
            candidate_id: is_there.then_some(interview.candidate_id),
            is_test: interview.is_test,
            kind,
        };
        store::event::append(txn, event).map(drop)
    }
}
