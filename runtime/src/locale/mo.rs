//! The files that `msgfmt` makes. (GNU gettext, "The Format of GNU MO Files".)

use super::catalogue::{Catalogue, Plurals};
use super::plural::Plural;
use std::collections::HashMap;

const DAMAGED: &str = "the file is damaged";

pub(super) fn read(bytes: &[u8]) -> Result<Catalogue, &'static str> {
    let number: fn([u8; 4]) -> u32 = match bytes.get(..4) {
        Some([0xde, 0x12, 0x04, 0x95]) => u32::from_le_bytes,
        Some([0x95, 0x04, 0x12, 0xde]) => u32::from_be_bytes,
        _ => return Err("it is no .mo file"),
    };
    let file = File { bytes, number };
    let [revision, count, originals, translations] =
        [4, 8, 12, 16].map(|at| file.number(at).unwrap_or(u32::MAX));
    if revision >> 16 > 1 {
        return Err("its format is too new");
    }
    let mut formula = Plural::default();
    let (mut unknown, mut texts) = (HashMap::new(), HashMap::new());
    for index in 0..count {
        let original = file.text(originals, index)?;
        let translation = file.text(translations, index)?;
        if original.is_empty() {
            formula = header(translation)?.unwrap_or(formula);
        }
        // Of a text with numbers, that for one stands first.
        let (singular, plural) = original.split_once('\0').unwrap_or((original, ""));
        let mut forms = translation.split('\0').map(str::to_owned);
        unknown.extend(forms.clone().next().map(|first| (singular.to_owned(), first)));
        if !plural.is_empty() {
            texts.insert(singular.to_owned(), forms.by_ref().collect());
        }
    }
    // The header is no translation of nothing.
    unknown.remove("");
    Ok(Catalogue { unknown, plurals: Plurals::Many { formula, texts } })
}

/// The formula for plurals, if the header has one.
fn header(text: &str) -> Result<Option<Plural>, &'static str> {
    let field = |wanted: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    let charset = field("content-type").and_then(|value| value.split_once("charset="));
    if let Some((_, charset)) = charset {
        let known = ["utf-8", "us-ascii", "ascii", "charset"];
        if !known.iter().any(|known| charset.trim().eq_ignore_ascii_case(known)) {
            return Err("it is not in UTF-8");
        }
    }
    let formula = field("plural-forms").and_then(|value| value.split_once("plural="));
    formula
        .map(|(_, formula)| {
            let formula = formula.split(';').next().unwrap_or_default();
            Plural::parse(formula).ok_or("its formula for plurals is none")
        })
        .transpose()
}

struct File<'a> {
    bytes: &'a [u8],
    number: fn([u8; 4]) -> u32,
}

impl<'a> File<'a> {
    fn number(&self, at: usize) -> Option<u32> {
        self.bytes.get(at..)?.first_chunk().map(|bytes| (self.number)(*bytes))
    }

    /// The text that an entry of a table describes.
    fn text(&self, table: u32, index: u32) -> Result<&'a str, &'static str> {
        let entry = (table as usize).checked_add(index as usize * 8).ok_or(DAMAGED)?;
        let length = self.number(entry).ok_or(DAMAGED)? as usize;
        let start = entry.checked_add(4).and_then(|at| self.number(at)).ok_or(DAMAGED)? as usize;
        let end = start.checked_add(length).ok_or(DAMAGED)?;
        let bytes = self.bytes.get(start..end).ok_or(DAMAGED)?;
        std::str::from_utf8(bytes).map_err(|_| "it is not in UTF-8")
    }
}
