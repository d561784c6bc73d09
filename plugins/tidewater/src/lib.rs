//! Tidewater's candidates work in shifts: each try is made on another weekday, and at another hour.

use switchboard_sdk::call_scheduling::{
    CallOutcome, Decision, Facts, LocalTime, PlannedCall, Policy, Weekday,
};
use switchboard_sdk::settings::{self, Object};

/// A week has no more weekdays to try.
const MOST_TRIES: usize = 7;

/// Where every weekday of the window was tried, one of them comes within a week.
const FARTHEST_DAY: u32 = 7;

/// The rule.
#[derive(Debug)]
pub struct Tidewater;

switchboard_sdk::export_call_scheduling!(Tidewater);

/// What an operator may set: `{"hours": [10, 14, 18]}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The hour of each try, on the callee's wall clock.
    pub hours: Vec<u32>,
}

impl settings::Settings for Settings {
    fn read(object: &mut Object<'_>) -> Self {
        let Some(hours) = object.whole_list("hours", 1..=MOST_TRIES, 0..=23) else {
            return Self { hours: vec![10, 14, 18] };
        };
        for (place, hour) in hours.iter().enumerate() {
            if hours[..place].contains(hour) {
                object.flaw(&format!("hours/{place}"), format!("hour {hour} is another try's already"));
            }
        }
        Self { hours: hours.into_iter().filter_map(|hour| u32::try_from(hour).ok()).collect() }
    }
}

impl Policy for Tidewater {
    type Settings = Settings;

    fn decide(facts: Facts, settings: Settings) -> Decision {
        let outcome = facts.history.last().map(|attempt| attempt.outcome);
        match outcome {
            Some(CallOutcome::Declined) => return give_up("the candidate declined"),
            Some(CallOutcome::InvalidNumber) => return give_up("the number is invalid"),
            _ => {}
        }
        let try_number = usize::try_from(facts.retry_number).unwrap_or(usize::MAX);
        let (Some(hour), Some(local)) = (settings.hours.get(try_number), facts.local_times.first()) else {
            return give_up(&format!("nobody was reached in {} tries", settings.hours.len()));
        };
        let minute_of_day = hour * 60;
        let days_ahead = if facts.retry_number == 0 {
            first_day(&facts, local, minute_of_day)
        } else {
            untried_day(&facts, local)
        };
        let weekday = in_words(local.weekday.plus(days_ahead.into()));
        Decision::Call(PlannedCall {
            at_ms: facts.at_local(local, days_ahead, minute_of_day),
            reason: format!(
                "try {} of {}: {weekday}, {hour}:00 in {}",
                try_number + 1,
                settings.hours.len(),
                local.time_zone
            ),
        })
    }
}

fn give_up(reason: &str) -> Decision {
    Decision::GiveUp(reason.to_owned())
}

/// Today, when the hour is still to come and the window has the day; else the next day that it has.
fn first_day(facts: &Facts, local: &LocalTime, minute_of_day: u32) -> u32 {
    let earliest = u32::from(minute_of_day < local.minute_of_day);
    let open = (earliest..=FARTHEST_DAY).find(|days| is_open(facts, local, *days));
    open.unwrap_or(earliest)
}

/// The first day from tomorrow on whose weekday was not tried, of those that the window has; any of those, where all
/// were tried.
fn untried_day(facts: &Facts, local: &LocalTime) -> u32 {
    let placed = facts
        .history
        .iter()
        .filter(|attempt| !matches!(attempt.outcome, CallOutcome::Cancelled | CallOutcome::Replaced));
    let tried: Vec<Weekday> = placed
        .map(|attempt| attempt.called_at_ms.unwrap_or(attempt.scheduled_at_ms))
        .map(|at_ms| local.weekday.plus(-facts.days_ago(local, at_ms)))
        .collect();
    let mut open = (1..=FARTHEST_DAY).filter(|days| is_open(facts, local, *days)).peekable();
    let soonest = open.peek().copied();
    open.find(|days| !tried.contains(&local.weekday.plus((*days).into()))).or(soonest).unwrap_or(1)
}

fn is_open(facts: &Facts, local: &LocalTime, days_ahead: u32) -> bool {
    facts.window.days.contains(&local.weekday.plus(days_ahead.into()))
}

fn in_words(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    }
}

#[cfg(test)]
mod tests {
    use switchboard_sdk::call_scheduling::{
        AgentFocus, CallWindow, OffsetChange, PastAttempt, ZoneSource, validate_settings,
    };

    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const DAY_MS: i64 = 24 * HOUR_MS;

    /// 2026-04-02T10:00:00Z, a Thursday: 12:00 in Bratislava.
    const THURSDAY_MS: i64 = 1_775_124_000_000;

    const WORKDAYS: [Weekday; 5] =
        [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

    fn facts(days: &[Weekday], tried_days_ago: &[i64]) -> Facts {
        let attempt = |(number, days_ago): (u32, &i64)| PastAttempt {
            retry_number: number,
            scheduled_at_ms: THURSDAY_MS - days_ago * DAY_MS,
            called_at_ms: Some(THURSDAY_MS - days_ago * DAY_MS),
            outcome: CallOutcome::NoAnswer,
            duration_seconds: 0,
        };
        Facts {
            now_ms: THURSDAY_MS,
            ats_id: "ats".to_owned(),
            company_id: "company".to_owned(),
            interview_id: "interview".to_owned(),
            agent_focus: AgentFocus::Screening,
            agent_duration_minutes: 15,
            retry_number: u32::try_from(tried_days_ago.len()).expect("few"),
            history: (0..).zip(tried_days_ago).map(attempt).collect(),
            window: CallWindow { start_minute: 480, end_minute: 1200, days: days.to_vec() },
            zone_source: ZoneSource::Phone,
            local_times: vec![LocalTime {
                time_zone: "Europe/Bratislava".to_owned(),
                weekday: Weekday::Thursday,
                minute_of_day: 720,
                offset_seconds: 7_200,
                offset_changes: vec![],
            }],
        }
    }

    /// Days ahead and the hour, in UTC + 2.
    fn planned(facts: Facts, settings: &str) -> Option<(i64, i64)> {
        match Tidewater::decide(facts, settings::parse(settings).expect("valid settings")) {
            Decision::Call(call) => {
                let local_ms = call.at_ms - (THURSDAY_MS - 12 * HOUR_MS);
                assert_eq!(local_ms % HOUR_MS, 0, "{}", call.reason);
                assert!(call.reason.chars().count() <= 500);
                Some((local_ms.div_euclid(DAY_MS), local_ms.rem_euclid(DAY_MS) / HOUR_MS))
            }
            Decision::GiveUp(_) => None,
        }
    }

    #[test]
    fn three_tries_on_three_weekdays_at_different_hours() {
        assert_eq!(planned(facts(&WORKDAYS, &[]), "{}"), Some((1, 10)), "10:00 is past today");
        assert_eq!(planned(facts(&WORKDAYS, &[0]), "{}"), Some((1, 14)), "Friday");
        // Wednesday and today: Friday is new.
        assert_eq!(planned(facts(&WORKDAYS, &[1, 0]), "{}"), Some((1, 18)));
        // Last Friday and today: Friday was tried, Saturday and Sunday are no workdays, so it is Monday.
        assert_eq!(planned(facts(&WORKDAYS, &[6, 0]), "{}"), Some((4, 18)));
        assert_eq!(planned(facts(&WORKDAYS, &[7, 1, 0]), "{}"), None, "three were enough");
    }

    #[test]
    fn a_first_call_waits_for_its_hour() {
        let first = |hour: u32| planned(facts(&WORKDAYS, &[]), &format!("{{\"hours\":[{hour}]}}"));
        assert_eq!(first(12), Some((0, 12)), "now");
        assert_eq!(first(17), Some((0, 17)));
        assert_eq!(first(11), Some((1, 11)));
        assert_eq!(
            planned(facts(&[Weekday::Monday], &[]), "{}"),
            Some((4, 10)),
            "the window has no other day"
        );
        assert_eq!(planned(facts(&[Weekday::Thursday], &[]), "{}"), Some((7, 10)));
    }

    #[test]
    fn where_the_window_has_too_few_weekdays_they_come_again() {
        assert_eq!(planned(facts(&[Weekday::Thursday], &[0]), "{}"), Some((7, 14)));
        let two = [Weekday::Tuesday, Weekday::Thursday];
        assert_eq!(planned(facts(&two, &[2, 0]), "{}"), Some((5, 18)));
    }

    #[test]
    fn an_attempt_that_nobody_placed_tried_no_weekday() {
        let mut facts = facts(&WORKDAYS, &[6, 0]);
        facts.history[0].outcome = CallOutcome::Replaced;
        assert_eq!(planned(facts, "{}"), Some((1, 18)), "Friday was not tried");
    }

    #[test]
    fn who_does_not_want_to_be_called_is_not() {
        for outcome in [CallOutcome::Declined, CallOutcome::InvalidNumber] {
            let mut facts = facts(&WORKDAYS, &[0]);
            facts.history[0].outcome = outcome;
            assert_eq!(planned(facts, "{}"), None, "{outcome:?}");
        }
    }

    #[test]
    fn the_hour_stays_when_the_clocks_change() {
        let mut facts = facts(&[Weekday::Monday], &[0]);
        // Clocks go back on Sunday.
        let change = OffsetChange { at_ms: THURSDAY_MS + 3 * DAY_MS, offset_seconds: 3_600 };
        facts.local_times[0].offset_changes.push(change);
        assert_eq!(planned(facts, "{}"), Some((4, 15)), "14:00 there is 15:00 by the former clock");
    }

    #[test]
    fn settings_are_checked() {
        assert_eq!(validate_settings::<Tidewater>(r#"{"hours":[9,17]}"#), Ok(()));
        let cases = [
            (r#"{"hours":[]}"#, "/hours"),
            (r#"{"hours":[1,2,3,4,5,6,7,8]}"#, "/hours"),
            (r#"{"hours":[24]}"#, "/hours/0"),
            (r#"{"hours":[9,17,9]}"#, "/hours/2"),
            (r#"{"hour":[9]}"#, "/hour"),
        ];
        for (text, pointer) in cases {
            let problems = validate_settings::<Tidewater>(text).expect_err(text);
            assert_eq!(problems[0].pointer, pointer, "{problems:?}");
        }
    }
}
