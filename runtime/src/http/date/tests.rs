use super::*;

/// 2023-11-14.
const NOW: u64 = 1_700_000_000;

fn parse(text: &str) -> Option<i64> {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    HTTPDate::parse(text, now).map(HTTPDate::unix)
}

#[test]
fn the_three_forms_of_the_rfc_are_one_date() {
    assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
    assert_eq!(parse("Sunday, 06-Nov-94 08:49:37 GMT"), Some(784_111_777));
    assert_eq!(parse("Sun Nov  6 08:49:37 1994"), Some(784_111_777));
    assert_eq!(parse("Wed Nov 16 08:49:37 1994"), Some(784_975_777));
}

#[test]
fn two_digits_mean_at_most_fifty_years_ahead() {
    let year = |text| parse(text).map(|unix| Civil::from_days(unix / DAY).year);
    assert_eq!(year("Friday, 01-Jan-73 00:00:00 GMT"), Some(2073));
    assert_eq!(year("Friday, 01-Jan-74 00:00:00 GMT"), Some(1974));
    assert_eq!(year("Friday, 01-Jan-00 00:00:00 GMT"), Some(2000));
}

#[test]
fn what_is_not_a_date_is_refused() {
    for text in [
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sux, 06 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 08:49:37 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT; length=5",
        "Sunda, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 94",
        "784111777",
        "Sün, 06 Nov 1994 08:49:37 GMT",
    ] {
        assert_eq!(parse(text), None, "{text:?}");
    }
}

#[test]
fn every_day_of_four_centuries_survives_writing_and_reading() {
    let mut expected = Civil { year: 1800, month: 1, day: 1 };
    let first = expected.days().unwrap();
    for days in first..first + 146_097 {
        let civil = Civil::from_days(days);
        assert_eq!(
            (civil.year, civil.month, civil.day),
            (expected.year, expected.month, expected.day)
        );
        assert_eq!(civil.days(), Some(days));
        let date = HTTPDate::from_unix(days * DAY + days.rem_euclid(DAY));
        assert_eq!(parse(&date.to_string()), Some(date.unix()));
        expected.day += 1;
        if expected.days().is_none() {
            expected = if expected.month == 12 {
                Civil { year: expected.year + 1, month: 1, day: 1 }
            } else {
                Civil { year: expected.year, month: expected.month + 1, day: 1 }
            };
        }
    }
}

#[test]
fn weekdays_and_ends_of_time() {
    let text = |unix| HTTPDate::from_unix(unix).to_string();
    assert_eq!(text(0), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(text(-1), "Wed, 31 Dec 1969 23:59:59 GMT");
    assert_eq!(text(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_eq!(text(i64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    assert_eq!(text(i64::MIN), "Sat, 01 Jan 0000 00:00:00 GMT");
}

#[test]
fn system_time_round_trips_to_the_second() {
    for seconds in [-86_400, -1, 0, 1, 784_111_777] {
        let date = HTTPDate::from_unix(seconds);
        assert_eq!(HTTPDate::from(SystemTime::from(date)), date);
    }
    let half = SystemTime::UNIX_EPOCH - Duration::from_millis(500);
    assert_eq!(HTTPDate::from(half).unix(), -1);
}

#[test]
fn the_line_follows_the_second() {
    let mut line = DateLine::new(HTTPDate::from_unix(0));
    assert_eq!(line.as_bytes(), b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
    line.set(HTTPDate::from_unix(784_111_777));
    assert_eq!(line.as_bytes(), b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
}
