//! How a server is reached: hosts in their order, the first one that can be written and whose session is as it must be.
//!
//! For each host: `socket`, then TLS (`tls`) and the proof of the password, then what `session` reads and sets. One limit of
//! time covers all of that for each address, so that a host that accepts and says nothing holds nothing up.

mod driver;
mod failure;
pub(in crate::store) mod pause;
mod session;
mod socket;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_postgres::config::{self, SslMode, SslNegotiation};

use crate::value::{ChannelBinding, PostgresHost, PostgresTls, PostgresUrl};

pub(in crate::store) use driver::Driver;
pub use failure::{ConnectError, ConnectFailure};
pub(in crate::store) use session::{Standbys, rows, standbys};
use socket::HostAddress;
use tls::Tls;

/// Reaches the servers of one URL.
#[derive(Clone, Debug)]
pub(in crate::store) struct Connector {
    url: Arc<PostgresUrl>,
    /// For each address, from the first packet to the session.
    limit: Duration,
    /// After how long without a further statement the server ends a transaction and gives its locks free.
    idle_in_transaction: Duration,
}

/// A connection whose session is as it must be.
#[derive(Debug)]
pub(in crate::store) struct Connected {
    /// What statements are sent with; each is answered in its turn.
    pub(in crate::store) client: Client,
    /// What has to run for that, in a task of its own; dropping it closes the connection.
    pub(in crate::store) driver: Driver,
    /// The settings that were not as they must be and were set for this session: name and former value.
    pub(in crate::store) adjusted: Vec<(&'static str, String)>,
}

impl Connector {
    /// `limit` is for each address of a host, if the URL has no `connect_timeout`.
    pub(in crate::store) fn new(url: Arc<PostgresUrl>, limit: Duration, idle_in_transaction: Duration) -> Self {
        let limit = url.connect_timeout.unwrap_or(limit);
        Self { url, limit, idle_in_transaction }
    }

    /// Connects to the first host that can be used.
    ///
    /// # Errors
    /// Says of each host why it cannot be used and what to do.
    pub(in crate::store) async fn connect(&self) -> Result<Connected, ConnectError> {
        let mut tried = Vec::new();
        for host in &self.url.hosts {
            match self.try_host(host).await {
                Ok(connected) => return Ok(connected),
                Err(failure) => tried.push((host.to_string(), failure)),
            }
        }
        Err(ConnectError { tried })
    }

    /// Tries the addresses of a host in their order. What one of them says in words counts for all, because they are one server.
    async fn try_host(&self, host: &PostgresHost) -> Result<Connected, ConnectFailure> {
        let places =
            timeout(self.limit, socket::places(host)).await.map_err(|_| ConnectFailure::TimedOut(self.limit))??;
        let mut last = ConnectFailure::NoAddress;
        for place in places {
            let attempt = timeout(self.limit, self.try_place(host, &place)).await;
            match attempt.unwrap_or(Err(ConnectFailure::TimedOut(self.limit))) {
                Err(failure) if failure.is_of_address() => last = failure,
                decided => return decided,
            }
        }
        Err(last)
    }

    async fn try_place(&self, host: &PostgresHost, place: &HostAddress) -> Result<Connected, ConnectFailure> {
        match (host, place) {
            (PostgresHost::Tcp { name, .. }, HostAddress::Tcp(address)) => {
                let tls = Tls::new(&self.url, name).await?;
                let stream = socket::tcp(*address, self.limit).await.map_err(ConnectFailure::Unreachable)?;
                self.log_in(stream, tls).await
            }
            (_, HostAddress::Unix(path)) => {
                let stream = socket::unix(path).await.map_err(ConnectFailure::Unreachable)?;
                self.log_in(stream, Tls::none()).await
            }
            _ => Err(ConnectFailure::NoAddress),
        }
    }

    async fn log_in<S>(&self, stream: S, tls: Tls) -> Result<Connected, ConnectFailure>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let config = self.config(&tls);
        let connected = config.connect_raw(stream, tls).await;
        let (client, connection) = connected.map_err(|error| ConnectFailure::of(&error, &self.url))?;
        let version = connection.parameter("server_version").unwrap_or_default().to_owned();
        let mut driver = Driver::new(connection);
        let settled = session::settle(&client, &version, self.idle_in_transaction);
        let adjusted = driver.while_it_runs(settled).await.map_err(ConnectFailure::BrokenOff)??;
        Ok(Connected { client, driver, adjusted })
    }

    fn config(&self, tls: &Tls) -> tokio_postgres::Config {
        let url = &self.url;
        let mut config = tokio_postgres::Config::new();
        config.user(&url.user).dbname(&url.database).application_name(&url.application_name);
        if let Some(password) = url.password() {
            config.password(password);
        }
        config.ssl_mode(match url.tls {
            _ if !tls.is_possible() => SslMode::Disable,
            PostgresTls::Disable => SslMode::Disable,
            PostgresTls::Prefer => SslMode::Prefer,
            PostgresTls::Require | PostgresTls::VerifyCa | PostgresTls::VerifyFull => SslMode::Require,
        });
        config.ssl_negotiation(if url.is_direct_tls { SslNegotiation::Direct } else { SslNegotiation::Postgres });
        config.channel_binding(match url.channel_binding {
            ChannelBinding::Disable => config::ChannelBinding::Disable,
            ChannelBinding::Prefer => config::ChannelBinding::Prefer,
            ChannelBinding::Require => config::ChannelBinding::Require,
        });
        config
    }
}
