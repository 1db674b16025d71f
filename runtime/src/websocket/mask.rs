//! Masking, which every frame of a client has: RFC 6455 §5.3.

/// So much is masked at a time; the compiler makes vector instructions of it.
const STEP: usize = 32;

/// Masks `bytes`, or takes the mask away again. They are the part of a payload that begins at `offset`.
pub(super) fn mask(bytes: &mut [u8], key: [u8; 4], offset: u64) {
    let mut pattern = [0; STEP];
    for (at, byte) in pattern.iter_mut().enumerate() {
        *byte = key[(offset as usize + at) & 3];
    }
    let (steps, rest) = bytes.as_chunks_mut::<STEP>();
    for step in steps {
        for (byte, mask) in step.iter_mut().zip(&pattern) {
            *byte ^= mask;
        }
    }
    for (byte, mask) in rest.iter_mut().zip(&pattern) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tornado's vectors.
    #[test]
    fn known_vectors() {
        for (key, plain, masked) in [
            (b"abcd", &b""[..], &b""[..]),
            (b"abcd", b"b", b"\x03"),
            (b"abcd", b"54321", b"TVPVP"),
            (b"ZXCV", b"98765432", b"c`t`olpd"),
        ] {
            let mut bytes = plain.to_vec();
            mask(&mut bytes, *key, 0);
            assert_eq!(bytes, masked);
        }
    }

    #[test]
    fn pieces_of_any_length_give_the_same_as_the_whole() {
        let key = [0x12, 0xfe, 0x80, 0x01];
        let plain: Vec<u8> = (0..300_u16).map(|at| (at * 7) as u8).collect();
        let expected: Vec<u8> =
            plain.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]).collect();
        for cut in 0..plain.len() {
            let mut bytes = plain.clone();
            let (first, second) = bytes.split_at_mut(cut);
            mask(first, key, 0);
            mask(second, key, cut as u64);
            assert_eq!(bytes, expected);
        }
    }
}
