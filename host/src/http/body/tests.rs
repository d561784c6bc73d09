use proptest::prelude::*;
use serde_json::json;
use switchboard_domain::time::Timestamp;

use super::*;
use crate::http::schema::drift;
use crate::http::{agent, candidate, company, interview, job};

const NOW: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

#[test]
fn a_list_that_is_too_long_is_one_problem() {
    let education = vec![7; 100_000];
    let body =
        json!({"title": "Forklift driver", "description": "Loads containers.", "education": education});
    assert_eq!(job::read(&body).unwrap_err().list().len(), 1);
}

#[test]
fn whole_numbers_are_whole_however_they_are_written() {
    for good in [json!(1), json!(180), json!(2.0), json!(1.8e2)] {
        assert!(whole(1..=180)(&good).is_ok(), "{good}");
    }
    for bad in
        [json!(0), json!(-1), json!(181), json!(2.5), json!(1e300), json!(u64::MAX), json!("1"), json!(true)]
    {
        assert!(whole(1..=180)(&bad).is_err(), "{bad}");
    }
}

/// Whoever reads a body; each must answer any value with a draft or with problems.
fn read_with_everybody(body: &Value) {
    let outcomes = [
        company::read(body).map(drop),
        job::read(body).map(drop),
        candidate::read(body, NOW).map(drop),
        agent::read(body).map(drop),
        interview::read(body, NOW).map(drop),
    ];
    for outcome in outcomes {
        assert!(outcome.err().is_none_or(|problems| !problems.is_empty()), "a refusal says why: {body}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9T:+Z. -]{0,25}".prop_map(Value::from),
    ];
    let name = prop_oneof![any::<String>(), known_name()];
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn known_name() -> impl Strategy<Value = String> {
    let names =
        ["candidate", "agent", "job", "settings", "callWindow", "days", "start", "end", "salary", "min"];
    let more =
        ["jobIds", "jobId", "duration", "scheduledAt", "gdprExpiryDate", "phoneNumber", "metadata", "type"];
    prop::sample::select([&names[..], &more[..]].concat()).prop_map(str::to_owned)
}

fn examples() -> Vec<Value> {
    let inline = json!({
        "candidate": drift::example_of::<candidate::CandidateBody>(),
        "agent": drift::example_of::<agent::AgentBody>(),
        "job": drift::example_of::<job::JobBody>(),
    });
    let mut examples: Vec<Value> = ["candidate", "agent", "job"].map(|name| inline[name].clone()).into();
    examples.extend([
        inline,
        drift::example_of::<company::CompanyBody>(),
        drift::example_of::<interview::InterviewBody>(),
    ]);
    examples
}

/// Puts `value` in the place of the `index`th value inside `body`, counted from outside in.
fn put(body: &mut Value, index: &mut usize, value: &Value) {
    if *index == 0 {
        *body = value.clone();
    }
    *index = index.wrapping_sub(1);
    match body {
        Value::Object(members) => members.values_mut().for_each(|member| put(member, index, value)),
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, index, value)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn any_value_is_read_or_refused(body in any_json()) {
        read_with_everybody(&body);
    }

    #[test]
    fn any_value_inside_a_good_body_is_read_or_refused(
        example in prop::sample::select(examples()),
        index in 0_usize..60,
        value in any_json(),
    ) {
        let mut body = example;
        put(&mut body, &mut index.clone(), &value);
        read_with_everybody(&body);
    }
}
