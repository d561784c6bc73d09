//! Random histories against a list of what took place: calls and calls again, the same completion twice, deletions,
//! releases that are swapped and that fail, companies that are switched, restarts and whole days. What is billed is
//! exactly what took place, once, by whoever answered, on the account as it was.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_domain::ats::BillingSystem;
use switchboard_domain::time::Timestamp;
use switchboard_domain::usage::{Conversion, Day, Quantity, UsageRecord};
use switchboard_tests::office::{assert_sound, moment};
use switchboard_tests::{Client, Dialler, Office, TestHost};

use super::{DAY, call, ledger, renamed, switch, text, usage};
use crate::disk::Dice;

/// What is converted by whoever ended the call.
const WAITS: Duration = Duration::from_secs(9);

/// Of one history.
const STEPS: usize = 70;

/// What a release does with a call. The reading of each in the ledger is checked against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Standard,
    /// Half after two calls of a month.
    Granite,
    /// A thousand thousandths a call.
    OneUnit,
    /// Nothing is converted.
    Fails,
    /// The built-in rule answers in its place.
    FailsOver,
}

const RULES: [Rule; 5] = [Rule::Standard, Rule::Granite, Rule::OneUnit, Rule::Fails, Rule::FailsOver];

impl Rule {
    fn release(self) -> (&'static str, Value) {
        match self {
            Self::Standard => ("standard", json!({})),
            Self::Granite => {
                let tiers = json!([{ "afterCalls": 2, "percent": 50 }]);
                ("granite", json!({ "settings": { "tiers": tiers } }))
            }
            Self::OneUnit => ("hostile", json!({ "settings": { "do": "one-unit" } })),
            Self::Fails => ("hostile", json!({ "settings": { "do": "overflow" } })),
            Self::FailsOver => ("hostile", json!({ "settings": { "do": "trap" }, "onFailure": "fallback" })),
        }
    }

    /// The line of a bill, if there is one.
    fn bill(self, call: &UsageRecord, calls_so_far: u64) -> Option<(&'static str, u64)> {
        let minutes = u64::from(call.call_seconds.div_ceil(60));
        let full = match call.billing_system {
            BillingSystem::Minutes => minutes * 1_000,
            BillingSystem::Credits => minutes * 100,
        };
        match (self, call.billing_system) {
            (Self::Fails, _) => None,
            (Self::OneUnit, _) => Some(("hostile_calls", 1_000)),
            (Self::Granite, _) if 2 <= calls_so_far => Some(("interview_generic_less_50", full / 2)),
            (Self::Granite, _) => Some(("interview_generic", full)),
            (Self::Standard | Self::FailsOver, BillingSystem::Minutes) => Some(("interview_minutes", full)),
            (Self::Standard | Self::FailsOver, BillingSystem::Credits) => {
                Some(("interview_generic", 1_000 + 100 * minutes.saturating_sub(10)))
            }
        }
    }
}

/// A call that took place, as the test knows it.
#[derive(Debug, Clone)]
struct Took {
    place: usize,
    interview_id: String,
    seconds: u32,
    unit: BillingSystem,
    /// Who was to bill it.
    rule: Rule,
}

struct History {
    host: TestHost,
    dice: Dice,
    offices: Vec<Office>,
    units: Vec<BillingSystem>,
    rule: Rule,
    /// By the id of their releases. The embedded one's is another.
    rules: BTreeMap<String, Rule>,
    took: Vec<Took>,
    /// Interviews that can be called again.
    callable: Vec<(usize, Value)>,
}

impl History {
    async fn new(seed: u64) -> Self {
        let host = TestHost::start().await;
        let first = host.furnish().await;
        let second = renamed(&host, &first.ats_id, "Beta").await;
        let mut offices = Vec::new();
        for here in [first, second] {
            // Calls at every hour, so that days can pass.
            let window = json!({ "settings": { "callWindow": { "start": "00:00", "end": "24:00" } } });
            let path = format!("/company/{}", here.company_id);
            let _ = host.partner(&here.company_key).patch(&path, &window).await.expect(200);
            offices.push(Office::of(&host, here).await);
        }
        for plugin in ["granite", "hostile"] {
            assert!(host.push(plugin).await.is_success());
        }
        let units = vec![BillingSystem::Minutes; 2];
        let (rules, took, callable) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { host, dice: Dice(seed), offices, units, rule: Rule::Standard, rules, took, callable }
    }

    async fn step(mut self) -> Self {
        match self.dice.roll(16) {
            0..=4 => self.call().await,
            5..=6 => self.call_again().await,
            7 => self.call_and_delete().await,
            8..=9 => self.swap().await,
            10..=11 => self.switch().await,
            12 => assert!(self.host.clock.advance(Duration::from_secs(60 * self.dice.roll(600)))),
            13 => assert!(self.host.clock.advance(DAY * u32::try_from(self.dice.roll(9)).expect("fits"))),
            14 => return self.restart().await,
            _ => self.check_some_period().await,
        }
        self
    }

    fn seconds(&mut self) -> u32 {
        u32::try_from([1, 59, 60, 61, 600, 601, 1_234][usize::try_from(self.dice.roll(7)).expect("fits")])
            .expect("fits")
    }

    fn place(&mut self) -> usize {
        usize::try_from(self.dice.roll(2)).expect("fits")
    }

    fn took_place(&mut self, place: usize, interview: &Value, seconds: u32) {
        let interview_id = text(&interview["id"]).to_owned();
        let (unit, rule) = (self.units[place], self.rule);
        self.took.push(Took { place, interview_id, seconds, unit, rule });
    }

    async fn call(&mut self) {
        let (place, seconds) = (self.place(), self.seconds());
        let done = call(&mut self.offices[place], seconds).await;
        assert_eq!(done["status"], "COMPLETED");
        self.took_place(place, &done, seconds);
        self.callable.push((place, done));
    }

    /// Another call of the same interview, whose end is told twice.
    async fn call_again(&mut self) {
        let Some(last) = self.callable.len().checked_sub(1) else { return };
        let (place, interview) =
            self.callable[usize::try_from(self.dice.roll(last as u64 + 1)).expect("fits")].clone();
        let seconds = self.seconds();
        let office = &mut self.offices[place];
        let _ = office.post_attempt(&interview, json!({})).await.expect(201);
        let claimed = office.dialler.claim_one().await;
        let end = json!({ "outcome": "COMPLETED", "durationSeconds": seconds });
        for _ in 0..2 {
            let _ = office.dialler.complete_with(&claimed, end.clone()).await.expect(200);
        }
        self.took_place(place, &interview, seconds);
    }

    /// A call whose interview is deleted while it goes on, or whose company is switched.
    async fn call_and_delete(&mut self) {
        let (place, seconds) = (self.place(), self.seconds());
        let office = &mut self.offices[place];
        let made = office.interview(json!({})).await;
        let claimed = office.dialler.claim_one().await;
        office.delete(&made).await;
        let end = json!({ "outcome": "COMPLETED", "durationSeconds": seconds });
        let _ = office.dialler.complete_with(&claimed, end).await.expect(200);
        self.took_place(place, &made, seconds);
    }

    async fn swap(&mut self) {
        let rule = RULES[usize::try_from(self.dice.roll(RULES.len() as u64)).expect("fits")];
        self.run(rule).await;
    }

    async fn run(&mut self, rule: Rule) {
        let (plugin, more) = rule.release();
        let slot = format!("{}/billing", self.offices[0].here.ats_id);
        let release = self.host.release(&slot, plugin, more).await;
        self.host.activate(&release).await;
        self.rules.insert(release, rule);
        self.rule = rule;
    }

    async fn switch(&mut self) {
        let place = self.place();
        let unit = match self.units[place] {
            BillingSystem::Minutes => BillingSystem::Credits,
            BillingSystem::Credits => BillingSystem::Minutes,
        };
        let id = self.offices[place].here.company_id.clone();
        switch(&self.host, &id, json!({ "billingSystem": unit.as_str() })).await;
        self.units[place] = unit;
    }

    async fn restart(mut self) -> Self {
        self.host = self.host.restart().await;
        for office in &mut self.offices {
            office.partner = self.host.partner(&office.here.company_key);
            office.dialler = Dialler::new(&self.host, Value::Null).await;
        }
        self
    }

    /// The ledgers of both companies.
    fn ledgers(&self) -> Vec<Vec<UsageRecord>> {
        self.offices.iter().map(|office| ledger(&self.host, &office.here)).collect()
    }

    /// Everything that took place is in the ledger, and nothing else; and each bill follows from its rule.
    fn check_ledgers(&self) {
        for (place, calls) in self.ledgers().iter().enumerate() {
            let took = self.took.iter().filter(|took| took.place == place);
            let mut expected: Vec<_> =
                took.map(|took| (took.interview_id.clone(), took.seconds, took.unit)).collect();
            let known = calls.iter();
            let mut found: Vec<_> = known
                .map(|call| (call.interview_id.to_string(), call.call_seconds, call.billing_system))
                .collect();
            expected.sort_unstable();
            found.sort_unstable();
            assert_eq!(found, expected, "company {place}");
            self.check_accounts(calls);
        }
        assert_sound(&self.host);
    }

    fn check_accounts(&self, calls: &[UsageRecord]) {
        type Account<'a> = BTreeMap<u64, (&'a UsageRecord, &'a Conversion)>;
        let mut accounts: BTreeMap<(Day, BillingSystem), Account<'_>> = BTreeMap::new();
        for call in calls {
            let Some(conversion) = call.conversion() else { continue };
            let month = Day::month_of(call.id.finished_at).start;
            let account = accounts.entry((month, call.billing_system)).or_default();
            let taken = account.insert(conversion.month_so_far.calls, (call, conversion));
            assert!(taken.is_none(), "two calls saw the same account");
        }
        for account in accounts.into_values() {
            let (mut seconds, mut quantity) = (0, 0);
            for (place, (number, (call, conversion))) in account.into_iter().enumerate() {
                let so_far = conversion.month_so_far;
                assert_eq!(number, place as u64, "the account has a gap");
                assert_eq!((so_far.call_seconds, so_far.quantity_thousandths), (seconds, quantity));
                let rule = self.rules.get(&conversion.release_id.to_string()).copied();
                let bill = rule.unwrap_or(Rule::Standard).bill(call, number);
                let lines = conversion.lines.iter();
                let lines: Vec<_> =
                    lines.map(|line| (line.cost_key.as_str(), line.quantity_thousandths)).collect();
                assert_eq!(lines, Vec::from_iter(bill), "{rule:?} {call:?}");
                seconds += u64::from(call.call_seconds);
                quantity += lines.iter().map(|(_, quantity)| quantity).sum::<u64>();
            }
        }
    }

    /// A period, read by the ATS and by each company, against the ledger.
    async fn check_some_period(&mut self) {
        let now = self.host.now();
        let hours = |dice: &mut Dice| Duration::from_secs(3_600 * dice.roll(24 * 20));
        let (from, to) = (now.minus(hours(&mut self.dice)), now.minus(hours(&mut self.dice)));
        let midnight = |at: Timestamp| Day::of(at).start();
        for (from, to) in [
            (from.min(to), from.max(to)),
            (midnight(from.min(to)), midnight(now.plus(DAY))),
            (from, now.plus(DAY)),
        ] {
            self.check_period(from, to).await;
        }
    }

    async fn check_period(&self, from: Timestamp, to: Timestamp) {
        let query = format!("?start={from}&end={to}");
        let mut whole = Sums::default();
        for ((office, calls), present) in self.offices.iter().zip(self.ledgers()).zip(&self.units) {
            let calls: Vec<_> =
                calls.into_iter().filter(|call| (from..to).contains(&call.id.finished_at)).collect();
            let mut own = Sums::default();
            for sums in [&mut own, &mut whole] {
                calls.iter().for_each(|call| sums.add(call));
                if calls.is_empty() {
                    sums.units.insert(*present);
                }
            }
            let mut partner: Client = self.host.partner(&office.here.company_key);
            let told: Value = serde_json::from_str(&usage(&mut partner, &query).await).expect("JSON");
            own.assert_told(&told, &query);
            // Unit by unit, and each in its own members only.
            let entries = told["companies"].as_array().expect("entries");
            let units: Vec<_> = entries.iter().map(|entry| entry["billingSystem"].clone()).collect();
            assert_eq!(units, own.units.iter().map(|unit| json!(unit.as_str())).collect::<Vec<_>>());
            for (entry, unit) in entries.iter().zip(&own.units) {
                let mut of_unit = Sums { units: BTreeSet::from([*unit]), ..Sums::default() };
                calls.iter().filter(|call| call.billing_system == *unit).for_each(|call| of_unit.add(call));
                of_unit.assert_told(entry, &query);
            }
        }
        let mut ats = self.host.partner(&self.offices[0].here.ats_key);
        let told = serde_json::from_str(&usage(&mut ats, &query).await).expect("JSON");
        whole.assert_told(&told, &query);
    }
}

/// What a report must say, added up call by call in whole thousandths.
#[derive(Debug, Default)]
struct Sums {
    interviews: BTreeSet<String>,
    pending: BTreeSet<String>,
    units: BTreeSet<BillingSystem>,
    quantities: BTreeMap<BillingSystem, i128>,
    keys: BTreeMap<String, (u64, BTreeMap<BillingSystem, i128>)>,
}

impl Sums {
    fn add(&mut self, call: &UsageRecord) {
        self.interviews.insert(call.interview_id.to_string());
        self.units.insert(call.billing_system);
        let Some(conversion) = call.conversion() else {
            self.pending.insert(call.interview_id.to_string());
            return;
        };
        for line in &conversion.lines {
            let quantity = i128::from(line.quantity_thousandths);
            *self.quantities.entry(call.billing_system).or_default() += quantity;
            let key = self.keys.entry(line.cost_key.clone()).or_default();
            key.0 += 1;
            *key.1.entry(call.billing_system).or_default() += quantity;
        }
    }

    #[track_caller]
    fn assert_told(&self, told: &Value, query: &str) {
        const UNITS: [(BillingSystem, &str, &str); 2] = [
            (BillingSystem::Minutes, "totalMinutesUsed", "minutesUsed"),
            (BillingSystem::Credits, "totalCreditsUsed", "creditsUsed"),
        ];
        // By their digits, so that no float comes between.
        let digits = |sum: Option<&i128>| Quantity::from_thousandths(sum.copied().unwrap_or(0)).to_string();
        let of = |value: &Value| (!value.is_null()).then(|| value.to_string());
        assert_eq!(told["totalInterviews"], self.interviews.len(), "{query} {told:#}");
        let pending = (!self.pending.is_empty()).then(|| self.pending.len().to_string());
        assert_eq!(of(&told["pendingInterviews"]), pending, "{query} {told:#}");
        for (unit, total, _) in UNITS {
            let expected = self.units.contains(&unit).then(|| digits(self.quantities.get(&unit)));
            assert_eq!(of(&told[total]), expected, "{query} {total} {told:#}");
        }
        let breakdown = told["breakdownByCostKey"].as_array().expect("a breakdown");
        assert_eq!(breakdown.len(), self.keys.len(), "{query} {told:#}");
        for (entry, (key, (events, quantities))) in breakdown.iter().zip(&self.keys) {
            assert_eq!(
                (&entry["costKey"], &entry["events"]),
                (&json!(key), &json!(events)),
                "{query} {told:#}"
            );
            for (unit, _, used) in UNITS {
                let expected = quantities.get(&unit).map(|sum| digits(Some(sum)));
                assert_eq!(of(&entry[used]), expected, "{query} {key} {told:#}");
            }
        }
    }
}

async fn live(seed: u64) {
    let mut history = History::new(seed).await;
    for _ in 0..STEPS {
        history = history.step().await;
    }
    history.check_ledgers();
    // Who is answered at once is billed at once: only what nobody answered may have waited.
    let mut failed = BTreeSet::new();
    failed.extend(
        history.took.iter().filter(|took| took.rule == Rule::Fails).map(|took| took.interview_id.clone()),
    );
    for call in history.ledgers().iter().flatten() {
        let is_billed =
            call.conversion().is_some_and(|conversion| conversion.at < call.id.finished_at.plus(WAITS));
        assert!(is_billed || failed.contains(&call.interview_id.to_string()), "{call:?}");
    }
    // Nothing is held for ever, not even while everything fails.
    history.run(Rule::Fails).await;
    assert!(history.host.clock.advance(8 * DAY));
    for _ in 0..2_000 {
        let is_done = |calls: &Vec<UsageRecord>| calls.iter().all(|call| call.conversion().is_some());
        if history.ledgers().iter().all(is_done) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    history.check_ledgers();
    let calls = history.ledgers();
    assert!(calls.iter().flatten().all(|call| call.conversion().is_some()), "something is held for ever");
    history.check_period(moment("2026-01-01T00:00:00Z"), moment("2028-01-01T00:00:00Z")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_billed_is_what_took_place() {
    for seed in 1..=4 {
        let mut history = tokio::task::JoinSet::new();
        history.spawn(live(seed));
        let ended = history.join_next().await;
        assert!(ended.is_some_and(|ended| ended.is_ok()), "the history of seed {seed}");
    }
}
