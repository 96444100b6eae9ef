//! Lists read what they need and sort nothing, however large the journal is.

use rusqlite::{Connection, params_from_iter};

use super::open;
use crate::store::conformance::samples::*;
use crate::store::sqlite::statements::list::searches;
use crate::store::{Filter, Line, RecordsOf, State, Store, Timestamp};

fn plan(database: &Connection, sql: &str, params: &[rusqlite::types::Value]) -> String {
    let mut statement = database.prepare(&format!("explain query plan {sql}")).unwrap();
    let rows = statement.query_map(params_from_iter(params), |row| row.get::<_, String>(3)).unwrap();
    rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

fn plans(database: &Connection, filter: &Filter) -> Vec<String> {
    let searches = searches(database, filter).unwrap();
    searches.iter().map(|search| plan(database, &search.sql, &search.params)).collect()
}

#[tokio::test]
async fn every_list_walks_along_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    open(&path).close().await.unwrap();
    let database = Connection::open(&path).unwrap();
    let none = Filter { limit: 50, ..Filter::default() };
    let client = || RecordsOf::Client(Some("crm".into()));
    let dead = vec![State::Dead, State::Unknown];
    let cases = [
        (none.clone(), "PRIMARY KEY"),
        (Filter { below: Some(9), ..none.clone() }, "PRIMARY KEY"),
        (Filter { states: vec![State::Applied], ..none.clone() }, "PRIMARY KEY"),
        (Filter { line: Some(line()), ..none.clone() }, "journal_line (scope=? AND vendor_id=? AND rowid"),
        (Filter { line: Some(line()), owner: client(), states: dead.clone(), ..none.clone() }, "journal_line"),
        (Filter { line: Some(line()), field: Some("name".into()), ..none.clone() }, "journal_line"),
        (Filter { owner: client(), ..none.clone() }, "journal_client (client=? AND rowid"),
        (
            Filter { owner: RecordsOf::Client(None), below: Some(9), ..none.clone() },
            "journal_client (client=? AND rowid",
        ),
        (Filter { owner: client(), vendor: Some("a".into()), ..none.clone() }, "journal_client"),
        (Filter { owner: client(), states: dead.clone(), ..none.clone() }, "journal_state (state=? AND rowid"),
        (Filter { states: dead.clone(), ..none.clone() }, "journal_state (state=? AND rowid"),
        (Filter { states: dead, replayed: Some(false), ..none.clone() }, "journal_replay (replay_of=?)"),
        (Filter { vendor: Some("a".into()), ..none.clone() }, "journal_vendor (vendor=? AND rowid"),
        (Filter { field: Some("name".into()), ..none }, "PRIMARY KEY"),
    ];
    for (filter, index) in cases {
        let plans = plans(&database, &filter);
        assert!(plans.len() >= 2);
        for plan in plans {
            let searched = plan.replace("SCAN json_each VIRTUAL TABLE", "");
            assert!(!searched.contains("SCAN") && !searched.contains("TEMP B-TREE"), "{filter:?}: {plan}");
            assert!(plan.contains(index) || plan.contains("ticket"), "{filter:?}: {plan}");
        }
    }
    // The check above would see a scan.
    assert!(plan(&database, "select * from journal where assistant = 'a' order by client", &[]).contains("SCAN"));
}

#[tokio::test]
async fn a_list_that_finds_little_ends_early_and_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    open(&path).close().await.unwrap();
    fill(&mut Connection::open(&path).unwrap(), 25_000);
    let store = open(&path);
    let rare = Filter { field: Some("rare".into()), limit: 2, ..Filter::default() };
    let (mut found, mut below, mut parts) = (Vec::new(), None, 0);
    loop {
        let page = store.list(Filter { below, ..rare.clone() }).await.unwrap();
        found.extend(page.records.iter().map(|record| record.number));
        (below, parts) = (page.next, parts + 1);
        if below.is_none() {
            break;
        }
    }
    assert_eq!(found, [25_000, 12_500]);
    assert_eq!(parts, 2);
    // A time is found without looking at everything that is newer.
    let early = Filter { until: Some(at(3)), limit: 9, ..Filter::default() };
    let page = store.list(early).await.unwrap();
    assert_eq!((page.records.iter().map(|record| record.number).collect::<Vec<_>>(), page.next), (vec![2, 1], None));
}

/// Rows as a gateway would write them; one of 12,500 sends the field `rare`.
fn fill(database: &mut Connection, rows: u64) {
    let transaction = database.transaction().unwrap();
    transaction
        .execute(
            "with recursive n(n) as (select 1 union all select n + 1 from n where n < ?1)
             insert into journal select n, randomblob(16), 'request-' || n, case when n % 1000 = 0 then 'dead' else 'applied' end,
             'synchronous', 'update', 'sales-bot', 'vendor ' || (n % 3), n % 2000, 'main', case when n % 2 then 'crm' else 'shop' end,
             case when n % 12500 = 0 then '[\"rare\"]' else '[\"name\"]' end, 1, ?2 + n, ?2 + n, null, ?2 + n, null, x'', null,
             null, null, randomblob(600) from n",
            (i64::try_from(rows).unwrap(), at(0).0),
        )
        .unwrap();
    transaction
        .execute(
            "insert into span select number / 4096, min(created_at), max(created_at) from journal group by number / 4096",
            [],
        )
        .unwrap();
    transaction.commit().unwrap();
}

/// `cargo test --release -- --ignored --nocapture page_of_a_large_journal` shows how long they take.
#[tokio::test]
#[ignore = "a measurement over millions of rows"]
async fn a_page_of_a_large_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("switchboard.db");
    open(&path).close().await.unwrap();
    fill(&mut Connection::open(&path).unwrap(), 1_000_000);
    let store = open(&path);
    let none = Filter { limit: 50, ..Filter::default() };
    let line = Some(Line { scope: "main".into(), id: "7".into() });
    let crm = RecordsOf::Client(Some("crm".into()));
    for filter in [
        none.clone(),
        Filter { line, ..none.clone() },
        Filter { owner: crm.clone(), ..none.clone() },
        Filter { owner: crm, states: vec![State::Dead], ..none.clone() },
        Filter { vendor: Some("vendor 1".into()), ..none.clone() },
        Filter { field: Some("nothing".into()), ..none.clone() },
        Filter { until: Some(at(1_000)), ..none.clone() },
        Filter { since: Some(Timestamp(i64::MAX)), ..none },
    ] {
        let start = std::time::Instant::now();
        let page = store.list(filter.clone()).await.unwrap();
        println!("{:?} for {} rows of {filter:?}", start.elapsed(), page.records.len());
    }
}
