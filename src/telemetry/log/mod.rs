//! Logging: one subscriber whose filter and file can change while it runs. A background thread writes the lines.

pub(super) mod access;
mod member;

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use super::append_file::AppendFile;
use super::background_writer::{BackgroundWriter, Sink, WriterHealth};
use super::settings::{LogFormat, LogSettings};

/// How long a flush may take.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);
/// How long standard error may accept nothing before the log counts as failing.
const STDERR_TIMEOUT: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// The log's file is readable by its owner and group.
const FILE_MODE: u32 = 0o640;

/// The running subscriber.
#[derive(Clone)]
pub struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
    writer: BackgroundWriter,
    is_json: bool,
}

/// The log of a new configuration, opened and ready to be applied.
pub(super) struct PreparedLog {
    filter: EnvFilter,
    target: Target,
}

/// Starts logging. A reload can change the filter and the file, but not the format.
///
/// # Errors
/// The filter cannot be parsed, the file cannot be opened, or the process has a subscriber already.
pub fn start(log: &LogSettings) -> Result<LogControl, Box<dyn std::error::Error>> {
    let next = PreparedLog::of(log)?;
    let terminal = log.file.is_none() && io::stderr().is_terminal();
    let writer = BackgroundWriter::start("log", Box::new(next.target))?;
    let (filter, handle) = reload::Layer::new(next.filter);
    let is_json = log.format == LogFormat::Json || log.format == LogFormat::Auto && !terminal;
    let layer = match is_json {
        true => json(writer.clone()).boxed(),
        false => fmt::layer().with_writer(writer.clone()).with_target(true).with_ansi(terminal).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(filter_fn(may_be_written)).with(layer).try_init()?;
    Ok(LogControl { filter: handle, writer, is_json })
}

/// Writes each event as one JSON object with its fields at the top.
fn json<S: Subscriber + for<'a> LookupSpan<'a>>(writer: BackgroundWriter) -> impl Layer<S> {
    fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false).with_writer(writer)
}

/// Whether the event may be written, whatever the filter says. Below `info`, libraries log bytes that peers sent, such as
/// the reason with which a vendor closes an HTTP/2 connection; these may hold secrets.
fn may_be_written(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::INFO || event.target().starts_with("switchboard")
}

impl LogControl {
    /// Applies the filter and the file of a new configuration.
    pub(super) fn apply(&self, next: PreparedLog) {
        self.writer.replace(Box::new(next.target));
        if let Err(error) = self.filter.reload(next.filter) {
            tracing::error!(%error, "the log filter cannot be replaced; the old one stays in use");
        }
    }

    /// The writer of JSON lines, for lines that are formatted without an event; `None` in the text format.
    pub(super) fn json_writer(&self) -> Option<&BackgroundWriter> {
        self.is_json.then_some(&self.writer)
    }

    /// Whether lines are written.
    pub fn health(&self) -> WriterHealth {
        self.writer.health()
    }

    /// Flushes for a bounded time.
    pub fn flush(&self) {
        self.writer.flush(FLUSH_TIMEOUT);
    }
}

impl PreparedLog {
    pub(super) fn of(log: &LogSettings) -> Result<Self, String> {
        let directives = &log.directives;
        let filter =
            EnvFilter::try_new(directives).map_err(|error| format!("log.filter: \"{directives}\": {error}"))?;
        Ok(Self { filter, target: Target::of(log)? })
    }
}

/// Where lines are written.
enum Target {
    StandardError,
    File(PathBuf, AppendFile),
}

impl Target {
    fn of(log: &LogSettings) -> Result<Self, String> {
        let Some(path) = &log.file else { return Ok(Self::StandardError) };
        let file = AppendFile::open(path, FILE_MODE, None);
        let file = file.map_err(|error| format!("log.file: `{}` cannot be opened: {error}", path.display()))?;
        Ok(Self::File(path.clone(), file))
    }
}

impl Sink for Target {
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        match self {
            Self::StandardError => write_to(&mut io::stderr().lock(), lines),
            Self::File(_, file) => file.write(lines),
        }
    }

    /// A file that fails is reported on standard error. Standard error itself has no such place; `/admin/status` shows it.
    fn report(&self, error: Option<&io::Error>) {
        let Self::File(path, _) = self else { return };
        let path = path.display();
        let _no_way_left = match error {
            Some(error) => writeln!(io::stderr(), "switchboard: the log cannot be written to {path}: {error}"),
            None => writeln!(io::stderr(), "switchboard: the log is written to {path} again"),
        };
    }
}

/// Writes `lines` and removes from their front what was written, which may end within a line. Waits where a blocking
/// write would: another process that shares standard error may have made it non-blocking.
///
/// # Errors
/// The rest cannot be written now.
fn write_to(out: &mut (impl Write + AsFd), lines: &mut &[u8]) -> io::Result<()> {
    while !lines.is_empty() {
        match out.write(lines) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => *lines = &lines[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait_until_writable(out)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits for a bounded time until something can be written.
fn wait_until_writable(out: &impl AsFd) -> io::Result<()> {
    let mut fds = [PollFd::new(out, PollFlags::OUT)];
    match poll(&mut fds, Some(&STDERR_TIMEOUT)) {
        Ok(0) => Err(io::ErrorKind::WouldBlock.into()),
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

impl<'a> MakeWriter<'a> for BackgroundWriter {
    type Writer = EventWriter<'a>;

    fn make_writer(&'a self) -> EventWriter<'a> {
        EventWriter(self)
    }
}

/// Accepts one whole event in one write, as `tracing-subscriber` does it.
pub(super) struct EventWriter<'a>(&'a BackgroundWriter);

impl Write for EventWriter<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        self.0.push(event);
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests;
