//! Analyses: delivered by the dialler's side, shown with the interview and the candidate, printed.

use serde_json::{Value, json};
use switchboard_tests::office::{assert_sound, events};
use switchboard_tests::{Office, TestHost};

use crate::table::{assert_moment, assert_names, assert_refused, with};

const NOBODY: &str = "01960e6a-7c00-7000-8000-000000000001";

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

fn analysis(rating: u8, status: &str) -> Value {
    json!({
        "general": {
            "overallRating": rating, "companyFitRating": "HIGH", "education": "BACHELOR_LEVEL",
            "experience": "THREE_TO_5_YEARS", "strongPoints": ["Hovorí jasne."], "weakPoints": [],
            "evaluation": [{ "criterion": "Motivácia", "rating": 90, "comment": "Pozná firmu." }], "status": status,
        },
        "specific": { "availableFrom": "2026-05-01", "shifts": [1, 2] },
    })
}

/// A call that took place; the interview.
async fn called(office: &mut Office, candidate_id: &str) -> Value {
    let body = json!({ "candidateId": candidate_id, "agentId": office.agent_id });
    let made = office.partner.post("/interviews", &body).await.expect(201);
    let claimed = office.dialler.claim_one().await;
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    made
}

async fn deliver(office: &mut Office, interview: &Value, body: &Value) -> switchboard_tests::Answer {
    office.dialler.0.post(&format!("/worker/interviews/{}/analysis", text(&interview["id"])), body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_shown_with_interview_and_candidate() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let candidate_id = office.candidate("+421901234567").await;
    let made = called(&mut office, &candidate_id).await;
    let pdf = format!("/interviews/{}/analysis-pdf", text(&made["id"]));
    let _ = office.partner.get(&pdf).await.refused(404, "RESOURCE_NOT_FOUND");
    assert!(office.look(&made).await.get("analysis").is_none());
    let (_, seen) = events(&host, 0);

    let sent = analysis(82, "COMPLETED");
    let delivered = deliver(&mut office, &made, &sent).await.expect(200);
    assert_names(&delivered, &["id", "interviewId", "general", "specific"]);
    for date in ["createdAt", "updatedAt"] {
        assert_moment(&delivered["general"][date]);
    }
    for (name, value) in sent["general"].as_object().expect("an object") {
        assert_eq!(&delivered["general"][name], value);
    }
    assert_eq!(delivered["specific"], sent["specific"]);
    assert_eq!(events(&host, seen).0, ["analysis.completed"]);
    assert_eq!(office.look(&made).await["analysis"], delivered);
    let candidate = office.partner.get(&format!("/candidates/{candidate_id}")).await.expect(200);
    assert_eq!((&candidate["overallRating"], &candidate["analysisCount"]), (&json!(82), &json!(1)));
    let list = office.partner.get(text(&candidate["links"]["analyses"])).await.expect(200);
    assert_eq!((&list["total"], &list["data"][0]), (&json!(1), &delivered));

    // Delivered again it takes the other's place; without anything specific that is null.
    let again = with(&analysis(40, "COMPLETED"), &json!({ "specific": null }));
    let replaced = deliver(&mut office, &made, &again).await.expect(200);
    assert_eq!((&replaced["id"], &replaced["specific"]), (&delivered["id"], &Value::Null));
    assert_eq!(replaced["general"]["createdAt"], delivered["general"]["createdAt"]);
    // A newer one counts for the candidate, unless it has judged nobody.
    let second = called(&mut office, &candidate_id).await;
    let _ = deliver(&mut office, &second, &analysis(70, "COMPLETED")).await.expect(200);
    let third = called(&mut office, &candidate_id).await;
    let (_, seen) = events(&host, 0);
    let _ = deliver(&mut office, &third, &analysis(10, "FAILED")).await.expect(200);
    assert_eq!(events(&host, seen).0, ["analysis.failed"]);
    let candidate = office.partner.get(&format!("/candidates/{candidate_id}")).await.expect(200);
    assert_eq!((&candidate["overallRating"], &candidate["analysisCount"]), (&json!(70), &json!(3)));
    let list = office.partner.get(&format!("/candidates/{candidate_id}/analyses?limit=2")).await.expect(200);
    let of: Vec<_> =
        list["data"].as_array().expect("a list").iter().map(|one| one["interviewId"].clone()).collect();
    assert_eq!(of, [third["id"].clone(), second["id"].clone()]);
    let next = format!("/candidates/{candidate_id}/analyses?after={}", text(&list["nextCursor"]));
    assert_eq!(office.partner.get(&next).await.expect(200)["data"], json!([replaced]));

    // With its interview it goes, and the rating with it.
    office.delete(&second).await;
    let candidate = office.partner.get(&format!("/candidates/{candidate_id}")).await.expect(200);
    assert_eq!((&candidate["overallRating"], &candidate["analysisCount"]), (&json!(40), &json!(2)));
    assert_sound(&host);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pdf_is_one() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let candidate_id = office.candidate("+421901234567").await;
    let made = called(&mut office, &candidate_id).await;
    let _ = deliver(&mut office, &made, &analysis(82, "COMPLETED")).await.expect(200);
    let path = format!("/interviews/{}/analysis-pdf", text(&made["id"]));
    let answer = office.partner.get(&path).await.expect(200);
    assert_names(&answer, &["analysisPdfBase64"]);
    // "%PDF-1.7" is the beginning.
    assert!(text(&answer["analysisPdfBase64"]).starts_with("JVBERi0xLj"));
    let stranger = host.furnish().await;
    let _ = host.partner(&stranger.company_key).get(&path).await.refused(403, "RESOURCE_ACCESS_DENIED");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_must_be_something_to_analyse() {
    let host = TestHost::start().await;
    let mut office = Office::new(&host).await;
    let whole = analysis(1, "COMPLETED");
    let waits = office.interview(json!({ "scheduledAt": "2026-04-02T15:00:00+02:00" })).await;
    let error = deliver(&mut office, &waits, &whole).await.refused(400, "INVALID_STATE_TRANSITION");
    assert_eq!(error["details"]["status"], "SCHEDULED");
    let test = office.interview(json!({ "isTest": true })).await;
    let _ = deliver(&mut office, &test, &whole).await.refused(400, "INVALID_STATE_TRANSITION");
    let _ = deliver(&mut office, &json!({ "id": NOBODY }), &whole).await.refused(404, "RESOURCE_NOT_FOUND");
    let answer = deliver(&mut office, &waits, &json!({ "general": { "overallRating": 101 } })).await;
    assert_refused(
        &answer,
        "VALIDATION_ERROR",
        &[
            "general.overallRating",
            "general.companyFitRating",
            "general.education",
            "general.experience",
            "general.strongPoints",
            "general.weakPoints",
            "general.evaluation",
            "general.status",
        ],
        &json!({}),
    );
    // While the call goes on there is; and after it another one may be awaited.
    let made = office.interview(json!({})).await;
    let claimed = office.dialler.claim_one().await;
    let _ = deliver(&mut office, &made, &whole).await.expect(200);
    let _ = office.dialler.complete(&claimed, "COMPLETED").await.expect(200);
    let _ =
        office.post_attempt(&made, json!({ "scheduledAt": "2026-04-02T15:00:00+02:00" })).await.expect(201);
    let _ = deliver(&mut office, &made, &whole).await.expect(200);
}
