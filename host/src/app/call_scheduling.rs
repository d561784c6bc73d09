//! What comes after a failed call, or instead of a time that nobody named: look – ask – commit, for a request and for
//! the sentinel alike.
//!
//! A call's failure and the question what comes next are one commit ([`fail_call`]); the answer and what follows from
//! it are another ([`decide`]). Between the two, the question stands with the interview: whoever asked may end, and the
//! sentinel asks again. Whatever the policy answers, the phone rings inside of the window.

use std::sync::Arc;
use std::time::Duration;

use switchboard_domain::agent::Agent;
use switchboard_domain::bounds::{DECISION_GRACE_SECONDS, DECISION_WAITS_SECONDS_MAX};
use switchboard_domain::call_attempt::{CallAttempt, ReasonCode};
use switchboard_domain::call_scheduling::{Facts, Verdict, history};
use switchboard_domain::call_window::{WhenFacts, moved_inside};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::decision::{PolicyName, Slot};
use switchboard_domain::event::EventKind;
use switchboard_domain::id::{CallAttemptId, InterviewId};
use switchboard_domain::interview::{Interview, InterviewStatus, Undecided};
use switchboard_domain::rejection::Rejection;
use switchboard_domain::release::Asker;
use switchboard_domain::time::Timestamp;
use tracing::Instrument;

use crate::app::decision::{self, ASKED_MAX, Ending, Question, Said};
use crate::app::event::Teller;
use crate::app::{App, Error, removal};
use crate::ids::Series;
use crate::policy::CallScheduling;
use crate::span;
use crate::store::{self, Abort, CommitError, Read, Txn};

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
    if is_everybody_there(txn, &interview)? {
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

fn is_everybody_there(read: &impl Read, interview: &Interview) -> Result<bool, store::Error> {
    Ok(store::exists::<Candidate>(read, &interview.candidate_id)?
        && store::exists::<Agent>(read, &interview.agent_id)?)
}

/// Asks what comes next, and does it; whether nobody need ask again at this moment. What cannot be decided now stays
/// with the interview, and the sentinel asks again.
pub(crate) async fn decide_after_failure(app: &App, interview_id: InterviewId) -> bool {
    let span = span::operation("decide after a call", interview_id);
    match decide(app, interview_id).instrument(span).await {
        Ok(()) => true,
        Err(error) => {
            tracing::error!(event = "decision.failed", interview = %interview_id, %error);
            false
        }
    }
}

async fn decide(app: &App, id: InterviewId) -> Result<(), Error> {
    let (now, attempt_id) = (app.now(), CallAttemptId::new(app.ids().uuid()));
    let deadline = decision::deadline();
    let (mut line, mut asked_in) = (None, None);
    for _ in 0..ASKED_MAX {
        let said = match look(&app.snapshot()?, id, now)? {
            Look::Settled => return Ok(()),
            Look::Overtaken(_) | Look::Ended(..) => None,
            Look::Waits(waits) => {
                let facts = waits.facts;
                asked_in = Some(Slot { ats_id: Some(facts.ats_id), policy: PolicyName::CallScheduling });
                // One operation, one release, however often it is asked.
                let line = line.get_or_insert_with(|| decision::line::<CallScheduling>(app, facts.ats_id));
                let candidate_id = Some(waits.interview.candidate_id);
                let question = Question { facts, candidate_id, asker: Asker::Worker };
                Some(decision::ask::<CallScheduling>(app, line, question, deadline).await)
            }
        };
        app.mind_the_gap().await;
        let (said, series) = (said.map(Arc::new), app.ids().series());
        let work =
            move |txn: &mut Txn| settle(txn, id, said.as_deref(), attempt_id, &mut series.clone(), now);
        match app.store().commit(work).await {
            // Safe mode alone takes another release in the middle of an operation.
            Err(CommitError::Refused(Rejection::Conflict)) => {
                if let Some(slot) = asked_in
                    && app.is_overruled(slot).await?
                {
                    line = None;
                }
            }
            settled => return Ok(settled?),
        }
    }
    // The facts keep moving: somebody is at work on this interview, and is not to be disturbed.
    let work = move |txn: &mut Txn| {
        if let Some(mut interview) = store::get::<Interview>(txn, &id)? {
            interview.put_off(now);
            store::update(txn, &interview)?;
        }
        Ok::<_, Abort<Error>>(())
    };
    Ok(app.store().commit(work).await?)
}

/// What a look finds.
enum Look {
    /// There is no question, any more.
    Settled,
    /// A partner has done otherwise: the question falls.
    Overtaken(Box<Interview>),
    /// The interview ends, whatever the policy would say. Without a reason, because somebody is gone.
    Ended(Box<(Interview, Company)>, Option<&'static str>),
    /// The policy is to be asked.
    Waits(Box<Waits>),
}

struct Waits {
    interview: Interview,
    company: Company,
    candidate: Candidate,
    undecided: Undecided,
    facts: Facts,
}

/// Everything about a question, on a snapshot or inside the commit.
fn look(read: &impl Read, id: InterviewId, now: Timestamp) -> Result<Look, store::Error> {
    let Some(interview) = store::get::<Interview>(read, &id)? else { return Ok(Look::Settled) };
    let company = store::get::<Company>(read, &interview.company_id)?;
    let (Some(undecided), Some(company)) = (interview.undecided, company) else { return Ok(Look::Settled) };
    let attempts = store::interview::attempts(read, id)?;
    let latest = attempts.last();
    let is_overtaken = interview.status != InterviewStatus::Scheduled
        || latest.map(|latest| latest.id) != undecided.call_attempt_id;
    if is_overtaken {
        return Ok(Look::Overtaken(Box::new(interview)));
    }
    let candidate = store::get::<Candidate>(read, &interview.candidate_id)?;
    let is_agent_there = store::exists::<Agent>(read, &interview.agent_id)?;
    let Some(candidate) = candidate.filter(|_| is_agent_there) else {
        return Ok(Look::Ended(Box::new((interview, company)), None));
    };
    if candidate.body.phone_number.is_none() {
        let why = "The candidate has no phone number any more.";
        return Ok(Look::Ended(Box::new((interview, company)), Some(why)));
    }
    if Duration::from_secs(DECISION_WAITS_SECONDS_MAX.into()) <= now.since(undecided.since) {
        let why = "What comes next was not decided within seven days.";
        return Ok(Look::Ended(Box::new((interview, company)), Some(why)));
    }
    let facts = Facts {
        now,
        ats_id: company.ats_id,
        company_id: company.id,
        interview_id: id,
        agent_focus: interview.agent.focus,
        agent_duration_minutes: interview.agent.duration_minutes,
        retry_number: latest.map_or(0, |latest| latest.retry_number.saturating_add(1)),
        history: history(&attempts),
        window: company.settings.call_window.clone(),
        zones: when(&company, &candidate, now).zones(now),
    };
    Ok(Look::Waits(Box::new(Waits { interview, company, candidate, undecided, facts })))
}

/// By which a later time is judged: nobody has written an offset.
pub(crate) fn when<'a>(company: &'a Company, candidate: &Candidate, now: Timestamp) -> WhenFacts<'a> {
    WhenFacts {
        now,
        phone_zones: candidate.body.phone_number.as_ref().map_or(&[], |number| number.zones()),
        company_zone: company.settings.timezone,
        window: &company.settings.call_window,
        zulu_is_offset: false,
        window_applies: true,
    }
}

/// The commit: does what the policy said, if it was asked on what is so now.
fn settle(
    txn: &mut Txn,
    id: InterviewId,
    said: Option<&Said<CallScheduling>>,
    attempt_id: CallAttemptId,
    series: &mut Series,
    now: Timestamp,
) -> Result<(), Abort<Rejection>> {
    let waits = match look(txn, id, now)? {
        Look::Settled => return Ok(()),
        Look::Overtaken(mut interview) => {
            interview.settle();
            return Ok(store::update(txn, &*interview)?);
        }
        Look::Ended(ended, why) => {
            let (interview, company) = *ended;
            let teller = Teller::new(company.ats_id, now, series);
            let after = interview.undecided.and_then(|undecided| undecided.call_attempt_id);
            match why {
                Some(why) => fail_interview(txn, teller, interview, after, why.to_owned())?,
                None => removal::cancel_interview(txn, interview, teller)?,
            }
            return Ok(());
        }
        Look::Waits(waits) => waits,
    };
    let Some(said) = said.filter(|said| said.holds_for(&waits.facts)) else {
        return Err(Abort::Refused(Rejection::Conflict));
    };
    decision::record(txn, &said.decision)?;
    let Waits { mut interview, company, candidate, undecided, facts } = *waits;
    interview.rest_on(said.decided_by());
    let mut teller = Teller::new(company.ats_id, now, series);
    match &said.ending {
        Ending::Decided(Verdict::Call { at, reason }) => {
            let judged = moved_inside(*at, &when(&company, &candidate, now));
            interview.schedule(judged.scheduled_at, now);
            store::update(txn, &interview)?;
            let decision_id = Some(said.decision.id);
            let mut attempt =
                CallAttempt::new(attempt_id, &interview, facts.retry_number, decision_id, &judged);
            attempt.notes = undecided.call_attempt_id.map(|_| reason.clone());
            store::insert(txn, &attempt)?;
            let kind = EventKind::CallAttemptScheduled { interview_id: id, call_attempt_id: attempt_id };
            teller.tell(txn, &interview, kind)?;
        }
        Ending::Decided(Verdict::GiveUp { reason }) => {
            fail_interview(txn, teller, interview, undecided.call_attempt_id, reason.clone())?;
        }
        Ending::Held | Ending::Unavailable => {
            interview.put_off(now);
            store::update(txn, &interview)?;
        }
    }
    Ok(())
}
