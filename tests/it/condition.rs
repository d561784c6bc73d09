//! Conditional requests, from outside (contract §1): tags, 304, 412, and two writers of whom one wins.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Value, json};
use switchboard_tests::{Answer, Client, TestHost};

use crate::stock::{Stock, new};

fn tag(answer: &Answer) -> String {
    let tag = answer.header("etag").unwrap_or_else(|| panic!("no ETag, but {}", answer.status)).to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "a strong tag: {tag}");
    tag
}

async fn get_unless(client: &mut Client, path: &str, tags: &str) -> Answer {
    client.send("GET", path, &[("If-None-Match", tags)], Bytes::new()).await
}

async fn patch_if(client: &mut Client, path: &str, tags: &str, body: &Value) -> Answer {
    client.send("PATCH", path, &[("If-Match", tags)], Bytes::from(body.to_string())).await
}

async fn delete_if(client: &mut Client, path: &str, tags: &str) -> Answer {
    client.send("DELETE", path, &[("If-Match", tags)], Bytes::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_single_resource_has_one_tag_however_it_is_asked_for() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let here = &stock.here;
    let (mut company, mut ats) = (host.partner(&here.company_key), host.partner(&here.ats_key));
    for (path, change) in stock.single() {
        let got = company.get(&path).await;
        let first = tag(&got);
        assert_eq!(got.header("cache-control"), Some("private, no-cache"), "{path}");
        let head = company.send("HEAD", &path, &[], Bytes::new()).await;
        let by_ats = ats.get(&format!("/v1{path}?companyId={}", here.company_id)).await;
        assert_eq!((tag(&head), tag(&by_ats)), (first.clone(), first.clone()), "{path}");
        // Nothing changes, so neither does the tag.
        let nothing = company.patch(&path, &json!({})).await;
        assert_eq!((nothing.status, tag(&nothing)), (200, first.clone()), "{path}");
        assert_eq!(nothing.data(), got.data(), "{path}");
        let changed = company.patch(&path, &change).await;
        assert_eq!(changed.status, 200, "{path}");
        let second = tag(&changed);
        assert_ne!(second, first, "{path}");
        assert_eq!(tag(&company.get(&path).await), second, "{path}");
        let again = ats.patch(&format!("{path}?companyId={}", here.company_id), &change).await;
        assert_eq!((again.data(), tag(&again)), (changed.data(), second), "the same values: {path}");
    }
    // What was made has the tag under which it is found.
    for path in ["/jobs", "/candidates", "/agents", "/interviews", "/company"] {
        let made = ats.post(&format!("{path}?companyId={}", here.company_id), &new(path, here)).await;
        let id = made.expect(201)["id"].as_str().expect("an id").to_owned();
        let found = ats.get(&format!("{path}/{id}?companyId={}", here.company_id)).await;
        assert_eq!((tag(&found), found.data()), (tag(&made), made.data()), "{path}");
    }
    for list in ["/jobs", "/candidates", "/agents", "/interviews", "/company"] {
        assert_eq!(company.get(list).await.header("etag"), None, "{list}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_bytes_is_told_so_without_them() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let here = &stock.here;
    let body =
        json!({ "kind": "company", "companyId": here.company_id, "ratePerMinute": 500, "ratePerHour": 900 });
    let counted = host.operate("POST", "/keys", body).await;
    let mut company = host.partner(counted["key"].as_str().expect("a key"));
    for (path, change) in stock.single() {
        let first = tag(&company.get(&path).await);
        for tags in
            [first.clone(), format!("W/{first}"), "*".to_owned(), format!("\"other\", W/\"x\" ,{first}")]
        {
            for method in ["GET", "HEAD"] {
                let answer = company.send(method, &path, &[("If-None-Match", &tags)], Bytes::new()).await;
                assert_eq!((answer.status, answer.bytes.len()), (304, 0), "{method} {path} {tags}");
                assert_eq!(tag(&answer), first, "{method} {path}");
                assert_eq!(answer.header("x-ratelimit-limit-minute"), Some("500"), "{method} {path}");
                assert!(answer.header("x-ratelimit-remaining-hour").is_some(), "{method} {path}");
                assert!(answer.header("x-request-id").is_some(), "{method} {path}");
                assert_eq!(answer.header("cache-control"), Some("private, no-cache"), "{method} {path}");
                assert_eq!(answer.header("content-type"), None, "{method} {path}");
            }
        }
        for tags in ["\"other\"", "", "x", first.trim_matches('"')] {
            assert_eq!(get_unless(&mut company, &path, tags).await.status, 200, "{path} {tags}");
        }
        assert_eq!(company.patch(&path, &change).await.status, 200);
        let changed = get_unless(&mut company, &path, &first).await;
        assert_eq!(changed.status, 200, "{path}");
        assert_ne!(tag(&changed), first, "{path}");
        // It means nothing where something is to be changed.
        let body = Bytes::from_static(b"{}");
        let answer = company.send("PATCH", &path, &[("If-None-Match", "*")], body).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    // Reach and existence come first.
    let stranger = host.furnish().await;
    let mut stranger = host.partner(&stranger.company_key);
    for (path, _) in stock.single() {
        let _ = get_unless(&mut stranger, &path, "*").await.refused(403, "RESOURCE_ACCESS_DENIED");
    }
    let nobody = "/jobs/01960e6a-7c00-7000-8000-000000000001";
    let _ = get_unless(&mut company, nobody, "*").await.refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_since_is_neither_changed_nor_deleted() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let mut company = host.partner(&stock.here.company_key);
    for (path, change) in stock.single() {
        let old = tag(&company.get(&path).await);
        let new = tag(&patch_if(&mut company, &path, &old, &change).await);
        assert_ne!(new, old, "{path}");
        let before = company.get(&path).await;
        // The tag of before, a weak one, one of nobody's, and what is no tag.
        for tags in [old.clone(), format!("W/{new}"), "\"other\"".to_owned(), "x".to_owned(), String::new()] {
            let answer = patch_if(&mut company, &path, &tags, &json!({ "metadata": { "lost": true } })).await;
            let error = answer.refused(412, "PRECONDITION_FAILED");
            assert!(error["message"].as_str().is_some_and(|text| text.contains("If-Match")), "{error:#}");
            let _ =
                patch_if(&mut company, &path, &tags, &json!({})).await.refused(412, "PRECONDITION_FAILED");
            let _ = delete_if(&mut company, &path, &tags).await.refused(412, "PRECONDITION_FAILED");
        }
        let after = company.get(&path).await;
        assert_eq!((tag(&after), after.data()), (new.clone(), before.data()), "{path}");
        // A body that is wrong in itself is told first, one that is only out of date is not.
        let wrong = patch_if(&mut company, &path, &old, &json!({ "metadata": 7 })).await;
        let _ = wrong.refused(400, "VALIDATION_ERROR");
        for tags in [format!("\"other\", {new}"), "*".to_owned()] {
            assert_eq!(patch_if(&mut company, &path, &tags, &json!({})).await.status, 200, "{path} {tags}");
        }
    }
    // The company last: with it goes everything else.
    for (path, _) in stock.single().into_iter().rev() {
        let now = tag(&company.get(&path).await);
        let answer = delete_if(&mut company, &path, &now).await;
        assert_eq!((answer.status, answer.data()), (200, json!(true)), "{path}");
    }
    let path = format!("/company/{}?companyId={0}", stock.here.company_id);
    let gone = delete_if(&mut host.partner(&stock.here.ats_key), &path, "*").await;
    let _ = gone.refused(404, "RESOURCE_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_changes_with_what_is_shown_beside_the_record() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let here = &stock.here;
    let mut company = host.partner(&here.company_key);
    let (candidate, agent) = (stock.path("/candidates/{id}"), stock.path("/agents/{id}"));
    let before = company.get(&candidate).await;
    assert_eq!(before.data()["interviewCount"], 1);
    let id = |path: &str| path.rsplit('/').next().expect("an id").to_owned();
    let body = json!({ "candidateId": id(&candidate), "agentId": id(&agent) });
    let interview = company.post("/interviews", &body).await;
    let interview_id = interview.expect(201)["id"].as_str().expect("an id").to_owned();
    let after = company.get(&candidate).await;
    assert_eq!(after.data()["interviewCount"], 2);
    assert_eq!(after.data()["updatedAt"], before.data()["updatedAt"], "the record itself rests");
    assert_ne!(tag(&after), tag(&before));
    let _ = patch_if(&mut company, &candidate, &tag(&before), &json!({}))
        .await
        .refused(412, "PRECONDITION_FAILED");
    let _ = company.delete(&format!("/interviews/{interview_id}")).await.expect(200);
    assert_eq!(tag(&company.get(&candidate).await), tag(&before), "the same bytes again");

    // A job that is deleted is no longer among the assignments.
    let job = stock.path("/jobs/{id}");
    let assigned = company.patch(&candidate, &json!({ "jobIds": [id(&job)] })).await;
    assert_eq!(assigned.data()["jobIds"], json!([id(&job)]));
    let _ = company.delete(&job).await.expect(200);
    let cleared = company.get(&candidate).await;
    assert_eq!(cleared.data()["jobIds"], json!([]));
    assert_ne!(tag(&cleared), tag(&assigned));

    // An attempt is cancelled with its agent.
    let path = stock.path("/interviews/{id}");
    let before = company.get(&path).await;
    let _ = company.delete(&agent).await.expect(200);
    let after = company.get(&path).await;
    assert_eq!(after.data()["callAttempts"][0]["status"], "CANCELLED");
    assert_ne!(tag(&after), tag(&before));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_answer_keeps_its_tag() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut ats = host.partner(&here.ats_key);
    for path in ["/jobs", "/candidates", "/agents", "/interviews", "/company"] {
        let query = format!("{path}?companyId={}", here.company_id);
        let header = [("Idempotency-Key", "once")];
        let first = ats.post_with(&query, &header, &new(path, &here)).await;
        let _ = first.expect(201);
        let again = ats.post_with(&query, &header, &new(path, &here)).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
        assert_eq!((tag(&again), &again.bytes), (tag(&first), &first.bytes), "{path}");
        assert_eq!(again.header("content-type"), first.header("content-type"), "{path}");
        assert_eq!(again.header("cache-control"), Some("no-store"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_writers_with_the_same_tag_one_wins() {
    const WRITERS: usize = 8;
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let mut company = host.partner(&stock.here.company_key);
    for (path, _) in stock.single() {
        for round in 0..3 {
            let tag = tag(&company.get(&path).await);
            let mut racing = tokio::task::JoinSet::new();
            for writer in 0..WRITERS {
                let mut client = host.partner(&stock.here.company_key);
                let (path, tag) = (path.clone(), tag.clone());
                racing.spawn(async move {
                    let body = json!({ "metadata": { "round": round, "writer": writer } });
                    (writer, patch_if(&mut client, &path, &tag, &body).await)
                });
            }
            let mut statuses: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
            for (writer, answer) in racing.join_all().await {
                statuses.entry(answer.status).or_default().push(writer);
            }
            let count = |status: u16| statuses.get(&status).map_or(0, Vec::len);
            assert_eq!((count(200), count(412)), (1, WRITERS - 1), "{path}: {statuses:?}");
            let winner = statuses[&200][0];
            let metadata = company.get(&path).await.expect(200)["metadata"].clone();
            assert_eq!(metadata, json!({ "round": round, "writer": winner }), "{path}");
        }
    }
    // A change and a deletion that rest on the same state.
    for round in 0..4 {
        let made = company.post("/jobs", &new("/jobs", &stock.here)).await;
        let path = format!("/jobs/{}", made.expect(201)["id"].as_str().expect("an id"));
        let tag = tag(&made);
        let mut other = host.partner(&stock.here.company_key);
        let change = json!({ "title": format!("Driver {round}") });
        let (changed, deleted) =
            tokio::join!(patch_if(&mut company, &path, &tag, &change), delete_if(&mut other, &path, &tag),);
        let outcome = (changed.status, deleted.status);
        assert!(matches!(outcome, (200, 412) | (404, 200)), "{outcome:?}");
        let status = company.get(&path).await.status;
        assert_eq!(status, if deleted.status == 200 { 404 } else { 200 });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_without_a_tag_do_not_lose_each_others_members() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let path = stock.path("/company/{id}");
    let mut racing = tokio::task::JoinSet::new();
    for writer in 0..16 {
        let mut client = host.partner(&stock.here.company_key);
        let path = path.clone();
        racing.spawn(async move {
            let body = json!({ "metadata": { format!("k{writer}"): writer } });
            client.patch(&path, &body).await.status
        });
    }
    assert_eq!(racing.join_all().await, [200; 16]);
    let metadata = host.partner(&stock.here.company_key).get(&path).await.expect(200)["metadata"].clone();
    let expected: BTreeMap<String, Value> = (0..16).map(|n| (format!("k{n}"), json!(n))).collect();
    assert_eq!(metadata, json!(expected));
}
