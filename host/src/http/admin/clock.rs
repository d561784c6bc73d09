//! The development clock for operators.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};

use super::{Ask, json_reply, ok};
use crate::app::Error;
use crate::http::body::{self, text};
use crate::http::{Failure, Reply};

/// A hundred years: whoever wants more mistook the unit.
const ADVANCE_MILLIS_MAX: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

pub(super) fn get(ask: &Ask<'_>) -> Reply {
    json_reply(hyper::StatusCode::OK, &shown(ask))
}

fn shown(ask: &Ask<'_>) -> serde_json::Value {
    json!({ "now": ask.app.now().to_string(), "steerable": ask.app.clock().is_steerable() })
}

/// `{set}` or `{advanceMillis}`.
pub(super) fn change(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let change = body::read(&ask.request.json()?, |fields| {
        let set = fields.optional("set", text(moment));
        let advance = fields.optional("advanceMillis", millis);
        Ok((set?, advance?))
    });
    let (set, advance) = change.map_err(Rejection::Invalid)?;
    let clock = ask.app.clock();
    let moved = match (set, advance) {
        (Some(moment), None) => clock.set(moment),
        (None, Some(millis)) => clock.advance(Duration::from_millis(millis)),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Failure::field("set", Flaw::invalid("or `advanceMillis` must be sent, one of them")));
        }
    };
    if !moved {
        let sentence = "this server runs on the machine's clock; start it with --dev-clock to move time";
        return Err(Error::Refused(sentence.to_owned()).into());
    }
    ok(&shown(ask))
}

fn millis(value: &Value) -> Result<u64, Flaw> {
    let millis = value.as_u64().filter(|millis| *millis <= ADVANCE_MILLIS_MAX);
    millis.ok_or_else(|| Flaw::invalid("must be a whole number of milliseconds, at most a hundred years"))
}

fn moment(written: &str) -> Result<Timestamp, Flaw> {
    let time = WrittenTime::parse(written)?;
    time.instant().ok_or_else(|| Flaw::invalid("needs an offset, such as `Z`"))
}
