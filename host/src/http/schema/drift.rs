//! Holds a schema against the reader of the same body: names, required names, types, bounds and words must be
//! those that the reader knows. What the schema says is tried on the reader, not compared with a second list.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use switchboard_domain::problem::{FlawKind, Problems};
use utoipa::ToSchema;

use crate::http::body::{self, Fields, Read, asked};

type Reader<'a> = &'a dyn Fn(&Value) -> Result<(), Problems>;

/// `examples` are whole bodies that together send every member; `by_rule` are the paths that an empty object
/// misses by a rule over several members.
pub(crate) fn assert_schema_is_the_readers<B: ToSchema>(
    reader: Reader<'_>,
    examples: &[Value],
    by_rule: &[&str],
) {
    let fields = fields_of::<B>();
    let asked = asked::during(|| {
        for example in examples {
            assert_eq!(reader(example), Ok(()), "the example is a good body: {example}");
        }
    });
    assert_eq!(
        fields.keys().cloned().collect::<BTreeSet<_>>(),
        asked,
        "names of the schema, and of the reader"
    );
    assert_required(&fields, required_of(&root::<B>(), ""), reader, &json!({}), "", by_rule);
    for (path, field) in &fields {
        let body = with(examples, path, if field.is_array { json!([{}]) } else { json!({}) });
        if field.object.is_some() {
            let base = if field.is_array { format!("{path}[]") } else { path.clone() };
            assert_required(&fields, field.required(&base), reader, &body, &base, by_rule);
        }
        assert_values(reader, examples, path, field);
    }
}

/// The same of a body that the example of its schema sends whole; `more` send what it cannot.
pub(crate) fn assert_alike<B: ToSchema, T>(reader: impl Fn(&mut Fields<'_>) -> Read<T>, more: &[Value]) {
    let examples: Vec<Value> = [example_of::<B>()].into_iter().chain(more.iter().cloned()).collect();
    assert_schema_is_the_readers::<B>(&|body| body::read(body, &reader).map(drop), &examples, &[]);
}

/// A partial update may send `null` where the schema says so, and nowhere else. For its own members: objects
/// inside are replaced whole, so that `null` is as absent there.
pub(crate) fn assert_null_clears_as_the_schema_says<B: ToSchema>(reader: Reader<'_>, example: &Value) {
    for (path, field) in fields_of::<B>().iter().filter(|(path, _)| !path.contains('.')) {
        let problems = reader(&with(std::slice::from_ref(example), path, Value::Null)).err();
        let is_refused = problems.is_some_and(|problems| problems.has(path));
        assert_eq!(field.is_nullable, !is_refused, "null at `{path}`");
    }
}

/// The whole example that a body's schema shows.
pub(crate) fn example_of<B: ToSchema>() -> Value {
    root::<B>().get("example").cloned().expect("the schema has an example")
}

struct Field {
    schema: Value,
    is_array: bool,
    is_nullable: bool,
    /// The schema of the object, or of the array's objects.
    object: Option<Value>,
}

impl Field {
    fn required(&self, base: &str) -> BTreeSet<String> {
        self.object.as_ref().map(|object| required_of(object, base)).unwrap_or_default()
    }
}

fn root<B: ToSchema>() -> Value {
    serde_json::to_value(B::schema()).expect("a schema is JSON")
}

fn fields_of<B: ToSchema>() -> BTreeMap<String, Field> {
    let mut named = Vec::new();
    B::schemas(&mut named);
    let named: BTreeMap<String, Value> = named
        .into_iter()
        .map(|(name, schema)| (name, serde_json::to_value(schema).expect("a schema is JSON")))
        .collect();
    let mut fields = BTreeMap::new();
    collect(&root::<B>(), "", &named, &mut fields);
    fields
}

fn collect(
    object: &Value,
    base: &str,
    named: &BTreeMap<String, Value>,
    fields: &mut BTreeMap<String, Field>,
) {
    let properties = object["properties"].as_object().into_iter().flatten();
    for (name, schema) in properties {
        let path = if base.is_empty() { name.clone() } else { format!("{base}.{name}") };
        let is_nullable = is_nullable(schema);
        let schema = resolved(schema, named);
        let items = schema.get("items").map(|items| resolved(items, named));
        let is_array = items.is_some();
        let inner = items.unwrap_or_else(|| schema.clone());
        let object = inner.get("properties").is_some().then_some(inner);
        if let Some(object) = &object {
            collect(object, &if is_array { format!("{path}[]") } else { path.clone() }, named, fields);
        }
        fields.insert(path, Field { schema, is_array, is_nullable, object });
    }
}

fn is_nullable(schema: &Value) -> bool {
    let is_null = |schema: &Value| schema["type"] == "null";
    let has_null =
        |list: &Value, is: &dyn Fn(&Value) -> bool| list.as_array().is_some_and(|list| list.iter().any(is));
    has_null(&schema["type"], &|word| word == "null") || has_null(&schema["oneOf"], &is_null)
}

fn resolved(schema: &Value, named: &BTreeMap<String, Value>) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return named.get(name).unwrap_or_else(|| panic!("`{name}` is not among the schemas")).clone();
    }
    let choices = schema["oneOf"].as_array().into_iter().flatten();
    match choices.filter(|choice| choice["type"] != "null").collect::<Vec<_>>()[..] {
        [choice] => resolved(choice, named),
        _ => schema.clone(),
    }
}

fn required_of(object: &Value, base: &str) -> BTreeSet<String> {
    let names = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(|name| if base.is_empty() { name.to_owned() } else { format!("{base}.{name}") }).collect()
}

fn assert_required(
    fields: &BTreeMap<String, Field>,
    mut expected: BTreeSet<String>,
    reader: Reader<'_>,
    body: &Value,
    base: &str,
    by_rule: &[&str],
) {
    let parent = |path: &str| path.rsplit_once('.').map_or(String::new(), |(parent, _)| parent.to_owned());
    expected.extend(by_rule.iter().filter(|path| parent(path) == base).map(|path| (*path).to_owned()));
    let problems = reader(body).err().unwrap_or_default();
    let missing = problems.list().iter().filter(|problem| problem.flaw.kind == FlawKind::Missing);
    let missing: BTreeSet<String> = missing
        .map(|problem| asked::without_index(&problem.path))
        .filter(|path| fields.contains_key(path) && parent(path) == base)
        .collect();
    assert_eq!(missing, expected, "what an empty object misses at `{base}`");
}

fn assert_values(reader: Reader<'_>, examples: &[Value], path: &str, field: &Field) {
    let is_refused = |value: Value| {
        let problems = reader(&with(examples, path, value)).err().unwrap_or_default();
        problems.list().iter().any(|problem| asked::without_index(&problem.path) == path)
    };
    let is_item_refused = |value: Value| {
        let problems = reader(&with(examples, path, json!([value]))).err().unwrap_or_default();
        problems.list().iter().any(|problem| asked::without_index(&problem.path) == format!("{path}[]"))
    };
    let is_anything = ["type", "enum", "oneOf"].iter().all(|key| field.schema.get(key).is_none());
    assert!(
        is_anything || is_refused(json!([[7]])) || is_item_refused(json!([7])),
        "a wrong type at `{path}`"
    );
    assert_bounds(path, &field.schema, &is_refused);
    if field.is_array {
        let count = |key: &str| field.schema[key].as_u64().and_then(|count| usize::try_from(count).ok());
        let most = count("maxItems").unwrap_or_else(|| panic!("`{path}` has no bound"));
        assert!(is_refused(Value::Array(vec![json!("x"); most + 1])), "more than {most} at `{path}`");
        if let Some(least) = count("minItems") {
            assert!(is_refused(Value::Array(vec![json!("x"); least - 1])), "less than {least} at `{path}`");
        }
        assert_bounds(path, &field.schema["items"], &is_item_refused);
    }
}

fn assert_bounds(path: &str, schema: &Value, is_refused: &dyn Fn(Value) -> bool) {
    let length = |key: &str| schema[key].as_u64().and_then(|length| usize::try_from(length).ok());
    let has_form = ["format", "pattern", "example"].iter().any(|key| schema.get(key).is_some());
    if let Some(most) = length("maxLength") {
        assert!(has_form || !is_refused(json!("ż".repeat(most))), "{most} characters at `{path}`");
        assert!(is_refused(json!("ż".repeat(most + 1))), "{} characters at `{path}`", most + 1);
    }
    if let Some(least) = length("minLength") {
        assert!(has_form || !is_refused(json!("ż".repeat(least))), "{least} characters at `{path}`");
        assert!(is_refused(json!("ż".repeat(least - 1))), "{} characters at `{path}`", least - 1);
    }
    // Null has its own assertion.
    for word in schema["enum"].as_array().into_iter().flatten().filter(|word| !word.is_null()) {
        assert!(!is_refused(word.clone()), "the word {word} at `{path}`");
        assert!(is_refused(json!("NO_SUCH_WORD")), "a word that is not in the list at `{path}`");
    }
    if let Some(most) = schema["maximum"].as_f64() {
        assert!(!is_refused(json!(most)) && is_refused(json!(most + 1.0)), "the maximum at `{path}`");
    }
    if let Some(least) = schema["minimum"].as_f64() {
        assert!(is_refused(json!(least - 1.0)), "the minimum at `{path}`");
    }
    if schema["type"].as_str() == Some("string") || schema["type"][0].as_str() == Some("string") {
        assert!(is_refused(json!("nul \0 inside")), "NUL at `{path}`");
    }
}

/// The first example that sends `path`, or else that has the object in which it stands, with another value
/// there.
fn with(examples: &[Value], path: &str, value: Value) -> Value {
    let holds = |example: &Value, is_sent: bool| {
        let mut example = example.clone();
        holder(&mut example, path).is_some_and(|(object, name)| !is_sent || object.contains_key(name))
    };
    let sending = examples.iter().find(|example| holds(example, true));
    let example = sending.or_else(|| examples.iter().find(|example| holds(example, false)));
    let mut body = example.unwrap_or_else(|| panic!("no example has the object of `{path}`")).clone();
    if let Some((object, name)) = holder(&mut body, path) {
        object.insert(name.to_owned(), value);
    }
    body
}

fn holder<'b, 'p>(body: &'b mut Value, path: &'p str) -> Option<(&'b mut Map<String, Value>, &'p str)> {
    let (parents, name) = path.rsplit_once('.').map_or(("", path), |(parents, name)| (parents, name));
    let mut at = body;
    for part in parents.split('.').filter(|part| !part.is_empty()) {
        at = match part.strip_suffix("[]") {
            Some(part) => at.get_mut(part)?.get_mut(0)?,
            None => at.get_mut(part)?,
        };
    }
    Some((at.as_object_mut()?, name))
}
