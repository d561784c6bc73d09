use serde_json::json;

use super::*;
use crate::http::body::cases::{Kind::*, assert_problems};
use crate::http::schema::drift;

#[test]
fn the_schema_is_the_readers() {
    let example = drift::example_of::<AnalysisBody>();
    drift::assert_schema_is_the_readers::<AnalysisBody>(&|body| read(body).map(drop), &[example], &[]);
}

#[test]
fn every_member_of_general_is_required_but_its_dates() {
    let general = [
        "overallRating",
        "companyFitRating",
        "education",
        "experience",
        "strongPoints",
        "weakPoints",
        "evaluation",
        "status",
    ];
    let missing: Vec<_> = general.iter().map(|name| (format!("general.{name}"), Missing)).collect();
    let missing: Vec<_> = missing.iter().map(|(path, kind)| (path.as_str(), *kind)).collect();
    let whole = drift::example_of::<AnalysisBody>();
    let with = |name: &str, value: Value| {
        let mut body = whole.clone();
        body["general"][name] = value;
        body
    };
    assert_problems(
        |body: &Value| read(body).map(drop),
        &[
            (json!({}), &[("general", Missing)]),
            (json!({"general": {}}), &missing),
            (json!({"general": [], "specific": []}), &[("general", Invalid), ("specific", Invalid)]),
            (with("overallRating", json!(101)), &[("general.overallRating", Invalid)]),
            (with("overallRating", json!(7.5)), &[("general.overallRating", Invalid)]),
            (with("education", json!("PHD")), &[("general.education", Invalid)]),
            (with("strongPoints", json!(["fine", ""])), &[("general.strongPoints[1]", Invalid)]),
            (
                with("evaluation", json!([{"criterion": "c", "rating": -1}])),
                &[("general.evaluation[0].rating", Invalid), ("general.evaluation[0].comment", Missing)],
            ),
            (with("status", json!("DONE")), &[("general.status", Invalid)]),
            (json!({"general": whole["general"], "specific": null}), &[]),
        ],
    );
}

#[test]
fn what_is_specific_is_bounded_and_given_back_as_it_was() {
    let mut whole = drift::example_of::<AnalysisBody>();
    whole["specific"] = json!({ "z": 1.5, "a": [null, "é"] });
    assert_eq!(read(&whole).unwrap().specific.as_deref(), Some(r#"{"z":1.5,"a":[null,"é"]}"#));
    whole["specific"] = json!({ "a": "x".repeat(ANALYSIS_SPECIFIC_BYTES_MAX - 8) });
    assert!(read(&whole).is_ok());
    whole["specific"] = json!({ "a": "x".repeat(ANALYSIS_SPECIFIC_BYTES_MAX - 7) });
    assert!(read(&whole).is_err());
}
