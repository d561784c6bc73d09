//! Agents, from outside (contract §5).

use serde_json::{Value, json};
use switchboard_tests::TestHost;

use crate::table::{all_accepted, all_refused, assert_names, bad_metadata, good_metadata};

const INVALID: &str = "VALIDATION_ERROR";
const MISSING: &str = "MISSING_REQUIRED_FIELD";
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
