//! What an owner is sent: one address, one company, one use, until one moment.

use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::bounds::INVITATION_KEPT_SECONDS;
use crate::id::{CompanyId, InvitationId};
use crate::owner_onboarding;
use crate::text::{EmailAddress, Locale};
use crate::time::Timestamp;
use crate::words::words;

words! {
    /// What became of an invitation.
    pub enum InvitationStatus {
        /// It can be accepted.
        Pending = "PENDING",
        /// It was.
        Accepted = "ACCEPTED",
        /// The company has another owner, or none.
        Revoked = "REVOKED",
        /// Nobody accepted it in time.
        Expired = "EXPIRED",
    }
}

/// An invitation to own a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its id. The secret of the link follows from it and from the server's own; it is stored nowhere.
    pub id: InvitationId,
    /// What it invites to.
    pub company_id: CompanyId,
    /// The keyed hash of the link's secret.
    pub token_hash: [u8; 32],
    /// Where it is sent.
    pub email: EmailAddress,
    /// Name of the mail's template.
    pub template: String,
    /// Which of the template's languages is nearest is for whoever writes the mail.
    pub locale: Locale,
    /// Shown in the mail.
    pub message: Option<String>,
    /// What became of it.
    pub status: InvitationStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// When a mail server took it.
    pub sent_at: Option<Timestamp>,
    /// When it ceased to be pending.
    pub closed_at: Option<Timestamp>,
}

impl Invitation {
    /// What a policy decided to send.
    #[must_use]
    pub fn new(
        id: InvitationId,
        company_id: CompanyId,
        token_hash: [u8; 32],
        email: EmailAddress,
        wish: owner_onboarding::Invitation,
        now: Timestamp,
    ) -> Self {
        let valid_for = Duration::from_secs(u64::from(wish.valid_for_hours) * 3_600);
        Self {
            id,
            company_id,
            token_hash,
            email,
            template: wish.template,
            locale: wish.locale,
            message: wish.message,
            status: InvitationStatus::Pending,
            created_at: now,
            expires_at: now.plus(valid_for),
            sent_at: None,
            closed_at: None,
        }
    }

    /// What it is at this moment, also where nobody has come to note its end.
    #[must_use]
    pub fn status_at(&self, now: Timestamp) -> InvitationStatus {
        match self.status {
            InvitationStatus::Pending if self.expires_at <= now => InvitationStatus::Expired,
            status => status,
        }
    }

    /// Whether it can be accepted.
    #[must_use]
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.status_at(now) == InvitationStatus::Pending
    }

    /// Ends it.
    pub fn close(&mut self, status: InvitationStatus, now: Timestamp) {
        self.status = status;
        self.closed_at = Some(now);
    }

    /// When something is to be done with it if nobody does anything: it expires, and after its end it is forgotten.
    #[must_use]
    pub fn deadline(&self) -> Timestamp {
        match self.closed_at {
            None => self.expires_at,
            Some(closed_at) => closed_at.plus(Duration::from_secs(INVITATION_KEPT_SECONDS)),
        }
    }

    /// The wall clock at its end, as the mail says it: `2026-04-09 10:00`.
    #[must_use]
    pub fn expiry_text(&self, timezone: Tz) -> String {
        self.expires_at.utc().with_timezone(&timezone).format("%Y-%m-%d %H:%M").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_unix_millis(1_775_116_800_000);

    fn invitation() -> Invitation {
        let wish = owner_onboarding::Invitation {
            template: "t".to_owned(),
            locale: Locale::default(),
            valid_for_hours: 72,
            message: None,
        };
        let email = EmailAddress::parse("a@b.example").unwrap();
        Invitation::new(
            InvitationId::from_bytes([1; 16]),
            CompanyId::from_bytes([2; 16]),
            [3; 32],
            email,
            wish,
            AT,
        )
    }

    #[test]
    fn it_ends_by_itself_and_is_forgotten_later() {
        let mut one = invitation();
        let end = AT.plus(Duration::from_secs(72 * 3_600));
        assert_eq!((one.expires_at, one.deadline()), (end, end));
        assert!(!one.is_pending(end));
        assert_eq!(one.status_at(end), InvitationStatus::Expired);
        assert!(one.is_pending(AT));
        one.close(InvitationStatus::Accepted, AT);
        assert_eq!(one.status_at(end), InvitationStatus::Accepted);
        assert_eq!(one.deadline(), AT.plus(Duration::from_secs(INVITATION_KEPT_SECONDS)));
    }

    #[test]
    fn its_end_is_told_as_the_company_has_it() {
        assert_eq!(invitation().expiry_text(Tz::Europe__Bratislava), "2026-04-05 10:00");
    }
}
