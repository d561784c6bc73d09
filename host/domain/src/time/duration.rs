//! Durations as operators write them: `90s`, `15m`, `4h`, `7d`, `1h30m`.

use std::time::Duration;

use crate::problem::Flaw;

/// A hundred years: longer waits are slips of the keyboard, and sums with any moment stay writable.
const LONGEST_SECONDS: u64 = 100 * 366 * 86_400;

/// Reads `90s`, `15m`, `4h`, `7d` and sums of them such as `1h30m`.
///
/// # Errors
///
/// Says what is expected, at which character; at most 100 years.
pub fn parse_duration(text: &str) -> Result<Duration, Flaw> {
    let mut total_seconds: u64 = 0;
    let mut count: Option<u64> = None;
    for (index, character) in text.chars().enumerate() {
        let position = index + 1;
        if let Some(digit) = character.to_digit(10) {
            let grown = count.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(digit));
            count = Some(grown);
            continue;
        }
        let unit_seconds = match character {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return Err(malformed(&format!("{character:?} is neither a digit nor a unit"), position)),
        };
        let Some(amount) = count.take() else {
            return Err(malformed("a number is needed before the unit", position));
        };
        total_seconds = total_seconds.saturating_add(amount.saturating_mul(unit_seconds));
    }
    if text.is_empty() {
        return Err(malformed("it is empty", 1));
    }
    if count.is_some() {
        return Err(malformed("a unit (s, m, h or d) is needed after the number", text.chars().count() + 1));
    }
    if total_seconds > LONGEST_SECONDS {
        return Err(Flaw::invalid("must be a duration of at most 100 years"));
    }
    Ok(Duration::from_secs(total_seconds))
}

fn malformed(reason: &str, position: usize) -> Flaw {
    Flaw::invalid(format!(
        "must be a duration such as 90s, 15m, 4h, 7d or 1h30m: {reason}, at character {position}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_units() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("4h", 14_400),
            ("7d", 604_800),
            ("1h30m", 5_400),
            ("1d2h3m4s", 93_784),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_where_it_goes_wrong() {
        for (text, reason) in [
            ("", "it is empty, at character 1"),
            ("90", "needed after the number, at character 3"),
            ("1h30", "needed after the number, at character 5"),
            ("h", "needed before the unit, at character 1"),
            ("1hm", "needed before the unit, at character 3"),
            ("5w", "'w' is neither a digit nor a unit, at character 2"),
            ("1 h", "' ' is neither a digit nor a unit, at character 2"),
            ("-1h", "'-' is neither a digit nor a unit, at character 1"),
            ("1.5h", "'.' is neither a digit nor a unit, at character 2"),
            ("99999999999999999999999d", "at most 100 years"),
            ("36601d", "at most 100 years"),
        ] {
            let flaw = parse_duration(text).expect_err(text);
            assert!(flaw.message.ends_with(reason), "{text}: {}", flaw.message);
        }
    }
}
