//! The PostgreSQL of a test, with a standby and with a clock of its own where it needs them.

use std::fs;
use std::path::{Path, PathBuf};

use private_postgres::{Options, Server, Stop};
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::cluster::Store;

/// Where Debian and others have the library that shows processes another clock.
const FAKETIME: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
];
/// `1` where tests must not be left out.
const REQUIRED: &str = "PRIVATE_POSTGRES_REQUIRED";
const STANDBY: &str = "standby";

pub(crate) struct Database {
    pub(crate) servers: Vec<Server>,
    pub(crate) name: String,
}

impl Database {
    /// One whose commits survive a crash; none where PostgreSQL is not installed, which is said.
    pub(crate) async fn start() -> Option<Self> {
        // A start after a crash would write each file to the disk by itself.
        Self::with(&Options::durable().set("recovery_init_sync_method", "syncfs")).await
    }

    pub(crate) async fn with(options: &Options) -> Option<Self> {
        let server = block_in_place(|| Server::start(options))?;
        let name = server.database().await.name;
        Some(Self { servers: vec![server], name })
    }

    /// The same with a standby that has each commit before it is answered.
    pub(crate) async fn with_standby() -> Option<Self> {
        let mut database = Self::start().await?;
        let primary = &database.servers[0];
        let standby = block_in_place(|| primary.standby(STANDBY))?;
        primary.set("synchronous_standby_names", STANDBY).await;
        database.servers.push(standby);
        Some(database)
    }

    pub(crate) fn store(&self) -> Store {
        Store::Servers { ports: self.servers.iter().map(Server::port).collect(), database: self.name.clone() }
    }

    /// Ends the primary at once and makes the standby one.
    pub(crate) async fn fail_over(&self) {
        let [primary, standby] = &self.servers[..] else { panic!("there is no standby") };
        block_in_place(|| primary.stop(Stop::Kill));
        block_in_place(|| standby.promote());
        standby.set("synchronous_standby_names", "").await;
    }

    /// Ends it at once and starts it again.
    pub(crate) fn restart(&self) {
        block_in_place(|| self.servers[0].restart(Stop::Immediate));
    }

    /// Lines whose count is not that of their open changes.
    pub(crate) async fn miscounted(&self) -> Vec<String> {
        let sql = "select format('count: %s has %s open changes, and counts %s', id, there, open) from (select line.id, open, \
            (select count(*) from ticket where ticket.scope = line.scope and ticket.vendor_id = line.id) + \
            (select count(*) from held where held.scope = line.scope and held.vendor_id = line.id) as there from line) \
            as counted where open <> there";
        let primary = self.servers.last().expect("there is a server");
        primary.query(&self.name, sql).await
    }

    /// Ends some connections of the replicas, or all.
    pub(crate) async fn end_connections(&self, share: f64) {
        let sql = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = '{}' and pid <> pg_backend_pid() and random() < {share}",
            self.name
        );
        self.servers[0].query("postgres", &sql).await;
    }
}

/// A clock that a test turns; what runs under it sees no other wall clock.
pub(crate) struct Clock {
    file: PathBuf,
    library: &'static Path,
    _folder: TempDir,
}

impl Clock {
    /// None where faketime is not installed, which is said.
    pub(crate) fn new() -> Option<Self> {
        let Some(library) = FAKETIME.iter().map(Path::new).find(|path| path.is_file()) else {
            assert!(std::env::var_os(REQUIRED).is_none_or(|value| value != "1"), "faketime is not installed");
            eprintln!("LEFT OUT: the tests with clocks that jump. Install faketime");
            return None;
        };
        // Servers run as another user.
        let folder = tempfile::Builder::new().permissions(permissions()).tempdir().unwrap();
        let clock = Self { file: folder.path().join("clock"), library, _folder: folder };
        clock.turn("+0");
        Some(clock)
    }

    /// Turns it so far from the real one, as in `+1h`.
    pub(crate) fn turn(&self, offset: &str) {
        let next = self.file.with_extension("next");
        fs::write(&next, format!("{offset}\n")).unwrap();
        fs::rename(next, &self.file).unwrap();
    }

    /// The variables of a process under it. Only the wall clock is its own.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let variables = [
            ("LD_PRELOAD", self.library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ];
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }
}

fn permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_takes_over_all_that_was_answered() {
    let Some(database) = Database::with_standby().await else { return };
    let [primary, standby] = &database.servers[..] else { return };
    primary.execute(&database.name, "create table promised (number int)").await;
    for number in 0..20 {
        primary.execute(&database.name, &format!("insert into promised values ({number})")).await;
    }
    database.fail_over().await;
    assert_eq!(standby.query(&database.name, "select count(*) from promised").await, ["20"]);
    standby.execute(&database.name, "insert into promised values (20)").await;
}
