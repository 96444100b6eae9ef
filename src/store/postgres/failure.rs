//! Why a statement or a transaction fails, in plain words, and what that means for it.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::StoreError;

/// What became of a transaction that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The database refused it, and nothing of it is stored.
    Refused {
        /// Why.
        why: String,
        /// Whether the fault lies in the values of one statement, so that others go on.
        is_own: bool,
        /// Whether the same may succeed when it is tried again at once.
        is_passing: bool,
    },
    /// The connection is gone, or no answer came: it may be stored.
    Lost(String),
    /// The connection is gone, and nothing is stored.
    Undone(String),
}

impl Trouble {
    /// Of a statement before its transaction's commit.
    pub(super) fn of_statement(error: &Error) -> Self {
        match error.as_db_error() {
            Some(error) if ends_connection(error.code()) => Self::Undone(words(error)),
            Some(error) => Self::refused(error),
            None if is_encoding(error) => Self::Refused { why: error.to_string(), is_own: true, is_passing: false },
            None => Self::Lost(lost(error)),
        }
    }

    /// Of a commit, or of a statement that is its own transaction.
    pub(super) fn of_commit(error: &Error) -> Self {
        match error.as_db_error() {
            Some(error) if ends_connection(error.code()) => Self::Lost(words(error)),
            _ => Self::of_statement(error),
        }
    }

    fn refused(error: &DbError) -> Self {
        let code = error.code();
        let class = code.code().get(..2).unwrap_or_default();
        let is_passing = matches!(
            *code,
            SqlState::T_R_DEADLOCK_DETECTED | SqlState::T_R_SERIALIZATION_FAILURE | SqlState::LOCK_NOT_AVAILABLE
        );
        Self::Refused { why: words(error), is_own: matches!(class, "22" | "23"), is_passing }
    }

    /// The same where nothing that stores was sent.
    pub(super) fn undone(self) -> Self {
        match self {
            Self::Lost(why) => Self::Undone(why),
            other => other,
        }
    }

    pub(super) fn why(&self) -> &str {
        match self {
            Self::Refused { why, .. } | Self::Lost(why) | Self::Undone(why) => why,
        }
    }

    pub(super) fn is_lost(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// What a caller hears.
    pub(super) fn error(&self, reads: bool) -> StoreError {
        match self {
            Self::Lost(why) if !reads => StoreError::Unknown(why.clone()),
            trouble => StoreError::Failed(trouble.why().to_owned()),
        }
    }
}

/// Whether the server has closed the connection with this: it shuts down, or an administrator has ended the session.
fn ends_connection(code: &SqlState) -> bool {
    matches!(code.code(), "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "25P04") || code.code().starts_with("08")
}

/// Whether a value could not be written as its type, so that nothing was sent.
fn is_encoding(error: &Error) -> bool {
    let text = error.to_string();
    ["error serializing parameter", "error encoding message", "expected "].iter().any(|begin| text.starts_with(begin))
}

fn lost(error: &Error) -> String {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    format!("the connection to the database was lost: {cause}")
}

/// Never the detail: it may show values.
fn words(error: &DbError) -> String {
    let code = error.code().code();
    let plain = match *error.code() {
        SqlState::DISK_FULL => "there is no space left for the database",
        SqlState::OUT_OF_MEMORY => "the database server has no memory left",
        SqlState::TOO_MANY_CONNECTIONS => "the database takes no more connections",
        SqlState::ADMIN_SHUTDOWN => "the database ended the connection",
        SqlState::CRASH_SHUTDOWN => "the database server restarts after a crash of one of its processes",
        SqlState::CANNOT_CONNECT_NOW => "the database is starting or shutting down",
        SqlState::READ_ONLY_SQL_TRANSACTION => "the database is a standby and takes no writes",
        SqlState::INSUFFICIENT_PRIVILEGE => "the database's user may not do this",
        SqlState::UNDEFINED_TABLE | SqlState::UNDEFINED_COLUMN => "the database's tables are not those of this version",
        SqlState::T_R_DEADLOCK_DETECTED => "two transactions waited for each other",
        SqlState::UNIQUE_VIOLATION => "it is stored already",
        _ => "",
    };
    match plain {
        "" => format!("the database fails: {} ({code})", error.message()),
        plain => format!("{plain} ({code})"),
    }
}
