//! Jobs, from outside (contract §3).

use serde_json::{Value, json};
use switchboard_tests::TestHost;

use crate::table::{all_accepted, all_refused, assert_moment, assert_names, bad_metadata, good_metadata};

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
