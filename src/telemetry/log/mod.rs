//! Logging: one subscriber, its filter changeable while running, its lines written behind everybody's back.

pub(super) mod access;
pub(super) mod json_lines;
pub(super) mod timestamp;

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use super::append_file::Appended;
use super::background_writer::{Health, Lines, Sink};
use super::settings::{LogFormat, LogSettings};
use json_lines::JsonLines;

/// How long the last lines may take at the end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long standard error may take nothing before the log counts as failing.
const PATIENCE_FOR_ROOM: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// Who may read the log's file: its owner and group.
const MODE: u32 = 0o640;

/// The running subscriber.
#[derive(Clone)]
pub struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
    lines: Lines,
    /// The same lines, if they are JSON.
    json: Option<JsonLines>,
}

/// What a new configuration makes of the log, opened and ready to be taken up.
pub(super) struct NextLog {
    filter: EnvFilter,
    target: Target,
}

/// Starts logging. The format stays for the life of the process, filter and file do not.
///
/// # Errors
/// The filter cannot be parsed, the file not be opened, or somebody logs already.
pub fn start(log: &LogSettings) -> Result<LogControl, Box<dyn std::error::Error>> {
    let next = NextLog::of(log)?;
    let terminal = log.file.is_none() && io::stderr().is_terminal();
    let lines = Lines::start("log", Box::new(next.target))?;
    let (filter, handle) = reload::Layer::new(next.filter);
    let json = log.format == LogFormat::Json || log.format == LogFormat::Auto && !terminal;
    let json = json.then(|| JsonLines(lines.clone()));
    let layer = match &json {
        Some(json) => json.clone().boxed(),
        None => fmt::layer().with_writer(lines.clone()).with_target(true).with_ansi(terminal).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(filter_fn(may_be_written)).with(layer).try_init()?;
    Ok(LogControl { filter: handle, lines, json })
}

/// Whether a line may be written, whatever the filter says: what libraries have to say below `info` holds what peers
/// sent, such as the words with which a vendor closes an HTTP/2 connection, and these may be anything.
fn may_be_written(line: &Metadata<'_>) -> bool {
    *line.level() <= Level::INFO || line.target().starts_with("switchboard")
}

impl LogControl {
    /// Takes up the filter and the file of a new configuration.
    pub(super) fn take_up(&self, next: NextLog) {
        self.lines.replace(Box::new(next.target));
        if let Err(error) = self.filter.reload(next.filter) {
            tracing::error!(%error, "the log filter cannot be replaced; the old one stays in force");
        }
    }

    /// The log as lines of JSON, for what is no event but has passed the filter like one; `None` in the other format.
    pub(super) fn json(&self) -> Option<&JsonLines> {
        self.json.as_ref()
    }

    /// Lines lost, and why nothing can be written.
    pub fn health(&self) -> Health {
        self.lines.health()
    }

    /// Writes what is still to be written, within a bounded time.
    pub fn flush(&self) {
        self.lines.flush(PATIENCE);
    }
}

impl NextLog {
    pub(super) fn of(log: &LogSettings) -> Result<Self, String> {
        let directives = &log.directives;
        let filter =
            EnvFilter::try_new(directives).map_err(|error| format!("log.filter: \"{directives}\": {error}"))?;
        Ok(Self { filter, target: Target::of(log)? })
    }
}

/// Where the lines go.
enum Target {
    StandardError,
    File(PathBuf, Appended),
}

impl Target {
    fn of(log: &LogSettings) -> Result<Self, String> {
        let Some(path) = &log.file else { return Ok(Self::StandardError) };
        let file = Appended::open(path, MODE, None);
        let file = file.map_err(|error| format!("log.file: `{}` cannot be opened: {error}", path.display()))?;
        Ok(Self::File(path.clone(), file))
    }

    fn path(&self) -> &Path {
        match self {
            Self::StandardError => Path::new("standard error"),
            Self::File(path, _) => path,
        }
    }
}

impl Sink for Target {
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        match self {
            Self::StandardError => write_to(&mut io::stderr().lock(), lines),
            Self::File(_, file) => file.write(lines),
        }
    }

    /// The log cannot report its own trouble in the log. Standard error that cannot be written may hold half a line.
    fn trouble(&self, error: Option<&io::Error>) {
        let path = self.path().display();
        let _no_way_left = match error {
            Some(_) if matches!(self, Self::StandardError) => Ok(()),
            Some(error) => writeln!(io::stderr(), "switchboard: the log cannot be written to {path}: {error}"),
            None => writeln!(io::stderr(), "switchboard: the log is written to {path} again"),
        };
    }
}

/// Writes `lines` and takes off their front what was written, which may end within a line. Waits where a blocking
/// write would: others who share standard error may have made it non-blocking.
///
/// # Errors
/// The rest cannot be written now.
fn write_to(out: &mut (impl Write + AsFd), lines: &mut &[u8]) -> io::Result<()> {
    while !lines.is_empty() {
        match out.write(lines) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => *lines = &lines[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_for_room(out)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits a bounded time until something can be written.
fn wait_for_room(out: &impl AsFd) -> io::Result<()> {
    let mut room = [PollFd::new(out, PollFlags::OUT)];
    match poll(&mut room, Some(&PATIENCE_FOR_ROOM)) {
        Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// For the format for people, which writes each event at once.
impl<'a> MakeWriter<'a> for Lines {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event(self)
    }
}

/// Takes one whole event.
pub(super) struct Event<'a>(&'a Lines);

impl Write for Event<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.push(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
