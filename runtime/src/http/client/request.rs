//! What is asked for.

use super::errors::InvalidRequest;
use super::form;
use super::multipart::Multipart;
use super::proxy::Proxy;
use super::record::Record;
use super::route::Choice;
use super::url::Credentials;
use crate::http::host::is_host;
use crate::http::{Body, ContentType, HTTPDate, InvalidHeader};
#[cfg(feature = "tls")]
use crate::tls::ClientOptions;
use ::http::Method;
use serde::Serialize;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// A request for [`fetch`](super::AsyncHTTPClient::fetch).
///
/// A text is a GET of that URL, so most requests are not spelt out. What is not said here is as the client's
/// [builder](super::AsyncHTTPClient::builder) says, and that begins with Tornado's defaults.
///
/// A mistake in the URL, a header or the body is reported by `fetch`, as [`HTTPClientError::Invalid`](super::HTTPClientError::Invalid).
///
/// ```
/// use gustnado::http::HTTPRequest;
/// use std::time::Duration;
///
/// let request = HTTPRequest::post("http://example.com/entries")
///     .header("X-Trace", "1")
///     .json(&["a", "b"])
///     .request_timeout(Duration::from_secs(5));
/// ```
#[must_use = "a request does nothing until it is fetched"]
pub struct HTTPRequest {
    pub(super) record: Record,
}

impl HTTPRequest {
    /// A GET of `url`, an absolute `http` or `https` URL. User information in it is sent as basic authentication; a fragment is dropped;
    /// what must be percent-encoded is. The port may be left out: it is 80, or 443.
    pub fn new(url: impl AsRef<str>) -> Self {
        let mut record = Record::lend();
        let parts = &mut *record;
        match parts.url.set(url.as_ref()) {
            Ok(credentials) => parts.credentials = credentials,
            Err(problem) => parts.problem = Some(problem),
        }
        Self { record }
    }

    /// A GET of `url`.
    pub fn get(url: impl AsRef<str>) -> Self {
        Self::new(url)
    }

    /// A HEAD of `url`: like GET, without the body.
    pub fn head(url: impl AsRef<str>) -> Self {
        Self::new(url).method(Method::HEAD)
    }

    /// A POST to `url`, which must be given a body.
    pub fn post(url: impl AsRef<str>) -> Self {
        Self::new(url).method(Method::POST)
    }

    /// A PUT to `url`, which must be given a body.
    pub fn put(url: impl AsRef<str>) -> Self {
        Self::new(url).method(Method::PUT)
    }

    /// A PATCH of `url`, which must be given a body.
    pub fn patch(url: impl AsRef<str>) -> Self {
        Self::new(url).method(Method::PATCH)
    }

    /// A DELETE of `url`.
    pub fn delete(url: impl AsRef<str>) -> Self {
        Self::new(url).method(Method::DELETE)
    }

    /// The same request with this method. Default GET.
    pub fn method(mut self, method: Method) -> Self {
        self.record.method = method;
        self
    }

    /// The same request with this header in place of every other of its name.
    ///
    /// The client writes Content-Length, Transfer-Encoding, Connection and Expect itself. Host is the URL's, unless it is given
    /// here.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        let result = match checked(name, value) {
            Ok(()) => self.record.headers.insert(name, value),
            Err(error) => Err(error),
        };
        self.note(result.map_err(InvalidRequest::from));
        self
    }

    /// The same request with this header behind those of its name.
    pub fn append_header(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        let result = match checked(name, value) {
            Ok(()) => self.record.headers.append(name, value),
            Err(error) => Err(error),
        };
        self.note(result.map_err(InvalidRequest::from));
        self
    }

    /// The same request with this body, which may be empty, and may be a stream. One of unknown length is sent in chunks.
    ///
    /// A POST whose body has no Content-Type is labelled `application/x-www-form-urlencoded`, as in Tornado.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.record.body = Some(body.into());
        self
    }

    /// The same request with `value` as JSON for its body, and the Content-Type of JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match serde_json::to_vec(value) {
            Ok(text) => {
                self.record.headers.set_content_type(ContentType::JSON);
                self.body(text)
            }
            Err(error) => {
                self.note(Err(InvalidRequest::Value(error.to_string().into())));
                self
            }
        }
    }

    /// The same request with `value` as a form for its body, as browsers send it: a struct, a map, or a sequence of pairs. What is
    /// `None` is left out, and a sequence of values repeats its name.
    ///
    /// ```
    /// use gustnado::http::HTTPRequest;
    ///
    /// let request = HTTPRequest::post("http://example.com/search").form(&[("query", "a b"), ("page", "2")]);
    /// ```
    pub fn form<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        match form::to_string(value) {
            Ok(text) => {
                self.record.headers.set_content_type(FORM);
                self.body(text)
            }
            Err(error) => {
                self.note(Err(InvalidRequest::Value(error.to_string().into())));
                self
            }
        }
    }

    /// The same request with a form with files for its body.
    pub fn multipart(mut self, form: Multipart) -> Self {
        match form.finish() {
            Ok((content_type, body)) => {
                self.record.headers.set_content_type(content_type);
                self.body(body)
            }
            Err(problem) => {
                self.note(Err(problem));
                self
            }
        }
    }

    /// The same request with this user for basic authentication, in place of one in the URL. Tornado's `auth_username` and
    /// `auth_password`.
    pub fn basic_auth(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        let (username, password) = (username.into(), password.into());
        self.record.credentials = Some(Credentials { username, password });
        self.record.digest = None;
        self
    }

    /// The same request with this user for digest authentication (RFC 7616, with MD5 or SHA-256), in place of one in the URL. Tornado's
    /// `auth_mode="digest"`.
    ///
    /// The request is sent without it first, and again with the proof that the server then asks for, so a large body is better sent
    /// with [`expect_100_continue`](Self::expect_100_continue). A body that is a stream cannot be sent again: the 401 is then the
    /// response. So is one whose challenge cannot be answered: only `qop="auth"` can, or none.
    #[cfg(feature = "digest-auth")]
    pub fn digest_auth(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        let (username, password) = (username.into(), password.into());
        self.record.credentials = Some(Credentials { username, password });
        self.record.digest = Some(Box::default());
        self
    }

    /// Connects from this address of the machine; the server is then only tried at addresses of the same family.
    pub fn network_interface(mut self, address: IpAddr) -> Self {
        self.record.route_mut().network_interface = Some(address);
        self
    }

    /// Whether the server may be asked over IPv6. Default `true`.
    pub fn allow_ipv6(mut self, allow: bool) -> Self {
        self.record.route_mut().refuses_ipv6 = !allow;
        self
    }

    /// Asks the server that listens on this Unix socket, whatever the URL's host resolves to. A redirect to another origin leads away
    /// from there.
    pub fn unix_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.record.route_mut().unix_socket = Some(path.into());
        self
    }

    /// What the client is told about TLS for this request: Tornado's `ssl_options`, `ca_certs`, `client_cert` and `client_key`. A redirect
    /// to another origin is not shown the certificate.
    ///
    /// Connections are shared only by requests with the same options, that is, with clones of them.
    #[cfg(feature = "tls")]
    pub fn tls_options(mut self, options: ClientOptions) -> Self {
        self.record.route_mut().secure.options = Some(options);
        self
    }

    /// Whether the server must have a certificate that is valid, for its name. Default `true`. Without it, whoever can come between
    /// can answer in the server's place.
    #[cfg(feature = "tls")]
    pub fn validate_cert(mut self, validate: bool) -> Self {
        self.record.route_mut().secure.validate = Some(validate);
        self
    }

    /// Asks this proxy, or none, whatever the client's [builder](super::AsyncHTTPClientBuilder::proxy) says.
    pub fn proxy(mut self, proxy: impl Into<Option<Proxy>>) -> Self {
        self.record.route_mut().proxy = match proxy.into() {
            Some(proxy) => Choice::Own(Rc::new(proxy)),
            None => Choice::Nobody,
        };
        self
    }

    /// How long it may wait for its turn, while as many others as allowed are under way. Default: the shorter of
    /// [`connect_timeout`](Self::connect_timeout) and [`request_timeout`](Self::request_timeout), as in Tornado. Zero: for ever.
    pub fn queue_timeout(mut self, timeout: Duration) -> Self {
        self.record.options.queue_timeout = Some(timeout);
        self
    }

    /// How long it may take to resolve the host's name and to connect. Default 20 s. Zero: for ever.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.record.options.connect_timeout = Some(timeout);
        self
    }

    /// How long everything may take from the end of the queue to the end of the response. Default 20 s. Zero: for ever.
    pub fn request_timeout(mut self, timeout: Duration) -> Self {
        self.record.options.request_timeout = Some(timeout);
        self
    }

    /// How many bytes the body of the response may have. Default 100 MiB.
    pub fn max_body_size(mut self, size: u64) -> Self {
        self.record.options.max_body_size = Some(size);
        self
    }

    /// Whether a response that is no success (2xx) is an error, [`HTTPClientError::Status`](super::HTTPClientError::Status).
    /// Default `true`. Without it, only a fetch without a response is one.
    pub fn raise_error(mut self, raise: bool) -> Self {
        self.record.options.raise_error = Some(raise);
        self
    }

    /// Whether redirects are followed (301, 302, 303, 307 and 308). Default `true`.
    ///
    /// 303 makes everything but HEAD a GET without a body, and so do 301 and 302 with POST. What says who asks (Authorization, Cookie,
    /// a user given for authentication, and a Host given by hand) goes only to the same scheme, host and port. A body that is a stream
    /// cannot be sent again; a 307 or 308 to such a request is the response.
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.record.options.follow_redirects = Some(follow);
        self
    }

    /// So many redirects are followed; one more is the response, and an error as every status that is no success. Default 5.
    pub fn max_redirects(mut self, count: u32) -> Self {
        self.record.options.max_redirects = Some(count);
        self
    }

    /// Whether the server is asked for a compressed response (gzip), and one that is compressed is decompressed. Default `true`; always
    /// `false` without the feature `gzip`.
    ///
    /// The limit of the body holds before and after. The header Content-Encoding then appears as `X-Consumed-Content-Encoding`, as in
    /// Tornado.
    pub fn decompress_response(mut self, decompress: bool) -> Self {
        self.record.options.decompress_response = Some(decompress);
        self
    }

    /// Whether the body is sent only when the server has said `100 Continue`, or nothing for a second; it may answer without having
    /// been sent it. Default `false`.
    pub fn expect_100_continue(mut self, expect: bool) -> Self {
        self.record.expects_continue = expect;
        self
    }

    /// The same request, for a response only if something has changed since; the server answers 304 otherwise, which is no success.
    pub fn if_modified_since(self, time: impl Into<HTTPDate>) -> Self {
        self.header("If-Modified-Since", time.into().imf_fixdate())
    }

    /// The same request with this User-Agent.
    pub fn user_agent(self, user_agent: impl AsRef<str>) -> Self {
        self.header("User-Agent", user_agent.as_ref())
    }

    /// Calls `callback` with each line of the response's head as it arrives, with its CRLF: the status line, the headers, and an empty
    /// line. Redirects that are followed are not shown.
    pub fn header_callback(mut self, callback: impl FnMut(&str) + 'static) -> Self {
        self.record.header_callback = Some(Box::new(callback));
        self
    }

    /// Calls `callback` with each piece of the response's body as it arrives; the response itself has none then. The body of a redirect
    /// that is followed is not shown.
    ///
    /// To make the server wait while something is done with a piece, use
    /// [`fetch_streamed`](super::AsyncHTTPClient::fetch_streamed).
    pub fn streaming_callback(mut self, callback: impl FnMut(&[u8]) + 'static) -> Self {
        self.record.streaming_callback = Some(Box::new(callback));
        self
    }

    /// Whether any method may be sent, and with or without a body. Default `false`.
    pub fn allow_nonstandard_methods(mut self, allow: bool) -> Self {
        self.record.options.allow_nonstandard_methods = allow;
        self
    }

    /// Keeps the first mistake.
    fn note(&mut self, result: Result<(), InvalidRequest>) {
        if let Err(problem) = result {
            self.record.problem.get_or_insert(problem);
        }
    }

    /// Whether it may be sent at all.
    pub(super) fn check(&mut self) -> Result<(), InvalidRequest> {
        let parts = &mut *self.record;
        if let Some(problem) = parts.problem.take() {
            return Err(problem);
        }
        let (method, has_body) = (&parts.method, parts.body.is_some());
        if *method == Method::GET && !has_body {
            return Ok(());
        }
        // It would make a tunnel of the connection.
        if *method == Method::CONNECT {
            return Err(InvalidRequest::Method(method.clone()));
        }
        if parts.options.allow_nonstandard_methods {
            return Ok(());
        }
        match (expects_body(method), has_body) {
            (None, _) => Err(InvalidRequest::Method(method.clone())),
            (Some(true), false) => Err(InvalidRequest::BodyMissing(method.clone())),
            (Some(false), true) => Err(InvalidRequest::BodyUnexpected(method.clone())),
            _ => Ok(()),
        }
    }
}

const FORM: ContentType = ContentType::from_static("application/x-www-form-urlencoded");

/// The headers that are not a request's to set, or not to anything; beside those that [`Headers`](crate::http::Headers) refuses.
fn checked(name: &str, value: &[u8]) -> Result<(), InvalidHeader> {
    match name.len() {
        4 if name.eq_ignore_ascii_case("host") && !is_host(value) => Err(InvalidHeader::Value),
        6 if name.eq_ignore_ascii_case("expect") => Err(InvalidHeader::Reserved),
        _ => Ok(()),
    }
}

/// Whether a request of this method has a body; `None` if Tornado does not know it.
fn expects_body(method: &Method) -> Option<bool> {
    match *method {
        Method::POST | Method::PUT | Method::PATCH => Some(true),
        Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS => Some(false),
        _ => None,
    }
}

impl From<&str> for HTTPRequest {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl From<&String> for HTTPRequest {
    fn from(url: &String) -> Self {
        Self::new(url)
    }
}

impl From<String> for HTTPRequest {
    fn from(url: String) -> Self {
        Self::new(url)
    }
}

/// Method and URL only: headers, credentials and bodies hold secrets.
impl fmt::Debug for HTTPRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HTTPRequest")
            .field("method", &self.record.method)
            .field("url", &self.record.url.as_str())
            .finish_non_exhaustive()
    }
}
