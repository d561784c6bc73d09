//! The rules of "When": which instant a written time means, in whose local time it is judged, and the verdict.

use std::time::Duration;

use chrono::{LocalResult, NaiveDateTime, TimeZone};
use chrono_tz::{GapInfo, Tz};

use super::opening::offset_seconds;
use super::{CallWindow, JudgedIn, WindowVerdict, Zones};
use crate::problem::Flaw;
use crate::rejection::Rejection;
use crate::time::{Timestamp, Written, WrittenTime};

/// A partner's clock and the way to us may take this long.
pub(crate) const PAST_ALLOWED: Duration = Duration::from_secs(60);
/// The contract's bound on planning ahead.
pub(crate) const AHEAD_ALLOWED: Duration = Duration::from_secs(30 * 86_400);
/// So many zones are named when an offset is asked for; more would hide the sentence.
const NAMED_ZONES: usize = 3;

/// Everything that the rules look at, besides the time itself.
#[derive(Debug, Clone, Copy)]
pub struct WhenFacts<'a> {
    /// The moment of the request.
    pub now: Timestamp,
    /// The zones of the candidate's number; empty without a number, or where its zone is not known.
    pub phone_zones: &'a [Tz],
    /// The company's `settings.timezone`.
    pub company_zone: Tz,
    /// The company's `settings.callWindow`.
    pub window: &'a CallWindow,
    /// The ATS's setting: `Z` is a written offset.
    pub zulu_is_offset: bool,
    /// PHONE, and not a test.
    pub window_applies: bool,
}

/// A time that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// When it takes place.
    pub scheduled_at: Timestamp,
    /// To be kept with the attempt: later checks judge in the same.
    pub judged_in: JudgedIn,
}

impl Judged {
    /// What the answer of a dry run says of it; `facts` are those that it was judged on.
    #[must_use]
    pub fn told(&self, facts: &WhenFacts<'_>) -> WindowVerdict {
        facts.verdict(self.scheduled_at, self.scheduled_at, true, &self.judged_in)
    }
}

/// Why a time does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhenRefusal {
    /// It is no instant there, or in the past, or too far ahead.
    Flaw(Flaw),
    /// The phone would ring when it must not.
    OutsideCallWindow(Box<WindowVerdict>),
}

impl WhenRefusal {
    /// The refusal of the field at `path`, such as `scheduledAt`.
    #[must_use]
    pub fn at(self, path: &str) -> Rejection {
        match self {
            Self::Flaw(flaw) => Rejection::field(path, flaw),
            Self::OutsideCallWindow(verdict) => Rejection::OutsideCallWindow(verdict),
        }
    }
}

/// Judges a partner's time; without one the time is at once, or the next opening.
///
/// # Errors
///
/// [`Flaw::unreadable_date`] for a wall time that does not exist or that needs an offset; [`Flaw::invalid`] in the
/// past (60 s are allowed) or more than 30 days ahead; the verdict outside of the window.
pub fn judge(written: Option<&WrittenTime>, facts: &WhenFacts<'_>) -> Result<Judged, WhenRefusal> {
    let Some(written) = written else { return Ok(moved_inside(facts.now, facts)) };
    let (at, judged_in) = read(written, facts).map_err(WhenRefusal::Flaw)?;
    if at < facts.now.minus(PAST_ALLOWED) {
        return Err(WhenRefusal::Flaw(Flaw::invalid("must not be in the past (60 seconds are allowed)")));
    }
    if at > facts.now.plus(AHEAD_ALLOWED) {
        return Err(WhenRefusal::Flaw(Flaw::invalid("must be at most 30 days ahead")));
    }
    if !facts.window_applies || judged_in.is_open(facts.window, at) {
        return Ok(Judged { scheduled_at: at, judged_in });
    }
    let next_allowed = facts.next_offer(at, &judged_in);
    let verdict = facts.verdict(at, next_allowed, false, &judged_in);
    Err(WhenRefusal::OutsideCallWindow(Box::new(verdict)))
}

/// The earliest allowed instant from `at` on, judged by number and company: for at-once times, retries, and every
/// later time without an offset of its own.
#[must_use]
pub fn moved_inside(at: Timestamp, facts: &WhenFacts<'_>) -> Judged {
    moved_inside_again(at, &facts.judged_in(at), facts)
}

/// The earliest allowed instant from `at` on, in the zone or offset in which the time was judged before: for the
/// check at the claim. It moved if the answer is later than `at`.
#[must_use]
pub fn moved_inside_again(at: Timestamp, judged_in: &JudgedIn, facts: &WhenFacts<'_>) -> Judged {
    let mut judged_in = judged_in.clone();
    let mut scheduled_at = at;
    if facts.window_applies {
        scheduled_at = judged_in.next_allowed(facts.window, at).unwrap_or_else(|| {
            // The company's window changed since, and the zones share nothing any more.
            judged_in = JudgedIn::Company(facts.company_zone);
            facts.next_in_company_zone(at)
        });
    }
    Judged { scheduled_at, judged_in }
}

impl WhenFacts<'_> {
    /// Rules 2 and 3, for a time near `at`: the number's zones, unless it has none or they share no allowed
    /// instant.
    #[must_use]
    pub fn zones(&self, at: Timestamp) -> Zones {
        let from = at.max(self.now);
        match self.window.next_allowed(from, self.phone_zones) {
            Some(_) => Zones::Phone(self.phone_zones.to_vec()),
            None => Zones::Company(self.company_zone),
        }
    }

    fn judged_in(&self, at: Timestamp) -> JudgedIn {
        self.zones(at).into()
    }

    /// What to send instead of a refused time: the next opening, or, where that is too far ahead, the first one.
    fn next_offer(&self, at: Timestamp, judged_in: &JudgedIn) -> Timestamp {
        let next = |from: Timestamp| judged_in.next_allowed(self.window, from);
        let latest = self.now.plus(AHEAD_ALLOWED);
        next(at.max(self.now))
            .filter(|opening| *opening <= latest)
            .or_else(|| next(self.now))
            .unwrap_or_else(|| self.next_in_company_zone(self.now))
    }

    fn next_in_company_zone(&self, from: Timestamp) -> Timestamp {
        self.window.next_allowed(from, &[self.company_zone]).unwrap_or(from)
    }

    fn verdict(&self, at: Timestamp, next: Timestamp, allowed: bool, judged_in: &JudgedIn) -> WindowVerdict {
        let zones = self.phone_zones;
        WindowVerdict::tell(at, next, allowed, judged_in, zones, self.company_zone, self.window)
    }
}

/// The instant that is meant, and in whose local time it is judged.
fn read(written: &WrittenTime, facts: &WhenFacts<'_>) -> Result<(Timestamp, JudgedIn), Flaw> {
    let at_offset = |seconds| Timestamp::from_wall(written.local, seconds);
    match written.offset {
        Written::Offset(seconds) => Ok((at_offset(seconds), JudgedIn::Offset(seconds))),
        Written::Zulu if facts.zulu_is_offset => Ok((at_offset(0), JudgedIn::Offset(0))),
        Written::Zulu => Ok((at_offset(0), facts.judged_in(at_offset(0)))),
        Written::None => read_without_offset(written.local, facts),
    }
}

fn read_without_offset(local: NaiveDateTime, facts: &WhenFacts<'_>) -> Result<(Timestamp, JudgedIn), Flaw> {
    // Which zones count depends on the instant, and the instant on the zone: near it is near enough to tell.
    let nearly = Timestamp::from_wall(local, 0);
    let nearly = Timestamp::from_wall(local, offset_seconds(facts.company_zone, nearly));
    let judged_in = facts.judged_in(nearly);
    let zone = match &judged_in {
        JudgedIn::Phone(zones) => match zones.as_slice() {
            [zone] => *zone,
            several if several.contains(&facts.company_zone) => facts.company_zone,
            several => return Err(offset_needed(local, several)),
        },
        JudgedIn::Company(_) | JudgedIn::Offset(_) => facts.company_zone,
    };
    Ok((instant_in(local, zone)?, judged_in))
}

/// The instant at which the zone's clocks show this; the earlier where they do so twice.
fn instant_in(local: NaiveDateTime, zone: Tz) -> Result<Timestamp, Flaw> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => {
            Ok(Timestamp::from(instant.to_utc()))
        }
        LocalResult::None => Err(does_not_exist(local, zone)),
    }
}

fn does_not_exist(local: NaiveDateTime, zone: Tz) -> Flaw {
    let clock = local.format("%H:%M on %Y-%m-%d");
    let gap = GapInfo::new(&local, &zone);
    let gap = gap.and_then(|gap| Some((gap.begin?.0, gap.end?.naive_local())));
    let why = gap.map_or_else(String::new, |(from, to)| {
        let same_day = from.date() == to.date();
        let shape = if same_day { "%H:%M" } else { "%Y-%m-%dT%H:%M" };
        format!(", its clocks go from {} to {}", from.format(shape), to.format(shape))
    });
    // Date and separator have fixed lengths: every time of day begins there.
    Flaw::unreadable_date(format!("{clock} does not exist in {}{why}, at character 12", zone.name()))
}

fn offset_needed(local: NaiveDateTime, zones: &[Tz]) -> Flaw {
    let named: Vec<_> = zones.iter().take(NAMED_ZONES).map(|zone| zone.name()).collect();
    let more = if zones.len() > NAMED_ZONES { ", …" } else { "" };
    Flaw::unreadable_date(format!(
        "the phone number may be in {} time zones ({}{more}): write an offset after the time, such as {}+02:00",
        zones.len(),
        named.join(", "),
        local.format("%Y-%m-%dT%H:%M:%S"),
    ))
}
