//! What the adapters share: enums that several packages have, and how WIT types are declared and written.
//!
//! Each type stands once for three readers: the derives of wasmtime (order and names of the WIT), serde's `Deserialize`
//! (the same names), and `Serialize` (fields of a record sorted by name, so that the text is canonical).

use serde::{Deserialize, Serialize};
use switchboard_domain::agent::{AgentFocus, AgentType};
use wasmtime::component::{ComponentType, Lower};

/// Declares the WIT enum of a domain's enum, and the way back.
macro_rules! wit_enum {
    ($(#[$meta:meta])* $name:ident of $domain:ident { $($value:ident = $word:tt),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
        #[component(enum)]
        #[repr(u8)]
        pub enum $name {
            $(#[component(name = $word)] #[serde(rename = $word)] $value,)+
        }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                match value {
                    $($domain::$value => Self::$value,)+
                }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$value => Self::$value,)+
                }
            }
        }
    };
}

/// Writes a record with its fields sorted by name. A list that is not sorted does not compile.
macro_rules! canonical {
    ($name:ident as $record:literal { $($word:literal => $field:ident),+ $(,)? }) => {
        const _: () = assert!($crate::policy::wit::is_sorted(&[$($word),+]), "sort the fields by name");

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let mut fields = serializer.serialize_struct($record, [$($word),+].len())?;
                $(fields.serialize_field($word, &self.$field)?;)+
                fields.end()
            }
        }
    };
}

pub(super) use {canonical, wit_enum};

wit_enum! {
    /// `agent-type`
    WitAgentType of AgentType { Phone = "phone", Online = "online" }
}

wit_enum! {
    /// `agent-focus`
    WitAgentFocus of AgentFocus {
        Generic = "generic",
        Screening = "screening",
        Outreach = "outreach",
        LanguageTest = "language-test",
    }
}

/// Whether each word comes before the next one.
pub(super) const fn is_sorted(words: &[&str]) -> bool {
    let mut place = 1;
    while place < words.len() {
        if !comes_before(words[place - 1].as_bytes(), words[place].as_bytes()) {
            return false;
        }
        place += 1;
    }
    true
}

const fn comes_before(first: &[u8], second: &[u8]) -> bool {
    let mut at = 0;
    while at < first.len() && at < second.len() {
        if first[at] != second[at] {
            return first[at] < second[at];
        }
        at += 1;
    }
    first.len() < second.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_is_what_sort_makes() {
        for (words, expected) in [
            (&["a", "b", "ba"][..], true),
            (&["a-b", "ab"], true),
            (&["ab", "a-b"], false),
            (&["a", "a"], false),
            (&["ab", "a"], false),
            (&[], true),
        ] {
            assert_eq!(is_sorted(words), expected, "{words:?}");
        }
    }
}
