//! Claims against what partners do to the same attempts at the same moment, and companies against each other.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::ids::Ids;
use switchboard::store;
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::time::Timestamp;
use switchboard_tests::office::{Planned, assert_sound, copies, events};
use switchboard_tests::{Client, Dialler, Office, TestHost};
use tokio::task::JoinSet;

/// Each round has so many attempts due at the same moment, and a change or removal of each under way.
const AT_ONCE: usize = 50;
const ROUNDS: usize = 200;

/// Connections that change and remove.
const PARTNERS: usize = 5;

/// What a partner was answered about an attempt.
#[derive(Debug)]
struct Answered {
    planned: Planned,
    is_removal: bool,
    status: u16,
    code: Value,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_changes_and_removals_race_claims() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let path = format!("/companies/{}", office.here.company_id);
    host.operate("PATCH", &path, json!({ "callsAtOnce": 1_000 })).await;
    let noon = host.now();
    let made =
        office.interview(json!({ "scheduledAt": noon.plus(Duration::from_secs(86_400)).to_string() })).await;
    let moments: Vec<Timestamp> =
        (0..AT_ONCE * ROUNDS).map(|index| noon.plus(minute(index / AT_ONCE))).collect();
    let ids = Ids::random(host.clock.clone());
    let planned = copies(host.running().app().store(), &ids, &made, &moments).await;
    let (_, seen) = events(&host, 0);
    let (mut claimed_in_all, mut moved_in_all, mut removed_in_all) = (0, 0, 0);
    for (round, planned) in planned.chunks(AT_ONCE).enumerate() {
        assert!(host.clock.set(noon.plus(minute(round))));
        let mut partners = JoinSet::new();
        for (place, share) in planned.chunks(AT_ONCE / PARTNERS).enumerate() {
            let partner = host.partner(&office.here.company_key);
            partners.spawn(change_all(partner, share.to_vec(), (round + place) % 2));
        }
        let mut diallers = JoinSet::new();
        for max in [1, 7] {
            let dialler = Dialler::new(&host, Value::Null).await;
            diallers.spawn(claim_some(dialler, max));
        }
        let answered = partners.join_all().await.into_iter().flatten().collect::<Vec<_>>();
        let claimed = diallers.join_all().await.into_iter().flatten().collect::<Vec<_>>();
        let (moved, removed) = assert_serial(&host, &answered, &claimed);
        (moved_in_all, removed_in_all) = (moved_in_all + moved, removed_in_all + removed);
        claimed_in_all += claimed.len();
        end_all(&host, claimed).await;
        // What was neither claimed nor moved is none: each attempt is one or the other.
        assert_eq!(office.dialler.claim(100).await, Vec::<Value>::new());
    }
    assert_eq!(claimed_in_all + moved_in_all + removed_in_all, AT_ONCE * ROUNDS);
    let rarest = claimed_in_all.min(moved_in_all).min(removed_in_all);
    assert!(AT_ONCE * ROUNDS / 20 < rarest, "{claimed_in_all} {moved_in_all} {removed_in_all}: no race");
    let told = events(&host, seen).0;
    let count = |name: &str| told.iter().filter(|told| *told == name).count();
    assert_eq!(
        [
            count("call_attempt.started"),
            count("call_attempt.completed"),
            count("call_attempt.scheduled"),
            count("call_attempt.cancelled")
        ],
        [claimed_in_all, claimed_in_all, moved_in_all, removed_in_all]
    );
    assert_sound(&host);
}

/// A round is over long before the next one's calls are due, on the slowest machine too.
fn minute(round: usize) -> Duration {
    Duration::from_secs(60 * u64::try_from(round).expect("a number"))
}

/// Moves every other attempt to tomorrow and removes the rest.
async fn change_all(mut partner: Client, share: Vec<Planned>, first: usize) -> Vec<Answered> {
    let mut answered = Vec::new();
    for (place, planned) in share.into_iter().enumerate() {
        let is_removal = (place + first).is_multiple_of(2);
        let [interview, attempt] = [&planned.interview, &planned.attempt].map(|of| of["id"].as_str());
        let path =
            format!("/interviews/{}/call-attempts/{}", interview.expect("an id"), attempt.expect("an id"));
        let answer = if is_removal {
            partner.send("DELETE", &path, &[], Bytes::new()).await
        } else {
            let body = Bytes::from_static(br#"{"scheduledAt":"2026-04-03T12:00:00+02:00"}"#);
            partner.send("PATCH", &path, &[], body).await
        };
        let code = if answer.bytes.is_empty() { Value::Null } else { answer.json()["error"]["code"].clone() };
        answered.push(Answered { planned, is_removal, status: answer.status, code });
    }
    answered
}

/// Claims until nothing is due.
async fn claim_some(mut dialler: Dialler, max: usize) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let claimed = dialler.claim(max).await;
        if claimed.is_empty() {
            return all;
        }
        all.extend(claimed);
    }
}

/// Whatever came first, the other saw it: an attempt is in one dialler's hands, or it was moved or removed.
fn assert_serial(host: &TestHost, answered: &[Answered], claimed: &[Value]) -> (usize, usize) {
    let snapshot = host.running().app().store().snapshot().expect("a snapshot");
    let (mut moved, mut removed) = (0, 0);
    for Answered { planned, is_removal, status, code } in answered {
        let [interview_id, attempt_id] = [&planned.interview, &planned.attempt].map(|of| &of["id"]);
        let id = |id: &Value| id.as_str().expect("an id").to_owned();
        let key =
            (id(interview_id).parse().expect("an interview's"), id(attempt_id).parse().expect("a call's"));
        let now = store::get::<CallAttempt>(&snapshot, &key).expect("a store").map(|attempt| attempt.status);
        match claimed.iter().filter(|claimed| claimed["id"] == *attempt_id).count() {
            0 => {
                assert_eq!((*status, code), (204, &Value::Null), "{planned:?}");
                let left = (!is_removal).then_some(CallAttemptStatus::Scheduled);
                assert_eq!(now, left, "{planned:?}");
                *(if *is_removal { &mut removed } else { &mut moved }) += 1;
            }
            1 => {
                assert_eq!((*status, code), (400, &json!("INVALID_STATE_TRANSITION")), "{planned:?}");
                assert_eq!(now, Some(CallAttemptStatus::InProgress), "{planned:?}");
            }
            times => panic!("claimed {times} times: {planned:?}"),
        }
    }
    assert_eq!(answered.len(), claimed.len() + moved + removed);
    (moved, removed)
}

/// All of these calls went well.
async fn end_all(host: &TestHost, claimed: Vec<Value>) {
    let mut ends = JoinSet::new();
    for some in claimed.chunks(claimed.len().div_ceil(PARTNERS).max(1)) {
        let (mut dialler, some) = (Dialler::new(host, Value::Null).await, some.to_vec());
        ends.spawn(async move {
            for one in some {
                let _ = dialler.complete(&one, "COMPLETED").await.expect(200);
            }
        });
    }
    ends.join_all().await;
}

/// A company with a hundred thousand attempts due and five lines is in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_is_due_delays_nobody_else() {
    let host = TestHost::start().await;
    let mut crowd = Office::new(&host).await;
    let path = format!("/companies/{}", crowd.here.company_id);
    host.operate("PATCH", &path, json!({ "callsAtOnce": 5 })).await;
    let made = crowd
        .interview(json!({ "scheduledAt": host.now().plus(Duration::from_secs(86_400)).to_string() }))
        .await;
    let ids = Ids::random(host.clock.clone());
    let moments = vec![host.now(); 100_000];
    copies(host.running().app().store(), &ids, &made, &moments).await;
    let here = host.furnish_company(crowd.here.ats_id.clone()).await;
    let mut alone = Office::of(&host, here).await;
    let of = |claimed: &[Value]| -> Vec<String> {
        claimed.iter().map(|one| one["companyId"].as_str().expect("an id").to_owned()).collect()
    };
    // It comes last, and is served second: after one of the crowd, not after a hundred thousand.
    let single = alone.interview(json!({})).await;
    let first = crowd.dialler.claim(2).await;
    let mut served = of(&first);
    served.sort();
    let mut both = [crowd.here.company_id.clone(), alone.here.company_id.clone()];
    both.sort();
    assert_eq!(served, both);
    assert!(first.iter().any(|one| one["interviewId"] == single["id"]));
    // At its limit the crowd is passed over, whatever is due; a claim then writes nothing.
    let mut crowded = first;
    crowded.retain(|one| one["interviewId"] != single["id"]);
    crowded.extend(crowd.dialler.claim(100).await);
    assert_eq!(of(&crowded), vec![crowd.here.company_id.clone(); 5]);
    let file = host.folder().join("switchboard.redb");
    let written = || std::fs::metadata(&file).and_then(|file| file.modified()).expect("a file");
    let before = written();
    for _ in 0..20 {
        assert_eq!(crowd.dialler.claim(100).await, Vec::<Value>::new());
    }
    assert_eq!(written(), before, "an empty claim is a read");
    let single = alone.interview(json!({})).await;
    assert_eq!(crowd.dialler.claim_one().await["interviewId"], single["id"]);
    // Each line that gets free is one more call.
    for place in 0..20 {
        let _ = crowd.dialler.complete(&crowded[place], "COMPLETED").await.expect(200);
        let next = crowd.dialler.claim(100).await;
        assert_eq!(of(&next), vec![crowd.here.company_id.clone()]);
        crowded.extend(next);
    }
}
