//! JSON bodies: read to a value first, then field by field, so that one answer names every bad field.
//!
//! Promised here: a reader never stops at the first problem, never panics on any JSON, and cannot give up a
//! value without having noted why. What must never happen here: a rule of a noun. Those are in the domain;
//! this module knows JSON types, paths and counts.
//!
//! On POST `null` is as absent. A partial update is read over what it changes: a member that is absent keeps
//! its value, `null` clears it, or is refused where a value must be. That is what the readers that end in `_or`
//! do; with nothing to keep they read a POST. Objects inside are replaced whole, so they are read as on POST.

mod value;

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use switchboard_domain::problem::{Flaw, Problems, field_path};

pub use self::value::{chars, count, flag, id, number, text, whole};

/// The path of a problem with the body as a whole.
pub const WHOLE_BODY: &str = "body";

/// Whether there will be a value, for rules over several members. One that was sent counts, even when it is wrong:
/// that has its own problem.
pub fn is_there<T>(value: &Read<Option<T>>) -> bool {
    !matches!(value, Ok(None))
}

/// Proof that a problem was noted. Only [`Fields`] makes one, so a reader that fails has said why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted(());

/// A value, or the proof that its absence was noted.
pub type Read<T> = Result<T, Noted>;

/// Reads a body with a noun's reader.
///
/// # Errors
/// Every problem of the body.
pub fn read<T>(body: &Value, reader: impl FnOnce(&mut Fields<'_>) -> Read<T>) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let outcome = match body {
        Value::Object(object) => reader(&mut Fields { object, base: "", problems: &mut problems }),
        _ => {
            problems.add(WHOLE_BODY, Flaw::invalid("must be a JSON object"));
            Err(Noted(()))
        }
    };
    match outcome {
        Ok(value) if problems.is_empty() => Ok(value),
        _ => Err(problems),
    }
}

/// The members of one JSON object, and the list that problems go to. Unknown members are ignored.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// The path of the object itself; empty for the body.
    base: &'a str,
    problems: &'a mut Problems,
}

/// What a body says of one member.
enum Said<'a> {
    Nothing,
    Null,
    Value(&'a Value),
}

impl<'a> Fields<'a> {
    /// The one place that looks a name up.
    fn said(&self, name: &str) -> Said<'a> {
        #[cfg(test)]
        asked::note(&self.path(name));
        match self.object.get(name) {
            None => Said::Nothing,
            Some(Value::Null) => Said::Null,
            Some(value) => Said::Value(value),
        }
    }

    /// The value of a member that is there and not `null`.
    pub fn given(&self, name: &str) -> Option<&'a Value> {
        match self.said(name) {
            Said::Value(value) => Some(value),
            Said::Nothing | Said::Null => None,
        }
    }

    /// Whether a member is there, also as `null`.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        !matches!(self.said(name), Said::Nothing)
    }

    /// Where a member is, as problems name it.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        field_path(self.base, name)
    }

    /// Whether a member is there, also with a wrong value.
    #[must_use]
    pub fn is_sent(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// Notes what a rule over several members finds, in the terms of this object's path.
    ///
    /// # Errors
    /// Noted: the rule found something.
    pub fn rule(&mut self, rule: impl FnOnce(&str, &mut Problems)) -> Read<()> {
        let before = self.problems.list().len();
        rule(self.base, self.problems);
        if self.problems.list().len() == before { Ok(()) } else { Err(Noted(())) }
    }

    /// Takes the result of a constructor that judges several members of this object at once.
    ///
    /// # Errors
    /// Noted: what the constructor found, at this object's path.
    pub fn built<T>(&mut self, result: Result<T, Problems>) -> Read<T> {
        result.map_err(|found| {
            for problem in found.list() {
                self.problems.add(self.path(&problem.path), problem.flaw.clone());
            }
            Noted(())
        })
    }

    /// Notes the same flaw at each of these members: the way of a rule over several.
    pub fn refuse(&mut self, names: &[&str], flaw: &Flaw) -> Noted {
        for name in names {
            self.problems.add(self.path(name), flaw.clone());
        }
        Noted(())
    }

    /// A member that must be there.
    ///
    /// # Errors
    /// Noted: it is missing, or the check refuses it.
    pub fn required<T: Clone>(
        &mut self,
        name: &str,
        check: impl FnOnce(&Value) -> Result<T, Flaw>,
    ) -> Read<T> {
        self.required_or(name, None, check)
    }

    /// A member that must have a value: the one that is sent, or else the one that is kept.
    ///
    /// # Errors
    /// Noted: there is none, it is cleared, or the check refuses it.
    pub fn required_or<T: Clone>(
        &mut self,
        name: &str,
        kept: Option<&T>,
        check: impl FnOnce(&Value) -> Result<T, Flaw>,
    ) -> Read<T> {
        match (self.said(name), kept) {
            (Said::Value(value), _) => check(value).map_err(|flaw| self.refuse(&[name], &flaw)),
            (Said::Nothing, Some(kept)) => Ok(kept.clone()),
            (Said::Null, Some(_)) => Err(self.refuse(&[name], &Flaw::invalid("must not be null"))),
            (Said::Nothing | Said::Null, None) => Err(self.refuse(&[name], &Flaw::missing())),
        }
    }

    /// A member that may be absent.
    ///
    /// # Errors
    /// Noted: the check refuses it.
    pub fn optional<T: Clone>(
        &mut self,
        name: &str,
        check: impl FnOnce(&Value) -> Result<T, Flaw>,
    ) -> Read<Option<T>> {
        self.optional_or(name, None, check)
    }

    /// A member that may have a value: the one that is sent, or else the one that is kept; `null` clears it.
    ///
    /// # Errors
    /// Noted: the check refuses it.
    pub fn optional_or<T: Clone>(
        &mut self,
        name: &str,
        kept: Option<&T>,
        check: impl FnOnce(&Value) -> Result<T, Flaw>,
    ) -> Read<Option<T>> {
        self.sent_or(name, kept, |fields, value| check(value).map_err(|flaw| fields.refuse(&[name], &flaw)))
    }

    /// An object inside this one.
    ///
    /// # Errors
    /// Noted: it is no object, or something inside it is wrong.
    pub fn object<T: Clone>(
        &mut self,
        name: &str,
        reader: impl FnOnce(&mut Fields<'_>) -> Read<T>,
    ) -> Read<Option<T>> {
        self.object_or(name, None, reader)
    }

    /// An object inside this one: the one that is sent, or else the one that is kept; `null` clears it.
    ///
    /// # Errors
    /// As [`Fields::object`].
    pub fn object_or<T: Clone>(
        &mut self,
        name: &str,
        kept: Option<&T>,
        reader: impl FnOnce(&mut Fields<'_>) -> Read<T>,
    ) -> Read<Option<T>> {
        self.sent_or(name, kept, |fields, value| fields.inside(name, value, reader))
    }

    /// An array of values that stand alone. When its count is out of bounds its elements are not looked at:
    /// the answer stays small however large the array is.
    ///
    /// # Errors
    /// Noted: it is no array, too short or too long, or an element is refused.
    pub fn list<T: Clone>(
        &mut self,
        name: &str,
        count: RangeInclusive<usize>,
        check: impl Fn(&Value) -> Result<T, Flaw>,
    ) -> Read<Option<Vec<T>>> {
        self.list_or(name, None, count, check)
    }

    /// An array of values that stand alone: the one that is sent, or else the one that is kept; `null` clears it.
    ///
    /// # Errors
    /// As [`Fields::list`].
    pub fn list_or<T: Clone>(
        &mut self,
        name: &str,
        kept: Option<&Vec<T>>,
        count: RangeInclusive<usize>,
        check: impl Fn(&Value) -> Result<T, Flaw>,
    ) -> Read<Option<Vec<T>>> {
        self.elements_or(name, kept, count, |fields, element_name, value| {
            check(value).map_err(|flaw| fields.refuse(&[element_name], &flaw))
        })
    }

    /// An array of objects: the one that is sent, or else the one that is kept; `null` clears it.
    ///
    /// # Errors
    /// As [`Fields::list`].
    pub fn objects_or<T: Clone>(
        &mut self,
        name: &str,
        kept: Option<&Vec<T>>,
        count: RangeInclusive<usize>,
        reader: impl Fn(&mut Fields<'_>) -> Read<T>,
    ) -> Read<Option<Vec<T>>> {
        self.elements_or(name, kept, count, |fields, element_name, value| {
            fields.inside(element_name, value, &reader)
        })
    }

    /// Turns an absent value into a noted problem.
    ///
    /// # Errors
    /// Noted: it is missing.
    pub fn must_be_given<T>(&mut self, name: &str, value: Option<T>) -> Read<T> {
        value.ok_or_else(|| self.refuse(&[name], &Flaw::missing()))
    }

    /// Turns an absent value into a noted problem at each name that could have given it.
    ///
    /// # Errors
    /// Noted: none of the names was sent.
    pub fn one_of<T>(&mut self, names: [&str; 2], value: Option<T>) -> Read<T> {
        value.ok_or_else(|| {
            self.problems.at_least_one(self.base, names.map(|name| (name, false)));
            Noted(())
        })
    }

    /// The value that is sent, or else the one that is kept; none where it is cleared.
    fn sent_or<T: Clone>(
        &mut self,
        name: &str,
        kept: Option<&T>,
        read: impl FnOnce(&mut Self, &Value) -> Read<T>,
    ) -> Read<Option<T>> {
        match self.said(name) {
            Said::Value(value) => read(self, value).map(Some),
            Said::Nothing => Ok(kept.cloned()),
            Said::Null => Ok(None),
        }
    }

    fn elements_or<T: Clone>(
        &mut self,
        name: &str,
        kept: Option<&Vec<T>>,
        count: RangeInclusive<usize>,
        read_one: impl Fn(&mut Self, &str, &Value) -> Read<T>,
    ) -> Read<Option<Vec<T>>> {
        self.sent_or(name, kept, |fields, value| {
            let Value::Array(values) = value else {
                return Err(fields.refuse(&[name], &Flaw::invalid("must be an array")));
            };
            if !count.contains(&values.len()) {
                return Err(fields.refuse(&[name], &Flaw::invalid(must_have(&count, "entries"))));
            }
            // Every element is read, also after a bad one; the first bad one then decides.
            let read: Vec<Read<T>> = values
                .iter()
                .enumerate()
                .map(|(index, value)| read_one(fields, &format!("{name}[{index}]"), value))
                .collect();
            read.into_iter().collect()
        })
    }

    fn inside<T>(
        &mut self,
        name: &str,
        value: &Value,
        reader: impl FnOnce(&mut Fields<'_>) -> Read<T>,
    ) -> Read<T> {
        let Value::Object(object) = value else {
            return Err(self.refuse(&[name], &Flaw::invalid("must be an object")));
        };
        reader(&mut Fields { object, base: &self.path(name), problems: self.problems })
    }
}

fn must_have(count: &RangeInclusive<usize>, unit: &str) -> String {
    match (*count.start(), *count.end()) {
        (0, most) => format!("must have at most {most} {unit}"),
        (least, most) => format!("must have {least} to {most} {unit}"),
    }
}

/// What readers ask for, noted in tests, so that a schema can be held against its reader.
#[cfg(test)]
pub(crate) mod asked {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    thread_local! {
        static ASKED: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
    }

    pub(super) fn note(path: &str) {
        ASKED.with_borrow_mut(|asked| asked.insert(without_index(path)));
    }

    /// The paths that `reading` asks for; `[]` stands for any index.
    pub(crate) fn during(reading: impl FnOnce()) -> BTreeSet<String> {
        ASKED.with_borrow_mut(BTreeSet::clear);
        reading();
        ASKED.with_borrow_mut(std::mem::take)
    }

    /// `requiredSkills[3]` → `requiredSkills[]`
    pub(crate) fn without_index(path: &str) -> String {
        path.split('[')
            .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit()))
            .collect::<Vec<_>>()
            .join("[")
    }
}

#[cfg(test)]
pub(crate) mod cases;

#[cfg(test)]
mod tests;
