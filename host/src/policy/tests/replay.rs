//! What is recorded is canonical, and replays.

use switchboard_domain::release::OnFailure;

use super::{assert_canonical, facts, guest, hostile, resolve, runtime, standard};
use crate::policy::adapter::{from_json, to_json};
use crate::policy::job_resolution::WitFacts;
use crate::policy::{Error, JobResolution, Policy as _};

#[tokio::test]
async fn a_replay_gives_the_same_answer_and_the_same_fuel() {
    for act in ["answer-first", "answer-newest", "loop", "trap", "wrong-job", "recurse"] {
        let release = hostile(act, OnFailure::Reject);
        let recorded = resolve(&release).await;
        let again = runtime().replay(&release, guest("hostile"), &recorded.facts).await.expect("replays");
        assert_eq!(again.outcome, recorded.asked[0].outcome, "{act}");
        assert_eq!(again.fuel_used, recorded.asked[0].fuel_used, "{act}");
    }
}

#[tokio::test]
async fn what_a_fallback_saw_is_replayed_from_what_the_active_release_saw() {
    let mut active = hostile("trap", OnFailure::Fallback);
    active.grants = vec!["job-title".to_owned(), "candidate-metadata".to_owned()];
    let recorded = resolve(&active).await;
    assert!(recorded.facts.contains("Job 12") && recorded.facts.contains("secret"));
    let again = runtime().replay(&standard(), guest("standard"), &recorded.facts).await.expect("replays");
    assert_eq!(again.outcome, recorded.asked[1].outcome);
    assert_eq!(again.fuel_used, recorded.asked[1].fuel_used);
}

#[test]
fn facts_are_canonical_and_only_what_was_granted() {
    let all = ["job-title".to_owned(), "candidate-metadata".to_owned()];
    let seen = JobResolution::granted(&facts(), &all);
    let json = to_json(&seen);
    assert_eq!(from_json::<WitFacts>(&json).expect("reads back"), seen);
    assert_canonical(&json);
    let narrow = JobResolution::granted(&facts(), &[]);
    assert_eq!(JobResolution::narrowed(seen, &[]), narrow);
    let json = to_json(&narrow);
    assert!(!json.contains("Job 12") && !json.contains("secret"), "{json}");
    assert!(json.contains(r#"{"pointer":"/b/0","value":{"decimal":"1.5"}}"#), "{json}");
    assert!(json.contains(r#"{"pointer":"/b/2","value":"null"}"#), "{json}");
    assert!(matches!(from_json::<WitFacts>("{}"), Err(Error::UnreadableFacts(_))));
}
