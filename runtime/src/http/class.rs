//! The character classes of the HTTP grammar, in one table.

/// A set of classes a byte can belong to.
#[derive(Clone, Copy)]
pub(super) struct Class(u8);

impl Class {
    /// tchar of RFC 9110 §5.6.2: what methods, header names and transfer codings are made of.
    pub(super) const TOKEN: Self = Self(1);
    /// What may be in a header value: TAB, SP, VCHAR and obs-text. RFC 9110 §5.5.
    pub(super) const VALUE: Self = Self(2);
    /// What may be in a request target: VCHAR without `#`, since a fragment is never sent. RFC 3986 is
    /// stricter, but browsers send `|`, `{` and the like as they are.
    pub(super) const TARGET: Self = Self(4);
    /// What a reg-name or an IPv4 address is made of, but for `%`. RFC 3986 §3.2.2.
    pub(super) const HOST: Self = Self(8);

    /// Whether `byte` belongs to this class.
    #[inline]
    pub(super) const fn has(self, byte: u8) -> bool {
        TABLE[byte as usize] & self.0 != 0
    }

    /// Whether every byte belongs to this class.
    #[inline]
    pub(super) fn all(self, bytes: &[u8]) -> bool {
        bytes.iter().all(|&byte| self.has(byte))
    }
}

/// White space in the sense of HTTP (OWS): SP and TAB, and nothing that Unicode adds.
#[inline]
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Takes SP and TAB off both ends.
#[inline]
pub(super) const fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_space(*first) {
            break;
        }
        bytes = rest;
    }
    while let [rest @ .., last] = bytes {
        if !is_space(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

static TABLE: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = classes(byte as u8);
        byte += 1;
    }
    table
};

const fn classes(byte: u8) -> u8 {
    let mut classes = 0;
    let alphanumeric = byte.is_ascii_alphanumeric();
    if alphanumeric
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
    {
        classes |= Class::TOKEN.0;
    }
    if matches!(byte, b'\t' | b' '..=b'~' | 0x80..) {
        classes |= Class::VALUE.0;
    }
    if matches!(byte, b'!'..=b'~') && byte != b'#' {
        classes |= Class::TARGET.0;
    }
    if alphanumeric
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
        )
    {
        classes |= Class::HOST.0;
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_and_tab_are_trimmed() {
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim("\u{a0}x\u{85}".as_bytes()), "\u{a0}x\u{85}".as_bytes());
        assert_eq!(trim(b"\x0bx\x0c"), b"\x0bx\x0c");
        assert_eq!(trim(b" \t"), b"");
    }

    #[test]
    fn a_value_holds_no_control_but_tab() {
        let refused: Vec<u8> = (0..=255).filter(|&byte| !Class::VALUE.has(byte)).collect();
        let controls: Vec<u8> = (0..0x20).filter(|&byte| byte != b'\t').chain([0x7f]).collect();
        assert_eq!(refused, controls);
    }

    #[test]
    fn a_token_has_no_separators() {
        for byte in b"\"(),/:;<=>?@[\\]{} \t\r\n\0\x7f\x80\xff" {
            assert!(!Class::TOKEN.has(*byte), "{byte:#x}");
        }
    }
}
