use futures_util::FutureExt;
use switchboard_domain::id::AtsId;
use switchboard_domain::time::Timestamp;

use super::*;

fn ats(number: u8) -> Whom {
    Some(AtsId::from_bytes([number; 16]))
}

/// Who would walk in which order: each of these has one walk of so many slices, entered in this order while
/// somebody else walks.
fn order(walks: &[(u8, usize)]) -> Vec<(u8, usize)> {
    let walkers = Walkers::new(1);
    let somebody = walkers.enter(ats(0)).expect("enters");
    let held = somebody.turn().now_or_never().expect("is free");
    let mut entries: Vec<(usize, Entry, usize)> = Vec::new();
    for (place, (number, slices)) in walks.iter().enumerate() {
        entries.push((place, walkers.enter(ats(*number)).expect("enters"), *slices));
    }
    let mut waiting: Vec<_> = entries
        .iter()
        .map(|(place, entry, slices)| (*place, entry, *slices, entry.turn().boxed_local()))
        .collect();
    for (.., turn) in &mut waiting {
        assert!(turn.now_or_never().is_none(), "waits");
    }
    drop(held);
    let mut seen = Vec::new();
    while !waiting.is_empty() {
        let mut ran = false;
        for at in 0..waiting.len() {
            let (place, entry, slices, turn) = &mut waiting[at];
            let Some(held) = turn.now_or_never() else { continue };
            seen.push((walks[*place].0, *place));
            *slices -= 1;
            if *slices == 0 {
                drop(held);
                drop(waiting.remove(at));
            } else {
                let mut again = entry.give_way(held).boxed_local();
                *turn = match (&mut again).now_or_never() {
                    Some(turn) => std::future::ready(turn).boxed_local(),
                    None => again,
                };
            }
            ran = true;
            break;
        }
        assert!(ran, "somebody is always next");
    }
    seen
}

#[test]
fn one_ats_with_many_walks_does_not_hold_another_up() {
    // Three of the first ATS come before one of the second.
    let seen: Vec<u8> = order(&[(1, 2), (1, 2), (1, 2), (2, 2)]).into_iter().map(|(ats, _)| ats).collect();
    let of_second: Vec<usize> = (0..seen.len()).filter(|at| seen[*at] == 2).collect();
    assert_eq!(seen.len(), 8);
    assert!(of_second[1] <= 4, "the other takes turns with it: {seen:?}");
}

#[test]
fn an_ats_walks_for_one_request_after_another() {
    let places: Vec<usize> = order(&[(1, 3), (1, 2), (1, 1)]).into_iter().map(|(_, place)| place).collect();
    assert_eq!(places, [0, 0, 0, 1, 1, 2]);
}

#[test]
fn who_goes_away_is_passed_over_and_a_turn_is_never_lost() {
    let walkers = Walkers::new(1);
    let [first, second, third] = [1, 1, 2].map(|number| walkers.enter(ats(number)).expect("enters"));
    let held = first.turn().now_or_never().expect("is free");
    let mut gone = Box::pin(second.turn());
    assert!((&mut gone).now_or_never().is_none());
    let mut waits = Box::pin(third.turn());
    assert!((&mut waits).now_or_never().is_none());
    drop(gone);
    drop(second);
    drop(held);
    let held = waits.now_or_never().expect("is next");
    // A turn that was given and never taken.
    let mut given = Box::pin(first.turn());
    assert!((&mut given).now_or_never().is_none());
    drop(held);
    drop(given);
    assert!(third.turn().now_or_never().is_some(), "it was passed on");
    drop((first, third));
    let state = walkers.lock();
    assert_eq!((state.free, state.order.len(), state.waiting.len(), state.under_way.len()), (1, 0, 0, 0));
}

#[test]
fn an_ats_has_a_bounded_number_of_walks() {
    let walkers = Walkers::new(1);
    let mut entries: Vec<Entry> =
        (0..OF_ONE_ATS_MAX).map(|_| walkers.enter(ats(1)).expect("enters")).collect();
    assert!(walkers.enter(ats(1)).is_none());
    assert!(walkers.enter(ats(2)).is_some());
    entries.pop();
    assert!(walkers.enter(ats(1)).is_some());
}

#[tokio::test]
async fn nobody_waits_longer_than_a_page_may_take() {
    let clock = Clock::steerable(Timestamp::from_unix_millis(1_775_124_000_000));
    let walkers = Walkers::new(1);
    let [first, second] = [1, 2].map(|number| walkers.enter(ats(number)).expect("enters"));
    let held = first.turn().now_or_never().expect("is free");
    let mut waits = Box::pin(in_time(&clock, second.turn()));
    assert!((&mut waits).now_or_never().is_none());
    assert!(clock.advance(WITHIN - Duration::from_secs(5)));
    assert!((&mut waits).now_or_never().is_none(), "it has some seconds left");
    assert!(clock.advance(Duration::from_secs(5)));
    assert!(matches!(waits.await, Err(Error::Overloaded(_))));
    // It has left the queue, and its turn goes to whoever comes next.
    drop((held, second));
    assert!(first.turn().now_or_never().is_some());
    drop(first);
    let state = walkers.lock();
    assert_eq!((state.free, state.order.len(), state.waiting.len(), state.under_way.len()), (1, 0, 0, 0));
}
