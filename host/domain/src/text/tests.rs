use proptest::prelude::*;

use super::*;

fn message<T: fmt::Debug>(result: Result<T, Flaw>) -> String {
    match result {
        Ok(value) => panic!("{value:?} was accepted"),
        Err(flaw) => flaw.message,
    }
}

#[test]
fn lengths_count_unicode_scalar_values_and_nothing_is_trimmed() {
    assert_eq!(bounded("žluťoučký", 9..=9).as_deref(), Ok("žluťoučký"));
    assert_eq!(bounded(" a ", 3..=3).as_deref(), Ok(" a "));
    assert_eq!(message(bounded("a", 2..=100)), "must have 2 to 100 characters, has 1");
    assert_eq!(message(bounded("abc", 0..=2)), "must have at most 2 characters, has 3");
    assert_eq!(message(bounded("a\0b", 1..=9)), "must not contain the NUL character");
    assert_eq!(bounded("", 0..=2).as_deref(), Ok(""));
}

#[test]
fn addresses() {
    for fine in
        ["a@example.com", "john+tag@example.co.uk", "jiří@příklad.cz", "用户@例子.公司", "root@localhost"]
    {
        assert_eq!(EmailAddress::parse(fine).map(|address| address.as_str().to_owned()), Ok(fine.to_owned()));
    }
    let long = format!("{}@{}.example.com", "a".repeat(64), "b".repeat(63));
    assert!(EmailAddress::parse(&long).is_ok());
    for wrong in
        ["", "example.com", "@example.com", "a@", "a b@example.com", "A <a@example.com>", "a@[127.0.0.1]"]
    {
        assert!(EmailAddress::parse(wrong).is_err(), "{wrong}");
    }
    let too_long = format!("a@{}", "b".repeat(253));
    assert!(message(EmailAddress::parse(&too_long)).contains("254"));
}

#[test]
fn addresses_stay_as_written_and_do_not_show_in_logs() -> Result<(), Flaw> {
    let address = EmailAddress::parse("Eva.Nováková@Example.COM")?;
    assert_eq!(address.as_str(), "Eva.Nováková@Example.COM");
    assert!(!format!("{address:?}").contains("Eva"));
    Ok(())
}

#[test]
fn urls() {
    for fine in [
        "https://example.com",
        "http://example.com:8080/a?b=c#d",
        "HTTPS://příklad.cz/č",
        "http://127.0.0.1/",
    ] {
        assert_eq!(WebUrl::parse(fine).map(|url| url.as_str().to_owned()), Ok(fine.to_owned()));
    }
    for wrong in [
        "",
        "example.com",
        "/jobs",
        "ftp://example.com",
        "javascript://example.com",
        "http:example.com",
        "http:///example.com",
        "https://",
        "https://exa mple.com",
        " https://example.com",
        "https://example.com\n",
        "https://example.com:99999",
    ] {
        assert!(WebUrl::parse(wrong).is_err(), "{wrong:?}");
    }
    let longest = format!("https://example.com/{}", "a".repeat(2_048 - 20));
    assert!(WebUrl::parse(&longest).is_ok());
    assert!(message(WebUrl::parse(&format!("{longest}a"))).contains("2048"));
}

#[test]
fn language_tags() {
    for fine in ["en", "de-AT", "zh-Hant-TW", "sr-Latn", "x-private"] {
        assert_eq!(Locale::parse(fine).map(|tag| tag.as_str().to_owned()), Ok(fine.to_owned()));
    }
    for wrong in ["", "en_US", "e", "english language", "de-", "č"] {
        assert!(Locale::parse(wrong).is_err(), "{wrong:?}");
    }
    assert_eq!(Locale::default().as_str(), "en");
}

#[test]
fn codes_are_listed_and_upper_case() {
    for fine in ["DE", "CZ", "US", "AX", "ZW"] {
        assert!(CountryCode::parse(fine).is_ok(), "{fine}");
    }
    for fine in ["EUR", "CZK", "USD", "AED", "ZWL", "XCG"] {
        assert!(CurrencyCode::parse(fine).is_ok(), "{fine}");
    }
    for wrong in ["", "D", "DEU", "XX", "UK", "EU", "ß"] {
        let said = message(CountryCode::parse(wrong));
        assert_eq!(said, "must be an ISO 3166-1 alpha-2 country code such as `DE`, in upper case", "{wrong}");
    }
    for wrong in ["", "EU", "EURO", "ABC", "€"] {
        let said = message(CurrencyCode::parse(wrong));
        assert_eq!(said, "must be an ISO 4217 currency code such as `EUR`, in upper case", "{wrong}");
    }
    assert_eq!(message(CountryCode::parse("de")), "must be in upper case: `DE`");
    assert_eq!(message(CurrencyCode::parse("Eur")), "must be in upper case: `EUR`");
}

#[test]
fn the_lists_are_sorted_so_that_halving_finds_every_code() {
    assert!(iso_codes::COUNTRIES.is_sorted_by(|a, b| a < b));
    assert!(iso_codes::CURRENCIES.is_sorted_by(|a, b| a < b));
    assert_eq!(iso_codes::COUNTRIES.len(), 249);
    assert!(iso_codes::CURRENCIES.iter().all(|code| code.len() == 3));
}

proptest! {
    #[test]
    fn what_is_accepted_is_kept_as_written(text in "\\PC{0,40}") {
        for kept in [
            EmailAddress::parse(&text).map(|kept| kept.0),
            WebUrl::parse(&text).map(|kept| kept.0),
            Locale::parse(&text).map(|kept| kept.0),
            CountryCode::parse(&text).map(|kept| kept.0),
            CurrencyCode::parse(&text).map(|kept| kept.0),
            bounded(&text, 0..=40),
        ].into_iter().flatten() {
            prop_assert_eq!(&kept, &text);
        }
    }
}

#[test]
fn domains_are_compared_in_their_ascii_form() {
    for (address, domain, folded) in [
        ("Ada@Example.COM", "example.com", "ada@example.com"),
        ("a+tag@sub.example.com", "sub.example.com", "a+tag@sub.example.com"),
        ("jörg@Bücher.example", "xn--bcher-kva.example", "jörg@xn--bcher-kva.example"),
        ("JÖRG@xn--bcher-kva.example", "xn--bcher-kva.example", "jörg@xn--bcher-kva.example"),
        ("root@localhost", "localhost", "root@localhost"),
    ] {
        let read = EmailAddress::parse(address).expect(address);
        assert_eq!((read.domain().as_str(), read.folded().as_str()), (domain, folded));
    }
    for (url, domain) in [
        ("https://www.Example.com/jobs?a=1", "example.com"),
        ("http://bücher.example:8080", "xn--bcher-kva.example"),
        ("https://wwwide.example", "wwwide.example"),
        ("https://sub.www.example", "sub.www.example"),
        ("http://127.0.0.1/", "127.0.0.1"),
    ] {
        assert_eq!(WebUrl::parse(url).expect(url).domain(), domain, "{url}");
    }
}
