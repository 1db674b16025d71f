//! The keys of handshakes and masks: RFC 6455 §1.3, §4.1 and §5.3.

use crate::http::base64;
use crate::ioloop::Core;

/// What the key is put together with, so that no server answers by mistake.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a server answers to a client's key, or `None` if that is not 16 bytes in base64. §4.2.2
pub(super) fn accept_key(key: &str) -> Option<String> {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    // The last digit stands for two bits; the other four have no meaning, and are not looked at by anybody.
    let is_key =
        key.len() == 24 && key.ends_with("==") && key.as_bytes()[..22].iter().all(is_digit);
    is_key.then(|| in_base64(&sha1(&[key.as_bytes(), GUID].concat())))
}

/// A client's key: 16 bytes, new for each connection. §4.1
pub(super) fn client_key(core: &Core) -> String {
    let mut bytes = [0; 16];
    for half in bytes.chunks_exact_mut(8) {
        half.copy_from_slice(&core.unguessable().to_be_bytes());
    }
    in_base64(&bytes)
}

fn in_base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(28);
    base64::encode(bytes, &mut text);
    text
}

/// The mask of a client's frame, which nobody may be able to foresee. §5.3, §10.3
pub(super) fn mask_key(core: &Core) -> [u8; 4] {
    (core.unguessable() as u32).to_ne_bytes()
}

/// SHA-1, which proves nothing here but that the server knows WebSockets. RFC 3174 §6.1
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize(padded.len().next_multiple_of(64), 0);
    if padded.len() - message.len() < 9 {
        padded.resize(padded.len() + 64, 0);
    }
    let end = padded.len() - 8;
    padded[end..].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());

    let mut state: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let (blocks, _) = padded.as_chunks::<64>();
    for block in blocks {
        let mut words = [0; 80];
        let (four, _) = block.as_chunks::<4>();
        for (word, bytes) in words.iter_mut().zip(four) {
            *word = u32::from_be_bytes(*bytes);
        }
        for at in 16..80 {
            let mixed = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
            words[at] = mixed.rotate_left(1);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for (at, word) in words.iter().enumerate() {
            let (mixed, constant) = match at {
                0..20 => (b & c | !b & d, 0x5a82_7999),
                20..40 => (b ^ c ^ d, 0x6ed9_eba1),
                40..60 => (b & c | b & d | c & d, 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let sum = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e);
            let next = sum.wrapping_add(constant).wrapping_add(*word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (old, new) in state.iter_mut().zip([a, b, c, d, e]) {
            *old = old.wrapping_add(new);
        }
    }
    let mut digest = [0; 20];
    for (bytes, word) in digest.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6455 §1.3.
    #[test]
    fn the_example_of_the_rfc() {
        let accepted = accept_key("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accepted.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }

    #[test]
    fn a_key_is_sixteen_bytes_in_base64() {
        for key in [
            "",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZ===",
            "dGhlIHNhbXBsZSBub25j",
            "dGhlIHNhbXBsZSB\u{e9}b25jZQ==",
        ] {
            assert_eq!(accept_key(key), None, "{key}");
        }
    }

    /// RFC 3174 §7.3, and lengths around that of a block.
    #[test]
    fn known_digests() {
        let hex = |bytes: &[u8]| -> String {
            sha1(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
        };
        assert_eq!(hex(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert_eq!(hex(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        );
        assert_eq!(hex(&[b'a'; 55]), "c1c8bbdc22796e28c0e15163d20899b65621d65a");
        assert_eq!(hex(&[b'a'; 64]), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
    }
}
