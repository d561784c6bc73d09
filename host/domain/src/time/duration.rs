//! Durations as operators write them: `90s`, `15m`, `4h`, `7d`, and sums such as `1h30m`.

use std::time::Duration;

use crate::problem::Flaw;

/// Milliseconds of each unit, by its letters.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A hundred years: longer waits are slips of the keyboard, and sums with any moment stay writable.
const MILLIS_MAX: u64 = 100 * 366 * 86_400_000;

/// Reads `90s`, `15m`, `4h`, `7d` and sums of them such as `1h30m`; `ms` is known too.
///
/// # Errors
///
/// Says what is expected, at which character; at most 100 years.
pub fn parse_duration(text: &str) -> Result<Duration, Flaw> {
    let at = |rest: &str| text.chars().count() - rest.chars().count() + 1;
    let mut rest = text;
    let mut total_millis: u64 = 0;
    if text.is_empty() {
        return Err(malformed("it is empty", 1));
    }
    while !rest.is_empty() {
        let (digits, after) = split(rest, |character| character.is_ascii_digit());
        if digits.is_empty() {
            return Err(malformed("a number is needed here", at(rest)));
        }
        let (letters, next) = split(after, |character| character.is_ascii_alphabetic());
        let Some((_, unit_millis)) = UNITS.iter().find(|(unit, _)| *unit == letters) else {
            return Err(malformed("a unit (ms, s, m, h or d) is needed after the number", at(after)));
        };
        // Too many digits for a number are too long a time.
        let count = digits.parse().unwrap_or(u64::MAX);
        total_millis = total_millis.saturating_add(count.saturating_mul(*unit_millis));
        rest = next;
    }
    if total_millis > MILLIS_MAX {
        return Err(Flaw::invalid("must be a duration of at most 100 years"));
    }
    Ok(Duration::from_millis(total_millis))
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|character| !belongs(character)).unwrap_or(text.len()))
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
        for (text, millis) in [
            ("90s", 90_000),
            ("15m", 900_000),
            ("4h", 14_400_000),
            ("7d", 604_800_000),
            ("1h30m", 5_400_000),
            ("1d2h3m4s", 93_784_000),
            ("1s250ms", 1_250),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_where_it_goes_wrong() {
        for (text, reason) in [
            ("", "it is empty, at character 1"),
            ("90", "needed after the number, at character 3"),
            ("1h30", "needed after the number, at character 5"),
            ("h", "a number is needed here, at character 1"),
            ("1h m", "a number is needed here, at character 3"),
            ("1hm", "needed after the number, at character 2"),
            ("5w", "needed after the number, at character 2"),
            ("5\u{17e}m", "needed after the number, at character 2"),
            ("\u{17e}5m", "a number is needed here, at character 1"),
            ("1 h", "needed after the number, at character 2"),
            ("-1h", "a number is needed here, at character 1"),
            ("1.5h", "needed after the number, at character 2"),
            ("99999999999999999999999d", "at most 100 years"),
            ("36600d1ms", "at most 100 years"),
        ] {
            let flaw = parse_duration(text).expect_err(text);
            assert!(flaw.message.ends_with(reason), "{text}: {}", flaw.message);
        }
    }
}
