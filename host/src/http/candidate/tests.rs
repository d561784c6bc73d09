use serde_json::json;

use super::*;
use crate::http::body::cases::{Kind::*, assert_problems};
use crate::http::schema::drift;

const NOW: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);
const ID: &str = "00000000-0000-7000-8000-000000000001";

#[test]
fn the_schema_is_the_readers() {
    drift::assert_schema_is_the_readers::<CandidateBody>(
        &|body| read(body, NOW).map(drop),
        &[drift::example_of::<CandidateBody>()],
        &["email", "phoneNumber"],
    );
}

fn with(name: &str, value: Value) -> Value {
    let mut body = json!({
        "firstName": "Ada", "lastName": "Nowak", "email": "ada@nowak.example", "gdprExpiryDate": "2099-01-01"
    });
    body[name] = value;
    body
}

#[test]
fn every_problem_is_named() {
    assert_problems(
        |body| read(body, NOW),
        &[
            (
                json!({}),
                &[
                    ("firstName", Missing),
                    ("lastName", Missing),
                    ("email", Missing),
                    ("phoneNumber", Missing),
                    ("gdprExpiryDate", Missing),
                ],
            ),
            // An address that was sent is not missing: it is wrong.
            (with("email", json!("ada")), &[("email", Invalid)]),
            (with("phoneNumber", json!("0501")), &[("phoneNumber", Invalid)]),
            (with("gdprExpiryDate", json!("2026-04-02")), &[("gdprExpiryDate", Invalid)]),
            (with("gdprExpiryDate", json!("2026-04-03")), &[]),
            (with("gdprExpiryDate", json!("2026-02-30")), &[("gdprExpiryDate", UnreadableDate)]),
            (with("gdprExpiryDate", json!(20_990_101)), &[("gdprExpiryDate", Invalid)]),
            (with("jobIds", json!([])), &[("jobIds", Invalid)]),
            (with("jobIds", json!(vec![ID; 50])), &[]),
            (with("jobIds", json!(vec!["x"; 51])), &[("jobIds", Invalid)]),
            (with("jobIds", json!(["x", ID, 7])), &[("jobIds[0]", Invalid), ("jobIds[2]", Invalid)]),
            (with("jobId", json!("x")), &[("jobId", Invalid)]),
            (with("lastName", json!("")), &[("lastName", Invalid)]),
            (with("lastName", json!("a\0")), &[("lastName", Invalid)]),
        ],
    );
}

#[test]
fn the_list_of_jobs_wins_over_the_single_one() {
    let named = |body: &Value| read(body, NOW).unwrap().named_jobs();
    let other = "00000000-0000-7000-8000-000000000002";
    assert_eq!(named(&with("status", json!(null))), []);
    assert_eq!(named(&with("jobId", json!(ID))), [("jobId".to_owned(), ID.parse().unwrap())]);
    let mut both = with("jobIds", json!([other]));
    both["jobId"] = json!(ID);
    assert_eq!(named(&both), [("jobIds[0]".to_owned(), other.parse().unwrap())]);
}

#[test]
fn optional_values_are_absent_and_the_first_assignment_stands_twice() {
    let mut candidate = Candidate {
        id: ID.parse().unwrap(),
        company_id: ID.parse().unwrap(),
        revision: 1,
        body: read(&with("jobId", json!(ID)), NOW).unwrap().draft,
        job_ids: Vec::new(),
        status: switchboard_domain::candidate::CandidateStatus::Applied,
        overall_rating: None,
        created_at: NOW,
        updated_at: NOW,
    };
    let counts = Counts { interviews: 3, analyses: 1 };
    assert_eq!(
        serde_json::to_value(view(&candidate, counts)).unwrap(),
        json!({
            "id": ID, "companyId": ID, "firstName": "Ada", "lastName": "Nowak", "email": "ada@nowak.example",
            "gdprExpiryDate": "2099-01-01", "jobIds": [], "status": "APPLIED",
            "interviewCount": 3, "analysisCount": 1,
            "links": {
                "interviews": format!("/candidates/{ID}/interviews"),
                "analyses": format!("/candidates/{ID}/analyses")
            },
            "createdAt": "2026-04-02T08:00:00.000Z", "updatedAt": "2026-04-02T08:00:00.000Z",
        })
    );
    candidate.job_ids = vec![ID.parse().unwrap(), "00000000-0000-7000-8000-000000000002".parse().unwrap()];
    let sent = serde_json::to_value(view(&candidate, counts)).unwrap();
    assert_eq!((&sent["jobId"], &sent["jobIds"][0]), (&json!(ID), &json!(ID)));
}
