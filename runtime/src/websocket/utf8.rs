//! Text, checked while it arrives: RFC 6455 §8.1.

/// Checks text that comes in pieces. Bad text is found with the first byte that cannot be part of any.
#[derive(Debug, Default)]
pub(super) struct Utf8 {
    /// The beginning of a character whose rest has not come yet.
    begun: [u8; 4],
    length: u8,
}

/// The bytes are not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl Utf8 {
    /// Checks the next piece.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), NotUtf8> {
        while self.length > 0 {
            let Some((byte, rest)) = piece.split_first() else { return Ok(()) };
            piece = rest;
            // A character has at most four bytes, and each is looked at as soon as it is there.
            self.begun[usize::from(self.length)] = *byte;
            self.length += 1;
            self.length = unfinished(&self.begun[..usize::from(self.length)])? as u8;
        }
        let length = unfinished(piece)?;
        self.begun[..length].copy_from_slice(&piece[piece.len() - length..]);
        self.length = length as u8;
        Ok(())
    }

    /// Nothing more comes.
    pub(super) fn finish(&self) -> Result<(), NotUtf8> {
        if self.length > 0 { Err(NotUtf8) } else { Ok(()) }
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> Result<usize, NotUtf8> {
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(0),
        Err(error) if error.error_len().is_none() => Ok(bytes.len() - error.valid_up_to()),
        Err(_) => Err(NotUtf8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pieces: &[&[u8]]) -> Result<(), NotUtf8> {
        let mut utf8 = Utf8::default();
        for piece in pieces {
            utf8.push(piece)?;
        }
        utf8.finish()
    }

    #[test]
    fn text_may_be_cut_anywhere() {
        let text = "κόσμε \u{10ffff}\u{0}é€😀".as_bytes();
        for first in 0..text.len() {
            for second in first..text.len() {
                assert_eq!(check(&[&text[..first], &text[first..second], &text[second..]]), Ok(()));
            }
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(check(&bytes), Ok(()));
    }

    #[test]
    fn bad_text_is_found_with_its_first_bad_byte() {
        // A surrogate, something above the last character, an overlong slash, and a character that is cut off.
        for bad in [&b"\xed\xa0"[..], b"\xf4\x90", b"\xc0", b"\xe2\x82a", b"\x80"] {
            let mut utf8 = Utf8::default();
            let (last, before) = bad.split_last().unwrap();
            for byte in before {
                assert_eq!(utf8.push(&[*byte]), Ok(()), "{bad:x?}");
            }
            assert_eq!(utf8.push(&[*last]), Err(NotUtf8), "{bad:x?}");
        }
    }

    #[test]
    fn text_must_not_end_within_a_character() {
        assert_eq!(check(&[b"\xe2\x82"]), Err(NotUtf8));
        assert_eq!(check(&[b"\xe2\x82", b""]), Err(NotUtf8));
        assert_eq!(check(&[b"\xe2\x82", b"\xac"]), Ok(()));
        assert_eq!(check(&[]), Ok(()));
    }
}
