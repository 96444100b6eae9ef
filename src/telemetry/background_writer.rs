//! Writes lines from a thread of its own, so that no request waits for a disk or a pipe.
//!
//! Not `tracing-appender`: it drops what a failed write leaves, bounds its queue in lines instead of bytes, cannot flush
//! without ending, and ends within 1.1 s at most (tracing issues 2415, 3267 and 1135). The audit log needs all four.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
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

/// A queue of lines and the thread that writes them. The thread ends after the last line of a dropped writer.
pub(super) struct BackgroundWriter {
    queue: Sender<Message>,
    shared: Arc<Shared>,
}

enum Message {
    Line(Vec<u8>),
    /// Later lines go to this sink.
    Replace(Box<dyn Sink>),
    /// Drops the sender when every earlier line was written or could not be.
    Flush(Sender<()>),
}

#[derive(Default)]
struct Shared {
    /// The length of all lines that wait.
    bytes: AtomicUsize,
    lost: AtomicU64,
    failing: Mutex<Option<String>>,
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
    /// Starts the thread. If it cannot be created, all lines are lost and the health says why.
    pub(super) fn start(name: &str, sink: Box<dyn Sink>) -> Self {
        let (queue, messages) = mpsc::channel();
        let shared = Arc::<Shared>::default();
        let writer = Self { queue, shared: Arc::clone(&shared) };
        let worker = Worker { shared, sink, lines: Vec::new(), torn: false, unsynced: None, retry_at: None };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || worker.run(&messages));
        writer.shared.set_failing(thread.err().as_ref());
        writer
    }

    /// Queues a whole line, its end included, or counts it as lost.
    pub(super) fn push(&self, line: Vec<u8>) {
        let length = line.len();
        let fits = self.shared.bytes.fetch_add(length, Relaxed) + length <= MAX_QUEUE_BYTES;
        if !fits || self.queue.send(Message::Line(line)).is_err() {
            self.shared.bytes.fetch_sub(length, Relaxed);
            self.shared.lost.fetch_add(1, Relaxed);
        }
    }

    /// Writes later lines to another sink. Earlier lines go to the present sink, and to the other one if that
    /// fails. Returns at once; [`BackgroundWriter::flush`] waits for the lines.
    pub(super) fn replace(&self, sink: Box<dyn Sink>) {
        let _fails_without_a_thread = self.queue.send(Message::Replace(sink));
    }

    /// Waits until every line so far was written or could not be, but no longer than `timeout`.
    pub(super) fn flush(&self, timeout: Duration) {
        let (done, flushed) = mpsc::channel();
        let _fails_without_a_thread = self.queue.send(Message::Flush(done));
        let _disconnected_or_timeout = flushed.recv_timeout(timeout);
    }

    pub(super) fn health(&self) -> WriterHealth {
        let failing = self.shared.failing.lock().unwrap_or_else(PoisonError::into_inner).clone();
        WriterHealth { lost: self.shared.lost.load(Relaxed), failing }
    }
}

impl Shared {
    fn set_failing(&self, error: Option<&io::Error>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = error.map(ToString::to_string);
    }
}

/// One write is one line, as `tracing-subscriber` does it.
impl io::Write for &BackgroundWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line.to_vec());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The thread.
struct Worker {
    shared: Arc<Shared>,
    sink: Box<dyn Sink>,
    /// Lines taken from the queue and not yet written.
    lines: Vec<u8>,
    /// The sink has written the start of a line and not its end.
    torn: bool,
    /// Since when something is written and not synced.
    unsynced: Option<Instant>,
    /// When to try again, if the last write failed.
    retry_at: Option<Instant>,
}

impl Worker {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let idle = self.lines.is_empty() && self.unsynced.is_none();
            let first = messages.recv_timeout(if idle { Duration::MAX } else { RETRY_DELAY });
            if matches!(first, Ok(Message::Line(_))) {
                #[expect(clippy::disallowed_methods, reason = "this thread has no runtime")]
                std::thread::sleep(BATCH_DELAY);
            }
            let ended = matches!(first, Err(RecvTimeoutError::Disconnected));
            first.into_iter().chain(messages.try_iter()).for_each(|message| self.take(message));
            self.write(ended);
            if ended {
                return;
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Line(line) => self.lines.extend_from_slice(&line),
            Message::Flush(_done) => self.write(true),
            Message::Replace(sink) => {
                self.write(true);
                (self.sink, self.unsynced, self.retry_at) = (sink, None, self.retry_at.map(|_| Instant::now()));
                self.drop_torn_end();
            }
        }
    }

    /// Writes and syncs what is due, or with `now` everything. Updates the health, and reports a change of it.
    fn write(&mut self, now: bool) {
        if !now && self.retry_at.is_some_and(|at| Instant::now() < at) {
            return;
        }
        let result = self.write_lines().and_then(|()| self.sync(now));
        let error = result.as_ref().err();
        if error.is_some() != self.retry_at.is_some() {
            self.sink.report(error);
        }
        self.retry_at = error.map(|_| Instant::now() + RETRY_DELAY);
        self.shared.set_failing(error);
    }

    fn write_lines(&mut self) -> io::Result<()> {
        let mut rest = &self.lines[..];
        let result = self.sink.write(&mut rest);
        let written = self.lines.len() - rest.len();
        if written > 0 {
            self.torn = self.lines[written - 1] != b'\n';
            self.unsynced.get_or_insert_with(Instant::now);
            self.remove(written);
        }
        result
    }

    fn sync(&mut self, now: bool) -> io::Result<()> {
        if self.unsynced.is_some_and(|since| now || since.elapsed() >= RETRY_DELAY) {
            self.sink.sync()?;
            self.unsynced = None;
        }
        Ok(())
    }

    /// Drops the end of a line whose start another sink has written, so that no file holds only an end.
    fn drop_torn_end(&mut self) {
        if std::mem::take(&mut self.torn) {
            let end = self.lines.iter().position(|&byte| byte == b'\n').map_or(self.lines.len(), |at| at + 1);
            self.remove(end);
            self.shared.lost.fetch_add(1, Relaxed);
        }
    }

    fn remove(&mut self, count: usize) {
        self.lines.drain(..count);
        self.shared.bytes.fetch_sub(count, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::MutexGuard;

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
        (BackgroundWriter::start("test", Box::new(sink.clone())), sink)
    }

    #[test]
    fn lines_of_all_threads_are_written_whole_and_in_order() {
        let (writer, sink) = start();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let writer = &writer;
                scope.spawn(move || (0..500).for_each(|line| writer.push(format!("{thread} {line}\n").into())));
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
            writer.push(line.into());
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
            writer.push(line.clone());
        }
        writer.flush(TIMEOUT);
        assert_eq!(writer.health().lost, 7);
        sink.written().broken = false;
        writer.flush(TIMEOUT);
        writer.push(line);
        writer.flush(TIMEOUT);
        assert_eq!((writer.health().lost, sink.written().text.len()), (7, MAX_QUEUE_BYTES + 1024));
    }

    #[test]
    fn a_new_sink_gets_what_the_old_one_could_not_write() {
        let (writer, broken) = start();
        broken.written().broken = true;
        writer.push(b"a\n".into());
        writer.flush(TIMEOUT);
        let sink = MemorySink::default();
        writer.replace(Box::new(sink.clone()));
        writer.flush(TIMEOUT);
        assert_eq!((sink.written().text.as_str(), broken.written().text.as_str()), ("a\n", ""));
        assert_eq!(writer.health(), WriterHealth::default());
    }

    #[test]
    fn a_replaced_sink_gets_the_lines_before_and_the_new_one_those_after() {
        let (writer, first) = start();
        let second = MemorySink::default();
        let held = first.written(); // the thread cannot write meanwhile
        writer.push(b"a\n".into());
        writer.replace(Box::new(second.clone()));
        writer.push(b"b\n".into());
        drop(held);
        writer.flush(TIMEOUT);
        assert_eq!((first.written().text.as_str(), second.written().text.as_str()), ("a\n", "b\n"));
        assert!(first.written().syncs > 0);
    }

    /// A sink that writes only the first bytes of a line.
    struct TornSink(Arc<Mutex<Vec<u8>>>);

    impl Sink for TornSink {
        fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
            if !lines.is_empty() && self.0.lock().unwrap().is_empty() {
                self.0.lock().unwrap().extend_from_slice(&lines[..3]);
                *lines = &lines[3..];
            }
            if lines.is_empty() { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
        }

        fn report(&self, _: Option<&io::Error>) {}
    }

    #[test]
    fn a_new_sink_gets_no_end_of_a_line_that_the_old_one_has_started() {
        let torn = Arc::<Mutex<Vec<u8>>>::default();
        let writer = BackgroundWriter::start("test", Box::new(TornSink(Arc::clone(&torn))));
        writer.push(b"first\n".into());
        writer.push(b"second\n".into());
        writer.flush(TIMEOUT);
        let sink = MemorySink::default();
        writer.replace(Box::new(sink.clone()));
        writer.flush(TIMEOUT);
        assert_eq!((torn.lock().unwrap().as_slice(), sink.written().text.as_str()), (&b"fir"[..], "second\n"));
        assert_eq!(writer.health(), WriterHealth { lost: 1, failing: None });
    }

    #[test]
    fn a_dropped_writer_writes_its_lines_and_ends() {
        let (writer, sink) = start();
        writer.push(b"a\n".into());
        drop(writer);
        while Arc::strong_count(&sink.0) > 1 {
            std::thread::yield_now();
        }
        let written = sink.written();
        assert_eq!((written.text.as_str(), written.syncs), ("a\n", 1));
    }
}
