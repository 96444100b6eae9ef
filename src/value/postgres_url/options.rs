//! Gives keys and values their meaning, and refuses what this program does not keep.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use super::split::{Pair, Wrong};
use super::{ChannelBinding, PostgresHost, PostgresTls, PostgresUrl};

const PORT: u16 = 5432;
/// The longest name that the server keeps.
const MAX_NAME: usize = 63;

const READ: [&str; 17] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssencmode",
    "host",
    "hostaddr",
    "load_balance_hosts",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslnegotiation",
    "sslrootcert",
];
const READ_TOO: [&str; 2] = ["target_session_attrs", "user"];

/// What PostgreSQL's own programs know and this one refuses, with what to do instead.
const REFUSED: [(&str, &str); 21] = [
    ("options", "settings of the session belong to the role: `alter role … set …`"),
    ("passfile", "write the password into the URL, which is a secret already"),
    ("service", "write out what the service file says"),
    ("servicefile", "write out what the service file says"),
    ("keepalives", "dead connections are noticed without it"),
    ("keepalives_idle", "dead connections are noticed without it"),
    ("keepalives_interval", "dead connections are noticed without it"),
    ("keepalives_count", "dead connections are noticed without it"),
    ("tcp_user_timeout", "dead connections are noticed without it"),
    ("replication", "a store does not replicate"),
    ("sslcompression", "TLS is never compressed"),
    ("sslpassword", "give the key in a file without a password that only the gateway's user can read"),
    ("sslcertmode", "`sslcert` and `sslkey` say whether there is a client certificate"),
    ("sslcrl", "lists of revoked certificates are not read"),
    ("sslcrldir", "lists of revoked certificates are not read"),
    ("sslsni", "the host's name is always sent"),
    ("ssl_min_protocol_version", "it is always TLS 1.2 or later"),
    ("ssl_max_protocol_version", "it is always TLS 1.2 or later"),
    ("require_auth", "use `sslmode=verify-full` and `channel_binding=require`"),
    ("requirepeer", "let only PostgreSQL's user write to the folder of its socket"),
    ("min_protocol_version", "the protocol is always 3.0"),
];

/// The values of an option that appear in a text, the last one of each key.
struct Values(Vec<Pair>);

impl Values {
    fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.iter().rev().find(|(name, _)| name == key)?.1.as_str();
        (!value.is_empty()).then_some(value)
    }

    fn owned(&self, key: &str) -> Option<String> {
        self.get(key).map(str::to_owned)
    }

    /// One of a few words.
    fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>, Wrong> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
        let list: Vec<String> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        found.map(Some).ok_or_else(|| format!("has a value of `{key}` that is none of {}", list.join(", ")).into())
    }

    fn path(&self, key: &str) -> Result<Option<PathBuf>, Wrong> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let path = PathBuf::from(value);
        if path.is_absolute() {
            Ok(Some(path))
        } else {
            Err(format!("has a `{key}` that is not an absolute path").into())
        }
    }
}

/// `is_url` where keys stand behind a `?`, so that none can be a piece of a password.
pub(super) fn read(pairs: Vec<Pair>, is_url: bool) -> Result<PostgresUrl, Wrong> {
    pairs.iter().try_for_each(|(key, _)| check_key(key, is_url))?;
    let values = Values(pairs);
    check_fixed(&values)?;
    let user = values.owned("user").ok_or("names no user: `postgres://user:password@host/database`")?;
    let database = values.get("dbname").unwrap_or(&user).to_owned();
    let name = values.owned("application_name").or_else(|| values.owned("fallback_application_name"));
    let name = name.unwrap_or_else(|| "switchboard".to_owned());
    for (what, text) in [("user", &user), ("database", &database), ("application_name", &name)] {
        if text.len() > MAX_NAME || text.contains('\0') {
            return Err(format!("has a name of {what} that is longer than {MAX_NAME} bytes").into());
        }
    }
    let hosts = hosts(&values)?;
    let (tls, roots) = tls(&values, &hosts)?;
    let is_direct_tls = values.word("sslnegotiation", &[("postgres", false), ("direct", true)])?.unwrap_or_default();
    let binding = [
        ("disable", ChannelBinding::Disable),
        ("prefer", ChannelBinding::Prefer),
        ("require", ChannelBinding::Require),
    ];
    let channel_binding = values.word("channel_binding", &binding)?.unwrap_or(ChannelBinding::Prefer);
    if tls < PostgresTls::Require && (is_direct_tls || channel_binding == ChannelBinding::Require) {
        let key = if is_direct_tls { "sslnegotiation=direct" } else { "channel_binding=require" };
        return Err(format!("has `{key}`, which needs `sslmode=require` or more").into());
    }
    let password = values.get("password").map(|password| SecretString::from(password.to_owned()));
    let (identity, connect_timeout) = (identity(&values)?, connect_timeout(&values)?);
    Ok(PostgresUrl {
        hosts,
        user,
        password,
        database,
        application_name: name,
        tls,
        roots,
        identity,
        is_direct_tls,
        channel_binding,
        connect_timeout,
    })
}

fn check_key(key: &str, is_url: bool) -> Result<(), Wrong> {
    let known = || READ.into_iter().chain(READ_TOO);
    if known().any(|name| name == key) {
        return Ok(());
    }
    if let Some((_, instead)) = REFUSED.iter().find(|(name, _)| *name == key) {
        return Err(format!("has the option `{key}`, which this gateway does not take: {instead}").into());
    }
    let is_word = is_url && key.len() <= 32 && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let shown = if is_word { format!("`{key}`") } else { "an option".to_owned() };
    let known: Vec<&str> = known().collect();
    Err(format!("has {shown}, which PostgreSQL does not know; there are {}", known.join(", ")).into())
}

/// Options that may say only what is so anyway.
fn check_fixed(values: &Values) -> Result<(), Wrong> {
    let is = |key: &str, allowed: &[&str]| values.get(key).is_none_or(|value| allowed.contains(&value));
    if !is("target_session_attrs", &["read-write", "primary"]) {
        return Err("has a `target_session_attrs` that is not `read-write`; a store has to be written".into());
    }
    if !is("load_balance_hosts", &["disable"]) {
        return Err("has a `load_balance_hosts` that is not `disable`; hosts are tried in their order".into());
    }
    if !is("client_encoding", &["UTF8", "utf8", "UTF-8", "utf-8", "auto"]) {
        return Err("has a `client_encoding` that is not `UTF8`".into());
    }
    if !is("gssencmode", &["disable", "prefer"]) {
        return Err("has a `gssencmode` that is not `disable`; use TLS instead of GSSAPI".into());
    }
    Ok(())
}

fn hosts(values: &Values) -> Result<Vec<PostgresHost>, Wrong> {
    let list = |key: &str| values.get(key).map(|value| value.split(',').collect::<Vec<_>>());
    let (names, addresses, ports) = (list("host"), list("hostaddr"), list("port"));
    let count = names.as_ref().or(addresses.as_ref()).map(Vec::len);
    let count = count.ok_or("names no host: `postgres://user:password@host/database`")?;
    if addresses.as_ref().is_some_and(|addresses| addresses.len() != count) {
        return Err("has as many hosts as it has not addresses in `hostaddr`; list one for each".into());
    }
    if ports.as_ref().is_some_and(|ports| ports.len() != 1 && ports.len() != count) {
        return Err("has neither one port nor one for each host".into());
    }
    let nth = |list: &Option<Vec<&str>>, index: usize| {
        let value = list.as_ref().and_then(|list| list.get(index).or(list.first().filter(|_| list.len() == 1)));
        Zeroizing::new(value.copied().unwrap_or_default().to_owned())
    };
    (0..count).map(|index| host(&nth(&names, index), &nth(&addresses, index), &nth(&ports, index), index)).collect()
}

fn host(name: &str, address: &str, port: &str, index: usize) -> Result<PostgresHost, Wrong> {
    let nth = index + 1;
    let port = if port.is_empty() { Some(PORT) } else { port.parse().ok().filter(|port| *port > 0) };
    let port = port.ok_or_else(|| format!("has no valid port for host {nth}; it is a number from 1 to 65535"))?;
    if name.starts_with('/') {
        return Ok(PostgresHost::Unix { path: Path::new(name).join(format!(".s.PGSQL.{port}")) });
    }
    let address: Option<IpAddr> = match address {
        "" => None,
        address => Some(address.parse().map_err(|_| format!("has a `hostaddr` {nth} that is no IP address"))?),
    };
    let name = if name.is_empty() { address.map(|address| address.to_string()) } else { Some(name.to_owned()) };
    let name = name.ok_or_else(|| format!("has no name for host {nth}"))?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if name.parse::<IpAddr>().is_err() && !name.bytes().all(is_name) {
        return Err(
            format!("has a host {nth} that is neither a name nor an IP address nor the folder of a socket").into()
        );
    }
    Ok(PostgresHost::Tcp { name, address, port })
}

fn tls(values: &Values, hosts: &[PostgresHost]) -> Result<(PostgresTls, Option<PathBuf>), Wrong> {
    let words = [
        ("disable", PostgresTls::Disable),
        ("prefer", PostgresTls::Prefer),
        ("require", PostgresTls::Require),
        ("verify-ca", PostgresTls::VerifyCa),
        ("verify-full", PostgresTls::VerifyFull),
    ];
    let is_local = hosts.iter().all(PostgresHost::is_local);
    let default = if is_local { PostgresTls::Prefer } else { PostgresTls::VerifyFull };
    let mode = values.word("sslmode", &words)?.unwrap_or(default);
    if mode < PostgresTls::Require && !is_local {
        return Err(format!(
            "has `sslmode={mode}` for a host that is not this machine: anyone on the network path could read and change what is \
             stored; write `sslmode=verify-full`, with `sslrootcert=/path` for an issuer of your own"
        )
        .into());
    }
    let is_system = values.get("sslrootcert").is_none_or(|value| value == "system");
    let roots = if is_system { None } else { values.path("sslrootcert")? };
    if mode == PostgresTls::VerifyCa && roots.is_none() {
        return Err(
            "has `sslmode=verify-ca` without an `sslrootcert`: anybody can get a certificate of a public issuer for \
                    some name; write `sslmode=verify-full`"
                .into(),
        );
    }
    // As PostgreSQL's own programs do it.
    let mode = if mode == PostgresTls::Require && roots.is_some() { PostgresTls::VerifyCa } else { mode };
    Ok((mode, roots))
}

fn identity(values: &Values) -> Result<Option<(PathBuf, PathBuf)>, Wrong> {
    match (values.path("sslcert")?, values.path("sslkey")?) {
        (Some(cert), Some(key)) => Ok(Some((cert, key))),
        (None, None) => Ok(None),
        (Some(_), None) => Err("has an `sslcert` without its `sslkey`".into()),
        (None, Some(_)) => Err("has an `sslkey` without its `sslcert`".into()),
    }
}

fn connect_timeout(values: &Values) -> Result<Option<Duration>, Wrong> {
    let Some(value) = values.get("connect_timeout") else { return Ok(None) };
    let seconds = value.parse().ok().filter(|seconds| (1..=60).contains(seconds));
    let seconds = seconds.ok_or("has a `connect_timeout` that is no number of seconds from 1 to 60")?;
    Ok(Some(Duration::from_secs(seconds)))
}
