//! `1h 30m`

use std::time::Duration;

pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let mut sum = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("it is no duration".to_owned());
    }
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(number_length(rest));
        let behind = behind.trim_start();
        let end = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        let (name, next) = behind.split_at(end);
        let amount: f64 = number.parse().map_err(|_| format!("{rest:?} is no number"))?;
        let unit = unit(name).ok_or_else(|| format!("there is no unit {name:?}"))?;
        let part = Duration::try_from_secs_f64(amount * unit).map_err(|error| error.to_string())?;
        sum = sum.checked_add(part).ok_or("it is too long")?;
        rest = next.trim_start();
    }
    Ok(sum)
}

/// How many seconds it has.
fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "w" | "weeks" | "week" => 604_800.0,
        "d" | "days" | "day" => 86_400.0,
        "h" | "hours" | "hour" => 3_600.0,
        "m" | "min" | "minutes" | "minute" => 60.0,
        "" | "s" | "sec" | "seconds" | "second" => 1.0,
        "ms" | "milliseconds" | "millisecond" => 1e-3,
        "us" | "microseconds" | "microsecond" => 1e-6,
        _ => return None,
    })
}

/// `-1.5e3`: an `e` counts only if a number follows it.
fn number_length(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let sign = |text: &str| usize::from(text.starts_with(['+', '-']));
    let mut length = sign(text);
    length += digits(&text[length..]);
    if text[length..].starts_with('.') {
        length += 1 + digits(&text[length + 1..]);
    }
    if text[length..].starts_with(['e', 'E']) {
        let power = length + 1 + sign(&text[length + 1..]);
        let count = digits(&text[power..]);
        length = if count > 0 { power + count } else { length };
    }
    length
}

pub(super) fn show(duration: Duration) -> String {
    let mut rest = duration.as_micros();
    if rest == 0 {
        return "0s".to_owned();
    }
    let units: [(&str, u128); 7] = [
        ("w", 604_800_000_000),
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
        ("us", 1),
    ];
    let mut parts = Vec::new();
    for (name, length) in units {
        if rest >= length {
            parts.push(format!("{}{name}", rest / length));
            rest %= length;
        }
    }
    parts.join(" ")
}
