//! Base64 with its standard alphabet, padded. RFC 4648 §4.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Appends `bytes` in base64.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
        let word = word << (8 * (3 - group.len()));
        for digit in 0..4 {
            let index = (word >> (18 - 6 * digit)) & 63;
            let is_padding = digit > group.len();
            out.push(if is_padding { '=' } else { char::from(DIGITS[index as usize]) });
        }
    }
}

/// What `text` stands for; `None` if [`encode`] would not have written it so.
#[cfg(feature = "signed-cookies")]
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.chunks(4) {
        let mut word = 0;
        for digit in group {
            word = word << 6 | value(*digit)?;
        }
        // What the last digits have more than whole bytes must be zero, or two texts would mean the same.
        let (count, spare) = match group.len() {
            4 => (3, 0),
            3 => (2, 2),
            2 => (1, 4),
            _ => return None,
        };
        if word & ((1 << spare) - 1) != 0 {
            return None;
        }
        bytes.extend_from_slice(&(word >> spare << (8 * (4 - count))).to_be_bytes()[..count]);
    }
    Some(bytes)
}

#[cfg(feature = "signed-cookies")]
fn value(digit: u8) -> Option<u32> {
    let value = match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4648 §10.
    const VECTORS: [(&str, &str); 7] = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ];

    #[test]
    fn the_vectors_of_the_rfc() {
        for (text, expected) in VECTORS {
            let mut out = String::new();
            encode(text.as_bytes(), &mut out);
            assert_eq!(out, expected);
        }
    }

    #[cfg(feature = "signed-cookies")]
    #[test]
    fn what_was_encoded_is_decoded() {
        for (text, encoded) in VECTORS {
            assert_eq!(decode(encoded.as_bytes()).as_deref(), Some(text.as_bytes()));
        }
        let all: Vec<u8> = (0..=255).collect();
        let mut out = String::new();
        encode(&all, &mut out);
        assert_eq!(decode(out.as_bytes()), Some(all));
    }

    #[cfg(feature = "signed-cookies")]
    #[test]
    fn nothing_has_two_spellings() {
        for text in [
            "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=", "Zm9v\n", "Zm 9", "Zm9_",
            "Zm=v",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }
}
