//! Claims: due attempts are handed out, one company after another, and the phone rings inside of the window only.

use std::time::Duration;

use switchboard_domain::agent::Agent;
use switchboard_domain::ats::Mode;
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus, ReasonCode};
use switchboard_domain::call_window::{Judged, JudgedIn, moved_inside, moved_inside_again};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::CompanyId;
use switchboard_domain::interview::Interview;
use switchboard_domain::job::Job;
use switchboard_domain::lease::Leased;
use switchboard_domain::phone_number::{CompanyPhoneNumber, PhoneNumber};
use switchboard_domain::time::Timestamp;
use tokio::time::Instant;

use super::{Reachable, Token, new_lease};
use crate::app::access::Caller;
use crate::app::call_scheduling::{fail_call, when};
use crate::app::event::Teller;
use crate::app::{App, Error, removal};
use crate::ids::Series;
use crate::store::{self, Abort, Txn};

/// Companies that one commit seats: a thousand due at the same moment are served from the first claim on, whoever
/// of them was seated.
const SEATED_AT_ONCE: usize = 256;

/// Attempts that one commit looks at: those that it hands out, and those that have come too late or call nobody.
const LOOKS_MAX: usize = 250;

/// How long a claim that finds only attempts which have come too late goes on moving them before it answers.
const TIDYING: Duration = Duration::from_secs(2);

/// What a claim asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// At most so many attempts.
    pub attempts: usize,
    /// For so long, unless a heartbeat comes.
    pub lease_seconds: u32,
    /// On real time; none: what is due now.
    pub wait: Duration,
}

/// An attempt in a dialler's hands, with all that it needs to call.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// In progress.
    pub attempt: CallAttempt,
    /// Its interview, with the agent's values.
    pub interview: Interview,
    /// What it is held with.
    pub token: Token,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whom to call.
    pub to: PhoneNumber,
    /// Whose number is shown.
    pub from: PhoneNumber,
    /// Who is called.
    pub candidate: Candidate,
    /// What for.
    pub job: Option<Job>,
    /// Of a test ATS nobody is really called.
    pub mode: Mode,
}

/// What one commit of a claim did.
struct Taken {
    claimed: Vec<Claimed>,
    /// Attempts that it dealt with otherwise: more may wait behind them.
    dealt_with: usize,
}

/// Hands out due attempts, the longest served companies last; waits for one.
///
/// # Errors
/// The store cannot be read or written.
pub async fn claim(app: &App, caller: &Caller, wanted: Wanted) -> Result<Vec<Claimed>, Error> {
    let reach = Reachable::of(caller);
    let began = Instant::now();
    let mut bell = app.calls().listen();
    loop {
        bell.note();
        let now = app.now();
        // What is not due costs two reads and no write.
        if store::call_queue::is_due(&app.snapshot()?, reach.0, now)? {
            let taken = take(app, reach, wanted, now).await?;
            if !taken.claimed.is_empty() {
                return Ok(taken.claimed);
            }
            if 0 < taken.dealt_with && began.elapsed() < wanted.wait.max(TIDYING) {
                continue;
            }
        }
        let left = wanted.wait.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Ok(Vec::new());
        }
        // A time-out leads to one last look, and so does the end of the server.
        if !tokio::time::timeout(left, bell.heard()).await.unwrap_or(true) {
            return Ok(Vec::new());
        }
    }
}

async fn take(app: &App, reach: Reachable, wanted: Wanted, now: Timestamp) -> Result<Taken, Error> {
    let (secret, series) = (app.ids().secret(), app.ids().series());
    let work = move |txn: &mut Txn| {
        let mut round = Round { now, secret, wanted, series: series.clone(), claimed: Vec::new() };
        store::call_queue::seat_due(txn, reach.0, now, SEATED_AT_ONCE)?;
        let mut looks = 0;
        while round.claimed.len() < wanted.attempts && looks < LOOKS_MAX {
            let Some(queue) = store::call_queue::front(txn, reach.0)? else { break };
            if queue.first_at <= now {
                round.serve(txn, queue.company_id)?;
                looks += 1;
            }
            store::call_queue::end_turn(txn, queue.company_id, now)?;
        }
        let dealt_with = looks - round.claimed.len();
        Ok::<_, Abort<Error>>(Taken { claimed: round.claimed, dealt_with })
    };
    Ok(app.store().commit(work).await?)
}

/// One commit's work.
struct Round {
    now: Timestamp,
    secret: [u8; 32],
    wanted: Wanted,
    series: Series,
    claimed: Vec<Claimed>,
}

impl Round {
    /// Deals with the first attempt of a company: afterwards it does not wait any more, or for a later moment.
    fn serve(&mut self, txn: &mut Txn, company_id: CompanyId) -> Result<(), store::Error> {
        let Some((_, id)) = store::call_queue::first_of(txn, company_id)? else { return Ok(()) };
        let Some(attempt) = store::get::<CallAttempt>(txn, &id)? else { return Ok(()) };
        let interview = store::get::<Interview>(txn, &attempt.interview_id)?;
        let company = store::get::<Company>(txn, &company_id)?;
        let (Some(interview), Some(company)) = (interview, company) else {
            // Deleted, and its removal has not come to the attempt yet.
            return store::delete::<CallAttempt>(txn, &id).map(drop);
        };
        let candidate = store::get::<Candidate>(txn, &interview.candidate_id)?;
        let is_agent_there = store::exists::<Agent>(txn, &interview.agent_id)?;
        let Some(candidate) = candidate.filter(|_| is_agent_there) else {
            return self.cancel(txn, &company, interview, attempt);
        };
        let Some(to) = candidate.body.phone_number.clone() else {
            let note = "The candidate has no phone number any more.";
            return self.fail(txn, &company, interview, attempt, ReasonCode::InvalidNumber, note);
        };
        let Some(from) = number_of(txn, &interview)? else {
            let note = "The agent's phone number is not the company's any more.";
            return self.fail(txn, &company, interview, attempt, ReasonCode::AgentError, note);
        };
        match self.too_late(&company, &candidate, &attempt) {
            Some(judged) => self.move_on(txn, &company, interview, attempt, &judged),
            None => self.begin(txn, &company, Parts { attempt, interview, candidate, to, from }),
        }
    }

    /// The next opening, where the window is closed by now. It is judged where the attempt's time was judged; only
    /// a candidate who has another number since is asked for in that number's zones.
    fn too_late(&self, company: &Company, candidate: &Candidate, attempt: &CallAttempt) -> Option<Judged> {
        let facts = when(company, candidate, self.now);
        let judged = match &attempt.judged_in {
            JudgedIn::Phone(zones) if zones.as_slice() != facts.phone_zones => moved_inside(self.now, &facts),
            judged_in => moved_inside_again(self.now, judged_in, &facts),
        };
        (self.now < judged.scheduled_at).then_some(judged)
    }

    fn move_on(
        &mut self,
        txn: &mut Txn,
        company: &Company,
        mut interview: Interview,
        mut attempt: CallAttempt,
        judged: &Judged,
    ) -> Result<(), store::Error> {
        attempt.come_too_late(judged);
        store::update(txn, &attempt)?;
        interview.schedule(attempt.scheduled_at, self.now);
        store::update(txn, &interview)?;
        let kind =
            EventKind::CallAttemptScheduled { interview_id: interview.id, call_attempt_id: attempt.id };
        self.teller(company).tell(txn, &interview, kind)
    }

    fn begin(&mut self, txn: &mut Txn, company: &Company, parts: Parts) -> Result<(), store::Error> {
        let Parts { mut attempt, mut interview, candidate, to, from } = parts;
        let token = Token::derive(&self.secret, attempt.id.bytes());
        attempt.begin(self.now);
        store::update(txn, &attempt)?;
        interview.begin(self.now);
        store::update(txn, &interview)?;
        let of = Leased::Call(attempt.id);
        let mut lease = new_lease(of, &interview, company, token.hash(), self.now);
        lease.length_seconds = self.wanted.lease_seconds;
        lease.expires_at = lease.until(self.now, self.wanted.lease_seconds);
        (lease.scheduled_at, lease.retry_number) = (attempt.scheduled_at, attempt.retry_number);
        store::insert(txn, &lease)?;
        let (interview_id, call_attempt_id) = (interview.id, attempt.id);
        let mut teller = self.teller(company);
        teller.tell(txn, &interview, EventKind::CallAttemptStarted { interview_id, call_attempt_id })?;
        let call_attempt_id = Some(call_attempt_id);
        teller.tell(txn, &interview, EventKind::InterviewStarted { interview_id, call_attempt_id })?;
        let job = match &interview.job_id {
            Some(job_id) => store::get::<Job>(txn, job_id)?,
            None => None,
        };
        let ats = store::get::<switchboard_domain::ats::Ats>(txn, &company.ats_id)?;
        let mode = ats.map_or(Mode::Live, |ats| ats.mode);
        let expires_at = lease.expires_at;
        self.claimed.push(Claimed { attempt, interview, token, expires_at, to, from, candidate, job, mode });
        Ok(())
    }

    /// As the removal of the candidate or the agent would, which has not come to the interview yet.
    fn cancel(
        &mut self,
        txn: &mut Txn,
        company: &Company,
        interview: Interview,
        mut attempt: CallAttempt,
    ) -> Result<(), store::Error> {
        let id = (attempt.interview_id, attempt.id);
        removal::cancel_interview(txn, interview, self.teller(company))?;
        let is_left = store::get::<CallAttempt>(txn, &id)?
            .is_some_and(|attempt| attempt.status == CallAttemptStatus::Scheduled);
        if is_left && attempt.cancel(ReasonCode::CancelledByRequest) {
            store::update(txn, &attempt)?;
        }
        Ok(())
    }

    fn fail(
        &mut self,
        txn: &mut Txn,
        company: &Company,
        interview: Interview,
        mut attempt: CallAttempt,
        reason: ReasonCode,
        note: &str,
    ) -> Result<(), store::Error> {
        attempt.fail(reason, note.to_owned());
        store::update(txn, &attempt)?;
        fail_call(txn, self.teller(company), interview, attempt.id, reason).map(drop)
    }

    fn teller(&mut self, company: &Company) -> Teller<'_> {
        Teller::new(company.ats_id, self.now, &mut self.series)
    }
}

/// What a call is made of.
struct Parts {
    attempt: CallAttempt,
    interview: Interview,
    candidate: Candidate,
    to: PhoneNumber,
    from: PhoneNumber,
}

/// The number that the agent calls from, while it is the company's.
fn number_of(txn: &Txn, interview: &Interview) -> Result<Option<PhoneNumber>, store::Error> {
    let Some(id) = &interview.agent.company_phone_number_id else { return Ok(None) };
    let number = store::get::<CompanyPhoneNumber>(txn, id)?;
    Ok(number.filter(|number| number.company_id == interview.company_id).map(|number| number.number))
}
