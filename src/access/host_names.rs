//! Which names may stand in `Host`. A website can make a name of its own point to this machine (DNS rebinding); its requests
//! then come from the user's browser, but they carry that name.

use std::net::{IpAddr, Ipv6Addr};

use http::HeaderValue;
use http::header::HOST;
use http::request::Parts;

use crate::problem::{Code, Problem};

/// The names of a listener, besides IP addresses and `localhost`.
#[derive(Debug, Default)]
pub struct HostNames {
    names: Vec<String>,
    key: &'static str,
}

impl HostNames {
    /// The names that the configuration's key `key` lists.
    pub fn new(names: Vec<String>, key: &'static str) -> Self {
        Self { names: names.iter().map(|name| name.trim_end_matches('.').to_owned()).collect(), key }
    }

    /// Checks every host that a request names, as HTTP/2 may name two. One without any comes from no browser.
    ///
    /// # Errors
    /// One of them is another name.
    pub(crate) fn check(&self, head: &Parts) -> Result<(), Problem> {
        let authority = head.uri.authority().map(|authority| authority.as_str().as_bytes());
        let mut hosts = head.headers.get_all(HOST).iter().map(HeaderValue::as_bytes).chain(authority);
        if hosts.all(|host| self.allows(host)) {
            return Ok(());
        }
        let detail = format!("the header Host must be an IP address, `localhost` or one of `{}`", self.key);
        Err(Problem::new(Code::InvalidRequest, detail))
    }

    fn allows(&self, host: &[u8]) -> bool {
        let Some((name, _)) = std::str::from_utf8(host).ok().and_then(split) else { return false };
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        is("localhost") || name.parse::<IpAddr>().is_ok() || self.names.iter().any(|known| is(known))
    }
}

/// The name and the port of `name[:port]`, IPv6 without its brackets, and without the root's dot.
pub(super) fn split(host: &str) -> Option<(&str, Option<u16>)> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').filter(|(address, _)| address.parse::<Ipv6Addr>().is_ok())?,
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        Some("") => None,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
        _ => return None,
    };
    Some((name.strip_suffix('.').unwrap_or(name), port))
}

#[cfg(test)]
mod tests {
    use crate::access::host_names::*;

    #[test]
    fn only_addresses_localhost_and_listed_names_are_hosts() {
        let names = HostNames::new(vec!["gateway.internal".into(), "Gw.Example.".into()], "admin.hosts");
        for host in [
            "127.0.0.1",
            "127.0.0.1:9090",
            "10.1.2.3:80",
            "[::1]",
            "[::1]:9090",
            "[2001:db8::7]:443",
            "localhost",
            "LOCALHOST:9090",
            "localhost.",
            "localhost:",
            "gateway.internal",
            "Gateway.Internal:9090",
            "gw.example",
            "gw.example.:1",
        ] {
            assert!(names.allows(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            ":9090",
            "evil.example",
            "evil.example:9090",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1.nip.io",
            "evil.example@127.0.0.1",
            "127.0.0.1@evil.example",
            "user@localhost",
            "localhost:x",
            "localhost:80:80",
            "localhost:99999",
            "localhost, evil.example",
            "localhost evil.example",
            "xlocalhost",
            "internal",
            "evil.gateway.internal",
            "::1",
            "[::1",
            "[::1]evil",
            "[evil.example]",
            "0x7f.1",
            "2130706433",
            "127.1",
        ] {
            assert!(!names.allows(host.as_bytes()), "{host}");
        }
        assert!(!names.allows(b"\xff"));
    }
}
