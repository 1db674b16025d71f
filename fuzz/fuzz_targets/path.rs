//! Route paths and the paths of requests: the grammar never panics, relations between patterns are what they claim to be,
//! and the router finds a route exactly where a pattern fits.
#![no_main]

use gustnado::fuzzing::Routes;
use gustnado_grammar::{Pattern, Relation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str, &str)| {
    let (left, right, path) = input;
    let (left, right) = match (Pattern::parse(left), Pattern::parse(right)) {
        (Ok(left), Ok(right)) => (left, right),
        (left, right) => {
            for error in [left.err(), right.err()].into_iter().flatten() {
                // The place is one in the path, and the text can be written.
                assert!(error.path().get(error.at.clone()).is_some());
                let _ = error.to_string();
            }
            return;
        }
    };
    for pattern in [&left, &right] {
        assert_eq!(Pattern::parse(pattern.as_str()).as_ref(), Ok(pattern));
        for name in pattern.names() {
            let range = pattern.range_of(name).expect("a name that is there has a place");
            assert!(pattern.as_str()[range].contains(name));
        }
    }

    let relation = left.compare(&right);
    let reversed = match relation {
        Relation::Narrower => Relation::Wider,
        Relation::Wider => Relation::Narrower,
        other => other,
    };
    assert_eq!(right.compare(&left), reversed);
    assert_eq!(left.compare(&left), Relation::Same);
    let (fits_left, fits_right) = (left.matches(path), right.matches(path));
    match relation {
        Relation::Disjoint => assert!(!(fits_left && fits_right)),
        Relation::Same => assert_eq!(fits_left, fits_right),
        Relation::Narrower => assert!(!fits_left || fits_right),
        Relation::Wider => assert!(fits_left || !fits_right),
        Relation::Crossing => {}
    }

    let Some(routes) = Routes::new([left.as_str(), right.as_str()]) else {
        assert!(relation.is_ambiguous());
        return;
    };
    assert!(!relation.is_ambiguous());
    let expected = match (fits_left, fits_right) {
        (false, false) => None,
        (true, true) => Some(usize::from(relation == Relation::Wider)),
        (_, right) => Some(usize::from(right)),
    };
    let found = routes.find(path);
    assert_eq!(found.as_ref().map(|(route, _)| *route), expected);
    if let Some((route, captures)) = found {
        // What was captured is a part of the path, and there is one for each name.
        assert_eq!(captures.len(), [&left, &right][route].names().count());
        for capture in captures {
            assert!(!capture.is_empty() && path.contains(capture));
        }
    }
});
