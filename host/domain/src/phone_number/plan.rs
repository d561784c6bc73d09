//! Country calling codes, and how long the national numbers after them can be.

use std::sync::LazyLock;

/// A line: the code, then the lengths.
const TABLE: &str = include_str!("../../data/phone_lengths.txt");

/// Sorted by country code as text.
static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let mut plans: Vec<_> = lines.filter_map(Plan::read).collect();
    plans.sort_unstable_by_key(|plan| plan.country_code);
    plans
});

/// ITU-T E.164: country codes have at most three digits.
const MAX_CODE_DIGITS: usize = 3;

/// How the numbers of one country calling code look.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) country_code: &'static str,
    /// Bit n: a national number can have n digits.
    lengths: u32,
}

/// The plan of these digits. No code is the beginning of another, so the first one found is the only one.
pub(super) fn of(digits: &str) -> Option<&'static Plan> {
    (1..=MAX_CODE_DIGITS).find_map(|length| {
        let code = digits.get(..length)?;
        let row = PLANS.binary_search_by_key(&code, |plan| plan.country_code).ok()?;
        PLANS.get(row)
    })
}

impl Plan {
    fn read(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ');
        let country_code = words.next()?;
        let lengths = words
            .filter_map(|word| word.parse::<u32>().ok())
            .fold(0, |bits, length| bits | 1_u32.checked_shl(length).unwrap_or(0));
        Some(Self { country_code, lengths })
    }

    pub(super) fn is_possible(&self, national_digits: usize) -> bool {
        self.lengths().any(|length| length == national_digits)
    }

    /// "10 digits", "9, 10 or 11 digits".
    pub(super) fn lengths_in_words(&self) -> String {
        let lengths: Vec<_> = self.lengths().map(|length| length.to_string()).collect();
        match lengths.as_slice() {
            [rest @ .., last] if !rest.is_empty() => format!("{} or {last} digits", rest.join(", ")),
            _ => format!("{} digits", lengths.concat()),
        }
    }

    fn lengths(&self) -> impl Iterator<Item = usize> {
        let bits = self.lengths;
        (0..32_usize).filter(move |length| (bits >> length) & 1 == 1)
    }
}
