//! Sets and reads cookies, for the test that does the same with Tornado: see `tests/interop/cookies`.
//!
//! Its arguments are the secret, or `--current=NUMBER` and secrets with their numbers, `NUMBER:SECRET`.

use gustnado::http::Cookie;
use gustnado::prelude::*;
use gustnado::{CookieSecret, SignedVersion, Validity, Xsrf};
use serde::Deserialize;
use std::time::SystemTime;

#[derive(Deserialize)]
struct Wish {
    value: String,
    version: Option<u8>,
}

impl Wish {
    fn version(&self) -> SignedVersion {
        if self.version == Some(1) { SignedVersion::V1 } else { SignedVersion::V2 }
    }
}

#[get("/signed")]
async fn sign(Query(wish): Query<Wish>, secret: &CookieSecret) -> Result<(Cookie, ())> {
    let value = decode(&wish.value);
    let text = secret.create_signed_value_at("key", value, SystemTime::now(), wish.version());
    Ok((Cookie::new("key", text), ()))
}

#[post("/signed")]
async fn read(Query(wish): Query<Wish>, cx: &Context) -> Result<String> {
    let validity = Validity { min_version: wish.version(), ..Validity::default() };
    let value = cx.signed_cookie("key", validity)?;
    Ok(value.map_or_else(|| "none".into(), |value| encode(&value)))
}

#[get("/plain")]
async fn set(Query(wish): Query<Wish>) -> (Cookie, ()) {
    (Cookie::new("plain", wish.value), ())
}

#[post("/plain")]
async fn plain(cx: &Context) -> String {
    cx.cookies().value("plain").unwrap_or("none").to_owned()
}

/// Base64 of what is in the alphabet of the test: the value goes through it as bytes.
fn decode(text: &str) -> Vec<u8> {
    let digits = text.bytes().filter_map(|digit| DIGITS.iter().position(|each| *each == digit));
    let (mut bits, mut count, mut bytes) = (0_usize, 0, Vec::new());
    for digit in digits {
        (bits, count) = (bits << 6 | digit, count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 255) as u8);
        }
    }
    bytes
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let word = group.iter().fold(0, |word, byte| word << 8 | usize::from(*byte))
            << (8 * (3 - group.len()));
        for digit in 0..4 {
            let is_padding = digit > group.len();
            let digit = char::from(DIGITS[word >> (18 - 6 * digit) & 63]);
            text.push(if is_padding { '=' } else { digit });
        }
    }
    text
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[gustnado::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).peekable();
    let first = arguments.peek().context("a secret is wanted")?;
    let secret = match first.strip_prefix("--current=") {
        None => CookieSecret::new(first),
        Some(current) => {
            let current = current.parse()?;
            let keys = arguments.skip(1).map(|argument| {
                let (number, key) = argument.split_once(':').context("a key is NUMBER:SECRET")?;
                Ok((number.parse()?, key.to_owned()))
            });
            CookieSecret::rotating(current, keys.collect::<Result<Vec<_>>>()?)
        }
    };
    let server = Application::new(routes![sign, read, set, plain])
        .cookie_secret(secret)
        // Who asks is no browser, and its cookies are what is tried.
        .xsrf(Xsrf::off())
        .listen("127.0.0.1:0")?;
    println!("listening on http://{}", server.addresses()[0]);
    server.run().await
}
