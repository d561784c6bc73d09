use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::problem::Problems;

fn release(number: u128) -> ReleaseId {
    ReleaseId::new(Uuid::from_u128(number))
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis)
}

fn slot_with(active: u128, before: Option<u128>) -> SlotState {
    let slot = Slot { ats_id: None, policy: PolicyName::JobResolution };
    SlotState::first(slot, release(active), before.map(release), at(1))
}

#[test]
fn the_active_release_again_changes_nothing() {
    let mut slot = slot_with(1, None);
    let before = slot.clone();
    assert!(!slot.activate(release(1), at(2)));
    assert_eq!(slot.rollback(Some(release(1)), at(2)), Ok(release(1)));
    assert_eq!(slot, before);
}

#[test]
fn rollback_goes_to_what_was_active_before_and_never_forth() {
    let mut slot = slot_with(1, Some(9));
    assert!(slot.activate(release(2), at(2)));
    assert!(slot.activate(release(3), at(3)));
    assert_eq!((slot.active, slot.revision, slot.activated_at), (release(3), 3, at(3)));
    assert_eq!(slot.rollback(None, at(4)), Ok(release(2)));
    assert_eq!((slot.active, slot.revision, slot.activated_at), (release(2), 4, at(4)));
    assert_eq!(slot.rollback(None, at(5)), Ok(release(1)));
    assert_eq!(slot.rollback(None, at(6)), Ok(release(9)));
    let end = slot.clone();
    assert_eq!(slot.rollback(None, at(7)), Err(NoWayBack::NothingBefore));
    assert_eq!(slot, end);
}

#[test]
fn rollback_to_a_named_release_forgets_what_came_after_it() {
    let mut slot = slot_with(1, None);
    for number in [2, 1, 3] {
        slot.activate(release(number), at(2));
    }
    assert_eq!(slot.history, [release(1), release(2), release(1)]);
    assert_eq!(slot.rollback(Some(release(7)), at(3)), Err(NoWayBack::NotInHistory));
    assert_eq!(slot.rollback(Some(release(2)), at(3)), Ok(release(2)));
    assert_eq!((slot.active, slot.history.as_slice()), (release(2), &[release(1)][..]));
}

#[test]
fn the_release_that_a_slot_inherited_is_not_kept_twice() {
    assert!(slot_with(1, Some(1)).history.is_empty());
    assert_eq!(slot_with(1, Some(2)).history, [release(2)]);
}

proptest! {
    #[test]
    fn the_history_is_bounded_and_its_head_is_never_active(
        steps in prop::collection::vec(prop_oneof![(1_u128..6).prop_map(Some), Just(None)], 0..300),
    ) {
        let mut slot = slot_with(1, None);
        for step in steps {
            let before = slot.clone();
            let has_changed = match step {
                Some(number) => slot.activate(release(number), at(2)),
                None => slot.rollback(None, at(2)).is_ok(),
            };
            prop_assert_eq!(slot.revision, before.revision + u64::from(has_changed));
            prop_assert_eq!(slot.active != before.active, has_changed);
            prop_assert!(slot.history.len() <= bounds::SLOT_HISTORY_MAX);
            prop_assert!(slot.history.first() != Some(&slot.active));
        }
    }
}

#[test]
fn the_history_forgets_the_oldest() {
    let mut slot = slot_with(0, None);
    for number in 1..=200 {
        assert!(slot.activate(release(number), at(2)));
    }
    assert_eq!(slot.history.len(), bounds::SLOT_HISTORY_MAX);
    assert_eq!(slot.history.last(), Some(&release(100)));
}

#[test]
fn limits_have_bounds_and_defaults_inside_them() {
    let check = |limits: Limits| {
        let mut problems = Problems::default();
        limits.check("limits", &mut problems);
        problems.list().iter().map(|problem| problem.path.clone()).collect::<Vec<_>>()
    };
    assert!(check(Limits::default()).is_empty());
    assert_eq!(Limits::from(WantedLimits::default()), Limits::default());
    let each = |fuel, timeout_millis, others: [u32; 6]| {
        let [memory_mib, table_elements, input_kib, output_kib, log_kib, calls_in_flight] = others.map(Some);
        let (fuel, timeout_millis) = (Some(fuel), Some(timeout_millis));
        Limits::from(WantedLimits {
            fuel,
            timeout_millis,
            memory_mib,
            table_elements,
            input_kib,
            output_kib,
            log_kib,
            calls_in_flight,
        })
    };
    assert!(check(each(1, 1, [1; 6])).is_empty());
    assert!(check(each(10_000_000_000, 5_000, [256, 40_000, 8_192, 64, 64, 64])).is_empty());
    let all = [
        "limits.fuel",
        "limits.timeoutMs",
        "limits.memoryMib",
        "limits.tableElements",
        "limits.inputKib",
        "limits.outputKib",
        "limits.logKib",
        "limits.callsInFlight",
    ];
    assert_eq!(check(each(0, 0, [0; 6])), all);
    assert_eq!(check(each(10_000_000_001, 5_001, [257, 40_001, 8_193, 65, 65, 65])), all);
}

#[test]
fn names_of_plugins() {
    for fine in ["standard", "a", "9lives", "north-star_1.2", &"a".repeat(64)] {
        assert_eq!(check_plugin_name(fine), Ok(fine.to_owned()));
    }
    for wrong in ["", "-a", ".a", "_a", "A", "a b", "a/b", "a@1", "é", &"a".repeat(65)] {
        assert!(check_plugin_name(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn grants_are_those_of_the_policy() {
    let asked = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>();
    let granted = check_grants(
        PolicyName::JobResolution,
        &asked(&["candidate-metadata", "job-title", "candidate-metadata"]),
    );
    assert_eq!(granted, Ok(asked(&["job-title", "candidate-metadata"])));
    assert_eq!(check_grants(PolicyName::Billing, &[]), Ok(vec![]));
    let refused = check_grants(PolicyName::JobResolution, &asked(&["email"])).expect_err("not its field");
    assert_eq!(
        refused.message,
        "has `email`, but job-resolution can be granted only job-title, candidate-metadata"
    );
    assert!(check_grants(PolicyName::Billing, &asked(&["email"])).is_err());
}

#[test]
fn what_does_not_come_back_waits() {
    let defaults = PolicyName::ALL.map(|policy| OnFailure::default_of(policy).as_str());
    assert_eq!(defaults, ["fallback", "fallback", "hold", "hold"]);
    assert_eq!(OnFailure::parse("last-good"), Ok(OnFailure::LastGood));
    assert_eq!(Wasi::parse("minimal"), Ok(Wasi::Minimal));
}

#[test]
fn what_nobody_decided_waits_unless_it_can_be_refused() {
    use Asker::{Partner, Worker};
    use PolicyName::{Billing, CallScheduling, JobResolution, OwnerOnboarding};
    let held = |policy, asker| {
        let held = |on_failure: &&OnFailure| on_failure.unanswered(policy, asker) == Unanswered::Held;
        OnFailure::ALL.iter().filter(held).map(|on_failure| on_failure.as_str()).collect::<Vec<_>>()
    };
    let all = ["fallback", "last-good", "reject", "hold"];
    for (policy, asker, expected) in [
        (JobResolution, Partner, &[][..]),
        (JobResolution, Worker, &[]),
        (CallScheduling, Partner, &["hold"]),
        (CallScheduling, Worker, &all),
        (Billing, Partner, &all),
        (Billing, Worker, &all),
        (OwnerOnboarding, Partner, &["hold"]),
        (OwnerOnboarding, Worker, &all),
    ] {
        assert_eq!(held(policy, asker), expected, "{policy} {asker:?}");
    }
}
