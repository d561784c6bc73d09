//! The commit: what holds is stored, with what follows from it.

use switchboard_domain::agent::AgentType;
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::decision::Decision;
use switchboard_domain::event::{Event, EventKind};
use switchboard_domain::id::JobId;
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::rejection::Rejection;

use super::look::{Looked, Plan, look, requested_candidate};
use super::{Decided, WithAttempts};
use crate::app::{Committed, Error, Rendered};
use crate::store::{self, Abort, Txn};

/// The commit: looks again, and stores what holds.
pub(super) fn make(
    txn: &mut Txn,
    plan: &Plan,
    decided: Option<&Decided>,
    render: &(impl Fn(&WithAttempts) -> Rendered + ?Sized),
) -> Result<Committed, Abort<Rejection>> {
    let looked = look(txn, plan).map_err(refused)?;
    let is_fresh = match (&looked.facts, decided) {
        (Some(facts), Some(decided)) => decided.said.holds_for(facts),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    if !is_fresh {
        return Err(Abort::Refused(Rejection::Conflict));
    }
    let job_id = decided.map_or_else(|| looked.named_job(), |decided| decided.job_id);
    store_inline(txn, plan, &looked, job_id)?;
    let made = record(plan, &looked, job_id, decided);
    store::insert(txn, &made.interview)?;
    for attempt in &made.attempts {
        store::insert(txn, attempt)?;
    }
    let candidate_id = made.interview.candidate_id;
    let mut reply = render(&made);
    let mut decisions = Vec::new();
    if let Some(Decided { said, .. }) = decided {
        decisions.push(Decision { candidate_id: Some(candidate_id), ..said.decision.clone() });
        reply.headers.extend(said.degraded_header());
    }
    Ok(Committed {
        reply,
        events: event(plan, &made).into_iter().collect(),
        outbox: Vec::new(),
        decisions,
        company_id: plan.company_id,
        candidate_id: Some(candidate_id),
    })
}

fn refused(error: Error) -> Abort<Rejection> {
    match error {
        Error::Rejected(rejection) | Error::RejectedDegraded(rejection, _) => Abort::Refused(rejection),
        Error::Store(error) => Abort::Store(error),
        // A look does nothing else; it is tried again like any other change underneath.
        Error::Refused(_) | Error::Policy(_) | Error::Internal(_) => Abort::Refused(Rejection::Conflict),
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
        store::insert(txn, job)?;
    }
    if let Some(agent) = &plan.new_agent {
        store::insert(txn, agent)?;
    }
    let named = looked.named_job().and(job_id);
    let assigned = requested_candidate(plan, Some(&looked.candidate)).assignments_with(named);
    let mut candidate = looked.candidate.clone();
    let is_linked = candidate.job_ids == assigned;
    candidate.job_ids = assigned;
    if plan.new_candidate.is_some() {
        store::insert(txn, &candidate)?;
    } else if !is_linked {
        candidate.revision += 1;
        candidate.updated_at = plan.now;
        store::update(txn, &candidate)?;
    }
    Ok(())
}

fn record(plan: &Plan, looked: &Looked, job_id: Option<JobId>, decided: Option<&Decided>) -> WithAttempts {
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
        agent: looked.agent.body.clone(),
        decisions: decided.map(|decided| decided.said.decided_by()).into_iter().collect(),
        created_at: plan.now,
        updated_at: plan.now,
    };
    let is_called = looked.agent.body.agent_type == AgentType::Phone && !plan.is_test;
    let attempt = is_called.then(|| CallAttempt {
        id: plan.attempt_id,
        interview_id: plan.interview_id,
        revision: 1,
        status: CallAttemptStatus::Scheduled,
        reason_code: None,
        notes: None,
        retry_number: 0,
        recording_url: None,
        duration_seconds: None,
        scheduled_at: looked.judged.scheduled_at,
        judged_in: looked.judged.judged_in.clone(),
        called_at: None,
    });
    WithAttempts { interview, attempts: attempt.into_iter().collect() }
}

fn event(plan: &Plan, made: &WithAttempts) -> Option<Event> {
    let interview_id = plan.interview_id;
    let kind = match made.attempts.first() {
        Some(attempt) => EventKind::CallAttemptScheduled { interview_id, call_attempt_id: attempt.id },
        None if plan.is_test => EventKind::InterviewCompleted { interview_id },
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
