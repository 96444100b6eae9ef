//! Logging: one subscriber whose filter and file can change while it runs. A background thread writes the lines.

pub(super) mod access;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use access::JsonFormat;

use crate::value::{Fsync, LogFormat};

use super::append_file::{AppendFile, AppendSettings};
use super::background_writer::{BackgroundWriter, Sink, WriterHealth};
use super::settings::LogSettings;

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
    writer: Arc<BackgroundWriter>,
}

/// The log of a new configuration, opened and ready to be applied.
pub(super) struct PreparedLog {
    filter: EnvFilter,
    sink: Box<dyn Sink>,
}

/// Starts logging. A reload can change the filter and the file, but not the format.
///
/// # Errors
/// The filter cannot be parsed, the file cannot be opened, or the process has a subscriber already.
pub fn start(log: &LogSettings) -> Result<LogControl, Box<dyn std::error::Error>> {
    let next = PreparedLog::of(log)?;
    let terminal = log.file.is_none() && io::stderr().is_terminal();
    let writer = Arc::new(BackgroundWriter::start("log", next.sink));
    let (filter, handle) = reload::Layer::new(next.filter);
    let is_text = log.format == LogFormat::Text || log.format == LogFormat::Auto && terminal;
    let layer = match is_text {
        true => fmt::layer().with_writer(Arc::clone(&writer)).with_ansi(terminal).boxed(),
        false => json(Arc::clone(&writer)).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(filter_fn(may_be_written)).with(layer).try_init()?;
    Ok(LogControl { filter: handle, writer })
}

/// Writes each event as one JSON object with its fields at the top.
pub fn json<S, W>(writer: W) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let layer = fmt::layer().json().flatten_event(true).with_current_span(false).with_span_list(false);
    layer.map_event_format(JsonFormat).with_writer(writer)
}

/// Whether the event may be written, whatever the filter says. Below `info`, libraries log bytes that peers sent, such as
/// the reason with which a vendor closes an HTTP/2 connection; these may hold secrets.
fn may_be_written(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::INFO || event.target().starts_with("switchboard")
}

impl LogControl {
    /// Applies the filter and the file of a new configuration.
    pub(super) fn apply(&self, next: PreparedLog) {
        self.writer.replace(next.sink);
        if let Err(error) = self.filter.reload(next.filter) {
            tracing::error!(%error, "the log filter cannot be replaced; the old one stays in use");
        }
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
        let Some(path) = log.file.clone() else { return Ok(Self { filter, sink: Box::new(StandardError) }) };
        let settings =
            AppendSettings { path, mode: FILE_MODE, rotate_bytes: u64::MAX, keep: 0, fsync: Fsync::Never, report };
        Ok(Self { filter, sink: Box::new(AppendFile::open("log.file", settings)?) })
    }
}

/// Reports on standard error that the log's file fails, or works again.
fn report(path: &Path, error: Option<&io::Error>) {
    let path = path.display();
    let _no_way_left = match error {
        Some(error) => writeln!(io::stderr(), "switchboard: the log cannot be written to {path}: {error}"),
        None => writeln!(io::stderr(), "switchboard: the log is written to {path} again"),
    };
}

struct StandardError;

impl Sink for StandardError {
    /// Waits where a blocking write would: another process that shares standard error may have made it non-blocking.
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        let mut out = io::stderr();
        while !lines.is_empty() {
            match out.write(lines) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => *lines = &lines[written..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if poll(&mut [PollFd::new(&out, PollFlags::OUT)], Some(&STDERR_TIMEOUT)) == Ok(0) {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// There is no place to report it, but `/admin/status` shows it.
    fn report(&self, _: Option<&io::Error>) {}
}

#[cfg(test)]
pub(super) mod tests;
