//! Sockets: the addresses of a host, and connections to them that notice when the other side is gone.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream, lookup_host};

use crate::value::PostgresHost;

use super::failure::ConnectFailure;

/// An idle connection is asked after so long, again and again after the next, and given up after so many without an answer.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(3);
const KEEPALIVE_COUNT: u32 = 3;

/// Where a socket is connected to.
#[derive(Clone, Debug)]
pub(super) enum HostAddress {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// The addresses of a host, in the order of the system.
pub(super) async fn places(host: &PostgresHost) -> Result<Vec<HostAddress>, ConnectFailure> {
    match host {
        PostgresHost::Unix { path } => Ok(vec![HostAddress::Unix(path.clone())]),
        PostgresHost::Tcp { address: Some(address), port, .. } => {
            Ok(vec![HostAddress::Tcp(SocketAddr::new(*address, *port))])
        }
        PostgresHost::Tcp { name, port, .. } => {
            let found = lookup_host((name.as_str(), *port)).await.map_err(ConnectFailure::Unresolved)?;
            Ok(found.map(HostAddress::Tcp).collect())
        }
    }
}

/// `limit` is also how long sent data may stay unacknowledged.
pub(super) async fn tcp(address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    sockopt::set_socket_keepalive(&stream, true)?;
    sockopt::set_tcp_keepidle(&stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(&stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(&stream, KEEPALIVE_COUNT)?;
    set_user_timeout(&stream, limit.max(KEEPALIVE_IDLE))?;
    Ok(stream)
}

#[cfg(target_os = "linux")]
fn set_user_timeout(stream: &TcpStream, limit: Duration) -> io::Result<()> {
    let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    Ok(sockopt::set_tcp_user_timeout(stream, millis)?)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "Linux only has the option")]
fn set_user_timeout(_: &TcpStream, _: Duration) -> io::Result<()> {
    Ok(())
}

pub(super) async fn unix(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}
