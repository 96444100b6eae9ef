//! A lane: one connection with a task of its own, which carries out jobs in the order in which they were called.
//!
//! It takes what waits already, carries it out in one transaction, and answers after the commit; it never waits for more to
//! come. A transaction that the database refuses is repeated job by job. While there is no connection, it makes a new one,
//! and jobs that wait for longer than the timeout fail.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_postgres::Row;

use crate::store::StoreError;
use crate::store::failpoint::{Point, reach};

use super::connect::pause::Pauses;
use super::connection::{Around, Connected, tell};
use super::failure::Trouble;
use super::job::{Job, Statement};
use super::state::Shared;
use super::statements::lock;

/// The most jobs in one transaction.
const BATCH: usize = 256;
/// The most keys in one transaction: each is a lock in the memory that all sessions of the database share.
const KEYS: usize = 64;
/// The pause before what is kept is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How often a job is tried that another transaction was in the way of.
const TRIES: u32 = 3;

/// The commands of a lane.
pub(super) enum Command {
    /// To carry this out.
    Job(Box<Job>),
    /// To say that everything before is done.
    Flush(oneshot::Sender<()>),
    /// To end, and say how many kept jobs are lost.
    Close(oneshot::Sender<usize>),
}

pub(super) struct Lane {
    pub(super) shared: Arc<Shared>,
    pub(super) commands: UnboundedReceiver<Command>,
    pub(super) queue: VecDeque<Command>,
    pub(super) connected: Option<Connected>,
    /// Whether it hears what other members tell.
    pub(super) listens: bool,
    /// Whether there are no more commands than those that wait.
    pub(super) is_ending: bool,
}

impl Lane {
    pub(super) async fn run(mut self) {
        loop {
            if self.queue.is_empty() {
                match self.commands.recv().await {
                    Some(command) => self.queue.push_back(command),
                    None => return,
                }
            }
            while let Ok(command) = self.commands.try_recv() {
                self.queue.push_back(command);
            }
            match self.queue.front() {
                Some(Command::Flush(_)) => {
                    if let Some(Command::Flush(done)) = self.queue.pop_front() {
                        let _ = done.send(());
                    }
                }
                Some(Command::Close(_)) => return self.end(0),
                _ => {
                    if !self.connect().await {
                        let lost = self.give_up();
                        return self.end(lost);
                    }
                    self.turn().await;
                }
            }
        }
    }

    /// Carries out what waits, as far as it goes together.
    async fn turn(&mut self) {
        let (mut jobs, mut keys) = (Vec::new(), 0);
        while let Some(Command::Job(job)) = self.queue.front() {
            keys += usize::from(job.locks.key.is_some());
            let is_alone = job.is_loose || !job.after.is_empty();
            if jobs.len() == BATCH || keys > KEYS || is_alone && !jobs.is_empty() {
                break;
            }
            let Some(Command::Job(job)) = self.queue.pop_front() else { break };
            if self.is_late(&job) {
                self.late(*job);
                continue;
            }
            jobs.push(*job);
            if is_alone {
                break;
            }
        }
        if let Some(job) = jobs.first_mut() {
            let all = std::mem::take(&mut job.after);
            let waited = async {
                for one in all {
                    // A lane that has ended has nothing before.
                    let _ = one.await;
                }
            };
            let _ = timeout(self.shared.timeout, waited).await;
        }
        self.carry_out(jobs).await;
    }

    /// Carries out jobs together, and one by one if they are refused.
    async fn carry_out(&mut self, jobs: Vec<Job>) {
        let several = jobs.len() > 1;
        match self.attempt(&jobs).await {
            Ok(rows) => {
                for (job, rows) in jobs.into_iter().zip(rows) {
                    self.answer(job, rows);
                }
            }
            Err(trouble) if several && !trouble.is_lost() => {
                let mut rest: VecDeque<_> = jobs.into();
                while let Some(job) = rest.pop_front() {
                    let lost = self.alone(job).await;
                    if lost {
                        break;
                    }
                }
                for job in rest.into_iter().rev() {
                    self.queue.push_front(Command::Job(Box::new(job)));
                }
            }
            Err(trouble) => {
                for job in jobs.into_iter().rev() {
                    self.failed(job, &trouble);
                }
                self.pause_if_kept().await;
            }
        }
    }

    /// Carries out one job; `true` if the connection is lost.
    async fn alone(&mut self, job: Job) -> bool {
        for _ in 0..TRIES {
            match self.attempt(std::slice::from_ref(&job)).await {
                Ok(rows) => {
                    self.answer(job, rows.into_iter().next().unwrap_or_else(|| Ok(Vec::new())));
                    return false;
                }
                Err(Trouble::Refused { is_passing: true, .. }) => {}
                Err(trouble) => {
                    self.failed(job, &trouble);
                    return trouble.is_lost();
                }
            }
        }
        let why = "other transactions were in the way".to_owned();
        self.failed(job, &Trouble::Refused { why, is_own: false, is_passing: true });
        false
    }

    /// The rows of each job. An error is that of all.
    async fn attempt(&mut self, jobs: &[Job]) -> Result<Vec<Result<Vec<Vec<Row>>, Trouble>>, Trouble> {
        let Some(connected) = &mut self.connected else { return Err(Trouble::Undone("there is no connection".into())) };
        let around = around(jobs);
        let locks = match jobs {
            [job] if job.is_alone => Vec::new(),
            _ if around == Around::Nothing => Vec::new(),
            jobs => lock::lock(jobs),
        };
        let statements = jobs.iter().flat_map(|job| &job.statements);
        let all: Vec<&Statement> = locks.iter().chain(statements).collect();
        reach(Point::BeforeCommit);
        let start = Instant::now();
        let done = timeout(self.shared.timeout, connected.run(&all, around)).await;
        let done = done.unwrap_or_else(|_| Err(Trouble::Lost("the database did not answer in time".into())));
        let writes = jobs.iter().any(|job| !job.reads);
        match done {
            Ok(rows) => {
                if writes {
                    reach(Point::AfterCommit);
                    self.shared.committed(start.elapsed());
                }
                let mut rows = rows.into_iter().skip(locks.len());
                let of_job = |job: &Job| rows.by_ref().take(job.statements.len()).collect();
                let all: Vec<Result<Vec<_>, Trouble>> = jobs.iter().map(of_job).collect();
                let lost = all.iter().find_map(|rows| rows.as_ref().err().filter(|trouble| trouble.is_lost()));
                if let Some(trouble) = lost {
                    self.lose(trouble.why());
                }
                Ok(all)
            }
            Err(trouble) => {
                if trouble.is_lost() {
                    self.lose(trouble.why());
                }
                Err(trouble)
            }
        }
    }

    fn lose(&mut self, why: &str) {
        self.connected = None;
        self.shared.failed(why);
    }

    fn answer(&mut self, job: Job, rows: Result<Vec<Vec<Row>>, Trouble>) {
        match rows {
            Ok(rows) => {
                self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
                (job.answer)(Ok(rows));
            }
            Err(trouble) => self.failed(job, &trouble),
        }
    }

    /// Answers a job that failed, or puts it back where it was.
    fn failed(&mut self, job: Job, trouble: &Trouble) {
        let is_own = matches!(trouble, Trouble::Refused { is_own: true, .. });
        if !is_own && !trouble.is_lost() {
            self.shared.failed(trouble.why());
        }
        if job.is_kept && !is_own {
            self.queue.push_front(Command::Job(Box::new(job)));
            return;
        }
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        let error = trouble.error(job.reads);
        (job.answer)(Err(error));
    }

    fn is_late(&self, job: &Job) -> bool {
        !job.is_kept && job.called.elapsed() >= self.shared.timeout
    }

    fn late(&self, job: Job) {
        self.shared.waiting.fetch_sub(1, Ordering::Relaxed);
        let why = self.shared.why().unwrap_or_else(|| "the database is too slow".into());
        (job.answer)(Err(StoreError::Failed(why)));
    }

    /// What is kept and was refused for a reason that may pass is not tried without a pause.
    async fn pause_if_kept(&mut self) {
        let is_kept = matches!(self.queue.front(), Some(Command::Job(job)) if job.is_kept);
        if is_kept && !self.is_ending {
            self.meanwhile(sleep(LONGEST_PAUSE)).await;
        }
    }

    /// Connects if there is no connection; `false` if there is none and it ends.
    async fn connect(&mut self) -> bool {
        let mut pauses = Pauses::default();
        loop {
            if self.connected.as_ref().is_some_and(|connected| !connected.is_closed()) {
                return true;
            }
            self.connected = None;
            let (shared, listens) = (self.shared.clone(), self.listens);
            let attempt = async move { shared.connect(listens).await };
            match self.meanwhile(attempt).await {
                Ok(connected) => {
                    self.connected = Some(connected);
                    if self.listens {
                        tell(&self.shared.news);
                    }
                    return true;
                }
                Err(why) => self.shared.failed(&why),
            }
            if self.is_ending || self.queue.iter().any(|command| matches!(command, Command::Close(_))) {
                return false;
            }
            self.meanwhile(sleep(pauses.next())).await;
            if self.queue.is_empty() {
                // The next one connects.
                return true;
            }
        }
    }

    /// Waits for something, and lets no job wait for too long meanwhile.
    async fn meanwhile<T>(&mut self, something: impl Future<Output = T>) -> T {
        tokio::pin!(something);
        loop {
            let late = self.queue.iter().find_map(|command| match command {
                Command::Job(job) if !job.is_kept => Some(job.called + self.shared.timeout),
                _ => None,
            });
            tokio::select! {
                done = &mut something => return done,
                command = self.commands.recv(), if !self.is_ending => match command {
                    Some(command) => self.queue.push_back(command),
                    None => self.is_ending = true,
                },
                () = sleep_until(late.unwrap_or_else(Instant::now).into()), if late.is_some() => self.expire(),
            }
        }
    }

    fn expire(&mut self) {
        for command in std::mem::take(&mut self.queue) {
            match command {
                Command::Job(job) if self.is_late(&job) => self.late(*job),
                command => self.queue.push_back(command),
            }
        }
    }

    /// Answers everything that waits; so many kept jobs are lost.
    fn give_up(&mut self) -> usize {
        let (mut lost, mut rest) = (0, VecDeque::new());
        for command in std::mem::take(&mut self.queue) {
            match command {
                Command::Job(job) => {
                    lost += usize::from(job.is_kept);
                    self.late(*job);
                }
                Command::Flush(done) => drop(done),
                close @ Command::Close(_) => rest.push_back(close),
            }
        }
        self.queue = rest;
        lost
    }

    fn end(mut self, lost: usize) {
        self.commands.close();
        self.connected = None;
        for command in self.queue {
            if let Command::Close(reply) = command {
                let _ = reply.send(lost);
            }
        }
    }
}

fn around(jobs: &[Job]) -> Around {
    match jobs {
        [job] if !job.needs_transaction() => Around::Nothing,
        jobs if jobs.iter().all(|job| job.reads) => Around::Nothing,
        jobs if jobs.iter().all(|job| job.is_lax || job.reads) => Around::Lax,
        _ => Around::Durable,
    }
}
