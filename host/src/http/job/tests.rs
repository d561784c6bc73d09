use serde_json::json;

use super::*;
use crate::http::body::cases::{Kind::*, assert_problems};
use crate::http::schema::drift;

#[test]
fn the_schema_of_a_change_is_its_readers() {
    let kept = read(&drift::example_of::<JobBody>()).unwrap();
    let reader = |body: &Value| read_change(&kept, body).map(drop);
    let example = drift::example_of::<JobPatch>();
    drift::assert_schema_is_the_readers::<JobPatch>(&reader, std::slice::from_ref(&example), &[]);
    drift::assert_null_clears_as_the_schema_says::<JobPatch>(&reader, &example);
}

#[test]
fn the_schema_is_the_readers() {
    drift::assert_schema_is_the_readers::<JobBody>(
        &|body| read(body).map(drop),
        &[drift::example_of::<JobBody>()],
        &[],
    );
}

fn with(name: &str, value: Value) -> Value {
    let mut body = json!({"title": "Forklift driver", "description": "Loads containers."});
    body[name] = value;
    body
}

#[test]
fn every_problem_is_named() {
    let skills = |required: usize, nice: usize| {
        let mut body = with("requiredSkills", json!(vec!["x"; required]));
        body["niceToHaveSkills"] = json!(vec!["x"; nice]);
        body
    };
    assert_problems(
        read,
        &[
            (json!({}), &[("title", Missing), ("description", Missing)]),
            (json!({"jobTitle": "Forklift driver"}), &[("title", Missing), ("description", Missing)]),
            (with("status", json!("open")), &[("status", Invalid)]),
            (
                with("requiredSkills", json!(["a", "", 3, null])),
                &[
                    ("requiredSkills[1]", Invalid),
                    ("requiredSkills[2]", Invalid),
                    ("requiredSkills[3]", Invalid),
                ],
            ),
            (with("requiredSkills", json!("a")), &[("requiredSkills", Invalid)]),
            (skills(10, 0), &[]),
            (skills(0, 10), &[]),
            (skills(6, 5), &[("requiredSkills", Invalid), ("niceToHaveSkills", Invalid)]),
            (skills(11, 1), &[("requiredSkills", Invalid)]),
            (
                with("languageRequirements", json!([{"language": "EN"}, 7, {"proficiency": "C3"}])),
                &[
                    ("languageRequirements[0].proficiency", Missing),
                    ("languageRequirements[1]", Invalid),
                    ("languageRequirements[2].language", Missing),
                    ("languageRequirements[2].proficiency", Invalid),
                ],
            ),
            (with("education", json!(["UNDEFINED", "PHD"])), &[("education[1]", Invalid)]),
            (with("salary", json!({"min": 5, "max": 5})), &[]),
            (
                with("salary", json!({"min": 5.5, "max": 5})),
                &[("salary.min", Invalid), ("salary.max", Invalid)],
            ),
            (
                with("salary", json!({"min": -1, "max": "9"})),
                &[("salary.min", Invalid), ("salary.max", Invalid)],
            ),
            (with("location", json!([])), &[("location", Invalid)]),
            (with("salary", json!(null)), &[]),
        ],
    );
}

#[test]
fn what_is_not_sent_is_absent_but_for_status_and_skills() {
    let draft = read(&json!({"title": "Forklift driver", "description": "Loads containers."})).unwrap();
    let sent = serde_json::to_value(view(&job(draft))).unwrap();
    let names: Vec<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["id", "companyId", "title", "description", "status", "requiredSkills", "niceToHaveSkills"];
    assert_eq!(names, [&expected[..], &["createdAt", "updatedAt"]].concat());
    assert_eq!((&sent["status"], &sent["requiredSkills"]), (&json!("OPEN"), &json!([])));
}

#[test]
fn a_job_is_given_back_as_it_was_written() {
    let written = drift::example_of::<JobBody>();
    let sent = serde_json::to_value(view(&job(read(&written).unwrap()))).unwrap();
    for (name, value) in written.as_object().unwrap() {
        assert_eq!(sent[name].to_string(), value.to_string(), "{name}");
    }
    assert_eq!(sent["createdAt"], "2026-04-02T08:00:00.000Z");
    assert_eq!(sent["id"], "00000000-0000-7000-8000-000000000001");
}

fn job(body: JobDraft) -> Job {
    let at = Timestamp::from_unix_millis(1_775_116_800_000);
    Job {
        id: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
        company_id: "00000000-0000-7000-8000-000000000002".parse().unwrap(),
        revision: 1,
        body,
        created_at: at,
        updated_at: at,
    }
}
