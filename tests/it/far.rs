//! Pages that have to be walked for: the same as all others, bounded in number, and nobody else's business.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::ids::Ids;
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::id::JobId;
use switchboard_domain::job::{Job, JobStatus};
use switchboard_tests::{Answer, Client, Furnished, TestHost};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// More than is read at once, and in a test's build more than one slice of a walk.
const MANY: usize = 6_000;

/// What one commit takes.
const AT_ONCE: usize = 500;

/// A company with many jobs, every second of which is closed, every third a driver's; their ids, newest first.
async fn crowded(host: &TestHost, here: &Furnished) -> Vec<String> {
    let mut company = host.partner(&here.company_key);
    let body = json!({ "title": "Night guard", "description": "Long enough." });
    let first = company.post("/jobs", &body).await.expect(201);
    let first: JobId = first["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let store = host.running().app().store();
    let first =
        store::get::<Job>(&store.snapshot().expect("reads"), &first).expect("reads").expect("is there");
    let ids = Ids::random(host.clock.clone());
    let mut jobs = vec![first.clone()];
    for place in 1..MANY {
        let mut job = Job { id: JobId::new(ids.uuid()), ..first.clone() };
        job.body.status = if place % 2 == 0 { JobStatus::Open } else { JobStatus::Closed };
        if place % 3 == 0 {
            "Night driver".clone_into(&mut job.body.title);
        }
        jobs.push(job);
    }
    for some in jobs[1..].chunks(AT_ONCE) {
        let some = some.to_vec();
        let work = move |txn: &mut Txn| -> Result<(), Abort<()>> {
            Ok(some.iter().try_for_each(|job| store::insert(txn, job))?)
        };
        store.commit(work).await.expect("commits");
    }
    jobs.iter().rev().map(|job| job.id.to_string()).collect()
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["data"].as_array().expect("a list").iter();
    items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_far_page_is_the_one_that_the_cursor_comes_to() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let newest_first = crowded(&host, &here).await;
    let mut company = host.partner(&here.company_key);
    let far = company.get("/jobs?page=58&limit=100").await.expect(200);
    assert_eq!(ids(&far), newest_first[5_700..5_800]);
    assert_eq!((&far["total"], &far["hasNextPage"]), (&json!(MANY), &json!(true)));
    let cursor = far["nextCursor"].as_str().expect("more follow");
    let next = company.get(&format!("/jobs?limit=100&after={cursor}")).await.expect(200);
    assert_eq!(ids(&next), newest_first[5_800..5_900]);
    let last = company.get("/jobs?page=60&limit=100").await.expect(200);
    assert_eq!((ids(&last), &last["nextCursor"]), (newest_first[5_900..].to_vec(), &Value::Null));
    assert_eq!(ids(&company.get("/jobs?page=61&limit=100").await.expect(200)), [""; 0]);

    // Oldest first, so that places count as they were made.
    let of = |which: fn(usize) -> bool| -> Vec<String> {
        (0..MANY)
            .rev()
            .filter(|place| which(*place))
            .map(|place| newest_first[MANY - 1 - place].clone())
            .collect()
    };
    let drivers = of(|place| place > 0 && place % 3 == 0);
    let open = of(|place| place == 0 || place % 2 == 0);
    let open_drivers = of(|place| place > 0 && place % 6 == 0);
    for (filter, all) in [
        ("search=driver", &drivers),
        ("search=dri%20nig", &drivers),
        ("status=OPEN", &open),
        ("search=night&status=OPEN", &open),
        ("search=driver&status=OPEN", &open_drivers),
        ("search=lon%20driver%20eno&status=OPEN", &open_drivers),
    ] {
        let (pages, mut walked) = (all.len() / 100, Vec::new());
        for page in [1, 2, pages, pages + 2] {
            let list = company.get(&format!("/jobs?{filter}&limit=100&page={page}")).await.expect(200);
            let expected: Vec<String> = all.iter().skip((page - 1) * 100).take(100).cloned().collect();
            assert_eq!((ids(&list), &list["total"]), (expected, &json!(all.len())), "{filter} {page}");
        }
        let mut path = format!("/jobs?{filter}&limit=100");
        while walked.len() < 400 {
            let list = company.get(&path).await.expect(200);
            walked.extend(ids(&list));
            path = format!("/jobs?{filter}&limit=100&after={}", list["nextCursor"].as_str().expect("more"));
        }
        assert_eq!(walked, all[..400], "{filter}");
    }
}

const FAR: &str = "/jobs?status=OPEN&search=night&page=30&limit=100";

/// The jobs of that page: the last hundred that are open, of which all have the word.
fn at_far(newest_first: &[String]) -> Vec<String> {
    let open = newest_first.iter().enumerate().filter(|(place, _)| (MANY - 1 - place).is_multiple_of(2));
    open.skip(2_900).map(|(_, id)| id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_far_pages_is_bounded_and_no_other_ats_is_in_it() {
    let host = TestHost::start().await;
    let [here, there] = [host.furnish().await, {
        let ats = host.operate("POST", "/ats", json!({ "name": "North" })).await;
        host.furnish_company(ats["id"].as_str().expect("an id").to_owned()).await
    }];
    let newest_first = crowded(&host, &here).await;
    crowded(&host, &there).await;
    let ask = |key: &str| {
        let mut partner = host.partner(key);
        async move { partner.get(FAR).await }
    };
    let crowd = at_once(100, || ask(&here.company_key));
    let other = async {
        let mut answers = Vec::new();
        for _ in 0..5 {
            answers.push(ask(&there.company_key).await);
        }
        answers
    };
    let (crowd, other) = tokio::join!(crowd, other);
    // Whoever is not let in is told when to come again.
    let (answered, refused): (Vec<Answer>, Vec<Answer>) =
        crowd.into_iter().partition(|answer| answer.status == 200);
    assert!(32 <= answered.len(), "{} of them", answered.len());
    for answer in &answered {
        assert_eq!(ids(&answer.data()), at_far(&newest_first));
    }
    for answer in &refused {
        let _ = answer.refused(503, "UNAVAILABLE");
        assert!(answer.header("retry-after").is_some());
    }
    assert!(other.iter().all(|answer| answer.status == 200), "the crowd is not theirs");
    let _ = ask(&here.company_key).await.expect(200);
}

/// So many at once.
async fn at_once<F>(count: usize, ask: impl Fn() -> F) -> Vec<Answer>
where
    F: Future<Output = Answer> + Send + 'static,
{
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..count {
        tasks.spawn(ask());
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_does_not_stay_in_the_queue() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let newest_first = crowded(&host, &here).await;
    let request = format!(
        "GET {FAR} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        host.listen, here.company_key
    );
    // Many more than may wait.
    for _ in 0..300 {
        let mut stream = TcpStream::connect(host.listen).await.expect("connects");
        stream.write_all(request.as_bytes()).await.expect("writes");
    }
    let mut company: Client = host.partner(&here.company_key);
    // All of them are gone; the server may not have heard of each yet.
    let answer = loop {
        let answer = company.get(FAR).await;
        if answer.status == 200 {
            break answer;
        }
        let _ = answer.refused(503, "UNAVAILABLE");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(ids(&answer.data()), at_far(&newest_first));
}

/// A crowd that was answered before the clock was moved says nothing.
const ROUNDS_MAX: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn a_far_page_that_takes_too_long_is_given_up() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let newest_first = crowded(&host, &here).await;
    let ask = || {
        let mut partner = host.partner(&here.company_key);
        async move { partner.get(FAR).await }
    };
    // As many as may wait, and a clock that runs away from them.
    let mut refused = None;
    for _ in 0..ROUNDS_MAX {
        let mut crowd = std::pin::pin!(at_once(32, &ask));
        let crowd = loop {
            tokio::select! {
                crowd = &mut crowd => break crowd,
                () = tokio::time::sleep(Duration::from_millis(1)) => {
                    assert!(host.clock.advance(Duration::from_secs(21)));
                }
            }
        };
        refused = crowd.into_iter().find(|answer| answer.status != 200);
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("somebody waited too long");
    let _ = refused.refused(503, "UNAVAILABLE");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(ids(&ask().await.expect(200)), at_far(&newest_first), "nobody else waits");
}
