//! Who takes the body: at most one argument, which the macro checks while the program compiles.

/// The body, free or taken by the argument of this type.
#[derive(Clone, Copy, Debug)]
pub struct BodyClaim(Option<&'static str>);

impl BodyClaim {
    /// Nobody has taken it yet.
    pub const FREE: Self = Self(None);

    /// The body after an argument of this type, which takes it or not.
    ///
    /// # Panics
    ///
    /// While the program compiles, if both this argument and an earlier one take it.
    #[must_use]
    #[track_caller]
    pub const fn taken_by(self, name: &'static str, takes: bool) -> Self {
        let Some(first) = self.0 else {
            return if takes { Self(Some(name)) } else { self };
        };
        if takes {
            let (text, length) = join([
                "only one argument can take the body; `",
                first,
                "` and `",
                name,
                "` both do",
            ]);
            match std::str::from_utf8(text.split_at(length).0) {
                Ok(text) => panic!("{}", text),
                // Cut inside of a character, somewhere after 500 bytes.
                Err(_) => panic!("only one argument can take the body"),
            }
        }
        self
    }
}

/// As much of the parts as fits. `format!` cannot run while the program compiles.
const fn join(parts: [&str; 5]) -> ([u8; 512], usize) {
    let mut text = [0; 512];
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut at = 0;
        while at < bytes.len() && length < text.len() {
            text[length] = bytes[at];
            length += 1;
            at += 1;
        }
        part += 1;
    }
    (text, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_argument_may_take_the_body() {
        let body = BodyClaim::FREE.taken_by("&Db", false).taken_by("String", true);
        assert_eq!(body.taken_by("&Db", false).0, Some("String"));
    }

    #[test]
    #[should_panic(
        expected = "only one argument can take the body; `String` and `Json<A>` both do"
    )]
    fn a_second_one_is_named_with_the_first() {
        let _ = BodyClaim::FREE.taken_by("String", true).taken_by("Json<A>", true);
    }
}
