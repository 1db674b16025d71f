//! How the requests of two patterns lie to each other.

use crate::pattern::{Pattern, Segment, decoded};

/// What two patterns have in common. Names do not matter: `/{a}` and `/{b}` are the same.
///
/// A literal is narrower than a capture, and a capture is narrower than a tail. One pattern is narrower than
/// another if it is so in at least one segment, and wider in none; then every request that fits it fits the
/// other too, and the router prefers it.
///
/// Two routes with a method in common may be [`Disjoint`](Relation::Disjoint),
/// [`Narrower`](Relation::Narrower) or [`Wider`](Relation::Wider). The other two leave some request with two
/// answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// No path fits both.
    Disjoint,
    /// Every path that fits one fits the other.
    Same,
    /// Every path that fits the first fits the second, and not the reverse.
    Narrower,
    /// Every path that fits the second fits the first, and not the reverse.
    Wider,
    /// Some path fits both, and some path fits only the first, and some only the second: `/{user}/edit` and
    /// `/admin/{page}`.
    Crossing,
}

impl Relation {
    /// Whether some request has two equally good answers: [`Same`](Relation::Same) or
    /// [`Crossing`](Relation::Crossing).
    #[must_use]
    pub fn is_ambiguous(self) -> bool {
        matches!(self, Self::Same | Self::Crossing)
    }

    fn and(self, next: Self) -> Self {
        match (self, next) {
            (Self::Disjoint, _) | (_, Self::Disjoint) => Self::Disjoint,
            (Self::Same, other) | (other, Self::Same) => other,
            (Self::Narrower, Self::Narrower) => Self::Narrower,
            (Self::Wider, Self::Wider) => Self::Wider,
            _ => Self::Crossing,
        }
    }
}

impl Pattern<'_> {
    /// How the paths that fit this pattern lie to those that fit the other.
    ///
    /// ```
    /// use gustnado_grammar::{Pattern, Relation};
    ///
    /// let entry = Pattern::parse("/entry/{slug}")?;
    /// let files = Pattern::parse("/{path...}")?;
    /// assert_eq!(entry.compare(&files), Relation::Narrower);
    /// assert_eq!(files.compare(&entry), Relation::Wider);
    /// # Ok::<(), gustnado_grammar::PatternError>(())
    /// ```
    #[must_use]
    pub fn compare(&self, other: &Pattern<'_>) -> Relation {
        let (mut ours, mut theirs) = (self.segments().iter(), other.segments().iter());
        let mut relation = Relation::Same;
        loop {
            let next = match (ours.next(), theirs.next()) {
                (None, None) => return relation,
                (Some(Segment::Tail(_)), Some(Segment::Tail(_))) => return relation,
                (Some(Segment::Tail(_)), Some(segment)) => {
                    return relation.and(tail_against(segment, theirs.len()));
                }
                (Some(segment), Some(Segment::Tail(_))) => {
                    return relation.and(reversed(tail_against(segment, ours.len())));
                }
                (None, Some(_)) | (Some(_), None) => return Relation::Disjoint,
                (Some(ours), Some(theirs)) => one_segment(ours, theirs),
            };
            relation = relation.and(next);
        }
    }
}

/// A tail against a segment that `more` others follow. A tail is never empty, and this is all that the
/// pattern `/` asks for.
fn tail_against(segment: &Segment<'_>, more: usize) -> Relation {
    match segment {
        Segment::Literal("") if more == 0 => Relation::Disjoint,
        _ => Relation::Wider,
    }
}

fn one_segment(ours: &Segment<'_>, theirs: &Segment<'_>) -> Relation {
    match (ours, theirs) {
        (Segment::Literal(ours), Segment::Literal(theirs)) => {
            if decoded(ours).eq(decoded(theirs)) {
                Relation::Same
            } else {
                Relation::Disjoint
            }
        }
        (Segment::Literal(""), _) | (_, Segment::Literal("")) => Relation::Disjoint,
        (Segment::Literal(_), _) => Relation::Narrower,
        (_, Segment::Literal(_)) => Relation::Wider,
        _ => Relation::Same,
    }
}

fn reversed(relation: Relation) -> Relation {
    match relation {
        Relation::Narrower => Relation::Wider,
        Relation::Wider => Relation::Narrower,
        same => same,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;

    fn relation(a: &str, b: &str) -> Relation {
        let (a, b) = (Pattern::parse(a).unwrap(), Pattern::parse(b).unwrap());
        let relation = a.compare(&b);
        assert_eq!(b.compare(&a), reversed(relation), "{a} and {b}");
        relation
    }

    #[test]
    fn literals_are_the_same_or_disjoint() {
        assert_eq!(relation("/", "/"), Relation::Same);
        assert_eq!(relation("/a/b", "/a/b"), Relation::Same);
        assert_eq!(relation("/%61/b", "/a/%62"), Relation::Same);
        assert_eq!(relation("/a", "/b"), Relation::Disjoint);
        assert_eq!(relation("/a", "/a/"), Relation::Disjoint);
        assert_eq!(relation("/a", "/A"), Relation::Disjoint);
    }

    #[test]
    fn names_do_not_matter() {
        assert_eq!(relation("/{a}", "/{b}"), Relation::Same);
        assert_eq!(relation("/x/{a...}", "/x/{b...}"), Relation::Same);
    }

    #[test]
    fn a_literal_is_narrower_than_a_capture_and_that_than_a_tail() {
        assert_eq!(relation("/user/me", "/user/{id}"), Relation::Narrower);
        assert_eq!(relation("/user/{id}", "/user/{path...}"), Relation::Narrower);
        assert_eq!(relation("/user/me", "/{path...}"), Relation::Narrower);
        assert_eq!(relation("/user/{id}/edit", "/user/{path...}"), Relation::Narrower);
        assert_eq!(relation("/user/", "/{path...}"), Relation::Narrower);
    }

    #[test]
    fn a_capture_and_a_tail_are_never_empty() {
        assert_eq!(relation("/", "/{path...}"), Relation::Disjoint);
        assert_eq!(relation("/user/", "/user/{id}"), Relation::Disjoint);
        assert_eq!(relation("/user/", "/user/{path...}"), Relation::Disjoint);
    }

    #[test]
    fn each_may_be_narrower_somewhere() {
        assert_eq!(relation("/{user}/edit", "/admin/{page}"), Relation::Crossing);
        assert_eq!(relation("/{user}/edit", "/admin/{path...}"), Relation::Crossing);
        assert_eq!(relation("/{a}/x/{b}", "/y/{c}/z"), Relation::Crossing);
        assert_eq!(relation("/{a}/x/p", "/y/{c}/z"), Relation::Disjoint);
    }

    /// Every relation between short patterns is the one that their sets of short paths have.
    #[test]
    fn a_relation_is_what_the_matching_paths_say() {
        let pieces = ["a", "b", "{NAME}"];
        let mut patterns: Vec<String> = Vec::from([String::from("/"), String::from("/{t...}")]);
        for first in pieces {
            let first = first.replace("NAME", "n1");
            patterns.extend([
                format!("/{first}"),
                format!("/{first}/"),
                format!("/{first}/{{t...}}"),
            ]);
            for second in pieces {
                let second = second.replace("NAME", "n2");
                patterns.push(format!("/{first}/{second}"));
                patterns.push(format!("/{first}/{second}/{{t...}}"));
            }
        }
        let words = ["", "a", "b", "c"];
        let mut paths = Vec::new();
        for first in words {
            paths.push(format!("/{first}"));
            for second in words {
                paths.push(format!("/{first}/{second}"));
                for third in words {
                    paths.push(format!("/{first}/{second}/{third}"));
                    paths.extend(words.map(|fourth| format!("/{first}/{second}/{third}/{fourth}")));
                }
            }
        }
        for a in &patterns {
            for b in &patterns {
                let (one, two) = (Pattern::parse(a).unwrap(), Pattern::parse(b).unwrap());
                let fits =
                    |p: &Pattern<'_>| paths.iter().map(|path| p.matches(path)).collect::<Vec<_>>();
                let pairs: Vec<_> = fits(&one).into_iter().zip(fits(&two)).collect();
                let both = pairs.contains(&(true, true));
                let expected =
                    match (pairs.contains(&(true, false)), pairs.contains(&(false, true))) {
                        _ if !both => Relation::Disjoint,
                        (false, false) => Relation::Same,
                        (false, true) => Relation::Narrower,
                        (true, false) => Relation::Wider,
                        (true, true) => Relation::Crossing,
                    };
                assert_eq!(one.compare(&two), expected, "{a} and {b}");
            }
        }
    }
}
