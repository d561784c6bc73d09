use serde_json::json;

use super::*;
use crate::http::body::cases::{Kind::*, assert_problems};
use crate::http::schema::drift;

#[test]
fn the_schema_is_the_readers() {
    drift::assert_schema_is_the_readers::<CompanyBody>(
        &|body| read(body).map(drop),
        &[drift::example_of::<CompanyBody>()],
        &[],
    );
}

fn company(body: &Value) -> Company {
    let at = Timestamp::from_unix_millis(1_775_116_800_000);
    let id = "00000000-0000-7000-8000-000000000001";
    let mut company = Company {
        id: id.parse().unwrap(),
        ats_id: id.parse().unwrap(),
        revision: 1,
        name: String::new(),
        description: None,
        website: None,
        industry: None,
        size: None,
        location: None,
        settings: CompanySettings::default(),
        metadata: None,
        owner_email: None,
        owner_status: None,
        billing_system: switchboard_domain::ats::BillingSystem::Minutes,
        usage_limit_thousandths: None,
        calls_at_once: None,
        created_at: at,
        updated_at: at,
    };
    company.describe(read(body).unwrap());
    company
}

#[test]
fn the_schema_of_a_change_is_its_readers() {
    let kept = company(&drift::example_of::<CompanyBody>());
    let reader = |body: &Value| read_change(&kept, body).map(drop);
    let example = drift::example_of::<CompanyPatch>();
    drift::assert_schema_is_the_readers::<CompanyPatch>(&reader, std::slice::from_ref(&example), &[]);
    drift::assert_null_clears_as_the_schema_says::<CompanyPatch>(&reader, &example);
}

#[test]
fn settings_are_merged_one_level_and_what_is_inside_is_replaced_whole() {
    let window = json!({ "start": "22:00", "end": "06:00", "days": ["MON"] });
    let settings = json!({ "timezone": "Europe/Warsaw", "locale": "pl-PL", "callWindow": window });
    let kept = company(&json!({ "name": "Kowalski", "settings": settings }));
    let changed = |change: Value| {
        let draft = read_change(&kept, &json!({ "settings": change })).unwrap();
        let window = draft.settings.call_window;
        let window = format!("{}-{} {}", window.start(), window.end(), window.days().len());
        (draft.settings.timezone.name(), draft.settings.locale.as_str().to_owned(), window)
    };
    let all = |zone: &'static str, locale: &str, window: &str| (zone, locale.to_owned(), window.to_owned());
    let (warsaw, night) = ("Europe/Warsaw", "22:00-06:00 1");
    assert_eq!(changed(json!({})), all(warsaw, "pl-PL", night));
    assert_eq!(changed(json!({ "locale": "de" })), all(warsaw, "de", night));
    assert_eq!(changed(json!({ "timezone": null })), all("UTC", "pl-PL", night));
    assert_eq!(changed(json!({ "locale": null, "callWindow": null })), all(warsaw, "en", "08:00-20:00 7"));
    assert_eq!(changed(json!({ "callWindow": { "days": ["SUN"] } })), all(warsaw, "pl-PL", "08:00-20:00 1"));
    assert_eq!(changed(json!(null)), all("UTC", "en", "08:00-20:00 7"));
    let half =
        json!({ "settings": { "callWindow": { "start": "09:00" } }, "name": null, "description": null });
    assert_problems(
        |body| read_change(&kept, body),
        &[(half, &[("name", Invalid), ("settings.callWindow.end", Missing)])],
    );
}

#[test]
fn metadata_is_merged_one_level() {
    let kept = company(&json!({ "name": "Kowalski", "metadata": { "a": 1, "b": { "x": 1 }, "c": null } }));
    let changed = |change: Value| {
        let draft = read_change(&kept, &json!({ "metadata": change })).unwrap();
        draft.metadata.map(|metadata| metadata.as_str().to_owned())
    };
    assert_eq!(changed(json!({})).as_deref(), Some(r#"{"a":1,"b":{"x":1},"c":null}"#));
    let change = json!({ "b": { "y": 2 }, "a": null, "d": [], "nobody": null });
    assert_eq!(changed(change).as_deref(), Some(r#"{"b":{"y":2},"c":null,"d":[]}"#));
    assert_eq!(changed(json!(null)), None);
    assert!(read_change(&kept, &json!({ "metadata": [] })).unwrap_err().has("metadata"));
}

#[test]
fn every_problem_is_named() {
    let with = |settings: Value| json!({"name": "Kowalski", "settings": settings});
    assert_problems(
        read,
        &[
            (json!([]), &[("body", Invalid)]),
            (json!(null), &[("body", Invalid)]),
            (json!({}), &[("name", Missing)]),
            (json!({"name": null}), &[("name", Missing)]),
            (json!({"name": "K"}), &[("name", Invalid)]),
            (json!({"name": "K "}), &[]),
            (json!({"name": "Kowalski", "unknown": {"a": 1}, "industry": ""}), &[]),
            (
                json!({"name": 7, "description": "", "website": "kowalski", "size": [], "ownerEmail": "x"}),
                &[
                    ("name", Invalid),
                    ("description", Invalid),
                    ("website", Invalid),
                    ("size", Invalid),
                    ("ownerEmail", Invalid),
                ],
            ),
            (
                json!({"name": "Kowalski", "location": {"city": 1, "countryCode": "pl"}, "metadata": []}),
                &[("location.city", Invalid), ("location.countryCode", Invalid), ("metadata", Invalid)],
            ),
            (with(json!("UTC")), &[("settings", Invalid)]),
            (
                with(json!({"timezone": "Mars/Olympus", "locale": "_"})),
                &[("settings.timezone", Invalid), ("settings.locale", Invalid)],
            ),
            (with(json!({"callWindow": {}})), &[]),
            (with(json!({"callWindow": {"days": ["SAT"]}})), &[]),
            (with(json!({"callWindow": {"start": "21:00"}})), &[("settings.callWindow.end", Missing)]),
            (with(json!({"callWindow": {"end": "21:00"}})), &[("settings.callWindow.start", Missing)]),
            (with(json!({"callWindow": {"days": []}})), &[("settings.callWindow.days", Invalid)]),
            (
                with(json!({"callWindow": {"start": "9", "end": "24:00", "days": ["MON", "mon"]}})),
                &[("settings.callWindow.start", Invalid), ("settings.callWindow.days[1]", Invalid)],
            ),
            (
                with(json!({"callWindow": {"start": "24:00", "end": 9}})),
                &[("settings.callWindow.end", Invalid)],
            ),
        ],
    );
}

#[test]
fn what_is_not_sent_of_the_settings_has_its_default() {
    let draft = read(&json!({"name": "Kowalski", "settings": {"locale": "pl"}})).unwrap();
    assert_eq!(draft.settings.locale.as_str(), "pl");
    assert_eq!(draft.settings.timezone.name(), "UTC");
    assert_eq!(draft.settings.call_window, CallWindow::default());
}
