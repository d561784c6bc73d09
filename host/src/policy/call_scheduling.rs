//! The adapter of `switchboard:call-scheduling@0.1.0`: the domain's facts as the plugin sees them, the
//! plugin's decision as the domain's answer, and both as canonical JSON for the record.

use chrono::Weekday;
use serde::{Deserialize, Serialize};
use switchboard_domain::call_scheduling::{self as domain, Answer, CallOutcome, PastAttempt};
use switchboard_domain::call_window::{CallWindow, LocalTime, Zones};
use switchboard_domain::company::parse_timezone;
use switchboard_domain::decision::PolicyName;
use switchboard_domain::time::Timestamp;
use wasmtime::component::{ComponentType, Lift, Lower};

use super::Error;
use super::adapter::{ELEMENT_BYTES, Policy, id};
use super::wit::{WitAgentFocus, canonical, wit_enum};

/// When is a candidate phoned: for the first time when no time was named, and again after a call that failed?
#[derive(Debug, Clone, Copy)]
pub struct CallScheduling;

wit_enum! {
    /// `weekday`
    WitWeekday of Weekday {
        Mon = "monday",
        Tue = "tuesday",
        Wed = "wednesday",
        Thu = "thursday",
        Fri = "friday",
        Sat = "saturday",
        Sun = "sunday",
    }
}

wit_enum! {
    /// `call-outcome`
    WitCallOutcome of CallOutcome {
        Completed = "completed",
        NoAnswer = "no-answer",
        Busy = "busy",
        Voicemail = "voicemail",
        Declined = "declined",
        InvalidNumber = "invalid-number",
        NetworkError = "network-error",
        AgentError = "agent-error",
        Cancelled = "cancelled",
        Replaced = "replaced",
    }
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitPastAttempt {
    #[component(name = "retry-number")]
    retry_number: u32,
    #[component(name = "scheduled-at-ms")]
    scheduled_at_ms: i64,
    #[component(name = "called-at-ms")]
    called_at_ms: Option<i64>,
    #[component(name = "outcome")]
    outcome: WitCallOutcome,
    #[component(name = "duration-seconds")]
    duration_seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitCallWindow {
    #[component(name = "start-minute")]
    start_minute: u32,
    #[component(name = "end-minute")]
    end_minute: u32,
    #[component(name = "days")]
    days: Vec<WitWeekday>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(enum)]
#[repr(u8)]
#[serde(rename_all = "kebab-case")]
pub enum WitZoneSource {
    #[component(name = "phone")]
    Phone,
    #[component(name = "company")]
    Company,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Serialize, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitOffsetChange {
    #[component(name = "at-ms")]
    at_ms: i64,
    #[component(name = "offset-seconds")]
    offset_seconds: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitLocalTime {
    #[component(name = "time-zone")]
    time_zone: String,
    #[component(name = "weekday")]
    weekday: WitWeekday,
    #[component(name = "minute-of-day")]
    minute_of_day: u32,
    #[component(name = "offset-seconds")]
    offset_seconds: i32,
    #[component(name = "offset-changes")]
    offset_changes: Vec<WitOffsetChange>,
}

/// What the plugin sees.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower, Deserialize)]
#[component(record)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct WitFacts {
    #[component(name = "now-ms")]
    now_ms: i64,
    #[component(name = "ats-id")]
    ats_id: String,
    #[component(name = "company-id")]
    company_id: String,
    #[component(name = "interview-id")]
    interview_id: String,
    #[component(name = "agent-focus")]
    agent_focus: WitAgentFocus,
    #[component(name = "agent-duration-minutes")]
    agent_duration_minutes: u32,
    #[component(name = "retry-number")]
    retry_number: u32,
    #[component(name = "history")]
    history: Vec<WitPastAttempt>,
    #[component(name = "window")]
    window: WitCallWindow,
    #[component(name = "zone-source")]
    zone_source: WitZoneSource,
    #[component(name = "local-times")]
    local_times: Vec<WitLocalTime>,
}

#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Serialize)]
#[component(record)]
#[serde(rename_all = "kebab-case")]
pub struct WitPlannedCall {
    #[component(name = "at-ms")]
    at_ms: i64,
    #[component(name = "reason")]
    reason: String,
}

/// What the plugin says.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lift, Serialize)]
#[component(variant)]
#[serde(rename_all = "kebab-case")]
pub enum WitDecision {
    #[component(name = "call")]
    Call(WitPlannedCall),
    #[component(name = "give-up")]
    GiveUp(String),
}

canonical!(WitPastAttempt as "past-attempt" {
    "called-at-ms" => called_at_ms,
    "duration-seconds" => duration_seconds,
    "outcome" => outcome,
    "retry-number" => retry_number,
    "scheduled-at-ms" => scheduled_at_ms,
});

canonical!(WitCallWindow as "call-window" {
    "days" => days,
    "end-minute" => end_minute,
    "start-minute" => start_minute,
});

canonical!(WitLocalTime as "local-time" {
    "minute-of-day" => minute_of_day,
    "offset-changes" => offset_changes,
    "offset-seconds" => offset_seconds,
    "time-zone" => time_zone,
    "weekday" => weekday,
});

canonical!(WitFacts as "facts" {
    "agent-duration-minutes" => agent_duration_minutes,
    "agent-focus" => agent_focus,
    "ats-id" => ats_id,
    "company-id" => company_id,
    "history" => history,
    "interview-id" => interview_id,
    "local-times" => local_times,
    "now-ms" => now_ms,
    "retry-number" => retry_number,
    "window" => window,
    "zone-source" => zone_source,
});

impl Policy for CallScheduling {
    const NAME: PolicyName = PolicyName::CallScheduling;
    type Facts = domain::Facts;
    type Verdict = domain::Verdict;
    type Seen = WitFacts;
    type Said = WitDecision;

    fn granted(facts: &domain::Facts, _grants: &[String]) -> WitFacts {
        let zones = facts.zones.as_slice();
        WitFacts {
            now_ms: facts.now.unix_millis(),
            ats_id: facts.ats_id.to_string(),
            company_id: facts.company_id.to_string(),
            interview_id: facts.interview_id.to_string(),
            agent_focus: facts.agent_focus.into(),
            agent_duration_minutes: facts.agent_duration_minutes,
            retry_number: facts.retry_number,
            history: facts.history.iter().map(past_attempt).collect(),
            window: WitCallWindow {
                start_minute: facts.window.start_minute().into(),
                end_minute: facts.window.end_minute().into(),
                days: facts.window.weekdays().map(WitWeekday::from).collect(),
            },
            zone_source: match facts.zones {
                Zones::Phone(_) => WitZoneSource::Phone,
                Zones::Company(_) => WitZoneSource::Company,
            },
            local_times: zones.iter().map(|zone| local_time(&LocalTime::of(*zone, facts.now))).collect(),
        }
    }

    /// There is nothing to grant: every release sees the same.
    fn narrowed(seen: WitFacts, _grants: &[String]) -> WitFacts {
        seen
    }

    fn to_checkable(seen: &WitFacts) -> Result<domain::Facts, Error> {
        let unreadable = |what: &str| Error::UnreadableFacts(what.to_owned());
        let zones = seen.local_times.iter().map(|local| parse_timezone(&local.time_zone));
        let zones: Vec<_> =
            zones.collect::<Result<_, _>>().map_err(|_| unreadable("`time-zone` is no zone"))?;
        let days: Vec<Weekday> = seen.window.days.iter().map(|day| (*day).into()).collect();
        let window = CallWindow::from_minutes(seen.window.start_minute, seen.window.end_minute, &days);
        Ok(domain::Facts {
            now: Timestamp::from_unix_millis(seen.now_ms),
            ats_id: id("ats-id", &seen.ats_id)?,
            company_id: id("company-id", &seen.company_id)?,
            interview_id: id("interview-id", &seen.interview_id)?,
            agent_focus: seen.agent_focus.into(),
            agent_duration_minutes: seen.agent_duration_minutes,
            retry_number: seen.retry_number,
            history: seen.history.iter().map(WitPastAttempt::to_domain).collect(),
            window: window.ok_or_else(|| unreadable("`window` is no call window"))?,
            zones: match (seen.zone_source, zones.as_slice()) {
                (WitZoneSource::Phone, [_, ..]) => Zones::Phone(zones),
                (WitZoneSource::Company, [zone]) => Zones::Company(*zone),
                (WitZoneSource::Phone | WitZoneSource::Company, _) => {
                    return Err(unreadable("`local-times` are not those of `zone-source`"));
                }
            },
        })
    }

    fn seen_bytes(seen: &WitFacts) -> usize {
        let local =
            |local: &WitLocalTime| local.time_zone.len() + ELEMENT_BYTES * (1 + local.offset_changes.len());
        [&seen.ats_id, &seen.company_id, &seen.interview_id].into_iter().map(String::len).sum::<usize>()
            + ELEMENT_BYTES * seen.history.len()
            + seen.local_times.iter().map(local).sum::<usize>()
    }

    fn said_bytes(said: &WitDecision) -> usize {
        match said {
            WitDecision::Call(WitPlannedCall { reason, .. }) | WitDecision::GiveUp(reason) => reason.len(),
        }
    }

    fn check(said: WitDecision, facts: &domain::Facts) -> Result<domain::Verdict, String> {
        let answer = match said {
            WitDecision::Call(WitPlannedCall { at_ms, reason }) => {
                Answer::Call(Timestamp::from_unix_millis(at_ms), reason)
            }
            WitDecision::GiveUp(reason) => Answer::GiveUp(reason),
        };
        domain::check(answer, facts)
    }
}

impl WitPastAttempt {
    fn to_domain(&self) -> PastAttempt {
        PastAttempt {
            retry_number: self.retry_number,
            scheduled_at: Timestamp::from_unix_millis(self.scheduled_at_ms),
            called_at: self.called_at_ms.map(Timestamp::from_unix_millis),
            outcome: self.outcome.into(),
            duration_seconds: self.duration_seconds,
        }
    }
}

fn past_attempt(attempt: &PastAttempt) -> WitPastAttempt {
    WitPastAttempt {
        retry_number: attempt.retry_number,
        scheduled_at_ms: attempt.scheduled_at.unix_millis(),
        called_at_ms: attempt.called_at.map(Timestamp::unix_millis),
        outcome: attempt.outcome.into(),
        duration_seconds: attempt.duration_seconds,
    }
}

fn local_time(local: &LocalTime) -> WitLocalTime {
    let changes = local.offset_changes.iter();
    WitLocalTime {
        time_zone: local.zone.name().to_owned(),
        weekday: local.weekday.into(),
        minute_of_day: local.minute_of_day,
        offset_seconds: local.offset_seconds,
        offset_changes: changes
            .map(|change| WitOffsetChange {
                at_ms: change.at.unix_millis(),
                offset_seconds: change.offset_seconds,
            })
            .collect(),
    }
}
