//! What single nouns promise beyond being inserted, changed and removed.

use std::sync::Arc;

use switchboard_domain::candidate::{Candidate, CandidateStatus};
use switchboard_domain::decision::{Decision, PolicyName, Slot};
use switchboard_domain::event::Event;
use switchboard_domain::id::{CompanyId, DecisionId, KeyId, ReleaseId};
use switchboard_domain::interview::{DecidedBy, Interview, InterviewStatus};
use switchboard_domain::release::{Digest, PluginVersion};
use switchboard_domain::time::Timestamp;

use super::super::decision::DecisionFilter;
use super::super::engine::Engine;
use super::super::fuel_model::FuelModels;
use super::super::idempotency::{Reply, ReplyKey};
use super::super::schema::Table;
use super::super::txn::{Read as _, Txn};
use super::super::{
    Abort, Backing, Error, Options, PageRequest, PageStart, Store, ats, check, company, decision, delete,
    event, exists, fuel_model, get, idempotency, insert, interview, key, meta, outbox, phone_number, plugin,
    release, safe_mode, slot, update,
};
use super::fixture::{self, ATS, COMPANY, SLOT, id};

fn txn() -> Txn {
    let engine = Engine::open(Backing::Memory, 1 << 20).expect("opens");
    Txn::new(engine.snapshot().expect("reads"), None)
}

fn assert_sound(txn: &Txn) {
    assert_eq!(check(txn).expect("walks"), Vec::<String>::new());
}

#[test]
fn an_id_is_inserted_once_and_only_what_is_there_is_updated() {
    let mut txn = txn();
    let job = fixture::job(1, switchboard_domain::job::JobStatus::Open);
    assert!(matches!(update(&mut txn, &job), Err(Error::Missing("job"))));
    insert(&mut txn, &job).expect("inserts");
    assert!(matches!(insert(&mut txn, &job), Err(Error::Exists("job"))));
    assert!(exists::<switchboard_domain::job::Job>(&txn, &job.id).expect("reads"));
    assert_eq!(get(&txn, &job.id).expect("reads"), Some(job));
}

#[test]
fn an_ats_is_found_by_exactly_its_name() {
    let mut txn = txn();
    let north = fixture::ats();
    insert(&mut txn, &north).expect("inserts");
    assert_eq!(ats::named(&txn, "North").expect("reads"), std::slice::from_ref(&north));
    assert_eq!(ats::named(&txn, "Nort").expect("reads"), []);
    let renamed = switchboard_domain::ats::Ats { name: "South".to_owned(), ..north };
    update(&mut txn, &renamed).expect("updates");
    assert_eq!(ats::named(&txn, "North").expect("reads"), []);
    assert_eq!(ats::all(&txn).expect("reads"), [renamed]);
    assert_sound(&txn);
}

#[test]
fn a_key_keeps_its_hash_through_changes_and_is_gone_after_its_removal() {
    let mut txn = txn();
    let mut main = fixture::key(1);
    key::insert(&mut txn, &main, [7; 32]).expect("inserts");
    key::insert(&mut txn, &fixture::key(2), [8; 32]).expect("inserts");
    main.suspension = None;
    key::update(&mut txn, &main).expect("updates");
    assert_eq!(key::get(&txn, main.id).expect("reads"), Some(main.clone()));
    assert_eq!(key::of_ats(&txn, ATS).expect("reads").len(), 2);
    assert_eq!(key::of_company(&txn, COMPANY).expect("reads").len(), 2);
    let hashes: Vec<[u8; 32]> =
        key::with_hashes(&txn).expect("reads").iter().map(|(hash, _)| *hash).collect();
    assert_eq!(hashes, [[7; 32], [8; 32]]);
    assert_sound(&txn);
    key::delete(&mut txn, main.id).expect("deletes");
    assert_eq!(key::get(&txn, KeyId::from_bytes(id(1))).expect("reads"), None);
    assert_eq!(key::all(&txn).expect("reads"), [fixture::key(2)]);
    assert_sound(&txn);
}

#[test]
fn companies_are_listed_by_ats_and_all_together() {
    let mut txn = txn();
    for number in 1..=3 {
        insert(&mut txn, &fixture::company(CompanyId::from_bytes(id(number)))).expect("inserts");
    }
    let first = company::all(&txn, &PageRequest::first(2)).expect("lists");
    assert_eq!((first.items.len(), first.total), (2, 3));
    let start = PageStart::After(first.next.expect("one more follows"));
    let second = company::all(&txn, &PageRequest { start, limit: 2 }).expect("lists");
    assert_eq!((second.items.len(), second.total, second.next), (1, 3, None));
    assert_eq!(company::list(&txn, ATS, &PageRequest::first(2)).expect("lists"), first);
}

#[test]
fn a_number_is_found_by_company_and_by_itself() {
    let mut txn = txn();
    let number = fixture::phone_number();
    insert(&mut txn, &number).expect("inserts");
    assert_eq!(phone_number::of_company(&txn, COMPANY).expect("reads"), std::slice::from_ref(&number));
    assert_eq!(phone_number::by_number(&txn, &number.number).expect("reads"), Some(number));
    assert_eq!(phone_number::by_number(&txn, &fixture::number("+436641234568")).expect("reads"), None);
}

#[test]
fn attempts_of_an_interview_come_oldest_first_and_only_its_own() {
    let mut txn = txn();
    for (interview, attempt) in [(1, 12), (1, 11), (2, 13)] {
        insert(&mut txn, &fixture::call_attempt(interview, attempt)).expect("inserts");
    }
    let attempts = interview::attempts(&txn, fixture::call_attempt(1, 0).interview_id).expect("reads");
    assert_eq!(attempts, [fixture::call_attempt(1, 11), fixture::call_attempt(1, 12)]);
}

#[test]
fn decisions_are_narrowed_by_every_filter() {
    let mut txn = txn();
    // As ids are made: after the request's moment, which is their first six bytes.
    let timed = |number: u64| {
        let millis = fixture::decision(number, false).at.unix_millis().to_be_bytes();
        let mut bytes = id(number);
        bytes[..6].copy_from_slice(&millis[2..]);
        bytes
    };
    for number in 1..=6 {
        let id = DecisionId::from_bytes(timed(number));
        let decision = Decision { id, ..fixture::decision(number, number % 2 == 0) };
        insert(&mut txn, &decision).expect("inserts");
    }
    let numbers = |filter: DecisionFilter<'_>, limit| -> Vec<u8> {
        let found = decision::list(&txn, &filter, limit).expect("lists");
        found.iter().map(|decision| decision.id.bytes()[15]).collect()
    };
    let all = DecisionFilter::default();
    assert_eq!(numbers(all, 3), [6, 5, 4]);
    assert_eq!(numbers(DecisionFilter { failed: true, ..all }, 9), [6, 4, 2]);
    let since = Some(fixture::decision(5, false).at);
    assert_eq!(numbers(DecisionFilter { since, ..all }, 9), [6, 5]);
    let other = Slot { ats_id: None, ..SLOT };
    assert_eq!(numbers(DecisionFilter { slots: Some(&[SLOT]), ..all }, 9), [6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(DecisionFilter { slots: Some(&[other]), ..all }, 9), [0; 0]);
    assert_eq!(numbers(DecisionFilter { slots: Some(&[]), ..all }, 9), [0; 0]);
    let narrow = DecisionFilter { company_id: Some(COMPANY), slots: Some(&[SLOT]), ..all };
    assert_eq!(numbers(DecisionFilter { failed: true, since, ..narrow }, 9), [6]);
    let stranger = Some(CompanyId::from_bytes([8; 16]));
    assert_eq!(numbers(DecisionFilter { company_id: stranger, ..all }, 9), [0; 0]);
    assert_sound(&txn);
}

fn decided_by(policy: PolicyName, number: u64) -> DecidedBy {
    DecidedBy { policy, decision_id: DecisionId::from_bytes(id(number)) }
}

/// A candidate whose interview was made with decisions 2 and 3; their decision 5 led to none.
fn txn_with_an_interview() -> (Txn, Candidate, Interview) {
    let mut txn = txn();
    let candidate = fixture::candidate(9, CandidateStatus::Applied, Vec::new());
    insert(&mut txn, &candidate).expect("inserts");
    let made = fixture::interview(4, candidate.id, None, InterviewStatus::Scheduled);
    let decisions = [(PolicyName::CallScheduling, 2), (PolicyName::JobResolution, 3)];
    let decisions = decisions.map(|(policy, number)| decided_by(policy, number)).to_vec();
    let interview = Interview { decisions, ..made };
    insert(&mut txn, &interview).expect("inserts");
    for (number, interview_id) in [(2, Some(interview.id)), (3, Some(interview.id)), (5, None)] {
        insert(&mut txn, &Decision { interview_id, ..fixture::decision(number, false) }).expect("inserts");
    }
    (txn, candidate, interview)
}

/// The decisions in the list of a candidate.
fn listed(txn: &Txn, candidate: &Candidate) -> Vec<u8> {
    let keys = decision::about(candidate.id).all(txn).expect("reads");
    keys.iter().map(|key| key[15]).collect()
}

#[test]
fn a_decision_is_named_by_its_interview_or_listed_by_its_candidate() {
    let (mut txn, candidate, mut interview) = txn_with_an_interview();
    assert_eq!(listed(&txn, &candidate), [5]);
    assert_sound(&txn);
    interview.rest_on(decided_by(PolicyName::CallScheduling, 6));
    update(&mut txn, &interview).expect("updates");
    insert(&mut txn, &fixture::decision(6, false)).expect("inserts");
    assert_eq!(listed(&txn, &candidate), [2, 5, 6], "the interview names another one now");
    assert_sound(&txn);
    delete::<Interview>(&mut txn, &interview.id).expect("deletes");
    assert_eq!(listed(&txn, &candidate), [2, 3, 5, 6], "it outlives the interview");
    assert_sound(&txn);
}

#[test]
fn a_decision_goes_with_its_interview_once_its_candidate_is_gone() {
    let (mut txn, candidate, interview) = txn_with_an_interview();
    delete::<Candidate>(&mut txn, &candidate.id).expect("deletes");
    delete::<Interview>(&mut txn, &interview.id).expect("deletes");
    for decided_by in interview.decisions {
        assert!(!exists::<Decision>(&txn, &decided_by.decision_id).expect("reads"), "{decided_by:?}");
    }
    assert_eq!(listed(&txn, &candidate), [5], "the candidate's removal sees to it");
    assert_sound(&txn);
}

#[test]
fn what_check_says_of_a_decision_that_its_interview_does_not_name() {
    let mut txn = txn();
    let candidate = fixture::candidate(9, CandidateStatus::Applied, Vec::new());
    insert(&mut txn, &candidate).expect("inserts");
    let interview = fixture::interview(4, candidate.id, None, InterviewStatus::Scheduled);
    insert(&mut txn, &Interview { decisions: Vec::new(), ..interview.clone() }).expect("inserts");
    let decision = Decision { interview_id: Some(interview.id), ..fixture::decision(3, false) };
    insert(&mut txn, &decision).expect("inserts");
    let said = format!("decision {} is not named by the interview {}", decision.id, interview.id);
    assert_eq!(check(&txn).expect("walks"), [said]);
}

#[test]
fn events_have_one_order_that_removals_do_not_restart() {
    let mut txn = txn();
    for number in 1..=3 {
        let sequence = event::append(&mut txn, fixture::event(number, None)).expect("appends");
        assert_eq!(sequence, number);
    }
    let sequences = |txn: &Txn, after, limit| -> Vec<u64> {
        event::after(txn, after, limit).expect("reads").iter().map(|event| event.sequence).collect()
    };
    assert_eq!(sequences(&txn, 0, 2), [1, 2]);
    assert_eq!(sequences(&txn, 1, 9), [2, 3]);
    assert_sound(&txn);
    for sequence in 1..=3 {
        delete::<Event>(&mut txn, &sequence).expect("deletes");
    }
    assert_eq!(event::append(&mut txn, fixture::event(4, None)).expect("appends"), 4);
    assert_eq!(sequences(&txn, 0, 9), [4]);
    assert_sound(&txn);
}

#[test]
fn a_decision_has_the_fuel_model_that_was_noted_before_it() {
    let mut txn = txn();
    let at = |number: u64| DecisionId::from_bytes(id(number));
    assert_eq!(FuelModels::read(&txn).expect("reads").newest(), None);
    fuel_model::put(&mut txn, at(3), "one").expect("writes");
    fuel_model::put(&mut txn, at(5), "other").expect("writes");
    safe_mode::set(&mut txn, None, true).expect("writes");
    let models = FuelModels::read(&txn).expect("reads");
    for (number, model) in
        [(2, None), (3, Some("one")), (4, Some("one")), (5, Some("other")), (9, Some("other"))]
    {
        assert_eq!(models.of(at(number)), model, "{number}");
    }
    assert_eq!(models.newest(), Some("other"));
    // As it lies in files already.
    let key = [b"fuel-model/".as_slice(), &id(3)].concat();
    assert_eq!(txn.get(Table::Meta, &key).expect("reads"), Some(b"\x01\x03one".to_vec()));
    assert_sound(&txn);
}

#[test]
fn the_outbox_gives_the_oldest_first() {
    let mut txn = txn();
    for number in [3, 1, 2] {
        insert(&mut txn, &fixture::outbox_row(number)).expect("inserts");
    }
    let oldest = outbox::oldest(&txn, 2).expect("reads");
    assert_eq!(oldest, [fixture::outbox_row(1), fixture::outbox_row(2)]);
}

#[test]
fn replies_expire_oldest_first_and_no_more_than_asked_for() {
    let mut txn = txn();
    let at = |number: u8| Timestamp::from_unix_millis(i64::from(number) * 1_000);
    for number in [5, 1, 3] {
        insert(&mut txn, &fixture::reply(number, at(number))).expect("inserts");
    }
    let is_kept = |txn: &Txn, number: u8| exists::<Reply>(txn, &ReplyKey([number; 32])).expect("reads");
    assert_eq!(idempotency::expire(&mut txn, at(5), 1).expect("expires"), 1);
    assert!(!is_kept(&txn, 1) && is_kept(&txn, 3) && is_kept(&txn, 5));
    assert_eq!(idempotency::expire(&mut txn, at(5), 9).expect("expires"), 1);
    assert!(!is_kept(&txn, 3) && is_kept(&txn, 5));
    assert_sound(&txn);
}

#[test]
fn releases_and_slots_are_found_by_slot_and_digest() {
    let mut txn = txn();
    let default = Slot { ats_id: None, ..SLOT };
    for (number, slot) in [(1, default), (2, SLOT), (3, SLOT)] {
        insert(&mut txn, &fixture::release(number, slot)).expect("inserts");
    }
    insert(&mut txn, &fixture::slot_state()).expect("inserts");
    let own = release::list(&txn, Some(SLOT), 9).expect("lists");
    assert_eq!(own, [fixture::release(3, SLOT), fixture::release(2, SLOT)]);
    assert_eq!(release::list(&txn, None, 2).expect("lists"), own);
    let of_digest = plugin::releases_of(&txn, Digest([5; 32])).expect("reads");
    assert_eq!(of_digest, [1, 2, 3].map(|number| ReleaseId::from_bytes(id(number))));
    assert_eq!(slot::all(&txn).expect("reads"), [fixture::slot_state()]);
    assert_eq!(get(&txn, &SLOT).expect("reads"), Some(fixture::slot_state()));
}

#[test]
fn a_secret_is_kept_under_its_name() {
    let mut txn = txn();
    meta::put_secret(&mut txn, "pepper", &[1, 2]).expect("writes");
    assert_eq!(meta::secret(&txn, "pepper").expect("reads"), Some(vec![1, 2]));
    assert_eq!(meta::secret(&txn, "format").expect("reads"), None);
}

#[tokio::test]
async fn an_artifact_without_its_version_is_swept_at_the_next_start() {
    let folder = tempfile::tempdir().expect("makes a folder");
    let open = || Store::open(Backing::File(folder.path().join("s")), &Options::default()).expect("opens");
    let store = open();
    // More than one commit's worth of chunks, and a last one that is not full.
    let bytes: Arc<[u8]> = (0..3_000_001_u32).map(|place| place.to_le_bytes()[1]).collect();
    let (kept, lost) = (Digest([1; 32]), Digest([2; 32]));
    for digest in [kept, lost] {
        plugin::put_artifact(&store, digest, Arc::clone(&bytes)).await.expect("writes");
    }
    let version = fixture::plugin_version("b", kept);
    let other = fixture::plugin_version("bb", kept);
    let rows = [version.clone(), other.clone()];
    let work = move |txn: &mut Txn| -> Result<(), Abort<()>> {
        rows.iter().try_for_each(|row| Ok(insert(txn, row)?))
    };
    store.commit(work).await.expect("commits");
    store.close().await;
    drop(store);
    let snapshot = open().snapshot().expect("reads");
    assert_eq!(plugin::artifact(&snapshot, kept).expect("reads").as_deref(), Some(bytes.as_ref()));
    assert_eq!(plugin::artifact(&snapshot, lost).expect("reads"), None);
    assert_eq!(plugin::named(&snapshot, "b").expect("reads"), std::slice::from_ref(&version));
    assert_eq!(plugin::all(&snapshot).expect("reads"), [version, other]);
    let id = ("b".to_owned(), lost);
    assert_eq!(get::<PluginVersion>(&snapshot, &id).expect("reads"), None);
}
