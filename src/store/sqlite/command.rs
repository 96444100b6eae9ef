//! The commands of the writer.

use tokio::sync::oneshot;

use crate::store::StoreError;
use crate::store::noted::Note;

use super::desk::WriteTransaction;
use super::failure::Failure;

pub(super) enum Command {
    /// A row of the journal for which no caller waits.
    Note(Box<Note>),
    /// A statement.
    Run(Box<dyn Work>),
    /// The end.
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// A statement whose answer waits for the commit.
pub(super) trait Work: Send {
    /// Carries it out. An error means that the whole transaction cannot go on.
    fn run(&mut self, desk: &mut WriteTransaction<'_>) -> Result<(), Failure>;

    /// Answers, now that the transaction is committed or has failed.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

pub(super) struct Statement<T, F> {
    run: Option<F>,
    done: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Statement<T, F>
where
    T: Send,
    F: FnOnce(&mut WriteTransaction<'_>) -> Result<T, Failure> + Send,
{
    pub(super) fn new(run: F, reply: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { run: Some(run), done: None, reply }
    }
}

impl<T, F> Work for Statement<T, F>
where
    T: Send,
    F: FnOnce(&mut WriteTransaction<'_>) -> Result<T, Failure> + Send,
{
    fn run(&mut self, desk: &mut WriteTransaction<'_>) -> Result<(), Failure> {
        let Some(run) = self.run.take() else { return Ok(()) };
        match desk.apart(run) {
            Ok(value) => self.done = Some(Ok(value)),
            Err(failure) if failure.is_of_one_statement() && !desk.connection.is_autocommit() => {
                self.done = Some(Err(failure.into_error()));
            }
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.done) {
            (Ok(()), Some(done)) => done,
            // The transaction's failure says more than the statement's own.
            (Err(error), _) => Err(error),
            (Ok(()), None) => Err(StoreError::Failed("the statement was not carried out".into())),
        };
        // Whoever asked may be gone; the statement is carried out all the same.
        let _ = self.reply.send(answer);
    }
}
