//! Candidates, from outside (contract §4).

use serde_json::{Value, json};
use switchboard_tests::TestHost;

use crate::table::{all_accepted, all_refused, assert_names, assert_refused, bad_metadata, good_metadata};

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
