use super::*;
use crate::websocket::deflate::{Compression, Direction};
use crate::websocket::frame::Outgoing;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

const RULES: Rules<'_> = Rules { masked: true, max_size: 1 << 20, deflate: None, streamed: false };

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let outgoing = Outgoing {
        opcode: OpCode::from(first & 0x0f),
        is_final: first & 0x80 != 0,
        is_compressed: first & 0x40 != 0,
        payload,
    };
    let mut out = Vec::new();
    outgoing.write(Some(KEY), &mut out);
    out
}

/// Decodes `input`, of which `step` more bytes are there each time; the decoder may read by itself where it wants to.
fn decode(input: &[u8], step: usize, rules: &Rules<'_>) -> Result<Vec<Event>, Violation> {
    let mut decoder = Decoder::default();
    let (mut events, mut done, mut seen) = (Vec::new(), 0, 0);
    loop {
        let (count, decoded) = decoder.decode(&input[done..seen], rules);
        done += count;
        assert!(done <= seen);
        if let Some(event) = decoded? {
            events.push(event);
            continue;
        }
        if seen == input.len() {
            return Ok(events);
        }
        let more = (seen + step).min(input.len());
        if done == seen {
            let filled = decoder.fill(rules, |room| {
                let count = room.len().min(more - seen);
                room[..count].copy_from_slice(&input[seen..seen + count]);
                Ok::<_, ()>(count)
            });
            if let Some(Ok(filled)) = filled {
                seen += filled.count;
                done = seen;
                events.extend(filled.event?);
                continue;
            }
        }
        seen = more;
    }
}

fn messages(events: Vec<Event>) -> Vec<Message> {
    let only = |event| match event {
        Event::Message(message) => message,
        other => panic!("{other:?}"),
    };
    events.into_iter().map(only).collect()
}

#[test]
fn messages_arrive_however_they_are_cut() {
    let long = "ä€😀".repeat(9_000);
    let expected: [Message; 6] = [
        "Hello".into(),
        "".into(),
        vec![0xff; 126].into(),
        vec![0; 65_536].into(),
        long.as_str().into(),
        "κόσμε".into(),
    ];
    let (first, rest) = "κόσμε".as_bytes().split_at(3);
    let input = [
        frame(0x81, b"Hello"),
        frame(0x81, b""),
        frame(0x82, &[0xff; 126]),
        frame(0x82, &[0; 65_536]),
        frame(0x81, long.as_bytes()),
        frame(0x01, first),
        frame(0x00, b""),
        frame(0x80, rest),
    ]
    .concat();
    for step in [1, 2, 3, 7, 125, 4_096, 16_384, input.len()] {
        assert_eq!(messages(decode(&input, step, &RULES).unwrap()), expected, "{step}");
    }
}

#[test]
fn control_frames_come_between_fragments() {
    let input = [
        frame(0x01, b"Hel"),
        frame(0x89, b"are you there?"),
        frame(0x00, b"l"),
        frame(0x8a, b""),
        frame(0x80, b"o"),
        frame(0x88, b"\x03\xe8bye"),
    ]
    .concat();
    for step in 1..input.len() {
        let events = decode(&input, step, &RULES).unwrap();
        let [Event::Ping(ping), Event::Pong, Event::Message(message), Event::Close(Some(close))] =
            &*events
        else {
            panic!("{events:?}")
        };
        assert_eq!(&ping[..], b"are you there?");
        assert_eq!(message, &Message::from("Hello"));
        assert_eq!((u16::from(close.code), close.reason.as_str()), (1000, "bye"));
    }
}

#[test]
fn every_rule_has_its_violation() {
    let head = |bytes: &[u8]| bytes.to_vec();
    let masked = |first: u8, second: &[u8]| [&[first][..], second, &KEY].concat();
    for (input, violation) in [
        (frame(0xc1, b"a"), Violation::ReservedBits),
        (head(&[0xa1]), Violation::ReservedBits),
        (head(&[0x91]), Violation::ReservedBits),
        (head(&[0x83]), Violation::ReservedOpcode),
        (head(&[0x8b]), Violation::ReservedOpcode),
        (head(&[0x81, 0x01]), Violation::Unmasked),
        (head(&[0x89, 0x80 | 126]), Violation::LongControl),
        (head(&[0x09]), Violation::FragmentedControl),
        (masked(0x82, &[0x80 | 126, 0, 125]), Violation::Length),
        (masked(0x82, &[0x80 | 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), Violation::Length),
        (masked(0x82, &[0x80 | 127, 0x80, 0, 0, 0, 0, 0, 0, 0]), Violation::Length),
        (frame(0x80, b"a"), Violation::StrayContinuation),
        (frame(0x00, b"a"), Violation::StrayContinuation),
        ([frame(0x01, b"a"), frame(0x81, b"a")].concat(), Violation::InterleavedMessage),
        ([frame(0x01, b"a"), frame(0x02, b"a")].concat(), Violation::InterleavedMessage),
        (frame(0x88, b"a"), Violation::CloseCode),
        (frame(0x88, &999_u16.to_be_bytes()), Violation::CloseCode),
        (frame(0x88, &1004_u16.to_be_bytes()), Violation::CloseCode),
        (frame(0x88, &1005_u16.to_be_bytes()), Violation::CloseCode),
        (frame(0x88, &1006_u16.to_be_bytes()), Violation::CloseCode),
        (frame(0x88, &1015_u16.to_be_bytes()), Violation::CloseCode),
        (frame(0x88, &1016_u16.to_be_bytes()), Violation::CloseCode),
        (frame(0x88, &5000_u16.to_be_bytes()), Violation::CloseCode),
        (frame(0x88, b"\x03\xe8\xff"), Violation::CloseReason),
        (frame(0x81, b"\xff"), Violation::NotUtf8),
        ([frame(0x01, b"a\xe2"), frame(0x80, b"")].concat(), Violation::NotUtf8),
        (frame(0x82, &vec![0; (1 << 20) + 1])[..20].to_vec(), Violation::TooBig),
        (
            [frame(0x02, &vec![0; 1 << 20]), frame(0x80, b"a")[..6].to_vec()].concat(),
            Violation::TooBig,
        ),
    ] {
        for step in [1, input.len()] {
            let found = decode(&input, step, &RULES).map(|events| format!("{events:?}"));
            assert_eq!(found, Err(violation), "{:x?}", &input[..input.len().min(20)]);
        }
    }
    let client = Rules { masked: false, ..RULES };
    assert_eq!(decode(&frame(0x81, b"a"), 1, &client).unwrap_err(), Violation::Masked);
}

#[test]
fn bad_text_is_refused_before_its_frame_is_complete() {
    let mut input = frame(0x81, &[b"ok \xed\xa0", &b"x".repeat(100)[..]].concat());
    input.truncate(6 + 5);
    assert_eq!(decode(&input, 1, &RULES).unwrap_err(), Violation::NotUtf8);
    let mut input =
        frame(0x81, &[&b"x".repeat(70_000)[..], b"\xff", &b"x".repeat(70_000)[..]].concat());
    input.truncate(70_100);
    assert_eq!(decode(&input, 5_000, &RULES).unwrap_err(), Violation::NotUtf8);
}

#[test]
fn what_is_announced_is_not_reserved() {
    let mut decoder = Decoder::default();
    let input = frame(0x82, &vec![0; 1 << 20]);
    let (count, decoded) = decoder.decode(&input[..100], &RULES);
    assert!(count == 100 && matches!(decoded, Ok(None)));
    let room = |decoder: &mut Decoder| {
        let mut size = 0;
        let _ = decoder.fill(&RULES, |room| {
            size = room.len();
            Err(())
        });
        size
    };
    assert_eq!(room(&mut decoder), TRUST);
}

#[test]
fn pieces_are_handed_out_as_they_come() {
    let rules = Rules { streamed: true, max_size: 10, ..RULES };
    let payload: Vec<u8> = (0..50_000_u32).map(|at| at as u8).collect();
    let input =
        [frame(0x02, &payload[..20_000]), frame(0x89, b"?"), frame(0x80, &payload[20_000..])]
            .concat();
    for step in [1, 1_000, input.len()] {
        let (mut got, mut ended, mut pings) = (Vec::new(), false, 0);
        for event in decode(&input, step, &rules).unwrap() {
            match event {
                Event::Piece(Kind::Binary, piece, is_last) => {
                    got.extend_from_slice(&piece);
                    assert!(!std::mem::replace(&mut ended, is_last));
                }
                Event::Ping(_) => pings += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(got == payload && ended && pings == 1, "{step}");
    }
}

#[test]
fn compressed_messages_arrive_however_they_are_cut() {
    let direction = Direction { window_bits: 15, takeover: true };
    let sender = Deflate::new(Compression::default(), direction, direction);
    let texts =
        ["a".repeat(100_000), "Hello, hello, hello, hello, hello".into(), "é".repeat(5_000)];
    let mut input = Vec::new();
    for text in &texts {
        let compressed = sender.compress(text.as_bytes()).unwrap();
        let (first, rest) = compressed.split_at(compressed.len() / 2);
        input.extend([frame(0x41, first), frame(0x89, b"?"), frame(0x80, rest)].concat());
    }
    input.extend(frame(0x81, b"plain"));
    for step in [1, 13, input.len()] {
        let receiver = Deflate::new(Compression::default(), direction, direction);
        let rules = Rules { deflate: Some(&receiver), ..RULES };
        let events = decode(&input, step, &rules).unwrap();
        let got = events.into_iter().filter(|event| !matches!(event, Event::Ping(_))).collect();
        let expected: Vec<Message> =
            texts.iter().map(|text| text.as_str().into()).chain([Message::from("plain")]).collect();
        assert_eq!(messages(got), expected);
    }
}

#[test]
fn a_compressed_message_is_limited_before_and_after() {
    let direction = Direction { window_bits: 15, takeover: false };
    let deflate = Deflate::new(Compression::default(), direction, direction);
    let rules = Rules { deflate: Some(&deflate), max_size: 1_024, ..RULES };
    let bomb = deflate.compress(&[0; 2_048]).unwrap();
    assert!(bomb.len() < 1_024);
    assert_eq!(decode(&frame(0xc2, &bomb), 1, &rules).unwrap_err(), Violation::TooBigInflated);
    let fits = deflate.compress(&[0; 1_024]).unwrap();
    assert_eq!(messages(decode(&frame(0xc2, &fits), 1, &rules).unwrap())[0].len(), 1_024);
    let wide = frame(0xc2, &[0; 1_025]);
    assert_eq!(decode(&wide[..8], 1, &rules).unwrap_err(), Violation::TooBig);
    assert_eq!(decode(&frame(0xc2, b"\xff\xff"), 1, &rules).unwrap_err(), Violation::NotDeflate);
}
