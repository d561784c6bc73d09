//! Enums whose values are fixed words outside: one declaration gives the type, its words and its parser, so
//! that a word is written exactly once.

/// Declares an enum with the word of each value. Values are stored by their place in the list: a new one goes
/// to the end, and none is ever moved.
///
/// The type gets `ALL`, `as_str`, `parse` (exact, case included) and `Display`.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[$value_meta:meta])* $value:ident = $word:literal),+ $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$value_meta])* $value,)+
        }

        impl $name {
            /// Every value, in the order in which they are stored.
            pub const ALL: &'static [Self] = &[$(Self::$value),+];

            /// The word outside.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $word,)+
                }
            }

            /// The value of that word, written exactly so.
            ///
            /// # Errors
            /// A flaw that lists the words.
            pub fn parse(text: &str) -> Result<Self, $crate::problem::Flaw> {
                let found = Self::ALL.iter().copied().find(|value| value.as_str() == text);
                found.ok_or_else(|| $crate::problem::Flaw::not_one_of(&[$($word),+]))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

pub(crate) use words;
