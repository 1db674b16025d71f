//! Dates as people say them.

use super::{Locale, fill};
use crate::calendar::{DAY, Moment, unix_seconds};
use std::time::SystemTime;

/// How [`Locale::format_date`] is to say a date.
#[derive(Clone, Copy, Debug, Default)]
pub struct DateFormat {
    gmt_offset: i64,
    absolute: bool,
    shorter: bool,
    full_format: bool,
}

impl DateFormat {
    /// Relative to now, and in UTC.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many minutes the clock is behind UTC where it is read: what `Date.getTimezoneOffset` of a browser says.
    #[must_use]
    pub fn gmt_offset(mut self, minutes: i32) -> Self {
        self.gmt_offset = minutes.into();
        self
    }

    /// Neither "2 minutes ago" nor "yesterday". Tornado's `relative=False`.
    #[must_use]
    pub fn absolute(mut self) -> Self {
        self.absolute = true;
        self
    }

    /// Days without a time.
    #[must_use]
    pub fn shorter(mut self) -> Self {
        self.shorter = true;
        self
    }

    /// Always the day, the month and the year.
    #[must_use]
    pub fn full_format(mut self) -> Self {
        self.full_format = true;
        self
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Locale {
    /// A date as people say it: "2 minutes ago", "yesterday at 6:35 pm", "Sunday at 6:35 pm", "April 28 at 6:35 pm", "April 28, 2013
    /// at 6:35 pm". A date in the future is said in full, unless it is less than a minute away: clocks differ.
    ///
    /// ```
    /// use gustnado::locale::{DateFormat, Locales};
    /// use std::time::{Duration, SystemTime};
    ///
    /// let locale = Locales::new("en_US").closest(["en_US"]);
    /// let date = SystemTime::now() - Duration::from_secs(120);
    /// assert_eq!(locale.format_date(date, DateFormat::new()), "2 minutes ago");
    /// ```
    pub fn format_date(&self, date: SystemTime, format: DateFormat) -> String {
        self.format_date_at(date, SystemTime::now(), format)
    }

    /// The same at another time than now.
    pub fn format_date_at(&self, date: SystemTime, now: SystemTime, format: DateFormat) -> String {
        let (mut date, now) = (unix_seconds(date), unix_seconds(now));
        let DateFormat { gmt_offset, absolute, shorter, mut full_format } = format;
        if date > now {
            if !absolute && date - now < 60 {
                date = now;
            } else {
                full_format = true;
            }
        }
        let (days, seconds) = ((now - date).div_euclid(DAY), (now - date).rem_euclid(DAY));
        if !full_format && !absolute && days == 0 {
            return self.ago(seconds);
        }
        let local = |seconds: i64| Moment::from_unix(seconds - gmt_offset * 60);
        let is_yesterday = days == 1 && !absolute && local(date).date == local(now - DAY).date;
        let text = match (full_format, shorter) {
            (false, _) if days == 0 => "%(time)s",
            (false, true) if is_yesterday => "yesterday",
            (false, false) if is_yesterday => "yesterday at %(time)s",
            (false, true) if days < 5 => "%(weekday)s",
            (false, false) if days < 5 => "%(weekday)s at %(time)s",
            // Eleven months, as the same month of last year would be mistaken for this year's.
            (false, true) if days < 334 => "%(month_name)s %(day)s",
            (false, false) if days < 334 => "%(month_name)s %(day)s at %(time)s",
            (_, true) => "%(month_name)s %(day)s, %(year)s",
            (_, false) => "%(month_name)s %(day)s, %(year)s at %(time)s",
        };
        self.say(text, &local(date))
    }

    /// A day: "Sunday, April 28", or, without its name, "April 28". The offset is that of [`DateFormat::gmt_offset`].
    ///
    /// ```
    /// use gustnado::locale::Locales;
    /// use std::time::{Duration, SystemTime};
    ///
    /// let locale = Locales::new("en_US").closest(["en_US"]);
    /// let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_367_174_100);
    /// assert_eq!(locale.format_day(date, 0, true), "Sunday, April 28");
    /// assert_eq!(locale.format_day(date, 0, false), "April 28");
    /// ```
    pub fn format_day(&self, date: SystemTime, gmt_offset: i32, day_of_week: bool) -> String {
        let local = Moment::from_unix(unix_seconds(date) - i64::from(gmt_offset) * 60);
        let text = if day_of_week {
            "%(weekday)s, %(month_name)s %(day)s"
        } else {
            "%(month_name)s %(day)s"
        };
        self.say(text, &local)
    }

    fn ago(&self, seconds: i64) -> String {
        let rounded = |unit: f64| (seconds as f64 / unit).round_ties_even() as u64;
        let (name, one, many, count) = if seconds < 50 {
            ("seconds", "1 second ago", "%(seconds)d seconds ago", seconds.unsigned_abs())
        } else if seconds < 50 * 60 {
            ("minutes", "1 minute ago", "%(minutes)d minutes ago", rounded(60.0))
        } else {
            ("hours", "1 hour ago", "%(hours)d hours ago", rounded(3600.0))
        };
        fill(self.translate_plural(one, many, count), &[(name, &count.to_string())])
    }

    fn say(&self, text: &str, local: &Moment) -> String {
        let Moment { date, weekday, .. } = local;
        fill(
            self.translate(text),
            &[
                ("month_name", self.translate(MONTHS[date.month as usize - 1])),
                ("weekday", self.translate(WEEKDAYS[*weekday])),
                ("day", &date.day.to_string()),
                ("year", &date.year.to_string()),
                ("time", &self.time(local)),
            ],
        )
    }

    /// With 24 hours, but in English and Chinese.
    fn time(&self, local: &Moment) -> String {
        let Moment { hour, minute, .. } = *local;
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        let half = |names: [&'static str; 2]| names[usize::from(hour >= 12)];
        match self.code() {
            "en" | "en_US" => format!("{twelve}:{minute:02} {}", half(["am", "pm"])),
            "zh_CN" => {
                format!("{}{twelve}:{minute:02}", half(["\u{4e0a}\u{5348}", "\u{4e0b}\u{5348}"]))
            }
            _ => format!("{hour}:{minute:02}"),
        }
    }
}
