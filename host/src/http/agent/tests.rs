use serde_json::json;

use super::*;
use crate::http::body::cases::{Kind::*, assert_problems};
use crate::http::schema::drift;

const ID: &str = "00000000-0000-7000-8000-000000000001";

#[test]
fn the_schema_is_the_readers() {
    drift::assert_schema_is_the_readers::<AgentBody>(
        &|body| read(body).map(drop),
        &[drift::example_of::<AgentBody>()],
        &[],
    );
}

#[test]
fn the_schema_of_a_change_is_its_readers() {
    let kept = read(&drift::example_of::<AgentBody>()).unwrap();
    let reader = |body: &Value| read_change(&kept, body).map(drop);
    drift::assert_schema_is_the_readers::<AgentPatch>(&reader, &[drift::example_of::<AgentPatch>()], &[]);
    // A level is cleared together with the focus that needs it, a number with the type.
    let cleared =
        json!({ "type": "ONLINE", "focus": "GENERIC", "cefrLevel": null, "companyPhoneNumberId": null });
    let mut example = drift::example_of::<AgentPatch>();
    for (name, value) in cleared.as_object().unwrap() {
        example[name] = value.clone();
    }
    drift::assert_null_clears_as_the_schema_says::<AgentPatch>(&reader, &example);
}

#[test]
fn rules_over_several_members_judge_the_result_of_a_change() {
    let phone = with(json!({ "type": "PHONE", "companyPhoneNumberId": ID }));
    let test = with(json!({ "focus": "LANGUAGE_TEST", "cefrLevel": "B1" }));
    for (kept, change, problems) in [
        (&phone, json!({}), &[][..]),
        (&phone, json!({ "type": "ONLINE" }), &[("companyPhoneNumberId", Invalid)]),
        (&phone, json!({ "type": "ONLINE", "companyPhoneNumberId": null }), &[]),
        (&phone, json!({ "companyPhoneNumberId": null }), &[("companyPhoneNumberId", Missing)]),
        (&phone, json!({ "companyPhoneNumberId": "x" }), &[("companyPhoneNumberId", Invalid)]),
        (&phone, json!({ "focus": "LANGUAGE_TEST" }), &[("cefrLevel", Missing)]),
        (&phone, json!({ "focus": "LANGUAGE_TEST", "cefrLevel": "C1" }), &[]),
        (&phone, json!({ "cefrLevel": "C1" }), &[("cefrLevel", Invalid)]),
        (&test, json!({ "focus": "GENERIC" }), &[("cefrLevel", Invalid)]),
        (&test, json!({ "focus": "GENERIC", "cefrLevel": null }), &[]),
        (&test, json!({ "cefrLevel": null, "name": null }), &[("name", Invalid), ("cefrLevel", Missing)]),
        (
            &test,
            json!({ "cefrLevel": "D1", "type": "PHONE" }),
            &[("cefrLevel", Invalid), ("companyPhoneNumberId", Missing)],
        ),
        (&test, json!({ "focus": "X", "cefrLevel": null }), &[("focus", Invalid)]),
    ] {
        let kept = read(kept).unwrap();
        assert_problems(|body| read_change(&kept, body), &[(change, problems)]);
    }
}

fn with(changes: Value) -> Value {
    let mut body =
        json!({"name": "Screener", "type": "ONLINE", "focus": "SCREENING", "language": "EN", "duration": 10});
    for (name, value) in changes.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn every_problem_is_named() {
    assert_problems(
        read,
        &[
            (with(json!({})), &[]),
            (
                json!({}),
                &[
                    ("name", Missing),
                    ("type", Missing),
                    ("focus", Missing),
                    ("language", Missing),
                    ("duration", Missing),
                ],
            ),
            (with(json!({"type": "PHONE"})), &[("companyPhoneNumberId", Missing)]),
            (with(json!({"type": "PHONE", "companyPhoneNumberId": ID})), &[]),
            (with(json!({"companyPhoneNumberId": ID})), &[("companyPhoneNumberId", Invalid)]),
            (
                with(json!({"type": "FAX", "companyPhoneNumberId": "x"})),
                &[("type", Invalid), ("companyPhoneNumberId", Invalid)],
            ),
            (with(json!({"focus": "LANGUAGE_TEST"})), &[("cefrLevel", Missing)]),
            (with(json!({"focus": "LANGUAGE_TEST", "cefrLevel": "C2"})), &[]),
            (with(json!({"cefrLevel": "C2"})), &[("cefrLevel", Invalid)]),
            (with(json!({"duration": 0})), &[("duration", Invalid)]),
            (with(json!({"duration": 181})), &[("duration", Invalid)]),
            (with(json!({"duration": 2.0})), &[]),
            (with(json!({"duration": 2.5})), &[("duration", Invalid)]),
            (with(json!({"duration": "10"})), &[("duration", Invalid)]),
            (with(json!({"duration": 1e300})), &[("duration", Invalid)]),
            (with(json!({"questions": ["a", 1]})), &[("questions[1]", Invalid)]),
            (with(json!({"voiceId": "alex"})), &[("voiceId", Invalid)]),
        ],
    );
}

#[test]
fn an_agent_is_given_back_as_it_was_written() {
    let written = drift::example_of::<AgentBody>();
    let at = Timestamp::from_unix_millis(1_775_116_800_000);
    let agent = Agent {
        id: ID.parse().unwrap(),
        company_id: ID.parse().unwrap(),
        revision: 1,
        body: read(&written).unwrap(),
        created_at: at,
        updated_at: at,
    };
    let mut expected = written;
    for (name, value) in [("id", ID), ("companyId", ID)] {
        expected[name] = json!(value);
    }
    expected["createdAt"] = json!("2026-04-02T08:00:00.000Z");
    expected["updatedAt"] = json!("2026-04-02T08:00:00.000Z");
    assert_eq!(serde_json::to_value(view(&agent)).unwrap(), expected);
}
