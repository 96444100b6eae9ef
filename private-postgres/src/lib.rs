//! A PostgreSQL server for tests, from the machine's binaries, which ends with the program that started it.
//!
//! Tests share one server for each program and have a database each: [`database`]. A test that stops, kills or configures its
//! server starts one of its own: [`Server::start`]. Where there are no binaries, both give `None`, and say so once; with
//! `PRIVATE_POSTGRES_REQUIRED=1` they panic instead.

#![expect(clippy::panic, reason = "a test fails whose server cannot be started")]

mod binaries;
mod cluster;
mod options;
mod proxy;
mod server;
mod sql;
mod watcher;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

pub use binaries::{Binaries, binaries};
pub use options::Options;
pub use proxy::Proxy;
pub use server::{Server, Stop};

/// The superuser of every server. It needs no password over the Unix socket.
pub const USER: &str = "switchboard";

/// The server that the tests of this program share; none of them stops it. `None` where there are no binaries.
#[must_use]
pub fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(|| Server::start(&Options::default())).as_ref()
}

/// An empty database on the server that tests share. `None` where there are no binaries.
pub async fn database() -> Option<Database> {
    Some(shared()?.database().await)
}

/// A database of one test.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The URL by which a client reaches it over TCP, without TLS.
    pub url: String,
    /// The same over the Unix socket, in the form of keys and values.
    pub socket: String,
}

impl Server {
    /// An empty database.
    ///
    /// # Panics
    /// If the server does not make one.
    pub async fn database(&self) -> Database {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        self.execute("postgres", &format!("create database {name}")).await;
        self.named(&name)
    }

    /// A database of that name, which there is: one that was made before, or that a standby has from its primary.
    #[must_use]
    pub fn named(&self, name: &str) -> Database {
        let (port, folder) = (self.port(), self.socket_folder().display());
        Database {
            name: name.to_owned(),
            url: format!("postgres://{USER}@127.0.0.1:{port}/{name}?sslmode=disable"),
            socket: format!("host={folder} port={port} user={USER} dbname={name}"),
        }
    }
}
