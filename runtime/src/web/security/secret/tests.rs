//! Tornado's `SignedValueTest`.

use super::*;

const SECRET: &str = "It's a secret to everybody";
const SIGNATURE: &str = "3d4e60b996ff9c5d5788e333a0cba6f238a22c6c0f94788870e1a9ecd482e152";
const SIGNED: &str = "2|1:0|10:1300000000|3:key|8:dmFsdWU=|";
const ANY: Validity =
    Validity { max_age: Duration::from_secs(31 * DAY), min_version: SignedVersion::V1 };

fn present() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_300_000_000)
}

fn past() -> SystemTime {
    present() - Duration::from_secs(32 * DAY)
}

fn secret() -> CookieSecret {
    CookieSecret::new(SECRET)
}

fn keys(current: u32) -> CookieSecret {
    CookieSecret::rotating(current, [(0, "asdfbasdf"), (1, "12312312"), (2, "2342342")])
}

fn decode(secret: &CookieSecret, name: &str, signed: &str) -> Option<Vec<u8>> {
    secret.decode_signed_value_at(name, signed, ANY, present())
}

#[test]
fn known_values() {
    let sign = |version| secret().create_signed_value_at("key", "value", present(), version);
    let first = sign(SignedVersion::V1);
    assert_eq!(first, "dmFsdWU=|1300000000|31c934969f53e48164c50768b40cbd7e2daaaa4f");
    let second = sign(SignedVersion::V2);
    assert_eq!(second, format!("{SIGNED}{SIGNATURE}"));
    for signed in [&first, &second] {
        assert_eq!(decode(&secret(), "key", signed).as_deref(), Some(&b"value"[..]));
    }
    let read = |signed| {
        secret().decode_signed_value_at("key", signed, Validity::default(), present()).is_some()
    };
    assert!(read(&second) && !read(&first), "the first format is only for who asks for it");
}

#[test]
fn what_is_signed_today_is_read_today() {
    let signed = secret().create_signed_value("key", "value");
    let read = secret().decode_signed_value("key", &signed, Validity::default());
    assert_eq!(read.as_deref(), Some(&b"value"[..]));
}

/// 1.0.1 and 3.2.1 of Tornado: fields could be shifted into each other.
#[test]
fn a_value_belongs_to_its_name() {
    for version in [SignedVersion::V1, SignedVersion::V2] {
        let sign = |name| secret().create_signed_value_at(name, "value", present(), version);
        assert_eq!(decode(&secret(), "key2", &sign("key1")), None);
        assert_eq!(decode(&secret(), "key1", &sign("key2")), None);
    }
    // In the first format, the name may take the beginning of the value; in the second, it may not.
    let signed = secret().create_signed_value_at("key", "value", present(), SignedVersion::V2);
    let shifted = signed.replace("3:key|8:dmFsdWU=", "7:keydmFs|4:dWU=");
    assert_eq!(decode(&secret(), "keydmFs", &shifted), None);
}

#[test]
fn old_values_are_over() {
    for version in [SignedVersion::V1, SignedVersion::V2] {
        let signed = secret().create_signed_value_at("key1", "value", past(), version);
        assert!(secret().decode_signed_value_at("key1", &signed, ANY, past()).is_some());
        assert_eq!(decode(&secret(), "key1", &signed), None);
        let patient = Validity { max_age: Duration::from_secs(32 * DAY), ..ANY };
        assert!(secret().decode_signed_value_at("key1", &signed, patient, present()).is_some());
        let hasty = Validity { max_age: Duration::from_secs(32 * DAY - 1), ..ANY };
        assert_eq!(secret().decode_signed_value_at("key1", &signed, hasty, present()), None);
    }
}

/// A digit that was moved out of the value and into the time leaves the signature as it was.
#[test]
fn the_first_format_takes_no_time_that_was_tampered_with() {
    let signed = |value: &str, time: &str| {
        let signature = signature_v1(SECRET.as_bytes(), "key", value, time);
        format!("{value}|{time}|{}", hex::encode(&signature.finalize().into_bytes()))
    };
    assert!(decode(&secret(), "key", &signed("dmFsdWU=", "1300000000")).is_some());
    for time in ["11300000000", "01300000000", "not-a-number", "+1300000000", "1_300000000", ""] {
        assert_eq!(decode(&secret(), "key", &signed("dmFsdWU=", time)), None, "{time}");
    }
    assert_eq!(decode(&secret(), "key", &signed("dmFsdWU", "1300000000")), None);
}

#[test]
fn a_payload_that_was_tampered_with() {
    let is_read =
        |signed: &str| decode(&secret(), "key", &format!("{signed}{SIGNATURE}")).is_some();
    assert!(is_read(SIGNED));
    for signed in [
        "2|1:1|10:1300000000|3:key|8:dmFsdWU=|",
        "2|1:0|10:130000000|3:key|8:dmFsdWU=|",
        "2|1:0|10:1300000000|3:keey|8:dmFsdWU=|",
        "2|1:0|10:1300000000|3:key|+8:dmFsdWU=|",
        "2|1:0|10:1300000000|3:key|99999999999999999999:dmFsdWU=|",
        "2|1:0|10:1300000000|3:key|18446744073709551615:dmFsdWU=|",
        "3|1:0|10:1300000000|3:key|8:dmFsdWU=|",
        "1|1:0|10:1300000000|3:key|8:dmFsdWU=|",
        "02|1:0|10:1300000000|3:key|8:dmFsdWU=|",
        "2|1:0|10:1300000000|3:key|",
        "2|",
        "",
    ] {
        assert!(!is_read(signed), "{signed}");
    }
}

#[test]
fn a_signature_that_was_tampered_with() {
    let is_read =
        |signature: &str| decode(&secret(), "key", &format!("{SIGNED}{signature}")).is_some();
    assert!(is_read(SIGNATURE));
    let replaced = |from: &str, to: &str| SIGNATURE.replacen(from, to, 1);
    for signature in [
        "0".repeat(64),
        "0".repeat(32),
        replaced("3d", "4d"),
        replaced("e152", "e153"),
        replaced("e152", "e15"),
        replaced("e152", "e1538"),
        SIGNATURE.to_uppercase(),
        String::new(),
    ] {
        assert!(!is_read(&signature), "{signature}");
    }
}

#[test]
fn a_value_is_bytes() {
    let signed = secret().create_signed_value_at("key", b"\xe9\0", present(), SignedVersion::V2);
    assert_eq!(decode(&secret(), "key", &signed).as_deref(), Some(&b"\xe9\0"[..]));
}

#[test]
fn a_timestamp_that_is_no_number() {
    let signed = "2|1:0|1:a|3:key|0:|";
    let signature = mac::<Hmac<Sha256>>(SECRET.as_bytes(), &[signed.as_bytes()]);
    let signature = hex::encode(&signature.finalize().into_bytes());
    assert_eq!(decode(&secret(), "key", &format!("{signed}{signature}")), None);
}

#[test]
fn each_key_reads_what_it_signed() {
    for current in [0, 1, 2] {
        let signed =
            keys(current).create_signed_value_at("key", b"\xe9", present(), SignedVersion::V2);
        assert_eq!(signature_key_version(&signed), Some(current));
        assert_eq!(decode(&keys(0), "key", &signed).as_deref(), Some(&b"\xe9"[..]));
        let others =
            (0..3).filter(|version| *version != current).map(|version| (version, "12312312"));
        let others: Vec<_> = others.collect();
        let others = CookieSecret::rotating(others[0].0, others);
        assert_eq!(decode(&others, "key", &signed), None);
    }
    assert_eq!(signature_key_version("dmFsdWU=|1300000000|31c9"), None);
    assert_eq!(signature_key_version("2|x"), None);
}

#[test]
fn keys_that_rotate_sign_with_the_second_format_only() {
    let signed = keys(1).create_signed_value_at("key", "value", present(), SignedVersion::V1);
    assert!(signed.starts_with("2|1:1|"), "{signed}");
    let first = CookieSecret::new("12312312").create_signed_value_at(
        "key",
        "value",
        present(),
        SignedVersion::V1,
    );
    assert_eq!(decode(&keys(1), "key", &first), None);
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", keys(1)), "CookieSecret { versions: [0, 1, 2], .. }");
}
