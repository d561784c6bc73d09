//! The metrics in the OpenMetrics format, with the slots' lines. Every series carries the ATS, the policy, the release
//! and what it is in its slot; there are as many as there are releases in slots.

use std::fmt::Write;

use hyper::StatusCode;

use crate::app::App;
use crate::app::release::{BreakerState, DURATION_BOUNDS_MICROS, ReleaseStats};
use crate::http::Reply;
use crate::metrics::Metrics;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The process's metrics, with those of the slots before their end.
pub(super) fn reply(metrics: &Metrics, app: &App) -> Reply {
    let mut text = metrics.text();
    let end = text.rfind("# EOF").unwrap_or(text.len());
    text.insert_str(end, &of_slots(app));
    Reply::text(StatusCode::OK, MEDIA_TYPE, text)
}

/// One after another, so that the families stay together.
fn of_slots(app: &App) -> String {
    let all = app.fleet().stats();
    let mut text = String::new();
    counter(&mut text, &all, "calls", "Calls of a release.", |stats| stats.calls);
    counter(&mut text, &all, "answered", "Calls of a release that it answered.", |stats| stats.answered);
    counter(&mut text, &all, "degraded", "Decisions that the failure ladder took.", |stats| stats.degraded);
    counter(&mut text, &all, "fuel", "Fuel that a release used.", |stats| stats.fuel_total);
    failures(&mut text, &all);
    durations(&mut text, &all);
    counter(&mut text, &all, "compared", "Answers of a shadow that were compared.", |stats| stats.compared);
    counter(&mut text, &all, "changed", "Answers of a shadow that differ from those that held.", |stats| {
        stats.changed
    });
    counter(&mut text, &all, "skipped", "Calls of a shadow that were not made.", |stats| stats.skipped);
    gauge(&mut text, &all, "in_flight", "Calls of a release that run now.", |stats| stats.in_flight);
    gauge(&mut text, &all, "breaker_open", "1 while a release that kept failing is not asked.", |stats| {
        u64::from(stats.breaker != BreakerState::Closed)
    });
    gauge(&mut text, &all, "unavailable", "1 while a release cannot be loaded.", |stats| {
        u64::from(stats.unavailable.is_some())
    });
    header(
        &mut text,
        "components_loaded",
        "gauge",
        "Components in memory: old code goes when its last call ends.",
    );
    let loaded = app.fleet().runtime().loaded_components();
    push(&mut text, format_args!("{PREFIX}components_loaded {loaded}\n"));
    text
}

const PREFIX: &str = "switchboard_policy_";

fn counter(
    text: &mut String,
    all: &[ReleaseStats],
    name: &str,
    help: &str,
    value: impl Fn(&ReleaseStats) -> u64,
) {
    header(text, name, "counter", help);
    for stats in all {
        line(text, &format!("{name}_total"), stats, "", value(stats));
    }
}

fn gauge(
    text: &mut String,
    all: &[ReleaseStats],
    name: &str,
    help: &str,
    value: impl Fn(&ReleaseStats) -> u64,
) {
    header(text, name, "gauge", help);
    for stats in all {
        line(text, name, stats, "", value(stats));
    }
}

fn failures(text: &mut String, all: &[ReleaseStats]) {
    header(text, "failures", "counter", "Failed calls of a release, by kind.");
    for stats in all {
        for (kind, count) in stats.failures.iter().filter(|(_, count)| *count != 0) {
            line(text, "failures_total", stats, &format!(r#",kind="{}""#, kind.as_str()), *count);
        }
    }
}

fn durations(text: &mut String, all: &[ReleaseStats]) {
    header(text, "duration_seconds", "histogram", "How long a call took, waiting for a place included.");
    for stats in all {
        let mut below = 0;
        for (count, bound) in stats.duration_counts.iter().zip(DURATION_BOUNDS_MICROS) {
            below += count;
            line(text, "duration_seconds_bucket", stats, &format!(r#",le="{}""#, seconds(bound)), below);
        }
        let all = stats.duration_counts.iter().sum();
        line(text, "duration_seconds_bucket", stats, r#",le="+Inf""#, all);
        let sum = seconds(stats.duration_micros_total);
        push(text, format_args!("{PREFIX}duration_seconds_sum{{{}}} {sum}\n", labels(stats)));
        line(text, "duration_seconds_count", stats, "", all);
    }
}

/// Exact: millionths, with what is no digit of them cut.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let text = text.trim_end_matches('0');
    if text.ends_with('.') { format!("{text}0") } else { text.to_owned() }
}

fn header(text: &mut String, name: &str, kind: &str, help: &str) {
    push(text, format_args!("# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}\n"));
}

fn line(text: &mut String, name: &str, stats: &ReleaseStats, more: &str, value: u64) {
    push(text, format_args!("{PREFIX}{name}{{{}{more}}} {value}\n", labels(stats)));
}

fn labels(stats: &ReleaseStats) -> String {
    let ats = stats.slot.ats_id.map_or_else(|| "default".to_owned(), |id| id.to_string());
    let (policy, release, standing) = (stats.slot.policy, stats.release_id, stats.standing.as_str());
    format!(r#"ats="{ats}",policy="{policy}",release="{release}",standing="{standing}""#)
}

#[expect(clippy::let_underscore_must_use, reason = "writing into a String cannot fail")]
fn push(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        for (micros, text) in [(0, "0.0"), (5, "0.000005"), (1_000_000, "1.0"), (2_500_010, "2.50001")] {
            assert_eq!(seconds(micros), text);
        }
    }
}
