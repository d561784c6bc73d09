//! Rescheduling, annotating and deleting interviews, from outside (contract §6).

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::store::{self, Abort, Txn};
use switchboard_domain::call_attempt::{CallAttempt, CallAttemptStatus};
use switchboard_domain::event::{Event, EventKind};
use switchboard_domain::interview::{Interview, InterviewStatus};

use super::{INVALID, MISSING, NOBODY, Room};
use crate::table::{Refused, all_changes_accepted, all_changes_refused, bad_metadata, good_metadata};

/// An interview of a Slovak number; ONLINE or PHONE. Its path.
async fn made(room: &mut Room, agent_type: &str, change: Value) -> String {
    let agent = room.agent(agent_type, "GENERIC").await;
    let candidate = room.candidate(json!({ "phoneNumber": "+421901234567" })).await;
    let body = json!({ "candidateId": candidate, "agentId": agent });
    let id = room.make("/interviews", crate::table::with(&body, &change)).await;
    format!("/interviews/{id}")
}

/// What happened to attempts so far, oldest first.
fn events(room: &Room) -> Vec<Event> {
    let snapshot = room.host.running().app().store().snapshot().expect("reads");
    store::event::after(&snapshot, 0, 100).expect("reads")
}

fn scheduled(events: &[Event], attempt: &Value) -> usize {
    let is_it = |event: &&Event| {
        matches!(&event.kind, EventKind::CallAttemptScheduled { call_attempt_id, .. }
            if json!(call_attempt_id.to_string()) == attempt["id"])
    };
    events.iter().filter(is_it).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_interview_moves_with_its_scheduled_attempt() {
    let mut room = Room::new().await;
    let path = made(&mut room, "PHONE", json!({ "metadata": { "round": 1 } })).await;
    let before = room.company.get(&path).await.expect(200);
    let attempt = &before["callAttempts"][0];
    assert_eq!(scheduled(&events(&room), attempt), 1);
    let _ = room.host.clock.advance(Duration::from_secs(60));
    // The written offset is the wall clock; without one it is the candidate's.
    for (written, at) in [
        ("2026-04-10T08:00:00+02:00", "2026-04-10T06:00:00.000Z"),
        ("2026-04-10T19:59+10:30", "2026-04-10T09:29:00.000Z"),
        ("2026-04-11 09:30", "2026-04-11T07:30:00.000Z"),
        ("2026-04-12T17:59:59.999Z", "2026-04-12T17:59:59.999Z"),
    ] {
        let moved = room.company.patch(&path, &json!({ "scheduledAt": written })).await.expect(200);
        let mut expected = before.clone();
        expected["scheduledAt"] = json!(at);
        expected["callAttempts"][0]["scheduledAt"] = json!(at);
        expected["updatedAt"] = moved["updatedAt"].clone();
        assert!(moved["updatedAt"].as_str() > before["updatedAt"].as_str(), "{written}");
        assert_eq!(moved, expected, "{written}");
        assert_eq!(room.company.get(&path).await.expect(200), moved, "{written}");
    }
    assert_eq!(scheduled(&events(&room), attempt), 5, "whoever listens is told of each time");
    // The same time again is nothing new.
    let same = json!({ "scheduledAt": "2026-04-12T17:59:59.999Z" });
    let tag = room.company.get(&path).await.header("etag").map(str::to_owned);
    assert_eq!(room.company.patch(&path, &same).await.header("etag").map(str::to_owned), tag);
    assert_eq!(scheduled(&events(&room), attempt), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_online_interview_moves_to_any_hour() {
    let mut room = Room::new().await;
    let path = made(&mut room, "ONLINE", json!({})).await;
    let moved = room.company.patch(&path, &json!({ "scheduledAt": "2026-04-10T03:00:00+02:00" })).await;
    assert_eq!(moved.expect(200)["scheduledAt"], "2026-04-10T01:00:00.000Z");
    assert_eq!(events(&room), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_field_of_a_change_is_named_and_the_window_holds() {
    let mut room = Room::new().await;
    let path = made(&mut room, "PHONE", json!({})).await;
    let mut bad: Vec<Refused<'_>> = vec![
        (json!([]), INVALID, &["body"]),
        (json!({ "scheduledAt": null }), INVALID, &["scheduledAt"]),
        (json!({ "scheduledAt": 7, "metadata": 7 }), INVALID, &["scheduledAt", "metadata"]),
        (json!({ "scheduledAt": "2026-04-10" }), "INVALID_DATE", &["scheduledAt"]),
        (json!({ "scheduledAt": "2026-04-02T11:58:00+02:00" }), INVALID, &["scheduledAt"]),
        (json!({ "scheduledAt": "2026-05-02T12:10:00+02:00" }), INVALID, &["scheduledAt"]),
        (json!({ "scheduledAt": "soon" }), "INVALID_DATE", &["scheduledAt"]),
    ];
    let metadata = bad_metadata();
    bad.extend(
        metadata.into_iter().map(|bad| (json!({ "metadata": bad }), INVALID, &["metadata"] as &[&str])),
    );
    all_changes_refused(&mut room.company, &path, &bad).await;
    for (written, source, zone) in [
        ("2026-04-10T07:59:59+02:00", "offset", "+02:00"),
        ("2026-04-10T20:00", "phone", "Europe/Bratislava"),
        ("2026-04-10T18:00:00Z", "phone", "Europe/Bratislava"),
    ] {
        let change = json!({ "scheduledAt": written, "metadata": { "kept": "not" } });
        let before = room.company.get(&path).await.expect(200);
        let error = room.company.patch(&path, &change).await.refused(400, "OUTSIDE_CALL_WINDOW");
        assert_eq!(
            (&error["details"]["timeZoneSource"], &error["details"]["timeZone"]),
            (&json!(source), &json!(zone)),
            "{written}"
        );
        assert_eq!(room.company.get(&path).await.expect(200), before, "{written}");
        // What is offered instead is accepted.
        let offered = json!({ "scheduledAt": error["details"]["nextAllowedAt"] });
        let moved = room.company.patch(&path, &offered).await.expect(200);
        assert_ne!(moved["scheduledAt"], before["scheduledAt"]);
        let back = json!({ "scheduledAt": before["scheduledAt"] });
        let mut back = room.company.patch(&path, &back).await.expect(200);
        back["updatedAt"] = before["updatedAt"].clone();
        assert_eq!(back, before, "{written}");
    }
    // Who cannot be called any more cannot be called at another time either.
    let shown = room.company.get(&path).await.expect(200);
    let candidate = format!("/candidates/{}", shown["candidateId"].as_str().expect("an id"));
    let _ = room.company.patch(&candidate, &json!({ "phoneNumber": null })).await.expect(200);
    let later: Vec<Refused<'_>> =
        vec![(json!({ "scheduledAt": "2026-04-10T12:00Z" }), MISSING, &["candidate.phoneNumber"])];
    all_changes_refused(&mut room.company, &path, &later).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_is_replaced_in_any_status() {
    let mut room = Room::new().await;
    let test = made(&mut room, "PHONE", json!({ "isTest": true, "metadata": { "a": 1, "b": 2 } })).await;
    let phone = made(&mut room, "PHONE", json!({})).await;
    let mut good: Vec<Value> =
        good_metadata().into_iter().map(|metadata| json!({ "metadata": metadata })).collect();
    good.extend([json!({ "metadata": { "c": null } }), json!({ "metadata": null }), json!({})]);
    for path in [test, phone] {
        all_changes_accepted(&mut room.company, &path, &good).await;
    }
}

/// Puts interview and attempt into a status, as those who phone will.
async fn put(room: &Room, path: &str, status: InterviewStatus, attempt: CallAttemptStatus) {
    let id = path.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
    let change = move |txn: &mut Txn| {
        let mut interview = store::get::<Interview>(txn, &id)?.expect("an interview");
        interview.status = status;
        interview.revision += 1;
        store::update(txn, &interview)?;
        for found in store::interview::attempts(txn, id)? {
            let changed = CallAttempt { status: attempt, revision: found.revision + 1, ..found };
            store::update(txn, &changed)?;
        }
        Ok::<_, Abort<()>>(())
    };
    room.host.running().app().store().commit(change).await.expect("a commit");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_not_begun_is_rescheduled_and_any_is_deleted() {
    use CallAttemptStatus as A;
    use InterviewStatus as I;
    let mut room = Room::new().await;
    let later = json!({ "scheduledAt": "2026-04-10T12:00Z" });
    for (status, attempt, word) in [
        (I::InProgress, A::InProgress, "IN_PROGRESS"),
        (I::Completed, A::Completed, "COMPLETED"),
        (I::Failed, A::Failed, "FAILED"),
        (I::Cancelled, A::Cancelled, "CANCELLED"),
        (I::Undefined, A::Scheduled, "UNDEFINED"),
    ] {
        let path = made(&mut room, "PHONE", json!({})).await;
        put(&room, &path, status, attempt).await;
        let before = room.company.get(&path).await.expect(200);
        let error = room.company.patch(&path, &later).await.refused(400, "INVALID_STATE_TRANSITION");
        assert_eq!(error["details"], json!({ "status": word, "allowed": ["SCHEDULED"] }));
        // A state that does not allow it comes before the window.
        let night = json!({ "scheduledAt": "2026-04-10T02:00:00+02:00" });
        let _ = room.company.patch(&path, &night).await.refused(400, "INVALID_STATE_TRANSITION");
        assert_eq!(room.company.get(&path).await.expect(200), before);
        assert_eq!(room.company.delete(&path).await.expect(200), json!(true), "{word}");
        let _ = room.company.get(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    }
    // Attempts that are over stay where they were, the one that waits moves.
    let path = made(&mut room, "PHONE", json!({})).await;
    put(&room, &path, I::Scheduled, A::Failed).await;
    let before = room.company.get(&path).await.expect(200);
    let moved = room.company.patch(&path, &later).await.expect(200);
    assert_eq!(moved["scheduledAt"], "2026-04-10T12:00:00.000Z");
    assert_eq!(moved["callAttempts"], before["callAttempts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_interview_calls_nobody() {
    let mut room = Room::new().await;
    let path = made(&mut room, "PHONE", json!({})).await;
    let before = room.company.get(&path).await.expect(200);
    let candidate = format!("/candidates/{}", before["candidateId"].as_str().expect("an id"));
    assert_eq!(room.company.get(&candidate).await.expect(200)["interviewCount"], 1);
    assert_eq!(room.company.delete(&path).await.expect(200), json!(true));
    let _ = room.company.delete(&path).await.refused(404, "RESOURCE_NOT_FOUND");
    let _ = room.company.patch(&path, &json!({})).await.refused(404, "RESOURCE_NOT_FOUND");
    assert_eq!(room.company.get("/interviews").await.expect(200)["total"], 0);
    assert_eq!(room.company.get(&candidate).await.expect(200)["interviewCount"], 0);
    let cancelled = events(&room);
    assert!(
        matches!(&cancelled.last().expect("an event").kind, EventKind::CallAttemptCancelled { call_attempt_id, .. }
            if json!(call_attempt_id.to_string()) == before["callAttempts"][0]["id"]),
        "{cancelled:?}"
    );
    let nobody = format!("/interviews/{NOBODY}");
    let _ = room.company.delete(&nobody).await.refused(404, "RESOURCE_NOT_FOUND");
}
