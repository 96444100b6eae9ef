//! Takes a text apart: a URL or keys with values becomes a list of keys with values.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use secrecy::zeroize::Zeroizing;

/// A key and its value; a later one replaces an earlier one of that key.
pub(super) type Pair = (String, Zeroizing<String>);

/// What is wrong with a text.
pub(super) type Wrong = Cow<'static, str>;

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];
const ESCAPE: &str = "has a character in its user name or password that has to be escaped: write `@` as `%40`, `/` as `%2F`, \
                      `:` as `%3A`, `?` as `%3F`, `#` as `%23` and `%` as `%25`";

pub(super) fn split(text: &str) -> Result<Vec<Pair>, Wrong> {
    match SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)) {
        Some(rest) => url(rest),
        None if text.contains("://") => Err("begins with a scheme that is not `postgres://`".into()),
        None => keys(text),
    }
}

/// What follows the scheme: `user:password@host:port,host:port/database?key=value&key=value`.
fn url(text: &str) -> Result<Vec<Pair>, Wrong> {
    if text.contains('#') {
        return Err(ESCAPE.into());
    }
    let (address, query) = text.split_once('?').unwrap_or((text, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    let (user, hosts) = authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));
    // An `@` further on is most likely the end of a password that has one of these characters.
    if database.contains(['@', '/']) || query.contains('@') || user.is_some_and(|user| user.contains('@')) {
        return Err(ESCAPE.into());
    }
    let mut pairs = Vec::new();
    let mut add = |key: &str, value: &str| {
        let value = percent_decode_str(value).decode_utf8().map_err(|_| "has a `%` escape that is not UTF-8")?;
        pairs.push((key.to_owned(), Zeroizing::new(value.into_owned())));
        Ok::<(), Wrong>(())
    };
    if let Some(user) = user {
        let (user, password) = user.split_once(':').map_or((user, None), |(user, password)| (user, Some(password)));
        add("user", user)?;
        password.map_or(Ok(()), |password| add("password", password))?;
    }
    if !hosts.is_empty() {
        let (mut names, mut ports) = (Vec::new(), Vec::new());
        for host in hosts.split(',') {
            let (name, port) = host_and_port(host)?;
            names.push(name);
            ports.push(port);
        }
        add("host", &names.join(","))?;
        add("port", &ports.join(","))?;
    }
    if !database.is_empty() {
        add("dbname", database)?;
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or("has a key without `=` behind its `?`")?;
        add(&percent_decode_str(key).decode_utf8_lossy(), value)?;
    }
    Ok(pairs)
}

/// `host`, `host:port`, `[::1]:port`; the port is empty where there is none.
fn host_and_port(host: &str) -> Result<(&str, &str), Wrong> {
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']').ok_or("has a `[` without `]` among its hosts")?;
            (name, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(ESCAPE)?) })
        }
        None => host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port))),
    };
    match port {
        // A password without `@` behind it looks like this, too.
        Some(port) if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) => {
            Err("has a host whose port is no number; the form is `postgres://user:password@host:port/database`".into())
        }
        port => Ok((name, port.unwrap_or_default())),
    }
}

/// `key=value key='value with blanks'`.
fn keys(text: &str) -> Result<Vec<Pair>, Wrong> {
    let mut pairs = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').ok_or(
            "is neither a URL such as `postgres://user:password@host/database` nor keys with values such as `host=… user=…`",
        )?;
        let key = key.trim_end();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return Err(
                "has something other than a key before a `=`; a value with blanks stands in single quotes".into()
            );
        }
        let (value, after) = value(after.trim_start())?;
        pairs.push((key.to_owned(), value));
        rest = after.trim_start();
    }
    Ok(pairs)
}

/// The value that a text begins with, and what follows it.
fn value(text: &str) -> Result<(Zeroizing<String>, &str), Wrong> {
    let (quoted, text) = text.strip_prefix('\'').map_or((false, text), |text| (true, text));
    let mut value = Zeroizing::new(String::with_capacity(text.len()));
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.push(chars.next().ok_or("ends with a `\\`")?.1),
            '\'' if quoted => return Ok((value, text.get(at + 1..).unwrap_or_default())),
            char if !quoted && char.is_whitespace() => return Ok((value, text.get(at..).unwrap_or_default())),
            char => value.push(char),
        }
    }
    if quoted { Err("has a `'` without another one".into()) } else { Ok((value, "")) }
}
