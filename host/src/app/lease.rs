//! The dialler protocol (contract §7): a call is taken in hand, prolonged, and ended, by whoever has its lease.
//!
//! A token is made for each lease and never stored; who has it speaks for the call until the lease runs out. What a
//! dialler says twice happens once.

mod claim;

use sha2::{Digest, Sha256};
use switchboard_domain::agent::AgentType;
use switchboard_domain::call_attempt::{CallAttempt, Ending};
use switchboard_domain::call_window::JudgedIn;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::{AtsId, CallAttemptId, InterviewId};
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::key::Reach;
use switchboard_domain::lease::{Completion, Ends, Lease, Leased, Outcome};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::UsageId;

use crate::app::access::Caller;
use crate::app::billing;
use crate::app::call_scheduling::{self, fail_call};
use crate::app::event::Teller;
use crate::app::{App, Error};
use crate::store::{self, Abort, Read, Txn};

pub use claim::{Claimed, Wanted, claim};

/// What a lease is held with. Shown once, to its holder.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// The token of one of many leases that are made with one secret: drawn before the commit, so that running it
    /// again gives the same.
    pub(crate) fn derive(secret: &[u8; 32], of: &[u8; 16]) -> Self {
        let hash = Sha256::new().chain_update(secret).chain_update(of).finalize();
        Self(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// As a dialler sends it.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// What a dialler says of a call's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Whose word it is.
    pub token: Token,
    /// How it ended.
    pub outcome: Outcome,
    /// Of the conversation.
    pub duration_seconds: u32,
    /// Where it can be heard.
    pub recording_url: Option<switchboard_domain::text::WebUrl>,
    /// Free text.
    pub notes: Option<String>,
}

impl End {
    fn completion(&self) -> Completion {
        let mut hash = Sha256::new();
        let (recording_url, notes) = (self.recording_url.as_ref().map(|url| url.as_str()), &self.notes);
        let said = [Some(self.outcome.as_str()), recording_url, notes.as_deref()];
        hash.update(self.duration_seconds.to_be_bytes());
        for text in said {
            let bytes = text.unwrap_or_default().as_bytes();
            hash.update([u8::from(text.is_some())]);
            hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(bytes);
        }
        Completion {
            outcome: self.outcome,
            duration_seconds: self.duration_seconds,
            digest: hash.finalize().into(),
        }
    }

    /// What the attempt keeps of it. Nothing is noted about somebody who is gone.
    fn ending(&self, keeps_words: bool) -> Ending {
        Ending {
            failure: self.outcome.failure(),
            duration_seconds: self.duration_seconds,
            recording_url: self.recording_url.clone().filter(|_| keeps_words),
            notes: self.notes.clone().filter(|_| keeps_words),
        }
    }
}

/// Finds a call that was claimed, before the body of a request is looked at.
///
/// # Errors
/// It was never claimed, or is out of reach.
pub fn look_for_call(app: &App, caller: &Caller, id: CallAttemptId) -> Result<(), Error> {
    held(&app.snapshot()?, Reachable::of(caller), Leased::Call(id))?;
    Ok(())
}

/// Finds an interview, before the body of a request is looked at. One that is in somebody's hands is found also
/// after it was deleted.
///
/// # Errors
/// It is not there, or out of reach.
pub fn look_for_interview(app: &App, caller: &Caller, id: InterviewId) -> Result<(), Error> {
    let (snapshot, reach) = (app.snapshot()?, Reachable::of(caller));
    match held(&snapshot, reach, Leased::Online(id)) {
        Err(Abort::Refused(Rejection::NotFound { .. })) => {
            interview_in_reach(&snapshot, reach, id)?;
        }
        found => {
            found?;
        }
    }
    Ok(())
}

/// Prolongs a lease; until when it holds.
///
/// # Errors
/// The attempt was never claimed (404), is out of reach, or the lease is lost.
pub async fn beat(
    app: &App,
    caller: &Caller,
    id: CallAttemptId,
    token: Token,
    length_seconds: Option<u32>,
    now: Timestamp,
) -> Result<Timestamp, Error> {
    let (reach, hash) = (Reachable::of(caller), token.hash());
    let work = move |txn: &mut Txn| {
        let mut lease = held(txn, reach, Leased::Call(id))?;
        lease.beat(&hash, length_seconds, now)?;
        store::update(txn, &lease)?;
        Ok::<_, Abort<Rejection>>(lease.expires_at)
    };
    Ok(app.store().commit(work).await?)
}

/// Ends a call. Where it failed, what comes next is decided before the answer; should this process end between the
/// two, the sentinel of the next one decides.
///
/// # Errors
/// As [`beat`].
pub async fn complete(
    app: &App,
    caller: &Caller,
    id: CallAttemptId,
    end: End,
    now: Timestamp,
) -> Result<CallAttempt, Error> {
    let (reach, series) = (Reachable::of(caller), app.ids().series());
    let work = move |txn: &mut Txn| {
        let mut lease = held(txn, reach, Leased::Call(id))?;
        let completion = end.completion();
        let ends = lease.check_end(&end.token.hash(), &completion, now)?;
        let attempt = store::get::<CallAttempt>(txn, &(lease.interview_id, id))?;
        if ends == Ends::Again {
            return Ok((attempt.unwrap_or_else(|| remembered(&lease, id, &end)), None, None));
        }
        lease.end(now, Some(completion));
        store::update(txn, &lease)?;
        // A call that took place costs something, whether its interview is still there or not.
        let usage = used(txn, &lease, &end, now)?;
        let interview = store::get::<Interview>(txn, &lease.interview_id)?;
        let company = store::get::<Company>(txn, &lease.company_id)?;
        let (Some(mut attempt), Some(interview), Some(_)) = (attempt, interview, company) else {
            return Ok((remembered(&lease, id, &end), None, usage));
        };
        let is_known = store::exists::<Candidate>(txn, &interview.candidate_id)?;
        attempt.end(end.ending(is_known));
        store::update(txn, &attempt)?;
        let mut series = series.clone();
        let teller = Teller::new(lease.ats_id, now, &mut series);
        let undecided = ended(txn, teller, interview, &attempt, end.duration_seconds)?;
        Ok::<_, Abort<Rejection>>((attempt, undecided, usage))
    };
    let (attempt, undecided, usage) = app.store().commit(work).await?;
    billing::convert_at_once(app, usage).await;
    if let Some(interview_id) = undecided {
        call_scheduling::decide_after_failure(app, interview_id).await;
    }
    Ok(attempt)
}

/// Writes down a call that took place: what is to be converted.
fn used(txn: &mut Txn, lease: &Lease, end: &End, now: Timestamp) -> Result<Option<UsageId>, store::Error> {
    match end.outcome.failure() {
        None => billing::note(txn, lease, end.duration_seconds, now),
        Some(_) => Ok(None),
    }
}

/// What follows for the interview from the end of its call; whether the policy is to be asked.
fn ended(
    txn: &mut Txn,
    mut teller: Teller<'_>,
    mut interview: Interview,
    attempt: &CallAttempt,
    duration_seconds: u32,
) -> Result<Option<InterviewId>, store::Error> {
    if let Some(reason) = attempt.reason_code {
        return fail_call(txn, teller, interview, attempt.id, reason);
    }
    let (interview_id, call_attempt_id) = (interview.id, attempt.id);
    interview.complete(duration_seconds, teller.at());
    store::update(txn, &interview)?;
    teller.tell(txn, &interview, EventKind::CallAttemptCompleted { interview_id, call_attempt_id })?;
    let call_attempt_id = Some(call_attempt_id);
    teller.tell(txn, &interview, EventKind::InterviewCompleted { interview_id, call_attempt_id })?;
    Ok(None)
}

/// An attempt that is in no history any more, as its lease and its dialler know it.
fn remembered(lease: &Lease, id: CallAttemptId, end: &End) -> CallAttempt {
    let mut attempt = CallAttempt {
        id,
        interview_id: lease.interview_id,
        company_id: lease.company_id,
        revision: 1,
        status: switchboard_domain::call_attempt::CallAttemptStatus::InProgress,
        reason_code: None,
        notes: None,
        retry_number: lease.retry_number,
        decision_id: None,
        recording_url: None,
        duration_seconds: None,
        scheduled_at: lease.scheduled_at,
        judged_in: JudgedIn::Offset(0),
        called_at: Some(lease.began_at),
    };
    attempt.end(end.ending(true));
    attempt
}

/// Begins an online interview; what it is held with.
///
/// # Errors
/// It is not there, out of reach, calls a phone, or does not wait.
pub async fn start_online(
    app: &App,
    caller: &Caller,
    id: InterviewId,
    now: Timestamp,
) -> Result<Token, Error> {
    let (reach, series) = (Reachable::of(caller), app.ids().series());
    let token = Token::derive(&app.ids().secret(), id.bytes());
    let token_hash = token.hash();
    let work = move |txn: &mut Txn| {
        let (mut interview, company) = interview_in_reach(txn, reach, id)?;
        let ats_id = company.ats_id;
        if interview.agent.agent_type == AgentType::Phone {
            let flaw = Flaw::invalid("is a PHONE interview: claim its call attempts instead");
            return Err(Abort::Refused(Rejection::field("id", flaw)));
        }
        if interview.status != InterviewStatus::Scheduled {
            let allowed = vec![InterviewStatus::Scheduled.as_str()];
            let status = interview.status.as_str();
            return Err(Abort::Refused(Rejection::InvalidState { status, allowed }));
        }
        // A page in a browser sends no heartbeats: the longest call there may be is its bound.
        let length_seconds = switchboard_domain::bounds::CALL_SECONDS_MAX;
        let mut lease = new_lease(Leased::Online(id), &interview, &company, token_hash, now);
        (lease.length_seconds, lease.expires_at) = (length_seconds, lease.longest_end());
        // An earlier session ended, and its interview was set to wait again.
        store::delete::<Lease>(txn, &lease.of)?;
        store::insert(txn, &lease)?;
        interview.begin(now);
        store::update(txn, &interview)?;
        let mut series = series.clone();
        let kind = EventKind::InterviewStarted { interview_id: id, call_attempt_id: None };
        Teller::new(ats_id, now, &mut series).tell(txn, &interview, kind)?;
        Ok(())
    };
    app.store().commit(work).await?;
    Ok(token)
}

/// How an online interview ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnlineEnd {
    /// Which one; it may be deleted meanwhile.
    pub interview_id: InterviewId,
    /// Where it stands now.
    pub status: InterviewStatus,
}

/// Ends an online interview.
///
/// # Errors
/// It was never started (404), is out of reach, or the lease is lost.
pub async fn complete_online(
    app: &App,
    caller: &Caller,
    id: InterviewId,
    end: End,
    now: Timestamp,
) -> Result<OnlineEnd, Error> {
    let (reach, series) = (Reachable::of(caller), app.ids().series());
    let status = match end.outcome.failure() {
        None => InterviewStatus::Completed,
        Some(_) => InterviewStatus::Failed,
    };
    let work = move |txn: &mut Txn| {
        let of = Leased::Online(id);
        let Some(mut lease) = store::get::<Lease>(txn, &of)? else {
            let (interview, _) = interview_in_reach(txn, reach, id)?;
            tracing::debug!(interview = %interview.id, "an online interview that nobody has begun was ended");
            return Err(Abort::Refused(Rejection::LeaseLost));
        };
        reach.check(lease.ats_id)?;
        let completion = end.completion();
        if lease.check_end(&end.token.hash(), &completion, now)? == Ends::Again {
            return Ok(None);
        }
        lease.end(now, Some(completion));
        store::update(txn, &lease)?;
        let usage = used(txn, &lease, &end, now)?;
        let company = store::get::<Company>(txn, &lease.company_id)?;
        if let (Some(mut interview), Some(_)) = (store::get::<Interview>(txn, &id)?, company) {
            let mut series = series.clone();
            let teller = Teller::new(lease.ats_id, now, &mut series);
            match end.outcome.failure() {
                None => {
                    interview.complete(end.duration_seconds, now);
                    store::update(txn, &interview)?;
                    let kind = EventKind::InterviewCompleted { interview_id: id, call_attempt_id: None };
                    { teller }.tell(txn, &interview, kind)?;
                }
                Some(reason) => {
                    let why = format!("The online interview ended with {reason}.");
                    call_scheduling::fail_interview(txn, teller, interview, None, why)?;
                }
            }
        }
        Ok::<_, Abort<Rejection>>(usage)
    };
    let usage = app.store().commit(work).await?;
    billing::convert_at_once(app, usage).await;
    Ok(OnlineEnd { interview_id: id, status })
}

/// A lease that begins at this moment, as far as it follows from the interview.
fn new_lease(
    of: Leased,
    interview: &Interview,
    company: &Company,
    token_hash: [u8; 32],
    now: Timestamp,
) -> Lease {
    Lease {
        of,
        interview_id: interview.id,
        company_id: interview.company_id,
        ats_id: company.ats_id,
        revision: 1,
        token_hash,
        length_seconds: 0,
        began_at: now,
        expires_at: now,
        scheduled_at: interview.scheduled_at,
        retry_number: 0,
        agent_focus: interview.agent.focus,
        agent_duration_minutes: interview.agent.duration_minutes,
        billing_system: company.billing_system,
        ended: None,
    }
}

/// How far a worker's key reaches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reachable(Option<AtsId>);

impl Reachable {
    pub(crate) fn of(caller: &Caller) -> Self {
        match caller.key.reach {
            Reach::Worker(ats_id) => Self(ats_id),
            // The route is closed to them; should it ever not be, they reach no further than elsewhere.
            Reach::Company(ats_id, _) | Reach::Ats(ats_id) => Self(Some(ats_id)),
        }
    }

    fn check(self, ats_id: AtsId) -> Result<(), Rejection> {
        let is_in_reach = self.0.is_none_or(|own| own == ats_id);
        if is_in_reach { Ok(()) } else { Err(Rejection::AccessDenied) }
    }
}

fn held(read: &impl Read, reach: Reachable, of: Leased) -> Result<Lease, Abort<Rejection>> {
    let lease = store::get::<Lease>(read, &of)?.ok_or_else(|| match of {
        Leased::Call(id) => Rejection::not_found("CallAttempt", id),
        Leased::Online(id) => Rejection::not_found("Interview", id),
    })?;
    reach.check(lease.ats_id)?;
    Ok(lease)
}

/// An interview that a worker's key reaches, and its company.
pub(crate) fn interview_in_reach(
    read: &impl Read,
    reach: Reachable,
    id: InterviewId,
) -> Result<(Interview, Company), Abort<Rejection>> {
    let not_found = || Rejection::not_found("Interview", id);
    let interview = store::get::<Interview>(read, &id)?.ok_or_else(not_found)?;
    let company = store::get::<Company>(read, &interview.company_id)?.ok_or_else(not_found)?;
    reach.check(company.ats_id)?;
    Ok((interview, company))
}
