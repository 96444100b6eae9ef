//! Lines that are written later, by a thread of their own: whoever has something to say never waits for a disk or a
//! pipe.
//!
//! Lines gather in one buffer that the thread swaps for its own, so that a line costs a copy, and a write serves all
//! that came meanwhile. What the buffer has no room for is lost and counted; what could not be written is kept and
//! tried again.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most that waits to be written, in bytes.
const ROOM: usize = 4 * 1024 * 1024;
/// How long lines gather before they are written.
const GATHER: Duration = Duration::from_millis(10);
/// How long after a failure the next attempt comes, and how long what was written stays unsettled.
const PAUSE: Duration = Duration::from_secs(1);

/// Where lines end up; only the thread calls it.
pub(super) trait Sink: Send {
    /// Writes `lines`, all of them whole, and takes off their front what it has written.
    ///
    /// # Errors
    /// The rest cannot be written now.
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()>;

    /// Called about a second after something was written, and when everything has to be written now.
    ///
    /// # Errors
    /// What was written may not last.
    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Called when writing begins to fail, and with `None` when it works again.
    fn trouble(&self, error: Option<&io::Error>);
}

/// A queue of lines and the thread behind it; cheap to clone.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is something to do.
    work: Condvar,
    /// Somebody's wish to have everything written is fulfilled.
    done: Condvar,
}

#[derive(Default)]
struct State {
    queue: Vec<u8>,
    /// Bytes that the thread has taken and not yet written.
    in_hand: usize,
    next: Option<Next>,
    /// The thread has to be woken for the next line.
    asleep: bool,
    /// How often everything was to be written at once, and how often that was done.
    asked: u64,
    answered: u64,
    ended: bool,
    health: Health,
}

/// The sink that replaces the present one.
struct Next {
    sink: Box<dyn Sink>,
    /// The bytes of the queue, or of the lines in hand, that the present sink is to write before.
    before: usize,
}

/// How the writing goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Health {
    /// Lines lost since the start.
    pub lost: u64,
    /// Why nothing can be written at present.
    pub failing: Option<String>,
}

impl Lines {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be had.
    pub(super) fn start(name: &str, sink: Box<dyn Sink>) -> io::Result<Self> {
        let shared = Arc::new(Shared { state: Mutex::default(), work: Condvar::new(), done: Condvar::new() });
        let writer =
            Writer { shared: Arc::clone(&shared), sink, next: None, lines: Vec::new(), torn: false, unsettled: None };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || writer.run())?;
        Ok(Self(shared))
    }

    /// Takes a whole line, its end included, or counts it as lost.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.0.state();
        if state.ended || state.queue.len() + state.in_hand + line.len() > ROOM {
            state.health.lost += 1;
            return;
        }
        state.queue.extend_from_slice(line);
        if std::mem::take(&mut state.asleep) {
            drop(state);
            self.0.work.notify_one();
        }
    }

    /// Writes later lines to another sink. Earlier lines go to the present sink, and to the other one where that
    /// fails. Returns at once; [`Lines::flush`] waits for the lines.
    pub(super) fn replace(&self, sink: Box<dyn Sink>) {
        let mut state = self.0.state();
        let before = state.queue.len();
        state.next = Some(Next { sink, before });
        drop(state);
        self.0.work.notify_one();
    }

    /// Waits until everything so far is written or has failed to be, but no longer than `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let mut state = self.0.state();
        state.asked += 1;
        let mine = state.asked;
        self.0.work.notify_one();
        let waiting = |state: &mut State| state.answered < mine;
        drop(self.0.done.wait_timeout_while(state, patience, waiting));
    }

    /// The same for the last time: lines that come later are lost, and the thread ends.
    pub(super) fn end(&self, patience: Duration) {
        self.0.state().ended = true;
        self.flush(patience);
    }

    pub(super) fn health(&self) -> Health {
        self.0.state().health.clone()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sleeps while `so`, at most for `time` if there is one.
    fn sleep<'a>(
        &self,
        state: MutexGuard<'a, State>,
        time: Option<Duration>,
        mut so: impl FnMut(&State) -> bool,
    ) -> MutexGuard<'a, State> {
        let so = |state: &mut State| so(state);
        match time {
            Some(time) => self.work.wait_timeout_while(state, time, so).unwrap_or_else(PoisonError::into_inner).0,
            None => self.work.wait_while(state, so).unwrap_or_else(PoisonError::into_inner),
        }
    }
}

impl State {
    /// Whether nobody waits for the thread to be through.
    fn has_time(&self) -> bool {
        self.asked == self.answered
    }

    fn is_idle(&self) -> bool {
        self.has_time() && self.queue.is_empty() && self.next.is_none()
    }
}

/// The thread.
struct Writer {
    shared: Arc<Shared>,
    sink: Box<dyn Sink>,
    next: Option<Next>,
    /// What is in hand.
    lines: Vec<u8>,
    /// The sink has taken the beginning of a line and not its end.
    torn: bool,
    /// Since when there is something to settle.
    unsettled: Option<Instant>,
}

impl Writer {
    fn run(mut self) {
        loop {
            let (asked, ended) = self.take();
            let result = self.write(asked.is_some());
            self.conclude(&result, asked);
            if ended {
                return;
            }
        }
    }

    /// Waits for something to do and takes it in hand; says which wish that fulfils, and whether it is the last.
    fn take(&mut self) -> (Option<u64>, bool) {
        let shared = Arc::clone(&self.shared);
        let mut state = shared.state();
        if !self.lines.is_empty() {
            state = shared.sleep(state, Some(PAUSE), |state| state.has_time() && state.next.is_none());
        } else {
            state.asleep = true;
            state = shared.sleep(state, self.unsettled.map(|_| PAUSE), State::is_idle);
            state.asleep = false;
            if !state.queue.is_empty() {
                state = shared.sleep(state, Some(GATHER), State::has_time);
            }
        }
        let in_hand = self.lines.len();
        self.next = state.next.take().map(|next| Next { before: in_hand + next.before, ..next });
        if self.lines.is_empty() {
            std::mem::swap(&mut self.lines, &mut state.queue);
        } else {
            self.lines.append(&mut state.queue);
        }
        state.in_hand = self.lines.len();
        ((!state.has_time()).then_some(state.asked), state.ended)
    }

    fn write(&mut self, now: bool) -> io::Result<()> {
        if let Some(Next { sink, before }) = self.next.take() {
            let _rest_is_for_the_next = self.write_first(before, true);
            (self.sink, self.unsettled) = (sink, None);
            self.drop_torn_end();
        }
        self.write_first(self.lines.len(), now)
    }

    /// Writes so many bytes of what is in hand.
    fn write_first(&mut self, most: usize, now: bool) -> io::Result<()> {
        let mut rest = &self.lines[..most];
        let result = self.sink.write(&mut rest);
        let written = most - rest.len();
        if written > 0 {
            self.torn = self.lines[written - 1] != b'\n';
            self.unsettled.get_or_insert_with(Instant::now);
        }
        self.lines.drain(..written);
        result?;
        if self.unsettled.is_some_and(|since| now || since.elapsed() >= PAUSE) {
            self.sink.settle()?;
            self.unsettled = None;
        }
        Ok(())
    }

    /// A line whose beginning another sink has is lost: no file has the end of a line alone.
    fn drop_torn_end(&mut self) {
        if std::mem::take(&mut self.torn) {
            let end = self.lines.iter().position(|&byte| byte == b'\n').map_or(self.lines.len(), |at| at + 1);
            self.lines.drain(..end);
            self.shared.state().health.lost += 1;
        }
    }

    /// Says how it went.
    fn conclude(&mut self, result: &io::Result<()>, asked: Option<u64>) {
        let error = result.as_ref().err();
        let failed_before = self.shared.state().health.failing.is_some();
        if error.is_some() != failed_before {
            self.sink.trouble(error);
        }
        let mut state = self.shared.state();
        state.health.failing = error.map(ToString::to_string);
        state.in_hand = self.lines.len();
        if state.ended {
            state.health.lost += self.lines.iter().filter(|&&byte| byte == b'\n').count() as u64;
        }
        if let Some(asked) = asked {
            state.answered = asked;
            self.shared.done.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::background_writer::*;

    const LONG: Duration = Duration::from_secs(60);

    /// Keeps what it is given while it works.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Sheet>>);

    #[derive(Default)]
    struct Sheet {
        text: String,
        broken: bool,
        settled: usize,
        troubles: Vec<bool>,
    }

    impl Paper {
        fn sheet(&self) -> MutexGuard<'_, Sheet> {
            self.0.lock().unwrap()
        }
    }

    impl Sink for Paper {
        fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
            let mut sheet = self.sheet();
            if sheet.broken && !lines.is_empty() {
                return Err(io::Error::other("no space"));
            }
            sheet.text.push_str(std::str::from_utf8(lines).unwrap());
            *lines = &[];
            Ok(())
        }

        fn settle(&mut self) -> io::Result<()> {
            self.sheet().settled += 1;
            Ok(())
        }

        fn trouble(&self, error: Option<&io::Error>) {
            self.sheet().troubles.push(error.is_some());
        }
    }

    fn started() -> (Lines, Paper) {
        let paper = Paper::default();
        (Lines::start("test", Box::new(paper.clone())).unwrap(), paper)
    }

    #[test]
    fn everybodys_lines_arrive_whole_and_in_their_order() {
        let (lines, paper) = started();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let lines = lines.clone();
                scope.spawn(move || (0..500).for_each(|line| lines.push(format!("{writer} {line}\n").as_bytes())));
            }
        });
        lines.flush(LONG);
        let text = paper.sheet().text.clone();
        for writer in 0..4 {
            let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{writer} ")));
            assert!(own.eq((0..500).map(|line| line.to_string())));
        }
        assert_eq!((lines.health(), paper.sheet().settled > 0), (Health::default(), true));
    }

    #[test]
    fn what_cannot_be_written_is_kept_and_said_once() {
        let (lines, paper) = started();
        paper.sheet().broken = true;
        for line in ["a\n", "b\n", "c\n"] {
            lines.push(line.as_bytes());
            lines.flush(LONG);
        }
        assert_eq!(lines.health(), Health { lost: 0, failing: Some("no space".into()) });
        paper.sheet().broken = false;
        lines.flush(LONG);
        assert_eq!((paper.sheet().text.as_str(), lines.health()), ("a\nb\nc\n", Health::default()));
        assert_eq!(paper.sheet().troubles, [true, false]);
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        let (lines, paper) = started();
        paper.sheet().broken = true;
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        for _ in 0..ROOM / 1024 + 7 {
            lines.push(&line);
        }
        lines.flush(LONG);
        assert_eq!(lines.health().lost, 7);
        lines.end(LONG);
        lines.push(b"too late\n");
        assert_eq!(lines.health().lost, 7 + (ROOM / 1024) as u64 + 1);
    }

    #[test]
    fn another_sink_gets_what_the_first_could_not_write() {
        let (lines, broken) = started();
        broken.sheet().broken = true;
        lines.push(b"a\n");
        lines.flush(LONG);
        let paper = Paper::default();
        lines.replace(Box::new(paper.clone()));
        lines.end(LONG);
        assert_eq!((paper.sheet().text.as_str(), broken.sheet().text.as_str()), ("a\n", ""));
        assert_eq!(lines.health(), Health::default());
    }

    #[test]
    fn a_replaced_sink_gets_the_lines_before_and_the_new_one_those_after() {
        let (lines, first) = started();
        let second = Paper::default();
        let held = first.sheet(); // the thread cannot write meanwhile
        lines.push(b"a\n");
        lines.replace(Box::new(second.clone()));
        lines.push(b"b\n");
        drop(held);
        lines.flush(LONG);
        assert_eq!((first.sheet().text.as_str(), second.sheet().text.as_str()), ("a\n", "b\n"));
        assert!(first.sheet().settled > 0);
    }
}
