use std::sync::Arc;
use std::time::Duration;

use private_postgres::{Database, Server, shared};
use tokio_postgres::NoTls;

use super::*;
use crate::store::StoreError;
use crate::store::seal::Sealer;

const SCHEMA: [&str; 2] =
    [include_str!("../postgres/schema/002_shared.sql"), include_str!("../postgres/schema/003_lengths.sql")];
const HOUR: i64 = 60 * MINUTE;
const MINUTE: i64 = 60_000_000_000;

/// Shared state in a database of its own, connected; `None` without PostgreSQL.
async fn state() -> Option<(SharedPostgres, Database)> {
    let database = tables(shared()?).await;
    let state = open(&database.url, Duration::from_secs(20));
    state.connect().await.unwrap();
    Some((state, database))
}

/// A database with the tables.
pub(crate) async fn tables(server: &Server) -> Database {
    let database = server.database().await;
    for step in SCHEMA {
        server.execute(&database.name, step).await;
    }
    database
}

/// Shared state that is not connected yet.
pub(crate) fn open(url: &str, timeout: Duration) -> SharedPostgres {
    let url = url.to_owned();
    let connect: Connect = Box::new(move || {
        let url = url.clone();
        Box::pin(async move {
            let connected = tokio_postgres::connect(&url, NoTls).await;
            let (client, connection) = connected.map_err(|error| StoreError::Failed(error.to_string()))?;
            let driver: Pending<'static, ()> =
                Box::pin(async move { connection.await.map_err(|error| StoreError::Failed(error.to_string())) });
            Ok((client, driver))
        })
    });
    SharedPostgres::new(connect, Arc::new(Sealer::new(vec![[7; 32]]).unwrap()), timeout)
}

/// A request of a limit of 100 a minute with a burst of 20.
fn request(tokens: u32) -> TokenRequest {
    TokenRequest {
        key: "vendor:v".into(),
        interval: Duration::from_millis(600),
        burst: 20,
        tokens,
        block: 1,
        replicas: 3,
        is_emptied: false,
    }
}

async fn take(state: &SharedPostgres, request: TokenRequest) -> Grant {
    state.take(vec![request]).await.unwrap().pop().unwrap()
}

/// Moves the time at which the bucket is full, as a jump of the clock does.
async fn shift(database: &Database, by: i64) {
    let statement = format!("update shared_limit set tat = tat + {by}, block_until = block_until + {by}");
    shared().unwrap().execute(&database.name, &statement).await;
}

#[tokio::test]
async fn a_new_limit_has_its_burst_and_then_the_time_to_the_next_token() {
    let Some((state, _)) = state().await else { return };
    assert_eq!(take(&state, request(15)).await, Grant { tokens: 15, left: 5, wait: Duration::ZERO });
    let rest = take(&state, request(15)).await;
    assert_eq!((rest.tokens, rest.left), (5, 0));
    assert!(rest.wait > Duration::ZERO && rest.wait <= Duration::from_millis(600), "{rest:?}");
}

#[tokio::test]
async fn one_statement_asks_several_limits_and_one_limit_twice() {
    let Some((state, _)) = state().await else { return };
    let other = TokenRequest { key: "client:c".into(), burst: 3, ..request(2) };
    let grants = state.take(vec![request(15), other.clone(), request(15), other]).await.unwrap();
    assert_eq!(grants.iter().map(|grant| grant.tokens).collect::<Vec<_>>(), [15, 2, 5, 1]);
}

#[tokio::test]
async fn a_jump_of_the_clock_gives_one_burst_at_most_and_blocks_for_the_window_at_most() {
    let Some((state, database)) = state().await else { return };
    for backward in [false, true] {
        take(&state, request(20)).await;
        shift(&database, if backward { 600 * MINUTE } else { -600 * MINUTE }).await;
        let after = take(&state, request(100)).await;
        if backward {
            // The bucket is empty, as after a whole burst, and the next token comes after one interval.
            assert_eq!(after.tokens, 0);
            assert!(after.wait <= Duration::from_millis(600), "{after:?}");
        } else {
            assert_eq!(after.tokens, 20);
        }
    }
}

#[tokio::test]
async fn an_emptied_limit_gives_nothing_at_once() {
    let Some((state, _)) = state().await else { return };
    take(&state, request(1)).await;
    let emptied = take(&state, TokenRequest { is_emptied: true, ..request(5) }).await;
    assert_eq!(emptied.tokens, 0);
    assert!(emptied.wait > Duration::from_millis(500), "{emptied:?}");
    assert_eq!(take(&state, request(5)).await.tokens, 0);
}

#[tokio::test]
async fn what_replicas_may_hold_is_kept_back_until_it_has_lapsed() {
    let Some((state, database)) = state().await else { return };
    let block = TokenRequest { block: 3, ..request(3) };
    assert_eq!(take(&state, block).await.tokens, 3);
    // Three replicas may hold two tokens each.
    assert_eq!(take(&state, request(20)).await.tokens, 20 - 6 - 3);
    shift(&database, -2_000_000_000).await;
    let lapsed = take(&state, request(20)).await;
    assert!((6..=10).contains(&lapsed.tokens), "{lapsed:?}");
}

#[tokio::test]
async fn a_limit_of_any_size_fits_into_its_row() {
    let Some((state, _)) = state().await else { return };
    for (index, (interval, burst)) in
        [(Duration::from_nanos(1), u32::MAX), (Duration::from_secs(60), u32::MAX), (Duration::from_nanos(1), 1)]
            .into_iter()
            .enumerate()
    {
        let request = TokenRequest { key: format!("client:{index}").into(), interval, burst, ..request(1) };
        assert_eq!(take(&state, request).await.tokens, 1, "{interval:?} {burst}");
    }
}

#[tokio::test]
async fn pauses_are_told_never_shortened_and_bounded() {
    let Some((state, database)) = state().await else { return };
    assert_eq!(state.look().await.unwrap(), []);
    let account: Arc<str> = "v".into();
    state.pause(Arc::clone(&account), Duration::from_secs(100), true).await.unwrap();
    state.pause(Arc::clone(&account), Duration::from_secs(10), false).await.unwrap();
    let told = state.look().await.unwrap().pop().unwrap();
    assert!(told.paused > Duration::from_secs(60) && told.paused <= Duration::from_secs(100), "{told:?}");
    assert_eq!((told.account.as_str(), told.is_unavailable, told.open), ("v", true, None));
    let far = format!("update shared_account set paused_until = paused_until + {}", 600 * MINUTE);
    shared().unwrap().execute(&database.name, &far).await;
    state.pause(account, Duration::from_secs(10), false).await.unwrap();
    assert!(state.look().await.unwrap()[0].paused <= Duration::from_mins(5));
}

#[tokio::test]
async fn one_probe_is_sent_for_an_opening_and_only_its_end_counts() {
    let Some((state, database)) = state().await else { return };
    let account: Arc<str> = "v".into();
    let probe = || state.probe(Arc::clone(&account), Duration::from_secs(60));
    let open = || async { state.look().await.unwrap().pop().and_then(|state| state.open) };
    assert_eq!(probe().await.unwrap(), Probe::NotOpen);
    state.open(Arc::clone(&account), Duration::from_secs(60)).await.unwrap();
    assert!(open().await.unwrap() > Duration::from_secs(30));
    assert_eq!(probe().await.unwrap(), Probe::Taken, "none is due");
    let due = "update shared_account set open_until = 1";
    shared().unwrap().execute(&database.name, due).await;
    assert_eq!(open().await, Some(Duration::ZERO));
    let asked = futures_util::future::join_all((0..3).map(|_| probe())).await;
    let won: Vec<_> = asked
        .iter()
        .filter_map(|asked| if let Ok(Probe::Won(opening)) = asked { Some(*opening) } else { None })
        .collect();
    assert_eq!(won.len(), 1, "{asked:?}");
    // One that was overtaken by another opening decides nothing.
    state.end_probe(Arc::clone(&account), won[0] - 1, None).await.unwrap();
    assert!(open().await.is_some());
    state.end_probe(Arc::clone(&account), won[0], Some(Duration::from_secs(60))).await.unwrap();
    assert!(open().await.unwrap() > Duration::from_secs(30));
    shared().unwrap().execute(&database.name, due).await;
    let Probe::Won(opening) = probe().await.unwrap() else { panic!("none is out") };
    // The one who sends it is gone.
    shared().unwrap().execute(&database.name, "update shared_account set probe_until = 1").await;
    let Probe::Won(second) = probe().await.unwrap() else { panic!("its time is over") };
    state.end_probe(Arc::clone(&account), opening, None).await.unwrap();
    assert!(open().await.is_some());
    state.end_probe(Arc::clone(&account), second, None).await.unwrap();
    assert_eq!(open().await, None);
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_no_pause_and_no_opening_longer_than_it_is() {
    let Some((state, database)) = state().await else { return };
    let (account, minute): (Arc<str>, _) = ("v".into(), Duration::from_secs(60));
    let set_back = async |by: i64| {
        let statement = format!(
            "update shared_account set paused_until = paused_until + {by}, paused_at = paused_at + {by},
             open_until = open_until + {by}, opened_at = opened_at + {by}"
        );
        shared().unwrap().execute(&database.name, &statement).await;
    };
    let told = async || state.look().await.unwrap().pop().unwrap();
    state.pause(Arc::clone(&account), minute, false).await.unwrap();
    state.open(Arc::clone(&account), minute / 2).await.unwrap();
    set_back(HOUR).await;
    let first = told().await;
    assert!(first.paused <= minute && first.paused > minute / 2, "{first:?}");
    assert!(first.open.unwrap() <= minute / 2, "{first:?}");
    // A later look does not prolong them, and when the clock is there again, they do not come back.
    let second = told().await;
    assert!(second.paused < first.paused && second.open < first.open, "{first:?} {second:?}");
    set_back(-HOUR).await;
    assert_eq!((told().await.paused, told().await.open), (Duration::ZERO, Some(Duration::ZERO)), "both are over");
    // The probe does not wait for a time that the clock reaches in an hour.
    set_back(2 * HOUR).await;
    assert!(matches!(state.probe(account, minute).await.unwrap(), Probe::Won(_)));
}

#[tokio::test]
async fn a_pause_that_is_cut_opens_no_breaker_and_an_opening_that_is_cut_pauses_nothing() {
    let Some((state, database)) = state().await else { return };
    let minute = Duration::from_secs(60);
    state.pause("paused".into(), minute, false).await.unwrap();
    state.open("open".into(), minute).await.unwrap();
    let set_back = format!(
        "update shared_account set paused_until = paused_until + {HOUR}, paused_at = paused_at + {HOUR},
         open_until = open_until + {HOUR}, opened_at = opened_at + {HOUR}"
    );
    shared().unwrap().execute(&database.name, &set_back).await;
    for _ in 0..2 {
        let mut told = state.look().await.unwrap();
        told.sort_by_key(|account| account.account.clone());
        let [open, paused] = &told[..] else { panic!("{told:?}") };
        assert!(open.paused.is_zero() && open.open.is_some_and(|left| left <= minute), "{told:?}");
        assert!(paused.open.is_none() && paused.paused <= minute && paused.paused > minute / 2, "{told:?}");
    }
}

#[tokio::test]
async fn a_longer_pause_that_an_earlier_version_notes_behind_a_shorter_one_is_not_cut() {
    let Some((state, database)) = state().await else { return };
    let short = Duration::from_secs(1);
    state.pause("v".into(), short, false).await.unwrap();
    // It writes the end alone.
    let minute = "update shared_account set paused_until = (extract(epoch from clock_timestamp()) * 1000000000)::bigint + 60000000000";
    shared().unwrap().execute(&database.name, minute).await;
    let told = state.look().await.unwrap().pop().unwrap();
    assert!(told.paused > Duration::from_secs(50) && told.open.is_none(), "{told:?}");
}

#[tokio::test]
async fn what_an_earlier_version_has_noted_lasts_as_long_as_any_may_at_most() {
    let Some((state, database)) = state().await else { return };
    state.pause("v".into(), Duration::from_mins(4), false).await.unwrap();
    state.open("v".into(), Duration::from_mins(4)).await.unwrap();
    let server = shared().unwrap();
    server.execute(&database.name, "update shared_account set paused_at = null, opened_at = null").await;
    let told = async || state.look().await.unwrap().pop().unwrap();
    assert!(told().await.paused > Duration::from_mins(3) && told().await.open.unwrap() > Duration::from_mins(3));
    let far = format!(
        "update shared_account set paused_until = paused_until + {HOUR}, open_until = open_until + 48 * {HOUR}"
    );
    server.execute(&database.name, &far).await;
    assert!(told().await.paused <= Duration::from_mins(5) && told().await.open.unwrap() <= Duration::from_hours(24));
    // A shorter pause keeps it as it is.
    state.pause("v".into(), Duration::from_secs(1), false).await.unwrap();
    assert!(told().await.paused > Duration::from_mins(4));
}

/// Those who ask at one moment, many times: the clock of who is told second was read first.
async fn at_one_moment<T, F: Future<Output = T> + Send + 'static>(
    states: &[Arc<SharedPostgres>],
    ask: impl Fn(Arc<SharedPostgres>) -> F,
) -> Vec<T>
where
    T: Send + 'static,
{
    futures_util::future::join_all(states.iter().map(|state| ask(Arc::clone(state)))).await
}

#[tokio::test]
async fn of_those_who_ask_at_one_moment_one_reads_a_catalog_and_one_sends_a_probe() {
    let Some(server) = shared() else { return };
    let database = tables(server).await;
    let states: Vec<_> = (0..8).map(|_| Arc::new(open(&database.url, Duration::from_secs(20)))).collect();
    for state in &states {
        state.connect().await.unwrap();
    }
    let minute = Duration::from_secs(60);
    for round in 0..200 {
        let key = CatalogKey { account: "v".into(), kind: format!("{round}").into() };
        let read = at_one_moment(&states, |state| {
            let key = key.clone();
            async move { state.begin_refresh(key, minute).await.unwrap() }
        });
        assert_eq!(read.await.into_iter().filter(|is_mine| *is_mine).count(), 1, "round {round}");
        states[0].open("v".into(), Duration::ZERO).await.unwrap();
        let asked = at_one_moment(&states, |state| async move { state.probe("v".into(), minute).await.unwrap() }).await;
        let won = asked.iter().filter(|asked| matches!(asked, Probe::Won(_)));
        assert_eq!(won.count(), 1, "round {round}: {asked:?}");
    }
}

#[tokio::test]
async fn a_catalog_is_read_by_one_and_sealed_for_all() {
    let Some((state, database)) = state().await else { return };
    let key = CatalogKey { account: "v".into(), kind: "voices".into() };
    let minute = Duration::from_secs(60);
    assert_eq!(state.catalog(key.clone()).await.unwrap(), None);
    assert!(state.begin_refresh(key.clone(), minute).await.unwrap());
    assert!(!state.begin_refresh(key.clone(), minute).await.unwrap());
    state.end_refresh(key.clone(), None).await.unwrap();
    assert!(state.begin_refresh(key.clone(), minute).await.unwrap(), "the other one could not read it");
    state.end_refresh(key.clone(), Some(b"names of customers".to_vec())).await.unwrap();
    let (contents, age) = state.catalog(key.clone()).await.unwrap().unwrap();
    assert_eq!(contents, b"names of customers");
    assert!(age < minute, "{age:?}");
    let server = shared().unwrap();
    let seen = server.query(&database.name, "select encode(contents, 'escape') from shared_catalog").await;
    assert!(!seen[0].contains("customers"), "{seen:?}");
    // As if it were another catalog's.
    server.execute(&database.name, "update shared_catalog set kind = 'models'").await;
    let moved = CatalogKey { kind: "models".into(), ..key };
    assert_eq!(state.catalog(moved).await.unwrap(), None);
}

#[tokio::test]
async fn what_was_not_used_for_a_day_is_removed_when_a_connection_is_made() {
    let Some((state, database)) = state().await else { return };
    take(&state, request(1)).await;
    state.pause("v".into(), Duration::from_secs(1), false).await.unwrap();
    state.end_refresh(CatalogKey { account: "v".into(), kind: "k".into() }, None).await.unwrap();
    state.begin_refresh(CatalogKey { account: "v".into(), kind: "k".into() }, Duration::from_secs(1)).await.unwrap();
    let count = "select count(*) from (select key from shared_limit union all select account from shared_account
                 union all select account from shared_catalog) all_rows";
    let server = shared().unwrap();
    state.connect().await.unwrap();
    assert_eq!(server.query(&database.name, count).await, ["3"]);
    let old = "update shared_limit set tat = 1; update shared_account set paused_until = 1;
               update shared_catalog set refreshing_until = 1";
    server.execute(&database.name, old).await;
    state.connect().await.unwrap();
    assert_eq!(server.query(&database.name, count).await, ["0"]);
}
