//! Dates as HTTP writes them.

use crate::calendar::{Civil, unix_seconds};
use std::fmt;
use std::time::{Duration, SystemTime};

/// A point in time with the precision of HTTP, a second.
///
/// It is written as IMF-fixdate, the only form a sender may use; all three forms of RFC 9110 §5.6.7 are read.
///
/// ```
/// use gustnado::http::HTTPDate;
/// use std::time::{Duration, SystemTime};
///
/// let date = HTTPDate::from(SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777));
/// assert_eq!(date.to_string(), "Sun, 06 Nov 1994 08:49:37 GMT");
///
/// let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// assert_eq!(HTTPDate::parse("Sunday, 06-Nov-94 08:49:37 GMT", now), Some(date));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HTTPDate(i64);

impl HTTPDate {
    /// The date that lies `seconds` after 1970-01-01T00:00:00Z, leap seconds not counted.
    ///
    /// Four digits is all a year has in HTTP: dates outside the years 0 to 9999 are moved to the nearest that
    /// can be written.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(FIRST, LAST))
    }

    /// Seconds since 1970-01-01T00:00:00Z, negative before.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// Reads an IMF-fixdate, or one of the two obsolete forms that a recipient must understand. `None` if it is
    /// neither, or names a day that does not exist. The name of the weekday is not compared with the date.
    ///
    /// The RFC 850 form has two digits for the year. They mean the year nearest to `now` that is no more than 50
    /// years ahead of it.
    pub fn parse(text: impl AsRef<[u8]>, now: SystemTime) -> Option<Self> {
        let text = text.as_ref();
        // The forms differ in what follows the first three letters: `Sun, `, `Sunday, `, `Sun `.
        match text.get(3)? {
            b',' => imf_fixdate(text),
            b' ' => asctime(text),
            _ => rfc850(text, now),
        }
    }

    /// A second of a day; `None` if there is no such day.
    pub(super) fn from_civil(year: i64, month: u32, day: u32, second: u32) -> Option<Self> {
        let days = Civil { year, month, day }.days()?;
        Some(Self::from_unix(days * DAY + i64::from(second)))
    }

    /// The 29 bytes of the IMF-fixdate.
    pub fn imf_fixdate(self) -> [u8; 29] {
        let (days, second) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY) as u32);
        let Civil { year, month, day } = Civil::from_days(days);
        // 1970-01-01 was a Thursday.
        let weekday = (days + 4).rem_euclid(7) as usize;
        let mut text = *b"Sun, 00 Jan 0000 00:00:00 GMT";
        text[..3].copy_from_slice(&WEEKDAYS[weekday].as_bytes()[..3]);
        text[5..7].copy_from_slice(&digits(day));
        text[8..11].copy_from_slice(MONTHS[month as usize - 1]);
        text[12..14].copy_from_slice(&digits(year as u32 / 100));
        text[14..16].copy_from_slice(&digits(year as u32 % 100));
        text[17..19].copy_from_slice(&digits(second / 3600));
        text[20..22].copy_from_slice(&digits(second / 60 % 60));
        text[23..25].copy_from_slice(&digits(second % 60));
        text
    }
}

impl fmt::Display for HTTPDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.imf_fixdate()).unwrap_or_default())
    }
}

/// Fractions of a second are cut off.
impl From<SystemTime> for HTTPDate {
    fn from(time: SystemTime) -> Self {
        Self::from_unix(unix_seconds(time))
    }
}

impl From<HTTPDate> for SystemTime {
    fn from(date: HTTPDate) -> Self {
        let distance = Duration::from_secs(date.0.unsigned_abs());
        if date.0 < 0 { Self::UNIX_EPOCH - distance } else { Self::UNIX_EPOCH + distance }
    }
}

/// `Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n`, ready to be copied into a response.
///
/// Whoever owns one tells it the time before it is used; it is written anew only if another second has begun.
#[derive(Clone, Debug)]
pub struct DateLine {
    date: HTTPDate,
    /// The line, behind the status line that most responses have: one copy instead of two.
    bytes: [u8; Self::STATUS + Self::LENGTH],
}

impl DateLine {
    /// Bytes of the line, CRLF included.
    pub const LENGTH: usize = 37;

    const STATUS: usize = 17;

    /// The line for `date`.
    pub fn new(date: HTTPDate) -> Self {
        let mut bytes = *b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
        bytes[Self::STATUS + 6..][..29].copy_from_slice(&date.imf_fixdate());
        Self { date, bytes }
    }

    /// Moves the line to `date`.
    pub fn set(&mut self, date: HTTPDate) {
        if date != self.date {
            *self = Self::new(date);
        }
    }

    /// The line with its CRLF.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[Self::STATUS..]
    }

    /// The line behind the status line of 200.
    #[inline]
    pub(super) fn ok_bytes(&self) -> &[u8; Self::STATUS + Self::LENGTH] {
        &self.bytes
    }
}

const DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;

const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(text: &[u8]) -> Option<HTTPDate> {
    let mut cursor = Cursor(text);
    cursor.weekday(3)?;
    cursor.literal(b", ")?;
    let day = cursor.number(2)?;
    cursor.literal(b" ")?;
    let month = cursor.month()?;
    cursor.literal(b" ")?;
    let year = cursor.number(4)?;
    cursor.literal(b" ")?;
    let second = cursor.time()?;
    cursor.literal(b" GMT")?;
    cursor.end(year.into(), month, day, second)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(text: &[u8], now: SystemTime) -> Option<HTTPDate> {
    let mut cursor = Cursor(text);
    cursor.weekday(text.iter().position(|&byte| byte == b',')?)?;
    cursor.literal(b", ")?;
    let day = cursor.number(2)?;
    cursor.literal(b"-")?;
    let month = cursor.month()?;
    cursor.literal(b"-")?;
    let year = i64::from(cursor.number(2)?);
    cursor.literal(b" ")?;
    let second = cursor.time()?;
    cursor.literal(b" GMT")?;
    let latest = Civil::from_days(HTTPDate::from(now).0.div_euclid(DAY)).year + 50;
    let year = latest - (latest - year).rem_euclid(100);
    cursor.end(year, month, day, second)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(text: &[u8]) -> Option<HTTPDate> {
    let mut cursor = Cursor(text);
    cursor.weekday(3)?;
    cursor.literal(b" ")?;
    let month = cursor.month()?;
    cursor.literal(b" ")?;
    let day = if cursor.literal(b" ").is_some() { cursor.number(1) } else { cursor.number(2) }?;
    cursor.literal(b" ")?;
    let second = cursor.time()?;
    cursor.literal(b" ")?;
    let year = cursor.number(4)?;
    cursor.end(year.into(), month, day, second)
}

/// What is left of a date that is being read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn literal(&mut self, literal: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// The name of a day, shortened to three letters or in full.
    fn weekday(&mut self, length: usize) -> Option<()> {
        let name = self.take(length)?;
        let known =
            |day: &str| day.as_bytes() == name || (length == 3 && day.as_bytes()[..3] == *name);
        WEEKDAYS.iter().any(|day| known(day)).then_some(())
    }

    fn month(&mut self) -> Option<u32> {
        let name = self.take(3)?;
        (1..).zip(MONTHS).find_map(|(number, month)| (month == name).then_some(number))
    }

    fn number(&mut self, length: usize) -> Option<u32> {
        self.take(length)?.iter().try_fold(0, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
        })
    }

    /// `08:49:37` as seconds since midnight. 60 is a leap second, and counted as the next minute's first.
    fn time(&mut self) -> Option<u32> {
        let hour = self.number(2)?;
        self.literal(b":")?;
        let minute = self.number(2)?;
        self.literal(b":")?;
        let second = self.number(2)?;
        (hour < 24 && minute < 60 && second <= 60).then_some((hour * 60 + minute) * 60 + second)
    }

    /// The date, if nothing is left.
    fn end(&self, year: i64, month: u32, day: u32, second: u32) -> Option<HTTPDate> {
        self.0.is_empty().then(|| HTTPDate::from_civil(year, month, day, second))?
    }
}

/// Two decimal digits of a number below 100.
fn digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]
}

#[cfg(test)]
mod tests;
