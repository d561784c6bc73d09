//! The ledger of usage and its days, against a list that is added up call by call.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::billing::{Line, MonthSoFar, Verdict};
use switchboard_domain::id::{CompanyId, DecisionId, ReleaseId};
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::{CompanyUsage, Day, Quantity, Usage, UsageId, UsageRecord};

use super::super::engine::Engine;
use super::super::txn::Txn;
use super::super::usage::{self, Budget};
use super::super::{Backing, Error, check, delete, get, update};
use super::fixture::{self, ATS, id};

const KEYS: [&str; 3] = ["a", "interview_minutes", "ab"];

#[derive(Debug, Clone)]
enum Step {
    /// A call of an interview of a company, in a unit, so many hours after the start and so many milliseconds.
    Call { company: u8, interview: u8, is_credits: bool, hours: i64, millis: i64 },
    /// The conversion of a call, if there is one: under these keys, so much each.
    Convert { call: usize, keys: u8, thousandths: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    // Twelve days over the end of a month; now and then right at midnight.
    let moment = (0..288_i64, prop_oneof![Just(0_i64), Just(-1), 0..3_600_000_i64]);
    prop_oneof![
        (0..2_u8, 0..4_u8, any::<bool>(), moment).prop_map(|(company, interview, is_credits, moment)| {
            Step::Call { company, interview, is_credits, hours: moment.0, millis: moment.1 }
        }),
        (0..40_usize, 0..8_u8, 0..5_000_u64)
            .prop_map(|(call, keys, thousandths)| { Step::Convert { call, keys, thousandths } }),
    ]
}

/// 2026-04-25, midnight.
const START: i64 = 1_777_075_200_000;

fn moment(hours: i64, millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(START + hours * 3_600_000 + millis)
}

fn company_id(number: u8) -> CompanyId {
    CompanyId::from_bytes(id(u64::from(number) + 100))
}

fn txn() -> Txn {
    let engine = Engine::open(Backing::Memory, 1 << 20).expect("opens");
    Txn::new(engine.snapshot().expect("reads"), None)
}

/// Call by call, as if there were no days.
fn added_up(calls: &[UsageRecord], company_id: CompanyId, period: &Range<Timestamp>) -> CompanyUsage {
    let mut units: BTreeMap<BillingSystem, Usage> = BTreeMap::new();
    let mut interviews: BTreeMap<Option<BillingSystem>, BTreeSet<_>> = BTreeMap::new();
    let mut pending: BTreeMap<Option<BillingSystem>, BTreeSet<_>> = BTreeMap::new();
    let is_here =
        |call: &&UsageRecord| call.id.company_id == company_id && period.contains(&call.id.finished_at);
    for call in calls.iter().filter(is_here) {
        let unit = units.entry(call.billing_system).or_default();
        for of in [None, Some(call.billing_system)] {
            interviews.entry(of).or_default().insert(call.interview_id);
            if call.conversion().is_none() {
                pending.entry(of).or_default().insert(call.interview_id);
            }
        }
        for line in call.conversion().iter().flat_map(|conversion| &conversion.lines) {
            unit.quantity += Quantity::from(line.quantity_thousandths);
            let key = unit.by_cost_key.entry(line.cost_key.clone()).or_default();
            key.events += 1;
            key.quantity += Quantity::from(line.quantity_thousandths);
        }
    }
    let count = |of: &BTreeMap<_, BTreeSet<_>>, unit| of.get(&unit).map_or(0, BTreeSet::len) as u64;
    for (unit, usage) in &mut units {
        usage.interviews = count(&interviews, Some(*unit));
        usage.pending = count(&pending, Some(*unit));
    }
    CompanyUsage { units, interviews: count(&interviews, None), pending: count(&pending, None) }
}

fn verdict(keys: u8, thousandths: u64) -> Verdict {
    let named = KEYS.iter().enumerate().filter(|(place, _)| keys >> place & 1 == 1);
    let lines: Vec<Line> = named
        .map(|(_, key)| Line { cost_key: (*key).to_owned(), quantity_thousandths: thousandths })
        .collect();
    Verdict { total_thousandths: lines.iter().map(|line| line.quantity_thousandths).sum(), lines }
}

fn convert(txn: &mut Txn, call: &mut UsageRecord, verdict: Verdict) {
    let UsageId { ats_id, company_id, finished_at, .. } = call.id;
    let so_far = usage::month_so_far(txn, ats_id, company_id, call.billing_system, finished_at);
    let decided = (DecisionId::from_bytes(id(3)), ReleaseId::from_bytes(id(2)));
    *call = call.clone().converted(verdict, so_far.expect("reads"), decided, finished_at);
    update(txn, call).expect("converts");
}

fn take(txn: &mut Txn, calls: &mut Vec<UsageRecord>, step: &Step) {
    match *step {
        Step::Call { company, interview, is_credits, hours, millis } => {
            let number = 1_000 + calls.len() as u64;
            let unit = if is_credits { BillingSystem::Credits } else { BillingSystem::Minutes };
            // Interviews are one company's.
            let interview = u64::from(company) * 10 + u64::from(interview);
            let mut call = fixture::usage(interview, number, unit, moment(hours, millis));
            call.id.company_id = company_id(company);
            call.id = usage::write(txn, call.clone()).expect("writes");
            assert!(moment(hours, millis) <= call.id.finished_at);
            calls.push(call);
        }
        Step::Convert { call, keys, thousandths } => {
            if let Some(call) = calls.get_mut(call).filter(|call| call.conversion().is_none()) {
                convert(txn, call, verdict(keys, thousandths));
            }
        }
    }
}

proptest! {
    #[test]
    fn days_give_what_calls_give(
        steps in vec(step(), 1..60),
        bounds in vec((0..300_i64, prop_oneof![Just(0_i64), -5..5_i64], 0..300_i64, 0..3_600_000_i64), 8),
    ) {
        let (mut txn, mut calls) = (txn(), Vec::new());
        for step in &steps {
            take(&mut txn, &mut calls, step);
        }
        prop_assert_eq!(check(&txn).expect("walks"), Vec::<String>::new());
        let mut periods = vec![
            moment(0, 0)..moment(24 * 13, 0),
            Timestamp::MIN..Timestamp::MAX,
            moment(30, 0)..moment(30, 0),
            moment(30, 0)..moment(20, 0),
        ];
        for (from, early, to, late) in bounds {
            periods.push(moment(from, early)..moment(to, late));
            periods.push(moment(from - from % 24, 0)..moment(to - to % 24, early));
        }
        // Beginnings are inside, ends are not.
        for call in &calls {
            periods.push(call.id.finished_at..moment(300, 0));
            periods.push(moment(0, 0)..call.id.finished_at);
        }
        for period in periods {
            for company_id in [company_id(0), company_id(1), company_id(2)] {
                let budget = &mut Budget::unbounded();
                let found = usage::of_period(&txn, ATS, company_id, &period, budget).expect("reads");
                prop_assert_eq!(found.expect("has no bound"), added_up(&calls, company_id, &period), "{:?}", &period);
            }
        }
        let companies: BTreeSet<_> = calls.iter().map(|call| call.id.company_id).collect();
        prop_assert_eq!(usage::companies(&txn, ATS, &mut Budget::unbounded()).expect("reads"), Some(companies));
        let waiting = calls.iter().filter(|call| call.conversion().is_none()).count();
        prop_assert_eq!(usage::held(&txn, ATS).expect("reads"), waiting as u64);
        prop_assert_eq!(usage::by_deadline(&txn).expect("reads").count(), waiting);
    }
}

#[test]
fn a_call_is_written_down_once_and_converted_once() {
    let mut txn = txn();
    let mut call = fixture::usage(4, 5, BillingSystem::Credits, moment(1, 0));
    assert_eq!(usage::write(&mut txn, call.clone()).expect("writes"), call.id);
    // Whenever it is said to have ended.
    let again = fixture::usage(4, 5, BillingSystem::Minutes, moment(2, 0));
    assert!(matches!(usage::write(&mut txn, again), Err(Error::Exists("usage_call"))));
    convert(&mut txn, &mut call, verdict(1, 700));
    assert_eq!(get::<UsageRecord>(&txn, &call.id).expect("reads").as_ref(), Some(&call));
    assert!(matches!(update(&mut txn, &call), Err(Error::Corrupt { .. })));
    assert!(matches!(delete::<UsageRecord>(&mut txn, &call.id), Err(Error::Corrupt { .. })));
}

#[test]
fn an_account_is_of_its_month_and_its_unit() {
    let mut txn = txn();
    // April's last moment and May's first one.
    let turn = moment(24 * 6, 0);
    assert_eq!(Day::month_of(turn).start.start(), turn);
    for (number, unit, hours, millis, keys) in [
        (1, BillingSystem::Minutes, 24 * 6, -1, 1),
        (2, BillingSystem::Minutes, 24 * 6, 0, 3),
        (3, BillingSystem::Credits, 24 * 6, 0, 1),
        (4, BillingSystem::Minutes, 24 * 6 + 5, 0, 0),
    ] {
        let mut call = fixture::usage(number, number, unit, moment(hours, millis));
        usage::write(&mut txn, call.clone()).expect("writes");
        convert(&mut txn, &mut call, verdict(keys, 1_000));
    }
    let so_far = |unit, hours| {
        usage::month_so_far(&txn, ATS, fixture::COMPANY, unit, moment(hours, 0)).expect("reads")
    };
    let account =
        |calls, quantity_thousandths| MonthSoFar { calls, call_seconds: calls * 61, quantity_thousandths };
    assert_eq!(so_far(BillingSystem::Minutes, 0), account(1, 1_000));
    assert_eq!(so_far(BillingSystem::Minutes, 24 * 30), account(2, 2_000));
    assert_eq!(so_far(BillingSystem::Credits, 24 * 30), account(1, 1_000));
    assert_eq!(so_far(BillingSystem::Credits, 0), account(0, 0));
}

#[test]
fn a_long_period_is_read_from_its_days() {
    let mut txn = txn();
    for number in 0..500 {
        let millis = i64::try_from(number % 7).expect("fits");
        let mut call = fixture::usage(number, number, BillingSystem::Minutes, moment(24, millis));
        usage::write(&mut txn, call.clone()).expect("writes");
        convert(&mut txn, &mut call, verdict(3, 1_000));
    }
    let read = |period: Range<Timestamp>, rows| {
        usage::of_period(&txn, ATS, fixture::COMPANY, &period, &mut Budget::of_rows(rows)).expect("reads")
    };
    let whole = read(moment(0, 0)..moment(240, 1), 20).expect("reads days").units;
    assert_eq!(whole[&BillingSystem::Minutes].quantity, Quantity::from(1_000_000));
    assert_eq!(whole[&BillingSystem::Minutes].interviews, 500);
    assert_eq!(read(moment(24, 1)..moment(240, 0), 20), None, "this one begins inside of a day");
}
