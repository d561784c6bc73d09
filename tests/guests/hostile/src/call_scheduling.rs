//! Calls in the past, in another age, without a reason or with a novel for one.

use switchboard_sdk::call_scheduling::{Decision, Facts, PlannedCall, Policy};

use crate::{Hostile, MIB, Settings, nobody_knows};

const HOUR_MS: i64 = 3_600_000;

impl Policy for Hostile {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let now_ms = facts.now_ms;
        match settings.act_on(&facts.company_id, "in-an-hour") {
            "in-an-hour" => call(now_ms + HOUR_MS, "in an hour"),
            // In the middle of whatever night it is there.
            "at-night" => call(facts.at_local(&facts.local_times[0], 1, 3 * 60), "when they sleep"),
            "past" => call(now_ms - HOUR_MS, "an hour ago"),
            "far" => call(now_ms + 31 * 24 * HOUR_MS, "in a month and a day"),
            "first-age" => call(i64::MIN, "at the beginning"),
            "last-age" => call(i64::MAX, "at the end"),
            "no-reason" => call(now_ms, ""),
            "long-reason" => call(now_ms, &"é".repeat(501)),
            "nul-reason" => call(now_ms, "a\0b"),
            "huge-output" => call(now_ms, &"x".repeat(MIB)),
            "give-up" => Decision::GiveUp("hostile on purpose".to_owned()),
            "give-up-silently" => Decision::GiveUp(String::new()),
            act => nobody_knows(act),
        }
    }
}

fn call(at_ms: i64, reason: &str) -> Decision {
    Decision::Call(PlannedCall { at_ms, reason: reason.to_owned() })
}
