//! Events as JSON, one object a line, written in one pass into a buffer that the thread keeps.
//!
//! It stands in for the subscriber's own JSON format, which goes through a serializer and a text of its own; there is one
//! event of many fields for each request.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use vendors::json::push_string;

use super::behind::Lines;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Writes every event that the filter lets through.
pub(super) struct JsonLines(pub(super) Lines);

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = BUFFER.take();
        line.clear();
        push_event(&mut line, event, SystemTime::now());
        self.0.push(&line);
        BUFFER.set(line);
    }
}

fn push_event(line: &mut Vec<u8>, event: &Event<'_>, now: SystemTime) {
    let metadata = event.metadata();
    line.extend_from_slice(b"{\"timestamp\":\"");
    push_display(line, humantime::format_rfc3339_micros(now));
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(metadata.level().as_str().as_bytes());
    line.extend_from_slice(b"\",\"target\":");
    push_string(line, metadata.target());
    event.record(&mut Members(line));
    line.extend_from_slice(b"}\n");
}

/// Members of an object that has some already.
struct Members<'a>(&'a mut Vec<u8>);

impl Members<'_> {
    fn name(&mut self, field: &Field) -> &mut Vec<u8> {
        self.0.push(b',');
        push_string(self.0, field.name());
        self.0.push(b':');
        self.0
    }
}

impl Visit for Members<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        match value.is_finite() {
            true => push_display(self.name(field), value),
            false => self.name(field).extend_from_slice(b"null"),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        push_display(self.name(field), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        push_display(self.name(field), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        push_display(self.name(field), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        push_string(self.name(field), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let out = self.name(field);
        push_string(out, &format!("{value:?}"));
    }
}

/// Appends what needs no escaping.
fn push_display(line: &mut Vec<u8>, value: impl fmt::Display) {
    let _never_fails = io::Write::write_fmt(line, format_args!("{value}"));
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use serde_json::{Value, json};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::behind::Sink;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Sink for Paper {
        fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
            self.0.lock().unwrap().extend_from_slice(std::mem::take(lines));
            Ok(())
        }

        fn trouble(&self, _: Option<&io::Error>) {}
    }

    fn lines(run: impl FnOnce()) -> Vec<Value> {
        let paper = Paper::default();
        let lines = Lines::start("test", Box::new(paper.clone())).unwrap();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(JsonLines(lines.clone())), run);
        lines.end(Duration::from_secs(60));
        let text = paper.0.lock().unwrap().clone();
        text.split_inclusive(|&byte| byte == b'\n').map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    #[test]
    fn an_event_is_one_object_with_its_fields_at_the_top() {
        let lines = lines(|| {
            let (none, some) = (None::<&str>, Some("x"));
            tracing::warn!(target: "t", none, some, count = 3_u64, less = -1, part = 0.5, odd = f64::NAN, yes = true,
                debug = ?("a", 1), shown = %"b", "said \"so\"");
        });
        let time = lines[0]["timestamp"].as_str().unwrap();
        assert!(humantime::parse_rfc3339(time).is_ok() && time.len() == "2026-01-01T00:00:00.000000Z".len());
        let expected = json!({
            "timestamp": time, "level": "WARN", "target": "t", "some": "x", "count": 3, "less": -1, "part": 0.5,
            "odd": null, "yes": true, "debug": "(\"a\", 1)", "shown": "b", "message": "said \"so\"",
        });
        assert_eq!(lines, [expected]);
    }

    #[test]
    fn whatever_a_value_holds_it_stays_one_line() {
        let nasty = "a\n{\"level\":\"ERROR\"}\r\u{1b}[31m\u{2028}\"\\\0";
        let lines = lines(|| tracing::info!(nasty, shown = %nasty, debug = ?nasty));
        assert_eq!((lines.len(), &lines[0]["nasty"], &lines[0]["shown"]), (1, &json!(nasty), &json!(nasty)));
    }
}
