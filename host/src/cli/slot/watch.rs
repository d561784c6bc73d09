//! `slot watch`: decisions as they fall, and who is asked, until somebody has seen enough.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::SlotName;
use crate::cli::client::Server;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, print_text};
use crate::cli::request::Request;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Decisions between two looks that are shown; a slot with more is not read by eye.
const SHOWN_MAX: &str = "1000";

/// Looks, says what is new, and looks again.
pub(super) async fn run(
    slot: &SlotName,
    lasts: Option<Duration>,
    server: &Server,
    output: &Output,
) -> Result<(), Failure> {
    let started = Instant::now();
    let (mut shown, mut seen) = (Value::Null, None);
    loop {
        let now = standing(&server.send(&Request::get(&["slots", &slot.ats, &slot.policy])).await?);
        if now != shown {
            tell(output, &now)?;
            shown = now;
        }
        let decisions = server.send(&newest(slot)).await?;
        let decisions = decisions.as_array().map(Vec::as_slice).unwrap_or_default();
        let fresh: Vec<&Value> =
            decisions.iter().take_while(|decision| seen.as_ref() != Some(&decision["id"])).collect();
        // What fell before somebody watched is in `decision list`.
        if seen.is_some() {
            for decision in fresh.iter().rev() {
                tell(output, &fallen(decision))?;
            }
        }
        seen = Some(fresh.first().map(|newest| newest["id"].clone()).or(seen).unwrap_or_default());
        if lasts.is_some_and(|lasts| lasts <= started.elapsed()) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn newest(slot: &SlotName) -> Request {
    let slot = slot.to_string();
    Request::get(&["decisions"]).query(&[("slot", Some(&slot)), ("limit", Some(SHOWN_MAX))])
}

/// Who is asked.
fn standing(slot: &Value) -> Value {
    json!({
        "event": "slot",
        "active": slot["active"]["id"],
        "canary": slot["canary"]["release"]["id"],
        "canaryPercent": slot["canary"]["percent"],
        "shadow": slot["shadow"]["release"]["id"],
        "breaker": slot["breaker"],
        "ended": slot["ended"][0],
    })
}

fn fallen(decision: &Value) -> Value {
    json!({
        "event": "decision",
        "at": decision["at"],
        "decision": decision["id"],
        "companyId": decision["companyId"],
        "release": decision["release"],
        "answeredBy": decision["answeredBy"],
        "failure": decision["asked"][0]["failure"],
        "answer": decision["answer"],
        "durationMicros": decision["durationMicros"],
    })
}

/// One line for each event, so that it can be piped; on a terminal without the names of what is absent.
fn tell(output: &Output, event: &Value) -> Result<(), Failure> {
    if !output.is_table() {
        return print_text(&format!("{event}\n"));
    }
    let told: Vec<String> = event
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            format!("{name}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        })
        .collect();
    print_text(&format!("{}\n", told.join(" ").replace(char::is_control, "\u{fffd}")))
}
