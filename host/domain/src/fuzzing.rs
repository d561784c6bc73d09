//! Entries for fuzzing: each takes any bytes and panics where a promise is broken. `cargo fuzz` runs them with
//! coverage, the tests below with any toolchain. Never part of the program.

use std::time::Duration;

use chrono_tz::Tz;

use crate::call_window::{CallWindow, WhenFacts, WhenRefusal, judge};
use crate::problem::{Flaw, FlawKind};
use crate::time::{Timestamp, WrittenTime, parse_calendar_date, parse_duration, parse_period_bound};

/// No zone, one with half an hour, one that leaves a day out, several of a country, several that share nothing.
const PHONE_ZONES: [&[Tz]; 5] = [
    &[],
    &[Tz::Australia__Adelaide],
    &[Tz::Pacific__Apia],
    &[Tz::Europe__Moscow, Tz::Asia__Yekaterinburg],
    &[Tz::Europe__Moscow, Tz::Asia__Kamchatka, Tz::America__Los_Angeles],
];

/// A usual window, one over midnight, and a minute a week.
const WINDOWS: [(&str, &str, &[&str]); 3] = [
    ("08:00", "20:00", &["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]),
    ("22:30", "06:15", &["MON", "FRI"]),
    ("23:59", "24:00", &["SUN"]),
];

/// How long before the written time its request comes, in seconds: too late, at once, the day before, nearly as
/// early as allowed, too early.
const AHEAD_SECONDS: [i64; 5] = [-3_600, 0, 86_400, 30 * 86_400 - 1, 30 * 86_400 + 1];

/// Every way of reading a time, and what a time that was read is judged to mean.
pub fn written_time(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = parse_duration(text);
    for moment in [parse_period_bound(text), parse_calendar_date(text).map(start_of)] {
        match moment {
            Ok(moment) => assert_eq!(parse_period_bound(&moment.to_string()), Ok(moment), "{text:?}"),
            Err(flaw) => tells_where(text, &flaw),
        }
    }
    match WrittenTime::parse(text) {
        Ok(written) => judged_everywhere(&written),
        Err(flaw) => tells_where(text, &flaw),
    }
}

fn start_of(date: chrono::NaiveDate) -> Timestamp {
    Timestamp::from_wall(date.and_time(chrono::NaiveTime::MIN), 0)
}

/// A refused date is told with the character at which it goes wrong.
fn tells_where(text: &str, flaw: &Flaw) {
    let FlawKind::UnreadableDate { reason } = &flaw.kind else { panic!("{text:?}: {flaw:?}") };
    let at = reason.rsplit_once("at character ").and_then(|(_, at)| at.parse::<usize>().ok());
    let at = at.unwrap_or_else(|| panic!("{text:?}: {reason}"));
    assert!((1..=text.chars().count() + 1).contains(&at), "{text:?}: {reason}");
}

/// The clocks of servers show something in between; judged there, a written time may still be of any year.
const CLOCKS: std::ops::RangeInclusive<i64> = 0..=253_000_000_000_000;
const SOME_CLOCK: Timestamp = Timestamp::from_unix_millis(1_775_124_000_000);

fn judged_everywhere(written: &WrittenTime) {
    if let Some(instant) = written.instant() {
        let back = WrittenTime::parse(&instant.to_string()).ok().and_then(|again| again.instant());
        assert_eq!(back, Some(instant));
    }
    for (start, end, days) in WINDOWS {
        let window = CallWindow::new(start, end, days).expect("a window");
        for phone_zones in PHONE_ZONES {
            for seconds in AHEAD_SECONDS {
                let meant = written.instant().unwrap_or_else(|| Timestamp::from_wall(written.local, 0));
                let near = meant.unix_millis() - seconds * 1_000;
                let now = if CLOCKS.contains(&near) { Timestamp::from_unix_millis(near) } else { SOME_CLOCK };
                let facts = WhenFacts {
                    now,
                    phone_zones,
                    company_zone: Tz::America__New_York,
                    window: &window,
                    zulu_is_offset: phone_zones.is_empty(),
                    window_applies: true,
                };
                judged(written, &facts);
            }
        }
    }
}

/// What is accepted is in the window and near; what is offered instead of a refused time is accepted.
fn judged(written: &WrittenTime, facts: &WhenFacts<'_>) {
    match judge(Some(written), facts) {
        Ok(judged) => {
            assert!(judged.judged_in.is_open(facts.window, judged.scheduled_at), "{written:?} {facts:?}");
            assert!(judged.scheduled_at >= facts.now.minus(Duration::from_secs(60)), "{written:?} {facts:?}");
            assert!(
                judged.scheduled_at <= facts.now.plus(Duration::from_secs(30 * 86_400)),
                "{written:?} {facts:?}"
            );
        }
        Err(WhenRefusal::OutsideCallWindow(verdict)) => {
            let offered = WrittenTime::parse(&verdict.next_allowed_at);
            let accepted = offered.as_ref().is_ok_and(|offered| judge(Some(offered), facts).is_ok());
            assert!(accepted, "{written:?} {facts:?} was offered {}", verdict.next_allowed_at);
        }
        Err(WhenRefusal::Flaw(flaw)) => assert!(!flaw.message.is_empty(), "{written:?} {facts:?}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// All of them, in the program, since this crate reads no files.
    const SEEDS: [&[u8]; 21] = [
        include_bytes!("../../../fuzz/seeds/written_time/00"),
        include_bytes!("../../../fuzz/seeds/written_time/01"),
        include_bytes!("../../../fuzz/seeds/written_time/02"),
        include_bytes!("../../../fuzz/seeds/written_time/03"),
        include_bytes!("../../../fuzz/seeds/written_time/04"),
        include_bytes!("../../../fuzz/seeds/written_time/05"),
        include_bytes!("../../../fuzz/seeds/written_time/06"),
        include_bytes!("../../../fuzz/seeds/written_time/07"),
        include_bytes!("../../../fuzz/seeds/written_time/08"),
        include_bytes!("../../../fuzz/seeds/written_time/09"),
        include_bytes!("../../../fuzz/seeds/written_time/10"),
        include_bytes!("../../../fuzz/seeds/written_time/11"),
        include_bytes!("../../../fuzz/seeds/written_time/12"),
        include_bytes!("../../../fuzz/seeds/written_time/13"),
        include_bytes!("../../../fuzz/seeds/written_time/14"),
        include_bytes!("../../../fuzz/seeds/written_time/15"),
        include_bytes!("../../../fuzz/seeds/written_time/16"),
        include_bytes!("../../../fuzz/seeds/written_time/17"),
        include_bytes!("../../../fuzz/seeds/written_time/18"),
        include_bytes!("../../../fuzz/seeds/written_time/19"),
        include_bytes!("../../../fuzz/seeds/written_time/20"),
    ];

    fn seeds() -> Vec<Vec<u8>> {
        SEEDS.iter().map(|seed| seed.to_vec()).collect()
    }

    #[test]
    fn every_seed_keeps_the_promises() {
        seeds().iter().for_each(|seed| written_time(seed));
    }

    proptest! {
        #[test]
        fn a_seed_with_a_place_changed_keeps_them(
            seed in prop::sample::select(seeds()),
            at: prop::sample::Index,
            put in "[-+:.TtZz 0-9a-zé]{0,3}",
            gone in 0_usize..3,
        ) {
            let mut text = seed;
            let at = if text.is_empty() { 0 } else { at.index(text.len()) };
            let end = (at + gone).min(text.len());
            text.splice(at..end, put.bytes());
            written_time(&text);
        }

        #[test]
        fn any_bytes_keep_them(bytes: Vec<u8>) {
            written_time(&bytes);
        }
    }
}
