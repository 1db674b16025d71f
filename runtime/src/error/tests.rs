use super::*;

fn failing() -> Result {
    "x".parse::<u32>().context("reading the port").context("starting")?;
    Ok(())
}

#[test]
fn display_shows_the_outermost_and_alternate_the_chain() {
    let error = failing().unwrap_err();
    assert_eq!(error.to_string(), "starting");
    assert_eq!(format!("{error:#}"), "starting: reading the port: invalid digit found in string");
}

#[test]
fn debug_lists_the_causes_and_the_place() {
    let shown = format!("{:?}", failing().unwrap_err());
    assert!(shown.starts_with(
        "starting\n\nCaused by:\n    reading the port\n    invalid digit found in string\n\nat "
    ));
    assert!(shown.contains(file!()), "{shown}");
}

#[test]
fn question_mark_records_its_own_place() {
    fn parse() -> Result<u32> {
        Ok("x".parse::<u32>()?)
    }
    let line = line!() - 2;
    assert_eq!(parse().unwrap_err().location().line(), line);
}

#[test]
fn any_error_is_a_500_unless_it_says_otherwise() {
    assert_eq!(Error::msg("x").status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(
        Error::from(HTTPError::new(StatusCode::GONE)).context("x").status(),
        StatusCode::GONE
    );
    assert_eq!(Error::msg("x").with_status(StatusCode::CONFLICT).status(), StatusCode::CONFLICT);
}

#[test]
fn the_reason_goes_with_the_status() {
    assert_eq!(Error::msg("secret").reason(), "Internal Server Error");
    let error = Error::from(HTTPError::new(StatusCode::GONE).with_reason("it left"));
    assert_eq!(error.reason(), "it left");
    assert_eq!(error.with_status(StatusCode::NOT_FOUND).reason(), "Not Found");
    let error = Error::from(BodyError::Violation(Violation::BodyTooLarge)).context("secret");
    assert_eq!(error.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(error.reason(), Violation::BodyTooLarge.to_string());
}

#[test]
fn an_http_error_below_another_error_gives_the_status() {
    #[derive(Debug)]
    struct Outer(HTTPError);
    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }
    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }
    let error = Error::from(Outer(HTTPError::new(StatusCode::NOT_FOUND)));
    assert_eq!(error.status(), StatusCode::NOT_FOUND);
}

#[test]
fn downcasts_to_what_it_was_made_from() {
    let error = Error::from(HTTPError::new(StatusCode::GONE)).context("x");
    assert!(error.downcast_ref::<fmt::Error>().is_none());
    let error = error.downcast::<fmt::Error>().unwrap_err();
    assert_eq!(error.to_string(), "x");
    assert_eq!(error.downcast::<HTTPError>().unwrap().status(), StatusCode::GONE);
}

#[test]
fn survives_the_way_through_a_boxed_error() {
    let boxed: Box<dyn StdError> = failing().unwrap_err().into();
    assert_eq!(boxed.to_string(), "starting");
    assert!(boxed.source().is_some());
}

#[test]
fn http_error_prints_as_tornado_does() {
    let error = HTTPError::new(StatusCode::NOT_FOUND).with_log_message("no such entry");
    assert_eq!(error.to_string(), "HTTP 404: Not Found (no such entry)");
    let unknown = StatusCode::from_u16(799).unwrap();
    assert_eq!(HTTPError::new(unknown).reason(), "Unknown");
}
