//! `release diff`: what one release has otherwise than another.

use serde_json::{Value, json};

/// Of no matter for what it does.
const NAMES_ALONE: [&str; 2] = ["id", "createdAt"];

/// One entry for each value that differs, in the order in which they are shown; `settings` by their paths.
pub(super) fn between(before: &Value, after: &Value) -> Value {
    let mut differences = Vec::new();
    compare("", before, after, &mut differences);
    Value::Array(differences)
}

fn compare(path: &str, before: &Value, after: &Value, differences: &mut Vec<Value>) {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let added = other.keys().filter(|name| !one.contains_key(*name));
            for name in one.keys().chain(added) {
                if path.is_empty() && NAMES_ALONE.contains(&name.as_str()) {
                    continue;
                }
                let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
                let value = |of: &serde_json::Map<String, Value>| of.get(name).cloned().unwrap_or_default();
                compare(&path, &value(one), &value(other), differences);
            }
        }
        (before, after) if before == after => {}
        (before, after) => differences.push(json!({ "field": path, "before": before, "after": after })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_that_differs_is_told_by_its_path() {
        let before = json!({
            "id": "rel_1", "plugin": "a", "fuel": 5, "settings": {"order": {"by": "rank"}, "gone": 1}, "comment": "x",
        });
        let after = json!({
            "id": "rel_2", "plugin": "a", "fuel": 6, "settings": {"order": {"by": "age"}, "new": [1]},
        });
        let expected = json!([
            {"field": "plugin", "before": "a", "after": "b"},
            {"field": "fuel", "before": 5, "after": 6},
            {"field": "settings/order/by", "before": "rank", "after": "age"},
            {"field": "settings/gone", "before": 1, "after": null},
            {"field": "settings/new", "before": null, "after": [1]},
            {"field": "comment", "before": "x", "after": null},
        ]);
        let sorted = |value: &Value| {
            let mut all: Vec<String> =
                value.as_array().expect("a list").iter().map(ToString::to_string).collect();
            all.sort();
            all
        };
        let mut other = after.clone();
        other["plugin"] = json!("b");
        assert_eq!(sorted(&between(&before, &other)), sorted(&expected));
        assert_eq!(between(&before, &before), json!([]));
    }
}
