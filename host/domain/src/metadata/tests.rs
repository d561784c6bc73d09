use proptest::prelude::*;
use serde_json::json;

use super::*;

fn parse(text: &str) -> Result<Metadata, Flaw> {
    Metadata::check(&serde_json::from_str(text).expect("test data is JSON"))
}

fn refusal(value: &Value) -> String {
    Metadata::check(value).expect_err("must be refused").message
}

fn with_keys(count: usize) -> Value {
    Value::Object((0..count).map(|index| (format!("k{index}"), json!(index))).collect())
}

#[test]
fn only_objects_are_metadata() {
    for wrong in [json!(null), json!([]), json!("text"), json!(1), json!(true)] {
        assert_eq!(refusal(&wrong), "must be an object");
    }
    assert_eq!(Metadata::check(&json!({})).map(|metadata| metadata.as_str().to_owned()), Ok("{}".to_owned()));
}

#[test]
fn five_levels_and_no_sixth() {
    assert!(parse(r#"{"a":{"b":{"c":{"d":{"e":1}}}}}"#).is_ok());
    assert!(parse(r#"{"a":{"b":{"c":{"d":[1]}}}}"#).is_ok());
    for deep in [r#"{"a":{"b":{"c":{"d":{"e":{}}}}}}"#, r#"{"a":[[[[[]]]]]}"#] {
        let flaw = parse(deep).expect_err("six levels");
        assert_eq!(flaw.message, "must not be nested deeper than 5 levels, itself included");
    }
}

#[test]
fn fifty_keys_wherever_they_are() {
    assert!(Metadata::check(&with_keys(50)).is_ok());
    assert!(refusal(&with_keys(51)).contains("has 51"));
    assert!(Metadata::check(&json!({"a": with_keys(24), "b": [with_keys(24)]})).is_ok());
    assert!(refusal(&json!({"a": with_keys(24), "b": [with_keys(25)]})).contains("has 51"));
}

#[test]
fn bytes_are_those_of_the_compact_form() {
    let overhead = r#"{"a":""}"#.len();
    assert!(Metadata::check(&json!({"a": "x".repeat(10_240 - overhead)})).is_ok());
    let said = refusal(&json!({"a": "x".repeat(10_241 - overhead)}));
    assert_eq!(said, "must have at most 10240 bytes as compact JSON, has 10241");
    assert!(refusal(&json!({"a": "ž".repeat(5_120)})).contains("has 10248"));
    let spacious = format!("{{{}\"a\": 1}}", " ".repeat(20_000));
    assert_eq!(parse(&spacious).map(|metadata| metadata.as_str().to_owned()), Ok(r#"{"a":1}"#.to_owned()));
}

#[test]
fn nul_is_refused_in_keys_and_texts() {
    for wrong in [json!({"a": "\0"}), json!({"a\0": 1}), json!({"a": [{"b": "x\0"}]})] {
        assert!(refusal(&wrong).contains("NUL"));
    }
}

#[test]
fn leaves_stand_in_the_order_in_which_they_were_written() {
    let metadata = parse(
        r#"{"z": "text", "a/b~c": {"": true, "list": [1, {"deep": null}, [], {}]}, "none": {}, 
            "n": -9223372036854775808,
            "over": 9223372036854775808, "half": 0.5, "whole": 2.0, "m": 9223372036854775807}"#,
    )
    .expect("fine");
    let expected = [
        ("/z", Leaf::Text("text".to_owned())),
        ("/a~1b~0c/", Leaf::Boolean(true)),
        ("/a~1b~0c/list/0", Leaf::Integer(1)),
        ("/a~1b~0c/list/1/deep", Leaf::Null),
        ("/n", Leaf::Integer(i64::MIN)),
        ("/over", Leaf::Decimal("9223372036854775808".to_owned())),
        ("/half", Leaf::Decimal("0.5".to_owned())),
        ("/whole", Leaf::Decimal("2.0".to_owned())),
        ("/m", Leaf::Integer(i64::MAX)),
    ]
    .map(|(pointer, leaf)| (pointer.to_owned(), leaf));
    assert_eq!(metadata.leaves(), expected);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z/~\"]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z/~]{0,4}", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[test]
fn a_merge_is_bounded_by_its_result() {
    let full = Metadata::check(&with_keys(50)).unwrap();
    let merged = |changes: &Value| Metadata::merge(Some(&full), changes);
    assert!(merged(&json!({ "k0": 7 })).is_ok());
    assert!(merged(&json!({ "one more": 7 })).unwrap_err().message.contains("has 51"));
    assert!(merged(&json!({ "one more": 7, "k0": null })).is_ok());
    let many_gone: Value = (0..500).map(|index| (format!("k{index}"), Value::Null)).collect();
    assert_eq!(merged(&many_gone).unwrap().as_str(), "{}");
    assert!(merged(&json!({ "k0": "\0" })).is_err());
    assert!(merged(&json!({ "k0": [[[[[]]]]] })).is_err());
    assert_eq!(Metadata::merge(None, &json!({ "a": null, "b": 1 })).unwrap().as_str(), r#"{"b":1}"#);
    assert!(Metadata::merge(None, &json!(7)).is_err());
}

proptest! {
    #[test]
    fn a_merge_is_what_a_map_would_do(
        kept in prop::collection::hash_map("[a-d]", any_value(), 0..4),
        changes in prop::collection::hash_map("[a-d]", prop_oneof![Just(Value::Null), any_value()], 0..4),
    ) {
        let value = |map: &std::collections::HashMap<String, Value>| json!(map);
        let kept_metadata = Metadata::check(&value(&kept));
        prop_assume!(kept_metadata.is_ok());
        let mut expected = kept;
        expected.extend(changes.clone());
        expected.retain(|key, value| !(value.is_null() && changes.contains_key(key)));
        let merged = Metadata::merge(kept_metadata.as_ref().ok(), &value(&changes));
        prop_assert_eq!(merged.map(|metadata| metadata.to_value()).ok(), Metadata::check(&value(&expected)).ok().map(|_| value(&expected)));
    }

    #[test]
    fn every_pointer_finds_its_leaf(value in any_value()) {
        let object = json!({ "root": value });
        if let Ok(metadata) = Metadata::check(&object) {
            prop_assert_eq!(metadata.to_value(), object.clone());
            for (pointer, leaf) in metadata.leaves() {
                let found = object.pointer(&pointer);
                let expected = match leaf {
                    Leaf::Text(text) => json!(text),
                    Leaf::Integer(integer) => json!(integer),
                    Leaf::Decimal(decimal) => json!(decimal.parse::<f64>().expect("a number")),
                    Leaf::Boolean(value) => json!(value),
                    Leaf::Null => Value::Null,
                };
                prop_assert_eq!(found, Some(&expected));
            }
        }
    }
}

#[test]
fn a_key_that_is_repeated_for_each_element_does_not_grow_the_leaves() {
    let key = "~".repeat(2_500);
    let object = serde_json::json!({ key: vec![0; 2_500] });
    let leaves = Metadata::check(&object).unwrap().leaves();
    let bytes: usize = leaves.iter().map(|(pointer, _)| pointer.len()).sum();
    assert!(!leaves.is_empty() && bytes <= crate::bounds::METADATA_LEAVES_BYTES_MAX);
}
