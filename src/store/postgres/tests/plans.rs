//! Statements read what they need, however large the journal is; its days are made and dropped.

use super::*;
use crate::store::postgres::statements::{Work, line as lines, list, lookup};
use crate::store::{Filter, RecordsOf};

/// A journal of some days with rows as a gateway would write them.
async fn fill(database: &Database, rows: u64) {
    let sql = format!(
        "insert into journal select n, (lpad(to_hex((extract(epoch from now()) * 1000)::bigint - (n % 3) * 3600000), 12, '0') \
         || lpad(to_hex(n), 20, '0'))::uuid, 'request-' || n, case when n % 1000 = 0 then 'dead' else 'applied' end, \
         'synchronous', 'update', 'sales-bot', 'vendor ' || (n % 3), (n % 2000)::text, 'main', \
         case when n % 2 = 1 then 'crm' else 'shop' end, case when n % 12500 = 0 then '{{rare}}'::text[] else '{{name}}' end, \
         1, n, n, null, n, null, '{{}}', null, null, null, null from generate_series(1, {rows}) as n; analyze journal"
    );
    run(database, &sql).await;
}

/// The plan of a statement with its values.
async fn plan(database: &Database, work: Work) -> String {
    let config: tokio_postgres::Config = database.socket.parse().unwrap();
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.unwrap();
    let statement = &work.statements[0];
    let sql = format!("explain {}", statement.sql);
    let values: Vec<_> = statement
        .params
        .iter()
        .map(|param| (&*param.value as &(dyn tokio_postgres::types::ToSql + Sync), param.kind.clone()))
        .collect();
    let rows = tokio::select! {
        rows = client.query_typed(&sql, &values) => rows.unwrap(),
        ended = connection => panic!("{ended:?}"),
    };
    rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
}

/// Whether it reads a whole day of the journal. Days that are empty cost nothing, and are read in any way.
fn walks(plan: &str) -> bool {
    let cost = |line: &str| line.split_once("..").and_then(|(_, rest)| rest.split(' ').next()?.parse::<f64>().ok());
    plan.lines().filter(|line| line.contains("Seq Scan on journal")).any(|line| cost(line) > Some(500.0))
}

#[tokio::test]
async fn every_list_walks_along_an_index() {
    let Some(database) = database().await else { return };
    let _store = open(&database).await;
    fill(&database, 60_000).await;
    let none = Filter { limit: 50, ..Filter::default() };
    let client = || RecordsOf::Client(Some("crm".into()));
    let line = Some(Line { scope: "main".into(), id: "7".into() });
    let dead = vec![State::Dead, State::Unknown];
    let cases = [
        (none.clone(), "number_idx"),
        (Filter { below: Some(900), ..none.clone() }, "number_idx"),
        (Filter { states: vec![State::Applied], ..none.clone() }, "number_idx"),
        (Filter { line: line.clone(), ..none.clone() }, "scope_vendor_id_number_idx"),
        (Filter { line, owner: client(), states: dead.clone(), ..none.clone() }, "scope_vendor_id_number_idx"),
        (Filter { owner: client(), ..none.clone() }, "client_number_idx"),
        (Filter { owner: RecordsOf::Client(None), ..none.clone() }, "number_idx"),
        (Filter { owner: client(), vendor: Some("vendor 1".into()), ..none.clone() }, "client_number_idx"),
        (Filter { states: dead.clone(), ..none.clone() }, "state_number_idx"),
        (Filter { states: dead, replayed: Some(false), ..none.clone() }, "replay_of_idx"),
        (Filter { vendor: Some("vendor 1".into()), ..none.clone() }, "vendor_number_idx"),
        (Filter { field: Some("name".into()), ..none }, "number_idx"),
    ];
    for (filter, index) in cases {
        let plan = plan(&database, list::list(&filter)).await;
        assert!(plan.contains(index) && !walks(&plan), "{filter:?}: {plan}");
        // Nothing stops the search for rows of no client where others have millions.
        assert!(!plan.contains("Filter: (client IS NULL)") && !plan.contains("Index Cond: (client IS NULL)"), "{plan}");
        assert!(
            !plan.lines().any(|line| line.contains("Sort  (") && line.contains("rows=20000")),
            "{filter:?}: {plan}"
        );
    }
    let row = record(1);
    for work in [
        Work::read(lookup::record(row.id)),
        lookup::of_request(&RecordsOf::All, "request-5"),
        lookup::newer(&Line { scope: "main".into(), id: "7".into() }, 5, &[]),
        lookup::ended(&[row.id]),
        lookup::unsettled(at(0)),
        lines::open_tickets(&line_of(&row), Incarnation::generate(), 9),
    ] {
        let sql = work.statements[0].sql.clone();
        let plan = plan(&database, work).await;
        assert!(!walks(&plan), "{sql}: {plan}");
    }
    // An id is looked for in the day that it was made in.
    let plan_of_one = plan(&database, Work::read(lookup::record(row.id))).await;
    assert_eq!(plan_of_one.matches("on journal_").count(), 1, "{plan_of_one}");
    // The check above would see a scan.
    let scan =
        crate::store::postgres::job::Statement::made("select * from journal where assistant = 'a'".into(), Vec::new());
    let scan = plan(&database, Work::read(scan)).await;
    assert!(walks(&scan), "{scan}");
}

#[tokio::test]
async fn a_list_that_finds_little_ends_early_and_goes_on_where_it_stopped() {
    let Some(database) = database().await else { return };
    let store = open(&database).await;
    fill(&database, 25_000).await;
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
    assert_eq!((found, parts), (vec![25_000, 12_500], 2));
}

#[tokio::test]
async fn days_of_the_journal_are_made_and_dropped() {
    let Some(database) = database().await else { return };
    let store = open(&database).await;
    let days = async || {
        query(
            &database,
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'journal'::regclass order by 1",
        )
        .await
    };
    assert_eq!(days().await.len(), 6, "one for what is out of range");
    // A day that was missing takes what went to the default.
    run(
        &database,
        "do $$ declare part text := 'journal_' || to_char((now() at time zone 'utc')::date, 'YYYYMMDD'); \
         begin execute 'drop table ' || part; end $$; select make_partitions(date '2020-01-01', date '2020-01-02')",
    )
    .await;
    let row = Record { updated_at: at(500), ..noted(5, State::Applied) };
    store.note(row.clone(), None).await.unwrap();
    assert_eq!(store.record(row.id).await, Ok(Some(row.clone())));
    assert_eq!(query(&database, "select count(*) from journal_default").await, ["1"]);
    assert!(days().await.contains(&"journal_20200101".to_owned()));
    let long_ago = |record: Record, id: &str| Record { id: id.parse().unwrap(), ..record };
    let old = long_ago(noted(1, State::Applied), "016f5e66-e800-7000-8000-000000000001");
    store.note(Record { updated_at: at(50), ..old.clone() }, None).await.unwrap();
    store.record(old.id).await.unwrap().unwrap();
    assert_eq!(query(&database, "select count(*) from journal_20200101").await, ["1"]);
    // The first day has what is still kept; then nothing.
    while store.sweep(at(0), at(10)).await.unwrap() {}
    assert!(days().await.contains(&"journal_20200101".to_owned()));
    for _ in 0..3 {
        store.sweep(at(0), at(100)).await.unwrap();
    }
    let left = days().await;
    assert!(
        !left.contains(&"journal_20200101".to_owned()) && !left.contains(&"journal_20200102".to_owned()),
        "{left:?}"
    );
    assert_eq!(left.len(), 6);
    assert_eq!(query(&database, "select count(*) from journal_default").await, ["0"]);
    assert_eq!(store.record(row.id).await, Ok(Some(row)), "it is newer");
}
