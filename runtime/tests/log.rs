//! What is written to the log, and what is not.

use gustnado::ioloop::IOLoop;
use gustnado::log::{LogFormat, LogLevel, Logging, RotatingFile, Rotation, redact};
use gustnado::options::OptionParser;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tracing::{debug, error, info, info_span, warn};

/// A writer whose text can be read.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Text {
    fn read(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is written of what `log` logs.
fn logged_by(logging: Logging, format: LogFormat, log: impl FnOnce()) -> String {
    let text = Text::default();
    let subscriber = logging.to_writer(text.clone(), format).subscriber();
    tracing::subscriber::with_default(subscriber, log);
    text.read()
}

fn logged(log: impl FnOnce()) -> String {
    logged_by(Logging::new(), LogFormat::Plain, log)
}

/// The line behind its brackets.
fn message(line: &str) -> &str {
    line.split_once("] ").unwrap().1
}

#[test]
fn a_line_is_tornados() {
    let line = logged(|| error!("foo"));
    let (bracket, rest) = line.split_once("] ").unwrap();
    assert_eq!(rest, "foo\n");
    let parts: Vec<_> = bracket.split(' ').collect();
    let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(parts[0], "[E");
    assert_eq!((&*shape(parts[1]), &*shape(parts[2])), ("000000", "00:00:00"));
    assert!(parts[3].starts_with("log:"), "{bracket}");
}

#[test]
fn each_level_has_its_letter_and_its_colour() {
    let debug_too = || Logging::new().level(LogLevel::Debug);
    let all = || {
        error!("e");
        warn!("w");
        info!("i");
        debug!("d");
    };
    let plain = logged_by(debug_too(), LogFormat::Plain, all);
    let letters: String = plain.lines().map(|line| &line[1..2]).collect();
    assert_eq!(letters, "EWID");
    let coloured = logged_by(debug_too(), LogFormat::Coloured, all);
    for (line, colour) in coloured.lines().zip(["31", "33", "32", "34"]) {
        assert!(line.starts_with(&format!("\u{1b}[{colour}m[")), "{line:?}");
        assert!(line.contains("]\u{1b}[0m "), "{line:?}");
    }
}

#[test]
fn only_what_is_bad_enough_is_logged() {
    let count = |level| {
        let logging = Logging::new().level(level);
        let all = || {
            error!("e");
            warn!("w");
            info!("i");
            debug!("d");
        };
        logged_by(logging, LogFormat::Plain, all).lines().count()
    };
    use LogLevel::{Debug, Error, Info, None, Warning};
    assert_eq!([None, Error, Warning, Info, Debug].map(count), [0, 1, 2, 3, 4]);
}

#[test]
fn fields_stand_behind_the_message() {
    let line = logged(|| info!(user = 7, name = "ada", "signed in"));
    assert_eq!(message(&line), "signed in user=7 name=ada\n");
    assert_eq!(message(&logged(|| info!(user = 7))), "user=7\n");
}

#[test]
fn text_is_utf_8_and_bytes_are_escaped() {
    assert_eq!(message(&logged(|| error!("\u{e9}"))), "\u{e9}\n");
    assert_eq!(
        message(&logged(|| error!("{:?}", b"\xe9".escape_ascii().to_string()))),
        "\"\\\\xe9\"\n"
    );
}

#[test]
fn nobody_writes_a_line_of_their_own_or_colours_the_terminal() {
    let forged = "a\r\n[E 261121 00:00:00 main:1] forged\u{1b}[31m\0\u{85}";
    let line = logged(|| info!(field = forged, "{forged}"));
    let visible = "a\\r\n    [E 261121 00:00:00 main:1] forged\\u{1b}[31m\\u{0}\\u{85}";
    assert_eq!(message(&line), format!("{visible} field={visible}\n"));
    let json = logged_by(Logging::new(), LogFormat::Json, || info!("{forged}"));
    assert_eq!(json.lines().count(), 1);
}

#[test]
fn json_is_an_object_a_line() {
    let json = logged_by(Logging::new(), LogFormat::Json, || {
        warn!(target: "app", user = 7, token = "abc", "it is \"late\"");
        info!("again");
    });
    let lines: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, second) = (&lines[0], &lines[1]);
    assert_eq!(first["level"], "warn");
    assert_eq!(first["target"], "app");
    assert_eq!(first["module"], "log");
    assert_eq!(first["message"], "it is \"late\"");
    assert_eq!((&first["user"], &first["token"]), (&"7".into(), &"[redacted]".into()));
    let time = first["time"].as_str().unwrap();
    let shape = time.replace(|c: char| c.is_ascii_digit(), "0");
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
    assert_eq!((second["message"].as_str(), second.get("request")), (Some("again"), None));
}

#[test]
fn secrets_are_left_out_wherever_they_are() {
    for (text, clean) in [
        ("Authorization: Basic YWRhOmxvdmU=", "Authorization: [redacted]"),
        ("authorization: Bearer a.b.c\nHost: a", "authorization: [redacted]\nHost: a"),
        ("Proxy-Authorization: x y", "Proxy-Authorization: [redacted]"),
        ("Set-Cookie: user=ada; Path=/", "Set-Cookie: [redacted]"),
        (r#"{"cookie": "a=b; c", "host": "x"}"#, r#"{"cookie": "[redacted]", "host": "x"}"#),
        (r#"{"cookie": "a\"b", "host": "x"}"#, r#"{"cookie": "[redacted]", "host": "x"}"#),
        ("X-Xsrftoken: 2|ab|cd", "X-Xsrftoken: [redacted]"),
        ("X-CSRFToken: ab", "X-CSRFToken: [redacted]"),
        ("POST /?_xsrf=2|ab|cd HTTP", "POST /?_xsrf=[redacted] HTTP"),
        ("/?access_token=a&b=1", "/?access_token=[redacted]&b=1"),
        ("/?PASSWORD=a;password=b", "/?PASSWORD=[redacted];password=[redacted]"),
        (
            "Form { new_password: \"a b\", name: \"c\" }",
            "Form { new_password: \"[redacted]\", name: \"c\" }",
        ),
        ("cookie_secret = 'abc' next", "cookie_secret = '[redacted]' next"),
        ("api_key:abc", "api_key:[redacted]"),
        ("password: 'no end", "password: '[redacted]"),
    ] {
        assert_eq!(redact(text), clean);
        assert_eq!(
            message(&logged(|| info!("{text}"))),
            format!("{}\n", clean.replace('\n', "\n    "))
        );
    }
    for text in
        ["a cookie was set", "token", "password=", "Cookie:", "tokens=3", "12:30 a=b: \u{e9}=", "="]
    {
        assert_eq!(redact(text), text);
    }
    let line =
        logged(|| info!(authorization = "Basic abc", user_password = "p", user = "ada", "in"));
    assert_eq!(message(&line), "in authorization=[redacted] user_password=[redacted] user=ada\n");
}

#[test]
fn leaving_out_takes_linear_time() {
    for piece in ["password", "password=", "=", "cookie: \"", "token:'\\", ":\"=", "password   "] {
        let text = piece.repeat(200_000 / piece.len());
        assert!(!redact(&text).is_empty());
    }
}

/// The span that the server runs a request in.
fn request<T>(id: &str, run: impl FnOnce() -> T) -> T {
    info_span!(target: "gustnado.request", "request", %id).in_scope(run)
}

#[test]
fn a_request_that_floods_the_log_is_not_heard_any_more() {
    let logging = || Logging::new().records_per_request(3);
    let text = logged_by(logging(), LogFormat::Plain, || {
        request("a", || {
            for number in 0..1000 {
                info!("record {number}");
                warn!(target: "gustnado.access", "200 GET /{number}");
            }
        });
        request("b", || info!("of another"));
        for number in 0..5 {
            info!("of nobody {number}");
        }
    });
    let count = |part: &str| text.matches(part).count();
    assert_eq!((count("record "), count("no more of it"), count("200 GET")), (3, 1, 1000));
    assert_eq!((count("of another"), count("of nobody")), (1, 5));
}

#[test]
fn a_record_of_a_request_has_its_id_also_when_that_changes_and_on_another_thread() {
    let json = logged_by(Logging::new(), LogFormat::Json, || {
        let span = info_span!(target: "gustnado.request", "request", id = tracing::field::Empty);
        span.record("id", tracing::field::display("first"));
        span.in_scope(|| info!("one"));
        span.record("id", tracing::field::display("second"));
        let copy = span.clone();
        drop(span);
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let elsewhere = std::thread::spawn(move || {
            tracing::dispatcher::with_default(&dispatch, || copy.in_scope(|| info!("two")));
        });
        elsewhere.join().unwrap();
        info_span!(target: "of.somebody", "other", id = 9).in_scope(|| info!("three"));
    });
    let id = |line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line.get("request").and_then(|id| id.as_str().map(str::to_owned))
    };
    let ids: Vec<_> = json.lines().map(id).collect();
    assert_eq!(ids, [Some("first".into()), Some("second".into()), None]);
}

#[test]
fn a_failure_of_a_callback_is_logged() {
    let text = logged(|| {
        let stop = IOLoop::new().unwrap();
        stop.run_sync(async {
            IOLoop::current().add_callback(|| panic!("on purpose"));
            gustnado::coroutine::moment().await;
        })
        .unwrap();
    });
    assert!(text.starts_with("[E ") && text.contains("on purpose"), "{text}");
}

#[test]
fn a_file_is_written_to() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("a_file_is_written_to.log");
    let _ = std::fs::remove_file(&path);
    let file = RotatingFile::open(&path, Rotation::default()).unwrap();
    let subscriber = Logging::new().to_writer(file, LogFormat::Plain).subscriber();
    tracing::subscriber::with_default(subscriber, || error!("hello"));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("[E ") && text.ends_with("] hello\n"), "{text}");
}

/// The only test that installs something for the whole process.
#[test]
fn the_options_install_a_listener_once() {
    let options = OptionParser::new();
    gustnado::log::define_logging_options(&options);
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("installed.log");
    let _ = std::fs::remove_file(&path);
    let file = format!("--log-file-prefix={}", path.display());
    options.parse_args(["main", &file, "--logging=debug"]).unwrap();
    options.run_parse_callbacks().unwrap();
    debug!("from the options");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("] from the options\n"), "{text}");
    // The second time, it changes nothing.
    options.run_parse_callbacks().unwrap();
    debug!("once");
    assert_eq!(std::fs::read_to_string(&path).unwrap().matches("] once\n").count(), 1);
}
