use super::*;
use std::path::Path;

/// What is asked for by these arguments: whether anything is, and of how many sinks.
fn asked(arguments: &[&str], is_taken: bool) -> Result<Option<Logging>, OptionError> {
    let options = OptionParser::new();
    define_logging_options(&options);
    options.parse_args(std::iter::once("main").chain(arguments.iter().copied()))?;
    configured(&options, is_taken)
}

fn is_asked(arguments: &[&str], is_taken: bool) -> bool {
    asked(arguments, is_taken).unwrap().is_some()
}

#[test]
fn the_standard_error_is_used_unless_there_is_a_file_or_somebody_else() {
    let file =
        Path::new(&std::env::temp_dir()).join(format!("gustnado-log-{}", std::process::id()));
    let file = format!("--log-file-prefix={}", file.display());
    assert!(is_asked(&[], false));
    assert!(!is_asked(&[], true));
    assert!(is_asked(&["--log-to-stderr"], true));
    assert!(!is_asked(&["--log-to-stderr=false"], false));
    assert!(is_asked(&[&file, "--log-to-stderr=false"], true));
    for (arguments, sinks) in [(vec![&*file], 1), (vec![&*file, "--log_to_stderr"], 2)] {
        let shown = asked(&arguments, false).unwrap().unwrap();
        assert_eq!(shown.sinks(), sinks);
    }
    std::fs::remove_file(file.strip_prefix("--log-file-prefix=").unwrap()).unwrap();
}

#[test]
fn none_leaves_logging_alone_in_upper_and_lower_case() {
    for none in ["--logging=none", "--logging=None", "--logging=NONE"] {
        assert!(!is_asked(&[none, "--log-to-stderr"], false));
    }
    assert!(is_asked(&["--logging=none", "--logging=info"], false));
}

#[test]
fn a_level_mode_or_time_that_there_is_not_is_an_error() {
    for wrong in [
        "--logging=loud",
        "--log-rotate-mode=wrong_mode",
        "--log-rotate-when=W7",
        "--log-rotate-when=noon",
        "--log-format=xml",
    ] {
        assert!(asked(&[wrong], false).is_err(), "{wrong}");
    }
    for right in ["--log-rotate-when=W6", "--log-rotate-when=s", "--log-rotate-mode=time"] {
        assert!(asked(&[right], false).is_ok(), "{right}");
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_an_error() {
    assert!(asked(&["--log-file-prefix=/nonexistent/log"], false).is_err());
}

#[test]
fn options_that_are_not_defined_are_an_error() {
    assert!(enable_pretty_logging(&OptionParser::new()).is_err());
}
