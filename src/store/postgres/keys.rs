//! The keys of a database: which ones sealed it, and whether they are here.

use tokio_postgres::Client;

use crate::store::seal::{KeyId, KeySource, SealError, Sealer};

use super::open::OpenError;

/// Whether anything is still sealed with a key. It reads all tables, and only where a key is missing.
const IS_USED: &str = "\
select exists (select 1 from ticket where $1 in (substr(answer, 1, 4), substr(problem, 1, 4), substr(body, 1, 4))) \
    or exists (select 1 from journal where $1 in (substr(answer, 1, 4), substr(problem, 1, 4), substr(body, 1, 4))) \
    or exists (select 1 from idem where substr(answer, 1, 4) = $1) or exists (select 1 from reply where substr(answer, 1, 4) = $1)";

/// The sealer of a database, once every key that something is sealed with has shown that it is the same as then.
pub(super) async fn sealer(client: &Client, mut source: KeySource) -> Result<Sealer, OpenError> {
    let keys = match &mut source {
        KeySource::Keys(keys) => std::mem::take(keys),
        KeySource::FileBeside => Vec::new(),
    };
    let sealer = Sealer::new(keys).ok_or(OpenError::NoKey)?;
    let given = sealer.ids();
    let known = known(client).await?;
    for (key, value) in &known {
        if sealer.is_check_value(value) {
            continue;
        }
        let used = client.query_one(IS_USED, &[&&key.0[..]]).await.map_err(failed)?;
        if given.contains(key) || used.try_get(0).map_err(failed)? {
            let given: Vec<_> = given.iter().map(ToString::to_string).collect();
            return Err(OpenError::WrongKey { key: key.to_string(), given: given.join(", ") });
        }
        tracing::info!(%key, "nothing is sealed with an old key any more");
        client.execute("delete from seal_key where id = $1", &[&&key.0[..]]).await.map_err(failed)?;
    }
    if let Some(newest) = given.first().filter(|newest| !known.iter().any(|(key, _)| key == *newest)) {
        let value = sealer.check_value(*newest).unwrap_or(Err(SealError::Random));
        let value = value.map_err(|error| OpenError::Statement(error.to_string()))?;
        // Another replica may begin at the same time.
        let sql = "insert into seal_key (id, value) values ($1, $2) on conflict (id) do nothing";
        client.execute(sql, &[&&newest.0[..], &value]).await.map_err(failed)?;
    }
    Ok(sealer)
}

/// The keys that have sealed, each with its check value.
async fn known(client: &Client) -> Result<Vec<(KeyId, Vec<u8>)>, OpenError> {
    let rows = client.query("select id, value from seal_key order by id", &[]).await.map_err(failed)?;
    let key = |row: &tokio_postgres::Row| {
        let id: Vec<u8> = row.try_get(0).map_err(failed)?;
        let id = id.try_into().map_err(|_| OpenError::Statement("the id of a key is damaged".to_owned()))?;
        Ok((KeyId(id), row.try_get(1).map_err(failed)?))
    };
    rows.iter().map(key).collect()
}

fn failed(error: tokio_postgres::Error) -> OpenError {
    OpenError::Statement(error.to_string())
}
