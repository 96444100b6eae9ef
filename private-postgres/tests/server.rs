//! Servers start, stop, follow each other, and end with their program.
#![cfg(test)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use private_postgres::{Options, Server, Stop, database, shared};

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (Some(first), Some(second)) = (database().await, database().await) else { return };
    assert_ne!(first.name, second.name);
    let server = shared().unwrap();
    server.execute(&first.name, "create table t (n int); insert into t values (7)").await;
    assert_eq!(server.query(&first.name, "select n from t").await, ["7"]);
    let there = "select count(*) from pg_tables where tablename = 't'";
    assert_eq!(server.query(&second.name, there).await, ["0"]);
    assert_eq!(server.query(&first.name, "show fsync").await, ["off"]);
}

#[tokio::test]
async fn what_was_committed_outlives_every_kind_of_end() {
    let Some(server) = Server::start(&Options::durable()) else { return };
    assert_eq!(server.query("postgres", "show fsync").await, ["on"]);
    server.execute("postgres", "create table t (n int)").await;
    let port = server.port();
    for (how, count) in [(Stop::Fast, "1"), (Stop::Immediate, "2"), (Stop::Kill, "3")] {
        server.execute("postgres", "insert into t values (1)").await;
        server.restart(how);
        assert_eq!(server.query("postgres", "select count(*) from t").await, [count], "{how:?}");
    }
    assert_eq!(server.port(), port);
}

#[tokio::test]
async fn a_standby_follows_and_is_promoted_to_another_timeline() {
    let Some(primary) = Server::start(&Options::default()) else { return };
    let Some(standby) = primary.standby("second") else { return };
    primary.set("synchronous_standby_names", "second").await;
    primary.execute("postgres", "create table t (n int)").await;
    assert_eq!(primary.query("postgres", "select sync_state from pg_stat_replication").await, ["sync"]);
    assert_eq!(standby.query("postgres", "select pg_is_in_recovery()").await, ["t"]);
    primary.stop(Stop::Immediate);
    standby.promote();
    assert_eq!(standby.query("postgres", "select pg_is_in_recovery()").await, ["f"]);
    assert_eq!(standby.query("postgres", "select left(pg_walfile_name(pg_current_wal_lsn()), 8)").await, ["00000002"]);
}

/// Not a test: the next one runs it as a program that it kills.
#[test]
#[ignore = "the program that another test kills"]
fn waits_to_be_killed() {
    let Some(server) = Server::start(&Options::default()) else { return };
    println!("home={}", server.socket_folder().display());
    std::thread::park();
}

#[test]
fn a_server_ends_with_a_program_that_is_killed() {
    if private_postgres::binaries().is_none() {
        return;
    }
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.args(["--exact", "waits_to_be_killed", "--ignored", "--nocapture"]);
    let mut program = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(program.stdout.take().unwrap()));
    let home = lines.find_map(|line| line.unwrap().split_once("home=").map(|(_, home)| home.to_owned())).unwrap();
    let file = std::fs::read_to_string(Path::new(&home).join("data/postmaster.pid")).unwrap();
    let server = Path::new("/proc").join(file.lines().next().unwrap());
    assert!(server.exists());
    program.kill().unwrap();
    program.wait().unwrap();
    let deadline = Instant::now() + Duration::from_mins(1);
    while server.exists() || Path::new(&home).exists() {
        assert!(Instant::now() < deadline, "the server of {home} runs on");
        #[expect(clippy::disallowed_methods, reason = "what waits here is no task")]
        std::thread::sleep(Duration::from_millis(5));
    }
}
