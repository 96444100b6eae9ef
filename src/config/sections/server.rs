//! `[server]`: the listeners, the limits of what they take, and how they stop.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use super::tls::{self, Tls};
use crate::config::types::base_url::BaseUrl;
use crate::config::types::duration;
use crate::config::validate::problem::ProblemKind;
use crate::config::validate::shape::{Key, Kind, Section};
use crate::config::validate::table_reader::TableReader;
use crate::config::validate::validator::Validator;
use crate::value::{Network, NotANetwork};

const DURATION: Kind = Kind::Duration { zero: false };
const COUNT: Kind = Kind::Count { min: 1, max: 1_000_000 };

pub(crate) const SECTION: Section = Section::of(&[
    Key::new("listen", Kind::Address, "Where the API listens; takes a restart to change."),
    Key::new(
        "admin_listen",
        Kind::Address,
        "Where health, status and administration listen; takes a restart to change.",
    ),
    Key::new(
        "max_body_bytes",
        Kind::Count { min: 1, max: 64 * 1024 * 1024 },
        "The largest request body, also after decompression.",
    ),
    Key::new("request_timeout", DURATION, "The time a request may take in all, retries and waiting included."),
    Key::new(
        "header_timeout",
        DURATION,
        "The time a caller has to send the head of a request; also for the TLS handshake.",
    ),
    Key::new("body_timeout", DURATION, "The time a caller has to send the body of a request."),
    Key::new("idle_timeout", DURATION, "How long a connection without a request is kept."),
    Key::new("drain_delay", Kind::Duration { zero: true }, "How long listening goes on after readiness went false."),
    Key::new(
        "drain_timeout",
        Kind::Duration { zero: true },
        "The time that requests in flight have to finish when the gateway stops.",
    ),
    Key::new("max_connections", COUNT, "Connections open at once."),
    Key::new("max_headers", Kind::Count { min: 8, max: 1_000 }, "Header fields in one request."),
    Key::new("max_in_flight", COUNT, "Requests worked on at once; more are refused as `overloaded`."),
    Key::new(
        "proxy_protocol",
        Kind::Flag,
        "Every connection to the API starts with a header of the PROXY protocol, version 2, as balancers send it, which names the caller's address; takes a restart to change.",
    ),
    Key::new(
        "trusted_proxies",
        Kind::List { of: &Kind::Text, empty: true },
        "Addresses and networks (`10.0.0.0/8`) of proxies whose `Forwarded` names the caller's address; takes a restart to change.",
    ),
    Key::new(
        "public_url",
        Kind::Url,
        "Where callers reach the API, for links in answers that work from everywhere; they are relative without it.",
    ),
    Key::new(
        "hosts",
        Kind::List { of: &Kind::ServerName, empty: true },
        "Names that may stand in `Host` if `auth.mode` is \"none\", besides IP addresses, `localhost`, `admin.hosts` and that of `public_url`.",
    ),
    Key::new(
        "cors_origins",
        Kind::List { of: &Kind::Url, empty: true },
        "Origins whose scripts browsers let call the API, such as \"https://app.example\".",
    ),
    Key::new("tls", Kind::Table(&tls::SECTION), "TLS on the API listener; plain HTTP where absent."),
    Key::new("admin_tls", Kind::Table(&tls::SECTION), "TLS on the admin listener; plain HTTP where absent."),
]);

/// The listeners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Server {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where health, status and administration listen.
    pub admin_listen: SocketAddr,
    /// The largest request body, also after decompression.
    pub max_body_bytes: usize,
    /// The time a request may take in all.
    #[serde(serialize_with = "duration::serialize")]
    pub request_timeout: Duration,
    /// The time a caller has to send the head of a request, or to finish the TLS handshake.
    #[serde(serialize_with = "duration::serialize")]
    pub header_timeout: Duration,
    /// The time a caller has to send the body of a request.
    #[serde(serialize_with = "duration::serialize")]
    pub body_timeout: Duration,
    /// How long a connection without a request is kept.
    #[serde(serialize_with = "duration::serialize")]
    pub idle_timeout: Duration,
    /// How long listening goes on after readiness went false.
    #[serde(serialize_with = "duration::serialize")]
    pub drain_delay: Duration,
    /// The time that requests in flight have to finish.
    #[serde(serialize_with = "duration::serialize")]
    pub drain_timeout: Duration,
    /// Connections open at once.
    pub max_connections: usize,
    /// Header fields in one request.
    pub max_headers: usize,
    /// Requests worked on at once; more are refused.
    pub max_in_flight: usize,
    /// Whether every connection starts with a header of the PROXY protocol.
    pub proxy_protocol: bool,
    /// Proxies whose `Forwarded` names the caller's address.
    pub trusted_proxies: Vec<Network>,
    /// Where callers reach the API.
    pub public_url: Option<BaseUrl>,
    /// Names in `Host` of callers without keys.
    pub hosts: Vec<String>,
    /// Whose scripts browsers let call the API, as browsers write origins.
    pub cors_origins: Vec<String>,
    /// TLS on the API listener.
    pub tls: Option<Tls>,
    /// TLS on the admin listener.
    pub admin_tls: Option<Tls>,
}

impl Default for Server {
    fn default() -> Self {
        let loopback = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            listen: loopback(8080),
            admin_listen: loopback(9090),
            max_body_bytes: 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            drain_delay: Duration::ZERO,
            drain_timeout: Duration::from_secs(30),
            max_connections: 4096,
            max_headers: 64,
            max_in_flight: 1024,
            proxy_protocol: false,
            trusted_proxies: Vec::new(),
            public_url: None,
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            tls: None,
            admin_tls: None,
        }
    }
}

impl Server {
    pub(crate) fn read(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Self {
        let default = Self::default();
        let duration = |name, otherwise| reader.duration(name).unwrap_or(otherwise);
        let count = |name, otherwise| reader.count(name).unwrap_or(otherwise);
        let (tls, admin_tls) = (reader.table("tls").present(), reader.table("admin_tls").present());
        let server = Self {
            listen: reader.address("listen").unwrap_or(default.listen),
            admin_listen: reader.address("admin_listen").unwrap_or(default.admin_listen),
            max_body_bytes: count("max_body_bytes", default.max_body_bytes),
            request_timeout: duration("request_timeout", default.request_timeout),
            header_timeout: duration("header_timeout", default.header_timeout),
            body_timeout: duration("body_timeout", default.body_timeout),
            idle_timeout: duration("idle_timeout", default.idle_timeout),
            drain_delay: duration("drain_delay", default.drain_delay),
            drain_timeout: duration("drain_timeout", default.drain_timeout),
            max_connections: count("max_connections", default.max_connections),
            max_headers: count("max_headers", default.max_headers),
            max_in_flight: count("max_in_flight", default.max_in_flight),
            proxy_protocol: reader.flag("proxy_protocol").unwrap_or(default.proxy_protocol),
            trusted_proxies: trusted_proxies(reader, validator),
            public_url: reader.text("public_url").and_then(|url| BaseUrl::parse(url).ok()),
            hosts: reader.texts("hosts").unwrap_or_default(),
            cors_origins: cors_origins(reader, validator),
            tls: tls.and_then(|tls| Tls::read(&tls, validator)),
            admin_tls: admin_tls.and_then(|tls| Tls::read(&tls, validator)),
        };
        server.validate(reader, validator);
        server
    }

    fn validate(&self, reader: &TableReader<'_>, validator: &mut Validator<'_>) {
        if self.listen == self.admin_listen && self.listen.port() != 0 {
            let message = format!("both listeners have the address {}", self.listen);
            let help = "give each a port of its own";
            let set = |name: &&str| !validator.sources.is_default(reader.span(name));
            let name = ["admin_listen", "listen"].into_iter().find(set);
            let name = name.unwrap_or("admin_listen");
            let (span, key) = (reader.span(name), reader.key_path.key(name));
            validator.error(ProblemKind::Conflict, span, key, message, help);
        }
    }
}

/// The addresses and networks; those that are none are reported.
fn trusted_proxies(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Vec<Network> {
    let mut networks = Vec::new();
    for text in reader.texts("trusted_proxies").into_iter().flatten() {
        match text.parse() {
            Ok(network) => networks.push(network),
            Err(NotANetwork) => {
                let wrong = format_args!("holds `{text}`, which is neither an IP address nor a network");
                let help = "write addresses such as \"192.0.2.7\", or networks such as \"10.0.0.0/8\"";
                validator.report(reader.error("trusted_proxies", ProblemKind::BadValue, wrong).help(help));
            }
        }
    }
    networks
}

/// The origins as browsers write them: in lower case, and without the scheme's own port.
fn cors_origins(reader: &TableReader<'_>, validator: &mut Validator<'_>) -> Vec<String> {
    let mut origins = Vec::new();
    for node in reader.elements("cors_origins") {
        let Some(url) = node.as_text().and_then(|text| BaseUrl::parse(text).ok()) else { continue };
        if url.uri().path() != "/" {
            let key = reader.key_path.key("cors_origins");
            let message = format!("`{key}` has a path, and an origin has none: \"{url}\"");
            let help = "write scheme, host and port only, such as \"https://app.example\"";
            validator.error(ProblemKind::BadValue, node.span, key, message, help);
        }
        let (scheme, host) = (if url.is_https() { "https" } else { "http" }, url.uri().host().unwrap_or_default());
        let port = url.uri().port_u16().filter(|port| *port != if url.is_https() { 443 } else { 80 });
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        origins.push(format!("{scheme}://{}{port}", host.to_ascii_lowercase()));
    }
    origins
}

/// Whether only this machine can reach the address.
#[must_use]
pub fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}
