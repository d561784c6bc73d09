//! Deletions: out of reach at once, whatever hangs on them; complete, whatever interrupts them; and nobody else's
//! business.

pub(crate) mod crowd;

use serde_json::{Value, json};
use switchboard::app::removal::{self, Begun, Wake, settled, step};
use switchboard::clock::Clock;
use switchboard::ids::Ids;
use switchboard::store::{self, Abort, Backing, CommitError, Error, Options, Store, Txn};
use switchboard_domain::call_attempt::{CallAttemptStatus, ReasonCode};
use switchboard_domain::candidate::Candidate;
use switchboard_domain::company::Company;
use switchboard_domain::event::EventKind;
use switchboard_domain::id::CandidateId;
use switchboard_domain::interview::{Interview, InterviewStatus};
use switchboard_domain::time::Timestamp;
use switchboard_tests::{Client, Process, TestHost};

pub(crate) use self::crowd::dump;
use self::crowd::{Crowd, commit, traces};
use crate::disk::{Dice, Disk, Fault};

/// More than one commit sees to, for every kind of deletion.
const MANY: usize = 1_500;

const LATER: Timestamp = Timestamp::from_unix_millis(1_775_120_400_000);

fn ids() -> Ids {
    Ids::random(Clock::system())
}

fn options() -> Options {
    Options { rerun_one_in: Some(3), ..Options::default() }
}

fn memory() -> Store {
    Store::open(Backing::Memory, &options()).expect("opens")
}

fn begun(ids: &Ids) -> Begun {
    Begun::new(ids, &Wake::default(), LATER)
}

/// The worker's part until nothing is left; how many commits it took.
async fn finish(store: &Store, ids: &Ids) -> usize {
    let (mut commits, mut last) = (0, None);
    while let Some(id) = step(store, ids, last).await.expect("goes on") {
        (last, commits) = (Some(id), commits + 1);
    }
    commits
}

fn pending(store: &Store) -> usize {
    store::removal::all(&store.snapshot().expect("reads")).expect("reads").len()
}

fn assert_sound(store: &Store) {
    let problems = store::check(&store.snapshot().expect("reads")).expect("walks");
    assert!(problems.is_empty(), "{:?}", &problems[..problems.len().min(5)]);
}

/// Two companies, of which only the second is filled after the store's rows were noted.
async fn neighbours(store: &Store, ids: &Ids, people: usize) -> (crowd::Rows, Crowd) {
    Crowd::new(ids).fill(store, 30).await;
    let before = dump(&store.snapshot().expect("reads"));
    let mut victim = Crowd::new(ids);
    victim.fill(store, people).await;
    (before, victim)
}

#[tokio::test]
async fn a_small_company_goes_in_the_commit_of_its_deletion() {
    let (store, ids) = (memory(), ids());
    let (before, victim) = neighbours(&store, &ids, 5).await;
    let begun = begun(&ids);
    commit(&store, move |txn| removal::company(txn, &victim.company, &begun)).await;
    assert_eq!((pending(&store), dump(&store.snapshot().expect("reads")) == before), (0, true));
    assert_sound(&store);
}

#[tokio::test]
async fn a_large_company_goes_in_steps_and_its_neighbour_keeps_every_byte() {
    let (store, ids) = (memory(), ids());
    let (before, victim) = neighbours(&store, &ids, MANY).await;
    let company = victim.company.clone();
    // A candidate and a job of it that were deleted a moment before do not come back as orphans.
    let deletions = [begun(&ids), begun(&ids), begun(&ids)];
    commit(&store, move |txn| {
        let candidate = store::get::<Candidate>(txn, &victim.candidates[7])?;
        removal::job(txn, &victim.job, &deletions[0])?;
        removal::agent(txn, &victim.agent, &deletions[1])?;
        removal::candidate(txn, &candidate.expect("is there"), &deletions[2])
    })
    .await;
    let deletion = begun(&ids);
    commit(&store, move |txn| removal::company(txn, &company, &deletion)).await;
    assert!(0 < pending(&store), "this is to be more than one commit");
    assert_sound(&store);
    assert!(10 < finish(&store, &ids).await);
    assert_eq!(pending(&store), 0);
    let after = dump(&store.snapshot().expect("reads"));
    let strange: Vec<_> =
        after.iter().filter(|(key, value)| before.get(*key) != Some(value)).take(3).collect();
    assert!(
        strange.is_empty() && after.len() == before.len(),
        "{} {}: {strange:?}",
        after.len(),
        before.len()
    );
    assert_sound(&store);
}

#[tokio::test]
async fn a_deleted_person_is_gone_from_every_table() {
    let (store, ids) = (memory(), ids());
    let mut crowd = Crowd::new(&ids);
    crowd.fill(&store, 1).await;
    // The company's own decision and reply name somebody too: they are not about this person.
    let of_company = traces(&store.snapshot().expect("reads")).len();
    let person = crowd.candidates[0];
    let company_id = crowd.company.id;
    let begun = begun(&ids);
    commit(&store, move |txn| {
        let candidate = store::get::<Candidate>(txn, &person)?.expect("is there");
        removal::candidate(txn, &candidate, &begun)
    })
    .await;
    let snapshot = store.snapshot().expect("reads");
    let left = traces(&snapshot);
    assert!(of_company > 2 && left.len() == 2, "{left:#?}");
    assert!(
        left.iter().all(|row| row.starts_with("decision") || row.starts_with("idempotency")),
        "{left:#?}"
    );
    let all = store::interview::InterviewFilter::default();
    let page = store::interview::list(&snapshot, company_id, &all, &store::PageRequest::first(9));
    let interview: Interview = page.expect("lists").items.remove(0);
    assert_eq!((interview.candidate_id, interview.status), (person, InterviewStatus::Cancelled));
    assert_eq!((interview.updated_at, &interview.metadata), (LATER, &None));
    let attempts = store::interview::attempts(&snapshot, interview.id).expect("reads");
    let told: Vec<_> = attempts.iter().map(|attempt| (attempt.status, attempt.reason_code)).collect();
    let by_request = Some(ReasonCode::CancelledByRequest);
    assert_eq!(told, [(CallAttemptStatus::Failed, None), (CallAttemptStatus::Cancelled, by_request)]);
    let events = store::event::after(&snapshot, 0, 9).expect("reads");
    let cancelled: Vec<_> = events
        .iter()
        .filter(|event| matches!(event.kind, EventKind::CallAttemptCancelled { .. }))
        .map(|event| (event.company_id, event.candidate_id))
        .collect();
    assert_eq!(cancelled, [(company_id, None)]);
    assert_sound(&store);
}

#[tokio::test]
async fn a_deleted_job_is_assigned_to_nobody_before_the_worker_has_come_by() {
    let (store, ids) = (memory(), ids());
    let mut crowd = Crowd::new(&ids);
    crowd.fill(&store, MANY).await;
    let (job, begun) = (crowd.job.clone(), begun(&ids));
    commit(&store, move |txn| removal::job(txn, &job, &begun)).await;
    assert_eq!(pending(&store), 1);
    let shown: Vec<Candidate> = {
        let snapshot = store.snapshot().expect("reads");
        let show = |id: &CandidateId| settled(&snapshot, store::get(&snapshot, id).ok()??).ok();
        crowd.candidates.iter().map(|id| show(id).expect("is there")).collect()
    };
    assert!(shown.iter().all(|candidate| candidate.job_ids.is_empty() && candidate.revision == 2));
    assert!(shown.iter().all(|candidate| candidate.updated_at == LATER));
    finish(&store, &ids).await;
    let snapshot = store.snapshot().expect("reads");
    for candidate in shown {
        assert_eq!(store::get(&snapshot, &candidate.id).expect("reads"), Some(candidate));
    }
    let all = store::interview::InterviewFilter { job_id: Some(crowd.job.id), ..Default::default() };
    let page = store::interview::list(&snapshot, crowd.company.id, &all, &store::PageRequest::first(1));
    assert_eq!(page.expect("lists").total, MANY as u64, "interviews keep the job's id");
    assert_sound(&store);
}

#[tokio::test]
async fn a_deleted_agent_calls_nobody_and_a_deleted_interview_takes_its_attempts_along() {
    let (store, ids) = (memory(), ids());
    let mut crowd = Crowd::new(&ids);
    crowd.fill(&store, MANY).await;
    let (agent, deletion) = (crowd.agent.clone(), begun(&ids));
    commit(&store, move |txn| removal::agent(txn, &agent, &deletion)).await;
    assert!(0 < finish(&store, &ids).await);
    let snapshot = store.snapshot().expect("reads");
    let count = |status| {
        let filter = store::interview::InterviewFilter { status: Some(status), ..Default::default() };
        store::interview::list(&snapshot, crowd.company.id, &filter, &store::PageRequest::first(1))
            .expect("lists")
    };
    assert_eq!(count(InterviewStatus::Scheduled).total, 0);
    let cancelled = count(InterviewStatus::Cancelled);
    assert_eq!(cancelled.total, MANY as u64);
    let interview = cancelled.items[0].clone();
    assert!(interview.metadata.is_some(), "the person is still there");
    let events = store::event::after(&snapshot, 0, usize::MAX).expect("reads");
    let told = events.iter().filter(|event| matches!(event.kind, EventKind::CallAttemptCancelled { .. }));
    assert_eq!(told.filter(|event| event.candidate_id.is_some()).count(), MANY);
    drop(snapshot);
    let (id, deletion) = (interview.id, begun(&ids));
    commit(&store, move |txn| removal::interview(txn, &interview, &deletion)).await;
    let snapshot = store.snapshot().expect("reads");
    assert!(store::get::<Interview>(&snapshot, &id).expect("reads").is_none());
    assert_eq!(store::interview::attempts(&snapshot, id).expect("reads"), []);
    assert_sound(&store);
}

/// Deletes the company where it is there, and goes on; whether that was the end.
async fn go_on(store: &Store, ids: &Ids, victim: &Company) -> Result<(), String> {
    let (company, deletion) = (victim.clone(), begun(ids));
    let work = move |txn: &mut Txn| -> Result<(), Abort<()>> {
        if store::exists::<Company>(txn, &company.id)? {
            removal::company(txn, &company, &deletion)?;
        }
        Ok(())
    };
    match store.commit(work).await {
        Ok(()) => {}
        Err(CommitError::Store(Error::Failed(why))) => return Err(why.to_string()),
        Err(other) => panic!("the deletion was answered {other:?}"),
    }
    while step(store, ids, None).await.map_err(|error| error.to_string())?.is_some() {}
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cascade_ends_after_any_number_of_power_losses() {
    let mut dice = Dice(0xca5cade);
    let ids = ids();
    let device = Disk::new(Vec::new(), Fault::PowerLoss, u64::MAX);
    let store = Store::open(Backing::Custom(Box::new(device.clone())), &options()).expect("opens");
    let (before, victim) = neighbours(&store, &ids, MANY).await;
    store.close().await;
    drop(store);
    let mut bytes = device.pull_the_plug(&mut dice);
    let (mut losses, mut is_deleted) = (0, false);
    loop {
        let fault = [Fault::PowerLoss, Fault::PowerLoss, Fault::ShortWrite, Fault::FailedFlush][losses % 4];
        let device = Disk::new(bytes, fault, dice.roll(400));
        let ended = match Store::open(Backing::Custom(Box::new(device.clone())), &options()) {
            Ok(store) => {
                let snapshot = store.snapshot().expect("reads");
                let is_there = store::exists::<Company>(&snapshot, &victim.company.id).expect("reads");
                assert!(!(is_there && is_deleted), "the company came back after loss {losses}");
                is_deleted = !is_there;
                let is_whole = is_there || 0 < pending(&store) || dump(&snapshot) == before;
                assert!(is_whole, "the cascade was forgotten after loss {losses}");
                if losses % 8 == 0 {
                    assert_sound(&store);
                }
                let ended = go_on(&store, &ids, &victim.company).await;
                store.close().await;
                ended
            }
            Err(error) => Err(error.to_string()),
        };
        bytes = device.pull_the_plug(&mut dice);
        if ended.is_ok() {
            break;
        }
        losses += 1;
    }
    let device = Disk::new(bytes, Fault::PowerLoss, u64::MAX);
    let store = Store::open(Backing::Custom(Box::new(device)), &options()).expect("opens");
    assert!(dump(&store.snapshot().expect("reads")) == before, "something is left, or a neighbour was hurt");
    assert_sound(&store);
    assert!(15 < losses, "only {losses} losses");
}

/// Fills a company of a closed folder, and deletes it as its DELETE would, without the worker.
async fn delete_in(folder: &std::path::Path, company_id: &str, people: usize) -> crowd::Rows {
    let ids = ids();
    let store = Store::open(Backing::File(folder.join("switchboard.redb")), &options()).expect("opens");
    let id = company_id.parse().expect("an id");
    let company = store::get::<Company>(&store.snapshot().expect("reads"), &id).expect("reads");
    let mut crowd = Crowd::of(company.expect("is there"), &ids);
    crowd.fill(&store, people).await;
    let (company, begun) = (crowd.company.clone(), begun(&ids));
    commit(&store, move |txn| removal::company(txn, &company, &begun)).await;
    assert_eq!(pending(&store), 1);
    let left = dump(&store.snapshot().expect("reads"));
    store.close().await;
    left
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cascade_ends_after_any_number_of_kills_and_nobody_waits_for_it() {
    let mut host = TestHost::start().await;
    let deleted = host.furnish().await;
    let kept = host.furnish_company(deleted.ats_id.clone()).await;
    host.stop().await;
    let left = delete_in(host.folder(), &deleted.company_id, 3 * MANY).await;
    let mut sizes = vec![left.len()];
    for round in 0.. {
        let server = Process::serve(host.folder(), &format!("2026-04-02T11:{round:02}:00Z"));
        let mut neighbour = Client::new(server.listen, Some(&kept.company_key));
        let mut ats = Client::new(server.listen, Some(&kept.ats_key));
        for name in 0..4 {
            let body = json!({ "title": format!("Job {name}"), "description": "Long enough a text" });
            neighbour.post("/jobs", &body).await.expect(201);
            let path = format!("/candidates?companyId={}", deleted.company_id);
            ats.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
            let mut stranger = Client::new(server.listen, Some(&deleted.company_key));
            stranger.get("/jobs").await.refused(401, "INVALID_API_KEY");
        }
        server.kill();
        let file = host.folder().join("switchboard.redb");
        let store = Store::open(Backing::File(file), &options()).expect("opens after a kill");
        let rows = dump(&store.snapshot().expect("reads"));
        sizes.push(rows.len());
        let is_over = pending(&store) == 0;
        if is_over {
            assert_sound(&store);
            assert_eq!(traces(&store.snapshot().expect("reads")), Vec::<String>::new());
            let id = deleted.company_id.replace('-', "");
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let named =
                rows.iter().find(|((_, key), value)| hex(key).contains(&id) || hex(value).contains(&id));
            assert!(named.is_none(), "{named:?}");
            break;
        }
        store.close().await;
    }
    assert!(3 < sizes.len(), "the cascade was over before it could be killed: {sizes:?}");
}

const UNDER_WAY: &str = "switchboard_removals_under_way ";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_goes_on_with_a_deletion_by_itself() {
    let host = TestHost::start().await;
    let (deleted, kept) = {
        let deleted = host.furnish().await;
        (deleted.clone(), host.furnish_company(deleted.ats_id).await)
    };
    let app = host.running().app().clone();
    let id = deleted.company_id.parse().expect("an id");
    let company = store::get::<Company>(&app.store().snapshot().expect("reads"), &id).expect("reads");
    let mut crowd = Crowd::of(company.expect("is there"), &ids());
    crowd.fill(app.store(), MANY).await;
    let mut own = host.partner(&deleted.company_key);
    let candidate = format!("/candidates/{}", crowd.candidates[MANY - 1]);
    assert_eq!(own.get(&candidate).await.expect(200)["firstName"], crowd::TRACES[0]);
    let (company, begun) = (crowd.company.clone(), app.begin_removal(host.now()));
    commit(app.store(), move |txn| removal::company(txn, &company, &begun)).await;
    app.reload_keys().expect("reloads");
    let mut neighbour = host.partner(&kept.company_key);
    let (mut meanwhile, mut most) = (0, 0);
    while 0 < pending(app.store()) {
        most = most.max(host.metric(UNDER_WAY).await);
        own.get(&candidate).await.refused(401, "INVALID_API_KEY");
        neighbour.get(&candidate).await.refused(404, "RESOURCE_NOT_FOUND");
        let mut ats = host.partner(&kept.ats_key);
        let path = format!("{candidate}?companyId={}", kept.company_id);
        ats.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
        let path = format!("/company/{}", deleted.company_id);
        ats.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
        let body = json!({ "title": "A neighbour's job", "description": "Long enough a text" });
        neighbour.post("/jobs", &body).await.expect(201);
        meanwhile += 1;
    }
    assert!(0 < meanwhile);
    assert_eq!(most, 1, "operators see it");
    while 0 < host.metric(UNDER_WAY).await {
        tokio::task::yield_now().await;
    }
    assert_eq!(traces(&app.store().snapshot().expect("reads")), Vec::<String>::new());
    let total: Value = neighbour.get("/jobs?limit=1").await.expect(200)["total"].clone();
    assert_eq!(total, json!(meanwhile));
}
