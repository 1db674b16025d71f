//! `2013-04-28 05:16`

use crate::calendar::{Civil, DAY, Moment, from_unix_seconds, unix_seconds};
use std::time::SystemTime;

/// Tornado's formats, in its order. A number may have fewer digits, apart from the year's four.
const FORMATS: [&str; 10] = [
    "%a %b %d %H:%M:%S %Y",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H:%M",
    "%Y-%m-%d",
    "%Y%m%d",
    "%H:%M:%S",
    "%H:%M",
];

const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A time without a day is one of 1900-01-01, as in Python.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let text = text.to_ascii_lowercase();
    FORMATS.iter().find_map(|format| by_format(&text, format))
}

fn by_format(mut text: &str, format: &str) -> Option<SystemTime> {
    let mut date = Civil { year: 1900, month: 1, day: 1 };
    let (mut hour, mut minute, mut second) = (0, 0, 0);
    let mut format = format.chars();
    while let Some(c) = format.next() {
        if c != '%' {
            text = text.strip_prefix(c.to_ascii_lowercase())?;
            continue;
        }
        match format.next()? {
            'a' => {
                name(&mut text, &WEEKDAYS)?;
            }
            'b' => date.month = name(&mut text, &MONTHS)?,
            'Y' => date.year = number(&mut text, 4, 4)?.into(),
            'm' => date.month = number(&mut text, 1, 2)?,
            'd' => date.day = number(&mut text, 1, 2)?,
            'H' => hour = number(&mut text, 1, 2).filter(|hour| *hour < 24)?,
            'M' => minute = number(&mut text, 1, 2).filter(|minute| *minute < 60)?,
            _ => second = number(&mut text, 1, 2).filter(|second| *second < 60)?,
        }
    }
    let second = i64::from((hour * 60 + minute) * 60 + second);
    text.is_empty().then(|| from_unix_seconds(date.days()? * DAY + second))?
}

/// The number of a name of three letters, counted from 1.
fn name(text: &mut &str, names: &[&str]) -> Option<u32> {
    let (name, rest) = text.split_at_checked(3)?;
    *text = rest;
    (1..).zip(names).find_map(|(number, other)| (*other == name).then_some(number))
}

fn number(text: &mut &str, least: usize, most: usize) -> Option<u32> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    let (digits, rest) = text.split_at(count);
    *text = rest;
    digits.parse().ok()
}

pub(super) fn show(time: SystemTime) -> String {
    let Moment { date, hour, minute, second, .. } = Moment::from_unix(unix_seconds(time));
    let Civil { year, month, day } = date;
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}
