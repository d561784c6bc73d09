//! The first call is made at once. A failed one is tried again after 15 minutes, an hour and four hours,
//! unless trying again cannot help. The host moves every time into the company's call window.

use switchboard_sdk::call_scheduling::{CallOutcome, Decision, Facts, PlannedCall, Policy};
use switchboard_sdk::settings::{self, Object};

use crate::Standard;

const MINUTE_MS: i64 = 60_000;

/// Ten retries of one person are more than anybody should bear.
const MOST_RETRIES: usize = 10;

/// A week: later than that, a person should decide.
const LONGEST_DELAY_MINUTES: u64 = 7 * 24 * 60;

/// What an operator may set: `{"retryAfterMinutes": [15, 60, 240]}`. An empty list means no retries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How long to wait after each failed attempt, in minutes.
    pub retry_after_minutes: Vec<u64>,
}

impl settings::Settings for Settings {
    fn read(object: &mut Object<'_>) -> Self {
        let minutes = object.whole_list("retryAfterMinutes", 0..=MOST_RETRIES, 1..=LONGEST_DELAY_MINUTES);
        Self { retry_after_minutes: minutes.unwrap_or_else(|| vec![15, 60, 240]) }
    }
}

impl Policy for Standard {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let outcome = facts.history.last().map(|attempt| attempt.outcome);
        if let Some(outcome) = outcome.filter(|outcome| is_final(*outcome)) {
            return Decision::GiveUp(format!("{}: another call would not help", in_words(outcome)));
        }
        let Some(retries_made) = facts.retry_number.checked_sub(1) else {
            let reason = "the first call is made at once".to_owned();
            return Decision::Call(PlannedCall { at_ms: facts.now_ms, reason });
        };
        let why = outcome.map_or("the call failed", in_words);
        let delay = usize::try_from(retries_made).ok().and_then(|n| settings.retry_after_minutes.get(n));
        let Some(minutes) = delay else {
            return Decision::GiveUp(format!("{why} after {retries_made} retries"));
        };
        let delay_ms = i64::try_from(*minutes).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS);
        Decision::Call(PlannedCall {
            at_ms: facts.now_ms.saturating_add(delay_ms),
            reason: format!(
                "{why}: retry {} of {} after {minutes} minutes",
                facts.retry_number,
                settings.retry_after_minutes.len()
            ),
        })
    }
}

/// Whether the person, or the number, has answered the question for good.
fn is_final(outcome: CallOutcome) -> bool {
    match outcome {
        CallOutcome::InvalidNumber | CallOutcome::Declined => true,
        CallOutcome::Completed
        | CallOutcome::NoAnswer
        | CallOutcome::Busy
        | CallOutcome::Voicemail
        | CallOutcome::NetworkError
        | CallOutcome::AgentError
        | CallOutcome::Cancelled
        | CallOutcome::Replaced => false,
    }
}

fn in_words(outcome: CallOutcome) -> &'static str {
    match outcome {
        CallOutcome::Completed => "the call ended",
        CallOutcome::NoAnswer => "nobody answered",
        CallOutcome::Busy => "the line was busy",
        CallOutcome::Voicemail => "a voicemail answered",
        CallOutcome::Declined => "the call was declined",
        CallOutcome::InvalidNumber => "the number is invalid",
        CallOutcome::NetworkError => "the network failed",
        CallOutcome::AgentError => "the agent failed",
        CallOutcome::Cancelled | CallOutcome::Replaced => "the call was taken back",
    }
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::call_scheduling::{
        AgentFocus, CallWindow, PastAttempt, ZoneSource, validate_settings,
    };

    use super::*;

    const NOW_MS: i64 = 1_790_000_000_000;

    fn facts(retry_number: u32, outcome: CallOutcome) -> Facts {
        let attempt = |retry_number| PastAttempt {
            retry_number,
            scheduled_at_ms: NOW_MS - 1000,
            called_at_ms: Some(NOW_MS - 1000),
            outcome,
            duration_seconds: 0,
        };
        Facts {
            now_ms: NOW_MS,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            interview_id: "interview".to_owned(),
            agent_focus: AgentFocus::Screening,
            agent_duration_minutes: 15,
            retry_number,
            history: (0..retry_number).map(attempt).collect(),
            window: CallWindow { start_minute: 480, end_minute: 1200, days: vec![] },
            zone_source: ZoneSource::Company,
            local_times: vec![],
        }
    }

    fn settings(text: &str) -> Settings {
        settings::parse(text).expect("valid settings")
    }

    /// Minutes until the next call, or none where the rule gives up.
    fn minutes_until_call(facts: Facts, settings: Settings) -> Option<i64> {
        match Standard::decide(facts, settings) {
            Decision::Call(call) => Some((call.at_ms - NOW_MS) / MINUTE_MS),
            Decision::GiveUp(_) => None,
        }
    }

    #[test]
    fn delays_grow_and_end() {
        let expected = [Some(0), Some(15), Some(60), Some(240), None, None];
        for (retry_number, expected) in (0..).zip(expected) {
            let facts = facts(retry_number, CallOutcome::NoAnswer);
            assert_eq!(minutes_until_call(facts, settings("{}")), expected, "retry {retry_number}");
        }
    }

    #[test]
    fn what_another_call_cannot_mend_ends_it() {
        use CallOutcome::{AgentError, Busy, Declined, InvalidNumber, NetworkError, NoAnswer, Voicemail};
        for outcome in [Declined, InvalidNumber] {
            assert_eq!(minutes_until_call(facts(1, outcome), settings("{}")), None, "{outcome:?}");
        }
        for outcome in [NoAnswer, Busy, Voicemail, NetworkError, AgentError] {
            assert_eq!(minutes_until_call(facts(1, outcome), settings("{}")), Some(15), "{outcome:?}");
        }
        let nothing_known = Facts { history: vec![], ..facts(1, NoAnswer) };
        assert_eq!(minutes_until_call(nothing_known, settings("{}")), Some(15));
    }

    #[test]
    fn the_delays_can_be_set() {
        let own = r#"{"retryAfterMinutes":[5]}"#;
        let busy = |retry_number| facts(retry_number, CallOutcome::Busy);
        assert_eq!(minutes_until_call(busy(1), settings(own)), Some(5));
        assert_eq!(minutes_until_call(busy(2), settings(own)), None);
        assert_eq!(minutes_until_call(busy(1), settings(r#"{"retryAfterMinutes":[]}"#)), None);
    }

    #[test]
    fn settings_are_checked() {
        let cases = [
            (r#"{"retryAfter":[1]}"#, "/retryAfter"),
            (r#"{"retryAfterMinutes":[0]}"#, "/retryAfterMinutes/0"),
            (r#"{"retryAfterMinutes":[1,2,3,4,5,6,7,8,9,10,11]}"#, "/retryAfterMinutes"),
        ];
        for (text, pointer) in cases {
            assert_eq!(validate_settings::<Standard>(text).expect_err(text)[0].pointer, pointer);
        }
    }
}
