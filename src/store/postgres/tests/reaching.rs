//! Servers as they should be.

use private_postgres::{Options, Server, Stop, database, shared};

use super::*;

#[tokio::test]
async fn a_connection_says_what_the_server_is() {
    let Some(database) = database().await else { return };
    for url in [&database.url, &database.socket] {
        let driven = connect(url).await;
        assert_eq!(
            driven.text("select application_name from pg_stat_activity where pid = pg_backend_pid()").await,
            "switchboard"
        );
        assert_eq!(driven.text("select current_database()").await, database.name);
    }
}

#[tokio::test]
async fn settings_that_would_break_a_promise_are_set_and_others_are_left() {
    let Some(database) = database().await else { return };
    let name = &database.name;
    let server = shared().unwrap();
    let role = format!("role_of_{name}");
    server.execute(name, &format!("create role {role} login")).await;
    for (setting, value) in [
        ("statement_timeout", "'1min'"),
        ("lock_timeout", "1000"),
        ("idle_session_timeout", "'1h'"),
        ("synchronous_commit", "off"),
        ("default_transaction_isolation", "serializable"),
        ("standard_conforming_strings", "off"),
        ("timezone", "'America/Caracas'"),
    ] {
        server.execute(name, &format!("alter role {role} set {setting} = {value}")).await;
    }
    let driven = connect(&database.url.replace("switchboard@", &format!("{role}@"))).await;
    let names: Vec<_> = driven.adjusted.iter().map(|(name, _)| *name).collect();
    assert_eq!(names.len(), 8, "{:?}", driven.adjusted);
    for (setting, value) in [
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("idle_session_timeout", "0"),
        ("idle_in_transaction_session_timeout", "6s"),
        ("synchronous_commit", "on"),
        ("transaction_isolation", "read committed"),
        ("standard_conforming_strings", "on"),
        ("timezone", "UTC"),
    ] {
        assert_eq!(driven.text(&format!("show {setting}")).await, value, "{setting}");
    }
    // What is right already is not touched.
    server.execute(name, &format!("alter role {role} reset all")).await;
    for (setting, value) in [("idle_in_transaction_session_timeout", "3000"), ("synchronous_commit", "remote_apply")] {
        server.execute(name, &format!("alter role {role} set {setting} = {value}")).await;
    }
    let driven = connect(&database.url.replace("switchboard@", &format!("{role}@"))).await;
    assert_eq!(driven.text("show synchronous_commit").await, "remote_apply");
    assert_eq!(driven.text("show idle_in_transaction_session_timeout").await, "3s");
}

#[tokio::test]
async fn the_first_host_that_can_be_written_is_taken() {
    let Some(primary) = Server::start(&Options::default()) else { return };
    let Some(standby) = primary.standby("second") else { return };
    let (first, second) = (primary.port(), standby.port());
    let dead = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let url = |ports: &[u16]| {
        let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        format!("postgres://switchboard@{}/postgres", hosts.join(","))
    };
    let driven = connect(&url(&[dead, second, first])).await;
    assert_eq!(driven.text("select pg_is_in_recovery()").await, "f");
    let error = refused(&url(&[dead, second])).await;
    let said = error.to_string();
    assert!(said.contains(&format!("at 127.0.0.1:{dead}: it cannot be reached")), "{said}");
    assert!(said.contains(&format!("at 127.0.0.1:{second}: it is a standby")), "{said}");
    primary.stop(Stop::Immediate);
    driven.ended.cancelled().await;
    standby.promote();
    let driven = connect(&url(&[dead, first, second])).await;
    assert_eq!(driven.text("select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)").await, "00000002");
}

#[tokio::test]
async fn a_synchronous_standby_is_told_from_none() {
    let Some(primary) = Server::start(&Options::default()) else { return };
    let driven = connect(&primary.named("postgres").url).await;
    let why = async || match super::super::connect::standbys(&driven.client).await.unwrap() {
        super::super::connect::Standbys::Synchronous => "synchronous".to_owned(),
        super::super::connect::Standbys::None(why) => why,
    };
    assert_eq!(why().await, "`synchronous_standby_names` is empty");
    let Some(_standby) = primary.standby("second") else { return };
    let says = async |text: &str| {
        let deadline = std::time::Instant::now() + Duration::from_mins(1);
        while why().await != text {
            assert!(std::time::Instant::now() < deadline, "{} instead of {text}", why().await);
            tokio::task::yield_now().await;
        }
    };
    primary.set("synchronous_standby_names", "other").await;
    says("none of 1 standbys is one of `synchronous_standby_names`").await;
    primary.set("synchronous_standby_names", "second").await;
    says("synchronous").await;
    driven.client.batch_execute("set synchronous_commit = local").await.unwrap();
    says("`synchronous_commit` is `local`, so no commit waits for a standby").await;
    driven.client.batch_execute("reset synchronous_commit; create role nothing; set role nothing").await.unwrap();
    assert!(why().await.contains("pg_monitor"), "{}", why().await);
}
