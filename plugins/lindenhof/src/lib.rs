//! Lindenhof's customers are companies: an owner has an address at the company's own domain.

use switchboard_sdk::owner_onboarding::{Decision, Facts, Invitation, Policy};
use switchboard_sdk::settings::{self, Object};

/// The invitation that comes with the server.
const TEMPLATE: &str = "company-invitation";

/// Three days: who owns a company answers, or asks again.
const VALID_FOR_HOURS: u32 = 72;

/// The longest name that the domain name system has.
const LONGEST_DOMAIN_CHARS: usize = 253;

const MOST_DOMAINS: usize = 100;

/// Where anybody gets an address, for nothing.
const FREE_MAIL: [&str; 44] = [
    "aol.com",
    "atlas.sk",
    "azet.sk",
    "centrum.cz",
    "centrum.sk",
    "email.cz",
    "fastmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "inbox.lv",
    "interia.pl",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "o2.pl",
    "onet.pl",
    "outlook.com",
    "pobox.sk",
    "post.cz",
    "post.sk",
    "proton.me",
    "protonmail.com",
    "seznam.cz",
    "t-online.de",
    "web.de",
    "wp.pl",
    "yahoo.com",
    "yahoo.co.uk",
    "yandex.ru",
    "zoznam.sk",
];

/// The rule.
#[derive(Debug)]
pub struct Lindenhof;

switchboard_sdk::export_owner_onboarding!(Lindenhof);

/// What an operator may set: `{"freeMailDomains": ["post.example"]}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Refused besides those that everybody knows. Lower case.
    pub free_mail_domains: Vec<String>,
}

impl settings::Settings for Settings {
    fn read(object: &mut Object<'_>) -> Self {
        let domains = object.text_list("freeMailDomains", 0..=MOST_DOMAINS, LONGEST_DOMAIN_CHARS);
        let domains = domains.unwrap_or_default();
        for (place, domain) in domains.iter().enumerate() {
            // Whoever writes an address here would wait for a refusal that never comes.
            if domain.contains('@') || !domain.contains('.') {
                let place = format!("freeMailDomains/{place}");
                object.flaw(&place, "expected a domain, such as `post.example`".to_owned());
            }
        }
        Self { free_mail_domains: domains.iter().map(|domain| domain.to_lowercase()).collect() }
    }
}

impl Policy for Lindenhof {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let domain = facts.email_domain.as_str();
        let own = settings.free_mail_domains.iter().map(String::as_str);
        if FREE_MAIL.into_iter().chain(own).any(|free| is_within(domain, free)) {
            return Decision::Refuse(format!(
                "{} is a free-mail provider: send the owner's address at the company's own domain",
                shown(domain)
            ));
        }
        if facts.user_exists {
            return Decision::Assign;
        }
        match &facts.company_domain {
            Some(company) if !is_within(domain, company) && !is_within(company, domain) => {
                Decision::Hold(format!(
                    "the address is at {}, the company's website at {}: is it the company's?",
                    shown(domain),
                    shown(company)
                ))
            }
            Some(_) | None => Decision::Invite(Invitation {
                template: TEMPLATE.to_owned(),
                locale: facts.company_locale,
                valid_for_hours: VALID_FOR_HOURS,
                message: None,
            }),
        }
    }
}

/// Whether it is the other domain, or one below it.
fn is_within(domain: &str, other: &str) -> bool {
    domain.strip_suffix(other).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// As much of a domain as tells it from others: a reason has 500 characters.
fn shown(domain: &str) -> &str {
    domain.char_indices().nth(150).map_or(domain, |(end, _)| &domain[..end])
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::owner_onboarding::validate_settings;

    use super::*;

    fn facts(email_domain: &str, company_domain: Option<&str>) -> Facts {
        Facts {
            now_ms: 0,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            company_locale: "sk".to_owned(),
            company_domain: company_domain.map(str::to_owned),
            has_owner: false,
            email_domain: email_domain.to_owned(),
            email_hash: "hash".to_owned(),
            email: None,
            user_exists: false,
            pending_invitations: vec![],
            templates: vec![TEMPLATE.to_owned()],
        }
    }

    fn decide(facts: Facts, settings: &str) -> Decision {
        Lindenhof::decide(facts, settings::parse(settings).expect("valid settings"))
    }

    fn word(decision: &Decision) -> &'static str {
        match decision {
            Decision::Assign => "assign",
            Decision::Invite(_) => "invite",
            Decision::Hold(_) => "hold",
            Decision::Refuse(_) => "refuse",
        }
    }

    #[test]
    fn only_company_domains_are_invited() {
        for (email, company, expected) in [
            ("gmail.com", None, "refuse"),
            ("gmail.com", Some("gmail.com"), "refuse"),
            ("mail.seznam.cz", Some("acme.example"), "refuse"),
            ("notgmail.com", None, "invite"),
            ("acme.example", None, "invite"),
            ("acme.example", Some("acme.example"), "invite"),
            ("hr.acme.example", Some("acme.example"), "invite"),
            ("acme.example", Some("jobs.acme.example"), "invite"),
            ("notacme.example", Some("acme.example"), "hold"),
            ("other.example", Some("acme.example"), "hold"),
        ] {
            let decision = decide(facts(email, company), "{}");
            assert_eq!(word(&decision), expected, "{email} for {company:?}: {decision:?}");
        }
    }

    #[test]
    fn an_invitation_lasts_72_hours_in_the_companys_language() {
        let invitation = Invitation {
            template: TEMPLATE.to_owned(),
            locale: "sk".to_owned(),
            valid_for_hours: 72,
            message: None,
        };
        assert_eq!(decide(facts("acme.example", None), "{}"), Decision::Invite(invitation));
    }

    #[test]
    fn a_known_user_becomes_the_owner_but_not_with_a_free_mail_address() {
        let known = |domain: &str| Facts { user_exists: true, ..facts(domain, Some("acme.example")) };
        assert_eq!(word(&decide(known("other.example"), "{}")), "assign");
        assert_eq!(word(&decide(known("gmail.com"), "{}")), "refuse");
    }

    #[test]
    fn reasons_name_the_domain_and_the_way_out() {
        let longest = format!("{}.example", "x".repeat(245));
        for decision in [
            decide(facts("gmail.com", None), "{}"),
            decide(facts(&longest, Some(&longest.replace('x', "y"))), "{}"),
        ] {
            let (Decision::Refuse(reason) | Decision::Hold(reason)) = &decision else {
                panic!("{decision:?}")
            };
            assert!(reason.contains("company") && reason.chars().count() <= 500, "{reason}");
        }
    }

    #[test]
    fn more_domains_can_be_refused() {
        let settings = r#"{"freeMailDomains":["Post.Example"]}"#;
        assert_eq!(word(&decide(facts("post.example", None), settings)), "refuse");
        assert_eq!(word(&decide(facts("gmail.com", None), settings)), "refuse", "the others still are");
        let cases = [
            (r#"{"freeMailDomains":["@post.example"]}"#, "/freeMailDomains/0"),
            (r#"{"freeMailDomains":["post.example","example"]}"#, "/freeMailDomains/1"),
            (r#"{"freeMailDomains":[""]}"#, "/freeMailDomains/0"),
            (r#"{"freeMailDomains":"post.example"}"#, "/freeMailDomains"),
            (r#"{"freeMail":[]}"#, "/freeMail"),
        ];
        for (text, pointer) in cases {
            let problems = validate_settings::<Lindenhof>(text).expect_err(text);
            assert_eq!(problems[0].pointer, pointer, "{problems:?}");
        }
    }
}
