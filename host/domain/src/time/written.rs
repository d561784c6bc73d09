//! Times as partners write them, read character by character, so that a refusal names the place.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};

use super::Timestamp;
use crate::problem::Flaw;

/// What a written time says of its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Written {
    /// A numeric offset, in seconds east of UTC: the writer knows the wall clock.
    Offset(i32),
    /// `Z` or `-00:00`: the instant is known, the local time is not (RFC 9557 §2).
    Zulu,
    /// Nothing: a wall clock somewhere.
    None,
}

/// A date and a time exactly as they were written, cut to milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenTime {
    /// The wall clock.
    pub local: NaiveDateTime,
    /// Where it stands.
    pub offset: Written,
}

impl WrittenTime {
    /// Reads RFC 3339, and `2026-04-02T07:00`, offsets `+1030` and `+10`, a space or `t` for `T`, lower-case `z`,
    /// fractions of any length.
    ///
    /// # Errors
    ///
    /// [`Flaw::unreadable_date`]: what exactly is wrong, at which character (from 1).
    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let mut reader = Reader::new(text);
        let date = reader.date()?;
        if reader.at_end() {
            return Err(reader.fault_here("a time is needed after the date"));
        }
        reader.time_and_offset(date)
    }

    /// The instant, where the writing says it; `None` without an offset.
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        match self.offset {
            Written::Offset(seconds) => Some(Timestamp::from_wall(self.local, seconds)),
            Written::Zulu => Some(Timestamp::from_wall(self.local, 0)),
            Written::None => None,
        }
    }
}

/// Reads a calendar date, `YYYY-MM-DD`. A date-time is cut to its date at UTC; without an offset it is taken as UTC.
///
/// # Errors
///
/// [`Flaw::unreadable_date`]
pub fn parse_calendar_date(text: &str) -> Result<NaiveDate, Flaw> {
    parse_period_bound(text).map(|moment| moment.utc().date_naive())
}

/// Reads the bound of a period: a date is its UTC midnight; a date-time without an offset is taken as UTC.
///
/// # Errors
///
/// [`Flaw::unreadable_date`]
pub fn parse_period_bound(text: &str) -> Result<Timestamp, Flaw> {
    let mut reader = Reader::new(text);
    let date = reader.date()?;
    if reader.at_end() {
        return Ok(Timestamp::from_wall(date.and_time(NaiveTime::MIN), 0));
    }
    let written = reader.time_and_offset(date)?;
    Ok(written.instant().unwrap_or_else(|| Timestamp::from_wall(written.local, 0)))
}

/// The characters, and how many of them are read.
struct Reader {
    characters: Vec<char>,
    read: usize,
}

impl Reader {
    fn new(text: &str) -> Self {
        // The longest text of a use is far below; whatever stands behind these is reported by its first character.
        Self { characters: text.chars().collect(), read: 0 }
    }

    fn date(&mut self) -> Result<NaiveDate, Flaw> {
        if self.characters.is_empty() {
            return Err(self.fault_here("it is empty"));
        }
        let year = self.digits(4, "year")?;
        if matches!(self.peek(), Some('W' | 'w')) {
            return Err(self.fault_here(WEEK_DATE));
        }
        self.expect('-', "after the year")?;
        if matches!(self.peek(), Some('W' | 'w')) {
            return Err(self.fault_here(WEEK_DATE));
        }
        if self.is_ordinal_day() {
            return Err(self.fault_here("ordinal dates are not read, write YYYY-MM-DD"));
        }
        let month = self.field("month", 1..=12)?;
        self.expect('-', "after the month")?;
        let day_at = self.read;
        let day = self.field("day", 1..=31)?;
        let year = i32::try_from(year).unwrap_or_default();
        NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| {
            let days = if month == 2 { if is_leap(year) { 29 } else { 28 } } else { 30 };
            fault(&format!("day {day} is out of range, {year:04}-{month:02} has {days} days"), day_at)
        })
    }

    fn time_and_offset(&mut self, date: NaiveDate) -> Result<WrittenTime, Flaw> {
        if !matches!(self.peek(), Some('T' | 't' | ' ')) {
            return Err(self.expected("'T'", "between date and time"));
        }
        self.read += 1;
        let hour_at = self.read;
        let hour = self.digits(2, "hour")?;
        if hour == 24 {
            return Err(fault("hour 24 is not read, midnight is 00:00 of the next day", hour_at));
        }
        in_range(hour, "hour", 0..=23, hour_at)?;
        self.expect(':', "after the hour")?;
        let minute = self.field("minute", 0..=59)?;
        let (second, milli) = if self.peek() == Some(':') {
            self.read += 1;
            self.second_and_fraction()?
        } else {
            (0, 0)
        };
        let offset = self.offset()?;
        let time = NaiveTime::from_hms_milli_opt(hour, minute, second, milli)
            .ok_or_else(|| fault("it is no time of day", hour_at))?;
        Ok(WrittenTime { local: date.and_time(time), offset })
    }

    fn second_and_fraction(&mut self) -> Result<(u32, u32), Flaw> {
        let second_at = self.read;
        let second = self.digits(2, "second")?;
        if second == 60 {
            return Err(fault("second 60 is not read, leap seconds have no place here", second_at));
        }
        in_range(second, "second", 0..=59, second_at)?;
        if self.peek() != Some('.') {
            return Ok((second, 0));
        }
        self.read += 1;
        let mut milli = self.digits(1, "fraction")? * 100;
        let mut weight = 10;
        while let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) {
            milli += digit * weight;
            weight /= 10;
            self.read += 1;
        }
        Ok((second, milli))
    }

    fn offset(&mut self) -> Result<Written, Flaw> {
        let written = match self.peek() {
            None => return Ok(Written::None),
            Some('Z' | 'z') => {
                self.read += 1;
                Written::Zulu
            }
            Some(sign @ ('+' | '-')) => {
                self.read += 1;
                self.numeric_offset(sign == '-')?
            }
            Some(_) => return Err(self.expected("an offset such as +02:00, Z or the end", "after the time")),
        };
        if self.at_end() { Ok(written) } else { Err(self.expected("the end", "after the offset")) }
    }

    fn numeric_offset(&mut self, is_west: bool) -> Result<Written, Flaw> {
        let hours = self.field("offset hour", 0..=23)?;
        let minutes = match self.peek() {
            None => 0,
            Some(character) => {
                if character == ':' {
                    self.read += 1;
                }
                self.field("offset minute", 0..=59)?
            }
        };
        let seconds = i32::try_from(hours * 3_600 + minutes * 60).unwrap_or_default();
        Ok(match (is_west, seconds) {
            (true, 0) => Written::Zulu,
            (true, _) => Written::Offset(-seconds),
            (false, _) => Written::Offset(seconds),
        })
    }

    /// Two digits in a range.
    fn field(&mut self, name: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, Flaw> {
        let start = self.read;
        let value = self.digits(2, name)?;
        in_range(value, name, range, start)?;
        Ok(value)
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: u32, name: &str) -> Result<u32, Flaw> {
        let mut value = 0;
        for _ in 0..count {
            let Some(digit) = self.peek().and_then(|character| character.to_digit(10)) else {
                return Err(
                    self.expected(&format!("a digit of the {name}"), &format!("({count} are needed)"))
                );
            };
            value = value * 10 + digit;
            self.read += 1;
        }
        Ok(value)
    }

    fn expect(&mut self, character: char, place: &str) -> Result<(), Flaw> {
        if self.peek() != Some(character) {
            return Err(self.expected(&format!("'{character}'"), place));
        }
        self.read += 1;
        Ok(())
    }

    /// Three digits and then no further one where a month should be.
    fn is_ordinal_day(&self) -> bool {
        let rest = &self.characters[self.read..];
        let digits = rest.iter().take_while(|character| character.is_ascii_digit()).count();
        digits == 3 && matches!(rest.get(3), None | Some('T' | 't' | ' '))
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.read).copied()
    }

    fn at_end(&self) -> bool {
        self.read == self.characters.len()
    }

    fn expected(&self, what: &str, place: &str) -> Flaw {
        let found = self.peek().map_or_else(|| "the end".to_owned(), |character| format!("{character:?}"));
        self.fault_here(&format!("expected {what} {place}, found {found}"))
    }

    fn fault_here(&self, reason: &str) -> Flaw {
        fault(reason, self.read)
    }
}

const WEEK_DATE: &str = "week dates are not read, write YYYY-MM-DD";

fn in_range(value: u32, name: &str, range: std::ops::RangeInclusive<u32>, index: usize) -> Result<(), Flaw> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(fault(&format!("{name} {value:02} is out of range"), index))
}

fn is_leap(year: i32) -> bool {
    NaiveDate::from_ymd_opt(year, 2, 29).is_some()
}

/// Positions are told from 1.
fn fault(reason: &str, index: usize) -> Flaw {
    Flaw::unreadable_date(format!("{reason}, at character {}", index + 1))
}

#[cfg(test)]
mod tests;
