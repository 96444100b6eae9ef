//! Writes lines from a thread of its own, so that no request waits for a disk or a pipe.
//!
//! Callers append to one buffer that the thread swaps for its own: a line costs a copy, and one write serves all lines of
//! [`BATCH_DELAY`]. A line that does not fit is dropped and counted. Lines that cannot be written are kept and retried.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many bytes may wait to be written.
const MAX_QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// How long lines are collected before they are written.
const BATCH_DELAY: Duration = Duration::from_millis(10);
/// The time from a failed write to the next attempt, and from a write to [`Sink::sync`].
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Where lines are written; only the thread calls it.
pub(super) trait Sink: Send {
    /// Writes `lines`, which ends with a whole line, and removes from its front what was written.
    ///
    /// # Errors
    /// The rest cannot be written now.
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()>;

    /// Makes durable what was written; called about a second after a write, and on a flush.
    ///
    /// # Errors
    /// What was written may be lost.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Reports that writing has started to fail, or with `None` that it works again.
    fn report(&self, error: Option<&io::Error>);
}

/// A queue of lines and the thread that writes them; cheap to clone.
#[derive(Clone)]
pub(super) struct BackgroundWriter(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// A flush is done.
    flushed: Condvar,
}

#[derive(Default)]
struct State {
    queue: Vec<u8>,
    /// Bytes that the thread has taken and not yet written.
    unwritten: usize,
    replacement: Option<Replacement>,
    /// The thread has to be woken for the next line.
    asleep: bool,
    flushes_requested: u64,
    flushes_done: u64,
    ended: bool,
    health: WriterHealth,
}

/// The sink that replaces the present one.
struct Replacement {
    sink: Box<dyn Sink>,
    /// How many bytes the present sink is still to write.
    before: usize,
}

/// Whether lines are written, and how many were lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct WriterHealth {
    /// Lines lost since the start.
    pub lost: u64,
    /// Why nothing can be written at present.
    pub failing: Option<String>,
}

impl BackgroundWriter {
    /// Starts the thread.
    ///
    /// # Errors
    /// The thread cannot be created.
    pub(super) fn start(name: &str, sink: Box<dyn Sink>) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), flushed: Condvar::new() });
        let worker = Worker {
            shared: Arc::clone(&shared),
            sink,
            replacement: None,
            lines: Vec::new(),
            torn: false,
            unsynced: None,
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || worker.run())?;
        Ok(Self(shared))
    }

    /// Queues a whole line, its end included, or counts it as lost.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.0.state();
        if state.ended || state.queue.len() + state.unwritten + line.len() > MAX_QUEUE_BYTES {
            state.health.lost += 1;
            return;
        }
        state.queue.extend_from_slice(line);
        if std::mem::take(&mut state.asleep) {
            drop(state);
            self.0.work.notify_one();
        }
    }

    /// Writes later lines to another sink. Earlier lines go to the present sink, and to the other one if that
    /// fails. Returns at once; [`BackgroundWriter::flush`] waits for the lines.
    pub(super) fn replace(&self, sink: Box<dyn Sink>) {
        let mut state = self.0.state();
        let before = state.queue.len();
        state.replacement = Some(Replacement { sink, before });
        drop(state);
        self.0.work.notify_one();
    }

    /// Waits until every line so far was written or could not be, but no longer than `timeout`.
    pub(super) fn flush(&self, timeout: Duration) {
        let mut state = self.0.state();
        state.flushes_requested += 1;
        let this = state.flushes_requested;
        self.0.work.notify_one();
        drop(self.0.flushed.wait_timeout_while(state, timeout, |state| state.flushes_done < this));
    }

    /// Flushes for the last time: later lines are lost, and the thread ends.
    pub(super) fn end(&self, timeout: Duration) {
        self.0.state().ended = true;
        self.flush(timeout);
    }

    pub(super) fn health(&self) -> WriterHealth {
        self.0.state().health.clone()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps while `condition` holds, at most for `timeout`.
    fn sleep<'a>(
        &self,
        state: MutexGuard<'a, State>,
        timeout: Duration,
        condition: impl Fn(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let waited = self.work.wait_timeout_while(state, timeout, |state| condition(state));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl State {
    /// Whether no flush waits for the thread.
    fn is_flushed(&self) -> bool {
        self.flushes_requested == self.flushes_done
    }

    fn is_idle(&self) -> bool {
        self.is_flushed() && self.queue.is_empty() && self.replacement.is_none()
    }
}

/// The thread.
struct Worker {
    shared: Arc<Shared>,
    sink: Box<dyn Sink>,
    replacement: Option<Replacement>,
    /// Lines taken from the queue and not yet written.
    lines: Vec<u8>,
    /// The sink has written the start of a line and not its end.
    torn: bool,
    /// Since when something is written and not synced.
    unsynced: Option<Instant>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let (flush, ended) = self.take();
            let result = self.write(flush.is_some());
            self.report(&result, flush);
            if ended {
                return;
            }
        }
    }

    /// Waits for work and takes it; returns the flush to complete with it, and whether it is the last.
    fn take(&mut self) -> (Option<u64>, bool) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state();
        if self.lines.is_empty() {
            state.asleep = true;
            let timeout = self.unsynced.map_or(Duration::MAX, |_| RETRY_DELAY);
            state = shared.sleep(state, timeout, State::is_idle);
            state.asleep = false;
            if !state.queue.is_empty() {
                state = shared.sleep(state, BATCH_DELAY, State::is_flushed);
            }
        } else {
            state = shared.sleep(state, RETRY_DELAY, |state| state.is_flushed() && state.replacement.is_none());
        }
        let unwritten = self.lines.len();
        let replacement = state.replacement.take();
        self.replacement = replacement.map(|next| Replacement { before: unwritten + next.before, ..next });
        if self.lines.is_empty() {
            std::mem::swap(&mut self.lines, &mut state.queue);
        } else {
            self.lines.append(&mut state.queue);
        }
        state.unwritten = self.lines.len();
        ((!state.is_flushed()).then_some(state.flushes_requested), state.ended)
    }

    fn write(&mut self, sync_now: bool) -> io::Result<()> {
        if let Some(Replacement { sink, before }) = self.replacement.take() {
            let _rest_is_for_the_next = self.write_first(before, true);
            (self.sink, self.unsynced) = (sink, None);
            self.drop_torn_end();
        }
        self.write_first(self.lines.len(), sync_now)
    }

    /// Writes the first `count` bytes.
    fn write_first(&mut self, count: usize, sync_now: bool) -> io::Result<()> {
        let mut rest = &self.lines[..count];
        let result = self.sink.write(&mut rest);
        let written = count - rest.len();
        if written > 0 {
            self.torn = self.lines[written - 1] != b'\n';
            self.unsynced.get_or_insert_with(Instant::now);
        }
        self.lines.drain(..written);
        result?;
        if self.unsynced.is_some_and(|since| sync_now || since.elapsed() >= RETRY_DELAY) {
            self.sink.sync()?;
            self.unsynced = None;
        }
        Ok(())
    }

    /// Drops the end of a line whose start another sink has written, so that no file holds only an end.
    fn drop_torn_end(&mut self) {
        if std::mem::take(&mut self.torn) {
            let end = self.lines.iter().position(|&byte| byte == b'\n').map_or(self.lines.len(), |at| at + 1);
            self.lines.drain(..end);
            self.shared.state().health.lost += 1;
        }
    }

    /// Updates the health, reports a change of it, and completes the flush.
    fn report(&mut self, result: &io::Result<()>, flush: Option<u64>) {
        let error = result.as_ref().err();
        let failed_before = self.shared.state().health.failing.is_some();
        if error.is_some() != failed_before {
            self.sink.report(error);
        }
        let mut state = self.shared.state();
        state.health.failing = error.map(ToString::to_string);
        state.unwritten = self.lines.len();
        if state.ended {
            state.health.lost += self.lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
        }
        if let Some(flush) = flush {
            state.flushes_done = flush;
            self.shared.flushed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::background_writer::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    /// A sink in memory that can be made to fail.
    #[derive(Clone, Default)]
    struct MemorySink(Arc<Mutex<Written>>);

    #[derive(Default)]
    struct Written {
        text: String,
        broken: bool,
        syncs: usize,
        reports: Vec<bool>,
    }

    impl MemorySink {
        fn written(&self) -> MutexGuard<'_, Written> {
            self.0.lock().unwrap()
        }
    }

    impl Sink for MemorySink {
        fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
            let mut written = self.written();
            if written.broken && !lines.is_empty() {
                return Err(io::Error::other("no space"));
            }
            written.text.push_str(std::str::from_utf8(lines).unwrap());
            *lines = &[];
            Ok(())
        }

        fn sync(&mut self) -> io::Result<()> {
            self.written().syncs += 1;
            Ok(())
        }

        fn report(&self, error: Option<&io::Error>) {
            self.written().reports.push(error.is_some());
        }
    }

    fn start() -> (BackgroundWriter, MemorySink) {
        let sink = MemorySink::default();
        (BackgroundWriter::start("test", Box::new(sink.clone())).unwrap(), sink)
    }

    #[test]
    fn lines_of_all_threads_are_written_whole_and_in_order() {
        let (writer, sink) = start();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let writer = writer.clone();
                scope.spawn(move || (0..500).for_each(|line| writer.push(format!("{thread} {line}\n").as_bytes())));
            }
        });
        writer.flush(TIMEOUT);
        let text = sink.written().text.clone();
        for thread in 0..4 {
            let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{thread} ")));
            assert!(own.eq((0..500).map(|line| line.to_string())));
        }
        assert_eq!((writer.health(), sink.written().syncs > 0), (WriterHealth::default(), true));
    }

    #[test]
    fn lines_that_cannot_be_written_are_kept_and_the_failure_is_reported_once() {
        let (writer, sink) = start();
        sink.written().broken = true;
        for line in ["a\n", "b\n", "c\n"] {
            writer.push(line.as_bytes());
            writer.flush(TIMEOUT);
        }
        assert_eq!(writer.health(), WriterHealth { lost: 0, failing: Some("no space".into()) });
        sink.written().broken = false;
        writer.flush(TIMEOUT);
        assert_eq!((sink.written().text.as_str(), writer.health()), ("a\nb\nc\n", WriterHealth::default()));
        assert_eq!(sink.written().reports, [true, false]);
    }

    #[test]
    fn lines_beyond_the_limit_are_counted_as_lost() {
        let (writer, sink) = start();
        sink.written().broken = true;
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..MAX_QUEUE_BYTES / 1024 + 7 {
            writer.push(&line);
        }
        writer.flush(TIMEOUT);
        assert_eq!(writer.health().lost, 7);
        writer.end(TIMEOUT);
        writer.push(b"too late\n");
        assert_eq!(writer.health().lost, 7 + (MAX_QUEUE_BYTES / 1024) as u64 + 1);
    }

    #[test]
    fn a_new_sink_gets_what_the_old_one_could_not_write() {
        let (writer, broken) = start();
        broken.written().broken = true;
        writer.push(b"a\n");
        writer.flush(TIMEOUT);
        let sink = MemorySink::default();
        writer.replace(Box::new(sink.clone()));
        writer.end(TIMEOUT);
        assert_eq!((sink.written().text.as_str(), broken.written().text.as_str()), ("a\n", ""));
        assert_eq!(writer.health(), WriterHealth::default());
    }

    #[test]
    fn a_replaced_sink_gets_the_lines_before_and_the_new_one_those_after() {
        let (writer, first) = start();
        let second = MemorySink::default();
        let held = first.written(); // the thread cannot write meanwhile
        writer.push(b"a\n");
        writer.replace(Box::new(second.clone()));
        writer.push(b"b\n");
        drop(held);
        writer.flush(TIMEOUT);
        assert_eq!((first.written().text.as_str(), second.written().text.as_str()), ("a\n", "b\n"));
        assert!(first.written().syncs > 0);
    }
}
