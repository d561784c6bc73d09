//! Durations as people write them: `90s`, `15m`, `4h`, `7d`, and sums such as `1h30m`.

use std::time::Duration;

/// Milliseconds of each unit, by its letters.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Longer than any deadline that the program knows, and short enough to be added to any moment: 100 years.
const MILLIS_MAX: u64 = 100 * 366 * 86_400_000;

/// Reads a duration; the error is the end of a sentence that names the value.
///
/// # Errors
///
/// When the text is empty, has a number without a unit or a unit that is not known, or is more than 100 years.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let malformed = || "is no duration such as 90s, 15m, 4h, 7d or 1h30m".to_owned();
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(malformed());
    }
    let mut total_millis = 0_u64;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest[..digits].parse().map_err(|_| malformed())?;
        rest = &rest[digits..];
        let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit_millis = UNITS
            .iter()
            .find(|(unit, _)| *unit == &rest[..letters])
            .map(|(_, millis)| *millis)
            .ok_or_else(malformed)?;
        rest = &rest[letters..];
        total_millis = count
            .checked_mul(unit_millis)
            .and_then(|millis| total_millis.checked_add(millis))
            .filter(|millis| *millis <= MILLIS_MAX)
            .ok_or_else(|| "is more than 100 years".to_owned())?;
    }
    Ok(Duration::from_millis(total_millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_numbers_with_units() {
        for (text, seconds) in [
            ("90s", 90),
            ("15m", 900),
            ("4h", 14_400),
            ("7d", 604_800),
            ("1h30m", 5_400),
            ("1d1h1m1s", 90_061),
            ("0s", 0),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse_duration("1s250ms"), Ok(Duration::from_millis(1_250)));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", " ", "5", "m", "5x", "-5m", "1.5h", "1h 30", "5m3", "ž5m", "5ž", "36600d1ms"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert!(parse_duration("99999999999999999999d").is_err());
    }
}
