//! Jobs, from outside (contract §3).

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use switchboard_tests::TestHost;

use crate::table::{
    all_accepted, all_changes_accepted, all_changes_refused, all_refused, assert_moment, assert_names,
    bad_metadata, good_metadata,
};

const INVALID: &str = "VALIDATION_ERROR";
const MISSING: &str = "MISSING_REQUIRED_FIELD";

const EDUCATION: &[&str] = &[
    "UNDEFINED",
    "PRIMARY_EDUCATION",
    "SECONDARY_SCHOOL_STUDENT",
    "SECONDARY_WITHOUT_DIPLOMA",
    "SECONDARY_WITH_DIPLOMA",
    "POST_SECONDARY_VOCATIONAL",
    "UNIVERSITY_STUDENT",
    "BACHELOR_LEVEL",
    "MASTER_LEVEL",
    "POSTGRADUATE",
];
const EXPERIENCE: &[&str] = &[
    "UNDEFINED",
    "NO_EXPERIENCE",
    "LESS_THAN_1_YEAR",
    "ONE_TO_3_YEARS",
    "THREE_TO_5_YEARS",
    "FIVE_TO_10_YEARS",
    "MORE_THAN_10_YEARS",
];
const CONTRACT: &[&str] =
    &["UNDEFINED", "FULL_TIME", "PART_TIME", "CONTRACT", "TEMPORARY", "INTERNSHIP", "FREELANCE"];
const LANGUAGES: &str = "UNDEFINED EN JA ZH DE HI FR KO PT IT ES ID NL TR FIL PL SV BG RO AR CS EL FI HR MS SK DA TA UK RU HU NO VI";

fn base() -> Value {
    json!({ "title": "Driver", "description": "Drives a forklift." })
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_given_back_as_they_were_sent() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let small = company.post("/jobs", &base()).await.expect(201);
    let always = [
        "id",
        "companyId",
        "title",
        "description",
        "status",
        "requiredSkills",
        "niceToHaveSkills",
        "createdAt",
        "updatedAt",
    ];
    assert_names(&small, &always);
    assert_moment(&small["createdAt"]);
    assert_eq!(
        (&small["status"], &small["requiredSkills"], &small["niceToHaveSkills"]),
        (&json!("OPEN"), &json!([]), &json!([]))
    );
    assert_eq!(small["companyId"], json!(here.company_id));

    let skills = |count: usize, chars: usize| vec!["s".repeat(chars); count];
    let mut good = vec![
        json!({ "title": "x".repeat(5) }),
        json!({ "title": "é".repeat(200) }),
        json!({ "description": "x".repeat(10) }),
        json!({ "description": "x".repeat(5000) }),
        json!({ "status": "OPEN" }),
        json!({ "status": "CLOSED" }),
        json!({ "jobUrl": format!("https://a.example/{}", "x".repeat(2030)) }),
        json!({ "benefits": "x".repeat(5000) }),
        json!({ "requiredSkills": skills(10, 128) }),
        json!({ "requiredSkills": skills(4, 1), "niceToHaveSkills": skills(6, 128) }),
        json!({ "languageRequirements": [] }),
        json!({ "languageRequirements": vec![json!({ "language": "SK", "proficiency": "C2" }); 5] }),
        json!({ "education": EDUCATION }),
        json!({ "location": { "workMode": "HYBRID", "street": "A 1", "city": "B", "postalCode": "811", "countryCode": "SK" } }),
        json!({ "location": { "workMode": "ONSITE" } }),
        json!({ "location": { "workMode": "REMOTE" } }),
        json!({ "location": { "workMode": "UNDEFINED" } }),
        json!({ "salary": { "min": 1, "max": 1, "currency": "EUR", "period": "HOURLY" } }),
        json!({ "salary": { "min": 5200, "max": 6100.5 } }),
        json!({ "salary": { "max": 0 } }),
    ];
    for (name, values) in [("experience", EXPERIENCE), ("contractType", CONTRACT)] {
        good.extend(values.iter().map(|value| json!({ name: value })));
    }
    for period in ["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"] {
        good.push(json!({ "salary": { "period": period } }));
    }
    for language in LANGUAGES.split(' ') {
        good.push(json!({ "languageRequirements": [{ "language": language, "proficiency": "A1" }] }));
    }
    for proficiency in ["A1", "A2", "B1", "B2", "C1", "C2"] {
        good.push(json!({ "languageRequirements": [{ "language": "EN", "proficiency": proficiency }] }));
    }
    good.extend(good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })));
    all_accepted(&mut company, "/jobs", &base(), &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_job_is_named() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let skills = |count: usize| vec!["s"; count];
    let language = |language: &str, proficiency: &str| json!({ "languageRequirements": [{ "language": language, "proficiency": proficiency }] });
    let mut bad: Vec<(Value, &str, &[&str])> = vec![
        (json!({ "title": null }), MISSING, &["title"]),
        (json!({ "title": null, "description": null }), MISSING, &["title", "description"]),
        (json!({ "title": null, "status": "open" }), INVALID, &["title", "status"]),
        (json!({ "title": null, "jobTitle": "Driver" }), MISSING, &["title"]),
        (json!({ "title": "four" }), INVALID, &["title"]),
        (json!({ "title": "x".repeat(201) }), INVALID, &["title"]),
        (json!({ "description": "123456789" }), INVALID, &["description"]),
        (json!({ "description": "x".repeat(5001) }), INVALID, &["description"]),
        (json!({ "status": "DRAFT" }), INVALID, &["status"]),
        (json!({ "status": true }), INVALID, &["status"]),
        (json!({ "jobUrl": "/jobs/1" }), INVALID, &["jobUrl"]),
        (json!({ "jobUrl": format!("https://a.example/{}", "x".repeat(2031)) }), INVALID, &["jobUrl"]),
        (json!({ "benefits": "x".repeat(5001) }), INVALID, &["benefits"]),
        (json!({ "requiredSkills": "driving" }), INVALID, &["requiredSkills"]),
        (
            json!({ "requiredSkills": ["a", "", "b", 4, null] }),
            INVALID,
            &["requiredSkills[1]", "requiredSkills[3]", "requiredSkills[4]"],
        ),
        (json!({ "niceToHaveSkills": ["x".repeat(129)] }), INVALID, &["niceToHaveSkills[0]"]),
        (json!({ "requiredSkills": skills(11) }), INVALID, &["requiredSkills"]),
        (
            json!({ "requiredSkills": skills(6), "niceToHaveSkills": skills(5) }),
            INVALID,
            &["requiredSkills", "niceToHaveSkills"],
        ),
        (
            json!({ "languageRequirements": vec![json!({ "language": "EN", "proficiency": "A1" }); 6] }),
            INVALID,
            &["languageRequirements"],
        ),
        (language("en", "A1"), INVALID, &["languageRequirements[0].language"]),
        (
            language("XX", "A3"),
            INVALID,
            &["languageRequirements[0].language", "languageRequirements[0].proficiency"],
        ),
        (
            json!({ "languageRequirements": [{}] }),
            MISSING,
            &["languageRequirements[0].language", "languageRequirements[0].proficiency"],
        ),
        (json!({ "languageRequirements": ["EN"] }), INVALID, &["languageRequirements[0]"]),
        (json!({ "education": ["PHD"] }), INVALID, &["education[0]"]),
        (json!({ "education": "POSTGRADUATE" }), INVALID, &["education"]),
        (json!({ "experience": "TEN" }), INVALID, &["experience"]),
        (json!({ "contractType": "full_time" }), INVALID, &["contractType"]),
        (
            json!({ "location": { "workMode": "HOME", "countryCode": "Slovakia", "street": 5 } }),
            INVALID,
            &["location.workMode", "location.countryCode", "location.street"],
        ),
        (json!({ "salary": { "min": 2, "max": 1 } }), INVALID, &["salary.min", "salary.max"]),
        (json!({ "salary": { "min": "2" } }), INVALID, &["salary.min"]),
        (json!({ "salary": { "min": -1 } }), INVALID, &["salary.min"]),
        (
            json!({ "salary": { "currency": "eur", "period": "BIWEEKLY" } }),
            INVALID,
            &["salary.currency", "salary.period"],
        ),
        (json!({ "salary": 5000 }), INVALID, &["salary"]),
        (
            json!({ "title": 1, "salary": { "min": 2, "max": 1 }, "requiredSkills": [""] }),
            INVALID,
            &["title", "salary.min", "salary.max", "requiredSkills[0]"],
        ),
    ];
    bad.extend(
        bad_metadata()
            .into_iter()
            .map(|metadata| (json!({ "metadata": metadata }), INVALID, &["metadata"] as &[&str])),
    );
    all_refused(&mut company, "/jobs", &base(), &bad).await;
    assert_eq!(company.get("/jobs").await.expect(200)["total"], 0, "refused jobs are not stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_what_is_not_sent() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let id = company.post("/jobs", &base()).await.expect(201)["id"].clone();
    let path = format!("/jobs/{}", id.as_str().expect("an id"));
    let mut good = vec![
        json!({ "title": "Loader", "status": "CLOSED" }),
        json!({ "description": "Loads containers.", "jobUrl": "https://a.example/1", "benefits": "Tea" }),
        json!({ "requiredSkills": ["a", "b"], "niceToHaveSkills": ["c"] }),
        json!({ "requiredSkills": vec!["s"; 9] }),
        json!({ "languageRequirements": [{ "language": "SK", "proficiency": "C1" }], "education": ["UNDEFINED"] }),
        json!({ "experience": "NO_EXPERIENCE", "contractType": "FREELANCE" }),
        json!({ "location": { "workMode": "HYBRID", "city": "Brno", "countryCode": "CZ" } }),
        // Replaced whole.
        json!({ "location": { "street": "Dlhá 1" }, "salary": { "min": 1, "max": 2, "currency": "EUR" } }),
        json!({ "salary": { "max": 7 } }),
        json!({ "jobUrl": null, "benefits": null, "languageRequirements": null, "education": null }),
        json!({ "experience": null, "contractType": null, "location": null, "salary": null, "metadata": null }),
    ];
    good.extend(good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })));
    all_changes_accepted(&mut company, &path, &good).await;
    // What always has a value has its first one again.
    let cleared = json!({ "status": null, "requiredSkills": null, "niceToHaveSkills": null });
    let cleared = company.patch(&path, &cleared).await.expect(200);
    assert_eq!(
        (&cleared["status"], &cleared["requiredSkills"], &cleared["niceToHaveSkills"]),
        (&json!("OPEN"), &json!([]), &json!([]))
    );
    let ignored =
        company.patch(&path, &json!({ "id": "x", "companyId": 7, "unknown": [] })).await.expect(200);
    assert_eq!(ignored, cleared);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_change_is_named() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let whole =
        json!({ "title": "Driver", "description": "Drives a forklift.", "niceToHaveSkills": ["a", "b"] });
    let id = company.post("/jobs", &whole).await.expect(201)["id"].clone();
    let path = format!("/jobs/{}", id.as_str().expect("an id"));
    let mut bad: Vec<(Value, &str, &[&str])> = vec![
        (json!([]), INVALID, &["body"]),
        (json!({ "title": null }), INVALID, &["title"]),
        (json!({ "description": null, "title": "four" }), INVALID, &["title", "description"]),
        (
            json!({ "status": "DRAFT", "jobUrl": "x", "benefits": 7 }),
            INVALID,
            &["status", "jobUrl", "benefits"],
        ),
        // Together with what is kept.
        (json!({ "requiredSkills": vec!["s"; 9] }), INVALID, &["requiredSkills", "niceToHaveSkills"]),
        (json!({ "requiredSkills": ["s", ""] }), INVALID, &["requiredSkills[1]"]),
        (json!({ "salary": { "min": 2, "max": 1 } }), INVALID, &["salary.min", "salary.max"]),
        (
            json!({ "languageRequirements": [{ "language": null }] }),
            MISSING,
            &["languageRequirements[0].language", "languageRequirements[0].proficiency"],
        ),
    ];
    let metadata = bad_metadata();
    bad.extend(
        metadata.into_iter().map(|bad| (json!({ "metadata": bad }), INVALID, &["metadata"] as &[&str])),
    );
    all_changes_refused(&mut company, &path, &bad).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_change_moves_the_moment_of_the_last_one() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let made = company.post("/jobs", &base()).await.expect(201);
    let path = format!("/jobs/{}", made["id"].as_str().expect("an id"));
    let _ = host.clock.advance(Duration::from_secs(60));
    for nothing in [json!({}), base(), json!({ "benefits": null }), json!({ "stranger": 1 })] {
        assert_eq!(company.patch(&path, &nothing).await.expect(200), made, "{nothing}");
    }
    let changed = company.patch(&path, &json!({ "benefits": "Tea" })).await.expect(200);
    assert_eq!(changed["createdAt"], made["createdAt"]);
    let moment = |value: &Value| value["updatedAt"].as_str().map(str::to_owned);
    assert!(moment(&made) < moment(&changed) && moment(&changed) <= Some(host.now().to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_job_is_gone_and_interviews_keep_its_id() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let made = company.post("/jobs", &base()).await.expect(201);
        ids.push(made["id"].as_str().expect("an id").to_owned());
    }
    let candidate = json!({
        "firstName": "J", "lastName": "N", "email": "j@post.example", "gdprExpiryDate": "2027-01-01", "jobIds": ids,
    });
    let agent =
        json!({ "name": "Check", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 });
    let candidate_id = company.post("/candidates", &candidate).await.expect(201)["id"].clone();
    let body = json!({ "candidateId": candidate_id, "agent": agent, "jobId": ids[0] });
    let interview = company.post("/interviews", &body).await.expect(201);
    let path = format!("/jobs/{}", ids[0]);
    assert_eq!(company.delete(&path).await.expect(200), json!(true));
    let _ = company.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    let _ = company.delete(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    let _ = company.patch(&path, &json!({})).await.refused(404, "RESOURCE_NOT_FOUND");
    assert_eq!(company.get("/jobs").await.expect(200)["total"], 1);
    let candidate = format!("/candidates/{}", candidate_id.as_str().expect("an id"));
    let shown = company.get(&candidate).await.expect(200);
    assert_eq!((&shown["jobIds"], &shown["jobId"]), (&json!([ids[1]]), &json!(ids[1])));
    let interview = format!("/interviews/{}", interview["id"].as_str().expect("an id"));
    assert_eq!(company.get(&interview).await.expect(200)["jobId"], json!(ids[0]));
    // It can be assigned to nobody any more.
    let answer = company.patch(&candidate, &json!({ "jobIds": [ids[0]] })).await;
    crate::table::assert_refused(&answer, INVALID, &["jobIds[0]"], &json!("deleted"));
}

/// Members of a job with values that are accepted, refused, or clear it.
fn any_change() -> impl Strategy<Value = Value> {
    let choice = |values: Vec<Value>| prop::sample::select(values);
    let skills = |most: usize| prop::collection::vec(choice(vec![json!("a"), json!("bb")]), 0..=most);
    let member = prop_oneof![
        choice(vec![json!("Driver"), json!("Loader of ships"), json!("four"), json!(null), json!(7)])
            .prop_map(|value| ("title", value)),
        choice(vec![json!("OPEN"), json!("CLOSED"), json!("DRAFT"), json!(null)])
            .prop_map(|value| ("status", value)),
        choice(vec![json!("Tea"), json!(""), json!(null), json!(false)])
            .prop_map(|value| ("benefits", value)),
        skills(8).prop_map(|value| ("requiredSkills", json!(value))),
        skills(8).prop_map(|value| ("niceToHaveSkills", json!(value))),
        Just(("niceToHaveSkills", json!(null))),
        choice(vec![json!({ "min": 1 }), json!({ "max": 2.5, "currency": "EUR" }), json!(null)])
            .prop_map(|value| ("salary", value)),
        choice(vec![json!({ "min": 2, "max": 1 }), json!([])]).prop_map(|value| ("salary", value)),
        choice(vec![json!({}), json!({ "a": null }), json!({ "b": [1] }), json!(null), json!([])])
            .prop_map(|value| ("metadata", value)),
    ];
    prop::collection::vec(member, 0..4)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// What a change makes of a job by the contract, or the paths that it refuses.
fn expected(before: &Value, change: &Value) -> Result<Value, BTreeSet<&'static str>> {
    let mut after = before.clone();
    let members = after.as_object_mut().expect("an object");
    let mut wrong = BTreeSet::new();
    for (name, value) in change.as_object().expect("an object") {
        let first = match name.as_str() {
            "status" => Some(json!("OPEN")),
            "requiredSkills" | "niceToHaveSkills" => Some(json!([])),
            _ => None,
        };
        match (value, first) {
            (Value::Null, Some(first)) => drop(members.insert(name.clone(), first)),
            (Value::Null, None) => drop(members.shift_remove(name)),
            _ => drop(members.insert(name.clone(), value.clone())),
        }
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    if text("title").is_none_or(|title| title.len() < 5) {
        wrong.insert("title");
    }
    if !matches!(text("status"), Some("OPEN" | "CLOSED")) {
        wrong.insert("status");
    }
    if members.get("benefits").is_some_and(|benefits| !benefits.is_string()) {
        wrong.insert("benefits");
    }
    if members.get("metadata").is_some_and(|metadata| !metadata.is_object()) {
        wrong.insert("metadata");
    }
    match members.get("salary") {
        Some(Value::Array(_)) => drop(wrong.insert("salary")),
        Some(salary) if salary["min"] == 2 => wrong.extend(["salary.min", "salary.max"]),
        Some(_) | None => {}
    }
    let counts = ["requiredSkills", "niceToHaveSkills"]
        .map(|name| (name, members.get(name).and_then(Value::as_array).map_or(0, Vec::len)));
    if counts[0].1 + counts[1].1 > 10 {
        wrong.extend(counts.iter().filter(|(_, count)| 0 < *count).map(|(name, _)| *name));
    }
    if wrong.is_empty() { Ok(after) } else { Err(wrong) }
}

#[test]
fn any_changes_in_any_order_make_what_the_contract_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let (_host, client, path) = runtime.block_on(async {
        let host = TestHost::start().await;
        let here = host.furnish().await;
        let mut client = host.partner(&here.company_key);
        let made = client.post("/jobs", &base()).await.expect(201);
        (host, client, format!("/jobs/{}", made["id"].as_str().expect("an id")))
    });
    let client = std::cell::RefCell::new(client);
    let mut runner = TestRunner::new(Config { cases: 60, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(any_change(), 1..6), |changes| {
        let client = &mut *client.borrow_mut();
        runtime.block_on(async {
            let mut before = client.get(&path).await;
            for change in changes {
                let answer = client.patch(&path, &change).await;
                match expected(&before.data(), &change) {
                    Ok(mut after) => {
                        prop_assert_eq!(answer.status, 200, "{}", change);
                        after["updatedAt"] = answer.data()["updatedAt"].clone();
                        prop_assert_eq!(answer.data(), after, "{}", change);
                        let is_same = answer.data() == before.data();
                        prop_assert_eq!(
                            answer.header("etag") == before.header("etag"),
                            is_same,
                            "{}",
                            change
                        );
                    }
                    Err(wrong) => {
                        prop_assert_eq!(answer.status, 400, "{}", change);
                        let paths = crate::table::paths(&answer.json()["error"]);
                        let wrong: Vec<_> = wrong.into_iter().map(str::to_owned).collect();
                        prop_assert_eq!(paths, wrong, "{}", change);
                    }
                }
                let found = client.get(&path).await;
                if answer.status == 200 {
                    prop_assert_eq!(found.data(), answer.data());
                    prop_assert_eq!(found.header("etag"), answer.header("etag"));
                } else {
                    prop_assert_eq!(found.data(), before.data());
                }
                before = found;
            }
            Ok(())
        })
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
