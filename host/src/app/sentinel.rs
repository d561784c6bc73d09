//! Nothing waits for ever: leases that run out, calls that nobody takes, questions that nobody has answered, and
//! interviews that nobody comes to are moved on when their time has come, with a reason and an event.
//!
//! Everything that waits stands in an index in the order of its moments, so that a look costs four reads, however
//! much waits; and each look can be run again, by this process or the next one.

use std::time::Duration;

use futures_util::future::join_all;
use switchboard_domain::bounds::UNCLAIMED_SECONDS_MAX;
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus, ReasonCode};
use switchboard_domain::company::Company;
use switchboard_domain::id::{CompanyId, InterviewId};
use switchboard_domain::interview::Interview;
use switchboard_domain::lease::{Lease, Leased};
use switchboard_domain::time::Timestamp;

use crate::app::call_scheduling::{decide_after_failure, fail_call, fail_interview};
use crate::app::event::Teller;
use crate::app::{App, Error};
use crate::ids::Series;
use crate::store::{self, Abort, Snapshot, Txn};

/// So much is moved on by one commit, and decided at once.
const AT_ONCE: usize = 50;

const UNCLAIMED: Duration = Duration::from_secs(UNCLAIMED_SECONDS_MAX as u64);

/// What could not be moved on is looked at again so much later: an interview whose company is being removed, a
/// question that the store was too busy for.
const AGAIN: Duration = Duration::from_secs(1);

/// Moves on all whose time has come; the next moment at which something's has.
///
/// # Errors
/// The store cannot be read or written.
pub async fn step(app: &App) -> Result<Option<Timestamp>, Error> {
    let now = app.now();
    while 0 < leases(app, now).await? {}
    while 0 < unclaimed(app, now).await? {}
    while 0 < interviews(app, now).await? {}
    let snapshot = app.snapshot()?;
    if store::call_queue::is_due(&snapshot, None, now)? {
        app.calls().ring();
    }
    let next = next(&snapshot, now)?;
    Ok(next.map(|next| if now < next { next } else { now.plus(AGAIN) }))
}

fn next(read: &Snapshot, now: Timestamp) -> Result<Option<Timestamp>, Error> {
    let lease = store::lease::by_deadline(read)?.next().transpose()?.map(|(at, _)| at);
    let interview = store::interview::by_deadline(read)?.next().transpose()?.map(|(at, _)| at);
    let first = store::call_queue::by_first(read)?.next().transpose()?;
    let unclaimed = first.map(|(at, _)| at.plus(UNCLAIMED));
    let due = store::call_queue::next_due(read, now)?;
    Ok([lease, interview, unclaimed, due].into_iter().flatten().min())
}

/// Leases that have run out are lost; ended ones are forgotten. How many there were.
async fn leases(app: &App, now: Timestamp) -> Result<usize, Error> {
    let snapshot = app.snapshot()?;
    let mut over = Vec::new();
    for entry in store::lease::by_deadline(&snapshot)?.take(AT_ONCE) {
        let (deadline, lease) = entry?;
        if now < deadline {
            break;
        }
        over.push(lease.of);
    }
    drop(snapshot);
    let count = over.len();
    if count == 0 {
        return Ok(0);
    }
    let series = app.ids().series();
    let work = move |txn: &mut Txn| {
        let (mut series, mut undecided) = (series.clone(), Vec::new());
        for of in &over {
            // A heartbeat or an end may have come in between.
            let lease = store::get::<Lease>(txn, of)?.filter(|lease| lease.deadline() <= now);
            match lease {
                Some(lease) if lease.is_live() => undecided.extend(lose(txn, lease, &mut series, now)?),
                Some(_) => {
                    store::delete::<Lease>(txn, of)?;
                }
                None => {}
            }
        }
        Ok::<_, Abort<Error>>(undecided)
    };
    let undecided = app.store().commit(work).await?;
    decide(app, undecided).await;
    Ok(count)
}

/// Nobody has said how the call ended: it failed. Gives the interview that is to be decided on.
fn lose(
    txn: &mut Txn,
    mut lease: Lease,
    series: &mut Series,
    now: Timestamp,
) -> Result<Option<InterviewId>, store::Error> {
    let note = if lease.longest_end() <= now {
        "The call lasted longer than four hours."
    } else {
        "The dialler's lease ran out: nothing was heard of the call any more."
    };
    lease.end(now, None);
    store::update(txn, &lease)?;
    let interview = store::get::<Interview>(txn, &lease.interview_id)?;
    let company = store::get::<Company>(txn, &lease.company_id)?;
    let (Some(interview), Some(_)) = (interview, company) else { return Ok(None) };
    let teller = Teller::new(lease.ats_id, now, series);
    match lease.of {
        Leased::Online(_) => {
            fail_interview(txn, teller, interview, None, note.to_owned())?;
            Ok(None)
        }
        Leased::Call(id) => match store::get::<CallAttempt>(txn, &(interview.id, id))? {
            Some(attempt) => fail_attempt(txn, teller, interview, attempt, note),
            None => Ok(None),
        },
    }
}

fn fail_attempt(
    txn: &mut Txn,
    teller: Teller<'_>,
    interview: Interview,
    mut attempt: CallAttempt,
    note: &str,
) -> Result<Option<InterviewId>, store::Error> {
    let reason = ReasonCode::NetworkError;
    attempt.fail(reason, note.to_owned());
    store::update(txn, &attempt)?;
    fail_call(txn, teller, interview, attempt.id, reason)
}

/// Attempts that no dialler has taken for too long. How many were moved on.
async fn unclaimed(app: &App, now: Timestamp) -> Result<usize, Error> {
    let snapshot = app.snapshot()?;
    let mut companies: Vec<CompanyId> = Vec::new();
    for entry in store::call_queue::by_first(&snapshot)?.take(AT_ONCE) {
        let (first_at, company_id) = entry?;
        if now < first_at.plus(UNCLAIMED) {
            break;
        }
        companies.push(company_id);
    }
    drop(snapshot);
    if companies.is_empty() {
        return Ok(0);
    }
    let series = app.ids().series();
    let work = move |txn: &mut Txn| {
        let (mut series, mut undecided, mut moved) = (series.clone(), Vec::new(), 0);
        // The next attempt of a company may be as old, and has its turn in the next round.
        for company_id in &companies {
            if let Some(next) = give_up_first(txn, *company_id, &mut series, now)? {
                moved += 1;
                undecided.extend(next);
            }
        }
        Ok::<_, Abort<Error>>((undecided, moved))
    };
    let (undecided, moved) = app.store().commit(work).await?;
    decide(app, undecided).await;
    Ok(moved)
}

/// Gives up a company's first attempt if it is too old. Gives the interview that is to be decided on, if there is one.
fn give_up_first(
    txn: &mut Txn,
    company_id: CompanyId,
    series: &mut Series,
    now: Timestamp,
) -> Result<Option<Option<InterviewId>>, store::Error> {
    let Some(company) = store::get::<Company>(txn, &company_id)? else { return Ok(None) };
    let first = store::call_queue::first_of(txn, company_id)?;
    let Some((_, id)) = first.filter(|(first_at, _)| first_at.plus(UNCLAIMED) <= now) else {
        return Ok(None);
    };
    let Some(attempt) = store::get::<CallAttempt>(txn, &id)? else { return Ok(None) };
    match store::get::<Interview>(txn, &attempt.interview_id)? {
        Some(interview) => {
            let teller = Teller::new(company.ats_id, now, series);
            let note = "No dialler has taken the call within seven days.";
            fail_attempt(txn, teller, interview, attempt, note).map(Some)
        }
        // Deleted, and its removal has not come to the attempt yet.
        None => store::delete::<CallAttempt>(txn, &id).map(|_| Some(None)),
    }
}

/// Questions that nobody has answered, and interviews that nobody came to. How many were moved on.
async fn interviews(app: &App, now: Timestamp) -> Result<usize, Error> {
    let snapshot = app.snapshot()?;
    let (mut undecided, mut abandoned) = (Vec::new(), Vec::new());
    for entry in store::interview::by_deadline(&snapshot)? {
        let (deadline, id) = entry?;
        if now < deadline || AT_ONCE <= undecided.len() + abandoned.len() {
            break;
        }
        let Some(interview) = store::get::<Interview>(&snapshot, &id)? else { continue };
        // One whose company is being removed goes with it.
        if !store::exists::<Company>(&snapshot, &interview.company_id)? {
            continue;
        }
        if interview.undecided.is_some() { &mut undecided } else { &mut abandoned }.push(id);
    }
    drop(snapshot);
    let mut moved = 0;
    if !abandoned.is_empty() {
        let series = app.ids().series();
        let work = move |txn: &mut Txn| {
            let (mut series, mut moved) = (series.clone(), 0);
            for id in &abandoned {
                moved += usize::from(abandon(txn, *id, &mut series, now)?);
            }
            Ok::<_, Abort<Error>>(moved)
        };
        moved = app.store().commit(work).await?;
    }
    Ok(moved + decide(app, undecided).await)
}

/// Nobody came: the interview failed, and a call that still waits is called off. Whether it was so.
fn abandon(
    txn: &mut Txn,
    id: InterviewId,
    series: &mut Series,
    now: Timestamp,
) -> Result<bool, store::Error> {
    let Some(interview) = store::get::<Interview>(txn, &id)? else { return Ok(false) };
    let is_over_due = interview.undecided.is_none() && interview.deadline().is_some_and(|at| at <= now);
    let Some(company) = store::get::<Company>(txn, &interview.company_id)?.filter(|_| is_over_due) else {
        return Ok(false);
    };
    for mut attempt in store::interview::attempts(txn, id)? {
        if attempt.status == CallAttemptStatus::Scheduled {
            attempt.fail(ReasonCode::NetworkError, ABANDONED.to_owned());
            store::update(txn, &attempt)?;
        }
    }
    let teller = Teller::new(company.ats_id, now, series);
    fail_interview(txn, teller, interview, None, ABANDONED.to_owned())?;
    Ok(true)
}

const ABANDONED: &str = "The interview did not take place within thirty days of its time.";

/// How many were decided, or put off.
async fn decide(app: &App, undecided: Vec<InterviewId>) -> usize {
    let decided = join_all(undecided.into_iter().map(|id| decide_after_failure(app, id))).await;
    decided.into_iter().filter(|is_moved_on| *is_moved_on).count()
}
