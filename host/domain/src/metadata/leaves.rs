//! The leaves of a metadata object, read off its text as they come: every decision about a job asks for them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::Leaf;
use crate::bounds::METADATA_LEAVES_BYTES_MAX;

/// As [`Metadata::leaves`](super::Metadata::leaves).
pub(super) fn of(text: &str) -> Vec<(String, Leaf)> {
    let mut leaves =
        Leaves { list: Vec::new(), pointer: String::new(), bytes_left: METADATA_LEAVES_BYTES_MAX };
    // An error means that the rest does not fit, which is what the bound is for.
    let _whole = leaves.deserialize(&mut serde_json::Deserializer::from_str(text));
    leaves.list
}

struct Leaves {
    list: Vec<(String, Leaf)>,
    /// Of the value that is read.
    pointer: String,
    bytes_left: usize,
}

impl Leaves {
    fn push<E: Error>(&mut self, leaf: Leaf) -> Result<(), E> {
        let text_bytes = match &leaf {
            Leaf::Text(text) | Leaf::Decimal(text) => text.len(),
            Leaf::Integer(_) | Leaf::Boolean(_) | Leaf::Null => 0,
        };
        let left = self.bytes_left.checked_sub(self.pointer.len() + text_bytes);
        self.bytes_left = left.ok_or_else(|| E::custom("the leaves are too long"))?;
        self.list.push((self.pointer.clone(), leaf));
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Leaves {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Leaves {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let length = self.pointer.len();
        while members.next_key_seed(Member(&mut self.pointer))?.is_some() {
            members.next_value_seed(&mut *self)?;
            self.pointer.truncate(length);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let length = self.pointer.len();
        for index in 0_usize.. {
            self.pointer.push('/');
            self.pointer.push_str(&index.to_string());
            if items.next_element_seed(&mut *self)?.is_none() {
                break;
            }
            self.pointer.truncate(length);
        }
        self.pointer.truncate(length);
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.push(Leaf::Text(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<(), E> {
        self.push(Leaf::Integer(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<(), E> {
        self.push(i64::try_from(integer).map_or_else(|_| Leaf::Decimal(integer.to_string()), Leaf::Integer))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("not a number"))?;
        self.push(Leaf::Decimal(number.to_string()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.push(Leaf::Boolean(value))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.push(Leaf::Null)
    }
}

/// The name of a member, which goes behind the pointer of its object (RFC 6901 §3).
struct Member<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<(), D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Member<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        self.0.push('/');
        for character in name.chars() {
            match character {
                '~' => self.0.push_str("~0"),
                '/' => self.0.push_str("~1"),
                plain => self.0.push(plain),
            }
        }
        Ok(())
    }
}
