//! The HTTP/1 protocol: what a request and a response may look like, the server, and the client.
//!
//! Everything here works on bytes in memory. [`Head`] and [`Chunked`] read a request and say which rule it broke as
//! a [`Violation`]; [`Response`] is what answers it.

mod accept;
pub(crate) mod base64;
mod body;
mod chunked;
mod class;
mod client;
mod connection;
mod cookies;
mod date;
mod exchange;
mod field;
mod framing;
mod head;
mod headers;
#[cfg(any(feature = "digest-auth", feature = "signed-cookies"))]
pub(crate) mod hex;
mod host;
mod incoming;
mod limits;
mod multipart;
mod outgoing;
mod remote;
mod request;
mod request_id;
mod response;
mod server;
mod set_cookie;
mod settings;
mod violation;

pub(crate) use self::accept::{quality, takes_coding, thousandths};
pub use self::body::{Body, ByteStream};
pub use self::chunked::{Chunked, Decoded, LAST_CHUNK, write_chunk, write_chunk_size};
pub(crate) use self::client::form_string;
pub use self::client::{
    AsyncHTTPClient, AsyncHTTPClientBuilder, Fetch, HTTPClientError, HTTPRequest, HTTPResponse,
    InvalidRequest, Multipart, Phase, Proxy, ResponseViolation, StreamedResponse, TimeInfo,
};
pub use self::cookies::Cookies;
pub use self::date::{DateLine, HTTPDate};
#[cfg(feature = "websocket")]
pub(crate) use self::exchange::Upgraded;
pub use self::framing::Framing;
pub use self::head::Head;
pub use self::headers::{ContentType, Headers, InvalidHeader};
pub use self::host::is_host;
pub use self::incoming::{BodyError, BodyStream};
pub use self::limits::Limits;
pub use self::multipart::{MultipartDecoder, MultipartError, PartHead, PartLimits, PartStep, Step};
pub use self::request::Request;
pub use self::request_id::{InvalidRequestId, RequestId};
pub use self::response::{Encoded, Encoding, Response, Rest};
pub use self::server::{HTTPServer, Service};
pub use self::set_cookie::{Cookie, InvalidCookie, SameSite};
pub use self::settings::Settings;
pub use self::violation::Violation;

/// What the fuzz targets need of the client.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    pub use super::client::fuzzing::{ResponseHead, normal_url};
}
