//! What another release would have billed.

use serde_json::{Value, json};
use switchboard_tests::{Office, TestHost};

use super::{call, calls_at_once, run, switch, usage};
use crate::removal::dump;

async fn rerate(host: &TestHost, release: &str, since: &str) -> Value {
    host.operate("GET", &format!("/billing/rerate?release={release}&since={since}"), Value::Null).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_bills_as_before_makes_no_difference_and_another_one_its_own() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let slot = format!("{}/billing", office.here.ats_id);
    let tiers = json!({ "settings": { "tiers": [{ "afterCalls": 3, "percent": 50 }] } });
    let same = run(&host, &office.here.ats_id, "granite", tiers.clone()).await;
    calls_at_once(&host, &mut office, 5).await;
    switch(&host, &office.here.company_id, json!({ "billingSystem": "credits" })).await;
    call(&mut office, 61).await;
    let snapshot = || host.running().app().store().snapshot().expect("a snapshot");
    let before = dump(&snapshot());
    let told = rerate(&host, &same, "2026-04-01").await;
    assert_eq!(told["calls"], json!({ "billed": 6, "same": 6, "changed": 0, "failed": 0, "pending": 0 }));
    // Three at 2 minutes, two at half of that.
    assert_eq!(told["minutes"], json!({ "billed": 8, "wouldBe": 8, "difference": 0 }));
    assert_eq!(told["credits"], json!({ "billed": 0.2, "wouldBe": 0.2, "difference": 0 }));
    assert!(dump(&snapshot()) == before, "a question changes nothing");

    // Half of the way to the discount: it comes after one call now. The release was never active.
    let sooner = json!({ "settings": { "tiers": [{ "afterCalls": 1, "percent": 50 }] } });
    let sooner = host.release(&slot, "granite", sooner).await;
    let told = rerate(&host, &sooner, "2026-04-01").await;
    assert_eq!(told["calls"], json!({ "billed": 6, "same": 4, "changed": 2, "failed": 0, "pending": 0 }));
    let minutes = &told["byCompany"][0];
    assert_eq!(
        (&minutes["billed"], &minutes["wouldBe"], &minutes["difference"]),
        (&json!(8), &json!(6), &json!(-2))
    );
    assert_eq!(
        minutes["byCostKey"],
        json!([
            { "costKey": "interview_generic", "billed": 6, "wouldBe": 2, "difference": -4 },
            { "costKey": "interview_generic_less_50", "billed": 2, "wouldBe": 4, "difference": 2 },
        ])
    );
    assert_eq!(told["byCompany"][1]["billingSystem"], "credits");
    let report = usage(&mut office.partner, "").await;
    assert!(report.contains(r#""totalMinutesUsed":8"#), "{report}");

    // One that cannot answer is told apart; what came later than asked for, or of others, is not looked at.
    let broken = json!({ "settings": { "do": "trap" } });
    assert!(host.push("hostile").await.is_success());
    let broken = host.release(&slot, "hostile", broken).await;
    let told = rerate(&host, &broken, "2026-04-01").await;
    assert_eq!(told["calls"], json!({ "billed": 6, "same": 0, "changed": 0, "failed": 6, "pending": 0 }));
    assert_eq!(told["minutes"]["difference"], 0);
    let told = rerate(&host, &sooner, &host.in_future(super::DAY)).await;
    assert_eq!(told["byCompany"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_of_the_default_slot_is_asked_about_whoever_runs_none_of_its_own() {
    let host = TestHost::start().await;
    let (mut own, mut usual) = (Office::new(&host).await, Office::new(&host).await);
    run(&host, &own.here.ats_id, "granite", json!({})).await;
    call(&mut own, 61).await;
    call(&mut usual, 61).await;
    let dearer = json!({ "settings": { "credits": { "default": { "baseCost": 2 } } } });
    let release = host.release("default/billing", "standard", dearer).await;
    let told = rerate(&host, &release, "2026-04-02T00:00").await;
    assert_eq!(told["byCompany"].as_array().map(Vec::len), Some(1));
    assert_eq!(told["byCompany"][0]["companyId"], json!(usual.here.company_id));
    assert_eq!(told["calls"]["same"], 1, "minutes are what they were");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_makes_no_sense_is_refused() {
    let host = TestHost::start().await;
    let mut operator = host.operator();
    let error = operator.get("/billing/rerate").await.refused(400, "MISSING_REQUIRED_FIELD");
    assert_eq!(error["details"]["fields"].as_array().map(Vec::len), Some(2));
    let _ = operator.get("/billing/rerate?release=rel_1&since=x").await.refused(400, "VALIDATION_ERROR");
    let nobody = "rel_01960e6a7c0070008000000000000009";
    let path = format!("/billing/rerate?release={nobody}&since=2026-04-02");
    let _ = operator.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    let other = host.release("default/job-resolution", "standard", json!({})).await;
    let path = format!("/billing/rerate?release={other}&since=2026-04-02");
    assert!(!operator.get(&path).await.is_success());
}
