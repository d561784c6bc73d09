use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn key(reach: Reach) -> Key {
    Key {
        id: KeyId::new(Uuid::from_u128(1)),
        name: "test".to_owned(),
        reach,
        scopes: reach.kind().scopes().to_vec(),
        expires_at: None,
        allowed_ips: Vec::new(),
        rate_per_minute: crate::bounds::RATE_PER_MINUTE_DEFAULT,
        rate_per_hour: crate::bounds::RATE_PER_HOUR_DEFAULT,
        suspension: None,
        revoked_at: None,
        created_at: Timestamp::from_unix_millis(0),
    }
}

#[test]
fn the_scopes_are_the_contracts() {
    let mut words: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    words.sort_unstable();
    let mut expected: Vec<_> = ["jobs", "candidates", "interviews", "agents", "companies"]
        .into_iter()
        .flat_map(|noun| ["read", "write", "delete"].map(|verb| format!("{verb}:{noun}")))
        .chain(["read:billing", "read:webhooks", "write:webhooks"].map(str::to_owned))
        .collect();
    expected.sort_unstable();
    assert_eq!(words, expected);
}

#[test]
fn kinds_have_their_scopes() {
    assert_eq!(KeyKind::Ats.grant(&[]), Ok(Scope::ALL.to_vec()));
    assert_eq!(KeyKind::Company.grant(&[]), Ok(Scope::ALL.to_vec()));
    assert_eq!(KeyKind::Worker.grant(&[]), Ok(vec![]));
    let asked = [Scope::WriteJobs, Scope::ReadJobs, Scope::WriteJobs];
    assert_eq!(KeyKind::Company.grant(&asked), Ok(vec![Scope::ReadJobs, Scope::WriteJobs]));
    let refused = KeyKind::Worker.grant(&[Scope::ReadJobs]);
    assert_eq!(refused, Err(Flaw::invalid("`read:jobs` cannot be given to a worker key")));
}

#[test]
fn a_key_ends_at_its_moment() {
    let moment = Timestamp::from_unix_millis;
    let key = Key { expires_at: Some(moment(1_000)), ..key(Reach::Worker(None)) };
    assert!(!key.is_expired(moment(999)));
    assert!(key.is_expired(moment(1_000)));
    assert!(!Key { expires_at: None, ..key }.is_expired(moment(i64::MAX)));
}

#[test]
fn addresses_from_which_a_key_may_be_used() -> Result<(), Flaw> {
    let open = key(Reach::Worker(None));
    let closed = Key {
        allowed_ips: vec![
            parse_network("192.0.2.77/24")?,
            parse_network("198.51.100.7")?,
            parse_network("2001:db8::/32")?,
        ],
        ..open.clone()
    };
    for (peer, is_allowed) in [
        ("192.0.2.1", true),
        ("::ffff:192.0.2.1", true),
        ("192.0.3.1", false),
        ("198.51.100.7", true),
        ("198.51.100.8", false),
        ("2001:db8:1::1", true),
        ("2001:db9::1", false),
    ] {
        let peer: IpAddr = peer.parse().expect("an address");
        assert_eq!(closed.allows(peer), is_allowed, "{peer}");
        assert!(open.allows(peer));
    }
    for wrong in ["", "192.0.2.0/33", "example.com", "192.0.2"] {
        assert!(parse_network(wrong).is_err(), "{wrong}");
    }
    Ok(())
}

/// Draws every byte value equally often, in order.
fn counting() -> impl FnMut() -> [u8; SECRET_CHARS] {
    let mut next = 0_u8;
    move || {
        std::array::from_fn(|_| {
            let byte = next;
            next = next.wrapping_add(1);
            byte
        })
    }
}

#[test]
fn every_character_is_as_likely_as_every_other() {
    let mut counts = std::collections::BTreeMap::new();
    for byte in 0..=u8::MAX {
        // A byte that is not usable is drawn again; the second draw can be told apart.
        let mut blocks = [[byte; SECRET_CHARS], [0; SECRET_CHARS]].into_iter();
        let secret = Secret::generate(Mode::Live, || blocks.next().expect("no third draw is needed"));
        let letter = secret.expose().chars().last();
        assert_eq!(blocks.next().is_none(), byte >= 248, "{byte}");
        if byte < 248 {
            *counts.entry(letter).or_insert(0_u32) += 1;
        }
    }
    assert_eq!(counts.len(), 62);
    assert!(counts.values().all(|count| *count == 4), "{counts:?}");
}

#[test]
fn a_secret_has_its_form_and_does_not_show_in_logs() {
    let secret = Secret::generate(Mode::Test, counting());
    assert_eq!(secret.expose(), "sk_test_0123456789ABCDEFGHIJKLMNOPQRSTUV");
    assert_eq!(format!("{secret:?}"), "Secret(***)");
}

proptest! {
    #[test]
    fn whatever_is_drawn_has_the_form(bytes in prop::array::uniform32(0_u8..248), is_live: bool) {
        let mode = if is_live { Mode::Live } else { Mode::Test };
        let secret = Secret::generate(mode, || bytes);
        let rest = secret.expose().strip_prefix(prefix(mode)).unwrap_or_default();
        prop_assert!(rest.len() == SECRET_CHARS && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }
}
