//! Lease rows, in the order in which they move on by themselves, and the count of each company's calls.

use switchboard_domain::agent::AgentType;
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::company::Company;
use switchboard_domain::id::CompanyId;
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::lease::{Lease, Leased};
use switchboard_domain::time::Timestamp;

use super::index::{self, Place};
use super::record::{self, EVERYTHING, Places, Record};
use super::schema::{INSTALLATION, Table, Tag};
use super::txn::{Direction, Read, Txn};
use super::{Error, call_queue, codec, interview};

impl Record for Lease {
    type Id = Leased;
    const TABLE: Table = Table::Lease;

    fn id(&self) -> Leased {
        self.of
    }

    fn key(id: &Leased) -> Vec<u8> {
        // Ids of both kinds are drawn from one source and never meet.
        match id {
            Leased::Call(id) => id.bytes().to_vec(),
            Leased::Online(id) => id.bytes().to_vec(),
        }
    }

    fn places(&self) -> Places {
        let deadline = codec::moment(self.deadline());
        let mut places = vec![Place::new(INSTALLATION, Tag::LeaseByDeadline, &deadline)];
        places.extend(counts(self).then(|| of_company(self.company_id)));
        places.into()
    }

    fn changed(txn: &mut Txn, before: Option<&Self>, after: Option<&Self>) -> Result<(), Error> {
        match before.or(after) {
            Some(lease) if before.is_some_and(counts) != after.is_some_and(counts) => {
                call_queue::reseat(txn, lease.company_id)
            }
            _ => Ok(()),
        }
    }
}

/// Whether it is one of the company's calls at once: an online interview keeps no line busy.
fn counts(lease: &Lease) -> bool {
    lease.is_live() && matches!(lease.of, Leased::Call(_))
}

fn of_company(company_id: CompanyId) -> Place {
    Place::new(*company_id.bytes(), Tag::LeaseOfCompany, &[])
}

/// How many of a company's calls are in progress.
///
/// # Errors
/// The engine fails.
pub fn calls_in_progress(read: &impl Read, company_id: CompanyId) -> Result<u64, Error> {
    of_company(company_id).count(read)
}

/// The leases that move on by themselves, the earliest first, each with its moment.
///
/// # Errors
/// The engine fails, or a row cannot be read.
pub fn by_deadline(
    read: &impl Read,
) -> Result<impl Iterator<Item = Result<(Timestamp, Lease), Error>>, Error> {
    let entries = index::sorted_from(read, INSTALLATION, Tag::LeaseByDeadline, [0; 8])?;
    Ok(entries.map(|entry| {
        let entry = entry?;
        Ok((codec::moment_of(entry.value), record::named(read, &entry.key)?))
    }))
}

/// A sentence for each call in progress that nobody has in hand, and for each lease on what is not in progress.
pub(crate) fn lost(read: &impl Read) -> Result<Vec<String>, Error> {
    let mut problems = Vec::new();
    for attempt in record::scan::<CallAttempt>(read, EVERYTHING, Direction::Forward)? {
        let CallAttempt { id, status, .. } = attempt?;
        let lease = record::get::<Lease>(read, &Leased::Call(id))?;
        let is_in_hand = lease.is_some_and(|lease| lease.is_live());
        if is_in_hand != (status == CallAttemptStatus::InProgress) {
            problems.push(format!("call attempt {id} is {status}; in somebody's hands: {is_in_hand}"));
        }
    }
    for interview in record::scan::<Interview>(read, EVERYTHING, Direction::Forward)? {
        let interview = interview?;
        // What is left of a deleted company goes in steps, its attempts before their interview.
        if !record::exists::<Company>(read, &interview.company_id)? {
            continue;
        }
        let is_in_hand = match interview.agent.agent_type {
            AgentType::Online => {
                let lease = record::get::<Lease>(read, &Leased::Online(interview.id))?;
                lease.is_some_and(|lease| lease.is_live())
            }
            AgentType::Phone => {
                let attempts = interview::attempts(read, interview.id)?;
                attempts.iter().any(|attempt| attempt.status == CallAttemptStatus::InProgress)
            }
        };
        if is_in_hand != (interview.status == InterviewStatus::InProgress) {
            let (id, status) = (interview.id, interview.status);
            problems.push(format!("interview {id} is {status}; in somebody's hands: {is_in_hand}"));
        }
    }
    Ok(problems)
}
