//! Companies, from outside (contract §2).

use serde_json::{Value, json};
use switchboard_tests::{Client, Furnished, TestHost};

use crate::stock::Stock;
use crate::table::{
    all_accepted, all_changes_accepted, all_changes_refused, all_refused, assert_moment, assert_names,
    assert_refused, bad_metadata, good_metadata, keyed,
};

const INVALID: &str = "VALIDATION_ERROR";

fn settings(window: &Value) -> Value {
    json!({ "settings": { "callWindow": window } })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_smallest_and_the_largest_company_have_exactly_these_members() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut ats = host.partner(&here.ats_key);
    let small = ats.post("/company", &json!({ "name": "Ab" })).await.expect(201);
    assert_names(&small, &["id", "name", "settings", "createdAt", "updatedAt"]);
    assert_moment(&small["createdAt"]);
    assert_eq!(small["createdAt"], small["updatedAt"]);
    let days = json!(["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]);
    let window = json!({ "start": "08:00", "end": "20:00", "days": days });
    assert_eq!(small["settings"], json!({ "timezone": "UTC", "locale": "en", "callWindow": window }));

    let whole = json!({
        "name": "Kowalski Logistics", "description": "Freight.", "website": "https://kowalski.example/?a=b",
        "industry": "Logistics", "size": "51-200", "location": { "city": "Gdańsk", "countryCode": "PL" },
        "settings": {
            "timezone": "Europe/Warsaw", "locale": "pl-PL",
            "callWindow": { "start": "22:00", "end": "06:00", "days": ["FRI", "MON"] },
        },
        "metadata": { "manager": "m" }, "ownerEmail": "Owner@Kowalski.example", "stranger": 1,
    });
    let mut large = ats.post("/company", &whole).await.expect(201);
    let id = large["id"].as_str().expect("an id").to_owned();
    assert_eq!(ats.get(&format!("/company/{id}")).await.expect(200), large);
    // The days stand in the order of the week.
    assert_eq!(large["settings"]["callWindow"]["days"], json!(["MON", "FRI"]));
    large["settings"]["callWindow"]["days"] = json!(["FRI", "MON"]);
    for name in whole.as_object().expect("an object").keys().filter(|name| *name != "stranger") {
        assert_eq!(large[name], whole[name], "{name}");
    }
    assert!(large.get("stranger").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bound_of_a_company_is_accepted_and_one_beyond_is_not() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut ats = host.partner(&here.ats_key);
    let base = json!({ "name": "Acme" });
    let url = |chars: usize| format!("https://a.example/{}", "x".repeat(chars - 18));
    let email = |chars: usize| format!("{}@{}.example", "x".repeat(64), domain(chars - 64 - 9));
    let window = |start: &str, end: &str| settings(&json!({ "start": start, "end": end, "days": ["MON"] }));

    let mut good = vec![
        json!({ "name": "Ab" }),
        json!({ "name": "ž".repeat(100) }),
        json!({ "name": "  two " }),
        json!({ "description": "x" }),
        json!({ "description": "😀".repeat(1000) }),
        json!({ "website": url(2048) }),
        json!({ "industry": "x".repeat(100) }),
        json!({ "size": "x".repeat(100) }),
        json!({ "location": { "city": "Oslo" } }),
        json!({ "location": { "countryCode": "NO" } }),
        json!({ "ownerEmail": "o'neil+x@sub.example" }),
        json!({ "ownerEmail": email(254) }),
        json!({ "description": null, "website": null, "industry": null, "size": null, "location": null }),
        json!({ "settings": null, "metadata": null, "ownerEmail": null }),
    ];
    good.extend(good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })));
    good.retain(|change| change.get("settings").is_none());
    all_accepted(&mut ats, "/company", &base, &good).await;
    for change in [window("00:00", "24:00"), window("23:59", "00:00"), window("20:00", "08:00")] {
        let made = ats.post("/company", &crate::table::with(&base, &change)).await.expect(201);
        assert_eq!(made["settings"]["callWindow"], change["settings"]["callWindow"]);
    }

    let window_paths = |name: &str| format!("settings.callWindow.{name}");
    let (start, end, days) = (window_paths("start"), window_paths("end"), window_paths("days"));
    let mut bad = vec![
        (json!({ "name": null }), "MISSING_REQUIRED_FIELD", vec!["name"]),
        (json!({ "name": "A" }), INVALID, vec!["name"]),
        (json!({ "name": "ž".repeat(101) }), INVALID, vec!["name"]),
        (json!({ "name": 12 }), INVALID, vec!["name"]),
        (json!({ "name": ["Acme"] }), INVALID, vec!["name"]),
        (json!({ "name": "nul\0" }), INVALID, vec!["name"]),
        (json!({ "description": "" }), INVALID, vec!["description"]),
        (json!({ "description": "x".repeat(1001) }), INVALID, vec!["description"]),
        (json!({ "description": false }), INVALID, vec!["description"]),
        (json!({ "website": "kowalski.example" }), INVALID, vec!["website"]),
        (json!({ "website": "ftp://kowalski.example" }), INVALID, vec!["website"]),
        (json!({ "website": url(2049) }), INVALID, vec!["website"]),
        (json!({ "industry": "x".repeat(101) }), INVALID, vec!["industry"]),
        (json!({ "size": "x".repeat(101) }), INVALID, vec!["size"]),
        (json!({ "location": "Oslo" }), INVALID, vec!["location"]),
        (
            json!({ "location": { "city": 1, "countryCode": "no" } }),
            INVALID,
            vec!["location.city", "location.countryCode"],
        ),
        (json!({ "location": { "countryCode": "ZZ" } }), INVALID, vec!["location.countryCode"]),
        (json!({ "settings": [] }), INVALID, vec!["settings"]),
        (json!({ "settings": { "timezone": "Mars/Base" } }), INVALID, vec!["settings.timezone"]),
        (json!({ "settings": { "locale": "not a tag" } }), INVALID, vec!["settings.locale"]),
        (settings(&json!("always")), INVALID, vec!["settings.callWindow"]),
        (window("08:00", "08:00"), INVALID, vec![&end]),
        (window("24:00", "08:00"), INVALID, vec![&start]),
        (window("8:00", "25:00"), INVALID, vec![&start, &end]),
        (settings(&json!({ "start": "08:00", "end": "20:00", "days": [] })), INVALID, vec![&days]),
        (
            settings(&json!({ "start": "08:00", "end": "20:00", "days": ["MON", "mon"] })),
            INVALID,
            vec!["settings.callWindow.days[1]"],
        ),
        (settings(&json!({ "start": "08:00", "days": ["MON"] })), "MISSING_REQUIRED_FIELD", vec![&end]),
        (json!({ "ownerEmail": "nobody" }), INVALID, vec!["ownerEmail"]),
        (json!({ "ownerEmail": format!("x{}", email(254)) }), INVALID, vec!["ownerEmail"]),
        (
            json!({ "name": "A", "size": 1, "website": "x", "ownerEmail": "y" }),
            INVALID,
            vec!["name", "size", "website", "ownerEmail"],
        ),
    ];
    bad.extend(
        bad_metadata()
            .into_iter()
            .map(|metadata| (json!({ "metadata": metadata }), INVALID, vec!["metadata"])),
    );
    let bad: Vec<_> =
        bad.iter().map(|(change, code, paths)| (change.clone(), *code, paths.as_slice())).collect();
    all_refused(&mut ats, "/company", &base, &bad).await;
    for body in [json!([]), json!("x"), json!(null), json!(1)] {
        assert_refused(&ats.post("/company", &body).await, INVALID, &["body"], &body);
    }
}

/// Labels of at most 63 characters, so many in all.
fn domain(chars: usize) -> String {
    (0..chars).map(|index| if index % 60 == 59 && index + 1 < chars { '.' } else { 'd' }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_key_has_its_one_company_and_makes_none() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let stranger = host.furnish().await;
    let (mut company, mut ats) = (host.partner(&here.company_key), host.partner(&here.ats_key));
    let error =
        company.post("/company", &json!({ "name": "Acme" })).await.refused(403, "INSUFFICIENT_PERMISSIONS");
    assert_eq!(error["details"]["requiredScope"], "write:companies");
    let list = company.get("/company").await.expect(200);
    assert_eq!((&list["total"], &list["data"][0]["id"]), (&json!(1), &json!(here.company_id)));
    let beyond = company.get("/company?page=2").await.expect(200);
    assert_eq!((beyond["data"].clone(), &beyond["hasPreviousPage"]), (json!([]), &json!(true)));
    let list = ats.get("/companies").await.expect(200);
    let ids: Vec<_> = list["data"].as_array().expect("a list").iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [json!(sibling.company_id), json!(here.company_id)], "newest first");

    let path = |id: &str| format!("/company/{id}");
    let _ = company.get(&path(&here.company_id)).await.expect(200);
    let _ = ats.get(&path(&sibling.company_id)).await.expect(200);
    for other in [&sibling.company_id, &stranger.company_id] {
        let _ = company.get(&path(other)).await.refused(403, "RESOURCE_ACCESS_DENIED");
    }
    let _ = ats.get(&path(&stranger.company_id)).await.refused(403, "RESOURCE_ACCESS_DENIED");
    let nobody = "01960e6a-7c00-7000-8000-000000000001";
    let error = ats.get(&path(nobody)).await.refused(404, "RESOURCE_NOT_FOUND");
    assert_eq!(error["details"], json!({ "resourceType": "Company", "resourceId": nobody }));
}

/// A company of a new ATS with some of everything; its path.
async fn made(host: &TestHost) -> (Furnished, Client, String) {
    let here = host.furnish().await;
    let whole = json!({
        "name": "Kowalski", "description": "Freight.", "website": "https://kowalski.example", "industry": "Logistics",
        "size": "51-200", "location": { "city": "Gdańsk", "countryCode": "PL" },
        "settings": {
            "timezone": "Europe/Warsaw", "locale": "pl-PL",
            "callWindow": { "start": "09:00", "end": "18:00", "days": ["MON"] },
        },
        "metadata": { "a": 1, "b": { "x": 1 }, "c": null }, "ownerEmail": "Owner@kowalski.example",
    });
    let mut ats = host.partner(&here.ats_key);
    let id = ats.post("/company", &whole).await.expect(201)["id"].clone();
    (here, ats, format!("/company/{}", id.as_str().expect("an id")))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_what_is_not_sent() {
    let host = TestHost::start().await;
    let (here, mut ats, path) = made(&host).await;
    let good = [
        json!({ "name": "Nowak", "size": "" }),
        json!({ "location": { "city": "Łódź" } }),
        json!({ "ownerEmail": "other@nowak.example" }),
        json!({ "ownerEmail": "Other@Nowak.example" }),
        json!({ "ownerEmail": null, "location": null, "size": null, "industry": null }),
        json!({ "website": null, "description": null, "metadata": null }),
    ];
    all_changes_accepted(&mut ats, &path, &good).await;
    // A company key changes its own company, and no other.
    let mut company = host.partner(&here.company_key);
    let own = format!("/companies/{}", here.company_id);
    assert_eq!(company.patch(&own, &json!({ "name": "Own" })).await.expect(200)["name"], "Own");
    let _ = company.patch(&path, &json!({ "name": "Own" })).await.refused(403, "RESOURCE_ACCESS_DENIED");
    let _ = company.delete(&path).await.refused(403, "RESOURCE_ACCESS_DENIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_merged_one_level_and_a_window_is_replaced_whole() {
    let host = TestHost::start().await;
    let (_, mut ats, path) = made(&host).await;
    let days = json!(["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]);
    let (given, default) = (
        json!({ "start": "09:00", "end": "18:00", "days": ["MON"] }),
        json!({ "start": "08:00", "end": "20:00", "days": days }),
    );
    let sunday = json!({ "start": "08:00", "end": "20:00", "days": ["SUN"] });
    for (change, timezone, locale, window) in [
        (json!({}), "Europe/Warsaw", "pl-PL", &given),
        (json!({ "timezone": "Asia/Tokyo" }), "Asia/Tokyo", "pl-PL", &given),
        (json!({ "locale": "ja", "timezone": null }), "UTC", "ja", &given),
        (json!({ "callWindow": { "days": ["SUN"] } }), "UTC", "ja", &sunday),
        (json!({ "callWindow": null, "timezone": "Asia/Tokyo" }), "Asia/Tokyo", "ja", &default),
        (json!({ "callWindow": given }), "Asia/Tokyo", "ja", &given),
        (json!(null), "UTC", "en", &default),
    ] {
        let shown = ats.patch(&path, &json!({ "settings": change })).await.expect(200);
        let expected = json!({ "timezone": timezone, "locale": locale, "callWindow": window });
        assert_eq!(shown["settings"], expected, "{change}");
        assert_eq!(ats.get(&path).await.expect(200), shown, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_merged_one_level_and_null_removes_a_key() {
    let host = TestHost::start().await;
    let (_, mut ats, path) = made(&host).await;
    for (change, expected) in [
        (json!({}), json!({ "a": 1, "b": { "x": 1 }, "c": null })),
        (json!({ "b": { "y": 2 }, "d": [null] }), json!({ "a": 1, "b": { "y": 2 }, "c": null, "d": [null] })),
        (json!({ "a": null, "c": null, "nobody": null }), json!({ "b": { "y": 2 }, "d": [null] })),
        (json!({ "b": null, "d": null }), json!({})),
        (keyed(50), keyed(50)),
        (json!({ "k0": null, "one more": 1 }), {
            let mut expected = keyed(50);
            expected.as_object_mut().expect("an object").remove("k0");
            expected["one more"] = json!(1);
            expected
        }),
    ] {
        let shown = ats.patch(&path, &json!({ "metadata": change })).await.expect(200);
        assert_eq!(shown["metadata"], expected, "{change}");
        assert_eq!(ats.get(&path).await.expect(200), shown, "{change}");
    }
    // The bounds are those of the result.
    let too_many: Vec<(Value, &str, &[&str])> = vec![
        (json!({ "metadata": { "and another": 1 } }), INVALID, &["metadata"]),
        (json!({ "metadata": { "k1": { "inside": 1 } } }), INVALID, &["metadata"]),
        (json!({ "metadata": { "k1": "x".repeat(10_240) } }), INVALID, &["metadata"]),
    ];
    all_changes_refused(&mut ats, &path, &too_many).await;
    assert_eq!(ats.patch(&path, &json!({ "metadata": null })).await.expect(200).get("metadata"), None);
    let again = ats.patch(&path, &json!({ "metadata": { "a": null, "b": 1 } })).await.expect(200);
    assert_eq!(again["metadata"], json!({ "b": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_change_is_named() {
    let host = TestHost::start().await;
    let (_, mut ats, path) = made(&host).await;
    let mut bad: Vec<(Value, &str, &[&str])> = vec![
        (json!({ "name": null }), INVALID, &["name"]),
        (
            json!({ "name": "A", "website": "x", "ownerEmail": "y" }),
            INVALID,
            &["name", "website", "ownerEmail"],
        ),
        (json!({ "description": "", "size": 7 }), INVALID, &["description", "size"]),
        (json!({ "location": { "countryCode": "ZZ" } }), INVALID, &["location.countryCode"]),
        (json!({ "settings": [] }), INVALID, &["settings"]),
        (
            json!({ "settings": { "timezone": "Mars/Base", "callWindow": { "days": [] } } }),
            INVALID,
            &["settings.timezone", "settings.callWindow.days"],
        ),
        (
            json!({ "settings": { "callWindow": { "start": "07:00" } } }),
            "MISSING_REQUIRED_FIELD",
            &["settings.callWindow.end"],
        ),
    ];
    let metadata = bad_metadata();
    bad.extend(
        metadata.into_iter().map(|bad| (json!({ "metadata": bad }), INVALID, &["metadata"] as &[&str])),
    );
    all_changes_refused(&mut ats, &path, &bad).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_call_window_counts_from_then_on() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let body = crate::stock::new("/interviews", &here);
    let night = crate::table::with(&body, &json!({ "scheduledAt": "2026-04-10T23:00:00+02:00" }));
    let _ = company.post("/interviews", &night).await.refused(400, "OUTSIDE_CALL_WINDOW");
    let window = json!({ "settings": { "callWindow": { "start": "22:00", "end": "24:00" } } });
    let _ = company.patch(&format!("/company/{}", here.company_id), &window).await.expect(200);
    let _ = company.post("/interviews", &night).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_company_is_answered_as_partners_know_it_and_all_of_it_is_gone() {
    let host = TestHost::start().await;
    let stock = Stock::new(&host).await;
    let here = &stock.here;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let (mut company, mut ats) = (host.partner(&here.company_key), host.partner(&here.ats_key));
    let path = format!("/company/{}", here.company_id);
    let header = [("X-Request-Id", "trace-7")];
    let answer = ats.send("DELETE", &path, &header, bytes::Bytes::new()).await;
    assert_eq!(answer.status, 200);
    let mut envelope = answer.json();
    assert_moment(&envelope["timestamp"]);
    envelope["timestamp"] = json!("then");
    let expected = json!({
        "success": true, "data": true, "error": null, "statusCode": 200, "message": "Success",
        "traceId": "trace-7", "timestamp": "then",
    });
    assert_eq!(envelope, expected);
    let _ = ats.delete(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    let _ = company.get("/jobs").await.refused(401, "INVALID_API_KEY");
    for (path, _) in stock.single() {
        let _ = ats
            .get(&format!("{path}?companyId={}", here.company_id))
            .await
            .refused(404, "RESOURCE_NOT_FOUND");
        let query = format!("{path}?companyId={}", sibling.company_id);
        let _ = ats.get(&query).await.refused(404, "RESOURCE_NOT_FOUND");
    }
    let list = ats.get("/company").await.expect(200);
    assert_eq!((&list["total"], &list["data"][0]["id"]), (&json!(1), &json!(sibling.company_id)));
    // A company may delete itself.
    let mut itself = host.partner(&sibling.company_key);
    let _ = itself.delete(&format!("/company/{}", sibling.company_id)).await.expect(200);
    let _ = itself.get("/company").await.refused(401, "INVALID_API_KEY");
}
