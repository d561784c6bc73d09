//! Call attempts, as partners ask for them, move them and take them back (contract §7).
//!
//! Each is decided inside its commit, on what the commit reads: after a claim nothing can be moved or removed, and
//! what was moved or removed before it is not claimed.

use switchboard_domain::agent::{Agent, AgentType};
use switchboard_domain::ats::Ats;
use switchboard_domain::call_attempt::{
    CallAttempt, ReasonCode, check_new, check_removal, check_reschedule, kept_retry_number,
};
use switchboard_domain::call_window::{Judged, WhenFacts, judge};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::{CallAttemptId, CompanyId, InterviewId};
use switchboard_domain::interview::Interview;
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};

use crate::app::event::Teller;
use crate::app::interview::DryRun;
use crate::app::resource::{self, Aim};
use crate::app::{App, Committed, Error, Rendered, Write};
use crate::ids::Series;
use crate::store::{self, Abort, Read, Txn};

/// An interview whose calls a request is about, found and found to have some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    company_id: CompanyId,
    interview_id: InterviewId,
}

/// A call that a partner asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The call.
    pub attempt: CallAttempt,
    /// Whether it stands in the place of one that had not begun.
    pub is_replacement: bool,
}

/// Finds the interview, before anything else of the request is looked at.
///
/// # Errors
/// It is not there, out of reach, or online.
pub fn place(app: &App, aim: &Aim<InterviewId>) -> Result<Place, Error> {
    let interview = resource::look::<Interview>(app, aim)?;
    refuse_online(&interview)?;
    Ok(Place { company_id: interview.company_id, interview_id: interview.id })
}

/// As [`place`], of a request about one of its calls.
///
/// # Errors
/// As [`place`]; or there is no such call.
pub fn place_of(app: &App, aim: &Aim<InterviewId>, id: CallAttemptId) -> Result<Place, Error> {
    let place = place(app, aim)?;
    attempt(&app.snapshot()?, place, id)?;
    Ok(place)
}

/// Asks for a call, at this time or at once, in place of one that has not begun.
///
/// # Errors
/// The state does not allow it, nobody can be called, or the time does not hold.
pub async fn create(
    app: &App,
    place: Place,
    written: Option<WrittenTime>,
    write: Write,
    render: impl Fn(&Asked) -> Rendered + Send + 'static,
) -> Result<Rendered, Error> {
    let (id, series) = (CallAttemptId::new(app.ids().uuid()), app.ids().series());
    let now = write.now;
    let work = move |txn: &mut Txn| {
        let room = Room::look(txn, place)?;
        check_new(&room.interview, &room.attempts)?;
        let judged = room.judge(txn, written.as_ref(), now)?;
        let mut series = series.clone();
        let mut teller = Teller::new(room.company.ats_id, now, &mut series);
        let is_replacement = room.replace(txn, &mut teller)?;
        let Room { mut interview, attempts, .. } = room;
        interview.schedule(judged.scheduled_at, now);
        store::update(txn, &interview)?;
        let attempt = CallAttempt::new(id, &interview, kept_retry_number(&attempts), None, &judged);
        store::insert(txn, &attempt)?;
        tell_scheduled(txn, &mut teller, &interview, attempt.id)?;
        let reply = render(&Asked { attempt, is_replacement });
        Ok(Committed::reply(reply, interview.company_id, Some(interview.candidate_id)))
    };
    Ok(app.commit(&write, work).await?)
}

/// Gives a call that has not begun another time.
///
/// # Errors
/// The state does not allow it, nobody can be called, or the time does not hold.
pub async fn reschedule(
    app: &App,
    place: Place,
    id: CallAttemptId,
    written: WrittenTime,
    now: Timestamp,
) -> Result<(), Error> {
    let series = app.ids().series();
    let work = move |txn: &mut Txn| {
        let room = Room::look(txn, place)?;
        let mut attempt = attempt(txn, place, id)?;
        check_reschedule(&attempt)?;
        let judged = room.judge(txn, Some(&written), now)?;
        if !attempt.reschedule(judged.scheduled_at, &judged.judged_in) {
            return Ok(());
        }
        store::update(txn, &attempt)?;
        let Room { mut interview, company, .. } = room;
        interview.schedule(judged.scheduled_at, now);
        store::update(txn, &interview)?;
        let mut series: Series = series.clone();
        tell_scheduled(txn, &mut Teller::new(company.ats_id, now, &mut series), &interview, id)?;
        Ok::<_, Abort<Rejection>>(())
    };
    Ok(app.store().commit(work).await?)
}

/// Takes a call out of the history; one that has not begun is called off.
///
/// # Errors
/// It is in progress.
pub async fn remove(app: &App, place: Place, id: CallAttemptId, now: Timestamp) -> Result<(), Error> {
    let series = app.ids().series();
    let work = move |txn: &mut Txn| {
        let room = Room::look(txn, place)?;
        let mut attempt = attempt(txn, place, id)?;
        check_removal(&attempt)?;
        store::delete::<CallAttempt>(txn, &(place.interview_id, id))?;
        if attempt.cancel(ReasonCode::CancelledByRequest) {
            let kind =
                EventKind::CallAttemptCancelled { interview_id: place.interview_id, call_attempt_id: id };
            let mut series: Series = series.clone();
            Teller::new(room.company.ats_id, now, &mut series).tell(txn, &room.interview, kind)?;
        }
        Ok::<_, Abort<Rejection>>(())
    };
    Ok(app.store().commit(work).await?)
}

/// Judges as [`create`] does, or as [`reschedule`] where a call is named, and stores nothing.
///
/// # Errors
/// As those. A time outside of the call window is no error here: the verdict says so.
pub fn dry_run(
    app: &App,
    place: Place,
    id: Option<CallAttemptId>,
    written: Option<&WrittenTime>,
    now: Timestamp,
) -> Result<DryRun, Error> {
    let snapshot = app.snapshot()?;
    let judged = || {
        let room = Room::look(&snapshot, place)?;
        match id {
            Some(id) => check_reschedule(&attempt(&snapshot, place, id)?)?,
            None => check_new(&room.interview, &room.attempts)?,
        }
        let told = |judged: Judged, facts: &WhenFacts<'_>| judged.told(facts);
        Ok::<_, Abort<Rejection>>((room.judge_and(&snapshot, written, now, told), room.interview.job_id))
    };
    let (verdict, job_id) = match judged()? {
        (Ok(verdict), job_id) => (verdict, job_id),
        (Err(Abort::Refused(Rejection::OutsideCallWindow(verdict))), job_id) => (*verdict, job_id),
        (Err(abort), _) => return Err(abort.into()),
    };
    Ok(DryRun { scheduled_at: verdict.instant, verdict, job_id })
}

/// What an operation on calls looks at, on a snapshot or inside its commit.
struct Room {
    interview: Interview,
    /// Oldest first.
    attempts: Vec<CallAttempt>,
    company: Company,
}

impl Room {
    fn look(read: &impl Read, place: Place) -> Result<Self, Abort<Rejection>> {
        let company = store::get::<Company>(read, &place.company_id)?;
        let company = company.ok_or_else(|| Rejection::not_found("Company", place.company_id))?;
        let interview = store::get::<Interview>(read, &place.interview_id)?;
        let interview = interview.ok_or_else(|| Rejection::not_found("Interview", place.interview_id))?;
        refuse_online(&interview)?;
        let attempts = store::interview::attempts(read, interview.id)?;
        Ok(Self { interview, attempts, company })
    }

    /// Contract §6, "When", for somebody who can be called.
    fn judge(
        &self,
        read: &impl Read,
        written: Option<&WrittenTime>,
        now: Timestamp,
    ) -> Result<Judged, Abort<Rejection>> {
        self.judge_and(read, written, now, |judged, _| judged)
    }

    /// As [`Room::judge`]; what `then` makes of a time that holds, and of what it was judged on.
    fn judge_and<T>(
        &self,
        read: &impl Read,
        written: Option<&WrittenTime>,
        now: Timestamp,
        then: impl FnOnce(Judged, &WhenFacts<'_>) -> T,
    ) -> Result<T, Abort<Rejection>> {
        let interview = &self.interview;
        let candidate = store::get::<Candidate>(read, &interview.candidate_id)?;
        let candidate = candidate.ok_or_else(|| Rejection::not_found("Candidate", interview.candidate_id))?;
        // Nobody would call: what is left of a deleted agent's interviews is cancelled.
        if !store::exists::<Agent>(read, &interview.agent_id)? {
            return Err(Rejection::not_found("Agent", interview.agent_id).into());
        }
        let number = candidate.body.phone_number.as_ref();
        let number = number.ok_or_else(|| Rejection::field("candidate.phoneNumber", Flaw::missing()))?;
        let ats = store::get::<Ats>(read, &self.company.ats_id)?.ok_or(Rejection::AccessDenied)?;
        let facts = WhenFacts {
            now,
            phone_zones: number.zones(),
            company_zone: self.company.settings.timezone,
            window: &self.company.settings.call_window,
            zulu_is_offset: ats.zulu_is_offset,
            window_applies: true,
        };
        let judged = judge(written, &facts).map_err(|refusal| refusal.at("scheduledAt"))?;
        Ok(then(judged, &facts))
    }

    /// Calls off what has not begun; whether there was something.
    fn replace(&self, txn: &mut Txn, teller: &mut Teller<'_>) -> Result<bool, store::Error> {
        let mut replaced = false;
        for attempt in &self.attempts {
            let mut attempt = attempt.clone();
            if attempt.cancel(ReasonCode::Replaced) {
                store::update(txn, &attempt)?;
                let kind = EventKind::CallAttemptCancelled {
                    interview_id: self.interview.id,
                    call_attempt_id: attempt.id,
                };
                teller.tell(txn, &self.interview, kind)?;
                replaced = true;
            }
        }
        Ok(replaced)
    }
}

fn tell_scheduled(
    txn: &mut Txn,
    teller: &mut Teller<'_>,
    interview: &Interview,
    call_attempt_id: CallAttemptId,
) -> Result<(), store::Error> {
    let kind = EventKind::CallAttemptScheduled { interview_id: interview.id, call_attempt_id };
    teller.tell(txn, interview, kind)
}

fn refuse_online(interview: &Interview) -> Result<(), Rejection> {
    match interview.agent.agent_type {
        AgentType::Phone => Ok(()),
        AgentType::Online => Err(Rejection::UnsupportedForOnline),
    }
}

fn attempt(read: &impl Read, place: Place, id: CallAttemptId) -> Result<CallAttempt, Abort<Rejection>> {
    let attempt = store::get::<CallAttempt>(read, &(place.interview_id, id))?;
    attempt.ok_or_else(|| Abort::Refused(Rejection::not_found("CallAttempt", id)))
}
