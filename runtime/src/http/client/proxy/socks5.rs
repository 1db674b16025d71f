//! SOCKS5: RFC 1928, and its passwords: RFC 1929.

use super::broken;
use crate::http::client::url::Credentials;
use crate::iostream::IOStream;
use std::io;
use std::net::IpAddr;

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const PASSWORD: u8 = 2;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Has the proxy at the other end of `stream` connect to `host`, an address or a name.
pub(super) async fn connect(
    stream: &IOStream,
    host: &str,
    port: u16,
    credentials: Option<&Credentials>,
) -> Result<(), io::Error> {
    let method = if credentials.is_some() { PASSWORD } else { NO_AUTHENTICATION };
    let chosen = exchange(stream, &[VERSION, 1, method], 2).await?;
    if chosen != [VERSION, method] {
        return Err(io::Error::other("the SOCKS proxy wants another authentication"));
    }
    if let Some(Credentials { username, password }) = credentials {
        let mut request = vec![1];
        put(&mut request, username)?;
        put(&mut request, password)?;
        if exchange(stream, &request, 2).await? != [1, 0] {
            return Err(io::Error::other("the SOCKS proxy has refused the user"));
        }
    }
    let mut request = vec![VERSION, CONNECT, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Err(_) => {
            request.push(NAME);
            put(&mut request, host)?;
        }
    }
    request.extend(port.to_be_bytes());
    let reply = exchange(stream, &request, 5).await?;
    if reply[..3] != [VERSION, 0, 0] {
        return Err(io::Error::other(format!("the SOCKS proxy has refused: {}", reason(reply[1]))));
    }
    // Where the proxy connected from: the rest of an address, whose first byte has been read, and a port.
    let rest = match reply[3] {
        IPV4 => 3 + 2,
        IPV6 => 15 + 2,
        NAME => usize::from(reply[4]) + 2,
        _ => return Err(io::Error::other("malformed reply of the SOCKS proxy")),
    };
    stream.read_bytes(rest).await.map_err(broken)?;
    Ok(())
}

/// Sends a message, and reads an answer of `length` bytes.
async fn exchange(stream: &IOStream, message: &[u8], length: usize) -> Result<Vec<u8>, io::Error> {
    stream.write(message).await.map_err(broken)?;
    stream.read_bytes(length).await.map_err(broken)
}

/// Appends a text behind its length.
fn put(message: &mut Vec<u8>, text: &str) -> Result<(), io::Error> {
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "too long for SOCKS");
    message.push(u8::try_from(text.len()).map_err(too_long)?);
    message.extend_from_slice(text.as_bytes());
    Ok(())
}

/// RFC 1928 §6.
fn reason(code: u8) -> &'static str {
    match code {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the connection was refused",
        6 => "it took too long",
        7 => "it does not know the command",
        8 => "it does not know the kind of address",
        _ => "for an unknown reason",
    }
}
