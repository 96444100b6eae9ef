//! What this thread's code logs, as JSON; a test on a runtime of one thread hears everything the gateway says.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::{PATIENCE, eventually};

/// The lines so far; hears nothing once dropped.
pub struct Events {
    text: Text,
    /// While there is but one subscriber, `tracing` asks that of the thread which comes to an event first whether anybody
    /// wants it, and remembers the answer: a test beside this one, that hears nothing, would silence it for good.
    _second: Dispatch,
    _hearing: DefaultGuard,
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Events {
    /// Begins to hear.
    pub fn hear() -> Self {
        let text = Text::default();
        let writer = text.clone();
        let second = Dispatch::new(tracing_subscriber::registry());
        let lines = switchboard::telemetry::log::json(move || writer.clone());
        let lines = tracing_subscriber::registry().with(LevelFilter::INFO).with(lines);
        Self { text, _second: second, _hearing: tracing::subscriber::set_default(lines) }
    }

    /// Everything so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.text.0.lock().unwrap().clone()).unwrap()
    }

    /// The events of one target.
    pub fn of(&self, target: &str) -> Vec<Value> {
        let text = self.text();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        all.filter(|event| event["target"] == target).collect()
    }

    /// The lines of the access log, once there are so many.
    pub async fn requests(&self, count: usize) -> Vec<Value> {
        eventually(PATIENCE, async || Some(self.of("switchboard::access")).filter(|lines| lines.len() >= count)).await
    }
}
