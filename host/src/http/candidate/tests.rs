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

fn candidate(body: &Value) -> Candidate {
    let input = read(body, NOW).unwrap();
    Candidate {
        id: ID.parse().unwrap(),
        company_id: ID.parse().unwrap(),
        revision: 1,
        job_ids: input.named_jobs().into_iter().map(|(_, id)| id).collect(),
        body: input.draft,
        status: CandidateStatus::Applied,
        overall_rating: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

#[test]
fn the_schema_of_a_change_is_its_readers() {
    let kept = candidate(&drift::example_of::<CandidateBody>());
    let reader = |body: &Value| read_change(&kept, body, NOW).map(drop);
    let example = drift::example_of::<CandidatePatch>();
    drift::assert_schema_is_the_readers::<CandidatePatch>(&reader, std::slice::from_ref(&example), &[]);
    drift::assert_null_clears_as_the_schema_says::<CandidatePatch>(&reader, &example);
}

#[test]
fn a_candidate_can_be_reached_after_a_change_too() {
    let by_mail = candidate(&with("phoneNumber", json!(null)));
    let both = candidate(&with("phoneNumber", json!("+48501234567")));
    let nobody: &[(&str, _)] = &[("email", Missing), ("phoneNumber", Missing)];
    for (kept, change, problems) in [
        (&by_mail, json!({ "email": null }), nobody),
        (&by_mail, json!({ "email": null, "phoneNumber": "+48501234567" }), &[]),
        (&by_mail, json!({ "email": null, "phoneNumber": "48" }), &[("phoneNumber", Invalid)]),
        (&both, json!({ "email": null }), &[]),
        (&both, json!({ "phoneNumber": null }), &[]),
        (&both, json!({ "phoneNumber": null, "email": null }), nobody),
        (
            &both,
            json!({ "status": null, "gdprExpiryDate": null }),
            &[("gdprExpiryDate", Invalid), ("status", Invalid)],
        ),
        (&both, json!({ "gdprExpiryDate": "2026-04-02" }), &[("gdprExpiryDate", Invalid)]),
        (
            &both,
            json!({ "jobIds": vec![ID; 51], "status": "HIRED" }),
            &[("status", Invalid), ("jobIds", Invalid)],
        ),
    ] {
        assert_problems(|body| read_change(kept, body, NOW), &[(change, problems)]);
    }
    // A date that has passed since says nothing about another change.
    let mut old = both;
    old.body.gdpr_expiry_date = NaiveDate::from_ymd_opt(2020, 1, 1).unwrap();
    assert!(read_change(&old, &json!({ "firstName": "Eva" }), NOW).is_ok());
}

#[test]
fn assignments_are_replaced_when_either_form_is_sent() {
    let kept = candidate(&with("jobId", json!(ID)));
    let other = "00000000-0000-7000-8000-000000000002";
    let named = |body: Value| {
        let jobs = read_change(&kept, &body, NOW).unwrap().named_jobs;
        jobs.map(|jobs| jobs.into_iter().map(|(path, id)| (path, id.to_string())).collect::<Vec<_>>())
    };
    let one = |path: &str, id: &str| Some(vec![(path.to_owned(), id.to_owned())]);
    assert_eq!(named(json!({})), None);
    assert_eq!(named(json!({ "jobIds": [] })), Some(vec![]));
    assert_eq!(named(json!({ "jobIds": null })), Some(vec![]));
    assert_eq!(named(json!({ "jobId": null })), Some(vec![]));
    assert_eq!(named(json!({ "jobId": other })), one("jobId", other));
    assert_eq!(named(json!({ "jobIds": [other] })), one("jobIds[0]", other));
    assert_eq!(named(json!({ "jobIds": [], "jobId": other })), Some(vec![]));
    assert_eq!(named(json!({ "jobIds": null, "jobId": other })), Some(vec![]));
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
    let mut candidate = candidate(&with("jobId", json!(null)));
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
