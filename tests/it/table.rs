//! Tables of bodies: what is accepted and given back, what is refused, where and how.

use serde_json::{Map, Value};
use switchboard_tests::{Answer, Client};

/// One change of a good body, the code that refuses it, and the paths that are named.
pub(crate) type Refused<'a> = (Value, &'a str, &'a [&'a str]);

/// A body with other members; `null` is as absent.
pub(crate) fn with(base: &Value, change: &Value) -> Value {
    let mut body = base.clone();
    for (name, value) in change.as_object().expect("a change is an object") {
        body[name] = value.clone();
    }
    body
}

/// The paths of `details.fields`, sorted; each has a message.
pub(crate) fn paths(error: &Value) -> Vec<String> {
    let fields = error["details"]["fields"].as_array().unwrap_or_else(|| panic!("no fields: {error:#}"));
    let path = |field: &Value| {
        assert!(field["message"].as_str().is_some_and(|message| !message.is_empty()), "{error:#}");
        field["path"].as_str().expect("a path").to_owned()
    };
    let mut paths: Vec<String> = fields.iter().map(path).collect();
    paths.sort();
    paths
}

/// The code and the paths are exactly these.
#[track_caller]
pub(crate) fn assert_refused(answer: &Answer, code: &str, wanted: &[&str], what: &Value) {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    let json = answer.json();
    assert_eq!(answer.status, 400, "{what} was answered by {json:#}");
    let error = &json["error"];
    assert_eq!((error["code"].as_str(), paths(error)), (Some(code), owned(&wanted)), "{what}: {json:#}");
}

/// Every change is refused exactly so.
pub(crate) async fn all_refused(client: &mut Client, path: &str, base: &Value, table: &[Refused<'_>]) {
    for (change, code, paths) in table {
        let answer = client.post(path, &with(base, change)).await;
        assert_refused(&answer, code, paths, change);
    }
}

/// Every change is accepted, and what was sent is given back, by the POST and by a later GET.
pub(crate) async fn all_accepted(client: &mut Client, path: &str, base: &Value, table: &[Value]) {
    for change in table {
        let body = with(base, change);
        let answer = client.post(path, &body).await;
        assert_eq!(answer.status, 201, "{change} was answered by {:#}", answer.json());
        let made = answer.data();
        for (name, sent) in body.as_object().expect("an object") {
            assert_eq!(made.get(name), Some(sent).filter(|sent| !sent.is_null()), "{name} of {change}");
        }
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        let id = made["id"].as_str().expect("an id");
        assert_eq!(client.get(&format!("{bare}/{id}?{query}")).await.expect(200), made);
        no_null(&made);
    }
}

/// Every partial update is refused exactly so, and changes nothing.
pub(crate) async fn all_changes_refused(client: &mut Client, path: &str, table: &[Refused<'_>]) {
    let before = client.get(path).await;
    for (change, code, paths) in table {
        assert_refused(&client.patch(path, change).await, code, paths, change);
    }
    let after = client.get(path).await;
    assert_eq!((after.header("etag"), after.expect(200)), (before.header("etag"), before.expect(200)));
}

/// Every partial update is answered with the resource as a later GET shows it: what was sent is in it, what was
/// cleared is not, and the rest is as before.
pub(crate) async fn all_changes_accepted(client: &mut Client, path: &str, table: &[Value]) {
    let mut before = client.get(path).await.expect(200);
    for change in table {
        let answer = client.patch(path, change).await;
        assert_eq!(answer.status, 200, "{change} was answered by {:#}", answer.json());
        let after = answer.data();
        let members = |value: &Value| value.as_object().cloned().unwrap_or_default();
        let mut expected = members(&before);
        expected.insert("updatedAt".to_owned(), after["updatedAt"].clone());
        expected.extend(members(change));
        if change.get("ownerEmail") == Some(&Value::Null) {
            // What happened to the owner goes with the owner.
            expected.remove("ownerStatus");
        }
        let is_kept = |name: &str, value: &Value| name == "metadata" || !value.is_null();
        expected.retain(|name, value| is_kept(name, value) && change.get(name) != Some(&Value::Null));
        assert_eq!(members(&after), expected, "{change}");
        let got = client.get(path).await;
        assert_eq!((got.header("etag"), got.data()), (answer.header("etag"), after.clone()), "{change}");
        no_null(&after);
        before = after;
    }
}

/// Optional fields are absent, never null. Metadata is the partner's own.
pub(crate) fn no_null(value: &Value) {
    match value {
        Value::Null => panic!("a null in an answer"),
        Value::Array(values) => values.iter().for_each(no_null),
        Value::Object(members) => {
            members.iter().filter(|(name, _)| *name != "metadata").for_each(|(_, value)| no_null(value));
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The names of an object's members, sorted.
pub(crate) fn names(value: &Value) -> Vec<String> {
    let mut names: Vec<String> = value.as_object().map(Map::keys).into_iter().flatten().cloned().collect();
    names.sort();
    names
}

/// The members are exactly these.
#[track_caller]
pub(crate) fn assert_names(value: &Value, wanted: &[&str]) {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    assert_eq!(names(value), owned(&wanted));
}

/// `2026-04-02T08:00:00.000Z`
#[track_caller]
pub(crate) fn assert_moment(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no moment: {value}"));
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z");
}

/// An object nested so deep, itself included.
pub(crate) fn nested(levels: usize) -> Value {
    (1..levels).fold(serde_json::json!({}), |inside, _| serde_json::json!({ "a": inside }))
}

/// An object with so many keys.
pub(crate) fn keyed(keys: usize) -> Value {
    (0..keys).map(|index| (format!("k{index}"), Value::from(index))).collect::<Map<_, _>>().into()
}

/// What is wrong with metadata, for every noun.
pub(crate) fn bad_metadata() -> Vec<Value> {
    use serde_json::json;
    let mut bad = vec![json!([]), json!("x"), json!(1), nested(6), keyed(51), json!({ "nul\0": 1 })];
    // {"a":"…"} as compact JSON has eight bytes more than the text.
    bad.push(json!({ "a": "x".repeat(10_240 - 7) }));
    bad.push(json!({ "nested": keyed(50) }));
    bad
}

/// Metadata at each of its bounds.
pub(crate) fn good_metadata() -> Vec<Value> {
    use serde_json::json;
    let mixed = json!({ "z": null, "a": [1, 2.5, true, "é"], "empty": {} });
    vec![json!({}), nested(5), keyed(50), json!({ "a": "x".repeat(10_240 - 8) }), mixed]
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
