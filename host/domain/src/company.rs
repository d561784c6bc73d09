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

    /// Takes on what a request makes of it. What was decided about an owner says nothing about another one.
    pub fn describe(&mut self, draft: CompanyDraft) {
        let before = std::mem::replace(&mut self.owner_email, draft.owner_email);
        if !is_same_address(before.as_ref(), self.owner_email.as_ref()) {
            self.owner_status = None;
        }
        self.name = draft.name;
        self.description = draft.description;
        self.website = draft.website;
        self.industry = draft.industry;
        self.size = draft.size;
        self.location = draft.location;
        self.settings = draft.settings;
        self.metadata = draft.metadata;
    }

    /// Whether the owner's address is another one than before, or gone.
    #[must_use]
    pub fn is_owner_changed(&self, before: &Self) -> bool {
        !is_same_address(before.owner_email.as_ref(), self.owner_email.as_ref())
    }

    /// Whether there is an owner's address to be decided upon that was not there before. The same address again
    /// asks for nothing (contract §2).
    #[must_use]
    pub fn has_new_owner(&self, before: &Self) -> bool {
        self.owner_email.is_some() && self.is_owner_changed(before)
    }
}

/// Addresses are compared without case (contract §2).
fn is_same_address(one: Option<&EmailAddress>, other: Option<&EmailAddress>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.folded() == other.folded(),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// What a request says of a company, new or changed; checked.
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
    /// What was sent of the settings, over those there are or the defaults.
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
    fn an_owner_is_new_when_the_address_is_another_one() {
        let address = |text: &str| EmailAddress::parse(text).unwrap();
        let mut company = company();
        for (before, after, is_new, is_status_kept) in [
            (None, None, false, true),
            (None, Some("a@b.example"), true, false),
            (Some("a@b.example"), Some("A@B.example"), false, true),
            (Some("a@b.example"), Some("c@b.example"), true, false),
            (Some("a@b.example"), None, false, false),
        ] {
            company.owner_email = before.map(address);
            company.owner_status = Some(OwnerStatus::Held);
            let mut changed = company.clone();
            let draft = CompanyDraft { owner_email: after.map(address), ..draft(&company) };
            changed.describe(draft);
            assert_eq!(changed.owner_email, after.map(address), "as it was written");
            assert_eq!(changed.has_new_owner(&company), is_new, "{before:?} {after:?}");
            assert_eq!(changed.owner_status.is_some(), is_status_kept, "{before:?} {after:?}");
        }
    }

    fn company() -> Company {
        Company {
            id: CompanyId::from_bytes([1; 16]),
            ats_id: AtsId::from_bytes([2; 16]),
            revision: 1,
            name: "Acme".to_owned(),
            description: None,
            website: None,
            industry: None,
            size: None,
            location: None,
            settings: CompanySettings::default(),
            calls_at_once: None,
            metadata: None,
            owner_email: None,
            owner_status: None,
            billing_system: BillingSystem::Minutes,
            usage_limit_thousandths: None,
            created_at: Timestamp::from_unix_millis(0),
            updated_at: Timestamp::from_unix_millis(0),
        }
    }

    fn draft(company: &Company) -> CompanyDraft {
        CompanyDraft {
            name: company.name.clone(),
            description: None,
            website: None,
            industry: None,
            size: None,
            location: None,
            settings: company.settings.clone(),
            metadata: None,
            owner_email: None,
        }
    }

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
