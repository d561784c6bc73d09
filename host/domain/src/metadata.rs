//! Free-form metadata: a JSON object of bounded size, depth and number of keys.

mod leaves;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds::{METADATA_BYTES_MAX, METADATA_KEYS_MAX, METADATA_LEVELS_MAX};
use crate::problem::Flaw;

/// A checked metadata object, kept as compact JSON text: at most 10,240 bytes, 5 levels (the object itself is
/// one; arrays count as objects do), 50 keys in all, no NUL in any key or text (contract §1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata(String);

/// One value of a metadata object that is neither object nor array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// A text.
    Text(String),
    /// A number that is a 64-bit signed integer.
    Integer(i64),
    /// Any other number, in the shortest text that reads back as the same value.
    Decimal(String),
    /// True or false.
    Boolean(bool),
    /// Null.
    Null,
}

impl Metadata {
    /// Checks an object and keeps it in the partner's order of keys.
    ///
    /// # Errors
    /// The first bound that is broken.
    pub fn check(value: &Value) -> Result<Self, Flaw> {
        if !value.is_object() {
            return Err(Flaw::invalid("must be an object"));
        }
        let mut keys_seen = 0;
        walk(value, 1, &mut keys_seen)?;
        if keys_seen > METADATA_KEYS_MAX {
            let message =
                format!("must have at most {METADATA_KEYS_MAX} keys, nested ones included; has {keys_seen}");
            return Err(Flaw::invalid(message));
        }
        let text = value.to_string();
        if text.len() > METADATA_BYTES_MAX {
            let message =
                format!("must have at most {METADATA_BYTES_MAX} bytes as compact JSON, has {}", text.len());
            return Err(Flaw::invalid(message));
        }
        Ok(Self(text))
    }

    /// Takes the members of `changes` over those of `kept`, one level deep: `null` removes a member, any other
    /// value replaces it whole (contract §1, "Metadata"). The bounds are those of the result.
    ///
    /// # Errors
    /// `changes` is no object, or the first bound that the result breaks.
    pub fn merge(kept: Option<&Self>, changes: &Value) -> Result<Self, Flaw> {
        let Value::Object(changes) = changes else { return Err(Flaw::invalid("must be an object")) };
        let mut result = match kept.map(Self::to_value) {
            Some(Value::Object(members)) => members,
            Some(_) | None => serde_json::Map::new(),
        };
        for (key, value) in changes {
            if value.is_null() {
                result.shift_remove(key);
            } else {
                result.insert(key.clone(), value.clone());
            }
        }
        Self::check(&Value::Object(result))
    }

    /// Compact JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The object.
    #[must_use]
    pub fn to_value(&self) -> Value {
        serde_json::from_str(&self.0).unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
    }

    /// Every leaf with its RFC 6901 pointer, in the order in which they are written; empty objects and arrays
    /// have none. A long key above a long array would be repeated for each element, so leaves end where
    /// pointers and texts together would pass 20,480 bytes.
    #[must_use]
    pub fn leaves(&self) -> Vec<(String, Leaf)> {
        leaves::of(&self.0)
    }
}

fn walk(value: &Value, level: usize, keys_seen: &mut usize) -> Result<(), Flaw> {
    let is_nested = value.is_object() || value.is_array();
    if is_nested && level > METADATA_LEVELS_MAX {
        let message = format!("must not be nested deeper than {METADATA_LEVELS_MAX} levels, itself included");
        return Err(Flaw::invalid(message));
    }
    match value {
        Value::Object(members) => {
            *keys_seen += members.len();
            members.iter().try_for_each(|(key, member)| {
                refuse_nul(key)?;
                walk(member, level + 1, keys_seen)
            })
        }
        Value::Array(items) => items.iter().try_for_each(|item| walk(item, level + 1, keys_seen)),
        Value::String(text) => refuse_nul(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn refuse_nul(text: &str) -> Result<(), Flaw> {
    if text.contains('\0') {
        return Err(Flaw::invalid("must not contain the NUL character in a key or text"));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
