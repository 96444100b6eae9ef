//! Servers that cannot be used, each for its own reason.

use private_postgres::{Options, Proxy, Server, database, shared};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn what_the_server_refuses_is_said_with_what_to_do_and_without_the_password() {
    let hba = "host all trusted 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256";
    let Some(server) = Server::start(&Options::default().hba(hba)) else { return };
    server.execute("postgres", "create role trusted login; create role reader login password 'hushhush'").await;
    server.execute("postgres", "alter role reader set default_transaction_read_only = on").await;
    let at = format!("127.0.0.1:{}", server.port());
    for (login, database, says) in [
        ("reader:wronghush", "postgres", "it refused the login (28P01: password authentication failed for user"),
        ("reader", "postgres", "it asks for a password, and the URL has none"),
        ("nobody:hushhush", "postgres", "it refused the login (28P01"),
        ("trusted", "nowhere", "it has no database `nowhere`; make it: `create database nowhere"),
        ("reader:hushhush", "postgres", "`default_transaction_read_only` is on"),
    ] {
        let error = refused(&format!("postgres://{login}@{at}/{database}")).await;
        let said = format!("{error} {error:?}");
        assert!(said.contains(says), "{login}: {said}");
        assert!(!said.contains("hush"), "{said}");
    }
    server.execute("postgres", "alter role reader reset all").await;
    connect(&format!("postgres://reader:hushhush@{at}/postgres")).await;
    server.execute("postgres", "alter role trusted connection limit 0").await;
    let error = refused(&format!("postgres://trusted@{at}/postgres")).await;
    assert!(error.to_string().contains("it takes no connection now (53300"), "{error}");
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dead = listener.local_addr().unwrap();
    drop(listener);
    for (url, says) in [
        (format!("postgres://me@{dead}/x"), "it cannot be reached (Connection refused"),
        ("host=/nonexistent user=me".to_owned(), "at /nonexistent/.s.PGSQL.5432: it cannot be reached (No such file"),
        ("postgres://me@switchboard-test.invalid/x".to_owned(), "its name cannot be resolved"),
    ] {
        let error = refused(&url).await;
        assert!(error.to_string().contains(says), "{error}");
    }
}

/// A listener that answers each connection with `answer` once it has said something, and then closes it.
async fn listener(answer: &'static [u8]) -> (String, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://me@{}/x?sslmode=disable", listener.local_addr().unwrap());
    let task = tokio_util::task::TaskTracker::new().spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer).await;
        }
    });
    (url, AbortOnDropHandle::new(task))
}

#[tokio::test]
async fn what_is_no_server_or_an_old_one_is_said() {
    // AuthenticationOk, ParameterStatus of `server_version`, ReadyForQuery.
    const OLD: &[u8] = b"R\0\0\0\x08\0\0\0\0S\0\0\0\x19server_version\x0013.14\0Z\0\0\0\x05I";
    const ODD: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";
    for (answer, says) in [
        (&b""[..], "it broke the connection off (connection closed)"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "it broke the connection off ("),
        (OLD, "it is PostgreSQL 13.14; at least 14 is needed"),
        (ODD, "it is no PostgreSQL server that this gateway knows"),
    ] {
        let (url, _task) = listener(answer).await;
        let error = refused(&url).await;
        assert!(error.to_string().contains(says), "{error} {error:?}");
    }
}

#[tokio::test]
async fn a_listener_that_says_nothing_holds_up_no_longer_than_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = listener.local_addr().unwrap();
    let limit = Duration::from_millis(100);
    let error = connector(&format!("postgres://me@{silent}/x"), limit).connect().await.unwrap_err();
    assert!(error.to_string().contains("it did not answer within 100ms"), "{error}");
    // The next host is tried.
    let Some(database) = database().await else { return };
    let port = shared().unwrap().port();
    let url = format!("postgres://switchboard@{silent},127.0.0.1:{port}/{}?connect_timeout=1", database.name);
    assert_eq!(connect(&url).await.text("select 1").await, "1");
}

#[tokio::test]
async fn a_connection_that_is_cut_at_any_point_of_its_making_fails_and_the_next_one_is_made() {
    let Some(database) = database().await else { return };
    let proxy = Proxy::start(shared().unwrap().port()).await;
    let url = format!("postgres://switchboard@{}/{}", proxy.address(), database.name);
    let limit = Duration::from_millis(200);
    proxy.pause_answers();
    let error = connector(&url, limit).connect().await.unwrap_err();
    assert!(error.to_string().contains("it did not answer within 200ms"), "{error}");
    proxy.resume();
    proxy.refuse();
    let error = connector(&url, LIMIT).connect().await.unwrap_err();
    assert!(error.to_string().contains("it broke the connection off"), "{error}");
    proxy.resume();
    let driven = connect(&url).await;
    assert_eq!(driven.text("select 1").await, "1");
    proxy.cut();
    driven.ended.cancelled().await;
    assert!(driven.client.simple_query("select 1").await.is_err());
    assert_eq!(connect(&url).await.text("select 1").await, "1");
}
