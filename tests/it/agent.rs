//! Agents, from outside (contract §5).

use serde_json::{Value, json};
use switchboard_tests::TestHost;

use crate::table::{
    all_accepted, all_changes_accepted, all_changes_refused, all_refused, assert_names, bad_metadata,
    good_metadata,
};

const INVALID: &str = "VALIDATION_ERROR";
const MISSING: &str = "MISSING_REQUIRED_FIELD";
const NUMBER: &str = "companyPhoneNumberId";
const VOICES: &str = "ALEX PETER MIRIAM SUE VIERA CASANDRA SILVIA MICHAEL LUKE EMMA SARAH EVA";

fn base() -> Value {
    json!({ "name": "Check", "type": "ONLINE", "focus": "GENERIC", "language": "EN", "duration": 15 })
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_given_back_as_they_were_sent() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let made = company.post("/agents", &base()).await.expect(201);
    assert_names(
        &made,
        &["id", "companyId", "name", "type", "focus", "language", "duration", "createdAt", "updatedAt"],
    );
    let mut good = vec![
        json!({ "name": "Ab" }),
        json!({ "name": "x".repeat(100) }),
        json!({ "type": "PHONE", "companyPhoneNumberId": here.phone_number_id }),
        json!({ "duration": 1 }),
        json!({ "duration": 180 }),
        json!({ "questions": [] }),
        json!({ "questions": vec!["q".repeat(1000); 100] }),
        json!({ "instructions": "x".repeat(10_000) }),
        json!({ "language": "VI" }),
    ];
    good.extend(["GENERIC", "SCREENING", "OUTREACH"].map(|focus| json!({ "focus": focus })));
    for level in ["A1", "A2", "B1", "B2", "C1", "C2"] {
        good.push(json!({ "focus": "LANGUAGE_TEST", "cefrLevel": level }));
    }
    good.extend(VOICES.split(' ').map(|voice| json!({ "voiceId": voice })));
    good.extend(good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })));
    all_accepted(&mut company, "/agents", &base(), &good).await;
    // JSON has one kind of number.
    let mut body = base();
    body["duration"] = json!(15.0);
    assert_eq!(company.post("/agents", &body).await.expect(201)["duration"], 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_an_agent_is_named() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let mut company = host.partner(&here.company_key);
    let number = &here.phone_number_id;
    let nothing = json!({ "name": null, "type": null, "focus": null, "language": null, "duration": null });
    let mut bad: Vec<(Value, &str, &[&str])> = vec![
        (nothing, MISSING, &["name", "type", "focus", "language", "duration"]),
        (json!({ "name": "A" }), INVALID, &["name"]),
        (json!({ "name": "x".repeat(101) }), INVALID, &["name"]),
        (json!({ "type": "phone" }), INVALID, &["type"]),
        (json!({ "focus": "SALES" }), INVALID, &["focus"]),
        (json!({ "language": "XX" }), INVALID, &["language"]),
        (json!({ "duration": 0 }), INVALID, &["duration"]),
        (json!({ "duration": 181 }), INVALID, &["duration"]),
        (json!({ "duration": 1.5 }), INVALID, &["duration"]),
        (json!({ "duration": "15" }), INVALID, &["duration"]),
        (json!({ "duration": -1 }), INVALID, &["duration"]),
        (json!({ "duration": 1e300 }), INVALID, &["duration"]),
        (json!({ "questions": vec!["q"; 101] }), INVALID, &["questions"]),
        (json!({ "questions": ["ok", "q".repeat(1001)] }), INVALID, &["questions[1]"]),
        (json!({ "instructions": "x".repeat(10_001) }), INVALID, &["instructions"]),
        (json!({ "voiceId": "BOB" }), INVALID, &["voiceId"]),
        (json!({ "focus": "LANGUAGE_TEST" }), MISSING, &["cefrLevel"]),
        (json!({ "focus": "LANGUAGE_TEST", "cefrLevel": "D1" }), INVALID, &["cefrLevel"]),
        (json!({ "cefrLevel": "B2" }), INVALID, &["cefrLevel"]),
        (json!({ "type": "PHONE" }), MISSING, &["companyPhoneNumberId"]),
        (json!({ "companyPhoneNumberId": number }), INVALID, &["companyPhoneNumberId"]),
        (json!({ "type": "PHONE", "companyPhoneNumberId": "x" }), INVALID, &["companyPhoneNumberId"]),
        (
            json!({ "type": "PHONE", "companyPhoneNumberId": sibling.phone_number_id }),
            INVALID,
            &["companyPhoneNumberId"],
        ),
        (
            json!({ "type": "PHONE", "companyPhoneNumberId": here.company_id }),
            INVALID,
            &["companyPhoneNumberId"],
        ),
        (
            json!({ "type": "PHONE", "focus": "LANGUAGE_TEST", "name": "A" }),
            INVALID,
            &["name", "cefrLevel", "companyPhoneNumberId"],
        ),
    ];
    bad.extend(
        bad_metadata()
            .into_iter()
            .map(|metadata| (json!({ "metadata": metadata }), INVALID, &["metadata"] as &[&str])),
    );
    all_refused(&mut company, "/agents", &base(), &bad).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_keeps_what_is_not_sent() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let id = company.post("/agents", &base()).await.expect(201)["id"].clone();
    let path = format!("/agents/{}", id.as_str().expect("an id"));
    let mut good = vec![
        json!({ "name": "Other", "language": "SK", "duration": 180 }),
        json!({ "questions": ["a", ""], "instructions": "Speak slowly.", "voiceId": "EVA" }),
        json!({ "questions": [] }),
        json!({ "questions": null, "instructions": null, "voiceId": null }),
        json!({ "focus": "LANGUAGE_TEST", "cefrLevel": "B2" }),
        json!({ "cefrLevel": "C1" }),
        json!({ "focus": "OUTREACH", "cefrLevel": null }),
        json!({ "type": "PHONE", "companyPhoneNumberId": here.phone_number_id }),
        json!({ "type": "ONLINE", "companyPhoneNumberId": null }),
    ];
    good.extend(good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })));
    good.push(json!({ "metadata": null }));
    all_changes_accepted(&mut company, &path, &good).await;
    let list = company.get("/agents?focus=OUTREACH&type=ONLINE").await.expect(200);
    assert_eq!(list["total"], 1, "the lists by type and focus follow");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_change_is_named() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let sibling = host.furnish_company(here.ats_id.clone()).await;
    let mut company = host.partner(&here.company_key);
    let phone = json!({ "type": "PHONE", "companyPhoneNumberId": here.phone_number_id });
    let test = json!({ "focus": "LANGUAGE_TEST", "cefrLevel": "B2" });
    let mut paths = Vec::new();
    for change in [phone, test] {
        let made = company.post("/agents", &crate::table::with(&base(), &change)).await.expect(201);
        paths.push(format!("/agents/{}", made["id"].as_str().expect("an id")));
    }
    let nothing = json!({ "name": null, "type": null, "focus": null, "language": null, "duration": null });
    let mut bad: Vec<(Value, &str, &[&str])> = vec![
        (nothing, INVALID, &["name", "type", "focus", "language", "duration"]),
        (json!({ "duration": 0, "voiceId": "BOB" }), INVALID, &["duration", "voiceId"]),
        (json!({ "type": "ONLINE" }), INVALID, &[NUMBER]),
        (json!({ NUMBER: null }), MISSING, &[NUMBER]),
        (json!({ NUMBER: sibling.phone_number_id }), INVALID, &[NUMBER]),
        (json!({ NUMBER: here.company_id }), INVALID, &[NUMBER]),
        (json!({ "focus": "LANGUAGE_TEST" }), MISSING, &["cefrLevel"]),
        (json!({ "cefrLevel": "B2", "type": "ONLINE" }), INVALID, &["cefrLevel", NUMBER]),
        (json!({ "cefrLevel": "B2", "name": "x" }), INVALID, &["cefrLevel", "name"]),
    ];
    let metadata = bad_metadata();
    bad.extend(
        metadata.into_iter().map(|bad| (json!({ "metadata": bad }), INVALID, &["metadata"] as &[&str])),
    );
    all_changes_refused(&mut company, &paths[0], &bad).await;
    let bad: Vec<(Value, &str, &[&str])> = vec![
        (json!({ "focus": "GENERIC" }), INVALID, &["cefrLevel"]),
        (json!({ "cefrLevel": null }), MISSING, &["cefrLevel"]),
        (json!({ "type": "PHONE" }), MISSING, &[NUMBER]),
        (json!({ NUMBER: here.phone_number_id }), INVALID, &[NUMBER]),
    ];
    all_changes_refused(&mut company, &paths[1], &bad).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_taken_away_stands_in_the_way_of_nothing_else() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let phone = json!({ "type": "PHONE", "companyPhoneNumberId": here.phone_number_id });
    let made = company.post("/agents", &crate::table::with(&base(), &phone)).await.expect(201);
    let path = format!("/agents/{}", made["id"].as_str().expect("an id"));
    let taken = format!("/phone-numbers/{}", here.phone_number_id);
    let _ = host.operator().delete(&taken).await;
    assert_eq!(company.patch(&path, &json!({ "name": "Other" })).await.expect(200)["name"], "Other");
    let answer = company.patch(&path, &json!({ "companyPhoneNumberId": here.phone_number_id })).await;
    crate::table::assert_refused(&answer, INVALID, &["companyPhoneNumberId"], &json!("named again"));
}

#[tokio::test(flavor = "multi_thread")]
async fn interviews_keep_the_agent_as_it_was_and_those_of_a_deleted_one_are_cancelled() {
    let host = TestHost::start().await;
    let here = host.furnish().await;
    let mut company = host.partner(&here.company_key);
    let phone = json!({ "type": "PHONE", "companyPhoneNumberId": here.phone_number_id });
    let agent = company.post("/agents", &crate::table::with(&base(), &phone)).await.expect(201);
    let agent = agent["id"].as_str().expect("an id").to_owned();
    let candidate = json!({
        "firstName": "J", "lastName": "N", "phoneNumber": "+421901234567", "gdprExpiryDate": "2027-01-01",
    });
    let body = json!({ "candidate": candidate, "agentId": agent });
    let made = company.post("/interviews", &body).await.expect(201);
    let interview = format!("/interviews/{}", made["id"].as_str().expect("an id"));
    let path = format!("/agents/{agent}");
    let online = json!({ "type": "ONLINE", "companyPhoneNumberId": null });
    let _ = company.patch(&path, &online).await.expect(200);
    assert_eq!(company.get(&interview).await.expect(200), made, "still a phone interview with its attempt");

    let over = crate::table::with(&body, &json!({ "isTest": true }));
    let over = company.post("/interviews", &over).await.expect(201);
    assert_eq!(company.delete(&path).await.expect(200), json!(true));
    let _ = company.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    let shown = company.get(&interview).await.expect(200);
    assert_eq!(
        (&shown["status"], &shown["agentId"], &shown["callAttempts"][0]["status"]),
        (&json!("CANCELLED"), &json!(agent), &json!("CANCELLED"))
    );
    let over = format!("/interviews/{}", over["id"].as_str().expect("an id"));
    assert_eq!(company.get(&over).await.expect(200)["status"], "COMPLETED");
}
