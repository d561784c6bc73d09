//! Where two JSON values differ, value by value: for whoever has to see what changed without reading both.

use serde_json::{Map, Value};

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Names and places on the way to it, with `/` between them; empty for the whole.
    pub path: String,
    /// Null where there was none.
    pub before: Value,
    /// Null where there is none any more.
    pub after: Value,
}

/// Every value that differs, in the order of `before`, then what only `after` has. Lists are compared place by place
/// when they are of one length, and as a whole otherwise.
#[must_use]
pub fn between(before: &Value, after: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    compare("", before, after, &mut differences);
    differences
}

fn compare(path: &str, before: &Value, after: &Value, differences: &mut Vec<Difference>) {
    let inside = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_default();
            let added = other.keys().filter(|name| !one.contains_key(*name));
            for name in one.keys().chain(added) {
                compare(&inside(name), &value(one, name), &value(other, name), differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (place, (before, after)) in one.iter().zip(other).enumerate() {
                compare(&inside(&place.to_string()), before, after, differences);
            }
        }
        (before, after) if before == after => {}
        (before, after) => differences.push(Difference {
            path: path.to_owned(),
            before: before.clone(),
            after: after.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_that_differs_is_told_by_its_path() {
        let before = json!({
            "plugin": "a", "fuel": 5, "settings": {"order": {"by": "rank"}, "gone": 1}, "comment": "x",
            "lines": [{"key": "a", "quantity": 1}, {"key": "b", "quantity": 2}], "ids": ["a"],
        });
        let after = json!({
            "plugin": "b", "fuel": 6, "settings": {"order": {"by": "age"}, "new": [1]},
            "lines": [{"key": "a", "quantity": 1}, {"key": "b", "quantity": 3}], "ids": ["a", "b"],
        });
        let found = between(&before, &after);
        let found: Vec<_> =
            found.iter().map(|it| (it.path.as_str(), it.before.clone(), it.after.clone())).collect();
        let expected = [
            ("plugin", json!("a"), json!("b")),
            ("fuel", json!(5), json!(6)),
            ("settings/order/by", json!("rank"), json!("age")),
            ("settings/gone", json!(1), Value::Null),
            ("settings/new", Value::Null, json!([1])),
            ("comment", json!("x"), Value::Null),
            ("lines/1/quantity", json!(2), json!(3)),
            ("ids", json!(["a"]), json!(["a", "b"])),
        ];
        assert_eq!(found, expected);
        assert_eq!(between(&before, &before), []);
        assert_eq!(between(&json!("no-job"), &json!({"job": "a"})).len(), 1);
    }
}
