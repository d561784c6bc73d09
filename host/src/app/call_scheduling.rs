//! What comes after a failed call.

use switchboard_domain::agent::Agent;
use switchboard_domain::bounds::DECISION_GRACE_SECONDS;
use switchboard_domain::call_attempt::ReasonCode;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::{CallAttemptId, InterviewId};
use switchboard_domain::interview::Interview;

use crate::app::event::Teller;
use crate::app::{App, removal};
use crate::store::{self, Txn};

use std::time::Duration;

/// A call has failed, which is stored already. The interview waits for the decision on what comes next, and whoever
/// reads it later finds the question with it; but where candidate or agent is gone, it is cancelled as every other
/// one of theirs that has not begun. Gives the interview that is to be decided on.
pub(crate) fn fail_call(
    txn: &mut Txn,
    mut teller: Teller<'_>,
    mut interview: Interview,
    call_attempt_id: CallAttemptId,
    reason: ReasonCode,
) -> Result<Option<InterviewId>, store::Error> {
    let (interview_id, now) = (interview.id, teller.at());
    let kind = EventKind::CallAttemptFailed { interview_id, call_attempt_id, reason };
    teller.tell(txn, &interview, kind)?;
    let ask_at = now.plus(Duration::from_secs(DECISION_GRACE_SECONDS.into()));
    interview.await_decision(call_attempt_id, ask_at, now);
    store::update(txn, &interview)?;
    let is_everybody_there = store::exists::<Candidate>(txn, &interview.candidate_id)?
        && store::exists::<Agent>(txn, &interview.agent_id)?;
    if is_everybody_there {
        return Ok(Some(interview_id));
    }
    removal::cancel_interview(txn, interview, teller)?;
    Ok(None)
}

/// The interview will not take place.
pub(crate) fn fail_interview(
    txn: &mut Txn,
    mut teller: Teller<'_>,
    mut interview: Interview,
    call_attempt_id: Option<CallAttemptId>,
    reason: String,
) -> Result<(), store::Error> {
    let interview_id = interview.id;
    interview.fail(teller.at());
    store::update(txn, &interview)?;
    teller.tell(txn, &interview, EventKind::InterviewFailed { interview_id, call_attempt_id, reason })
}

/// Asks what comes after a failed call, and does it; whether nobody need ask again at this moment. What cannot be
/// decided now stays with the interview, and the sentinel asks again.
pub(crate) async fn decide_after_failure(app: &App, interview_id: InterviewId) -> bool {
    let _ = (app, interview_id);
    false
}
