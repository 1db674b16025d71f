//! Agreeing on permessage-deflate: RFC 6455 §9.1, RFC 7692 §5 and §7.1.

use super::deflate::{Compression, Deflate, Direction};
use std::fmt::Write;

const NAME: &str = "permessage-deflate";
const SERVER_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// An element of `Sec-WebSocket-Extensions`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Extension<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, Option<&'a str>)>,
}

/// The header is malformed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads the header; its lines count as one list.
pub(super) fn parse(value: &str) -> Result<Vec<Extension<'_>>, Malformed> {
    let mut list = Vec::new();
    // A quoted value must be a token, too, when the quotes are gone; so no comma or semicolon is part of one.
    for element in value.split(',').map(trim).filter(|element| !element.is_empty()) {
        let mut parts = element.split(';').map(trim);
        let name = token(parts.next().unwrap_or_default())?;
        let mut parameters = Vec::new();
        for part in parts {
            parameters.push(match part.split_once('=') {
                Some((name, value)) => (token(trim(name))?, Some(unquoted(trim(value))?)),
                None => (token(part)?, None),
            });
        }
        list.push(Extension { name, parameters });
    }
    Ok(list)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn unquoted(value: &str) -> Result<&str, Malformed> {
    token(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value))
}

fn token(text: &str) -> Result<&str, Malformed> {
    if is_token(text) { Ok(text) } else { Err(Malformed) }
}

/// Whether it is a token. RFC 9110 §5.6.2
pub(super) fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// The parameters of permessage-deflate. §7.1
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// In an offer, it may have no value.
    client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    /// `None` if one is unknown, comes twice, or has a value that it cannot have.
    fn read(extension: &Extension<'_>) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in &extension.parameters {
            let is_new = match (*name, value) {
                (SERVER_TAKEOVER, None) => {
                    !std::mem::replace(&mut read.server_no_context_takeover, true)
                }
                (CLIENT_TAKEOVER, None) => {
                    !std::mem::replace(&mut read.client_no_context_takeover, true)
                }
                (SERVER_BITS, Some(value)) => {
                    read.server_max_window_bits.replace(window_bits(value)?).is_none()
                }
                (CLIENT_BITS, Some(value)) => {
                    read.client_max_window_bits.replace(Some(window_bits(value)?)).is_none()
                }
                (CLIENT_BITS, None) => read.client_max_window_bits.replace(None).is_none(),
                _ => false,
            };
            if !is_new {
                return None;
            }
        }
        Some(read)
    }

    fn write(&self) -> String {
        let mut text = String::from(NAME);
        for (is_set, name) in [
            (self.server_no_context_takeover, SERVER_TAKEOVER),
            (self.client_no_context_takeover, CLIENT_TAKEOVER),
        ] {
            if is_set {
                text.extend(["; ", name]);
            }
        }
        if let Some(bits) = self.server_max_window_bits {
            let _ = write!(text, "; {SERVER_BITS}={bits}");
        }
        match self.client_max_window_bits {
            Some(Some(bits)) => drop(write!(text, "; {CLIENT_BITS}={bits}")),
            Some(None) => text.extend(["; ", CLIENT_BITS]),
            None => {}
        }
        text
    }
}

/// A decimal from 8 to 15, without zeros in front. §7.1.2
fn window_bits(value: &str) -> Option<u8> {
    let bits: u8 = value.parse().ok()?;
    ((8..=15).contains(&bits) && bits.to_string() == value).then_some(bits)
}

fn usual_bits(compression: &Compression) -> u8 {
    compression.window_bits.clamp(9, 15)
}

/// What a server makes of the client's offers, which come best first: the extension, and its answer.
pub(super) fn accept(
    offers: &[Extension<'_>],
    compression: &Compression,
) -> Option<(Deflate, String)> {
    let offers = offers.iter().filter(|offer| offer.name == NAME);
    let offer = offers.filter_map(Parameters::read).next()?;
    let usual = usual_bits(compression);
    let least = |bits: Option<u8>| bits.unwrap_or(15).min(usual);
    let sends = Direction {
        window_bits: least(offer.server_max_window_bits),
        takeover: compression.context_takeover && !offer.server_no_context_takeover,
    };
    // Only a client that says so lets its window be limited.
    let limit = offer.client_max_window_bits.map(least);
    let receives = Direction {
        window_bits: limit.unwrap_or(15),
        takeover: compression.context_takeover && !offer.client_no_context_takeover,
    };
    let is_limited = offer.server_max_window_bits.is_some() || sends.window_bits < 15;
    let answer = Parameters {
        server_no_context_takeover: !sends.takeover,
        client_no_context_takeover: !receives.takeover,
        server_max_window_bits: is_limited.then_some(sends.window_bits),
        client_max_window_bits: limit.filter(|bits| *bits < 15).map(Some),
    };
    Some((Deflate::new(*compression, sends, receives), answer.write()))
}

/// What a client offers.
pub(super) fn offer(compression: &Compression) -> String {
    let usual = usual_bits(compression);
    let parameters = Parameters {
        server_no_context_takeover: !compression.context_takeover,
        client_no_context_takeover: !compression.context_takeover,
        server_max_window_bits: (usual < 15).then_some(usual),
        client_max_window_bits: Some((usual < 15).then_some(usual)),
    };
    parameters.write()
}

/// What a client makes of the server's answer to its offer: `None` if the server does not want to compress.
pub(super) fn conclude(
    answer: &[Extension<'_>],
    compression: Option<&Compression>,
) -> Result<Option<Deflate>, Malformed> {
    let Some((first, others)) = answer.split_first() else { return Ok(None) };
    let compression = compression.filter(|_| first.name == NAME && others.is_empty());
    let (Some(compression), Some(answer)) = (compression, Parameters::read(first)) else {
        return Err(Malformed);
    };
    let usual = usual_bits(compression);
    let receives = Direction {
        window_bits: answer.server_max_window_bits.unwrap_or(15),
        takeover: !answer.server_no_context_takeover,
    };
    // It must do what it was asked to. §7.1.1.1, §7.1.2.1
    if receives.window_bits > usual || (receives.takeover && !compression.context_takeover) {
        return Err(Malformed);
    }
    let limit = match answer.client_max_window_bits {
        Some(None) => return Err(Malformed),
        Some(Some(bits)) => bits,
        None => 15,
    };
    let sends = Direction {
        window_bits: limit.min(usual),
        takeover: compression.context_takeover && !answer.client_no_context_takeover,
    };
    Ok(Some(Deflate::new(*compression, sends, receives)))
}

#[cfg(test)]
mod tests;
