//! What options can be.

use super::{datetime, duration};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// A type that an option can have.
///
/// | type | what is read |
/// | --- | --- |
/// | `bool` | `true`, `1`, `t`, `yes`, `on`, or `false`, `0`, `f`, `no`, `off`, in any case. Tornado takes everything else as true |
/// | numbers, `char`, `IpAddr`, `SocketAddr` | what their `FromStr` does |
/// | `String`, `PathBuf` | anything |
/// | [`Duration`] | `1h 30m`, `90`: numbers with `w`, `d`, `h`, `m` or `min`, `s` or `sec`, `ms`, `us`, or these words in full; seconds if there is none |
/// | [`SystemTime`] | Tornado's ten formats, such as `2013-04-28 05:16`, in UTC |
/// | `Option<T>` | a `T`; `None` is for the default |
/// | `Vec<T>` | several, between commas; ranges (`1,5:7` is 1, 5, 6 and 7) if they are integers |
///
/// Your own type becomes one with three lines:
///
/// ```
/// use gustnado::options::{OptionParser, OptionType};
///
/// #[derive(Clone, Debug, PartialEq)]
/// struct Email(String);
///
/// impl OptionType for Email {
///     const NAME: &'static str = "e-mail address";
///
///     fn parse(text: &str) -> Result<Self, String> {
///         if text.contains('@') { Ok(Self(text.to_owned())) } else { Err("it has no @".to_owned()) }
///     }
///
///     fn show(&self) -> String {
///         self.0.clone()
///     }
/// }
///
/// let options = OptionParser::new();
/// let email = options.define("email", None::<Email>);
/// options.parse_args(["program", "--email=tornado@web.com"])?;
/// assert_eq!(email.value(), Some(Email("tornado@web.com".to_owned())));
/// # Ok::<(), gustnado::options::OptionError>(())
/// ```
pub trait OptionType: Clone + Send + Sync + 'static {
    /// What it is called in messages.
    const NAME: &'static str;

    /// Whether the option's name alone stands for `true`.
    const IS_FLAG: bool = false;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence.
    fn parse(text: &str) -> Result<Self, String>;

    /// The value as text, for `--help`. Nothing is said of a default that is empty.
    fn show(&self) -> String;

    /// Reads one of the texts between commas that a `Vec` is made of.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    fn parse_part(text: &str, into: &mut Vec<Self>) -> Result<(), String> {
        into.push(Self::parse(text)?);
        Ok(())
    }

    /// Reads a list of a file.
    ///
    /// # Errors
    ///
    /// It takes no list; or as [`parse`](Self::parse).
    fn parse_list(texts: &[String]) -> Result<Self, String> {
        let _ = texts;
        Err(format!("it is a {}, not a list", Self::NAME))
    }
}

impl OptionType for bool {
    const NAME: &'static str = "bool";
    const IS_FLAG: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "t" | "yes" | "on" => Ok(true),
            "false" | "0" | "f" | "no" | "off" => Ok(false),
            _ => Err("it is true or false".to_owned()),
        }
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

/// The most numbers that a range may stand for.
const LONGEST_RANGE: usize = 1_000_000;

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl OptionType for $type {
            const NAME: &'static str = "integer";

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|error| format!("{error}"))
            }

            fn show(&self) -> String {
                self.to_string()
            }

            fn parse_part(text: &str, into: &mut Vec<Self>) -> Result<(), String> {
                let Some((low, high)) = text.split_once(':') else {
                    into.push(Self::parse(text)?);
                    return Ok(());
                };
                let range = Self::parse(low)?..=Self::parse(high)?;
                into.extend(range.clone().take(LONGEST_RANGE));
                match range.skip(LONGEST_RANGE).next() {
                    Some(_) => Err(format!("more than {LONGEST_RANGE} numbers")),
                    None => Ok(()),
                }
            }
        }
    )* };
}

integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

macro_rules! parsed {
    ($($type:ty: $name:literal),* $(,)?) => { $(
        impl OptionType for $type {
            const NAME: &'static str = $name;

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|error| format!("{error}"))
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )* };
}

parsed! {
    f32: "number", f64: "number", char: "character", String: "text", IpAddr: "IP address", Ipv4Addr: "IPv4 address",
    Ipv6Addr: "IPv6 address", SocketAddr: "socket address",
}

impl OptionType for PathBuf {
    const NAME: &'static str = "path";

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.into())
    }

    fn show(&self) -> String {
        self.display().to_string()
    }
}

impl OptionType for Duration {
    const NAME: &'static str = "duration";

    fn parse(text: &str) -> Result<Self, String> {
        duration::parse(text)
    }

    fn show(&self) -> String {
        duration::show(*self)
    }
}

impl OptionType for SystemTime {
    const NAME: &'static str = "date and time";

    fn parse(text: &str) -> Result<Self, String> {
        datetime::parse(text).ok_or_else(|| "it is no date or time".to_owned())
    }

    fn show(&self) -> String {
        datetime::show(*self)
    }
}

impl<T: OptionType> OptionType for Option<T> {
    const NAME: &'static str = T::NAME;
    const IS_FLAG: bool = T::IS_FLAG;

    fn parse(text: &str) -> Result<Self, String> {
        T::parse(text).map(Some)
    }

    fn show(&self) -> String {
        self.as_ref().map(T::show).unwrap_or_default()
    }

    fn parse_list(texts: &[String]) -> Result<Self, String> {
        T::parse_list(texts).map(Some)
    }
}

impl<T: OptionType> OptionType for Vec<T> {
    const NAME: &'static str = "list";

    fn parse(text: &str) -> Result<Self, String> {
        let mut values = Self::new();
        if !text.is_empty() {
            text.split(',').try_for_each(|part| T::parse_part(part, &mut values))?;
        }
        Ok(values)
    }

    fn show(&self) -> String {
        self.iter().map(T::show).collect::<Vec<_>>().join(",")
    }

    fn parse_list(texts: &[String]) -> Result<Self, String> {
        texts.iter().map(|text| T::parse(text)).collect()
    }
}
