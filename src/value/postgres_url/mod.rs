//! Where a PostgreSQL database is and how it is reached: the text that other programs call `DATABASE_URL`.
//!
//! Both forms that PostgreSQL's own programs read are read here: a URL, and keys with values. `split` takes a text apart,
//! `options` gives the parts their meaning. What this program cannot keep is refused, never ignored; what is wrong is said
//! without showing a value, because any of them may be a piece of a password with a character that should be escaped.

mod options;
mod split;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

/// Where a database is and how it is reached. The password is wiped when dropped and shown nowhere.
#[derive(Clone)]
pub struct PostgresUrl {
    /// The servers, in the order in which they are tried; at least one.
    pub hosts: Vec<PostgresHost>,
    /// The role.
    pub user: String,
    /// Its password, if it has one.
    password: Option<SecretString>,
    /// The database.
    pub database: String,
    /// What the server's lists of connections show.
    pub application_name: String,
    /// How connections are encrypted.
    pub tls: PostgresTls,
    /// The file of the issuers to trust; those of the system if `None`.
    pub roots: Option<PathBuf>,
    /// The files of a client certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether TLS begins at once, without asking the server first.
    pub is_direct_tls: bool,
    /// Whether the password's proof is bound to the TLS connection.
    pub channel_binding: ChannelBinding,
    /// How long one attempt to connect may take, if the URL says so.
    pub connect_timeout: Option<Duration>,
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostgresHost {
    /// Over TCP.
    Tcp {
        /// The name, which its certificate is for; may be an address.
        name: String,
        /// The address, if it is not looked up.
        address: Option<IpAddr>,
        /// The port.
        port: u16,
    },
    /// Over a Unix socket.
    Unix {
        /// The socket's file.
        path: PathBuf,
    },
}

/// How connections are encrypted, weakest first. Only the last one proves that the server is the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PostgresTls {
    /// Not at all.
    Disable,
    /// If the server can.
    Prefer,
    /// Always; any certificate will do.
    Require,
    /// Always; the certificate is of a trusted issuer, for any name.
    VerifyCa,
    /// Always; the certificate is of a trusted issuer and for the host's name.
    VerifyFull,
}

/// Whether the password's proof is bound to the TLS connection, so that no one in between can relay it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Never.
    Disable,
    /// If the server can.
    Prefer,
    /// Always.
    Require,
}

impl PostgresUrl {
    /// Reads a text of either form.
    ///
    /// # Errors
    /// Says what is wrong with it and what would be right, as the end of a sentence about the text, and shows no value.
    pub fn parse(text: &str) -> Result<Self, Cow<'static, str>> {
        options::read(split::split(text)?, text.contains("://"))
    }

    /// The password, for the one place that sends or compares it.
    #[must_use]
    pub fn password(&self) -> Option<&str> {
        self.password.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Everything that is no secret, as a text that differs where anything differs.
    #[must_use]
    pub fn all_but_password(&self) -> String {
        let place = (&self.hosts, &self.user, &self.database, &self.application_name);
        let trust = (self.tls, &self.roots, &self.identity, self.is_direct_tls, self.channel_binding);
        format!("{place:?} {trust:?} {:?}", self.connect_timeout)
    }

    /// Whether all servers are this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.hosts.iter().all(PostgresHost::is_local)
    }
}

impl PostgresHost {
    /// Whether it is this machine, by address, name or socket.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix { .. } => true,
            Self::Tcp { address: Some(address), .. } => address.to_canonical().is_loopback(),
            Self::Tcp { name, address: None, .. } => match name.parse::<IpAddr>() {
                Ok(address) => address.to_canonical().is_loopback(),
                Err(_) => name.eq_ignore_ascii_case("localhost"),
            },
        }
    }
}

impl fmt::Display for PostgresHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { name, port, .. } if name.contains(':') => write!(f, "[{name}]:{port}"),
            Self::Tcp { name, port, .. } => write!(f, "{name}:{port}"),
            Self::Unix { path } => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for PostgresTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        })
    }
}

/// Without the password.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.hosts.iter().map(ToString::to_string).collect();
        write!(f, "postgres://{}@{}/{}?sslmode={}", self.user, hosts.join(","), self.database, self.tls)
    }
}

/// Without the password.
impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without the password.
impl serde::Serialize for PostgresUrl {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialEq for PostgresUrl {
    fn eq(&self, other: &Self) -> bool {
        self.all_but_password() == other.all_but_password() && self.password() == other.password()
    }
}

impl Eq for PostgresUrl {}
