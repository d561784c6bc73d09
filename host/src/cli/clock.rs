//! `clock`: for a server that was started with `--dev-clock`.

use clap::Subcommand;
use switchboard_domain::time::parse_duration;

use super::failure::Failure;
use super::request::{Fields, Request};

#[derive(Debug, Subcommand)]
pub(super) enum Clock {
    /// What it shows, and whether it can be moved.
    Show,
    /// Moves it to a moment.
    Set {
        /// Such as 2026-04-02T08:00:00Z.
        #[arg(value_name = "T")]
        moment: String,
    },
    /// Moves it forward.
    Advance {
        /// Such as 90s, 15m, 4h, 7d or 1h30m.
        #[arg(value_name = "DURATION", value_parser = duration)]
        step: std::time::Duration,
    },
}

impl Clock {
    pub(super) fn request(&self) -> Result<Request, Failure> {
        Ok(match self {
            Self::Show => Request::get(&["clock"]),
            Self::Set { moment } => {
                Request::post(&["clock"], Fields::new().with("set", Some(moment.as_str())))
            }
            Self::Advance { step } => {
                let step_millis = u64::try_from(step.as_millis())
                    .map_err(|_| Failure::Usage("the duration is too long".to_owned()))?;
                Request::post(&["clock"], Fields::new().with("advanceMillis", Some(step_millis)))
            }
        })
    }
}

fn duration(text: &str) -> Result<std::time::Duration, String> {
    parse_duration(text).map_err(|flaw| flaw.message)
}
