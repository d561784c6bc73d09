//! Which job an interview belongs to: the built-in rule, then an ATS's own plugin, without a restart.

use serde_json::{Value, json};
use switchboard_tests::{Scene, TestHost};

#[tokio::test]
async fn the_standard_plugin_takes_the_only_active_job_and_guesses_nothing() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1, 2, 3]).await;
    let closed = json!({
        "title": "A closed job", "description": "Nobody is wanted any more.", "status": "CLOSED",
    });
    let closed = scene.partner(&host).post("/jobs", &closed).await.expect(201)["id"].clone();
    let closed = closed.as_str().expect("an id").to_owned();

    let one = scene.candidate(&host, &[closed.clone(), jobs[1].clone()]).await;
    let made = scene.post(&host, &one).await;
    assert_eq!(made.header("X-Policy-Degraded"), None);
    let made = made.expect(201);
    assert_eq!(made["jobId"], jobs[1]);
    let decision = host.decision(&made).await;
    assert_eq!(decision["answer"], json!({ "job": jobs[1] }));
    assert_eq!((&decision["degraded"], &decision["slot"]), (&json!(false), &json!(scene.slot())));

    let none = scene.candidate(&host, &[closed]).await;
    scene.post(&host, &none).await.refused(400, "JOB_REQUIRED");
    assert_eq!(scene.newest_decision(&host).await["answer"], json!({ "refuse": "job-required" }));

    let three = scene.candidate(&host, &jobs).await;
    let refused = scene.post(&host, &three).await.refused(400, "JOB_AMBIGUOUS");
    let named: Vec<&Value> =
        refused["details"]["jobs"].as_array().expect("a list").iter().map(|job| &job["id"]).collect();
    assert_eq!(named, jobs.iter().map(|id| json!(id)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
    assert_eq!(refused["details"]["jobs"][0]["title"], "Job of rank 1");
}

#[tokio::test]
async fn another_plugin_decides_otherwise_from_the_next_request_on() {
    let host = TestHost::start().await;
    let (scene, other) = (Scene::new(&host).await, Scene::new(&host).await);
    let jobs = scene.ranked_jobs(&host, &[10, 30, 20]).await;
    let three = scene.candidate(&host, &jobs).await;
    let their_jobs = other.ranked_jobs(&host, &[10, 30]).await;
    let theirs = other.candidate(&host, &their_jobs).await;
    // One connection for all of it: nothing is restarted.
    let mut partner = scene.partner(&host);
    let body = scene.interview(&three);
    partner.post("/interviews", &body).await.refused(400, "JOB_AMBIGUOUS");
    let release = scene.run(&host, "northstar", json!({ "comment": "highest first" })).await;
    let made = partner.post("/interviews", &body).await.expect(201);
    assert_eq!(made["jobId"], jobs[1], "the highest priority");
    let decision = host.decision(&made).await;
    assert_eq!(decision["release"], release);
    assert_eq!(decision["answeredBy"], release);
    assert_eq!(decision["answer"], json!({ "job": jobs[1] }));
    other.post(&host, &theirs).await.refused(400, "JOB_AMBIGUOUS");
    host.operate("POST", &format!("/slots/{}/rollback", scene.slot()), json!({})).await;
    partner.post("/interviews", &body).await.refused(400, "JOB_AMBIGUOUS");
}

#[tokio::test]
async fn ties_go_to_the_newest_job() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    scene.run(&host, "northstar", json!({})).await;
    let mut jobs = Vec::new();
    for rank in [5, 5, 4] {
        jobs.extend(scene.ranked_jobs(&host, &[rank]).await);
        assert!(host.clock.advance(std::time::Duration::from_secs(1)));
    }
    // Assigned the other way round: the age counts, not the order.
    jobs.reverse();
    let candidate = scene.candidate(&host, &jobs).await;
    assert_eq!(scene.post(&host, &candidate).await.expect(201)["jobId"], jobs[1]);
}

#[tokio::test]
async fn a_refusal_tells_policy_plugin_release_reason_and_decision() {
    let host = TestHost::start().await;
    let scene = Scene::new(&host).await;
    let release = scene.run(&host, "northstar", json!({})).await;
    let mut jobs = Vec::new();
    for title in ["One without a rank", "Two without a rank"] {
        jobs.push(scene.job(&host, title, json!({ "requisitionPriority": "high" })).await);
    }
    let candidate = scene.candidate(&host, &jobs).await;
    let answer = scene.post(&host, &candidate).await;
    assert_eq!(answer.header("X-Policy-Degraded"), None, "a refusal is an answer");
    let details = answer.refused(422, "POLICY_REJECTED")["details"].clone();
    assert_eq!(details["policy"], "job-resolution");
    assert_eq!(details["plugin"], "northstar");
    assert_eq!(details["release"], release);
    let reason = details["reason"].as_str().expect("a reason");
    assert!(reason.contains("metadata.requisitionPriority") && reason.contains("jobId"), "{reason}");
    let id = details["decisionId"].as_str().expect("an id");
    let decision = host.operate("GET", &format!("/decisions/{id}"), Value::Null).await;
    assert_eq!(decision["answer"]["refuse"]["rejected"], reason);
    assert_eq!(decision["candidateId"], candidate);
    assert_eq!(decision["degraded"], false);
    let interviews = scene.partner(&host).get("/interviews").await.expect(200);
    assert_eq!(interviews["total"], 0, "nothing was stored");
}
