//! Texts with rules: bounded strings, addresses, tags, codes. Checked once, then the type is trusted.

use serde::{Deserialize, Serialize};

macro_rules! checked_texts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub struct $name(String);

        impl $name {
            /// As written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    )*};
}

checked_texts! {
    /// An e-mail address, as written. Masked in `Debug`.
    EmailAddress,
    /// An absolute http or https URL of at most 2048 characters.
    WebUrl,
    /// A BCP 47 language tag.
    Locale,
    /// ISO 3166-1 alpha-2.
    CountryCode,
    /// ISO 4217.
    CurrencyCode,
}
