//! One connection, and statements that are sent over it together.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::TryStreamExt;
use futures_util::future::{MaybeDone, maybe_done};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement as Prepared};
use tokio_util::task::TaskTracker;

use super::connect;
use super::failure::Trouble;
use super::job::Statement;

/// A connection, whose task ends with it.
pub(super) struct Connected {
    client: Client,
    task: AbortHandle,
    /// The statements that are prepared on it; `None` if none may be.
    prepared: Option<HashMap<&'static str, Prepared>>,
}

impl Drop for Connected {
    fn drop(&mut self) {
        // Without it, the task would wait for answers that may never come.
        self.task.abort();
    }
}

/// What surrounds statements that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Around {
    /// A transaction.
    Durable,
    /// One that a crash of the database's machine may undo.
    Lax,
    /// Nothing: each is a transaction of its own.
    Nothing,
}

type Sent<'s> = Pin<Box<MaybeDone<Pin<Box<dyn Future<Output = Result<Vec<Row>, Error>> + Send + 's>>>>>;

impl Connected {
    /// Lets a task of its own read what comes over a connection. What others tell wakes who waits for news.
    pub(super) fn new(
        connected: connect::Connected,
        is_prepared: bool,
        news: Option<Arc<Notify>>,
        tasks: &TaskTracker,
    ) -> Self {
        let connect::Connected { client, driver, .. } = connected;
        let task = tasks.spawn(async move {
            let heard = |_| {
                if let Some(news) = &news {
                    tell(news);
                }
            };
            // Its end is seen by those who wait for answers.
            let _ = driver.run(heard).await;
        });
        Self { client, task: task.abort_handle(), prepared: is_prepared.then(HashMap::new) }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    pub(super) async fn batch(&self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    /// Sends all statements at once, and gives the rows of each. The first failure counts; in a transaction nothing is stored
    /// then.
    pub(super) async fn run(
        &mut self,
        statements: &[&Statement],
        around: Around,
    ) -> Result<Vec<Result<Vec<Row>, Trouble>>, Trouble> {
        self.prepare(statements).await.map_err(|error| Trouble::of_statement(&error).undone())?;
        let begin = match around {
            Around::Durable => Some("begin"),
            Around::Lax => Some("begin; set local synchronous_commit = off"),
            Around::Nothing => None,
        };
        let mut sent: Vec<Sent<'_>> = begin.into_iter().map(|sql| self.simple(sql)).collect();
        sent.extend(statements.iter().map(|statement| self.send(statement)));
        let mut is_sent = start(&mut sent).await;
        if begin.is_some() {
            // What could not even be written as a message was not sent, and the others must not be stored without it.
            let mut end = vec![self.simple(if is_sent { "commit" } else { "rollback" })];
            is_sent &= start(&mut end).await;
            sent.append(&mut end);
        }
        let mut results = Vec::with_capacity(sent.len());
        for mut one in sent {
            one.as_mut().await;
            results.push(one.as_mut().take_output().unwrap_or_else(|| Ok(Vec::new())));
        }
        if begin.is_none() {
            return Ok(results.into_iter().map(|result| result.map_err(|error| Trouble::of_commit(&error))).collect());
        }
        settle(results, is_sent)
    }

    async fn prepare(&mut self, statements: &[&Statement]) -> Result<(), Error> {
        let Some(prepared) = &mut self.prepared else { return Ok(()) };
        for statement in statements {
            if let std::borrow::Cow::Borrowed(sql) = statement.sql
                && !prepared.contains_key(sql)
            {
                let types: Vec<_> = statement.params.iter().map(|param| param.kind.clone()).collect();
                prepared.insert(sql, self.client.prepare_typed(sql, &types).await?);
            }
        }
        Ok(())
    }

    fn simple<'s>(&'s self, sql: &'static str) -> Sent<'s> {
        let done = async move { self.client.batch_execute(sql).await.map(|()| Vec::new()) };
        Box::pin(maybe_done(Box::pin(done)))
    }

    fn send<'s>(&'s self, statement: &'s Statement) -> Sent<'s> {
        let prepared = self.prepared.as_ref().and_then(|prepared| prepared.get(&*statement.sql));
        let rows = async move {
            let values = statement.params.iter().map(|param| &*param.value as &(dyn ToSql + Sync));
            let rows = match prepared {
                Some(prepared) => self.client.query_raw(prepared, values).await?,
                None => {
                    let kinds = statement.params.iter().map(|param| param.kind.clone());
                    self.client.query_typed_raw(&statement.sql, values.zip(kinds)).await?
                }
            };
            rows.try_collect().await
        };
        Box::pin(maybe_done(Box::pin(rows)))
    }
}

/// Sends each, in this order: the first poll writes the message. `false` if one fails at once.
async fn start(sent: &mut [Sent<'_>]) -> bool {
    let mut is_sent = true;
    poll_fn(|context| {
        for one in &mut *sent {
            // An answer may be there at once.
            let _ = one.as_mut().poll(context);
            is_sent &= !matches!(one.as_mut().output_mut(), Some(Err(_)));
        }
        std::task::Poll::Ready(())
    })
    .await;
    is_sent
}

/// What a transaction's results, those of its begin and end among them, mean together.
fn settle(mut results: Vec<Result<Vec<Row>, Error>>, is_sent: bool) -> Result<Vec<Result<Vec<Row>, Trouble>>, Trouble> {
    let end = results.pop().transpose();
    let mut rows = Vec::with_capacity(results.len());
    for result in results.into_iter() {
        rows.push(result.map_err(|error| Trouble::of_statement(&error))?);
    }
    match end {
        Err(error) => Err(Trouble::of_commit(&error)),
        Ok(_) if !is_sent => Err(Trouble::Lost("the connection to the database was lost".into())),
        Ok(_) => Ok(rows.into_iter().skip(1).map(Ok).collect()),
    }
}

/// Wakes all who wait for news, and the next who will.
pub(super) fn tell(news: &Notify) {
    news.notify_waiters();
    news.notify_one();
}
