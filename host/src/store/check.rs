//! The walk that finds whether the store contradicts itself. Power-loss and restart tests end with it.

use std::collections::BTreeMap;

use switchboard_domain::agent::Agent;
use switchboard_domain::analysis::Analysis;
use switchboard_domain::ats::Ats;
use switchboard_domain::audit::AuditEntry;
use switchboard_domain::call_attempt::CallAttempt;
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::decision::Decision;
use switchboard_domain::event::{Event, OutboxRow};
use switchboard_domain::interview::Interview;
use switchboard_domain::invitation::Invitation;
use switchboard_domain::job::Job;
use switchboard_domain::lease::Lease;
use switchboard_domain::membership::Membership;
use switchboard_domain::outbox::OutboxTry;
use switchboard_domain::phone_number::CompanyPhoneNumber;
use switchboard_domain::release::{PluginVersion, Release, SlotState};
use switchboard_domain::removal::Removal;
use switchboard_domain::rollout::SlotRollouts;
use switchboard_domain::usage::{DayUsage, InterviewCall, Repeat, UsageRecord};
use switchboard_domain::user::User;

use super::call_queue::CallQueue;
use super::idempotency::Reply;
use super::index::Place;
use super::key::StoredKey;
use super::key_list::{Key, KeyList, StoredList};
use super::record::{self, EVERYTHING, Record, hex};
use super::schema::{Shape, Table};
use super::search::Searched;
use super::txn::{Direction, Read};
use super::{Error, call_queue, codec, decision, event, lease, usage};

/// Walks everything: each record is read, the index holds exactly the entries, counts and lists that follow
/// from the records, every company's queue stands where it belongs, every call in progress is in somebody's
/// hands, every decision that an interview is to lead to is named by it, and what days hold follows from the ledger of
/// usage. Gives a sentence for each contradiction; none means that the store is sound.
///
/// # Errors
/// The engine fails.
pub fn check(read: &impl Read) -> Result<Vec<String>, Error> {
    let mut walk = Walk::default();
    walk.table::<Ats>(read)?;
    walk.table::<StoredKey>(read)?;
    walk.table::<Company>(read)?;
    walk.table::<CompanyPhoneNumber>(read)?;
    walk.table::<User>(read)?;
    walk.table::<Membership>(read)?;
    walk.table::<Invitation>(read)?;
    walk.table::<Job>(read)?;
    walk.table::<Candidate>(read)?;
    walk.table::<Agent>(read)?;
    walk.table::<Interview>(read)?;
    walk.table::<CallAttempt>(read)?;
    walk.table::<Lease>(read)?;
    walk.table::<CallQueue>(read)?;
    walk.table::<Analysis>(read)?;
    walk.table::<Decision>(read)?;
    walk.table::<Release>(read)?;
    walk.table::<SlotState>(read)?;
    walk.table::<SlotRollouts>(read)?;
    walk.table::<PluginVersion>(read)?;
    walk.table::<Event>(read)?;
    walk.table::<OutboxRow>(read)?;
    walk.table::<OutboxTry>(read)?;
    walk.table::<Reply>(read)?;
    walk.table::<Removal>(read)?;
    walk.table::<UsageRecord>(read)?;
    walk.table::<DayUsage>(read)?;
    walk.table::<InterviewCall>(read)?;
    walk.table::<Repeat>(read)?;
    walk.table::<AuditEntry>(read)?;
    for (key, members) in std::mem::take(&mut walk.counts) {
        walk.expected.insert(key, members.to_be_bytes().to_vec());
    }
    let mut stored: Option<StoredList> = None;
    for row in read.scan(Table::Index, EVERYTHING, Direction::Forward)? {
        let (key, value) = row?;
        if let Some(list) = KeyList::of_row(&key) {
            if let Some(whole) = stored.take_if(|stored| *stored.list() != list) {
                walk.list(&whole);
            }
            stored.get_or_insert_with(|| StoredList::new(list)).read(&key, &value);
            continue;
        }
        match walk.expected.remove(&key) {
            None => walk.problems.push(format!("index row {} follows from no record", hex(&key))),
            Some(expected) if expected != value => {
                walk.problems.push(format!("count {} is {}, not {}", hex(&key), hex(&value), hex(&expected)));
            }
            Some(_) => {}
        }
    }
    if let Some(last) = &stored {
        walk.list(last);
    }
    walk.problems.extend(walk.expected.keys().map(|key| format!("index row {} is missing", hex(key))));
    walk.problems.extend(walk.lists.keys().map(|list| format!("list {list} is missing")));
    // What follows from several records at once is looked at where each of them can be read.
    if walk.problems.is_empty() {
        walk.problems.extend(call_queue::misplaced(read)?);
        walk.problems.extend(lease::lost(read)?);
        walk.problems.extend(decision::lost(read)?);
        walk.problems.extend(usage::contradictions(read)?);
    }
    Ok(walk.problems)
}

/// What a walk over the records has gathered.
#[derive(Debug, Default)]
struct Walk {
    expected: BTreeMap<Vec<u8>, Vec<u8>>,
    counts: BTreeMap<Vec<u8>, u64>,
    lists: BTreeMap<KeyList, Vec<Key>>,
    problems: Vec<String>,
}

impl Walk {
    /// Reads every row of a noun.
    fn table<R: Record>(&mut self, read: &impl Read) -> Result<(), Error> {
        for row in read.scan(R::TABLE, EVERYTHING, Direction::Forward)? {
            let (key, value) = row?;
            if R::TABLE == Table::Event && key == event::LAST_KEY {
                continue;
            }
            match codec::decode::<R>(R::TABLE.name(), R::VERSION, &value) {
                Err(error) => self.problems.push(error.to_string()),
                Ok(record) if R::key(&record.id()) != key => {
                    self.problems.push(format!("`{}`: {} holds another record", R::TABLE.name(), hex(&key)));
                }
                Ok(record) => {
                    self.expect(&key, record.places().0)?;
                    for list in record.searched().iter().flat_map(Searched::lists) {
                        self.lists.entry(list).or_default().push(record::listed(&key)?);
                    }
                }
            }
        }
        Ok(())
    }

    /// Records are read in the order of their keys, as lists have them.
    fn list(&mut self, stored: &StoredList) {
        let expected = self.lists.remove(stored.list());
        let list = stored.list();
        self.problems.extend(match (stored.keys(), expected) {
            (Err(what), _) => Some(format!("list {list}: {what}")),
            (Ok(_), None) => Some(format!("list {list} follows from no record")),
            (Ok(keys), Some(expected)) if keys != expected => Some(format!(
                "list {list} has {} records, not the {} that follow",
                keys.len(),
                expected.len()
            )),
            (Ok(_), Some(_)) => None,
        });
    }

    fn expect(&mut self, key: &[u8], places: Vec<Place>) -> Result<(), Error> {
        for place in places {
            match place.tag().shape() {
                Shape::List { .. } | Shape::Words => {
                    self.lists.entry(place.into()).or_default().push(record::listed(key)?);
                }
                Shape::Entries | Shape::CountedEntries => {
                    let is_new = self.expected.insert(place.entry(key), Vec::new()).is_none();
                    if is_new && place.tag().shape() == Shape::CountedEntries {
                        *self.counts.entry(place.count_key()).or_default() += 1;
                    }
                }
            }
        }
        Ok(())
    }
}
