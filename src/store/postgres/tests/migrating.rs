//! Tables are made once, by one replica, and never over those of another program or a newer version.

use private_postgres::{database, shared};

use crate::store::postgres::migrate::{MigrateError, Migration, migrate};

use super::*;

const FIRST: Migration = Migration { min_reader: 1, sql: "create table a (n int); insert into a values (1)" };
const SECOND: Migration = Migration { min_reader: 1, sql: "alter table a add column m int; update a set m = n" };
const THIRD: Migration = Migration { min_reader: 3, sql: "alter table a drop column n" };

async fn failure(url: &str, migrations: &[Migration]) -> MigrateError {
    migrate(&connect(url).await.client, migrations).await.unwrap_err()
}

#[tokio::test]
async fn each_step_is_made_once_and_older_programs_go_on_until_they_would_misread() {
    let Some(database) = database().await else { return };
    let driven = connect(&database.url).await;
    migrate(&driven.client, &[FIRST]).await.unwrap();
    migrate(&driven.client, &[FIRST]).await.unwrap();
    migrate(&driven.client, &[FIRST, SECOND]).await.unwrap();
    assert_eq!(driven.text("select string_agg(m::text, ',') from a").await, "1");
    // A program of the first version beside one of the second.
    migrate(&driven.client, &[FIRST]).await.unwrap();
    migrate(&driven.client, &[FIRST, SECOND, THIRD]).await.unwrap();
    let said = failure(&database.url, &[FIRST, SECOND]).await.to_string();
    assert!(said.contains("need version 3 of the store, and this program has 2"), "{said}");
    assert_eq!(driven.text("select count(*) from schema_version").await, "3");
}

#[tokio::test]
async fn of_replicas_that_start_together_one_makes_the_tables() {
    let Some(database) = database().await else { return };
    let replicas = (0..8).map(|_| async {
        let driven = connect(&database.url).await;
        migrate(&driven.client, &[FIRST, SECOND]).await.unwrap();
        driven.text("select count(*) from a").await
    });
    let counts: Vec<String> = futures_util::future::join_all(replicas).await;
    assert_eq!(counts, ["1"; 8]);
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing() {
    let Some(database) = database().await else { return };
    let driven = connect(&database.url).await;
    let broken = Migration { min_reader: 2, sql: "create table b (n int); select 1 / 0" };
    let error = migrate(&driven.client, &[FIRST, broken]).await.unwrap_err();
    assert!(error.to_string().contains("the tables cannot be made: 22012: division by zero"), "{error}");
    assert_eq!(driven.text("select count(*) from pg_tables where schemaname = 'public'").await, "0");
    // The connection is as it was.
    migrate(&driven.client, &[FIRST]).await.unwrap();
}

#[tokio::test]
async fn tables_of_other_programs_are_left_alone() {
    for table in ["create table a (x int)", "create table schema_version (installed_rank int, script text)"] {
        let Some(database) = database().await else { return };
        shared().unwrap().execute(&database.name, table).await;
        let error = failure(&database.url, &[FIRST]).await;
        assert!(matches!(error, MigrateError::Foreign { .. }), "{error:?}");
        assert!(error.to_string().contains("schema `public` has tables of another program"), "{error}");
        // A schema of its own beside them, as the error says.
        let (server, name) = (shared().unwrap(), &database.name);
        let role = format!("own_{name}");
        server.execute(name, &format!("create role {role} login; create schema {role} authorization {role}")).await;
        let url = database.url.replace("switchboard@", &format!("{role}@"));
        let driven = connect(&url).await;
        migrate(&driven.client, &[FIRST, SECOND]).await.unwrap();
        assert_eq!(
            driven.text("select schemaname from pg_tables where tablename = 'a' and schemaname <> 'public'").await,
            role
        );
    }
}

#[tokio::test]
async fn a_role_without_rights_is_told_what_it_needs_and_uses_what_others_made() {
    let Some(database) = database().await else { return };
    let (server, name) = (shared().unwrap(), &database.name);
    let role = format!("poor_{name}");
    server.execute(name, &format!("create role {role} login; revoke create on schema public from public")).await;
    let url = database.url.replace("switchboard@", &format!("{role}@"));
    let said = failure(&url, &[FIRST]).await.to_string();
    let wanted = format!("role `{role}` may not make tables in schema `public`");
    assert!(
        said.contains(&wanted) && said.contains(&format!("grant usage, create on schema public to {role}")),
        "{said}"
    );
    migrate(&connect(&database.url).await.client, &[FIRST]).await.unwrap();
    server.execute(name, &format!("grant select on schema_version to {role}")).await;
    migrate(&connect(&url).await.client, &[FIRST]).await.unwrap();
    server.execute(name, &format!("alter role {role} set search_path = nowhere")).await;
    let error = failure(&url, &[FIRST]).await;
    assert!(error.to_string().contains("`search_path`") && error.to_string().contains("nowhere"), "{error}");
}
