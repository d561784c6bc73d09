//! Reading through overlays, against the simplest model: one map.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::engine::Engine;
use super::super::overlay::Overlay;
use super::super::schema::Table;
use super::super::txn::{Direction, Read, Row, Txn};
use super::super::{Backing, Error};

type Writes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Few keys, so that layers meet.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(0_u8..3, 0..3)
}

fn writes() -> impl Strategy<Value = Writes> {
    vec((key(), proptest::option::of(vec(any::<u8>(), 0..2))), 0..12)
}

fn edge() -> impl Strategy<Value = Bound<Vec<u8>>> {
    prop_oneof![Just(Bound::Unbounded), key().prop_map(Bound::Included), key().prop_map(Bound::Excluded),]
}

fn overlay_of(writes: &Writes) -> Overlay {
    let mut overlay = Overlay::default();
    for (key, value) in writes {
        overlay.set(Table::Job, key.clone(), value.clone());
    }
    overlay
}

/// Whether a map would refuse this range.
fn is_reversed(from: &Bound<Vec<u8>>, to: &Bound<Vec<u8>>) -> bool {
    match (from, to) {
        (Bound::Excluded(from), Bound::Excluded(to)) => to <= from,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            to < from
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_transaction_reads_as_one_map(
        stored in writes(), below in writes(), batch in writes(), own in writes(), from in edge(), to in edge(),
    ) {
        prop_assume!(!is_reversed(&from, &to));
        let engine = Engine::open(Backing::Memory, 1 << 20).expect("opens");
        engine.apply(&overlay_of(&stored)).expect("writes");
        let mut txn = Txn::new(engine.snapshot().expect("reads"), Some(Arc::new(overlay_of(&below))));
        txn.absorb(overlay_of(&batch));
        let mut model = BTreeMap::new();
        for (key, value) in own.iter() {
            match value {
                Some(value) => txn.put(Table::Job, key.as_slice(), value.clone()).expect("fits"),
                None => txn.remove(Table::Job, key.as_slice()).expect("fits"),
            }
        }
        for (key, value) in stored.iter().chain(&below).chain(&batch).chain(&own) {
            match value {
                Some(value) => drop(model.insert(key.clone(), value.clone())),
                None => drop(model.remove(key)),
            }
        }
        for (key, _) in stored.iter().chain(&below).chain(&batch).chain(&own) {
            prop_assert_eq!(txn.get(Table::Job, key).expect("reads"), model.get(key).cloned());
        }
        let mut expected: Vec<Row> = model
            .range::<Vec<u8>, _>((from.as_ref(), to.as_ref()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let read = |direction| -> Result<Vec<Row>, Error> {
            txn.scan(Table::Job, (from.clone(), to.clone()), direction)?.collect()
        };
        prop_assert_eq!(read(Direction::Forward).expect("reads"), expected.clone());
        expected.reverse();
        prop_assert_eq!(read(Direction::Reverse).expect("reads"), expected);
    }
}

#[test]
fn merging_overlays_keeps_the_last_word_and_counts_bytes_once() {
    let mut below = overlay_of(&vec![(vec![1], Some(vec![1; 10])), (vec![2], Some(vec![2]))]);
    let above = overlay_of(&vec![(vec![1], None), (vec![3], Some(vec![3; 5]))]);
    below.absorb(above);
    let expected = overlay_of(&vec![(vec![1], None), (vec![2], Some(vec![2])), (vec![3], Some(vec![3; 5]))]);
    assert_eq!(below, expected);
    assert_eq!((below.keys(), below.bytes()), (3, 3 + 1 + 5));
}
