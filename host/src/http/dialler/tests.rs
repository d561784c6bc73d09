use serde_json::json;
use switchboard_domain::problem::Problems;

use super::*;
use crate::http::schema::drift::assert_schema_is_the_readers;

fn read<T>(reader: impl Fn(&mut Fields<'_>) -> Read<T>) -> impl Fn(&Value) -> Result<(), Problems> {
    move |body| body::read(body, |fields| reader(fields)).map(drop)
}

#[test]
fn the_schemas_are_the_readers() {
    let claim = json!({ "max": 5, "leaseSeconds": 30, "waitSeconds": 10 });
    assert_schema_is_the_readers::<ClaimBody>(&read(wanted), &[claim], &[]);
    let beat = json!({ "leaseToken": "t", "leaseSeconds": 30 });
    assert_schema_is_the_readers::<HeartbeatBody>(&read(heartbeat), &[beat], &[]);
    let end = json!({ "leaseToken": "t", "outcome": "BUSY", "durationSeconds": 3 });
    assert_schema_is_the_readers::<OnlineCompletionBody>(&read(super::end), std::slice::from_ref(&end), &[]);
    let mut whole = end;
    whole["recordingUrl"] = json!("https://records.example/1");
    whole["notes"] = json!("n");
    assert_schema_is_the_readers::<CompletionBody>(&read(completion), &[whole], &[]);
}

#[test]
fn a_claim_has_the_contracts_defaults() {
    let wanted = body::read(&json!({}), wanted).unwrap();
    assert_eq!(wanted, Wanted { attempts: 1, lease_seconds: 60, wait: Duration::ZERO });
}
