//! Recorded decisions go when their time is over, and tell less before that; partners read them meanwhile.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard_tests::office::assert_sound;
use switchboard_tests::{Options, Scene, TestHost};

const DAY: Duration = Duration::from_secs(86_400);
/// The worker is woken by the clock.
const PATIENCE: Duration = Duration::from_secs(20);

async fn host(settings: &[(&'static str, &str)]) -> TestHost {
    let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
    TestHost::start_with(Options { settings, ..Options::default() }).await
}

async fn decisions(host: &TestHost) -> Vec<Value> {
    let list = host.operate("GET", "/decisions?limit=1000", Value::Null).await;
    list.as_array().expect("a list").clone()
}

async fn until(host: &TestHost, what: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let started = Instant::now();
    loop {
        let decisions = decisions(host).await;
        if holds(&decisions) {
            return decisions;
        }
        assert!(started.elapsed() < PATIENCE, "{what}: {decisions:#?}");
    }
}

fn ids(decisions: &[Value]) -> Vec<&str> {
    decisions.iter().map(|decision| decision["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_decisions_go_by_age() {
    let host = host(&[("decisions.kept_for", "7d")]).await;
    let scene = Scene::new(&host).await;
    let candidate = scene.candidate(&host, &[]).await;
    for _ in 0..3 {
        scene.post(&host, &candidate).await.refused(400, "JOB_REQUIRED");
    }
    assert!(host.clock.advance(6 * DAY));
    scene.post(&host, &candidate).await.refused(400, "JOB_REQUIRED");
    let before = until(&host, "nothing is old", |decisions| decisions.len() == 4).await;
    assert!(host.clock.advance(2 * DAY));
    let after = until(&host, "three are old", |decisions| decisions.len() < 4).await;
    assert_eq!(ids(&after), ids(&before[..1]), "the whole range, and no more");
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_so_many_stay() {
    let host = host(&[("decisions.kept_max", "3")]).await;
    let scene = Scene::new(&host).await;
    let candidate = scene.candidate(&host, &[]).await;
    for _ in 0..8 {
        scene.post(&host, &candidate).await.refused(400, "JOB_REQUIRED");
    }
    let before = decisions(&host).await;
    assert_eq!(before.len(), 8, "not at once");
    assert!(host.clock.advance(Duration::from_secs(11 * 60)));
    let after = until(&host, "too many", |decisions| decisions.len() < 8).await;
    let after = if after.len() == 3 { after } else { until(&host, "too many", |all| all.len() == 3).await };
    assert_eq!(ids(&after), ids(&before[..3]));
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_grant_showed_goes_before_the_record_does() {
    let host = host(&[("decisions.redacted_after", "2d")]).await;
    let scene = Scene::new(&host).await;
    let title = "A title that nobody needs to know";
    let jobs = vec![scene.job(&host, title, json!({ "requisitionPriority": 7 })).await];
    let candidate = scene.candidate(&host, &jobs).await;
    scene.run(&host, "northstar", json!({ "grants": ["job-title", "candidate-metadata"] })).await;
    let made = scene.post(&host, &candidate).await.expect(201);
    scene.run(&host, "hostile", json!({ "settings": { "do": "trap" }, "timeoutMs": 5000 })).await;
    scene.post(&host, &candidate).await.expect(201);
    let before = decisions(&host).await;
    assert!(before[1].to_string().contains(title) && before[1].to_string().contains("a secret fair"));
    assert!(before[0].to_string().contains("hostile on purpose"));
    assert!(before.iter().all(|decision| decision["redacted"] == false));
    assert!(host.clock.advance(3 * DAY));
    scene.post(&host, &candidate).await.expect(201);
    let after =
        until(&host, "two are old", |all| all[1]["redacted"] == true && all[2]["redacted"] == true).await;
    for decision in &after[1..] {
        let text = decision.to_string();
        for gone in [title, "a secret fair", "hostile on purpose"] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
    }
    assert_eq!((&after[2]["answer"], &after[2]["fuel"]), (&before[1]["answer"], &before[1]["fuel"]));
    assert_eq!(after[2]["facts"]["candidate-id"], candidate, "ids stay");
    assert_eq!(after[1]["asked"][0]["failure"], "trap", "and how it failed");
    assert_eq!(after[0]["redacted"], false);
    assert!(after[0].to_string().contains("hostile on purpose"), "the young one tells all");
    let path = |decision: &Value| format!("/decisions/{}/replay", decision["id"].as_str().expect("an id"));
    let replayed = host.operate("POST", &path(&after[2]), json!({})).await;
    assert_eq!(replayed["reproducible"], false, "it was granted what is gone");
    let replayed = host.operate("POST", &path(&after[1]), json!({})).await;
    assert_eq!((&replayed["reproducible"], &replayed["same"]), (&json!(true), &json!(true)));
    let told = scene.partner(&host).get(&format!("/decisions/{}", ids(&after)[2])).await.expect(200);
    assert_eq!(told["redacted"], true);
    assert_eq!(made["decisions"]["job-resolution"], told["id"]);
    assert_sound(&host);
}

#[tokio::test]
async fn a_partner_is_told_why_and_what_to_send_instead() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1, 2]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let mut partner = scene.partner(&host);
    scene.post(&host, &candidate).await.refused(400, "JOB_AMBIGUOUS");
    let recorded = scene.newest_decision(&host).await;
    let path = format!("/decisions/{}", recorded["id"].as_str().expect("an id"));
    let told = partner.get(&path).await.expect(200);
    for member in ["id", "at", "policy", "release", "degraded", "companyId", "candidateId", "facts", "answer"]
    {
        assert_eq!(told[member], recorded[member], "{member}");
    }
    assert_eq!((&told["plugin"], &told["redacted"]), (&json!("standard"), &json!(false)));
    let instead = told["instead"].as_str().expect("help");
    assert!(jobs.iter().all(|job| instead.contains(job)), "{instead}");

    // A release's settings, and what its plugin says to the operator, are nobody else's business.
    let settings = json!({ "do": "log", "secret": "only for operators" });
    let talkative = json!({ "settings": settings, "fuel": 10_000_000_000_u64, "timeoutMs": 5000 });
    scene.run(&host, "hostile", talkative).await;
    let made = scene.post(&host, &candidate).await.expect(201);
    let path = format!("/decisions/{}", made["decisions"]["job-resolution"].as_str().expect("an id"));
    let told = partner.get(&path).await.expect(200);
    assert_eq!(told["answer"], json!({ "job": jobs[0] }));
    assert!(told.get("instead").is_none() && told.get("log").is_none(), "{told:#}");
    assert!(!told.to_string().contains("only for operators"));

    scene
        .run(
            &host,
            "hostile",
            json!({ "settings": { "do": "trap" }, "onFailure": "reject", "timeoutMs": 5000 }),
        )
        .await;
    let details = scene.post(&host, &candidate).await.refused(503, "POLICY_UNAVAILABLE")["details"].clone();
    let path = format!("/decisions/{}", details["decisionId"].as_str().expect("an id"));
    let told = partner.get(&path).await.expect(200);
    assert_eq!(
        (&told["failure"], &told["answer"], &told["degraded"]),
        (&json!("trap"), &Value::Null, &json!(true))
    );
    assert!(told["instead"].as_str().is_some_and(|help| help.contains("later")), "{told:#}");
    assert!(!told.to_string().contains("hostile on purpose"), "{told:#}");
}
