//! Which headers are for the next one only. RFC 9110 §7.6.1.

/// What concerns one connection, or is written anew for each: how a message is framed, and when it was sent.
const OF_A_HOP: [&str; 12] = [
    "Connection",
    "Content-Length",
    "Date",
    "Expect",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

/// The headers that are meant for who is at the other end: all but those above, and those that `Connection` names.
pub(crate) fn end_to_end<'a, I>(
    headers: impl Fn() -> I,
) -> impl Iterator<Item = (&'a str, &'a [u8])>
where
    I: Iterator<Item = (&'a str, &'a [u8])> + 'a,
{
    let connection = headers().filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
    let named: Vec<&[u8]> = connection
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .collect();
    headers().filter(move |(name, _)| {
        let is_of_a_hop = OF_A_HOP.iter().any(|each| each.eq_ignore_ascii_case(name));
        !is_of_a_hop && !named.iter().any(|each| each.eq_ignore_ascii_case(name.as_bytes()))
    })
}
