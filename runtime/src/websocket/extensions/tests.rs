use super::*;

const USUAL: Compression =
    Compression { level: 6, mem_level: 8, window_bits: 15, context_takeover: true, min_size: 0 };
const FRUGAL: Compression = Compression { context_takeover: false, ..USUAL };
const NARROW: Compression = Compression { window_bits: 10, ..USUAL };

fn answer(offers: &str, compression: &Compression) -> Option<String> {
    accept(&parse(offers).unwrap(), compression).map(|(_, answer)| answer)
}

fn directions(answer: &str, compression: &Compression) -> Option<(Direction, Direction)> {
    let concluded = conclude(&parse(answer).unwrap(), Some(compression)).ok()?;
    concluded.map(|deflate| (deflate.sends, deflate.receives))
}

#[test]
fn a_list_is_read_as_its_grammar_says() {
    let list = parse("a, b;x ; y=1;z=\"2\" ,, permessage-deflate").unwrap();
    let expected = [
        ("a", vec![]),
        ("b", vec![("x", None), ("y", Some("1")), ("z", Some("2"))]),
        ("permessage-deflate", vec![]),
    ];
    let expected = expected.map(|(name, parameters)| Extension { name, parameters });
    assert_eq!(list, expected);
    assert_eq!(parse("").unwrap(), []);
    for malformed in
        ["a b", ";", "a;", "a;=1", "a;b=", "a;b=\"", "a;b=\"\"", "a;b=\"1 2\"", "ä", "a;b=c=d"]
    {
        assert_eq!(parse(malformed), Err(Malformed), "{malformed}");
    }
}

#[test]
fn a_server_takes_the_first_offer_that_it_understands() {
    for (offers, expected) in [
        ("permessage-deflate", Some("permessage-deflate")),
        ("permessage-deflate; client_max_window_bits", Some("permessage-deflate")),
        (
            "permessage-deflate; client_max_window_bits=10; server_max_window_bits=\"9\"",
            Some("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10"),
        ),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            Some("permessage-deflate; server_no_context_takeover; client_no_context_takeover"),
        ),
        (
            "permessage-deflate; server_max_window_bits=8",
            Some("permessage-deflate; server_max_window_bits=8"),
        ),
        ("x-webkit-deflate-frame, permessage-deflate", Some("permessage-deflate")),
        (
            "permessage-deflate; unknown, permessage-deflate; server_no_context_takeover",
            Some("permessage-deflate; server_no_context_takeover"),
        ),
        ("permessage-deflate; server_max_window_bits", None),
        ("permessage-deflate; server_max_window_bits=16", None),
        ("permessage-deflate; server_max_window_bits=7", None),
        ("permessage-deflate; server_max_window_bits=09", None),
        ("permessage-deflate; client_max_window_bits=+9", None),
        ("permessage-deflate; server_no_context_takeover=1", None),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits", None),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", None),
        ("something-else", None),
        ("", None),
    ] {
        assert_eq!(answer(offers, &USUAL).as_deref(), expected, "{offers}");
    }
}

#[test]
fn a_server_asks_for_what_it_can_bear() {
    assert_eq!(
        answer("permessage-deflate; client_max_window_bits", &NARROW).unwrap(),
        "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10"
    );
    // A client that has not said that it can be limited must not be.
    assert_eq!(
        answer("permessage-deflate", &NARROW).unwrap(),
        "permessage-deflate; server_max_window_bits=10"
    );
    assert_eq!(
        answer("permessage-deflate", &FRUGAL).unwrap(),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    );
}

#[test]
fn a_client_offers_what_it_can_do() {
    assert_eq!(offer(&USUAL), "permessage-deflate; client_max_window_bits");
    assert_eq!(
        offer(&Compression { window_bits: 12, ..FRUGAL }),
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
         server_max_window_bits=12; client_max_window_bits=12"
    );
}

#[test]
fn a_client_does_what_the_server_answers() {
    let direction = |window_bits, takeover| Direction { window_bits, takeover };
    for (answer, sends, receives) in [
        ("permessage-deflate", direction(15, true), direction(15, true)),
        (
            "permessage-deflate; client_max_window_bits=9; server_max_window_bits=8",
            direction(9, true),
            direction(8, true),
        ),
        (
            "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
            direction(15, false),
            direction(15, false),
        ),
    ] {
        assert_eq!(directions(answer, &USUAL), Some((sends, receives)), "{answer}");
    }
    assert_eq!(directions("", &USUAL), None);
}

#[test]
fn a_client_refuses_what_it_has_not_offered() {
    let refuses = |answer: &str, compression: Option<&Compression>| {
        conclude(&parse(answer).unwrap(), compression).is_err()
    };
    assert!(refuses("permessage-deflate", None));
    for answer in [
        "something-else",
        "permessage-deflate, permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; unknown",
        "permessage-deflate; server_max_window_bits=16",
    ] {
        assert!(refuses(answer, Some(&USUAL)), "{answer}");
    }
    assert!(refuses("permessage-deflate", Some(&FRUGAL)));
    assert!(refuses("permessage-deflate; server_max_window_bits=11", Some(&NARROW)));
    assert!(refuses("permessage-deflate", Some(&NARROW)));
}
