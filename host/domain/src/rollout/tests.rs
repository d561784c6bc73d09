use super::*;
use crate::decision::PolicyName;

const SLOT: Slot = Slot { ats_id: None, policy: PolicyName::Billing };

fn release(number: u8) -> ReleaseId {
    ReleaseId::from_bytes([number; 16])
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn rollout(number: u8, stage: Stage, begun: i64) -> Rollout {
    Rollout {
        release_id: release(number),
        stage,
        percent: 5,
        begun_at: at(begun),
        promote_after_seconds: Some(60),
        bounds: RollbackBounds::default(),
    }
}

#[test]
fn each_bound_is_crossed_just_behind_it() {
    let none = RollbackBounds::default();
    let well = Health { calls: 1000, failed: 10, slow: 10, fuel_total: 1_000_000, compared: 100, changed: 3 };
    let cases = [
        (RollbackBounds { failures: Some(11), ..none }, Health { failed: 11, ..well }, "11 calls failed"),
        (RollbackBounds { failed_percent: Some(1), ..none }, Health { failed: 11, ..well }, "more than 1 %"),
        (RollbackBounds { p99_millis: Some(5), ..none }, Health { slow: 11, ..well }, "longer than 5 ms"),
        (RollbackBounds { fuel_mean: Some(1000), ..none }, Health { fuel_total: 1_000_001, ..well }, "fuel"),
        (
            RollbackBounds { changed_percent: Some(3), ..none },
            Health { changed: 4, ..well },
            "4 of 100 answers",
        ),
    ];
    for (bounds, ill, words) in cases {
        assert_eq!(bounds.crossed(&well), None, "{bounds:?}");
        let crossed = bounds.crossed(&ill).expect("is crossed");
        assert!(crossed.contains(words), "{crossed}");
        assert_eq!(none.crossed(&ill), None, "what is not set does not count");
        assert!(!bounds.is_empty());
    }
    assert!(none.is_empty());
}

#[test]
fn a_share_of_few_calls_says_nothing() {
    let bounds = RollbackBounds {
        failures: None,
        failed_percent: Some(10),
        p99_millis: Some(5),
        fuel_mean: Some(1),
        changed_percent: Some(10),
    };
    let calls = SHARE_CALLS_MIN - 1;
    let few =
        Health { calls, failed: calls, slow: calls, fuel_total: calls * 9, compared: calls, changed: calls };
    assert_eq!(bounds.crossed(&few), None);
    let slow = Health { calls: P99_CALLS_MIN - 1, slow: 50, ..Health::default() };
    assert_eq!(bounds.crossed(&slow), None);
    assert!(bounds.crossed(&Health { calls: P99_CALLS_MIN, slow: 2, ..Health::default() }).is_some());
}

#[test]
fn one_of_each_stage_and_one_of_each_release() {
    let mut slot = SlotRollouts::none(SLOT);
    slot.begin(rollout(1, Stage::Shadow, 10));
    slot.begin(rollout(2, Stage::Canary, 20));
    assert_eq!(slot.under_way.len(), 2);
    slot.begin(rollout(3, Stage::Canary, 30));
    assert_eq!(slot.at(Stage::Canary).map(|rollout| rollout.release_id), Some(release(3)));
    slot.begin(rollout(1, Stage::Canary, 40));
    assert_eq!(slot.under_way, [rollout(1, Stage::Canary, 40)], "the shadow moved on, the canary made way");
    assert_eq!(slot.revision, 4);
    let ends: Vec<_> = slot.ended.iter().map(|ended| (ended.release_id, ended.stage, ended.end)).collect();
    assert_eq!(
        ends,
        [
            (release(3), Stage::Canary, RolloutEnd::Replaced),
            (release(1), Stage::Shadow, RolloutEnd::Replaced),
            (release(2), Stage::Canary, RolloutEnd::Replaced),
        ]
    );
    assert_eq!(slot.end(release(9), RolloutEnd::Aborted, None, at(50)), None);
    let ended = slot.end(release(1), RolloutEnd::RolledBack, Some("slow".to_owned()), at(50));
    assert_eq!(ended.and_then(|rollout| rollout.promotes_at()), Some(at(60_040)));
    assert_eq!((slot.ended[0].ended_at, slot.ended[0].reason.as_deref()), (at(50), Some("slow")));
    for number in 0..100 {
        slot.begin(rollout(number, Stage::Full, 60));
    }
    slot.stop_watching(RolloutEnd::Replaced, at(70));
    assert_eq!((slot.under_way.len(), slot.ended.len()), (0, ENDED_MAX));
}
