//! Options: Tornado's semantics, and where ours are stricter.

use gustnado::options::{OptionError, OptionParser, OptionType};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

/// What the command line makes of an option with this default.
fn read<T: OptionType>(default: T, value: &str) -> Result<T, OptionError> {
    let options = OptionParser::new();
    let option = options.define("x", default);
    options.parse_args(["main", &format!("--x={value}")])?;
    Ok(option.value())
}

/// A file with this text.
fn file(name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[derive(Clone, Debug, PartialEq)]
struct Email(String);

impl OptionType for Email {
    const NAME: &'static str = "e-mail address";

    fn parse(text: &str) -> Result<Self, String> {
        if text.contains('@') { Ok(Self(text.to_owned())) } else { Err("it has no @".to_owned()) }
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

#[test]
fn an_option_has_its_default_until_it_is_given() {
    let options = OptionParser::new();
    let port = options.define("port", 80_u16);
    assert_eq!(port.value(), 80);
    assert!(options.parse_args(["main", "--port=443"]).unwrap().is_empty());
    assert_eq!(port.value(), 443);
}

#[test]
fn what_is_no_option_is_returned() {
    let rest = |arguments: &[&str]| {
        let options = OptionParser::new();
        let _a = options.define("a", 0);
        options.parse_args(arguments.iter().copied()).unwrap()
    };
    assert_eq!(rest(&["main", "--a=1", "file", "--a=2"]), ["file", "--a=2"]);
    assert_eq!(rest(&["main", "--a=1", "--", "--a=2"]), ["--a=2"]);
    assert_eq!(rest(&["main", "-a=1", "-"]), ["-"]);
    assert!(rest(&["main"]).is_empty() && rest(&[]).is_empty());
}

#[test]
fn an_unknown_option_is_an_error_that_names_the_nearest() {
    let options = OptionParser::new();
    let _port = options.define("port", 80_u16);
    let _prefix = options.define("log_file_prefix", String::new());
    let said = |argument| options.parse_args(["main", argument]).unwrap_err().to_string();
    assert_eq!(said("--prot=80"), "there is no option --prot; did you mean --port?");
    assert_eq!(
        said("--log-file-prefx=a"),
        "there is no option --log-file-prefx; did you mean --log-file-prefix?"
    );
    assert_eq!(said("--zebra"), "there is no option --zebra; --help tells which there are");
}

#[test]
fn an_option_without_a_value_is_an_error_unless_it_is_a_bool() {
    let options = OptionParser::new();
    let (debug, port) = (options.define("debug", false), options.define("port", 80_u16));
    options.parse_args(["main", "--debug"]).unwrap();
    assert!(debug.value());
    options.parse_args(["main", "--debug=false"]).unwrap();
    assert!(!debug.value());
    let error = options.parse_args(["main", "--port"]).unwrap_err();
    assert_eq!(error.to_string(), "the option --port requires a value");
    assert!(options.parse_args(["main", "--no-debug"]).is_err());
    assert_eq!(port.value(), 80);
}

#[test]
fn a_value_of_another_type_is_an_error_that_says_why() {
    let error = read(80_u16, "http").unwrap_err().to_string();
    assert_eq!(error, r#"--x cannot be "http": invalid digit found in string"#);
    for value in ["65536", "-1", "1_0", "+ 1", " 1", ""] {
        assert!(read(80_u16, value).is_err(), "{value}");
    }
    assert!(read(false, "maybe").is_err());
    assert!(read(None::<Email>, "nobody").unwrap_err().to_string().contains("it has no @"));
}

#[test]
fn all_types_are_read_from_the_command_line() {
    assert_eq!(read(String::new(), "asdf=1,2").unwrap(), "asdf=1,2");
    assert_eq!(read(0_i32, "-42").unwrap(), -42);
    assert_eq!(read(0.0, "1.5").unwrap(), 1.5);
    assert_eq!(read(PathBuf::new(), "/tmp/a").unwrap(), PathBuf::from("/tmp/a"));
    assert_eq!(read(None, "t@w.com").unwrap(), Some(Email("t@w.com".to_owned())));
    assert_eq!(read(vec![9], "1,2,3").unwrap(), [1, 2, 3]);
    assert_eq!(read(Vec::<String>::new(), "a,b,c").unwrap(), ["a", "b", "c"]);
    assert_eq!(read(vec![1], "").unwrap(), [0; 0]);
    for (text, value) in [("True", true), ("T", true), ("1", true), ("F", false), ("0", false)] {
        assert_eq!(read(!value, text).unwrap(), value);
    }
}

#[test]
fn ranges_of_integers_have_both_ends() {
    assert_eq!(read(Vec::<u8>::new(), "1,3,5:7").unwrap(), [1, 3, 5, 6, 7]);
    assert_eq!(read(Vec::<u8>::new(), "0:3").unwrap(), [0, 1, 2, 3]);
    assert_eq!(read(Vec::<u8>::new(), "3:1").unwrap(), [0; 0]);
    assert!(read(Vec::<u64>::new(), "0:1000000").is_err());
    assert!(read(Vec::<u8>::new(), "1:").is_err());
    // For texts, a colon is a letter.
    assert_eq!(read(Vec::<String>::new(), "a:1,b:2").unwrap(), ["a:1", "b:2"]);
}

#[test]
fn durations_have_units_that_add_up() {
    for (text, seconds) in [
        ("45s", 45.0),
        ("45", 45.0),
        ("1h 30m", 5400.0),
        ("1h30min", 5400.0),
        ("1.5 hours", 5400.0),
        ("1w 1d", 691_200.0),
        ("250ms", 0.25),
        ("10us", 1e-5),
        (".5 sec", 0.5),
        ("1e3s", 1000.0),
        ("2 minutes 3 seconds", 123.0),
    ] {
        let read = read(Duration::ZERO, text).unwrap();
        assert_eq!(read.as_micros(), (seconds * 1e6_f64).round() as u128, "{text}");
    }
    for text in ["", "h", "1 fortnight", "-1s", "1h,2m", "1x2s", "1e400s"] {
        assert!(read(Duration::ZERO, text).is_err(), "{text}");
    }
}

#[test]
fn dates_are_read_in_ten_formats() {
    let unix = |text| {
        let time = read(SystemTime::UNIX_EPOCH, text).ok()?;
        Some(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => after.as_secs() as i64,
            Err(before) => -(before.duration().as_secs() as i64),
        })
    };
    let (day, minute) = (1_367_107_200, 1_367_126_160);
    for (text, expected) in [
        ("Sun Apr 28 05:16:00 2013", minute),
        ("2013-04-28 05:16:00", minute),
        ("2013-04-28 05:16", minute),
        ("2013-04-28T05:16", minute),
        ("20130428 05:16:00", minute),
        ("20130428 05:16", minute),
        ("2013-04-28", day),
        ("2013-4-28", day),
        ("20130428", day),
        ("05:16:07", -2_208_988_800 + 18_967),
        ("05:16", -2_208_988_800 + 18_960),
    ] {
        assert_eq!(unix(text), Some(expected), "{text}");
    }
    for text in ["", "2013-04-31", "2013-13-01", "24:00", "05:60", "yesterday", "2013-04-28 05:16Z"]
    {
        assert_eq!(unix(text), None, "{text}");
    }
}

#[test]
fn dashes_and_underscores_are_the_same() {
    for defined in ["foo-bar", "foo_bar"] {
        for flag in ["--foo-bar=a", "--foo_bar=a", "-foo_bar=a"] {
            let options = OptionParser::new();
            let option = options.define(defined, String::new());
            options.parse_args(["main", flag]).unwrap();
            assert_eq!(option.value(), "a");
            assert_eq!(options.value::<String>("foo-bar"), Ok("a".to_owned()));
            assert_eq!(options.value::<String>("foo_bar"), Ok("a".to_owned()));
        }
    }
}

#[test]
fn names_are_told_as_they_were_given_but_on_the_command_line() {
    let options = OptionParser::new();
    let _dash = options.define("with-dash", 1).group("g");
    let _underscore = options.define("with_underscore", 2).group("g");
    let names =
        |items: std::collections::BTreeMap<String, String>| items.into_keys().collect::<Vec<_>>();
    assert_eq!(names(options.items()), ["with-dash", "with_underscore"]);
    assert_eq!(names(options.group_dict("g")), ["with-dash", "with_underscore"]);
    let help = options.help("main");
    assert!(help.contains("--with-dash ") && help.contains("--with-underscore "), "{help}");
}

#[test]
fn an_option_that_is_defined_twice_is_an_error_of_the_parsing() {
    for (first, second) in [
        ("foo", "foo"),
        ("foo-bar", "foo-bar"),
        ("foo_bar", "foo-bar"),
        ("foo-bar", "foo_bar"),
        ("help", "help"),
    ] {
        let options = OptionParser::new();
        let _one = options.define(first, 1);
        let _other = options.define(second, 2);
        let error = options.parse_args(["main"]).unwrap_err();
        assert!(matches!(error, OptionError::Twice { .. }), "{error}");
        assert!(error.to_string().contains("already defined in"), "{error}");
    }
}

#[test]
fn values_are_set_and_read_by_name_with_their_type() {
    let options = OptionParser::new();
    let foo = options.define("foo", 1);
    options.set("foo", 2).unwrap();
    assert_eq!((foo.value(), options.value("foo")), (2, Ok(2)));
    assert!(matches!(options.set("foo", "2".to_owned()), Err(OptionError::Type { .. })));
    assert!(matches!(options.value::<u64>("foo"), Err(OptionError::Type { .. })));
    assert!(matches!(options.value::<i32>("bar"), Err(OptionError::Unknown { .. })));
    assert!(options.contains("foo") && !options.contains("bar"));
}

#[test]
fn a_callback_has_every_new_value_and_may_refuse_it() {
    let options = OptionParser::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let values = seen.clone();
    let foo = options.define("foo", 1).callback(move |value| {
        values.lock().unwrap().push(*value);
        if *value < 0 { Err(OptionError::msg("it is negative")) } else { Ok(()) }
    });
    foo.set(2).unwrap();
    options.parse_args(["main", "--foo=3"]).unwrap();
    let error = options.parse_args(["main", "--foo=-4"]).unwrap_err();
    assert_eq!(error.to_string(), "it is negative");
    assert_eq!(*seen.lock().unwrap(), [2, 3, -4]);
}

#[test]
fn parse_callbacks_run_at_the_end_of_every_final_parsing() {
    let options = OptionParser::new();
    let count = Arc::new(Mutex::new(0));
    let counter = count.clone();
    options.add_parse_callback(move || {
        *counter.lock().unwrap() += 1;
        Ok(())
    });
    options.parse_args(["main"]).unwrap();
    assert_eq!(*count.lock().unwrap(), 0);
    options.run_parse_callbacks().unwrap();
    options.run_parse_callbacks().unwrap();
    assert_eq!(*count.lock().unwrap(), 2);
    options.add_parse_callback(|| Err(OptionError::msg("no")));
    assert!(options.run_parse_callbacks().is_err());
}

#[test]
fn a_mocked_option_has_its_value_again_afterwards() {
    let options = OptionParser::new();
    let foo = options.define("foo", 1);
    options.parse_args(["main", "--foo=2"]).unwrap();
    let outer = foo.mock(4);
    foo.set(5).unwrap();
    let inner = foo.mock(6);
    assert_eq!(foo.value(), 6);
    drop(inner);
    assert_eq!(foo.value(), 5);
    drop(outer);
    assert_eq!(foo.value(), 2);
}

#[test]
fn groups_are_source_files_unless_they_are_named() {
    let options = OptionParser::new();
    let _a = options.define("a", 1);
    let _b = options.define("b", 2).group("b_group");
    let groups: Vec<_> = options.groups().into_iter().collect();
    assert_eq!(groups, ["b_group", file!()]);
    let group: Vec<_> = options.group_dict("b_group").into_iter().collect();
    assert_eq!(group, [("b".to_owned(), "2".to_owned())]);
    assert!(options.group_dict("nonexistent").is_empty());
}

/// What Tornado 6 prints for the same options, but for its own of the log.
#[test]
fn help_is_what_tornado_prints() {
    let options = OptionParser::new();
    let _port = options.define("port", 8888_u16).help("run on the given port").group("server");
    let _long = options
        .define("a_name_that_is_too_long", String::new())
        .metavar("LONG_VALUE")
        .help("what does not fit beside it stands below it")
        .group("server");
    let _wrap = options
        .define("wrap", 1.5)
        .help("a description of more than forty-four letters is wrapped to several lines")
        .group("server");
    let _bare = options.define("bare", None::<String>).group("client");
    let expected = "\
Usage: main [OPTIONS]

Options:

  --help                           show this help information

client options:

  --bare

server options:

  --a-name-that-is-too-long=LONG_VALUE
                                   what does not fit beside it stands below it
  --port                           run on the given port (default 8888)
  --wrap                           a description of more than forty-four
                                   letters is wrapped to several lines (default
                                   1.5)

";
    let shown = options.help("main");
    assert_eq!(shown, expected);
    let asked = options.parse_args(["main", "--port=1", "--help"]).unwrap_err();
    assert_eq!(asked, OptionError::Help(shown));
}

#[test]
fn a_file_sets_options_of_all_types() {
    let texts = "str = 'asdf'\nint = 42\nfloat = 1.5\ndatetime = '2013-04-28 05:16'\n\
        timedelta = '45s'\nemail = \"tornado@web.com\"\nlist_of_int = '1,2,3'\nlist_of_str = 'a,b,c'\n";
    let lists = "# of people\n\nstr = asdf # said without quotes\r\nint=42\nfloat = 1.5\n\
        datetime = 2013-04-28 05:16\ntimedelta = 45s\nemail = tornado@web.com\nlist-of-int = [1, 2, 3]\n\
        list_of_str = [\n  \"a\", # one\n  'b',\n  c,\n]";
    for (name, text) in [("texts.cfg", texts), ("lists.cfg", lists)] {
        let options = OptionParser::new();
        let text_option = options.define("str", String::new());
        let (int, float) = (options.define("int", 0), options.define("float", 0.0));
        let datetime = options.define("datetime", None::<SystemTime>);
        let timedelta = options.define("timedelta", None::<Duration>);
        let email = options.define("email", None::<Email>);
        let ints = options.define("list-of-int", Vec::<u8>::new());
        let strs = options.define("list_of_str", Vec::<String>::new());
        options.parse_config_file(file(name, text)).unwrap();
        assert_eq!(text_option.value(), "asdf");
        assert_eq!((int.value(), float.value()), (42, 1.5));
        let minute = SystemTime::UNIX_EPOCH + Duration::from_secs(1_367_126_160);
        assert_eq!(datetime.value(), Some(minute));
        assert_eq!(timedelta.value(), Some(Duration::from_secs(45)));
        assert_eq!(email.value(), Some(Email("tornado@web.com".to_owned())));
        assert_eq!(ints.value(), [1, 2, 3]);
        assert_eq!(strs.value(), ["a", "b", "c"]);
    }
}

#[test]
fn a_file_is_utf_8_and_knows_its_path() {
    let options = OptionParser::new();
    let (name, path) =
        (options.define("name", String::new()), options.define("my_path", PathBuf::new()));
    let written = file("path.cfg", "\u{feff}name='\u{674e}\\'\u{5eb7}\\n'\nmy_path = __file__\n");
    options.parse_config_file(&written).unwrap();
    assert_eq!(name.value(), "\u{674e}'\u{5eb7}\n");
    assert_eq!(path.value(), written);
}

#[test]
fn a_file_that_is_wrong_is_named_with_the_line() {
    let options = OptionParser::new();
    let _port = options.define("port", 80_u16);
    let _hosts = options.define("hosts", Vec::<String>::new());
    for (line, text, reason) in [
        (2, "port = 1\nprot = 2", "did you mean --port"),
        (1, "port = many", "invalid digit"),
        (1, "port = [1, 2]", "not a list"),
        (1, "port", "name = value"),
        (1, "port = ", "no value"),
        (1, "hosts = 'a' 'b'", "behind the value"),
        (1, "hosts = ['a' 'b']", "list does not end"),
        (2, "\nhosts = 'a\n'", "text does not end"),
        (1, r"hosts = '\x'", "there are"),
        (1, "import os", "name = value"),
    ] {
        let error = options.parse_config_file(file("wrong.cfg", text)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        let place = error.split("wrong.cfg:").nth(1).unwrap();
        assert!(place.starts_with(&line.to_string()) || reason.contains("end"), "{error}");
    }
    assert!(options.parse_config_file(file("wrong.cfg", b"port = '\xff'")).is_err());
    assert!(options.parse_config_file("/nonexistent.cfg").is_err());
}

#[test]
fn a_file_overrides_what_comes_before_it_and_is_overridden_by_what_follows() {
    let options = OptionParser::new();
    let (a, b) = (options.define("a", 0), options.define("b", 0));
    let _config = options.define_config_file("config");
    let config = format!("--config={}", file("order.cfg", "a = 2\nb = 2").display());
    options.parse_args(["main", "--a=1", "--b=1", &config, "--b=3"]).unwrap();
    assert_eq!((a.value(), b.value()), (2, 3));
    assert!(options.parse_args(["main", "--config=/nonexistent.cfg"]).is_err());
}

#[test]
fn an_option_is_read_on_other_threads() {
    let options = OptionParser::new();
    let port = options.define("port", 80_u16);
    options.set("port", 81_u16).unwrap();
    assert_eq!(std::thread::spawn(move || port.value()).join().unwrap(), 81);
}
