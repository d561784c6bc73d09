//! From the rehearsal to the way back: a release that is wrong for three companies in a hundred.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_tests::TestHost;

use super::{Crowd, WITHIN, activate, is_in, until};

const COMPANIES: usize = 100;
const WRONG: usize = 3;
const PERCENT: u64 = 5;

/// How often everybody asks while the canary is out: who alternated would be seen.
const ROUNDS: usize = 3;

/// From one of them to the next, so that none stands beside another.
const STEP: usize = 37;

impl Crowd {
    fn company(&self, number: usize) -> &str {
        &self.0[number].0.furnished.company_id
    }

    /// Posts an interview of this company: who was asked, whether it failed, and who answered.
    async fn post(&self, host: &TestHost, number: usize) -> (String, bool, String) {
        let (scene, candidate) = &self.0[number];
        let made = scene.post(host, candidate).await;
        let is_degraded = made.header("X-Policy-Degraded").is_some();
        let decision = host.decision(&made.expect(201)).await;
        assert_eq!(decision["degraded"], is_degraded, "{decision:#}");
        let text = |member: &str| decision[member].as_str().expect("a release").to_owned();
        (text("release"), is_degraded, text("answeredBy"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_is_wrong_for_few_is_seen_before_met_by_few_and_gone_at_once() {
    let host = TestHost::start().await;
    let crowd = Crowd::new(&host, COMPANIES).await;
    let good = crowd.release(&host, "answer-first").await;
    host.activate(&good).await;
    for number in 0..COMPANIES {
        assert_eq!(crowd.post(&host, number).await, (good.clone(), false, good.clone()));
    }
    let wrong: BTreeSet<usize> = (1..=WRONG).map(|number| number * STEP % COMPANIES).collect();
    let companies: BTreeSet<&str> = wrong.iter().map(|number| crowd.company(*number)).collect();
    let settings = json!({ "do": "wrong-job", "onlyCompany": companies });
    // Whom a canary meets follows from its id: one that meets some of those that it is wrong for, and not all.
    let (bad, inside) = loop {
        let body = json!({ "settings": settings, "timeoutMs": 5000, "onFailure": "last-good" });
        let release = host.release(&crowd.slot(), "hostile", body).await;
        let is_inside = |number: &usize| is_in(&release, crowd.company(*number), PERCENT);
        let inside: BTreeSet<usize> = (0..COMPANIES).filter(is_inside).collect();
        let met = inside.intersection(&wrong).count();
        if 0 < met && met < WRONG && met < inside.len() {
            break (release, inside);
        }
    };
    let met: Vec<usize> = inside.intersection(&wrong).copied().collect();

    // Rehearsed, it is wrong for exactly these three.
    let told = host.operate("POST", &format!("/releases/{bad}/backtest"), json!({})).await;
    assert_eq!(
        (&told["decisions"], &told["same"], &told["changed"], &told["failed"]),
        (&json!(COMPANIES), &json!(COMPANIES - WRONG), &json!(0), &json!(WRONG)),
        "{told:#}"
    );
    let by_company = told["byCompany"].as_array().expect("a list");
    let named = by_company.iter().map(|one| one["companyId"].as_str().expect("an id"));
    assert_eq!(named.collect::<BTreeSet<_>>(), companies);
    assert_eq!(told["byOutcome"], json!([{ "before": "job", "after": "failed/bad-answer", "count": WRONG }]));

    // As a canary it meets its share, and of the three those in it; the bound is one failure further.
    let failures = ROUNDS * met.len();
    let bound = json!({ "canaryPercent": PERCENT, "autoRollback": { "failures": failures + 1 } });
    activate(&host, &bad, bound).await;
    for _ in 0..ROUNDS {
        for number in 0..COMPANIES {
            let is_wrong = met.contains(&number);
            let asked = if inside.contains(&number) { &bad } else { &good };
            let answered = if is_wrong { &good } else { asked };
            let expected = (asked.clone(), is_wrong, answered.clone());
            assert_eq!(crowd.post(&host, number).await, expected, "{}", crowd.company(number));
        }
    }
    let shown = crowd.show(&host).await;
    assert_eq!(
        (&shown["canary"]["calls"], &shown["canary"]["failures"]),
        (&json!(ROUNDS * inside.len()), &json!(failures)),
        "{shown:#}"
    );

    // One failure more, and it is gone.
    assert_eq!(crowd.post(&host, met[0]).await, (bad.clone(), true, good.clone()));
    let shown = until(&host, &crowd, WITHIN, |shown| shown["canary"].is_null()).await;
    let ended = &shown["ended"][0];
    assert_eq!(
        (&ended["release"], &ended["stage"], &ended["end"]),
        (&json!(bad), &json!("canary"), &json!("rolled-back"))
    );
    assert_eq!((&shown["active"]["id"], &shown["canary"]), (&json!(good), &Value::Null));
    for number in 0..COMPANIES {
        assert_eq!(crowd.post(&host, number).await, (good.clone(), false, good.clone()));
    }
}
