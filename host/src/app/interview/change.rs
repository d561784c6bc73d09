//! Changing an interview: another time, other metadata; and deleting it.

use switchboard_domain::agent::Agent;
use switchboard_domain::ats::Ats;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::event::{Event, EventKind};
use switchboard_domain::id::{EventId, InterviewId};
use switchboard_domain::interview::{Interview, InterviewChange, InterviewStatus};
use switchboard_domain::rejection::Rejection;

use super::when::Occasion;
use super::{WithAttempts, with_attempts};
use crate::app::reach;
use crate::app::removal::{self, Begun};
use crate::app::resource::{Aim, Moment, Resource};
use crate::store::{self, Abort, Read, Txn};

impl Resource for Interview {
    type Shown = WithAttempts;
    type Change = InterviewChange;

    fn reach(read: &impl Read, aim: &Aim<InterviewId>) -> Result<Self, Abort<Rejection>> {
        reach::aimed(read, aim)
    }

    fn shown(self, read: &impl Read) -> Result<WithAttempts, store::Error> {
        with_attempts(read, self)
    }

    /// Another time moves the SCHEDULED attempt along (contract §6). Without one nothing is rescheduled, so that
    /// metadata may be noted in any status.
    fn changed(
        &self,
        txn: &mut Txn,
        change: InterviewChange,
        moment: &Moment,
    ) -> Result<Self, Abort<Rejection>> {
        let mut after = Self { metadata: change.metadata, ..self.clone() };
        let Some(written) = change.written_time else { return Ok(after) };
        let standing = Standing::of(txn, self)?;
        let occasion = Occasion {
            now: moment.now,
            is_test: self.is_test,
            agent_type: self.agent.agent_type,
            ats: &standing.ats,
            company: &standing.company,
            candidate: &standing.candidate,
        };
        let judged = occasion.judge(Some(&written))?;
        after.scheduled_at = judged.scheduled_at;
        let mut ids = moment.ids.clone();
        for mut attempt in store::interview::attempts(txn, self.id)? {
            if attempt.reschedule(judged.scheduled_at, &judged.judged_in) {
                store::update(txn, &attempt)?;
                let event = scheduled(EventId::new(ids.uuid()), self, &attempt, &standing, moment);
                store::event::append(txn, event)?;
            }
        }
        Ok(after)
    }

    fn remove(&self, txn: &mut Txn, begun: &Begun) -> Result<(), store::Error> {
        removal::interview(txn, self, begun)
    }
}

/// What an interview that has not begun stands on.
struct Standing {
    ats: Ats,
    company: Company,
    candidate: Candidate,
}

impl Standing {
    /// Refuses every status but SCHEDULED. An interview whose candidate or agent is gone is about to be
    /// CANCELLED, whatever its row still says (see `removal`).
    fn of(read: &impl Read, interview: &Interview) -> Result<Self, Abort<Rejection>> {
        let refused = |status: InterviewStatus| {
            let allowed = vec![InterviewStatus::Scheduled.as_str()];
            Abort::Refused(Rejection::InvalidState { status: status.as_str(), allowed })
        };
        if interview.status != InterviewStatus::Scheduled {
            return Err(refused(interview.status));
        }
        let gone = || refused(InterviewStatus::Cancelled);
        if !store::exists::<Agent>(read, &interview.agent_id)? {
            return Err(gone());
        }
        let candidate = store::get::<Candidate>(read, &interview.candidate_id)?.ok_or_else(gone)?;
        let company_id = interview.company_id;
        let company = store::get::<Company>(read, &company_id)?;
        let company = company.ok_or_else(|| Rejection::not_found("Company", company_id))?;
        let ats = store::get::<Ats>(read, &company.ats_id)?.ok_or(Rejection::AccessDenied)?;
        Ok(Self { ats, company, candidate })
    }
}

fn scheduled(
    id: EventId,
    interview: &Interview,
    attempt: &CallAttempt,
    standing: &Standing,
    moment: &Moment,
) -> Event {
    Event {
        id,
        sequence: 0,
        at: moment.now,
        ats_id: standing.ats.id,
        company_id: interview.company_id,
        candidate_id: Some(interview.candidate_id),
        is_test: interview.is_test,
        kind: EventKind::CallAttemptScheduled { interview_id: interview.id, call_attempt_id: attempt.id },
    }
}
