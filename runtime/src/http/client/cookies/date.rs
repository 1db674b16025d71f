//! Dates as cookies have them: in any order, with any separators. RFC 6265 §5.1.1.

use crate::http::HTTPDate;
use crate::http::date::MONTHS;
use std::ops::RangeInclusive;

/// Reads a date; `None` if it is none.
pub(super) fn parse(text: &str) -> Option<HTTPDate> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.as_bytes().split(|byte| is_delimiter(*byte)).filter(|token| !token.is_empty())
    {
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1..=2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2..=4)
        {
            year = Some(found);
        }
    }
    let year = match year? {
        year @ 0..=69 => year + 2000,
        year @ 70..=99 => year + 1900,
        year => year,
    };
    if year < 1601 {
        return None;
    }
    HTTPDate::from_civil(year.into(), month?, day?, time?)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'/' | b';'..=b'@' | b'['..=b'`' | b'{'..=b'~')
}

/// The number that a token begins with, if it has so many digits.
fn number(token: &[u8], digits: RangeInclusive<usize>) -> Option<u32> {
    let count = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = std::str::from_utf8(&token[..count]).ok()?;
    if digits.contains(&count) { text.parse().ok() } else { None }
}

/// `hh:mm:ss` in seconds.
fn time_of(token: &[u8]) -> Option<u32> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let mut next = || number(parts.next()?, 1..=2);
    let (hour, minute, second) = (next()?, next()?, next()?);
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

fn month_of(token: &[u8]) -> Option<u32> {
    let start = token.first_chunk::<3>()?;
    let is_month = |month: &[u8; 3]| month.eq_ignore_ascii_case(start);
    (1..).zip(MONTHS).find_map(|(number, month)| is_month(month).then_some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_kinds_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "06 nov 94 8:49:37",
            "1994 November 6th 08:49:37",
        ] {
            assert_eq!(parse(text).map(HTTPDate::unix), Some(784_111_777), "{text}");
        }
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT").map(HTTPDate::unix), Some(0));
        assert_eq!(parse("29 Feb 2000 00:00:00").map(HTTPDate::unix), Some(951_782_400));
        assert_eq!(parse("31 Dec 69 23:59:59").map(HTTPDate::unix), Some(3_155_759_999));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "tomorrow",
            "06 Nov 1994",
            "08:49:37 Nov 1994",
            "24:00:00 1 Jan 2000",
            "00:00:00 32 Jan 2000",
            "00:00:00 30 Feb 2000",
            "00:00:00 1 Jan 1600",
        ] {
            assert_eq!(parse(text).map(HTTPDate::unix), None, "{text}");
        }
    }
}
