use super::*;

fn zones(text: &str) -> Vec<&'static str> {
    PhoneNumber::parse(text).expect(text).zones().iter().map(|zone| zone.name()).collect()
}

#[test]
fn a_possible_number_in_e164_form_is_taken_as_it_is() {
    for text in [
        "+4930123456",
        "+4915112345678",
        "+12125550123",
        "+61412345678",
        "+390612345678",
        "+442071838750",
        "+421905123456",
        "+80012345678",
        "+77012345678",
        "+79161234567",
        "+883510012345678",
    ] {
        assert_eq!(PhoneNumber::parse(text).expect(text).as_str(), text);
    }
}

#[test]
fn what_nobody_can_dial_is_refused_with_the_reason() {
    let form = "must be a phone number in E.164 form, such as +4930123456";
    let code = "must begin with a country calling code that exists, such as +49";
    for (text, message) in [
        ("", form),
        ("+", form),
        ("4930123456", form),
        ("004930123456", form),
        ("+49 30 123456", form),
        ("+49-30-123456", form),
        ("+4930123456x", form),
        ("++4930123456", form),
        ("+٤٩٣٠١٢٣٤٥٦", form),
        ("+4930123456\n", form),
        ("+1234567890123456", "must be a phone number of at most 15 digits"),
        ("+0123456789", code),
        ("+2101234567", code),
        ("+999123456789", code),
        ("+1", "must be a possible phone number: after +1 come 10 digits, not 0"),
        ("+15550123", "must be a possible phone number: after +1 come 10 digits, not 7"),
        ("+121255501234", "must be a possible phone number: after +1 come 10 digits, not 11"),
        ("+2012345", "must be a possible phone number: after +20 come 8, 9 or 10 digits, not 5"),
    ] {
        assert_eq!(PhoneNumber::parse(text).expect_err(text), Flaw::invalid(message), "{text}");
    }
}

#[test]
fn a_number_has_the_zones_of_its_longest_known_prefix() {
    assert_eq!(zones("+12125550123"), ["America/New_York"]);
    assert_eq!(zones("+4930123456"), ["Europe/Berlin"]);
    assert_eq!(zones("+61881234567"), ["Australia/Adelaide", "Australia/Perth"]);
    assert_eq!(zones("+61291234567"), ["Australia/Sydney"]);
    assert_eq!(zones("+819012345678"), ["Asia/Tokyo"]);
    let country_only = zones("+76001234567");
    assert!(country_only.contains(&"Europe/Moscow") && country_only.contains(&"Asia/Kamchatka"));
    assert!(zones("+18005550123").len() > 1);
    assert_eq!(zones("+883510012345678"), [""; 0], "an international network lies nowhere");
}

#[test]
fn debug_does_not_tell_whom_to_call() {
    let number = PhoneNumber::parse("+4930123456").unwrap();
    assert_eq!(format!("{number:?}"), "PhoneNumber(…56)");
}
