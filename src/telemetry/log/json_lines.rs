//! Lines of JSON, one object each, written in one pass into a buffer that the thread keeps.
//!
//! As a layer, [`JsonLines`] writes events, in place of the subscriber's own JSON format, which goes through a serializer
//! and a text of its own. Who knows all members of a line beforehand, as the access log does, hands them over directly.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use vendors::json::{push_integer, push_string};

use super::timestamp::Timestamp;
use crate::telemetry::background_writer::Lines;

thread_local! {
    static SLATE: Cell<Slate> = const { Cell::new(Slate { line: Vec::new(), now: Timestamp::NEVER }) };
}

/// What a thread keeps from line to line.
#[derive(Default)]
struct Slate {
    line: Vec<u8>,
    now: Timestamp,
}

/// Writes every event that the filter lets through.
#[derive(Clone)]
pub(crate) struct JsonLines(pub(crate) Lines);

impl JsonLines {
    /// Writes one line; `members` appends what is to follow the time, the level and the target, commas included.
    pub(crate) fn write(&self, (level, target): (Level, &str), members: impl FnOnce(&mut Vec<u8>)) {
        let mut slate = SLATE.take();
        let line = &mut slate.line;
        line.clear();
        line.extend_from_slice(b"{\"timestamp\":\"");
        line.extend_from_slice(slate.now.at(SystemTime::now()));
        line.extend_from_slice(b"\",\"level\":\"");
        line.extend_from_slice(level.as_str().as_bytes());
        line.extend_from_slice(b"\",\"target\":");
        push_string(line, target);
        members(line);
        line.extend_from_slice(b"}\n");
        self.0.push(line);
        SLATE.set(slate);
    }
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        self.write((*metadata.level(), metadata.target()), |line| event.record(&mut Members(line)));
    }
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
        push_integer(self.name(field), value);
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
pub(crate) fn push_display(line: &mut Vec<u8>, value: impl fmt::Display) {
    let _never_fails = io::Write::write_fmt(line, format_args!("{value}"));
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use serde_json::{Value, json};
    use tracing_subscriber::EnvFilter;
    use tracing_subscriber::layer::SubscriberExt;

    use crate::telemetry::background_writer::Sink;
    use crate::telemetry::log::json_lines::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Sink for Paper {
        fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
            self.0.lock().unwrap().extend_from_slice(std::mem::take(lines));
            Ok(())
        }

        fn trouble(&self, _: Option<&io::Error>) {}
    }

    /// What is written as `run` says while `filter` is in force.
    pub(in crate::telemetry) fn written(filter: &str, run: impl FnOnce(&JsonLines)) -> String {
        let paper = Paper::default();
        let json = JsonLines(Lines::start("test", Box::new(paper.clone())).unwrap());
        // While there is but one subscriber, an event is silenced for good by a test beside this one that hears nothing.
        let _second = tracing::Dispatch::new(tracing_subscriber::registry());
        let subscriber = tracing_subscriber::registry().with(EnvFilter::new(filter)).with(json.clone());
        tracing::subscriber::with_default(subscriber, || run(&json));
        json.0.end(Duration::from_secs(60));
        let text = paper.0.lock().unwrap().clone();
        String::from_utf8(text).unwrap()
    }

    fn lines(run: impl FnOnce()) -> Vec<Value> {
        let text = written("trace", |_| run());
        text.split_inclusive('\n').map(|line| serde_json::from_str(line).unwrap()).collect()
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
