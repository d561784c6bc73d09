//! No decision is committed on stale facts: a test's hand changes them between the answer and the commit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value, json};
use switchboard::app::{self, App, Gap};
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::id::{CandidateId, JobId, ReleaseId};
use switchboard_domain::job::{Job, JobStatus};
use switchboard_tests::{Options, Scene, TestHost};

/// One change in a gap.
#[derive(Debug, Clone)]
enum Deed {
    Nothing,
    Put(JobId, JobStatus),
    Unassign(CandidateId),
    Activate(ReleaseId),
}

/// What happens in the next gaps, one deed in each.
#[derive(Debug, Default)]
struct Meddler {
    app: OnceLock<App>,
    deeds: Mutex<VecDeque<Deed>>,
    gaps: Mutex<usize>,
}

impl Meddler {
    async fn start() -> (Arc<Self>, TestHost) {
        let meddler = Arc::new(Self::default());
        let hand = Arc::clone(&meddler);
        let gap = Gap::new(move || {
            let hand = Arc::clone(&hand);
            Box::pin(async move { hand.act().await })
        });
        let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
        meddler.app.set(host.running().app().clone()).expect("set once");
        (meddler, host)
    }

    fn plan(&self, deeds: impl IntoIterator<Item = Deed>) {
        self.deeds.lock().expect("no panic").extend(deeds);
        *self.gaps.lock().expect("no panic") = 0;
    }

    /// How often the policy's answer went on to a commit since the plan.
    fn gaps(&self) -> usize {
        *self.gaps.lock().expect("no panic")
    }

    async fn act(&self) {
        *self.gaps.lock().expect("no panic") += 1;
        let deed = self.deeds.lock().expect("no panic").pop_front().unwrap_or(Deed::Nothing);
        let app = self.app.get().expect("a server");
        let change = move |txn: &mut Txn| {
            match deed {
                Deed::Put(id, status) => {
                    let mut job = store::get::<Job>(txn, &id)?.expect("a job");
                    job.body.status = status;
                    job.revision += 1;
                    store::update(txn, &job)?;
                }
                Deed::Unassign(id) => {
                    let mut candidate = store::get::<Candidate>(txn, &id)?.expect("a candidate");
                    candidate.job_ids.clear();
                    candidate.revision += 1;
                    store::update(txn, &candidate)?;
                }
                Deed::Activate(_) | Deed::Nothing => {}
            }
            let release = if let Deed::Activate(release) = deed { Some(release) } else { None };
            Ok::<_, Abort<()>>(release)
        };
        if let Some(release) = app.store().commit(change).await.expect("a commit") {
            app::rollout::activate(app, release, app::rollout::Activation::default(), "operator")
                .await
                .expect("an activation");
        }
    }
}

fn id<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no id"))
}

async fn decisions(host: &TestHost, scene: &Scene) -> Vec<Value> {
    let path = format!("/decisions?slot={}", scene.slot());
    host.operate("GET", &path, Value::Null).await.as_array().expect("a list").clone()
}

async fn interviews(host: &TestHost, scene: &Scene) -> Value {
    scene.partner(host).get("/interviews").await.expect(200)["total"].clone()
}

#[tokio::test]
async fn a_job_that_is_closed_in_the_gap_is_never_taken() {
    let (meddler, host) = Meddler::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    meddler.plan([Deed::Put(id(&jobs[0]), JobStatus::Closed)]);
    scene.post(&host, &candidate).await.refused(400, "JOB_REQUIRED");
    assert_eq!(meddler.gaps(), 1, "the second answer was a refusal");
    assert_eq!(interviews(&host, &scene).await, 0);
    let recorded = decisions(&host, &scene).await;
    assert_eq!(recorded.len(), 1, "{recorded:#?}");
    assert_eq!(recorded[0]["answer"], json!({ "refuse": "job-required" }));
    assert_eq!(recorded[0]["facts"]["assigned-jobs"][0]["status"], "closed");
}

#[tokio::test]
async fn the_policy_is_asked_again_and_one_decision_is_recorded() {
    let (meddler, host) = Meddler::start().await;
    let scene = Scene::new(&host).await;
    scene.run(&host, "northstar", json!({})).await;
    let jobs = scene.ranked_jobs(&host, &[2, 1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    meddler.plan([Deed::Put(id(&jobs[0]), JobStatus::Closed)]);
    let made = scene.post(&host, &candidate).await.expect(201);
    assert_eq!(made["jobId"], jobs[1]);
    assert_eq!(meddler.gaps(), 2);
    assert_eq!(scene.show_slot(&host).await["calls"], 2);
    let recorded = decisions(&host, &scene).await;
    assert_eq!(recorded.len(), 1, "{recorded:#?}");
    assert_eq!(recorded[0]["id"], made["decisions"]["job-resolution"]);
    assert_eq!(recorded[0]["facts"]["assigned-jobs"][0]["status"], "closed", "what the answer rests on");
}

#[tokio::test]
async fn an_assignment_that_ends_in_the_gap_counts() {
    let (meddler, host) = Meddler::start().await;
    let scene = Scene::new(&host).await;
    let jobs = scene.ranked_jobs(&host, &[1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    meddler.plan([Deed::Unassign(id(&candidate))]);
    scene.post(&host, &candidate).await.refused(400, "JOB_REQUIRED");
    assert_eq!(interviews(&host, &scene).await, 0);
}

#[tokio::test]
async fn facts_that_keep_moving_are_a_conflict() {
    let (meddler, host) = Meddler::start().await;
    let scene = Scene::new(&host).await;
    scene.run(&host, "northstar", json!({})).await;
    let jobs = scene.ranked_jobs(&host, &[2, 1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    let toggled = [JobStatus::Closed, JobStatus::Open].map(|status| Deed::Put(id(&jobs[1]), status));
    meddler.plan(toggled.into_iter().cycle().take(20));
    scene.post(&host, &candidate).await.refused(409, "RESOURCE_CONFLICT");
    assert_eq!(meddler.gaps(), 5, "a bounded number");
    assert_eq!(interviews(&host, &scene).await, 0);
    assert_eq!(
        decisions(&host, &scene).await.len(),
        1,
        "the last answer is on record, though nothing rests on it"
    );
    meddler.deeds.lock().expect("no panic").clear();
    scene.post(&host, &candidate).await.expect(201);
}

#[tokio::test]
async fn a_swap_in_the_gap_does_not_invalidate_a_decision() {
    let (meddler, host) = Meddler::start().await;
    let scene = Scene::new(&host).await;
    let first = scene.run(&host, "northstar", json!({})).await;
    host.push("hostile").await;
    let settings = json!({ "settings": { "do": "reject" } });
    let second = host.release(&scene.slot(), "hostile", settings).await;
    let jobs = scene.ranked_jobs(&host, &[1, 2]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    meddler.plan([Deed::Activate(id(&second))]);
    let made = scene.post(&host, &candidate).await.expect(201);
    assert_eq!(made["jobId"], jobs[1]);
    assert_eq!(meddler.gaps(), 1, "asked once");
    assert_eq!(host.decision(&made).await["answeredBy"], first);
    scene.post(&host, &candidate).await.refused(422, "POLICY_REJECTED");
}

#[tokio::test]
async fn a_request_keeps_its_release_when_it_is_asked_again_after_a_swap() {
    let (meddler, host) = Meddler::start().await;
    let scene = Scene::new(&host).await;
    let first = scene.run(&host, "northstar", json!({})).await;
    host.push("hostile").await;
    let second = host.release(&scene.slot(), "hostile", json!({ "settings": { "do": "reject" } })).await;
    let jobs = scene.ranked_jobs(&host, &[2, 1]).await;
    let candidate = scene.candidate(&host, &jobs).await;
    // The swap first, then facts that move: one request, one release.
    let open = Deed::Put(id(&jobs[0]), JobStatus::Closed);
    meddler.plan([open, Deed::Activate(id(&second))]);
    let made = scene.post(&host, &candidate).await.expect(201);
    assert_eq!(made["jobId"], jobs[1]);
    assert_eq!(host.decision(&made).await["answeredBy"], first);
}
