//! Bills (contract §8), from the call that ends to the report that is read: what is counted, when, for whom, and that
//! it is exact.

mod held;
mod history;
mod rerate;

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::store::{self, Direction, Read, Table};
use switchboard_domain::billing::Line;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::UsageRecord;
use switchboard_tests::office::{assert_sound, moment};
use switchboard_tests::{Client, Furnished, Office, TestHost};

use crate::table::assert_refused;

const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";
const DAY: Duration = Duration::from_secs(86_400);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// A call that takes place, and lasts so long; its interview as it is afterwards.
async fn call(office: &mut Office, seconds: u32) -> Value {
    let made = office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    let end = json!({ "outcome": "COMPLETED", "durationSeconds": seconds });
    let _ = office.dialler.complete_with(&claimed, end).await.expect(200);
    office.look(&made).await
}

/// The bytes of `data`.
async fn usage(client: &mut Client, query: &str) -> String {
    let answer = client.get(&format!("/billing/usage{query}")).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let whole = String::from_utf8(answer.bytes.to_vec()).expect("text");
    let data = whole.strip_prefix(r#"{"success":true,"data":"#).expect("the envelope");
    data.split_once(r#","error":null,"timestamp":""#).expect("the envelope").0.to_owned()
}

async fn switch(host: &TestHost, company_id: &str, change: Value) {
    host.operate("PATCH", &format!("/companies/{company_id}"), change).await;
}

async fn renamed(host: &TestHost, ats_id: &str, name: &str) -> Furnished {
    let here = host.furnish_company(ats_id.to_owned()).await;
    let body = json!({ "name": name });
    let _ = host
        .partner(&here.company_key)
        .patch(&format!("/company/{}", here.company_id), &body)
        .await
        .expect(200);
    here
}

/// Runs a plugin for an ATS's bills; what its release is called.
async fn run(host: &TestHost, ats_id: &str, plugin: &str, more: Value) -> String {
    if plugin != "standard" {
        assert!(host.push(plugin).await.is_success());
    }
    let release = host.release(&format!("{ats_id}/billing"), plugin, more).await;
    host.activate(&release).await;
    release
}

/// The ledger, in the order of its calls.
fn ledger(host: &TestHost, here: &Furnished) -> Vec<UsageRecord> {
    let snapshot = host.running().app().store().snapshot().expect("a snapshot");
    let [ats_id, company_id] = [&here.ats_id, &here.company_id];
    let (ats_id, company_id) = (ats_id.parse().expect("an id"), company_id.parse().expect("an id"));
    let calls = store::usage::calls(&snapshot, ats_id, company_id, Timestamp::MIN, Timestamp::MAX);
    calls.expect("a ledger").collect::<Result<_, _>>().expect("records")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_in_minutes_pays_started_minutes() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let id = office.here.company_id.clone();
    let empty = format!(
        r#"{{"companies":[{{"companyId":"{id}","companyName":"Acme","billingSystem":"minutes","totalInterviews":0,"totalMinutesUsed":0,"breakdownByCostKey":[]}}],"totalInterviews":0,"totalMinutesUsed":0,"breakdownByCostKey":[]}}"#
    );
    assert_eq!(usage(&mut office.partner, "").await, empty);
    for seconds in [61, 60, 1] {
        let done = call(&mut office, seconds).await;
        // Who looks into the interview finds the decision.
        let decision = text(&done["decisions"]["billing"]);
        let decision = host.operate("GET", &format!("/decisions/{decision}"), Value::Null).await;
        assert_eq!(decision["facts"]["call-seconds"], seconds);
        assert_eq!(decision["facts"]["interview-id"], done["id"]);
    }
    let breakdown = r#"[{"costKey":"interview_minutes","events":3,"minutesUsed":4}]"#;
    let expected = format!(
        r#"{{"companies":[{{"companyId":"{id}","companyName":"Acme","billingSystem":"minutes","totalInterviews":3,"totalMinutesUsed":4,"breakdownByCostKey":{breakdown}}}],"totalInterviews":3,"totalMinutesUsed":4,"breakdownByCostKey":{breakdown}}}"#
    );
    assert_eq!(usage(&mut office.partner, "").await, expected);
    // The ATS sees the same; a company key's parameter is ignored.
    let mut ats = host.partner(&office.here.ats_key);
    assert_eq!(usage(&mut ats, "").await, expected);
    assert_eq!(usage(&mut ats, &format!("?companyId={id}")).await, expected);
    assert_eq!(usage(&mut office.partner, &format!("?companyId={NOBODY}")).await, expected);
    assert_eq!(usage(&mut office.partner, "?start=2026-04-03&end=2026-04-09").await, empty);
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_in_credits_pays_by_focus_and_by_thousandths() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let id = office.here.company_id.clone();
    switch(&host, &id, json!({ "billingSystem": "credits" })).await;
    // 1, and 0.1 for each started minute beyond ten.
    for seconds in [600, 601, 2_399] {
        call(&mut office, seconds).await;
    }
    let settings = json!({ "settings": { "credits": {
        "default": { "baseCost": 0.005 }, "GENERIC": { "costPerMinute": 0.007, "includedMinutes": 0 },
    } } });
    run(&host, &office.here.ats_id, "standard", settings).await;
    for _ in 0..3 {
        call(&mut office, 61).await;
    }
    // 1 + 1.1 + 4 at first, then three times 0.019.
    let breakdown = r#"[{"costKey":"interview_generic","events":6,"creditsUsed":6.157}]"#;
    let expected = format!(
        r#"{{"companies":[{{"companyId":"{id}","companyName":"Acme","billingSystem":"credits","totalInterviews":6,"totalCreditsUsed":6.157,"breakdownByCostKey":{breakdown}}}],"totalInterviews":6,"totalCreditsUsed":6.157,"breakdownByCostKey":{breakdown}}}"#
    );
    assert_eq!(usage(&mut office.partner, "").await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ats_sees_its_companies_by_name_and_the_deleted_ones_in_the_whole() {
    let host = TestHost::start().await;
    let first = host.furnish().await;
    let ats_id = first.ats_id.clone();
    let mut ats = host.partner(&first.ats_key);
    let names = [("Zeta", 61), ("Beta", 59), ("Gone", 121)];
    let mut offices = vec![Office::of(&host, first).await];
    for (name, _) in names {
        offices.push(Office::of(&host, renamed(&host, &ats_id, name).await).await);
    }
    switch(&host, &offices[2].here.company_id, json!({ "billingSystem": "credits" })).await;
    switch(&host, &offices[3].here.company_id, json!({ "billingSystem": "credits" })).await;
    for (office, (_, seconds)) in offices[1..].iter_mut().zip(names) {
        call(office, seconds).await;
    }
    // Somebody else's is nobody's here.
    call(&mut Office::new(&host).await, 600).await;
    let gone = &offices[3].here;
    let path = format!("/company/{}?companyId={}", gone.company_id, gone.company_id);
    assert!(ats.delete(&path).await.is_success());
    let ids: Vec<&str> = offices.iter().map(|office| office.here.company_id.as_str()).collect();
    let minutes = |id: &str, name: &str, interviews: u32, used: u32, breakdown: &str| {
        format!(
            r#"{{"companyId":"{id}","companyName":"{name}","billingSystem":"minutes","totalInterviews":{interviews},"totalMinutesUsed":{used},"breakdownByCostKey":[{breakdown}]}}"#
        )
    };
    let acme = minutes(ids[0], "Acme", 0, 0, "");
    let beta = format!(
        r#"{{"companyId":"{}","companyName":"Beta","billingSystem":"credits","totalInterviews":1,"totalCreditsUsed":1,"breakdownByCostKey":[{{"costKey":"interview_generic","events":1,"creditsUsed":1}}]}}"#,
        ids[2]
    );
    let zeta = minutes(ids[1], "Zeta", 1, 2, r#"{"costKey":"interview_minutes","events":1,"minutesUsed":2}"#);
    let whole = r#""totalInterviews":3,"totalMinutesUsed":2,"totalCreditsUsed":2,"breakdownByCostKey":[{"costKey":"interview_generic","events":2,"creditsUsed":2},{"costKey":"interview_minutes","events":1,"minutesUsed":2}]"#;
    assert_eq!(usage(&mut ats, "").await, format!(r#"{{"companies":[{acme},{beta},{zeta}],{whole}}}"#));
    // Nobody without a company, and nothing of nothing.
    let lonely = host.operate("POST", "/ats", json!({ "name": "Lonely" })).await;
    let key = host.key(json!({ "kind": "ats", "atsId": lonely["id"] })).await;
    let nothing = r#"{"companies":[],"totalInterviews":0,"breakdownByCostKey":[]}"#;
    assert_eq!(usage(&mut host.partner(&key), "").await, nothing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_that_was_switched_stands_twice() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let id = office.here.company_id.clone();
    call(&mut office, 61).await;
    // A call that is under way is billed in the unit of its end.
    office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    switch(&host, &id, json!({ "billingSystem": "credits" })).await;
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    let entry = |unit: &str, member: &str, used: u32, key: &str, of_key: &str| {
        format!(
            r#"{{"companyId":"{id}","companyName":"Acme","billingSystem":"{unit}","totalInterviews":1,"{member}":{used},"breakdownByCostKey":[{{"costKey":"{key}","events":1,"{of_key}":{used}}}]}}"#
        )
    };
    let minutes = entry("minutes", "totalMinutesUsed", 2, "interview_minutes", "minutesUsed");
    let credits = entry("credits", "totalCreditsUsed", 1, "interview_generic", "creditsUsed");
    let whole = r#""totalInterviews":2,"totalMinutesUsed":2,"totalCreditsUsed":1,"breakdownByCostKey":[{"costKey":"interview_generic","events":1,"creditsUsed":1},{"costKey":"interview_minutes","events":1,"minutesUsed":2}]"#;
    assert_eq!(
        usage(&mut office.partner, "").await,
        format!(r#"{{"companies":[{minutes},{credits}],{whole}}}"#)
    );
    // Without usage it stands there in its present unit.
    let later = usage(&mut office.partner, "?start=2026-06-01&end=2026-07-01").await;
    assert!(later.contains(r#""billingSystem":"credits""#) && !later.contains("inutes"), "{later}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_take_place_costs_nothing() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let before = usage(&mut office.partner, "").await;
    office.interview(json!({ "isTest": true })).await;
    for (outcome, seconds) in [("COMPLETED", 0), ("NO_ANSWER", 0), ("AGENT_ERROR", 30)] {
        office.interview(json!({})).await;
        let claimed = office.dialler.claim_one().await;
        let end = json!({ "outcome": outcome, "durationSeconds": seconds });
        let _ = office.dialler.complete_with(&claimed, end).await.expect(200);
    }
    // A lease that runs out: nothing is known of a conversation.
    office.interview(json!({})).await;
    let _ = office.dialler.claim_one().await;
    assert!(host.clock.advance(Duration::from_secs(70)));
    assert_eq!(usage(&mut office.partner, "").await, before);
    assert_eq!(ledger(&host, &office.here), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_online_interview_costs_what_a_call_costs() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let agent =
        json!({ "name": "Online", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    let body = json!({
        "candidateId": office.candidate(switchboard_tests::office::BRATISLAVA).await, "agent": agent,
    });
    let made = office.partner.post("/interviews", &body).await.expect(201);
    let path = format!("/worker/interviews/{}", text(&made["id"]));
    let lease = office.dialler.0.post(&format!("{path}/start"), &json!({})).await.expect(200);
    let mut end = json!({ "outcome": "COMPLETED", "durationSeconds": 125 });
    end["leaseToken"] = lease["leaseToken"].clone();
    for _ in 0..2 {
        let _ = office.dialler.0.post(&format!("{path}/complete"), &end).await.expect(200);
    }
    let found = usage(&mut office.partner, "").await;
    assert!(found.contains(r#""totalInterviews":1,"totalMinutesUsed":3"#), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_has_its_start_and_not_its_end() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let mut ends = Vec::new();
    for day in 0..40 {
        let done = call(&mut office, 30).await;
        ends.push(moment(text(&done["finishedDate"])));
        if day < 39 {
            assert!(host.clock.advance(DAY));
        }
    }
    let mut count = async |query: String| {
        let found: Value = serde_json::from_str(&usage(&mut office.partner, &query).await).expect("JSON");
        assert_eq!(found["totalInterviews"], found["totalMinutesUsed"], "each lasted a minute");
        assert_eq!(found["companies"][0]["totalInterviews"], found["totalInterviews"]);
        found["totalInterviews"].as_u64().expect("a number")
    };
    let second = Duration::from_millis(1);
    for place in [0, 7, 39] {
        let end = ends[place];
        let place = place as u64;
        assert_eq!(count(format!("?start={end}&end=2027-01-01")).await, 40 - place);
        assert_eq!(count(format!("?start={}&end=2027-01-01", end.plus(second))).await, 39 - place);
        assert_eq!(count(format!("?start=2026-01-01&end={end}")).await, place);
        assert_eq!(count(format!("?start=2026-01-01&end={}", end.plus(second))).await, place + 1);
        assert_eq!(count(format!("?start={end}&end={end}")).await, 0);
        assert_eq!(count(format!("?start={end}&end={}", end.plus(second))).await, 1);
    }
    // The last thirty days, up to this moment; dates are midnights of UTC, and what has no offset is of UTC.
    // (what ended thirty days ago, and some moments more, is out of them).
    assert_eq!(count(String::new()).await, 30);
    assert_eq!(count("?start=2026-04-02&end=2026-04-03".to_owned()).await, 1);
    assert_eq!(count("?start=2026-04-02&end=2026-05-02".to_owned()).await, 30);
    assert_eq!(count("?start=2026-04-02T00:00&end=2026-04-04T00:00:00%2B00:00".to_owned()).await, 2);
    assert_eq!(count("?end=2026-05-02".to_owned()).await, 30);
    assert_eq!(count("?start=2026-05-02".to_owned()).await, 10);
    assert_eq!(count("?start=2027-01-01".to_owned()).await, 0);
    assert_eq!(count("?start=0001-01-01&end=9999-12-31".to_owned()).await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_value_of_the_query_is_named() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let stranger = host.furnish().await;
    let mut ats = host.partner(&here.ats_key);
    let answer = ats.get("/billing/usage?start=yesterday&end=2026-13-01").await;
    let error = answer.refused(400, "INVALID_DATE");
    assert_eq!(error["details"]["fields"].as_array().map(Vec::len), Some(2));
    assert!(error["details"]["reason"].is_string());
    let answer = ats.get("/billing/usage?start=2026-04-02&end=2026-04-01").await;
    assert_refused(&answer, "VALIDATION_ERROR", &["end"], &json!("end before start"));
    let answer = ats.get("/billing/usage?start=x&companyId=y").await;
    assert_refused(&answer, "VALIDATION_ERROR", &["companyId", "start"], &json!("both"));
    let _ = ats.get(&format!("/billing/usage?companyId={NOBODY}")).await.refused(404, "RESOURCE_NOT_FOUND");
    let path = format!("/billing/usage?companyId={}", stranger.company_id);
    let _ = ats.get(&path).await.refused(403, "RESOURCE_ACCESS_DENIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_counts_once_whatever_becomes_of_its_interview() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    // Completed again and again, by itself and once more after the interview is gone.
    let made = office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    for _ in 0..3 {
        let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    }
    let attempt = office.look(&made).await["callAttempts"][0].clone();
    let _ = office.delete_attempt(&made, &attempt).await;
    office.delete(&made).await;
    // Deleted while the call goes on.
    let made = office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    office.delete(&made).await;
    for _ in 0..2 {
        let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    }
    // Called again: two calls, one interview.
    let made = call(&mut office, 65).await;
    let _ = office.post_attempt(&made, json!({})).await.expect(201);
    let claimed = office.dialler.claim_one().await;
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    let found = usage(&mut office.partner, "").await;
    assert!(found.contains(r#""totalInterviews":3,"totalMinutesUsed":8"#), "{found}");
    assert!(found.contains(r#""events":4"#), "{found}");
    let calls = ledger(&host, &office.here);
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| call.conversion().is_some()));
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_deleted_company_is_left_but_its_usage() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let here = office.here.clone();
    let mut ats = host.partner(&here.ats_key);
    for seconds in [61, 30] {
        let done = call(&mut office, seconds).await;
        let _ =
            office.post_attempt(&done, json!({ "scheduledAt": host.in_future(DAY / 24) })).await.expect(201);
    }
    // A call that outlives its company.
    office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    let path = format!("/company/{}", here.company_id);
    assert!(ats.delete(&path).await.is_success());
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    let whole = r#"{"companies":[],"totalInterviews":3,"totalMinutesUsed":5,"breakdownByCostKey":[{"costKey":"interview_minutes","events":3,"minutesUsed":5}]}"#;
    assert_eq!(usage(&mut ats, "").await, whole);
    assert!(ledger(&host, &here).iter().all(|call| call.conversion().is_some()));
    // The dialler's last word is remembered for a week.
    assert!(host.clock.advance(8 * DAY));
    let id = here.company_id.replace('-', "");
    let left = async || {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let snapshot = host.running().app().store().snapshot().expect("a snapshot");
        let mut tables: Vec<&str> = Vec::new();
        for table in Table::ALL {
            let everything = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
            for row in snapshot.scan(table, everything, Direction::Forward).expect("rows") {
                let (key, value) = row.expect("a row");
                if hex(&key).contains(&id) || hex(&value).contains(&id) || contains(&value, &here.company_id)
                {
                    tables.push(table.name());
                }
            }
        }
        tables.dedup();
        tables
    };
    for _ in 0..500 {
        if left().await.iter().all(|table| table.starts_with("usage") || *table == "audit") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Ids and quantities.
    assert_eq!(left().await, ["usage", "usage_day", "audit"]);
    assert_eq!(usage(&mut ats, "?start=2026-04-01&end=2026-05-01").await, whole);
    assert_sound(&host);
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_at_its_limit_gets_no_further_interview_in_this_month() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let id = office.here.company_id.clone();
    switch(&host, &id, json!({ "usageLimit": 3.5 })).await;
    call(&mut office, 121).await;
    // Three of three and a half are used, and this call makes it five.
    call(&mut office, 61).await;
    let candidate_id = office.candidate(switchboard_tests::office::BRATISLAVA).await;
    let body = json!({ "candidateId": candidate_id, "agentId": office.agent_id });
    let _ = office.partner.post("/interviews", &body).await.refused(402, "BILLING_LIMIT_EXCEEDED");
    let _ =
        office.partner.post("/interviews?dryRun=true", &body).await.refused(402, "BILLING_LIMIT_EXCEEDED");
    // What is wrong with the body comes first; tests cost nothing.
    let wrong = json!({ "candidateId": NOBODY, "agentId": office.agent_id });
    let _ = office.partner.post("/interviews", &wrong).await.refused(400, "VALIDATION_ERROR");
    let _ = office
        .partner
        .post("/interviews", &crate::table::with(&body, &json!({ "isTest": true })))
        .await
        .expect(201);
    // Another unit is another account; another limit is another one.
    switch(&host, &id, json!({ "billingSystem": "credits" })).await;
    let _ = office.partner.post("/interviews", &body).await.expect(201);
    switch(&host, &id, json!({ "billingSystem": "minutes", "usageLimit": 5.001 })).await;
    let _ = office.partner.post("/interviews", &body).await.expect(201);
    switch(&host, &id, json!({ "usageLimit": 5 })).await;
    let _ = office.partner.post("/interviews", &body).await.refused(402, "BILLING_LIMIT_EXCEEDED");
    // With the month the account begins anew: April has 28 days left.
    assert!(host.clock.set(moment("2026-04-30T23:59:59Z")));
    let answer = office.partner.post("/interviews", &body).await;
    let _ = answer.refused(402, "BILLING_LIMIT_EXCEEDED");
    assert!(host.clock.set(moment("2026-05-01T00:00:00Z")));
    let _ = office.partner.post("/interviews", &body).await.expect(201);
    switch(&host, &id, json!({ "usageLimit": 0 })).await;
    let _ = office.partner.post("/interviews", &body).await.refused(402, "BILLING_LIMIT_EXCEEDED");
    switch(&host, &id, json!({ "usageLimit": null })).await;
    let _ = office.partner.post("/interviews", &body).await.expect(201);
}

/// Calls that end at the same moment, of one company.
async fn calls_at_once(host: &TestHost, office: &mut Office, calls: usize) {
    switch(host, &office.here.company_id, json!({ "callsAtOnce": 1_000 })).await;
    for _ in 0..calls {
        office.interview(json!({})).await;
    }
    let claimed = office.dialler.claim(100).await;
    assert_eq!(claimed.len(), calls);
    let mut ends = tokio::task::JoinSet::new();
    for one in claimed {
        let mut dialler = switchboard_tests::Dialler::new(host, Value::Null).await;
        ends.spawn(async move { dialler.complete(&one, "COMPLETED").await.status });
    }
    assert!(ends.join_all().await.iter().all(|status| *status == 200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discount_is_exact_however_many_calls_end_at_once() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let tiers = json!([{ "afterCalls": 5, "percent": 10 }, { "afterCalls": 30, "percent": 50 }]);
    run(&host, &office.here.ats_id, "granite", json!({ "settings": { "tiers": tiers } })).await;
    calls_at_once(&host, &mut office, 40).await;
    // Two minutes each: 5 at 2, 25 at 1.8, 10 at 1.
    let found: Value = serde_json::from_str(&usage(&mut office.partner, "").await).expect("JSON");
    assert_eq!(
        found["breakdownByCostKey"],
        json!([
            { "costKey": "interview_generic", "events": 5, "minutesUsed": 10 },
            { "costKey": "interview_generic_less_10", "events": 25, "minutesUsed": 45 },
            { "costKey": "interview_generic_less_50", "events": 10, "minutesUsed": 10 },
        ])
    );
    assert_eq!(found["totalMinutesUsed"], 65);
    // Each saw the account as those before it had left it, and nobody asked in vain.
    let mut accounts: Vec<(u64, u64, u64)> = Vec::new();
    for call in ledger(&host, &office.here) {
        let conversion = call.conversion().expect("is converted");
        let cost = conversion.lines.iter().map(|line: &Line| line.quantity_thousandths).sum();
        accounts.push((conversion.month_so_far.calls, conversion.month_so_far.quantity_thousandths, cost));
    }
    accounts.sort_unstable();
    let mut sum = 0;
    for (place, (calls, so_far, cost)) in accounts.into_iter().enumerate() {
        assert_eq!((calls, so_far), (place as u64, sum));
        sum += cost;
    }
    let path = format!("/decisions?slot={}/billing&limit=1000", office.here.ats_id);
    let decisions = host.operate("GET", &path, Value::Null).await;
    assert_eq!(decisions.as_array().map(Vec::len), Some(40), "one question a call");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_without_the_scope_reads_no_bills() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let body = json!({ "kind": "company", "companyId": here.company_id, "scopes": ["read:companies"] });
    let key = host.key(body).await;
    let error = host.partner(&key).get("/billing/usage").await.refused(403, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(error["details"]["requiredScope"], "read:billing");
    let answer = host.partner(&here.ats_key).send("POST", "/billing/usage", &[], Bytes::new()).await;
    let _ = answer.refused(405, "METHOD_NOT_ALLOWED");
}
