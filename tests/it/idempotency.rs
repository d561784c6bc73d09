//! `Idempotency-Key` (contract §1): a retry never makes two.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard::app::Gap;
use switchboard_tests::{Options, TestHost};
use tokio::sync::Semaphore;

const REPLAYED: &str = "Idempotent-Replayed";

fn job(title: &str) -> Value {
    json!({ "title": title, "description": "Drives a forklift." })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_is_given_again_for_seven_days() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let mut ats = host.partner(&here.ats_key);
    let header = [("Idempotency-Key", "order-7!")];
    let first = company.post_with("/jobs", &header, &job("Driver")).await;
    assert_eq!((first.status, first.header(REPLAYED)), (201, None));
    let _ = host.clock.advance(Duration::from_secs(7 * 86_400 - 60));
    for path in ["/jobs", "/v1/jobs", "/jobs?companyId=ignored"] {
        let again = company.post_with(path, &header, &job("Driver")).await;
        assert_eq!((again.status, again.header(REPLAYED)), (201, Some("true")), "{path}");
        assert_eq!(again.bytes, first.bytes, "{path}: byte for byte");
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!(company.get("/jobs").await.expect(200)["total"], 1);
    // Another body, another key of the partner's, another path.
    let _ = company
        .post_with("/jobs", &header, &job("Other driver"))
        .await
        .refused(422, "IDEMPOTENCY_KEY_REUSED");
    let path = format!("/jobs?companyId={}", here.company_id);
    assert_eq!(ats.post_with(&path, &header, &job("Driver")).await.header(REPLAYED), None);
    let agent =
        json!({ "name": "Check", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    assert_eq!(company.post_with("/agents", &header, &agent).await.expect(201)["name"], "Check");
    assert_eq!(company.get("/jobs").await.expect(200)["total"], 2);
    // An ATS key that names another company asks for something else.
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let path = format!("/jobs?companyId={}", sibling.company_id);
    let _ = ats.post_with(&path, &header, &job("Driver")).await.refused(422, "IDEMPOTENCY_KEY_REUSED");

    let _ = host.clock.advance(Duration::from_secs(120));
    let anew = company.post_with("/jobs", &header, &job("Other driver")).await;
    assert_eq!((anew.status, anew.header(REPLAYED)), (201, None), "after 7 days it is free");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_outlives_a_restart() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let header = [("Idempotency-Key", "k")];
    let first = host.partner(&here.company_key).post_with("/jobs", &header, &job("Driver")).await;
    let host = host.restart().await;
    let again = host.partner(&here.company_key).post_with("/jobs", &header, &job("Driver")).await;
    assert_eq!(again.header(REPLAYED), Some("true"));
    assert_eq!(again.bytes, first.bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_requests_store_nothing() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let header = [("Idempotency-Key", "k")];
    let _ = company.post_with("/jobs", &header, &job("x")).await.refused(400, "VALIDATION_ERROR");
    let _ = company.send("POST", "/jobs", &header, Bytes::from("{")).await.refused(400, "INVALID_JSON");
    let made = company.post_with("/jobs", &header, &job("Driver")).await;
    assert_eq!((made.status, made.header(REPLAYED)), (201, None));

    let long = "x".repeat(256);
    for bad in ["", "with space", "ž", long.as_str()] {
        let answer = company.post_with("/jobs", &[("Idempotency-Key", bad)], &job("Driver")).await;
        crate::table::assert_refused(&answer, "VALIDATION_ERROR", &["Idempotency-Key"], &json!(bad));
    }
    let twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "a")];
    let answer = company.post_with("/jobs", &twice, &job("Driver")).await;
    crate::table::assert_refused(&answer, "VALIDATION_ERROR", &["Idempotency-Key"], &json!("twice"));
    let longest = "x".repeat(255);
    let _ = company.post_with("/jobs", &[("Idempotency-Key", &longest)], &job("Driver")).await.expect(201);
    let get = company.send("GET", "/jobs", &[("Idempotency-Key", "with space")], Bytes::new()).await;
    assert_eq!(get.status, 200, "it means nothing on GET");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_first_runs_the_second_is_told_so() {
    let (entered, leave) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gap = Gap::new({
        let (entered, leave) = (entered.clone(), leave.clone());
        move || {
            let (entered, leave) = (entered.clone(), leave.clone());
            Box::pin(async move {
                entered.add_permits(1);
                leave.acquire().await.expect("an open semaphore").forget();
            })
        }
    });
    let host = TestHost::start_with(Options { gap, ..Options::default() }).await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let candidate = json!({ "firstName": "J", "lastName": "N", "email": "j@post.example", "gdprExpiryDate": "2027-01-01" });
    let agent =
        json!({ "name": "Check", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    let body = json!({ "candidate": candidate, "agent": agent });
    let header = [("Idempotency-Key", "k")];
    let mut other = host.partner(&here.company_key);
    let seen = OnceLock::new();
    let second = async {
        entered.acquire().await.expect("an open semaphore").forget();
        let answer = other.post_with("/interviews", &header, &body).await;
        let changed = json!({ "candidate": 1 });
        let changed = other.post_with("/interviews", &header, &changed).await;
        let _ = seen.set((answer, changed));
        leave.add_permits(1);
    };
    let (first, ()) = tokio::join!(company.post_with("/interviews", &header, &body), second);
    let (answer, changed) = seen.get().expect("an answer");
    let _ = answer.refused(409, "IDEMPOTENCY_IN_PROGRESS");
    let _ = changed.refused(409, "IDEMPOTENCY_IN_PROGRESS");
    assert_eq!(first.status, 201);
    let again = company.post_with("/interviews", &header, &body).await;
    assert_eq!((again.header(REPLAYED), &again.bytes), (Some("true"), &first.bytes));
    assert_eq!(company.get("/interviews").await.expect(200)["total"], 1);
}
