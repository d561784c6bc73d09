//! The commit: what holds is stored, with what follows from it.

use std::time::Duration;

use switchboard_domain::agent::AgentType;
use switchboard_domain::bounds::DECISION_AGAIN_SECONDS;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::event::{Event, EventKind};
use switchboard_domain::id::JobId;
use switchboard_domain::interview::{Interview, InterviewStatus, Undecided};
use switchboard_domain::rejection::Rejection;

use super::WithAttempts;
use super::decided::Decided;
use super::look::{Looked, Plan, look, requested_candidate};
use crate::app::{Committed, Error, Rendered};
use crate::store::{self, Abort, Txn};

/// A first call that nobody could plan is asked for again so soon.
const FIRST_AGAIN: Duration = Duration::from_secs(*DECISION_AGAIN_SECONDS.start());

/// The commit: looks again, and stores what holds.
pub(super) fn make(
    txn: &mut Txn,
    plan: &Plan,
    decided: &Decided,
    render: &(impl Fn(&WithAttempts) -> Rendered + ?Sized),
) -> Result<Committed, Abort<Rejection>> {
    let looked = look(txn, plan, decided.call_at()).map_err(refused)?;
    if !decided.holds_for(&looked) {
        return Err(Abort::Refused(Rejection::Conflict));
    }
    let job_id = decided.job().unwrap_or_else(|| looked.named_job());
    store_inline(txn, plan, &looked, job_id)?;
    let made = record(plan, looked, job_id, decided);
    store::insert(txn, &made.interview)?;
    for attempt in &made.attempts {
        store::insert(txn, attempt)?;
    }
    let candidate_id = made.interview.candidate_id;
    let mut reply = render(&made);
    reply.headers.extend(decided.degraded_header());
    Ok(Committed {
        reply,
        events: event(plan, &made).into_iter().collect(),
        outbox: Vec::new(),
        decisions: decided.decisions_of(&made.interview),
        company_id: plan.company_id,
        candidate_id: Some(candidate_id),
    })
}

fn refused(error: Error) -> Abort<Rejection> {
    match error {
        Error::Rejected(rejection) | Error::RejectedDegraded(rejection, _) => Abort::Refused(rejection),
        Error::Store(error) => Abort::Store(error),
        // A look does nothing else; it is tried again like any other change underneath.
        Error::Refused(_) | Error::Overloaded(_) | Error::Policy(_) | Error::Internal(_) => {
            Abort::Refused(Rejection::Conflict)
        }
    }
}

/// Inline resources become ordinary ones, and the candidate is linked to an inline job.
fn store_inline(
    txn: &mut Txn,
    plan: &Plan,
    looked: &Looked,
    job_id: Option<JobId>,
) -> Result<(), Abort<Rejection>> {
    if let Some(job) = &plan.new_job {
        store::insert(txn, &**job)?;
    }
    if let Some(agent) = &plan.new_agent {
        store::insert(txn, &**agent)?;
    }
    let named = looked.named_job().and(job_id);
    let assigned = requested_candidate(plan, Some(&looked.candidate)).assignments_with(named);
    if plan.new_candidate.is_some() {
        store::insert(txn, &Candidate { job_ids: assigned, ..looked.candidate.clone() })?;
    } else if looked.candidate.job_ids != assigned {
        let mut candidate = Candidate { job_ids: assigned, ..looked.candidate.clone() };
        candidate.revision += 1;
        candidate.updated_at = plan.now;
        store::update(txn, &candidate)?;
    }
    Ok(())
}

fn record(plan: &Plan, looked: Looked, job_id: Option<JobId>, decided: &Decided) -> WithAttempts {
    let is_phone = looked.agent.body.agent_type == AgentType::Phone;
    let status = if plan.is_test { InterviewStatus::Completed } else { InterviewStatus::Scheduled };
    let interview = Interview {
        id: plan.interview_id,
        company_id: plan.company_id,
        candidate_id: looked.candidate.id,
        agent_id: looked.agent.id,
        revision: 1,
        job_id,
        status,
        scheduled_at: looked.judged.scheduled_at,
        duration_minutes: None,
        finished_at: plan.is_test.then_some(plan.now),
        metadata: plan.input.metadata.clone(),
        is_test: plan.is_test,
        agent: looked.agent.body,
        decisions: decided.decided_by(),
        undecided: decided.is_call_held().then(|| Undecided {
            call_attempt_id: None,
            since: plan.now,
            ask_at: plan.now.plus(FIRST_AGAIN),
        }),
        created_at: plan.now,
        updated_at: plan.now,
    };
    let is_called = is_phone && !plan.is_test && !decided.is_call_held();
    let decision_id = decided.call_decision();
    let attempt =
        is_called.then(|| CallAttempt::new(plan.attempt_id, &interview, 0, decision_id, &looked.judged));
    WithAttempts { interview, attempts: attempt.into_iter().collect(), analysis: None }
}

fn event(plan: &Plan, made: &WithAttempts) -> Option<Event> {
    let interview_id = plan.interview_id;
    let kind = match made.attempts.first() {
        Some(attempt) => EventKind::CallAttemptScheduled { interview_id, call_attempt_id: attempt.id },
        None if plan.is_test => EventKind::InterviewCompleted { interview_id, call_attempt_id: None },
        None => return None,
    };
    Some(Event {
        id: plan.event_id,
        sequence: 0,
        at: plan.now,
        ats_id: plan.ats_id,
        company_id: plan.company_id,
        candidate_id: Some(made.interview.candidate_id),
        is_test: plan.is_test,
        kind,
    })
}
