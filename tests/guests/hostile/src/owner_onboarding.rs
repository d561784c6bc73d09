//! Owners that nobody knows, letters that nobody wrote, invitations for ever.

use switchboard_sdk::owner_onboarding::{Decision, Facts, Invitation, Policy};

use crate::{Hostile, MIB, Settings, nobody_knows};

impl Policy for Hostile {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let fine = || Invitation {
            template: facts.templates.first().cloned().unwrap_or_default(),
            locale: "en".to_owned(),
            valid_for_hours: 1,
            message: None,
        };
        let message = |text: String| Decision::Invite(Invitation { message: Some(text), ..fine() });
        match settings.act_on(&facts.company_id, "invite") {
            "invite" => Decision::Invite(fine()),
            "assign" => Decision::Assign,
            "unknown-template" => {
                Decision::Invite(Invitation { template: "../secrets".to_owned(), ..fine() })
            }
            "bad-locale" => Decision::Invite(Invitation { locale: "not a locale".to_owned(), ..fine() }),
            "no-time" => Decision::Invite(Invitation { valid_for_hours: 0, ..fine() }),
            "for-ever" => Decision::Invite(Invitation { valid_for_hours: 8761, ..fine() }),
            "empty-message" => message(String::new()),
            "long-message" => message("é".repeat(1001)),
            "nul-message" => message("a\0b".to_owned()),
            "huge-output" => message("x".repeat(MIB)),
            "hold" => Decision::Hold("hostile on purpose".to_owned()),
            "hold-silently" => Decision::Hold(String::new()),
            "refuse" => Decision::Refuse("hostile on purpose".to_owned()),
            "refuse-at-length" => Decision::Refuse("x".repeat(501)),
            act => nobody_knows(act),
        }
    }
}
