//! The peer behind trusted proxies, as their `Forwarded` says (RFC 7239).
//!
//! Each proxy adds its own peer at the end, and callers can write anything in front of that, such as a quote that they
//! do not close. So the list is read and taken apart from its end, for as long as the one that added an entry is trusted.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};

use crate::value::Network;

/// The address that the trusted proxies in front of `peer` name; `None` if `peer` is the caller, as far as is known.
pub(crate) fn caller(headers: &HeaderMap, peer: IpAddr, trusted: &[Network]) -> Option<SocketAddr> {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    if !is_trusted(peer) {
        return None;
    }
    let mut caller = None;
    for entry in headers.get_all(header::FORWARDED).iter().rev().flat_map(|line| from_end(line.as_bytes())) {
        let Some(address) = std::str::from_utf8(entry).ok().and_then(source) else { break };
        caller = Some(address);
        if !is_trusted(address.ip()) {
            break;
        }
    }
    caller
}

/// The entries of a line, the last one first. What stands in front of an entry does not change where it starts.
fn from_end(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let mut quoted = false;
        let comma = line.iter().enumerate().rposition(|(at, byte)| {
            let before = || line.get(..at).unwrap_or_default().iter().rev().take_while(|byte| **byte == b'\\').count();
            match byte {
                b'"' if !quoted => quoted = true,
                // An escaped quote is a part of the text, which starts further in front.
                b'"' => quoted = before() % 2 == 1,
                _ => {}
            }
            *byte == b',' && !quoted
        });
        rest = comma.and_then(|comma| line.get(..comma));
        line.get(comma.map_or(0, |comma| comma + 1)..)
    })
}

/// The parts of an entry between separators outside of quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(|char| {
        let at_separator = char == separator && !quoted;
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        at_separator
    })
    .collect()
}

/// The address in `for` of one entry; `None` if it is hidden, unknown or malformed.
fn source(entry: &str) -> Option<SocketAddr> {
    let pairs = split(entry, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map(|(_, value)| value.trim());
    let (value, None) = (values.next()?, values.next()) else { return None };
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    if let Ok(address) = value.parse::<SocketAddr>() {
        return Some(address);
    }
    let address = value.strip_prefix('[').and_then(|value| value.strip_suffix(']')).unwrap_or(value);
    Some(SocketAddr::new(address.parse().ok()?, 0))
}

#[cfg(test)]
mod tests {
    use crate::net::peers::forwarded::*;
    use http::HeaderValue;

    fn caller_of(lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::FORWARDED, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        caller(&headers, "10.0.0.1".parse().unwrap(), &trusted).map(|address| address.ip().to_string())
    }

    #[test]
    fn the_last_hop_that_is_not_trusted_is_the_caller() {
        for (lines, expected) in [
            (&["for=192.0.2.7"][..], Some("192.0.2.7")),
            (&["for=192.0.2.7;proto=https;by=10.0.0.1"], Some("192.0.2.7")),
            (&["proto=https; FOR=\"192.0.2.7:4711\""], Some("192.0.2.7")),
            (&["For=\"[2001:db8::17]:4711\""], Some("2001:db8::17")),
            (&["for=\"[2001:db8::17]\""], Some("2001:db8::17")),
            // Whatever the caller itself has written stands in front.
            (&["for=203.0.113.9, for=192.0.2.7"], Some("192.0.2.7")),
            (&["for=203.0.113.9", "for=192.0.2.7"], Some("192.0.2.7")),
            (&["for=203.0.113.9;x=\", for=192.0.2.7"], Some("192.0.2.7")),
            (&["for=\"203.0.113.9, for=\"[2001:db8::17]:4711\""], Some("2001:db8::17")),
            (&["for=203.0.113.9;x=\"\\, for=192.0.2.7;y=\"a, \\\"b\""], Some("192.0.2.7")),
            (&["\u{e9}, for=192.0.2.7"], Some("192.0.2.7")),
            (&["for=\"203.0.113.9, \"", "for=192.0.2.7"], Some("192.0.2.7")),
            (&["for=192.0.2.7, for=10.0.0.2"], Some("192.0.2.7")),
            (&["for=192.0.2.7, for=\"[fd00::2]\", for=10.0.0.2"], Some("192.0.2.7")),
            (&["for=192.0.2.7;x=\"a,b;for=203.0.113.9\""], Some("192.0.2.7")),
            (&["for=192.0.2.7, for=unknown"], None),
            (&["for=192.0.2.7, for=_hidden, for=10.0.0.2"], Some("10.0.0.2")),
            (&["for=192.0.2.7;for=203.0.113.9"], None),
            (&["nonsense"], None),
            (&[], None),
        ] {
            assert_eq!(caller_of(lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_not_believed() {
        let headers = HeaderMap::from_iter([(header::FORWARDED, "for=192.0.2.7".parse().unwrap())]);
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(caller(&headers, "192.0.2.1".parse().unwrap(), &trusted), None);
        assert_eq!(caller(&headers, "10.0.0.1".parse().unwrap(), &[]), None);
    }
}
