//! The entry for fuzzing stored values: whatever lies in a row is a record or an error, never a panic.

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
use super::codec;
use super::idempotency::Reply;
use super::key::StoredKey;
use super::record::Record;
use super::schema::Table;

/// What is tried with the bytes of a row.
type Try = fn(&[u8]);

/// Every noun of the store.
const NOUNS: [(Table, Try); 30] = [
    noun::<Ats>(),
    noun::<StoredKey>(),
    noun::<Company>(),
    noun::<CompanyPhoneNumber>(),
    noun::<User>(),
    noun::<Membership>(),
    noun::<Invitation>(),
    noun::<Job>(),
    noun::<Candidate>(),
    noun::<Agent>(),
    noun::<Interview>(),
    noun::<CallAttempt>(),
    noun::<Lease>(),
    noun::<CallQueue>(),
    noun::<Analysis>(),
    noun::<Decision>(),
    noun::<Release>(),
    noun::<SlotState>(),
    noun::<SlotRollouts>(),
    noun::<PluginVersion>(),
    noun::<Event>(),
    noun::<OutboxRow>(),
    noun::<OutboxTry>(),
    noun::<Reply>(),
    noun::<Removal>(),
    noun::<UsageRecord>(),
    noun::<DayUsage>(),
    noun::<InterviewCall>(),
    noun::<Repeat>(),
    noun::<AuditEntry>(),
];

const fn noun<R: Record>() -> (Table, Try) {
    (R::TABLE, stays_itself::<R>)
}

/// The name of a table, a space, and what lies in one of its rows.
pub fn stored_value(data: &[u8]) {
    let Some(space) = data.iter().position(|byte| *byte == b' ') else { return };
    let (name, value) = (&data[..space], &data[space + 1..]);
    let _ = codec::number("index", value);
    if let Some((_, try_it)) = NOUNS.iter().find(|(table, _)| table.name().as_bytes() == name) {
        try_it(value);
    }
}

/// A value that is read is written again, is read again, and is written the same; its key and its places in lists
/// can be told.
fn stays_itself<R: Record>(value: &[u8]) {
    let table = R::TABLE.name();
    let Ok(record) = codec::decode::<R>(table, R::VERSION, value) else { return };
    let written = codec::encode(table, R::VERSION, &record).expect("what was read can be written");
    let again: R = codec::decode(table, R::VERSION, &written).expect("what was written can be read");
    assert_eq!(codec::encode(table, R::VERSION, &again).expect("and written"), written);
    assert_eq!(R::key(&record.id()), R::key(&again.id()));
    assert_eq!(record.places().0, again.places().0);
}

/// A record of this noun, as the golden file has it.
pub(crate) fn golden<R: Record>() -> R {
    let prefix = format!("{} ", R::TABLE.name());
    let row = seeds().into_iter().find_map(|seed| Some(seed.strip_prefix(prefix.as_bytes())?.to_vec()));
    let row = row.unwrap_or_else(|| panic!("the golden file has no {prefix}"));
    codec::decode(R::TABLE.name(), R::VERSION, &row).expect("the golden file is of the present shapes")
}

/// One of each noun, as the golden file has them.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let files = [include_str!("tests/golden.txt"), include_str!("tests/golden_owner.txt")];
    let rows = files.into_iter().flat_map(str::lines).filter_map(|line| {
        let mut words = line.split(' ');
        let (table, value) = (words.next()?, words.nth(2)?);
        let value: Option<Vec<u8>> = (0..value.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(value.get(at..at + 2)?, 16).ok())
            .collect();
        Some([table.as_bytes(), b" ", &value?].concat())
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_noun_has_a_seed_that_is_read() {
        let seeds = seeds();
        for (table, _) in NOUNS {
            let prefix = format!("{} ", table.name());
            assert!(seeds.iter().any(|seed| seed.starts_with(prefix.as_bytes())), "{prefix}");
        }
        let kinds_of_rows_without_a_noun = [Table::Meta, Table::ArtifactChunk, Table::Index];
        for table in Table::ALL {
            let has_noun = NOUNS.iter().any(|(known, _)| *known == table);
            assert_ne!(has_noun, kinds_of_rows_without_a_noun.contains(&table), "{table:?}");
        }
    }
}
