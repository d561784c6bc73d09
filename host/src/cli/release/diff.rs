//! `release diff`: what one release has otherwise than another.

use serde_json::{Value, json};
use switchboard_domain::difference;

/// Of no matter for what it does.
const NAMES_ALONE: [&str; 2] = ["id", "createdAt"];

/// One entry for each value that differs, in the order in which they are shown; `settings` by their paths.
pub(super) fn between(before: &Value, after: &Value) -> Value {
    let differences = difference::between(before, after).into_iter();
    let told = differences.filter(|it| !NAMES_ALONE.contains(&it.path.as_str()));
    told.map(|it| json!({ "field": it.path, "before": it.before, "after": it.after })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_not_told_by_its_names() {
        let before = json!({ "id": "rel_1", "createdAt": "x", "fuel": 5, "settings": { "id": 1 } });
        let after = json!({ "id": "rel_2", "createdAt": "y", "fuel": 6, "settings": { "id": 2 } });
        let expected = json!([
            {"field": "fuel", "before": 5, "after": 6},
            {"field": "settings/id", "before": 1, "after": 2},
        ]);
        assert_eq!(between(&before, &after), expected);
        assert_eq!(between(&before, &before), json!([]));
    }
}
