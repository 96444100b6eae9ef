//! Opening a store, as the start of a gateway does.

use private_postgres::{Options, Server, database};

use crate::store::KeySource;
use crate::store::postgres::{OpenError, Postgres, Settings};

use super::*;

fn at(url: &str, require_sync: bool) -> Settings {
    let url = Arc::new(PostgresUrl::parse(url).unwrap());
    let (timeout, session_ttl) = (Duration::from_secs(2), Duration::from_secs(6));
    Settings { url, connections: 6, timeout, prepared: true, require_sync, session_ttl }
}

#[tokio::test]
async fn a_database_that_can_be_used_is_opened() {
    let Some(database) = database().await else { return };
    Postgres::open(at(&database.url, false), KeySource::Keys(vec![[7; 32]])).await.unwrap();
}

#[tokio::test]
async fn a_standby_that_commits_wait_for_is_insisted_on() {
    let Some(primary) = Server::start(&Options::default()) else { return };
    let url = primary.named("postgres").url;
    let error = Postgres::open(at(&url, true), KeySource::Keys(vec![[7; 32]])).await.unwrap_err();
    assert!(matches!(error, OpenError::NotSynchronous(_)), "{error:?}");
    assert!(error.to_string().contains("`synchronous_standby_names` is empty"), "{error}");
    let Some(_standby) = primary.standby("second") else { return };
    primary.set("synchronous_standby_names", "second").await;
    // A commit that waits for the standby shows that it is connected.
    primary.execute("postgres", "create table t (n int)").await;
    Postgres::open(at(&url, true), KeySource::Keys(vec![[7; 32]])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_at_once_on_an_empty_database_all_start() {
    let Some(database) = database().await else { return };
    let opened = (0..8).map(|_| Postgres::open(at(&database.url, false), KeySource::Keys(vec![[7; 32]])));
    for store in futures_util::future::join_all(opened).await {
        store.unwrap();
    }
}

#[tokio::test]
async fn a_database_opens_with_the_keys_that_have_sealed_it_and_no_others() {
    let Some(database) = database().await else { return };
    let open = |keys: &[u8]| {
        let keys = keys.iter().map(|key| [*key; 32]).collect();
        Postgres::open(at(&database.url, false), KeySource::Keys(keys))
    };
    assert!(matches!(open(&[]).await, Err(OpenError::NoKey)));
    let (store, row) = (open(&[7]).await.unwrap(), record(1));
    store.admit(admission(&row)).await.unwrap();
    let error = open(&[8]).await.unwrap_err();
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("Put the right key back, or, to change keys, list both")
            && !text.contains("0707")
            && !text.contains("0808"),
        "{text}"
    );
    let rotated = open(&[8, 7]).await.unwrap();
    assert_eq!(rotated.bodies(vec![row.id]).await.unwrap(), [Some(admission(&row).body)]);
    // What the old key has sealed ends with its ticket; then that key is needed no more.
    assert!(open(&[8]).await.is_err());
    rotated.finish(vec![ending(&row, State::Applied, 5)]).await.unwrap();
    open(&[8]).await.unwrap();
    assert!(matches!(open(&[7]).await, Err(OpenError::WrongKey { .. })));
}
