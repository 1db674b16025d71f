//! Escaping for HTML, JSON and URLs, and what else a page does to text. Tornado's `escape`.
//!
//! ```
//! use gustnado::escape::{linkify, url_escape, xhtml_escape};
//!
//! assert_eq!(xhtml_escape("<b> & \"c\""), "&lt;b&gt; &amp; &quot;c&quot;");
//! assert_eq!(url_escape("a b/c"), "a+b%2Fc");
//! assert_eq!(linkify("see www.example.com!"), r#"see <a href="http://www.example.com">www.example.com</a>!"#);
//! ```
//!
//! Everything here takes a time that grows with the length of the text, and no faster. The room leans on nothing else in the house.

mod html;
mod json;
mod linkify;
mod query;
mod text;
mod url;

pub use html::{xhtml_escape, xhtml_unescape};
pub use json::{json_decode, json_encode};
pub use linkify::{Linkify, linkify};
pub use query::{ParseQs, QueryStringError, parse_qs_bytes};
pub use text::{squeeze, to_unicode, utf8};
pub use url::{
    url_escape, url_escape_path, url_unescape, url_unescape_bytes, url_unescape_path,
    url_unescape_path_bytes,
};
