//! Statements of a test on its server, as the superuser, over the Unix socket.

use tokio_postgres::{NoTls, SimpleQueryMessage};

use crate::{Server, USER};

impl Server {
    /// Changes a setting that needs no restart, also for those who are connected.
    ///
    /// # Panics
    /// If there is no such setting.
    pub async fn set(&self, name: &str, value: &str) {
        self.execute("postgres", &format!("alter system set {name} = '{value}'")).await;
        self.execute("postgres", "select pg_reload_conf()").await;
    }

    /// Carries out statements in a database, in one transaction.
    ///
    /// # Panics
    /// If one fails.
    pub async fn execute(&self, database: &str, sql: &str) {
        self.query(database, sql).await;
    }

    /// Carries out statements in a database, and gives the first column of their rows; `null` is empty.
    ///
    /// # Panics
    /// If one fails.
    pub async fn query(&self, database: &str, sql: &str) -> Vec<String> {
        let mut config = tokio_postgres::Config::new();
        config.host_path(self.socket_folder()).port(self.port()).user(USER).dbname(database);
        let (client, connection) = config.connect(NoTls).await.unwrap_or_else(|error| panic!("{database}: {error:?}"));
        let messages = async { client.simple_query(sql).await };
        let messages = tokio::select! {
            messages = messages => messages,
            ended = connection => panic!("{sql}: the connection ended: {ended:?}"),
        };
        let rows = messages.unwrap_or_else(|error| panic!("{sql}: {error:?}")).into_iter();
        rows.filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        })
        .collect()
    }
}
