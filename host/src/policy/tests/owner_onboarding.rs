//! `owner-onboarding` through real components.

use switchboard_domain::decision::{AskedOutcome, FailureKind, PolicyName};
use switchboard_domain::id::{AtsId, CompanyId};
use switchboard_domain::owner_onboarding::{
    EmailHash, Facts, Invitation, PendingInvitation, TEMPLATE, Verdict,
};
use switchboard_domain::release::{OnFailure, Release};
use switchboard_domain::text::{EmailAddress, Locale};
use switchboard_domain::time::Timestamp;
use uuid::Uuid;

use super::{ask, assert_canonical, failure, guest, hostile, of, release, runtime};
use crate::policy::adapter::{from_json, to_json};
use crate::policy::owner_onboarding::WitFacts;
use crate::policy::{Error, OwnerOnboarding, Policy as _};

const ADDRESS: &str = "Ada.Lovelace@Example.com";

fn facts(user_exists: bool) -> Facts {
    let email = EmailAddress::parse(ADDRESS).expect("an address");
    Facts {
        now: Timestamp::from_unix_millis(1_790_000_000_000),
        ats_id: AtsId::new(Uuid::from_u128(501)),
        company_id: CompanyId::new(Uuid::from_u128(502)),
        company_locale: Locale::parse("sk-SK").expect("a locale"),
        company_domain: Some("example.com".to_owned()),
        has_owner: true,
        email_domain: email.domain(),
        email_hash: EmailHash::new([0xa5; 32]),
        email: Some(email),
        user_exists,
        pending_invitations: vec![PendingInvitation {
            created_at: Timestamp::from_unix_millis(1_789_000_000_000),
            expires_at: Timestamp::from_unix_millis(1_791_000_000_000),
            same_address: false,
        }],
        templates: vec![TEMPLATE.to_owned()],
    }
}

fn bad(act: &str) -> Release {
    of(PolicyName::OwnerOnboarding, hostile(act, OnFailure::Hold))
}

fn standard() -> Release {
    of(PolicyName::OwnerOnboarding, release(2, "standard", r#"{"message":"Vitajte"}"#, OnFailure::Hold))
}

#[tokio::test]
async fn the_standard_plugin_assigns_whom_it_knows_and_invites_others() {
    let known = ask::<OwnerOnboarding>(&standard(), &facts(true)).await;
    assert_eq!(known.verdict, Some(Verdict::Assign));
    let stranger = ask::<OwnerOnboarding>(&standard(), &facts(false)).await;
    let invitation = Invitation {
        template: TEMPLATE.to_owned(),
        locale: Locale::parse("sk-SK").expect("a locale"),
        valid_for_hours: 168,
        message: Some("Vitajte".to_owned()),
    };
    assert_eq!(stranger.verdict, Some(Verdict::Invite(invitation)));
}

#[tokio::test]
async fn a_plugins_answer_is_input_not_truth() {
    let table = [
        ("assign", FailureKind::BadAnswer, "no user has this address"),
        ("unknown-template", FailureKind::BadAnswer, "no template `../secrets`"),
        ("bad-locale", FailureKind::BadAnswer, "BCP 47"),
        ("no-time", FailureKind::BadAnswer, "0 hours"),
        ("for-ever", FailureKind::BadAnswer, "8761 hours"),
        ("empty-message", FailureKind::BadAnswer, "1 to 1000"),
        ("long-message", FailureKind::BadAnswer, "1 to 1000"),
        ("nul-message", FailureKind::BadAnswer, "NUL"),
        ("hold-silently", FailureKind::BadAnswer, "`hold` needs a reason"),
        ("refuse-at-length", FailureKind::BadAnswer, "longer than 500"),
        ("huge-output", FailureKind::OutputTooLarge, "bytes"),
        ("loop", FailureKind::OutOfFuel, ""),
        ("trap", FailureKind::Trap, ""),
    ];
    for (act, kind, words) in table {
        let outcome = ask::<OwnerOnboarding>(&bad(act), &facts(false)).await;
        let (found, explanation) = failure(&outcome);
        assert_eq!(found, kind, "{act}: {explanation}");
        assert!(explanation.contains(words), "{act}: {explanation}");
        assert_eq!((outcome.verdict, outcome.answered_by, outcome.asked.len()), (None, None, 1), "{act}");
        assert_eq!(outcome.on_failure, OnFailure::Hold, "a wrong mail does not come back: it waits");
    }
    let reason = || "hostile on purpose".to_owned();
    for (act, verdict) in
        [("hold", Verdict::Hold { reason: reason() }), ("refuse", Verdict::Refuse { reason: reason() })]
    {
        let outcome = ask::<OwnerOnboarding>(&bad(act), &facts(false)).await;
        assert_eq!(outcome.verdict, Some(verdict));
    }
}

#[tokio::test]
async fn the_address_is_seen_only_when_granted() {
    for (grants, is_seen) in [(vec![], false), (vec!["email".to_owned()], true)] {
        let mut release = standard();
        release.grants = grants;
        let recorded = ask::<OwnerOnboarding>(&release, &facts(false)).await;
        assert_eq!(recorded.facts.contains(ADDRESS), is_seen, "{}", recorded.facts);
        assert_eq!(recorded.facts.to_lowercase().contains("lovelace"), is_seen);
        let again = runtime().replay(&release, guest("standard"), &recorded.facts).await.expect("replays");
        assert_eq!(again.outcome, recorded.asked[0].outcome);
        assert_eq!(again.fuel_used, recorded.asked[0].fuel_used);
        let AskedOutcome::Answered(answer) = again.outcome else { panic!("{again:?}") };
        assert_canonical(&answer);
    }
}

#[test]
fn facts_are_canonical_and_only_what_was_granted() {
    let all = ["email".to_owned()];
    let seen = OwnerOnboarding::granted(&facts(true), &all);
    let json = to_json(&seen);
    assert_canonical(&json);
    assert_eq!(from_json::<WitFacts>(&json).expect("reads back"), seen);
    assert_eq!(OwnerOnboarding::to_checkable(&seen).expect("checkable"), facts(true));
    assert!(!format!("{seen:?}").contains("Ada"), "{seen:?}");
    let narrow = OwnerOnboarding::granted(&facts(true), &[]);
    assert_eq!(OwnerOnboarding::narrowed(seen, &[]), narrow);
    let json = to_json(&narrow);
    let hash = format!(r#""email-hash":"{}""#, "a5".repeat(32));
    for part in
        [r#""email":null"#, r#""email-domain":"example.com""#, &hash, r#""company-domain":"example.com""#]
    {
        assert!(json.contains(part), "{part} is not in {json}");
    }
    for (from, to) in [("sk-SK", "not a locale"), (r#""email":null"#, r#""email":"nobody""#)] {
        let read = from_json::<WitFacts>(&json.replace(from, to));
        let read = read.and_then(|seen| OwnerOnboarding::to_checkable(&seen));
        assert!(matches!(read, Err(Error::UnreadableFacts(_))), "{to}");
    }
}
