//! Who is known already becomes the owner; anybody else is invited, in the company's language.

use switchboard_sdk::owner_onboarding::{Decision, Facts, Invitation, Policy};
use switchboard_sdk::settings::{self, Object};

use crate::Standard;

/// The invitation that comes with the server.
const TEMPLATE: &str = "company-invitation";

/// A week, so that a holiday does not cost the invitation.
const VALID_FOR_HOURS: u32 = 7 * 24;

/// A year, the longest that the contract allows.
const LONGEST_VALID_FOR_HOURS: u64 = 8760;

/// The longest that the contract allows.
const LONGEST_MESSAGE_CHARS: usize = 1000;

/// What an operator may set: `{"validForHours": 168, "message": "…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long an invitation can be accepted.
    pub valid_for_hours: u32,
    /// Shown in the mail.
    pub message: Option<String>,
}

impl settings::Settings for Settings {
    fn read(object: &mut Object<'_>) -> Self {
        let hours = object.whole("validForHours", 1..=LONGEST_VALID_FOR_HOURS);
        Self {
            valid_for_hours: hours.and_then(|hours| u32::try_from(hours).ok()).unwrap_or(VALID_FOR_HOURS),
            message: object.text("message", LONGEST_MESSAGE_CHARS),
        }
    }
}

impl Policy for Standard {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        if facts.user_exists {
            return Decision::Assign;
        }
        Decision::Invite(Invitation {
            template: TEMPLATE.to_owned(),
            locale: facts.company_locale,
            valid_for_hours: settings.valid_for_hours,
            message: settings.message,
        })
    }
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::owner_onboarding::validate_settings;

    use super::*;

    fn facts(user_exists: bool) -> Facts {
        Facts {
            now_ms: 0,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            company_locale: "sk".to_owned(),
            company_domain: None,
            has_owner: false,
            email_domain: "example.com".to_owned(),
            email_hash: "hash".to_owned(),
            email: None,
            user_exists,
            pending_invitations: vec![],
            templates: vec![TEMPLATE.to_owned()],
        }
    }

    fn decide(user_exists: bool, settings: &str) -> Decision {
        Standard::decide(facts(user_exists), settings::parse(settings).expect("valid settings"))
    }

    fn invitation(valid_for_hours: u32, message: Option<&str>) -> Decision {
        Decision::Invite(Invitation {
            template: TEMPLATE.to_owned(),
            locale: "sk".to_owned(),
            valid_for_hours,
            message: message.map(str::to_owned),
        })
    }

    #[test]
    fn a_known_user_becomes_the_owner_and_a_stranger_is_invited() {
        assert_eq!(decide(true, "{}"), Decision::Assign);
        assert_eq!(decide(false, "{}"), invitation(168, None));
    }

    #[test]
    fn the_invitation_can_be_set() {
        let settings = r#"{"validForHours":24,"message":"Vitajte"}"#;
        assert_eq!(decide(false, settings), invitation(24, Some("Vitajte")));
    }

    #[test]
    fn settings_are_checked() {
        let long = format!("{{\"message\":\"{}\"}}", "x".repeat(1001));
        let cases = [
            (r#"{"validForHours":0}"#, "/validForHours"),
            (r#"{"validForHours":8761}"#, "/validForHours"),
            (r#"{"validForDays":7}"#, "/validForDays"),
            (long.as_str(), "/message"),
        ];
        for (text, pointer) in cases {
            assert_eq!(validate_settings::<Standard>(text).expect_err(text)[0].pointer, pointer);
        }
    }
}
