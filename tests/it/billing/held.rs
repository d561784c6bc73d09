//! Calls that cannot be converted at once: they wait, visibly, for a release that can, and not for ever.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use switchboard::app::{App, Gap};
use switchboard::ids::Ids;
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::billing::{Line, MonthSoFar, Verdict};
use switchboard_domain::bounds::BILL_WAITS_SECONDS_MAX;
use switchboard_domain::id::CallAttemptId;
use switchboard_domain::lease::Leased;
use switchboard_domain::usage::{Bill, UsageId, UsageRecord};
use switchboard_tests::office::assert_sound;
use switchboard_tests::{Office, Options, TestHost};

use super::{DAY, call, ledger, run, usage};

const WEEK: Duration = Duration::from_secs(BILL_WAITS_SECONDS_MAX as u64);

/// Waits until a report of all that ever was says so.
async fn until(office: &mut Office, expected: &str) {
    let mut found = String::new();
    for _ in 0..1_000 {
        found = usage(&mut office.partner, "?start=2026-01-01&end=2027-01-01").await;
        if found.contains(expected) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not {expected}: {found}");
}

async fn held(host: &TestHost, office: &Office) -> Value {
    let path = format!("/slots/{}/billing", office.here.ats_id);
    host.operate("GET", &path, Value::Null).await["held"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broken_release_cannot_bill_waits_for_one_that_can() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let id = office.here.company_id.clone();
    call(&mut office, 61).await;
    run(&host, &office.here.ats_id, "hostile", json!({ "settings": { "do": "trap" } })).await;
    for _ in 0..2 {
        call(&mut office, 125).await;
    }
    let breakdown = r#"[{"costKey":"interview_minutes","events":1,"minutesUsed":2}]"#;
    let expected = format!(
        r#"{{"companies":[{{"companyId":"{id}","companyName":"Acme","billingSystem":"minutes","totalInterviews":3,"totalMinutesUsed":2,"breakdownByCostKey":{breakdown},"pendingInterviews":2}}],"totalInterviews":3,"totalMinutesUsed":2,"breakdownByCostKey":{breakdown},"pendingInterviews":2}}"#
    );
    assert_eq!(usage(&mut office.partner, "").await, expected);
    assert_eq!(held(&host, &office).await, 2);
    // A restart loses nothing, and the same release bills nothing.
    let host = host.restart().await;
    let mut office = Office { partner: host.partner(&office.here.company_key), ..office };
    office.dialler.0 = host.partner(&host.key(json!({ "kind": "worker" })).await);
    assert_eq!(usage(&mut office.partner, "").await, expected);
    // Mended: at its next turn each is converted, at the rate of that time.
    run(&host, &office.here.ats_id, "hostile", json!({ "settings": { "do": "one-unit" } })).await;
    assert!(host.clock.advance(Duration::from_secs(3_600)));
    until(&mut office, r#""totalInterviews":3,"totalMinutesUsed":4"#).await;
    let found = usage(&mut office.partner, "").await;
    assert!(
        !found.contains("pending") && found.contains(r#""costKey":"hostile_calls","events":2"#),
        "{found}"
    );
    assert_eq!(held(&host, &office).await, 0);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_billed_keeps_nobody_elses_waiting() {
    let host = TestHost::start().await;
    let first = host.furnish().await;
    let second = host.furnish_company(first.ats_id.clone()).await;
    let (mut broken, mut fine) = (Office::of(&host, first).await, Office::of(&host, second).await);
    let settings = json!({ "do": "overflow", "onlyCompany": broken.here.company_id });
    run(&host, &broken.here.ats_id, "hostile", json!({ "settings": settings })).await;
    for _ in 0..3 {
        call(&mut broken, 61).await;
        call(&mut fine, 61).await;
    }
    until(&mut fine, r#""totalInterviews":3,"totalMinutesUsed":3"#).await;
    until(&mut broken, r#""totalMinutesUsed":0,"breakdownByCostKey":[],"pendingInterviews":3"#).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_builtin_rule_bills_what_nobody_has_billed_for_a_week() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    run(&host, &office.here.ats_id, "hostile", json!({ "settings": { "do": "trap" } })).await;
    call(&mut office, 125).await;
    assert!(host.clock.advance(WEEK - Duration::from_secs(60)));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = usage(&mut office.partner, "").await;
    assert!(waiting.contains(r#""pendingInterviews":1"#), "{waiting}");
    assert!(host.clock.advance(Duration::from_secs(3_700)));
    until(
        &mut office,
        r#""totalMinutesUsed":3,"breakdownByCostKey":[{"costKey":"interview_minutes","events":1"#,
    )
    .await;
    let calls = ledger(&host, &office.here);
    let conversion = calls[0].conversion().expect("is converted");
    let release = host.operate("GET", &format!("/releases/{}", conversion.release_id), Value::Null).await;
    assert_eq!(release["plugin"], "standard");
    assert_eq!(held(&host, &office).await, 0);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_company_that_is_gone_are_converted_too() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    run(&host, &office.here.ats_id, "hostile", json!({ "settings": { "do": "trap" } })).await;
    call(&mut office, 125).await;
    let mut ats = host.partner(&office.here.ats_key);
    assert!(ats.delete(&format!("/company/{}", office.here.company_id)).await.is_success());
    let waiting = r#"{"companies":[],"totalInterviews":1,"totalMinutesUsed":0,"breakdownByCostKey":[],"pendingInterviews":1}"#;
    assert_eq!(usage(&mut ats, "").await, waiting);
    run(&host, &office.here.ats_id, "granite", json!({})).await;
    assert!(host.clock.advance(DAY));
    office.partner = ats;
    until(&mut office, r#""totalMinutesUsed":3,"breakdownByCostKey":[{"costKey":"interview_generic""#).await;
    assert_sound(&host);
}

/// Another call like this one, which has just ended.
fn like(call: &UsageRecord, ids: &Ids) -> UsageRecord {
    let id = UsageId { of: Leased::Call(CallAttemptId::new(ids.uuid())), ..call.id };
    UsageRecord { id, bill: Bill::Waits { ask_at: call.id.finished_at }, ..call.clone() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_process_ended_before_its_conversion_is_converted_by_the_next_one() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    call(&mut office, 61).await;
    // What the commit that ends a call leaves, when nothing comes after it.
    let left = like(&ledger(&host, &office.here)[0], &Ids::random(host.clock.clone()));
    let work = move |txn: &mut Txn| Ok::<_, Abort<()>>(store::usage::write(txn, left.clone())?);
    host.running().app().store().commit(work).await.expect("a commit");
    let host = host.restart().await;
    office.partner = host.partner(&office.here.company_key);
    until(&mut office, r#""totalInterviews":1,"totalMinutesUsed":4"#).await;
    assert_sound(&host);
}

/// Moves a company's account between the policy's answer and the commit.
#[derive(Debug, Default)]
struct Meddler {
    app: OnceLock<App>,
    left: AtomicUsize,
    model: OnceLock<UsageRecord>,
}

impl Meddler {
    async fn act(&self) {
        let (Some(app), Some(model)) = (self.app.get(), self.model.get()) else { return };
        let takes = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, takes).is_err() {
            return;
        }
        let other = like(model, &Ids::random(app.clock().clone()));
        let conversion = model.conversion().expect("a model that is converted").clone();
        let work = move |txn: &mut Txn| {
            let other = UsageRecord { id: store::usage::write(txn, other.clone())?, ..other.clone() };
            let UsageId { ats_id, company_id, finished_at, .. } = other.id;
            let unit = other.billing_system;
            let so_far: MonthSoFar = store::usage::month_so_far(txn, ats_id, company_id, unit, finished_at)?;
            let lines = vec![Line { cost_key: "other".to_owned(), quantity_thousandths: 1 }];
            let decided = (conversion.decision_id, conversion.release_id);
            let verdict = Verdict { lines, total_thousandths: 1 };
            Ok::<_, Abort<()>>(store::update(txn, &other.converted(verdict, so_far, decided, finished_at))?)
        };
        app.store().commit(work).await.expect("a commit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_bill_is_made_on_an_account_that_has_moved() {
    let meddler = Arc::new(Meddler::default());
    let hand = Arc::clone(&meddler);
    let gap = Gap::new(move || {
        let hand = Arc::clone(&hand);
        Box::pin(async move { hand.act().await })
    });
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    meddler.app.set(host.running().app().clone()).expect("set once");
    let mut office = Office::new(&host).await;
    let tiers = json!([{ "afterCalls": 3, "percent": 50 }]);
    run(&host, &office.here.ats_id, "granite", json!({ "settings": { "tiers": tiers } })).await;
    call(&mut office, 61).await;
    meddler.model.set(ledger(&host, &office.here).remove(0)).expect("set once");

    // Claimed before, so that no other policy is asked in between.
    let mut claimed = Vec::new();
    for _ in 0..2 {
        office.interview(json!({})).await;
        claimed.push(office.dialler.claim_one().await);
    }
    // Twice another bill comes in between: the third answer holds, and has its discount.
    meddler.left.store(2, Ordering::SeqCst);
    let _ = office.dialler.complete(&claimed[0], "COMPLETED").await.expect(200);
    let found = usage(&mut office.partner, "").await;
    assert!(
        found.contains(r#"{"costKey":"interview_generic_less_50","events":1,"minutesUsed":1}"#),
        "{found}"
    );
    assert!(!found.contains("pending"), "{found}");
    // Again and again: it is left to the worker, and converted once.
    meddler.left.store(5, Ordering::SeqCst);
    let _ = office.dialler.complete(&claimed[1], "COMPLETED").await.expect(200);
    let found = usage(&mut office.partner, "").await;
    assert!(found.contains(r#""pendingInterviews":1"#), "{found}");
    assert!(host.clock.advance(Duration::from_secs(90)));
    until(&mut office, r#"{"costKey":"interview_generic_less_50","events":2,"minutesUsed":2}"#).await;
    assert_sound(&host);
}
