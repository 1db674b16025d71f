//! Tornado's translation files.

use super::catalogue::{Catalogue, Plurals};
use std::collections::HashMap;

/// The text of a file in UTF-8, or, if its byte order mark says so, in UTF-16.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        rest.is_empty().then(|| String::from_utf16(&units).ok())?
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    }
}

pub(super) fn read(text: &str) -> Result<Catalogue, String> {
    let (mut unknown, mut singular, mut plural) = (HashMap::new(), HashMap::new(), HashMap::new());
    for (number, row) in (1..).zip(rows(text)) {
        let mut columns = row.into_iter().map(|column| column.trim().to_owned());
        let (Some(message), Some(translation)) = (columns.next(), columns.next()) else {
            continue;
        };
        let texts = match columns.next().unwrap_or_default().as_str() {
            "" | "unknown" => &mut unknown,
            "singular" => &mut singular,
            "plural" => &mut plural,
            other => {
                return Err(format!(
                    "row {number}: {other:?} is neither singular nor plural nor unknown"
                ));
            }
        };
        texts.insert(message, translation);
    }
    Ok(Catalogue { unknown, plurals: Plurals::Two { singular, plural } })
}

/// The rows of a file as Excel writes it. (RFC 4180, and lines may end as they like.)
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let (mut row, mut column, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.next_if_eq(&'"').is_some() => column.push('"'),
            '"' if quoted || column.is_empty() => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut column)),
            '\r' | '\n' if !quoted => {
                row.push(std::mem::take(&mut column));
                rows.push(std::mem::take(&mut row));
            }
            _ => column.push(c),
        }
    }
    row.push(column);
    rows.push(row);
    // Also what is between a CR and its LF.
    rows.retain(|row| row.len() > 1);
    rows
}
