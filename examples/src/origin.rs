//! Who may speak for a user: this site's own pages.

use gustnado::prelude::*;

/// Refuses what another site's page makes a browser send, which is cross-site request forgery. The framework will do this for
/// every request that changes something; until then a handler calls it.
///
/// Browsers say in `Sec-Fetch-Site` where a request comes from, and old ones at least name the page's `Origin`. What says
/// neither is no browser, and nobody's hand is forged.
///
/// # Errors
///
/// A 403.
pub fn same_origin(request: &Request) -> Result<()> {
    let is_ours = match (request.header_bytes("sec-fetch-site"), request.header_bytes("origin")) {
        // The user has typed the address, or another program has opened it.
        (Some(site), _) => matches!(site, b"same-origin" | b"none"),
        (None, Some(origin)) => {
            let host = origin.strip_prefix(b"https://").or(origin.strip_prefix(b"http://"));
            host.is_some_and(|host| host.eq_ignore_ascii_case(request.host().as_bytes()))
        }
        (None, None) => true,
    };
    if is_ours {
        return Ok(());
    }
    Err(HTTPError::new(StatusCode::FORBIDDEN).with_reason("another site has sent this").into())
}

/// The same as an argument: what is refused does not reach the handler.
#[derive(Clone, Copy, Debug)]
pub struct SameOrigin;

impl FromRequest<'_> for SameOrigin {
    async fn from_request(cx: &Context) -> Result<Self> {
        same_origin(cx).map(|()| Self)
    }
}
