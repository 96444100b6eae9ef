//! What every session must be: of a server that can be written, of a version that we know, with settings that keep promises.
//!
//! A setting that is right already is not touched, so that a role that has them all (`alter role … set …`) works behind a pooler
//! in transaction mode, where `set` does not last. Whatever differs is set, and said.

use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::failure::ConnectFailure;

/// The oldest version that this program works with.
pub(super) const OLDEST: u32 = 14;

/// Standbys that commits wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Standbys {
    /// At least one has what is committed.
    Synchronous,
    /// Commits wait for none; says why.
    None(String),
}

/// Reads what the server is, and sets what is not as it must be: name and former value of each such setting.
pub(super) async fn settle(
    client: &Client,
    version: &str,
    idle_in_transaction: Duration,
) -> Result<Vec<(&'static str, String)>, ConnectFailure> {
    let major = major(version).ok_or_else(|| ConnectFailure::NotPostgres(version.chars().take(60).collect()))?;
    if major < OLDEST {
        return Err(ConnectFailure::Version(version.chars().take(60).collect()));
    }
    // Without prepared statements, which a pooler may not keep.
    let state = "select pg_is_in_recovery(), current_setting('transaction_read_only')";
    let row = one(client, state).await?;
    if row.get(0) == Some("t") {
        return Err(ConnectFailure::Standby);
    }
    if row.get(1) == Some("on") {
        return Err(ConnectFailure::ReadOnly);
    }
    adjust(client, idle_in_transaction).await
}

/// `15.18 (Debian …)`, `18beta1`.
fn major(version: &str) -> Option<u32> {
    let digits = version.split(|char: char| !char.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// The settings that must have a value, and that value in the server's words.
fn wanted(idle_in_transaction: Duration) -> [(&'static str, String); 9] {
    let text = |value: &str| value.to_owned();
    [
        // Giving up is ours; the server would leave visible what may be lost.
        ("statement_timeout", text("0")),
        ("transaction_timeout", text("0")),
        ("lock_timeout", text("0")),
        ("idle_session_timeout", text("0")),
        // A replica that freezes in a transaction must not keep its locks.
        ("idle_in_transaction_session_timeout", idle_in_transaction.as_millis().to_string()),
        ("default_transaction_isolation", text("read committed")),
        ("standard_conforming_strings", text("on")),
        ("TimeZone", text("UTC")),
        ("synchronous_commit", text("on")),
    ]
}

/// Whether a value is good enough where it is not the one that we would set.
fn is_fine(name: &str, value: &str, idle_in_transaction: Duration) -> bool {
    match name {
        "synchronous_commit" => value != "off",
        "TimeZone" => ["Etc/UTC", "GMT", "Etc/GMT"].contains(&value),
        "idle_in_transaction_session_timeout" => {
            value.parse().is_ok_and(|millis: u128| millis > 0 && millis <= idle_in_transaction.as_millis())
        }
        _ => false,
    }
}

async fn adjust(client: &Client, idle: Duration) -> Result<Vec<(&'static str, String)>, ConnectFailure> {
    let wanted = wanted(idle);
    let names: Vec<String> = wanted.iter().map(|(name, _)| format!("'{name}'")).collect();
    let query = format!("select name, setting from pg_settings where name in ({})", names.join(", "));
    let mut adjusted = Vec::new();
    for row in read(client, &query).await? {
        let (name, value) = (row.get(0).unwrap_or_default(), row.get(1).unwrap_or_default());
        let Some((name, right)) = wanted.iter().find(|(wanted, _)| *wanted == name) else { continue };
        if value != right && !is_fine(name, value, idle) {
            read(client, &format!("select set_config('{name}', '{right}', false)")).await?;
            adjusted.push((*name, value.to_owned()));
        }
    }
    Ok(adjusted)
}

/// Whether commits wait for a standby.
pub(in crate::store) async fn standbys(client: &Client) -> Result<Standbys, tokio_postgres::Error> {
    let query = "select current_setting('synchronous_standby_names'), current_setting('synchronous_commit'), \
                 count(*), count(*) filter (where sync_state in ('sync', 'quorum')), \
                 count(*) filter (where sync_state is null) from pg_stat_replication";
    let row = rows(client, query).await?.into_iter().next();
    let get = |index: usize| row.as_ref().and_then(|row| row.get(index)).unwrap_or_default().to_owned();
    let (names, commit, all, synchronous, hidden) = (get(0), get(1), get(2), get(3), get(4));
    Ok(match () {
        () if names.trim().is_empty() => Standbys::None("`synchronous_standby_names` is empty".into()),
        () if ["off", "local"].contains(&commit.as_str()) => {
            Standbys::None(format!("`synchronous_commit` is `{commit}`, so no commit waits for a standby"))
        }
        () if synchronous != "0" => Standbys::Synchronous,
        () if hidden != "0" => Standbys::None(
            "the role may not see its standbys: `grant pg_monitor to` it, or `grant pg_read_all_stats`".into(),
        ),
        () if all == "0" => Standbys::None("no standby is connected".into()),
        () => Standbys::None(format!("none of {all} standbys is one of `synchronous_standby_names`")),
    })
}

async fn one(client: &Client, query: &str) -> Result<SimpleQueryRow, ConnectFailure> {
    let rows = read(client, query).await?;
    rows.into_iter().next().ok_or_else(|| ConnectFailure::NotPostgres("a server that answers without rows".into()))
}

async fn read(client: &Client, query: &str) -> Result<Vec<SimpleQueryRow>, ConnectFailure> {
    rows(client, query).await.map_err(|error| ConnectFailure::of_statement(&error))
}

/// The rows of a query that is not prepared.
pub(in crate::store) async fn rows(client: &Client, query: &str) -> Result<Vec<SimpleQueryRow>, tokio_postgres::Error> {
    let messages = client.simple_query(query).await?.into_iter();
    let rows = messages.filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Ok(rows.collect())
}
