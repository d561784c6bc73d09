//! Granite's customers get a volume discount: each tier makes the calls after so many in one month cheaper.

use switchboard_sdk::billing::{AgentFocus, BillingSystem, Decision, Facts, Line, Policy};
use switchboard_sdk::settings::{self, Object};

/// Far above any price.
const HIGHEST_PRICE: u32 = 1_000_000;

/// More would not be read by anybody.
const MOST_TIERS: usize = 10;

/// A company that makes a call each second of a month does not get there.
const MOST_CALLS: u64 = 10_000_000;

/// The rule.
#[derive(Debug)]
pub struct Granite;

switchboard_sdk::export_billing!(Granite);

/// What an operator may set:
/// `{"creditsPerMinute": 0.1, "tiers": [{"afterCalls": 100, "percent": 10}, {"afterCalls": 500, "percent": 20}]}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    credits_per_minute_thousandths: u64,
    /// By growing number of calls.
    tiers: Vec<Tier>,
}

/// A discount for the calls after so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tier {
    after_calls: u64,
    percent: u64,
}

impl settings::Settings for Settings {
    fn read(object: &mut Object<'_>) -> Self {
        let credits_per_minute_thousandths =
            object.thousandths("creditsPerMinute", HIGHEST_PRICE).unwrap_or(100);
        let Some(tiers) = object.sections("tiers", 0..=MOST_TIERS, Tier::read) else {
            let tiers = [Tier { after_calls: 100, percent: 10 }, Tier { after_calls: 500, percent: 20 }];
            return Self { credits_per_minute_thousandths, tiers: tiers.to_vec() };
        };
        for (place, pair) in tiers.windows(2).enumerate() {
            if pair[1].after_calls <= pair[0].after_calls {
                let place = format!("tiers/{}/afterCalls", place + 1);
                object.flaw(&place, format!("expected more than the {} before", pair[0].after_calls));
            }
        }
        Self { credits_per_minute_thousandths, tiers }
    }
}

impl Tier {
    fn read(object: &mut Object<'_>) -> Self {
        let after_calls = object.whole("afterCalls", 0..=MOST_CALLS);
        let percent = object.whole("percent", 1..=100);
        for (key, value) in [("afterCalls", after_calls), ("percent", percent)] {
            if value.is_none() && object.any(key).is_none() {
                object.flaw(key, "each tier needs it".to_owned());
            }
        }
        Self { after_calls: after_calls.unwrap_or(0), percent: percent.unwrap_or(0) }
    }
}

impl Policy for Granite {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let started_minutes = u64::from(facts.call_seconds.div_ceil(60));
        let per_minute_thousandths = match facts.billing_system {
            BillingSystem::Minutes => 1000,
            BillingSystem::Credits => settings.credits_per_minute_thousandths,
        };
        // At most 2^27 minutes at 2^30 thousandths, times a hundred: fits.
        let full_thousandths = started_minutes * per_minute_thousandths;
        let focus = lower_case(facts.agent_focus);
        let reached = settings.tiers.iter().rev().find(|tier| tier.after_calls <= facts.month_so_far.calls);
        let line = match reached {
            None => Line { cost_key: format!("interview_{focus}"), quantity_thousandths: full_thousandths },
            Some(Tier { percent, .. }) => Line {
                cost_key: format!("interview_{focus}_less_{percent}"),
                quantity_thousandths: full_thousandths * (100 - percent) / 100,
            },
        };
        Decision { lines: vec![line] }
    }
}

fn lower_case(focus: AgentFocus) -> &'static str {
    match focus {
        AgentFocus::Generic => "generic",
        AgentFocus::Screening => "screening",
        AgentFocus::Outreach => "outreach",
        AgentFocus::LanguageTest => "language_test",
    }
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::billing::{AgentType, MonthSoFar, validate_settings};

    use super::*;

    fn bill(system: BillingSystem, seconds: u32, calls: u64, settings: &str) -> (String, u64) {
        let facts = Facts {
            now_ms: 0,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            interview_id: "interview".to_owned(),
            agent_type: AgentType::Phone,
            agent_focus: AgentFocus::Screening,
            agent_duration_minutes: 15,
            call_seconds: seconds,
            finished_at_ms: 0,
            retry_number: 0,
            billing_system: system,
            month_so_far: MonthSoFar { calls, call_seconds: 0, quantity_thousandths: 0 },
        };
        let mut lines = Granite::decide(facts, settings::parse(settings).expect("valid settings")).lines;
        let line = lines.remove(0);
        assert_eq!(lines, []);
        (line.cost_key, line.quantity_thousandths)
    }

    #[test]
    fn the_more_calls_the_cheaper() {
        let full = "interview_screening";
        for (calls, key, thousandths) in [
            (0, full, 2_000),
            (99, full, 2_000),
            (100, "interview_screening_less_10", 1_800),
            (499, "interview_screening_less_10", 1_800),
            (500, "interview_screening_less_20", 1_600),
            (u64::MAX, "interview_screening_less_20", 1_600),
        ] {
            let expected = (key.to_owned(), thousandths);
            assert_eq!(bill(BillingSystem::Minutes, 61, calls, "{}"), expected, "after {calls} calls");
        }
    }

    #[test]
    fn credits_have_a_price_and_odd_thousandths_are_the_customers() {
        let settings = r#"{"creditsPerMinute":0.333,"tiers":[{"afterCalls":1,"percent":50}]}"#;
        assert_eq!(bill(BillingSystem::Credits, 180, 0, settings).1, 999);
        assert_eq!(bill(BillingSystem::Credits, 180, 1, settings).1, 499);
        assert_eq!(bill(BillingSystem::Credits, 180, 0, "{}").1, 300);
        assert_eq!(bill(BillingSystem::Minutes, 180, 9, r#"{"tiers":[]}"#).1, 3_000, "no discount");
        let free = r#"{"tiers":[{"afterCalls":0,"percent":100}]}"#;
        assert_eq!(
            bill(BillingSystem::Minutes, 180, 0, free),
            ("interview_screening_less_100".to_owned(), 0)
        );
    }

    #[test]
    fn the_dearest_call_does_not_overflow() {
        let dear = r#"{"creditsPerMinute":1000000,"tiers":[{"afterCalls":0,"percent":1}]}"#;
        let full = 71_582_789_u64 * 1_000_000_000;
        assert_eq!(bill(BillingSystem::Credits, u32::MAX, 0, dear).1, full / 100 * 99);
    }

    #[test]
    fn settings_are_checked() {
        let cases = [
            (
                r#"{"tiers":[{"afterCalls":5,"percent":10},{"afterCalls":5,"percent":20}]}"#,
                "/tiers/1/afterCalls",
            ),
            (r#"{"tiers":[{"percent":10}]}"#, "/tiers/0/afterCalls"),
            (r#"{"tiers":[{"afterCalls":10}]}"#, "/tiers/0/percent"),
            (r#"{"tiers":[{"afterCalls":10,"percent":101}]}"#, "/tiers/0/percent"),
            (r#"{"tiers":[{"afterCalls":10,"percent":0}]}"#, "/tiers/0/percent"),
            (r#"{"tiers":{}}"#, "/tiers"),
            (r#"{"creditsPerMinute":-1}"#, "/creditsPerMinute"),
            (r#"{"creditPerMinute":1}"#, "/creditPerMinute"),
        ];
        for (text, pointer) in cases {
            let problems = validate_settings::<Granite>(text).expect_err(text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].pointer, pointer);
        }
    }
}
