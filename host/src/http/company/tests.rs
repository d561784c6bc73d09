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
