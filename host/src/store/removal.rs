//! Removal rows, and which rows go with a company, a candidate, a job or an interview.
//!
//! What is to go is found by an index whose entries go with the rows, so that each step begins where the one
//! before it ended, in any process, without a note of where that was.

use switchboard_domain::agent::Agent;
use switchboard_domain::analysis::Analysis;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::decision::Decision;
use switchboard_domain::event::{Event, OutboxRow};
use switchboard_domain::id::{AgentId, CallAttemptId, CandidateId, CompanyId, InterviewId, JobId, RemovalId};
use switchboard_domain::interview::Interview;
use switchboard_domain::invitation::Invitation;
use switchboard_domain::job::Job;
use switchboard_domain::lease::{Lease, Leased};
use switchboard_domain::membership::Membership;
use switchboard_domain::outbox::OutboxTry;
use switchboard_domain::phone_number::CompanyPhoneNumber;
use switchboard_domain::removal::{Removal, Removed};
use switchboard_domain::time::Timestamp;

use super::idempotency::Reply;
use super::index::Place;
use super::key::StoredKey;
use super::key_list::{Key, KeyList};
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{Table, Tag};
use super::txn::{Direction, Read, Snapshot, Txn};
use super::{
    Error, agent, analysis, candidate, decision, event, idempotency, interview, invitation, job, key, outbox,
    phone_number,
};

impl Record for Removal {
    type Id = RemovalId;
    const TABLE: Table = Table::Removal;

    fn id(&self) -> RemovalId {
        self.id
    }

    fn key(id: &RemovalId) -> Vec<u8> {
        id.bytes().to_vec()
    }

    fn places(&self) -> Places {
        let place = match self.removed {
            Removed::Job(_) => vec![of_jobs(self.company_id)],
            Removed::Company | Removed::Candidate(_) | Removed::Agent(_) | Removed::Interview(_) => {
                Vec::new()
            }
        };
        place.into()
    }
}

fn of_jobs(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::RemovalOfJob, &[])
}

/// How often one commit of a cascade may write a row: some ten milliseconds, for which everybody else's write waits.
const STEP_WRITES: usize = 2_000;

/// Bytes of them: rows may be large, and what one closure may write is bounded.
const STEP_BYTES: usize = 1 << 20;

/// Records that one commit of a cascade may look at: there are some that nothing is to be done with.
const STEP_LOOKS: usize = 2_000;

/// Keys that are read at once from a list whose entries then go.
const SOME: usize = 100;

/// How much of a cascade one commit does.
#[derive(Debug)]
pub struct Budget {
    looks_left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { looks_left: STEP_LOOKS }
    }
}

impl Budget {
    /// Takes a look at one more record, if there is room for what follows from it.
    pub fn takes(&mut self, txn: &Txn) -> bool {
        let (_, bytes) = txn.written();
        if self.looks_left == 0 || STEP_WRITES <= txn.writes() || STEP_BYTES <= bytes {
            return false;
        }
        self.looks_left -= 1;
        true
    }
}

/// The removals under way, oldest first.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn all(read: &impl Read) -> Result<Vec<Removal>, Error> {
    record::scan(read, EVERYTHING, Direction::Forward)?.collect()
}

/// The oldest removal behind this one, or the oldest of all where none is.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn next(read: &impl Read, after: Option<RemovalId>) -> Result<Option<Removal>, Error> {
    let first = |from| -> Result<Option<Removal>, Error> {
        record::scan(read, (from, std::ops::Bound::Unbounded), Direction::Forward)?.next().transpose()
    };
    if let Some(after) = after
        && let Some(removal) = first(std::ops::Bound::Excluded(Removal::key(&after)))?
    {
        return Ok(Some(removal));
    }
    first(std::ops::Bound::Unbounded)
}

/// How many there are.
///
/// # Errors
/// The engine fails.
pub fn count(snapshot: &Snapshot) -> Result<u64, Error> {
    snapshot.rows(Table::Removal)
}

/// The deleted jobs of a company that candidates are still assigned to, and when each was deleted.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn jobs(read: &impl Read, company_id: CompanyId) -> Result<Vec<(JobId, Timestamp)>, Error> {
    // Nearly always no deletion is under way, and an empty table is seen quicker than a place in the index.
    if read.has_nothing(Table::Removal)? {
        return Ok(Vec::new());
    }
    let removals = record::of::<Removal>(read, &of_jobs(company_id))?;
    let jobs = removals.into_iter().filter_map(|removal| match removal.removed {
        Removed::Job(job_id) => Some((job_id, removal.at)),
        Removed::Company | Removed::Candidate(_) | Removed::Agent(_) | Removed::Interview(_) => None,
    });
    Ok(jobs.collect())
}

/// Removes all that belongs to a company, as far as the budget goes; says whether nothing is left.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn clear_company(txn: &mut Txn, id: CompanyId, budget: &mut Budget) -> Result<bool, Error> {
    // Keys first: with them goes the last way in.
    Ok(clear::<StoredKey>(txn, &key::in_company(id), budget)?
        && clear::<CompanyPhoneNumber>(txn, &phone_number::in_company(id), budget)?
        && clear::<Reply>(txn, &idempotency::in_company(id), budget)?
        && clear_each(txn, &outbox::in_company(id), budget, remove_outbox_row)?
        && clear::<Invitation>(txn, &invitation::of_company_place(id), budget)?
        && clear_rows(txn, Table::Membership, id.bytes(), |txn, key| remove::<Membership>(txn, key, budget))?
        && clear::<Event>(txn, &event::in_company(id), budget)?
        && clear_each(txn, &candidate::everybody(id), budget, |txn, key, budget| {
            let candidate_id = CandidateId::from_bytes(record::sixteen(key)?);
            Ok(clear_candidate(txn, candidate_id, budget)? && remove::<Candidate>(txn, key, budget)?)
        })?
        && clear_each(txn, &interview::everything(id), budget, |txn, key, budget| {
            let interview_id = InterviewId::from_bytes(record::sixteen(key)?);
            Ok(clear_interview(txn, interview_id, budget)? && remove::<Interview>(txn, key, budget)?)
        })?
        && clear::<Agent>(txn, &agent::everybody(id), budget)?
        && clear::<Job>(txn, &job::everything(id), budget)?
        && clear::<Decision>(txn, &decision::in_company(id), budget)?)
}

/// Removes what is kept about a candidate beside the candidate's own row, as far as the budget goes; says whether
/// nothing is left.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn clear_candidate(txn: &mut Txn, id: CandidateId, budget: &mut Budget) -> Result<bool, Error> {
    Ok(clear::<Reply>(txn, &idempotency::of_candidate(id), budget)?
        && clear::<Decision>(txn, &decision::about(id), budget)?
        && clear_each(txn, &outbox::about(id), budget, remove_outbox_row)?
        && clear::<Analysis>(txn, &analysis::of_candidate(id), budget)?
        && clear::<Event>(txn, &event::about(id), budget)?)
}

/// Removes the decisions that an interview rests on, for a candidate who is gone: the candidate's list does not name
/// them.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn clear_decisions(txn: &mut Txn, interview: &Interview) -> Result<(), Error> {
    let mut named = interview.decisions.iter();
    named.try_for_each(|decided_by| record::delete::<Decision>(txn, &decided_by.decision_id).map(drop))
}

/// Removes the analysis and the call attempts of an interview, as far as the budget goes; says whether nothing is
/// left. The lease of a call that is in progress stays until the call ends.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn clear_interview(txn: &mut Txn, id: InterviewId, budget: &mut Budget) -> Result<bool, Error> {
    Ok(clear::<Analysis>(txn, &analysis::of_interview(id), budget)?
        && forget_lease(txn, Leased::Online(id)).map(|()| true)?
        && clear_attempts(txn, id, budget)?)
}

fn forget_lease(txn: &mut Txn, of: Leased) -> Result<(), Error> {
    match record::get::<Lease>(txn, &of)? {
        Some(lease) if !lease.is_live() => record::delete::<Lease>(txn, &of).map(drop),
        Some(_) | None => Ok(()),
    }
}

fn clear_attempts(txn: &mut Txn, id: InterviewId, budget: &mut Budget) -> Result<bool, Error> {
    clear_rows(txn, Table::CallAttempt, id.bytes(), |txn, key| {
        let is_removed = remove::<CallAttempt>(txn, key, budget)?;
        if is_removed {
            let attempt_id = record::sixteen(key.get(16..).unwrap_or_default())?;
            forget_lease(txn, Leased::Call(CallAttemptId::from_bytes(attempt_id)))?;
        }
        Ok(is_removed)
    })
}

/// An outbox row goes with what came of trying it.
fn remove_outbox_row(txn: &mut Txn, key: &[u8], budget: &mut Budget) -> Result<bool, Error> {
    let is_removed = remove::<OutboxRow>(txn, key, budget)?;
    if is_removed {
        record::delete_named::<OutboxTry>(txn, key)?;
    }
    Ok(is_removed)
}

/// Does `act` to each row of a table whose key begins so, which takes it away; `act` says whether it did. Says whether
/// none is left.
fn clear_rows(
    txn: &mut Txn,
    table: Table,
    prefix: &[u8],
    mut act: impl FnMut(&mut Txn, &[u8]) -> Result<bool, Error>,
) -> Result<bool, Error> {
    loop {
        let rows = txn.scan(table, record::beginning_with(prefix), Direction::Forward)?;
        let keys: Vec<Vec<u8>> =
            rows.take(SOME).map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Ok(true);
        }
        for key in &keys {
            if !act(txn, key)? {
                return Ok(false);
            }
        }
    }
}

/// Takes the assignments to a deleted job away, as far as the budget goes; says whether none is left.
///
/// # Errors
/// [`Error::TooLarge`], or the engine fails.
pub fn unassign(
    txn: &mut Txn,
    company_id: CompanyId,
    job_id: JobId,
    at: Timestamp,
    budget: &mut Budget,
) -> Result<bool, Error> {
    clear_each(txn, &candidate::assigned_to(company_id, job_id), budget, |txn, key, budget| {
        if !budget.takes(txn) {
            return Ok(false);
        }
        let mut candidate: Candidate = record::named(txn, key)?;
        candidate.unassign(job_id, at);
        record::update(txn, &candidate)?;
        Ok(true)
    })
}

/// The next interviews of a candidate, oldest first, behind this one.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn interviews_of(
    read: &impl Read,
    candidate_id: CandidateId,
    after: Option<InterviewId>,
) -> Result<Vec<InterviewId>, Error> {
    some_behind(read, interview::of_candidate(candidate_id), after)
}

/// The next interviews by an agent, oldest first, behind this one.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn interviews_by(
    read: &impl Read,
    company_id: CompanyId,
    agent_id: AgentId,
    after: Option<InterviewId>,
) -> Result<Vec<InterviewId>, Error> {
    some_behind(read, interview::by_agent(company_id, agent_id), after)
}

fn some_behind(
    read: &impl Read,
    place: Place,
    after: Option<InterviewId>,
) -> Result<Vec<InterviewId>, Error> {
    let after = after.map(|id| Key::from_be_bytes(*id.bytes()));
    let keys = KeyList::from(place).oldest(read, after)?.take(SOME);
    keys.map(|key| Ok(InterviewId::from_bytes(key?.to_be_bytes()))).collect()
}

/// Removes every record of a list.
fn clear<R: Record>(txn: &mut Txn, place: &Place, budget: &mut Budget) -> Result<bool, Error> {
    clear_each(txn, place, budget, remove::<R>)
}

/// Does `act` to each record of a list, which takes it out of the list; `act` says whether it is done with it.
fn clear_each(
    txn: &mut Txn,
    place: &Place,
    budget: &mut Budget,
    act: impl Fn(&mut Txn, &[u8], &mut Budget) -> Result<bool, Error>,
) -> Result<bool, Error> {
    loop {
        let keys = place.keys(txn)?.take(SOME);
        let keys: Vec<Vec<u8>> = keys.collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Ok(true);
        }
        for key in &keys {
            if !act(txn, key, budget)? {
                return Ok(false);
            }
        }
    }
}

fn remove<R: Record>(txn: &mut Txn, key: &[u8], budget: &mut Budget) -> Result<bool, Error> {
    if !budget.takes(txn) {
        return Ok(false);
    }
    match record::delete_named::<R>(txn, key)? {
        Some(_) => Ok(true),
        // Going on would find the same entry for ever.
        None => Err(Error::Corrupt {
            table: R::TABLE.name(),
            what: format!("an index names {}, which is not there", record::hex(key)),
        }),
    }
}
