//! Logging: one subscriber, its filter changeable while running.

use std::io::IsTerminal;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::config::{Log, LogFormat};

/// The running subscriber's filter.
#[derive(Clone)]
pub struct LogControl {
    filter: reload::Handle<EnvFilter, Registry>,
}

/// Starts logging to standard error. The format stays for the life of the process, the filter does not.
///
/// # Errors
/// The filter cannot be parsed, or somebody logs already.
pub fn start(log: &Log) -> Result<LogControl, Box<dyn std::error::Error>> {
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(log.directives())?);
    let terminal = std::io::stderr().is_terminal();
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(true);
    let lines = match log.format {
        LogFormat::Json => layer.json().flatten_event(true).with_ansi(false).boxed(),
        LogFormat::Auto if !terminal => layer.json().flatten_event(true).with_ansi(false).boxed(),
        LogFormat::Auto | LogFormat::Text => layer.with_ansi(terminal).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    Ok(LogControl { filter: handle })
}

impl LogControl {
    /// Takes up the filter of a new configuration; one that cannot be taken up leaves the old one in force.
    pub fn follow(&self, log: &Log) {
        let filter = match EnvFilter::try_new(log.directives()) {
            Ok(filter) => filter,
            Err(error) => {
                tracing::error!(%error, filter = log.directives(), "the log filter cannot be parsed; the old one stays in force");
                return;
            }
        };
        if let Err(error) = self.filter.reload(filter) {
            tracing::error!(%error, filter = log.directives(), "the log filter cannot be replaced; the old one stays in force");
        }
    }
}
