//! Texts with rules: bounded strings, addresses, tags, codes. Checked once, then the type is trusted.
//! Nothing is trimmed or changed: what was accepted is given back as it was written.

mod iso_codes;

use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::bounds;
use crate::problem::Flaw;

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
    /// An e-mail address of at most 254 characters, as written. Masked in `Debug`.
    EmailAddress,
    /// An absolute http or https URL of at most 2048 characters.
    WebUrl,
    /// A well-formed BCP 47 language tag of at most 100 characters.
    Locale,
    /// ISO 3166-1 alpha-2, upper case.
    CountryCode,
    /// ISO 4217, upper case.
    CurrencyCode,
}

/// A text with so many Unicode scalar values, without NUL, not trimmed (contract §1, "Bodies").
///
/// # Errors
/// What the length must be, or that NUL is refused.
pub fn bounded(value: &str, chars: RangeInclusive<usize>) -> Result<String, Flaw> {
    let count = value.chars().count();
    if !chars.contains(&count) {
        return Err(Flaw::invalid(match (*chars.start(), *chars.end()) {
            (0, max) => format!("must have at most {max} characters, has {count}"),
            (min, max) => format!("must have {min} to {max} characters, has {count}"),
        }));
    }
    if value.contains('\0') {
        return Err(Flaw::invalid("must not contain the NUL character"));
    }
    Ok(value.to_owned())
}

impl EmailAddress {
    /// An address as RFC 5321 and RFC 6531 have it: no display name, no `[127.0.0.1]`; plus signs, letters of
    /// every script and domains without a dot are fine.
    ///
    /// # Errors
    /// What an address looks like.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let text = bounded(text, bounds::EMAIL_CHARS)?;
        let rules = email_address::Options::default()
            .with_minimum_sub_domains(1)
            .without_domain_literal()
            .without_display_text();
        match email_address::EmailAddress::parse_with_options(&text, rules) {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err(Flaw::invalid("must be an e-mail address such as `name@example.com`")),
        }
    }

    /// What comes after the last `@`, in lower case and its ASCII form: `example.com`, `xn--bcher-kva.example`.
    #[must_use]
    pub fn domain(&self) -> String {
        ascii_domain(self.0.rsplit_once('@').map_or("", |(_, domain)| domain))
    }

    /// The address by which two that differ in case only are the same (contract §2): for hashes and comparisons, never
    /// shown or written to.
    #[must_use]
    pub fn folded(&self) -> String {
        let local = self.0.rsplit_once('@').map_or(self.0.as_str(), |(local, _)| local);
        format!("{}@{}", local.to_lowercase(), self.domain())
    }
}

/// Browsers and mail servers agree on this form; what has none is compared as it is written, in lower case.
fn ascii_domain(domain: &str) -> String {
    url::Host::parse(domain).map_or_else(|_| domain.to_lowercase(), |host| host.to_string())
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(***)")
    }
}

impl WebUrl {
    /// An absolute http or https URL with a host, of at most 2048 characters.
    ///
    /// # Errors
    /// What a URL looks like.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let text = bounded(text, bounds::URL_CHARS)?;
        if is_web_url(&text) {
            return Ok(Self(text));
        }
        Err(Flaw::invalid("must be an absolute http or https URL such as `https://example.com/jobs`"))
    }
}

impl WebUrl {
    /// The host, as [`EmailAddress::domain`] has it, without a leading `www.`.
    #[must_use]
    pub fn domain(&self) -> String {
        let host = url::Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_default();
        host.strip_prefix("www.").map_or(host.clone(), str::to_owned)
    }
}

/// Stricter than browsers, which would repair `http:example.com`, `http:///example.com` and stray spaces:
/// what they repair differs from what is stored.
fn is_web_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let is_written_out = !rest.starts_with(['/', '\\'])
        && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    is_web && is_written_out && url::Url::parse(text).is_ok_and(|url| url.has_host())
}

impl Locale {
    /// A well-formed BCP 47 tag: `en`, `de-AT`, `zh-Hant-TW`.
    ///
    /// # Errors
    /// What a tag looks like.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let text = bounded(text, bounds::LOCALE_CHARS)?;
        match oxilangtag::LanguageTag::parse(text.as_str()) {
            Ok(_) => Ok(Self(text)),
            Err(_) => Err(Flaw::invalid("must be a BCP 47 language tag such as `en` or `de-AT`")),
        }
    }
}

impl Default for Locale {
    /// `en` (contract §2).
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl CountryCode {
    /// Every one, sorted.
    pub const ALL: &'static [&'static str] = iso_codes::COUNTRIES;

    /// An officially assigned code, upper case.
    ///
    /// # Errors
    /// That it is no such code, or only its case is wrong.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let what = "an ISO 3166-1 alpha-2 country code such as `DE`";
        listed(text, Self::ALL, what).map(Self)
    }
}

impl CurrencyCode {
    /// Every one, sorted.
    pub const ALL: &'static [&'static str] = iso_codes::CURRENCIES;

    /// A code of the list, upper case.
    ///
    /// # Errors
    /// That it is no such code, or only its case is wrong.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        listed(text, Self::ALL, "an ISO 4217 currency code such as `EUR`").map(Self)
    }
}

/// The text, if it is one of the sorted codes; the flaw says so where only the case is wrong.
fn listed(text: &str, codes: &[&str], what: &str) -> Result<String, Flaw> {
    if codes.binary_search(&text).is_ok() {
        return Ok(text.to_owned());
    }
    let upper = text.to_ascii_uppercase();
    Err(Flaw::invalid(match codes.binary_search(&upper.as_str()) {
        Ok(_) => format!("must be in upper case: `{upper}`"),
        Err(_) => format!("must be {what}, in upper case"),
    }))
}

macro_rules! plain_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    )*};
}

plain_debug!(WebUrl, Locale, CountryCode, CurrencyCode);

#[cfg(test)]
mod tests;
