//! Reading what an operator set, with every problem at its place.
//!
//! A reader asks for each key that it knows. What it asked for is known; what is left over is refused, with
//! the nearest known key.

use std::cell::RefCell;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

/// Settings that can be read from the operator's JSON.
pub trait Settings: Sized {
    /// Reads the known keys. Flaws are noted in `object`; the value returned then does not matter.
    fn read(object: &mut Object<'_>) -> Self;
}

/// For a rule that has no settings: only `{}` is right.
impl Settings for () {
    fn read(_object: &mut Object<'_>) -> Self {}
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// RFC 6901 JSON pointer into the settings; empty for the whole.
    pub pointer: String,
    /// What to write instead.
    pub message: String,
}

/// Reads the JSON text of an operator.
///
/// # Errors
///
/// All problems at once.
pub fn parse<S: Settings>(text: &str) -> Result<S, Vec<Problem>> {
    let whole = |message: String| vec![Problem { pointer: String::new(), message }];
    let value: Value = serde_json::from_str(text).map_err(|error| whole(format!("not JSON: {error}")))?;
    let Value::Object(fields) = &value else {
        return Err(whole(format!("expected an object, found {}", kind(&value))));
    };
    let problems = RefCell::new(Vec::new());
    let settings = read_object(fields, String::new(), &problems, S::read);
    let problems = problems.into_inner();
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

/// Settings that were valid when the release was made.
pub(crate) fn parse_or_trap<S: Settings>(text: &str) -> S {
    match parse(text) {
        Ok(settings) => settings,
        Err(problems) => panic!("the release's settings are not valid: {problems:?}"),
    }
}

/// One JSON object of the settings, while it is being read.
#[derive(Debug)]
pub struct Object<'a> {
    fields: &'a Map<String, Value>,
    pointer: String,
    known: Vec<&'static str>,
    takes_any: bool,
    problems: &'a RefCell<Vec<Problem>>,
}

impl<'a> Object<'a> {
    /// Whatever stands at the key.
    pub fn any(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.fields.get(key)
    }

    /// Lets keys pass that were never asked for.
    pub fn accept_unknown_keys(&mut self) {
        self.takes_any = true;
    }

    /// A whole number within bounds.
    pub fn whole(&mut self, key: &'static str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let value = self.any(key)?;
        self.note(key, whole_within(value, &bounds))
    }

    /// A list of whole numbers, its length and each number within bounds.
    pub fn whole_list(
        &mut self,
        key: &'static str,
        lengths: RangeInclusive<usize>,
        bounds: RangeInclusive<u64>,
    ) -> Option<Vec<u64>> {
        let items = self.list(key, lengths, "whole numbers")?;
        let read = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.note(&format!("{key}/{index}"), whole_within(item, &bounds)));
        // Every item is looked at, so that every problem is found.
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// A number that is not negative and has at most three decimal places, in thousandths.
    pub fn thousandths(&mut self, key: &'static str, most: u32) -> Option<u64> {
        let value = self.any(key)?;
        self.note(key, exact_thousandths(value, most))
    }

    /// A text of at least one and at most so many characters.
    pub fn text(&mut self, key: &'static str, most_chars: usize) -> Option<String> {
        let value = self.any(key)?;
        let text = match value.as_str() {
            Some(text) if (1..=most_chars).contains(&text.chars().count()) => Ok(text.to_owned()),
            Some(_) => Err(format!("expected 1 to {most_chars} characters")),
            None => Err(format!("expected a text, found {}", kind(value))),
        };
        self.note(key, text)
    }

    /// A list of texts, its length and the characters of each within bounds.
    pub fn text_list(
        &mut self,
        key: &'static str,
        lengths: RangeInclusive<usize>,
        most_chars: usize,
    ) -> Option<Vec<String>> {
        let items = self.list(key, lengths, "texts")?;
        let read = items.iter().enumerate().map(|(index, item)| {
            let text = item.as_str().filter(|text| (1..=most_chars).contains(&text.chars().count()));
            let text = text.map(str::to_owned);
            self.note(
                &format!("{key}/{index}"),
                text.ok_or_else(|| format!("expected a text of 1 to {most_chars} characters")),
            )
        });
        // Every item is looked at, so that every problem is found.
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.any(key)?;
        self.note(
            key,
            value.as_bool().ok_or_else(|| format!("expected true or false, found {}", kind(value))),
        )
    }

    /// An object within this one.
    pub fn section<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Object<'_>) -> T) -> Option<T> {
        let value = self.any(key)?;
        let fields = value.as_object().ok_or_else(|| format!("expected an object, found {}", kind(value)));
        let fields = self.note(key, fields)?;
        Some(read_object(fields, format!("{}/{}", self.pointer, escaped(key)), self.problems, read))
    }

    /// A list of objects within this one.
    pub fn sections<T>(
        &mut self,
        key: &'static str,
        lengths: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Object<'_>) -> T,
    ) -> Option<Vec<T>> {
        let items = self.list(key, lengths, "objects")?;
        let read = items.iter().enumerate().map(|(index, item)| {
            let place = format!("{key}/{index}");
            let fields = item.as_object().ok_or_else(|| format!("expected an object, found {}", kind(item)));
            let fields = self.note(&place, fields)?;
            Some(read_object(fields, format!("{}/{place}", self.pointer), self.problems, &mut read))
        });
        read.collect::<Vec<_>>().into_iter().collect()
    }

    /// Notes a flaw that only the rule itself can see.
    pub fn flaw(&mut self, key: &str, message: String) {
        self.problems.borrow_mut().push(Problem { pointer: format!("{}/{key}", self.pointer), message });
    }

    fn list(
        &mut self,
        key: &'static str,
        lengths: RangeInclusive<usize>,
        what: &str,
    ) -> Option<&'a Vec<Value>> {
        let value = self.any(key)?;
        let items = value.as_array().filter(|items| lengths.contains(&items.len()));
        let (least, most) = lengths.into_inner();
        self.note(key, items.ok_or_else(|| format!("expected a list of {least} to {most} {what}")))
    }

    fn note<T>(&self, place: &str, read: Result<T, String>) -> Option<T> {
        let pointer = || format!("{}/{place}", self.pointer);
        read.map_err(|message| self.problems.borrow_mut().push(Problem { pointer: pointer(), message })).ok()
    }

    fn refuse_unknown_keys(&self) {
        if self.takes_any {
            return;
        }
        for key in self.fields.keys().filter(|key| !self.known.contains(&key.as_str())) {
            let pointer = format!("{}/{}", self.pointer, escaped(key));
            let message = match self.known.iter().min_by_key(|known| strsim::osa_distance(known, key)) {
                None => "unknown key; there is nothing to set here".to_owned(),
                Some(nearest) => {
                    format!("unknown key; the nearest known one is `{nearest}`, of {}", self.known.join(", "))
                }
            };
            self.problems.borrow_mut().push(Problem { pointer, message });
        }
    }
}

fn read_object<T>(
    fields: &Map<String, Value>,
    pointer: String,
    problems: &RefCell<Vec<Problem>>,
    read: impl FnOnce(&mut Object<'_>) -> T,
) -> T {
    let mut object = Object { fields, pointer, known: Vec::new(), takes_any: false, problems };
    let value = read(&mut object);
    object.refuse_unknown_keys();
    value
}

fn whole_within(value: &Value, bounds: &RangeInclusive<u64>) -> Result<u64, String> {
    value.as_u64().filter(|number| bounds.contains(number)).ok_or_else(|| {
        format!("expected a whole number from {} to {}, found {}", bounds.start(), bounds.end(), shown(value))
    })
}

/// A double that stands for `n / 1000` is the nearest one to it, so dividing back shows whether there were
/// further decimal places. Up to `u32::MAX` the thousandths are exact.
fn exact_thousandths(value: &Value, most: u32) -> Result<u64, String> {
    let expected = || {
        format!("expected a number from 0 to {most} with at most 3 decimal places, found {}", shown(value))
    };
    let number = value.as_f64().ok_or_else(expected)?;
    if !(0.0..=f64::from(most)).contains(&number) {
        return Err(expected());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in bounds, see above")]
    let thousandths = (number * 1000.0).round() as u64;
    #[expect(clippy::cast_precision_loss, reason = "below 2^42, which a double holds exactly")]
    let back = thousandths as f64 / 1000.0;
    #[expect(clippy::float_cmp, reason = "the same division gives the same double")]
    let is_exact = back == number;
    if is_exact { Ok(thousandths) } else { Err(expected()) }
}

/// A number as it is, anything else by its kind. By core's own means: what serde_json prints doubles with is a table of
/// 17 KB, which would be copied into the memory of each call.
fn shown(value: &Value) -> String {
    let Value::Number(number) = value else { return kind(value).to_owned() };
    let whole = number.as_u64().map(|number| number.to_string());
    let whole = whole.or_else(|| number.as_i64().map(|number| number.to_string()));
    whole.or_else(|| number.as_f64().map(|number| format!("{number:?}"))).unwrap_or_default()
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A key as one reference token of a JSON pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Sample {
        minutes: Option<u64>,
        steps: Option<Vec<u64>>,
        price: Option<u64>,
        note: Option<String>,
        strict: Option<Option<bool>>,
        names: Option<Vec<String>>,
        tiers: Option<Vec<Option<u64>>>,
    }

    impl Settings for Sample {
        fn read(object: &mut Object<'_>) -> Self {
            Self {
                minutes: object.whole("minutes", 1..=60),
                steps: object.whole_list("steps", 1..=3, 1..=9),
                price: object.thousandths("price", 1_000_000),
                note: object.text("note", 5),
                strict: object.section("inner", |inner| inner.flag("strict")),
                names: object.text_list("names", 0..=2, 3),
                tiers: object.sections("tiers", 1..=2, |tier| tier.whole("from", 0..=9)),
            }
        }
    }

    fn problems(text: &str) -> Vec<(String, String)> {
        let problems = parse::<Sample>(text).expect_err("refused");
        problems.into_iter().map(|problem| (problem.pointer, problem.message)).collect()
    }

    #[test]
    fn everything_is_read() {
        let text = r#"{"minutes":5,"steps":[1,9],"price":0.125,"note":"äöü","inner":{"strict":true},
            "names":["a","äöü"],"tiers":[{"from":1},{"from":9}]}"#;
        let read = Sample {
            minutes: Some(5),
            steps: Some(vec![1, 9]),
            price: Some(125),
            note: Some("äöü".to_owned()),
            strict: Some(Some(true)),
            names: Some(vec!["a".to_owned(), "äöü".to_owned()]),
            tiers: Some(vec![Some(1), Some(9)]),
        };
        assert_eq!(parse(text), Ok(read));
    }

    #[test]
    fn nothing_is_right_too() {
        assert!(parse::<Sample>("{}").is_ok());
        assert_eq!(parse::<()>("{}"), Ok(()));
    }

    #[test]
    fn every_problem_is_told_at_its_place() {
        let found =
            problems(r#"{"minutes":61,"steps":[0,1,"x"],"price":0.0001,"note":"","inner":{"strict":1}}"#);
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/minutes", "/steps/0", "/steps/2", "/price", "/note", "/inner/strict"]);
        let found = problems(r#"{"names":["",5,"abcd"],"tiers":[]}"#);
        let messages: Vec<&str> = found.iter().map(|(_, message)| message.as_str()).collect();
        assert_eq!(messages, ["expected a list of 0 to 2 texts", "expected a list of 1 to 2 objects"]);
        let found = problems(r#"{"names":["",5],"tiers":[5,{"from":10,"form":1}]}"#);
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/names/0", "/names/1", "/tiers/0", "/tiers/1/from", "/tiers/1/form"]);
    }

    #[test]
    fn a_problem_tells_what_was_found() {
        let told = |value: &str| problems(&format!(r#"{{"minutes":{value}}}"#))[0].1.clone();
        for (value, found) in [
            ("61", "61"),
            ("-5", "-5"),
            ("1.5", "1.5"),
            ("2e30", "2e30"),
            ("18446744073709551615", "18446744073709551615"),
            (r#""5""#, "a text"),
            ("[5]", "a list"),
            ("null", "null"),
        ] {
            assert_eq!(told(value), format!("expected a whole number from 1 to 60, found {found}"));
        }
        let price = &problems(r#"{"price":0.0001}"#)[0].1;
        assert_eq!(price, "expected a number from 0 to 1000000 with at most 3 decimal places, found 0.0001");
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let found = problems(r#"{"minuets":1,"inner":{"a/b":1}}"#);
        assert_eq!(found[0].0, "/inner/a~1b");
        assert!(found[0].1.contains("`strict`"), "{found:?}");
        assert_eq!(found[1].0, "/minuets");
        assert!(found[1].1.contains("`minutes`"), "{found:?}");
        let nothing = parse::<()>(r#"{"a":1}"#).expect_err("refused");
        assert_eq!(nothing[0].pointer, "/a");
    }

    #[test]
    fn what_is_no_object_is_refused_as_a_whole() {
        for text in ["", "[]", "null", "{", "5"] {
            assert_eq!(problems(text)[0].0, "", "{text}");
        }
    }

    #[test]
    fn thousandths_are_exact_or_refused() {
        let cases = [("0", Some(0)), ("0.1", Some(100)), ("0.001", Some(1)), ("1", Some(1000))];
        let refused = [("0.0005", None), ("-1", None), ("1000001", None), ("1e300", None), ("\"1\"", None)];
        for (text, expected) in cases.into_iter().chain(refused) {
            let sample = parse::<Sample>(&format!("{{\"price\":{text}}}")).ok();
            assert_eq!(sample.and_then(|sample| sample.price), expected, "{text}");
        }
        for thousandths in 0..20_000_u64 {
            let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
            let sample = parse::<Sample>(&format!("{{\"price\":{text}}}")).ok();
            assert_eq!(sample.and_then(|sample| sample.price), Some(thousandths), "{text}");
        }
    }
}
