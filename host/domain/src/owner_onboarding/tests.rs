use uuid::Uuid;

use super::*;
use crate::decision::Facts as _;

fn facts() -> Facts {
    Facts {
        now: Timestamp::from_unix_millis(1),
        ats_id: AtsId::new(Uuid::from_u128(10)),
        company_id: CompanyId::new(Uuid::from_u128(11)),
        company_locale: Locale::default(),
        company_domain: None,
        has_owner: false,
        email_domain: "example.com".to_owned(),
        email_hash: EmailHash::new([7; 32]),
        email: EmailAddress::parse("ada@example.com").ok(),
        user_exists: false,
        pending_invitations: Vec::new(),
        templates: vec![TEMPLATE.to_owned(), "harbour".to_owned()],
    }
}

fn invite(template: &str, locale: &str, valid_for_hours: u32, message: Option<&str>) -> Answer {
    let message = message.map(str::to_owned);
    Answer::Invite { template: template.to_owned(), locale: locale.to_owned(), valid_for_hours, message }
}

fn invitation(template: &str, locale: &str, valid_for_hours: u32, message: Option<&str>) -> Verdict {
    Verdict::Invite(Invitation {
        template: template.to_owned(),
        locale: Locale::parse(locale).expect("a locale"),
        valid_for_hours,
        message: message.map(str::to_owned),
    })
}

#[test]
fn a_plugins_answer_is_input_not_truth() {
    let refused = |sentence: &str| Err(sentence.to_owned());
    let hours =
        |hours: u32| refused(&format!("the invitation is valid for {hours} hours; 1 to 8760 are allowed"));
    let length = || refused("the message must have 1 to 1000 characters");
    let longest = "é".repeat(1000);
    let too_long = "é".repeat(1001);
    for (answer, expected) in [
        (Answer::Assign, refused("`assign`, but no user has this address")),
        (invite(TEMPLATE, "sk", 72, None), Ok(invitation(TEMPLATE, "sk", 72, None))),
        (invite("harbour", "de-AT", 1, Some("Hi")), Ok(invitation("harbour", "de-AT", 1, Some("Hi")))),
        (
            invite("../secrets", "sk", 72, None),
            refused("there is no template `../secrets`; there are company-invitation, harbour"),
        ),
        (
            invite("", "sk", 72, None),
            refused("there is no template ``; there are company-invitation, harbour"),
        ),
        (
            invite(TEMPLATE, "not a locale", 72, None),
            refused("the locale `not a locale` must be a BCP 47 language tag such as `en` or `de-AT`"),
        ),
        (invite(TEMPLATE, "sk", 0, None), hours(0)),
        (invite(TEMPLATE, "sk", 8760, None), Ok(invitation(TEMPLATE, "sk", 8760, None))),
        (invite(TEMPLATE, "sk", 8761, None), hours(8761)),
        (invite(TEMPLATE, "sk", 72, Some("")), length()),
        (invite(TEMPLATE, "sk", 72, Some(&longest)), Ok(invitation(TEMPLATE, "sk", 72, Some(&longest)))),
        (invite(TEMPLATE, "sk", 72, Some(&too_long)), length()),
        (invite(TEMPLATE, "sk", 72, Some("a\0b")), refused("the message has a NUL character")),
        (Answer::Hold("later".to_owned()), Ok(Verdict::Hold { reason: "later".to_owned() })),
        (Answer::Hold(String::new()), refused("`hold` needs a reason")),
        (Answer::Refuse("no".to_owned()), Ok(Verdict::Refuse { reason: "no".to_owned() })),
        (Answer::Refuse(too_long.clone()), refused("the reason of `refuse` is longer than 500 characters")),
    ] {
        assert_eq!(check(answer.clone(), &facts()), expected, "{answer:?}");
    }
    let known = Facts { user_exists: true, ..facts() };
    assert_eq!(check(Answer::Assign, &known), Ok(Verdict::Assign));
    assert_eq!(
        check(invite(TEMPLATE, "en", 72, None), &known),
        Ok(invitation(TEMPLATE, "en", 72, None)),
        "who is known can be invited too"
    );
}

#[test]
fn only_the_moment_may_differ() {
    let later = facts().at(Timestamp::from_unix_millis(99));
    assert!(facts().same_but_now(&later));
    assert!(!facts().same_but_now(&Facts { user_exists: true, ..later.clone() }));
    assert!(!facts().same_but_now(&Facts { has_owner: true, ..later }));
}

#[test]
fn nobodys_address_is_told_by_a_debug_line() {
    let told = format!("{:?}", facts());
    assert!(!told.contains("ada@") && !told.contains("0707"), "{told}");
}
