//! Numbers and truth values as requests write them.
//!
//! Rust's own parsers take more than is meant: a leading `+`, `inf`, `nan`.

use std::str::FromStr;

/// An integer: ASCII digits, behind a `-` if the type has negative values.
pub(super) fn integer<T: FromStr>(text: &str) -> Result<T, &'static str> {
    if !is_digits(text.strip_prefix('-').unwrap_or(text)) {
        return Err("not a whole number");
    }
    // What is left to fail is the size, and a minus before an unsigned number.
    text.parse().map_err(|_| "a number out of range")
}

/// A number: digits, a `.` with digits behind it, an exponent.
pub(super) fn float<T: FromStr + Into<f64> + Copy>(text: &str) -> Result<T, &'static str> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let mantissa = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let signless =
        |exponent: &str| is_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent));
    if !is_digits(whole) || !fraction.is_none_or(is_digits) || !exponent.is_none_or(signless) {
        return Err("not a number");
    }
    match text.parse::<T>() {
        Ok(number) if number.into().is_finite() => Ok(number),
        _ => Err("a number out of range"),
    }
}

/// `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, &'static str> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("neither true nor false"),
    }
}

/// One character.
pub(super) fn character(text: &str) -> Result<char, &'static str> {
    text.parse().map_err(|_| "not one character")
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_digits() {
        assert_eq!(integer::<u8>("007"), Ok(7));
        assert_eq!(integer::<i8>("-128"), Ok(-128));
        for text in ["", "-", "+5", "1_0", " 1", "1 ", "0x1", "1.0", "\u{0661}"] {
            assert_eq!(integer::<i64>(text), Err("not a whole number"), "{text:?}");
        }
        for text in ["256", "-1", "-0", "99999999999999999999"] {
            assert!(integer::<u8>(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn floats_are_finite_decimals() {
        assert_eq!(float::<f64>("-1.5e+3"), Ok(-1500.0));
        assert_eq!(float::<f32>("2"), Ok(2.0));
        for text in ["", "-", ".5", "5.", "+1", "inf", "nan", "1e", "1e999", "--1", "1.2.3"] {
            assert!(float::<f64>(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn booleans_are_spelt_out() {
        assert_eq!(boolean("true"), Ok(true));
        assert_eq!(boolean("false"), Ok(false));
        for text in ["", "1", "True", "yes"] {
            assert!(boolean(text).is_err(), "{text:?}");
        }
    }
}
