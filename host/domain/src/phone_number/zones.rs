//! Number prefixes and the time zones that belong to them.

use std::sync::LazyLock;

use chrono_tz::Tz;

/// A line: the prefix, then its zones; none where nobody knows.
const TABLE: &str = include_str!("../../data/phone_time_zones.txt");

/// The longest prefix in the metadata.
const MAX_PREFIX_DIGITS: usize = 9;

struct Row {
    prefix: &'static str,
    zones: Box<[Tz]>,
}

/// Sorted by prefix as text. A zone that chrono-tz does not know is left out.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut rows: Vec<_> = lines
        .map(|line| {
            let (prefix, zones) = line.split_once(' ').unwrap_or((line, ""));
            Row { prefix, zones: zones.split(' ').filter_map(|zone| zone.parse().ok()).collect() }
        })
        .collect();
    rows.sort_unstable_by_key(|row| row.prefix);
    rows
});

/// The zones of the longest known prefix of these digits.
pub(super) fn of(digits: &str) -> &'static [Tz] {
    (1..=MAX_PREFIX_DIGITS.min(digits.len()))
        .rev()
        .find_map(|length| {
            let prefix = digits.get(..length)?;
            let row = ROWS.binary_search_by_key(&prefix, |row| row.prefix).ok()?;
            ROWS.get(row)
        })
        .map_or(&[], |row| &row.zones)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_zone_in_it_is_known() {
        let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 3_000);
        assert!(lines.windows(2).all(|pair| pair[0].split(' ').next() < pair[1].split(' ').next()));
        let unknown: Vec<_> = lines
            .iter()
            .flat_map(|line| line.split(' ').skip(1))
            .filter(|zone| zone.parse::<Tz>().is_err())
            .collect();
        assert_eq!(unknown, Vec::<&str>::new(), "the metadata is newer than chrono-tz");
        assert!(ROWS.iter().all(|row| row.prefix.len() <= MAX_PREFIX_DIGITS));
    }
}
