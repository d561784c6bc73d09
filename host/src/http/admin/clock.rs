//! The development clock for operators.

use std::time::Duration;

use serde::Serialize;
use switchboard_domain::problem::Flaw;
use switchboard_domain::rejection::Rejection;
use switchboard_domain::time::{Timestamp, WrittenTime};
use utoipa::ToSchema;

use super::{Ask, json_reply, ok};
use crate::app::Error;
use crate::http::body::{self, Fields, Read, count, text};
use crate::http::{Failure, Reply};

/// A hundred years: whoever wants more mistook the unit.
const ADVANCE_MILLIS_MAX: u64 = 100 * 366 * 24 * 60 * 60 * 1000;

/// Where to move the clock: one of the two.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", as = AdminClockBody, example = json!({"advanceMillis": 900_000}))]
#[expect(dead_code, reason = "only its schema is used; the reader below asks for the same names")]
pub struct ClockBody {
    /// To this moment; with an offset, such as `Z`.
    #[schema(format = "date-time")]
    set: Option<String>,
    /// Forward by so much.
    #[schema(minimum = 0, maximum = 3_162_240_000_000_u64)]
    advance_millis: Option<u64>,
}

/// The clock that everything in the server follows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminClock, example = json!({"now": "2026-04-02T08:00:00.000Z", "steerable": true}))]
pub struct ClockView {
    #[schema(format = "date-time")]
    now: String,
    /// Whether it can be moved: `--dev-clock`.
    steerable: bool,
}

pub(super) fn get(ask: &Ask<'_>) -> Reply {
    json_reply(hyper::StatusCode::OK, &shown(ask))
}

fn shown(ask: &Ask<'_>) -> ClockView {
    ClockView { now: ask.app.now().to_string(), steerable: ask.app.clock().is_steerable() }
}

/// `{set}` or `{advanceMillis}`.
pub(super) fn change(ask: &Ask<'_>) -> Result<Reply, Failure> {
    let (set, advance) = body::read(&ask.request.json()?, read).map_err(Rejection::Invalid)?;
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

fn read(fields: &mut Fields<'_>) -> Read<(Option<Timestamp>, Option<u64>)> {
    let set = fields.optional("set", text(moment));
    let advance = fields.optional("advanceMillis", count(0..=ADVANCE_MILLIS_MAX));
    Ok((set?, advance?))
}

fn moment(written: &str) -> Result<Timestamp, Flaw> {
    let time = WrittenTime::parse(written)?;
    time.instant().ok_or_else(|| Flaw::invalid("needs an offset, such as `Z`"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::schema::drift;

    #[test]
    fn the_schema_is_the_readers() {
        drift::assert_alike::<ClockBody, _>(read, &[json!({ "set": "2026-04-02T08:00:00Z" })]);
        assert_eq!(ADVANCE_MILLIS_MAX, 3_162_240_000_000, "the schema's maximum");
    }
}
