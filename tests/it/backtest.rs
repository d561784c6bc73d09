//! Backtests: what a release would have said is told exactly, and nothing is changed by asking.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Answer, Scene, TestHost};

/// Three in a hundred of these is one.
const COMPANIES: usize = 33;

async fn backtest(host: &TestHost, release: &str, body: Value) -> Answer {
    host.operator().post(&format!("/releases/{release}/backtest"), &body).await
}

async fn report(host: &TestHost, release: &str, body: Value) -> Value {
    host.operate("POST", &format!("/releases/{release}/backtest"), body).await
}

/// Companies of one ATS, each with a candidate who has two jobs.
async fn crowd(host: &TestHost, companies: usize) -> Vec<(Scene, String, Vec<String>)> {
    let first = Scene::new(host).await;
    let mut crowd = Vec::new();
    for number in 0..companies {
        let scene = match number {
            0 => first.clone(),
            _ => Scene::of(host, host.furnish_company(first.furnished.ats_id.clone()).await).await,
        };
        let jobs = scene.ranked_jobs(host, &[1, 2]).await;
        let candidate = scene.candidate(host, &jobs).await;
        crowd.push((scene, candidate, jobs));
    }
    crowd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_that_is_wrong_for_three_in_a_hundred_companies_is_told_which() {
    let host = TestHost::start().await;
    let crowd = crowd(&host, COMPANIES).await;
    let first = &crowd[0].0;
    first.run(&host, "hostile", json!({ "settings": { "do": "answer-first" }, "timeoutMs": 5000 })).await;
    let mut made = Vec::new();
    for (scene, candidate, _) in &crowd {
        for _ in 0..2 {
            let made_now = scene.post(&host, candidate).await.expect(201);
            made.push(made_now["decisions"]["job-resolution"].as_str().expect("an id").to_owned());
        }
    }
    let (wrong, _, jobs) = &crowd[COMPANIES / 2];
    let newest = made[COMPANIES / 2 * 2 + 1].clone();
    let company_id = &wrong.furnished.company_id;
    let settings = json!({ "do": "no-job", "onlyCompany": company_id });
    let changed = json!({ "settings": settings, "timeoutMs": 5000 });
    let changed = host.release(&first.slot(), "hostile", changed).await;
    let calls = first.show_slot(&host).await["calls"].clone();

    let told = report(&host, &changed, json!({})).await;
    assert_eq!(
        (&told["decisions"], &told["same"], &told["changed"], &told["failed"]),
        (&json!(66), &json!(64), &json!(2), &json!(0)),
        "{told:#}"
    );
    let outcomes = json!([{ "before": "job", "after": "no-job", "count": 2 }]);
    let by_company = json!([{ "companyId": company_id, "changed": 2, "failed": 0, "outcomes": outcomes }]);
    assert_eq!(told["byCompany"], by_company, "exactly this company");
    assert_eq!(told["byOutcome"], outcomes);
    let example = json!([{
        "decision": newest, "companyId": company_id, "before": { "job": jobs[0] }, "after": "no-job", "count": 2,
    }]);
    assert_eq!(told["examples"], example);
    assert_eq!(told["changedPercent"], 2.0 * 100.0 / 66.0);

    // A failure is told as what it is.
    let settings = json!({ "do": "loop", "onlyCompany": company_id });
    let broken = json!({ "settings": settings, "timeoutMs": 5000 });
    let broken = host.release(&first.slot(), "hostile", broken).await;
    let told = report(&host, &broken, json!({})).await;
    assert_eq!((&told["changed"], &told["failed"]), (&json!(0), &json!(2)), "{told:#}");
    assert_eq!(told["byOutcome"][0]["after"], "failed/out-of-fuel");
    assert_eq!(
        (&told["examples"][0]["after"], &told["examples"][0]["failure"]),
        (&Value::Null, &json!("out-of-fuel"))
    );

    // Asking changes nothing: nothing is counted, recorded, or answered otherwise.
    assert_eq!(first.show_slot(&host).await["calls"], calls);
    let all = host.operate("GET", "/decisions?limit=1000", Value::Null).await;
    assert_eq!(all.as_array().map(Vec::len), Some(made.len()));
    let progress = host.operate("GET", &format!("/releases/{changed}/backtest"), Value::Null).await;
    assert_eq!(progress, json!({ "running": false, "done": 0, "all": 0 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backtest_looks_at_the_newest_or_at_those_since_then_and_only_at_its_own_slot() {
    let host = TestHost::start().await;
    let (crowd, other) = (crowd(&host, 2).await, Scene::new(&host).await);
    let (scene, candidate, _) = &crowd[0];
    let jobs = other.ranked_jobs(&host, &[1]).await;
    let theirs = other.candidate(&host, &jobs).await;
    other.post(&host, &theirs).await.expect(201);
    for _ in 0..3 {
        scene.post(&host, candidate).await.refused(400, "JOB_AMBIGUOUS");
    }
    assert!(host.clock.advance(Duration::from_secs(60)));
    let since = host.in_future(Duration::ZERO);
    for (scene, candidate, _) in &crowd {
        scene.post(&host, candidate).await.refused(400, "JOB_AMBIGUOUS");
    }
    host.push("hostile").await;
    let newest = json!({ "settings": { "do": "answer-newest" }, "timeoutMs": 5000 });
    let of_ats = host.release(&scene.slot(), "hostile", newest.clone()).await;
    let of_all = host.release("default/job-resolution", "hostile", newest).await;
    let count = async |release: &str, body: Value| {
        let told = report(&host, release, body).await;
        (told["decisions"].as_u64().expect("a number"), told["changed"].as_u64().expect("a number"))
    };
    assert_eq!(count(&of_ats, json!({})).await, (5, 5), "refusals that become jobs");
    assert_eq!(count(&of_ats, json!({ "last": 3 })).await, (3, 3));
    assert_eq!(count(&of_ats, json!({ "since": since })).await, (2, 2));
    assert_eq!(count(&of_all, json!({})).await, (6, 5), "every ATS runs the default");
    assert_eq!(count(&of_all, json!({ "last": 4 })).await, (4, 4), "the newest of all");
    other.run(&host, "standard", json!({})).await;
    assert_eq!(count(&of_all, json!({})).await, (5, 5), "but for one that has a release of its own");

    for (body, path) in [
        (json!({ "last": 0 }), "last"),
        (json!({ "last": 1_000_001 }), "last"),
        (json!({ "since": "yesterday" }), "since"),
    ] {
        let refused = backtest(&host, &of_ats, body.clone()).await.json();
        assert_eq!(refused["error"]["details"]["fields"][0]["path"], path, "{body}: {refused:#}");
    }
    let nobody = "rel_00000000000070008000000000000000";
    backtest(&host, nobody, json!({})).await.refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_threshold_keeps_a_release_from_being_activated() {
    let host = TestHost::start().await;
    let crowd = crowd(&host, 4).await;
    let scene = &crowd[0].0;
    let before = scene.run(&host, "hostile", json!({ "timeoutMs": 5000 })).await;
    for (scene, candidate, _) in &crowd {
        scene.post(&host, candidate).await.expect(201);
    }
    let settings = json!({ "do": "reject", "onlyCompany": crowd[3].0.furnished.company_id });
    let bad =
        host.release(&scene.slot(), "hostile", json!({ "settings": settings, "timeoutMs": 5000 })).await;
    let path = format!("/releases/{bad}/activate");
    let backtest = json!({ "backtest": { "last": 100, "maxChangedPercent": 24.9 } });
    let refused = host.operator().post(&path, &backtest).await.refused(409, "REFUSED");
    let said = refused["message"].as_str().expect("a message");
    for words in ["of the last 4 decisions 1 would change", "25.00 %", "switchboard backtest rel_"] {
        assert!(said.contains(words), "{words} not in {said}");
    }
    assert_eq!(scene.show_slot(&host).await["active"]["id"], before, "and nothing changed");
    let backtest = json!({ "backtest": { "last": 100, "maxChangedPercent": 25 } });
    let activated = host.operate("POST", &path, backtest).await;
    assert_eq!(activated["active"]["id"], bad);
    let missing = json!({ "backtest": { "last": 100 } });
    host.operator().post(&path, &missing).await.refused(400, "MISSING_REQUIRED_FIELD");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_facts_do_not_show_is_told() {
    let host = TestHost::start().await;
    let crowd = crowd(&host, 1).await;
    let (scene, candidate, _) = &crowd[0];
    scene.post(&host, candidate).await.refused(400, "JOB_AMBIGUOUS");
    host.push("northstar").await;
    let granted = json!({ "grants": ["job-title"] });
    let release = host.release(&scene.slot(), "northstar", granted).await;
    let told = report(&host, &release, json!({})).await;
    assert_eq!(told["unseenGrants"], json!(["job-title"]), "{told:#}");
    host.activate(&release).await;
    assert!(host.clock.advance(Duration::from_secs(1)));
    let since = host.in_future(Duration::ZERO);
    scene.post(&host, candidate).await.expect(201);
    let told = report(&host, &release, json!({ "since": since })).await;
    assert_eq!((&told["unseenGrants"], &told["same"]), (&json!([]), &json!(1)), "{told:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_decisions_join_without_gap_or_overlap() {
    let host = TestHost::start().await;
    let crowd = crowd(&host, 2).await;
    for _ in 0..3 {
        for (scene, candidate, _) in &crowd {
            scene.post(&host, candidate).await.refused(400, "JOB_AMBIGUOUS");
        }
    }
    let slot = crowd[0].0.slot();
    let company = &crowd[1].0.furnished.company_id;
    for filter in [String::new(), format!("slot={slot}&"), format!("companyId={company}&")] {
        let all = host.operate("GET", &format!("/decisions?{filter}limit=1000"), Value::Null).await;
        let all = all.as_array().expect("a list").clone();
        let mut paged = Vec::new();
        loop {
            let before = paged.last().map_or(String::new(), |last: &Value| {
                format!("&before={}", last["id"].as_str().expect("an id"))
            });
            let page = host.operate("GET", &format!("/decisions?{filter}limit=2{before}"), Value::Null).await;
            let page = page.as_array().expect("a list").clone();
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, all, "{filter}");
    }
}
