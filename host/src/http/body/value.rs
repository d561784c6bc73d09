//! Checks of single JSON values: their type and their bounds. What a value means is the domain's.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::Value;
use switchboard_domain::problem::Flaw;
use switchboard_domain::text::bounded;

/// A string that a rule of the domain then judges. Strings are not trimmed; NUL is refused in all of them.
pub fn text<T>(rule: impl Fn(&str) -> Result<T, Flaw>) -> impl Fn(&Value) -> Result<T, Flaw> {
    move |value| match value {
        Value::String(text) if text.contains('\0') => Err(Flaw::invalid("must not contain a NUL character")),
        Value::String(text) => rule(text),
        _ => Err(Flaw::invalid("must be a string")),
    }
}

/// A string of so many characters.
pub fn chars(bounds: RangeInclusive<usize>) -> impl Fn(&Value) -> Result<String, Flaw> {
    text(move |text| bounded(text, bounds.clone()))
}

/// The id of a resource. Whether there is such a resource is asked later.
///
/// # Errors
/// It is no string, or no id.
pub fn id<T: FromStr<Err: Display>>(value: &Value) -> Result<T, Flaw> {
    text(|text| text.parse().map_err(|error: T::Err| Flaw::invalid(error.to_string())))(value)
}

/// `true` or `false`.
///
/// # Errors
/// It is neither.
pub fn flag(value: &Value) -> Result<bool, Flaw> {
    value.as_bool().ok_or_else(|| Flaw::invalid("must be true or false"))
}

/// A whole number in bounds. `2.0` is one: JSON has one kind of number only, and some partners' libraries
/// write every number so.
pub fn whole(bounds: RangeInclusive<u32>) -> impl Fn(&Value) -> Result<u32, Flaw> {
    move |value| {
        let Value::Number(number) = value else { return Err(Flaw::invalid("must be a number")) };
        let written = number.as_f64().unwrap_or(f64::NAN);
        if written.fract() != 0.0 {
            return Err(Flaw::invalid("must be a whole number"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just before")]
        let inside = (f64::from(*bounds.start())..=f64::from(*bounds.end()))
            .contains(&written)
            .then_some(written as u32);
        let flaw = || Flaw::invalid(format!("must be from {} to {}", bounds.start(), bounds.end()));
        inside.ok_or_else(flaw)
    }
}

/// The same in bounds that need more than 32 bits. They must lie below 2⁵³, where every whole number has a float
/// of its own.
pub fn count(bounds: RangeInclusive<u64>) -> impl Fn(&Value) -> Result<u64, Flaw> {
    move |value| {
        let whole = value.as_f64().filter(|written| written.fract() == 0.0 && *written >= 0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole, and bounded below"
        )]
        let inside = whole.map(|written| written as u64).filter(|count| bounds.contains(count));
        let flaw =
            || Flaw::invalid(format!("must be a whole number from {} to {}", bounds.start(), bounds.end()));
        inside.ok_or_else(flaw)
    }
}

/// Any finite number.
///
/// # Errors
/// It is no number.
pub fn number(value: &Value) -> Result<f64, Flaw> {
    value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| Flaw::invalid("must be a number"))
}
