//! Candidates, from outside (contract §4).

use serde_json::{Value, json};
use switchboard_tests::{Client, Furnished, TestHost};

use crate::table::{
    all_accepted, all_changes_accepted, all_changes_refused, all_refused, assert_names, assert_refused,
    bad_metadata, good_metadata,
};

const INVALID: &str = "VALIDATION_ERROR";
const MISSING: &str = "MISSING_REQUIRED_FIELD";

fn base() -> Value {
    json!({ "firstName": "Jana", "lastName": "Nováková", "email": "jana@post.example", "gdprExpiryDate": "2027-01-01" })
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_are_given_back_as_they_were_sent() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let made = company.post("/candidates", &base()).await.expect(201);
    let always = [
        "id",
        "companyId",
        "firstName",
        "lastName",
        "email",
        "gdprExpiryDate",
        "jobIds",
        "status",
        "interviewCount",
        "analysisCount",
        "links",
        "createdAt",
        "updatedAt",
    ];
    assert_names(&made, &always);
    let id = made["id"].as_str().expect("an id");
    assert_eq!(made["status"], "APPLIED");
    assert_eq!(
        (&made["jobIds"], &made["interviewCount"], &made["analysisCount"]),
        (&json!([]), &json!(0), &json!(0))
    );
    let links = json!({ "interviews": format!("/candidates/{id}/interviews"), "analyses": format!("/candidates/{id}/analyses") });
    assert_eq!(made["links"], links);
    let path = made["links"]["interviews"].as_str().expect("a path");
    assert_eq!(company.get(path).await.expect(200)["total"], 0);

    let mut good = vec![
        json!({ "firstName": "x", "lastName": "ý".repeat(100) }),
        json!({ "email": null, "phoneNumber": "+421901234567" }),
        json!({ "phoneNumber": "+12125550123" }),
        json!({ "gdprExpiryDate": "2026-04-03" }),
    ];
    good.extend(good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })));
    all_accepted(&mut company, "/candidates", &base(), &good).await;
    // A date-time is cut to its UTC date.
    let mut body = base();
    body["gdprExpiryDate"] = json!("2026-12-31T23:30:00-02:00");
    assert_eq!(company.post("/candidates", &body).await.expect(201)["gdprExpiryDate"], "2027-01-01");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_candidate_is_named() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let id = "01960e6a-7c00-7000-8000-000000000001";
    let mut bad: Vec<(Value, &str, &[&str])> = vec![
        (json!({ "firstName": null, "lastName": null }), MISSING, &["firstName", "lastName"]),
        (json!({ "firstName": "" }), INVALID, &["firstName"]),
        (json!({ "lastName": "x".repeat(101) }), INVALID, &["lastName"]),
        (json!({ "firstName": "\0" }), INVALID, &["firstName"]),
        (json!({ "email": null }), MISSING, &["email", "phoneNumber"]),
        (json!({ "email": "jana" }), INVALID, &["email"]),
        (json!({ "phoneNumber": "0901 234 567" }), INVALID, &["phoneNumber"]),
        (json!({ "phoneNumber": "+4219" }), INVALID, &["phoneNumber"]),
        (json!({ "phoneNumber": "+9991234567890" }), INVALID, &["phoneNumber"]),
        (json!({ "phoneNumber": 421_901_234_567_u64 }), INVALID, &["phoneNumber"]),
        (json!({ "gdprExpiryDate": null }), MISSING, &["gdprExpiryDate"]),
        (json!({ "gdprExpiryDate": "2026-04-02" }), INVALID, &["gdprExpiryDate"]),
        (json!({ "gdprExpiryDate": "soon" }), "INVALID_DATE", &["gdprExpiryDate"]),
        (json!({ "gdprExpiryDate": "2027-02-29" }), "INVALID_DATE", &["gdprExpiryDate"]),
        (json!({ "gdprExpiryDate": 20_270_101 }), INVALID, &["gdprExpiryDate"]),
        (json!({ "gdprExpiryDate": "soon", "firstName": null }), INVALID, &["gdprExpiryDate", "firstName"]),
        (json!({ "jobIds": [] }), INVALID, &["jobIds"]),
        (json!({ "jobIds": vec![id; 51] }), INVALID, &["jobIds"]),
        (json!({ "jobIds": ["x", id, 1] }), INVALID, &["jobIds[0]", "jobIds[2]"]),
        (json!({ "jobIds": id }), INVALID, &["jobIds"]),
        (json!({ "jobId": "x" }), INVALID, &["jobId"]),
        (json!({ "jobId": id }), INVALID, &["jobId"]),
        (json!({ "jobIds": [id, id] }), INVALID, &["jobIds[0]", "jobIds[1]"]),
    ];
    bad.extend(
        bad_metadata()
            .into_iter()
            .map(|metadata| (json!({ "metadata": metadata }), INVALID, &["metadata"] as &[&str])),
    );
    all_refused(&mut company, "/candidates", &base(), &bad).await;
    let mut body = base();
    body["gdprExpiryDate"] = json!("2027-13-01");
    let error = company.post("/candidates", &body).await.refused(400, "INVALID_DATE");
    assert!(error["details"]["reason"].as_str().is_some_and(|why| why.contains("character")), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn assignments_are_the_companys_jobs_in_their_order() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let (mut company, mut other) = (host.partner(&here.company_key), host.partner(&sibling.company_key));
    let job = json!({ "title": "Driver", "description": "Drives a forklift." });
    let first = company.post("/jobs", &job).await.expect(201)["id"].clone();
    let second = company.post("/jobs", &job).await.expect(201)["id"].clone();
    let foreign = other.post("/jobs", &job).await.expect(201)["id"].clone();
    for (change, assigned) in [
        (json!({ "jobIds": [second, first, second] }), json!([second, first])),
        (json!({ "jobId": first }), json!([first])),
        (json!({ "jobIds": [second], "jobId": first }), json!([second])),
    ] {
        let made = company.post("/candidates", &crate::table::with(&base(), &change)).await.expect(201);
        assert_eq!((&made["jobIds"], &made["jobId"]), (&assigned, &assigned[0]), "{change}");
    }
    // The same words whether it exists elsewhere or not.
    let unknown = json!("01960e6a-7c00-7000-8000-000000000001");
    let mut messages = Vec::new();
    for id in [&foreign, &unknown] {
        let change = json!({ "jobIds": [first, id] });
        let answer = company.post("/candidates", &crate::table::with(&base(), &change)).await;
        assert_refused(&answer, INVALID, &["jobIds[1]"], &change);
        messages.push(answer.json()["error"]["details"]["fields"][0]["message"].clone());
    }
    assert_eq!(messages[0], messages[1]);
}

/// A company with two jobs and a candidate who is assigned to the first.
struct Room {
    host: TestHost,
    here: Furnished,
    company: Client,
    jobs: [String; 2],
    path: String,
}

impl Room {
    async fn new() -> Self {
        let host = TestHost::start().await;
        let here = host.furnish().await;
        let mut company = host.partner(&here.company_key);
        let mut make = async |path: &str, body: Value| {
            let made = company.post(path, &body).await.expect(201);
            made["id"].as_str().expect("an id").to_owned()
        };
        let job = json!({ "title": "Driver", "description": "Drives a forklift." });
        let jobs = [make("/jobs", job.clone()).await, make("/jobs", job).await];
        let candidate = crate::table::with(&base(), &json!({ "jobIds": [jobs[0]] }));
        let path = format!("/candidates/{}", make("/candidates", candidate).await);
        Self { host, here, company, jobs, path }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_what_is_not_sent() {
    let mut room = Room::new().await;
    let mut good = vec![
        json!({ "firstName": "Eva", "lastName": "Ž" }),
        json!({ "phoneNumber": "+421901234567" }),
        json!({ "email": null }),
        json!({ "email": "eva@post.example", "phoneNumber": null }),
        json!({ "email": null, "phoneNumber": "+12125550123" }),
        json!({ "gdprExpiryDate": "2026-04-03" }),
    ];
    good.extend(
        ["UNDEFINED", "APPLIED", "IN_PROCESS", "REJECTED", "ACCEPTED"].map(|word| json!({ "status": word })),
    );
    good.extend(good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })));
    good.push(json!({ "metadata": null }));
    all_changes_accepted(&mut room.company, &room.path, &good).await;
    let of_status = room.company.get("/candidates?status=ACCEPTED").await.expect(200);
    assert_eq!(of_status["total"], 1, "the list by status follows");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_change_is_named() {
    let mut room = Room::new().await;
    let sibling = room.host.furnish_company(room.here.ats_id.clone()).await;
    let job = json!({ "title": "Driver", "description": "Drives a forklift." });
    let foreign = room.host.partner(&sibling.company_key).post("/jobs", &job).await.expect(201)["id"].clone();
    let nobody = "01960e6a-7c00-7000-8000-000000000001";
    let own = room.jobs[1].clone();
    let mut bad: Vec<(Value, &str, &[&str])> = vec![
        (json!({ "firstName": null, "lastName": "" }), INVALID, &["firstName", "lastName"]),
        (json!({ "email": null }), MISSING, &["email", "phoneNumber"]),
        (json!({ "email": null, "firstName": null }), INVALID, &["email", "phoneNumber", "firstName"]),
        (json!({ "email": null, "phoneNumber": "48" }), INVALID, &["phoneNumber"]),
        (json!({ "gdprExpiryDate": null }), INVALID, &["gdprExpiryDate"]),
        (json!({ "gdprExpiryDate": "2026-04-02" }), INVALID, &["gdprExpiryDate"]),
        (json!({ "gdprExpiryDate": "soon" }), "INVALID_DATE", &["gdprExpiryDate"]),
        (json!({ "status": "HIRED" }), INVALID, &["status"]),
        (json!({ "status": null }), INVALID, &["status"]),
        (json!({ "jobIds": "x" }), INVALID, &["jobIds"]),
        (json!({ "jobIds": vec![nobody; 51] }), INVALID, &["jobIds"]),
        (json!({ "jobIds": ["x", 7] }), INVALID, &["jobIds[0]", "jobIds[1]"]),
        (json!({ "jobIds": [own, foreign, nobody] }), INVALID, &["jobIds[1]", "jobIds[2]"]),
        (json!({ "jobId": foreign }), INVALID, &["jobId"]),
    ];
    let metadata = bad_metadata();
    bad.extend(
        metadata.into_iter().map(|bad| (json!({ "metadata": bad }), INVALID, &["metadata"] as &[&str])),
    );
    all_changes_refused(&mut room.company, &room.path, &bad).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn assignments_are_replaced_and_the_lists_follow() {
    let mut room = Room::new().await;
    let [first, second] = room.jobs.clone();
    for (change, assigned) in [
        (json!({ "jobIds": [second, first, second] }), vec![&second, &first]),
        (json!({ "jobIds": [] }), vec![]),
        (json!({ "jobId": first }), vec![&first]),
        (json!({ "jobIds": [second], "jobId": first }), vec![&second]),
        (json!({ "jobId": null }), vec![]),
        (json!({ "jobIds": [first] }), vec![&first]),
        (json!({ "jobIds": null }), vec![]),
        (json!({ "jobIds": [second] }), vec![&second]),
        (json!({ "firstName": "Eva" }), vec![&second]),
    ] {
        let shown = room.company.patch(&room.path, &change).await.expect(200);
        assert_eq!(shown["jobIds"], json!(assigned), "{change}");
        assert_eq!(shown.get("jobId"), assigned.first().map(|id| json!(id)).as_ref(), "{change}");
        for job in [&first, &second] {
            let list = room.company.get(&format!("/candidates?jobId={job}")).await.expect(200);
            assert_eq!(list["total"], json!(u8::from(assigned.contains(&job))), "{change}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_candidate_is_called_by_nobody_and_interviews_keep_the_id() {
    let mut room = Room::new().await;
    let _ = room.company.patch(&room.path, &json!({ "phoneNumber": "+421901234567" })).await.expect(200);
    let id = room.path.rsplit('/').next().expect("an id").to_owned();
    let agent = json!({
        "name": "Check", "type": "PHONE", "focus": "GENERIC", "language": "EN", "duration": 15,
        "companyPhoneNumberId": room.here.phone_number_id,
    });
    let body = json!({ "candidateId": id, "agent": agent, "metadata": { "note": "about the person" } });
    let interview = room.company.post("/interviews", &body).await.expect(201);
    let test = crate::table::with(&body, &json!({ "isTest": true }));
    let test = room.company.post("/interviews", &test).await.expect(201);
    assert_eq!(room.company.delete(&room.path).await.expect(200), json!(true));
    for path in [room.path.clone(), format!("{}/interviews", room.path)] {
        let _ = room.company.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    }
    let path = |interview: &Value| format!("/interviews/{}", interview["id"].as_str().expect("an id"));
    let shown = room.company.get(&path(&interview)).await.expect(200);
    assert_eq!((&shown["status"], &shown["candidateId"]), (&json!("CANCELLED"), &json!(id)));
    assert_eq!(shown.get("metadata"), None);
    let attempt = &shown["callAttempts"][0];
    assert_eq!(
        (&attempt["status"], &attempt["reasonCode"]),
        (&json!("CANCELLED"), &json!("CANCELLED_BY_REQUEST"))
    );
    assert_eq!(room.company.get(&path(&test)).await.expect(200)["status"], "COMPLETED");
    let later = json!({ "scheduledAt": room.host.in_future(std::time::Duration::from_secs(3600)) });
    let error = room.company.patch(&path(&interview), &later).await.refused(400, "INVALID_STATE_TRANSITION");
    assert_eq!(error["details"], json!({ "status": "CANCELLED", "allowed": ["SCHEDULED"] }));
}
