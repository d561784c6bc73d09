//! Companies of an ATS, and their settings.

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::ats::BillingSystem;
use crate::bounds::CALLS_AT_ONCE_DEFAULT;
use crate::call_window::CallWindow;
use crate::id::{AtsId, CompanyId};
use crate::metadata::Metadata;
use crate::problem::Flaw;
use crate::text::{CountryCode, EmailAddress, Locale, WebUrl};
use crate::time::Timestamp;
use crate::words::words;

/// Where a company sits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyLocation {
    /// Free text.
    pub city: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country_code: Option<CountryCode>,
}

/// The values in force: what was not sent has its default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanySettings {
    /// IANA time zone.
    pub timezone: Tz,
    /// BCP 47.
    pub locale: Locale,
    /// When candidates may be phoned.
    pub call_window: CallWindow,
}

words! {
    /// What happened to the owner's address.
    pub enum OwnerStatus {
        /// An existing user became the owner.
        Assigned = "ASSIGNED",
        /// An invitation was sent.
        Invited = "INVITED",
        /// It waits.
        Held = "HELD",
    }
}

/// A customer of an ATS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// Whose customer it is.
    pub ats_id: AtsId,
    /// Grows by one with each change.
    pub revision: u64,
    /// 2 to 100 characters.
    pub name: String,
    /// 1 to 1000 characters.
    pub description: Option<String>,
    /// At most 2048 characters.
    pub website: Option<WebUrl>,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// At most 100 characters.
    pub size: Option<String>,
    /// City and country.
    pub location: Option<CompanyLocation>,
    /// Always whole.
    pub settings: CompanySettings,
    /// Free-form.
    pub metadata: Option<Metadata>,
    /// As written.
    pub owner_email: Option<EmailAddress>,
    /// Absent until onboarding has decided.
    pub owner_status: Option<OwnerStatus>,
    /// What its calls are billed in.
    pub billing_system: BillingSystem,
    /// In thousandths of the billing unit a calendar month; absent = no limit.
    pub usage_limit_thousandths: Option<u64>,
    /// How many of its calls may be in progress at once; absent = the contract's number.
    pub calls_at_once: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Company {
    /// How many of its calls may be in progress at once (contract §7).
    #[must_use]
    pub fn calls_at_once(&self) -> u32 {
        self.calls_at_once.unwrap_or(CALLS_AT_ONCE_DEFAULT)
    }
}

/// What a request says of a new company; checked, without defaults filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct CompanyDraft {
    /// 2 to 100 characters.
    pub name: String,
    /// 1 to 1000 characters.
    pub description: Option<String>,
    /// At most 2048 characters.
    pub website: Option<WebUrl>,
    /// At most 100 characters.
    pub industry: Option<String>,
    /// At most 100 characters.
    pub size: Option<String>,
    /// City and country.
    pub location: Option<CompanyLocation>,
    /// What was sent of the settings, over the defaults.
    pub settings: CompanySettings,
    /// Free-form.
    pub metadata: Option<Metadata>,
    /// As written.
    pub owner_email: Option<EmailAddress>,
}

impl Default for CompanySettings {
    /// `UTC`, `en`, 08:00 to 20:00 on all days (contract §2).
    fn default() -> Self {
        Self { timezone: Tz::UTC, locale: Locale::default(), call_window: CallWindow::default() }
    }
}

/// The zone of an IANA name, case included: `Europe/Prague`, `UTC`.
///
/// # Errors
/// What a name looks like.
pub fn parse_timezone(name: &str) -> Result<Tz, Flaw> {
    name.parse().map_err(|_| Flaw::invalid("must be an IANA time zone such as `Europe/Prague`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_sent_has_the_contracts_defaults() {
        let settings = CompanySettings::default();
        assert_eq!((settings.timezone.name(), settings.locale.as_str()), ("UTC", "en"));
        assert_eq!(settings.call_window, CallWindow::default());
    }

    #[test]
    fn zones_are_named_as_iana_names_them() {
        for fine in ["UTC", "Europe/Prague", "America/Argentina/Buenos_Aires", "Etc/GMT+12"] {
            assert_eq!(parse_timezone(fine).map(|zone| zone.name()), Ok(fine));
        }
        for wrong in ["", "utc", "Europe/Nowhere", "+02:00", "CET-1CEST", "Europe/Prague "] {
            assert!(parse_timezone(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_owner_statuses_are_the_contracts() {
        let words: Vec<_> = OwnerStatus::ALL.iter().map(|status| status.as_str()).collect();
        assert_eq!(words, ["ASSIGNED", "INVITED", "HELD"]);
    }
}
