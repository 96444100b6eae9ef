//! Why a server cannot be used, and what to do about it.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use tokio_postgres::error::{DbError, SqlState};

use crate::value::PostgresUrl;

use super::session::OLDEST;

/// No host could be used: why, for each.
#[derive(Debug)]
pub struct ConnectError {
    pub(super) tried: Vec<(String, ConnectFailure)>,
}

/// Why one host cannot be used. What is shown holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum ConnectFailure {
    /// Its name has no address.
    #[error("its name cannot be resolved ({0}); check `host`, and the name server")]
    Unresolved(io::Error),
    /// Its name has no address that can be tried.
    #[error("its name has no address; check `host`")]
    NoAddress,
    /// Nothing answers there.
    #[error("it cannot be reached ({0}); check host and port, that PostgreSQL runs and listens there, and firewalls")]
    Unreachable(io::Error),
    /// It accepted and was silent.
    #[error("it did not answer within {0:?}; check that PostgreSQL is well and that nothing between drops packets")]
    TimedOut(Duration),
    /// It broke off while the connection was made.
    #[error("it broke the connection off ({0}); check that PostgreSQL listens there, and its log")]
    BrokenOff(String),
    /// It has no TLS.
    #[error("it has no TLS, which `sslmode` asks for; set `ssl = on` there, with a certificate")]
    NoTls,
    /// What TLS needs here cannot be used.
    #[error("TLS cannot be used: {0}")]
    TlsFiles(String),
    /// The handshake failed.
    #[error("its TLS handshake failed: {why}; {help}")]
    Tls {
        /// Why.
        why: String,
        /// What to do.
        help: &'static str,
    },
    /// It did not accept user and password.
    #[error("it refused the login ({0}); check user and password, and its `pg_hba.conf`")]
    Authentication(String),
    /// There is no such database.
    #[error("it has no database `{0}`; make it: `create database {0} owner …`")]
    NoDatabase(String),
    /// The role may not do that.
    #[error("it does not permit this ({0}); `grant` the role what it needs")]
    Forbidden(String),
    /// It is too old.
    #[error("it is PostgreSQL {0}; at least {OLDEST} is needed")]
    Version(String),
    /// It is something else.
    #[error("it is no PostgreSQL server that this gateway knows ({0})")]
    NotPostgres(String),
    /// It is a standby.
    #[error(
        "it is a standby, which cannot be written; name the primary, or all hosts, of which the writable one is found"
    )]
    Standby,
    /// It lets this role read only.
    #[error(
        "it cannot be written: `default_transaction_read_only` is on for the server, the database or the role; switch it off"
    )]
    ReadOnly,
    /// It has no time for us now.
    #[error("it takes no connection now ({0})")]
    NotNow(String),
    /// It says something else.
    #[error("it answered with an error ({0})")]
    Server(String),
}

impl ConnectFailure {
    /// What `connect_raw` failed with.
    pub(super) fn of(error: &tokio_postgres::Error, url: &PostgresUrl) -> Self {
        if let Some(error) = error.as_db_error() {
            return Self::of_server(error, url);
        }
        let Some(source) = error.source() else { return Self::BrokenOff(error.to_string()) };
        if let Some(error) = source.downcast_ref::<io::Error>() {
            return match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(error) => Self::of_tls(error),
                None => Self::BrokenOff(error.to_string()),
            };
        }
        let said = source.to_string();
        match said.as_str() {
            "server does not support TLS" => Self::NoTls,
            "password missing" => Self::Authentication("it asks for a password, and the URL has none".into()),
            _ => Self::Authentication(said),
        }
    }

    /// What a statement failed with, right after the login.
    pub(super) fn of_statement(error: &tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(error) if *error.code() == SqlState::INSUFFICIENT_PRIVILEGE => Self::Forbidden(text(error)),
            Some(error) if is_not_now(error.code()) => Self::NotNow(text(error)),
            Some(error) => Self::Server(text(error)),
            None => Self::BrokenOff(error.source().map_or_else(|| error.to_string(), ToString::to_string)),
        }
    }

    fn of_server(error: &DbError, url: &PostgresUrl) -> Self {
        let code = error.code();
        let login = [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION];
        // PgBouncer has one code for all that it refuses.
        let says = |start: &str| *code == SqlState::PROTOCOL_VIOLATION && error.message().starts_with(start);
        match () {
            () if login.contains(code) || says("auth failed") || says("password auth") || says("SASL auth") => {
                Self::Authentication(text(error))
            }
            () if *code == SqlState::INVALID_CATALOG_NAME || says("no such database") => {
                Self::NoDatabase(url.database.clone())
            }
            () if *code == SqlState::INSUFFICIENT_PRIVILEGE => Self::Forbidden(text(error)),
            () if is_not_now(code) => Self::NotNow(text(error)),
            () => Self::Server(text(error)),
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        let help = match error {
            rustls::Error::InvalidCertificate(problem) => match problem {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "name the host as its certificate does, or give it a certificate for this name"
                }
                CertificateError::UnknownIssuer => "name a file with its issuer in `sslrootcert`",
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => "renew its certificate",
                _ => "give it a certificate that can be checked",
            },
            rustls::Error::AlertReceived(_) => "it may want a client certificate: `sslcert` and `sslkey`; see its log",
            _ => "see its log",
        };
        Self::Tls { why: error.to_string(), help }
    }

    /// Whether another address of the host may do better.
    pub(super) fn is_of_address(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TimedOut(_) | Self::BrokenOff(_))
    }
}

fn is_not_now(code: &SqlState) -> bool {
    let passing = [
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
    ];
    passing.contains(code)
}

/// The server's words with their code; they name the user and the database, never the password.
fn text(error: &DbError) -> String {
    format!("{}: {}", error.code().code(), error.message())
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (host, failure)) in self.tried.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; and " };
            write!(f, "{separator}PostgreSQL at {host}: {failure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConnectError {}
