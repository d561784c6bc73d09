//! Phone numbers: E.164 text, the zones that they may be in, and the numbers that companies call from.
//!
//! The numbering plans and zones are two tables in the repository, converted from the public telephone metadata
//! (`data/NOTICE`), so that checking a number takes less than a microsecond and nothing is fetched.

use std::fmt;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::id::{CompanyId, PhoneNumberId};
use crate::problem::Flaw;
use crate::time::Timestamp;

mod plan;
mod zones;

/// E.164: country code and national number together.
const MAX_DIGITS: usize = 15;
/// What `Debug` and logs keep at the end: enough to compare two lines, too little to call.
const SHOWN_LAST_DIGITS: usize = 2;

/// A possible number in E.164 form. Masked in `Debug`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Takes `+`, a country calling code that exists, and as many digits as numbers of that country can have.
    ///
    /// # Errors
    ///
    /// Says which of these does not hold.
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let digits = text
            .strip_prefix('+')
            .filter(|digits| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or_else(|| Flaw::invalid("must be a phone number in E.164 form, such as +4930123456"))?;
        if digits.len() > MAX_DIGITS {
            return Err(Flaw::invalid("must be a phone number of at most 15 digits"));
        }
        let plan = plan::of(digits).ok_or_else(|| {
            Flaw::invalid("must begin with a country calling code that exists, such as +49")
        })?;
        let national_digits = digits.len() - plan.country_code.len();
        if !plan.is_possible(national_digits) {
            return Err(Flaw::invalid(format!(
                "must be a possible phone number: after +{} come {}, not {national_digits}",
                plan.country_code,
                plan.lengths_in_words(),
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// The E.164 text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The time zones of the number's longest known prefix; several where it does not tell, none where unknown.
    #[must_use]
    pub fn zones(&self) -> &'static [Tz] {
        zones::of(self.0.trim_start_matches('+'))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.0.len().saturating_sub(SHOWN_LAST_DIGITS);
        write!(f, "PhoneNumber(…{})", self.0.get(hidden..).unwrap_or_default())
    }
}

/// A number that is assigned to a company; its phone agents call from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyPhoneNumber {
    /// Its id.
    pub id: PhoneNumberId,
    /// Whose it is.
    pub company_id: CompanyId,
    /// The number.
    pub number: PhoneNumber,
    /// Since when.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests;
