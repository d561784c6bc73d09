//! Minutes: every started minute. Credits: a price per agent focus that includes some minutes, and a price
//! for each started minute beyond them. All in thousandths, so that the parts sum to the totals.

use switchboard_sdk::billing::{AgentFocus, BillingSystem, Decision, Facts, Line, Policy};
use switchboard_sdk::settings::{self, Object};

use crate::Standard;

/// Far above any price, far below what would overflow together with the longest call.
const HIGHEST_PRICE: u32 = 1_000_000;

/// No call is longer than a day.
const MOST_INCLUDED_MINUTES: u64 = 24 * 60;

/// What an operator may set:
/// `{"credits": {"default": {"baseCost": 1, "costPerMinute": 0.1, "includedMinutes": 10}, "SCREENING": {…}}}`.
/// What a focus leaves out is taken from `default`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    generic: Tariff,
    screening: Tariff,
    outreach: Tariff,
    language_test: Tariff,
}

/// What a call costs in credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tariff {
    base_thousandths: u64,
    per_minute_thousandths: u64,
    included_minutes: u64,
}

const BUILT_IN: Tariff = Tariff { base_thousandths: 1000, per_minute_thousandths: 100, included_minutes: 10 };

impl settings::Settings for Settings {
    fn read(object: &mut Object<'_>) -> Self {
        let everywhere =
            |tariff| Self { generic: tariff, screening: tariff, outreach: tariff, language_test: tariff };
        let read = object.section("credits", |credits| {
            let default = Tariff::read(credits, "default", BUILT_IN);
            Self {
                generic: Tariff::read(credits, "GENERIC", default),
                screening: Tariff::read(credits, "SCREENING", default),
                outreach: Tariff::read(credits, "OUTREACH", default),
                language_test: Tariff::read(credits, "LANGUAGE_TEST", default),
            }
        });
        read.unwrap_or_else(|| everywhere(BUILT_IN))
    }
}

impl Settings {
    fn tariff(&self, focus: AgentFocus) -> Tariff {
        match focus {
            AgentFocus::Generic => self.generic,
            AgentFocus::Screening => self.screening,
            AgentFocus::Outreach => self.outreach,
            AgentFocus::LanguageTest => self.language_test,
        }
    }
}

impl Tariff {
    fn read(credits: &mut Object<'_>, key: &'static str, otherwise: Self) -> Self {
        let read = credits.section(key, |tariff| Self {
            base_thousandths: tariff
                .thousandths("baseCost", HIGHEST_PRICE)
                .unwrap_or(otherwise.base_thousandths),
            per_minute_thousandths: tariff
                .thousandths("costPerMinute", HIGHEST_PRICE)
                .unwrap_or(otherwise.per_minute_thousandths),
            included_minutes: tariff
                .whole("includedMinutes", 0..=MOST_INCLUDED_MINUTES)
                .unwrap_or(otherwise.included_minutes),
        });
        read.unwrap_or(otherwise)
    }

    /// Cannot overflow: at most 2^30 a minute, at most 2^27 minutes in a `u32` of seconds.
    fn cost_thousandths(self, started_minutes: u64) -> u64 {
        let minutes_beyond = started_minutes.saturating_sub(self.included_minutes);
        self.base_thousandths + self.per_minute_thousandths * minutes_beyond
    }
}

impl Policy for Standard {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let started_minutes = u64::from(facts.call_seconds.div_ceil(60));
        let line = match facts.billing_system {
            BillingSystem::Minutes => Line {
                cost_key: "interview_minutes".to_owned(),
                quantity_thousandths: started_minutes * 1000,
            },
            BillingSystem::Credits => Line {
                cost_key: format!("interview_{}", lower_case(facts.agent_focus)),
                quantity_thousandths: settings.tariff(facts.agent_focus).cost_thousandths(started_minutes),
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

    fn cost(system: BillingSystem, focus: AgentFocus, seconds: u32, settings: &str) -> (String, u64) {
        let facts = Facts {
            now_ms: 0,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            interview_id: "interview".to_owned(),
            agent_type: AgentType::Phone,
            agent_focus: focus,
            agent_duration_minutes: 15,
            call_seconds: seconds,
            finished_at_ms: 0,
            retry_number: 0,
            billing_system: system,
            month_so_far: MonthSoFar { calls: 0, call_seconds: 0, quantity_thousandths: 0 },
        };
        let mut lines = Standard::decide(facts, settings::parse(settings).expect("valid settings")).lines;
        let line = lines.remove(0);
        assert_eq!(lines, []);
        (line.cost_key, line.quantity_thousandths)
    }

    #[test]
    fn started_minutes_count() {
        for (seconds, minutes) in [(1, 1), (59, 1), (60, 1), (61, 2), (3600, 60), (u32::MAX, 71_582_789)] {
            let expected = ("interview_minutes".to_owned(), minutes * 1000);
            assert_eq!(cost(BillingSystem::Minutes, AgentFocus::Screening, seconds, "{}"), expected);
        }
    }

    #[test]
    fn credits_include_some_minutes() {
        for (seconds, thousandths) in [(1, 1000), (600, 1000), (601, 1100), (661, 1200), (1800, 3000)] {
            let expected = ("interview_language_test".to_owned(), thousandths);
            assert_eq!(cost(BillingSystem::Credits, AgentFocus::LanguageTest, seconds, "{}"), expected);
        }
    }

    #[test]
    fn a_focus_takes_from_the_default_what_it_leaves_out() {
        let settings = r#"{"credits":{
            "default":{"baseCost":2,"costPerMinute":0.25},
            "SCREENING":{"includedMinutes":0}}}"#;
        let credits = |focus, seconds| cost(BillingSystem::Credits, focus, seconds, settings).1;
        assert_eq!(credits(AgentFocus::Screening, 60), 2250);
        assert_eq!(credits(AgentFocus::Outreach, 60), 2000);
        assert_eq!(credits(AgentFocus::Generic, 11 * 60), 2250);
    }

    #[test]
    fn the_dearest_call_does_not_overflow() {
        let dear =
            r#"{"credits":{"default":{"baseCost":1000000,"costPerMinute":1000000,"includedMinutes":0}}}"#;
        let (_, thousandths) = cost(BillingSystem::Credits, AgentFocus::Generic, u32::MAX, dear);
        assert_eq!(thousandths, 1_000_000_000 * 71_582_790);
    }

    #[test]
    fn settings_are_checked() {
        let cases = [
            (r#"{"credit":{}}"#, "/credit", "`credits`"),
            (r#"{"credits":{"SCREENNING":{}}}"#, "/credits/SCREENNING", "`SCREENING`"),
            (r#"{"credits":{"default":{"baseCost":-1}}}"#, "/credits/default/baseCost", "from 0"),
            (
                r#"{"credits":{"default":{"costPerMinute":0.0001}}}"#,
                "/credits/default/costPerMinute",
                "3 decimal",
            ),
            (
                r#"{"credits":{"OUTREACH":{"includedMinutes":1.5}}}"#,
                "/credits/OUTREACH/includedMinutes",
                "whole",
            ),
        ];
        for (text, pointer, hint) in cases {
            let problems = validate_settings::<Standard>(text).expect_err(text);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert_eq!(problems[0].pointer, pointer);
            assert!(problems[0].message.contains(hint), "{problems:?}");
        }
    }
}
