use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;

/// The lines that `run` logs as JSON while `filter` applies.
pub(super) fn logged(filter: &str, run: impl FnOnce()) -> String {
    captured(filter, |written| json(move || Captured(Arc::clone(&written))), run)
}

/// The lines that `run` logs as text while `filter` applies.
pub(super) fn logged_as_text(filter: &str, run: impl FnOnce()) -> String {
    captured(filter, |written| fmt::layer().with_writer(move || Captured(Arc::clone(&written))).with_ansi(false), run)
}

fn captured<L: Layer<FilteredRegistry> + Send + Sync>(
    filter: &str,
    layer: impl FnOnce(Arc<Mutex<Vec<u8>>>) -> L,
    run: impl FnOnce(),
) -> String {
    let written = Arc::<Mutex<Vec<u8>>>::default();
    // With only one subscriber, a parallel test without one could disable an event for the whole process.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::registry().with(EnvFilter::new(filter)).with(layer(Arc::clone(&written)));
    tracing::subscriber::with_default(subscriber, run);
    let bytes = written.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

type FilteredRegistry = tracing_subscriber::layer::Layered<EnvFilter, Registry>;

struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn parsed(text: &str) -> Vec<Value> {
    text.split_inclusive('\n').map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_event_is_one_object_with_its_fields_at_the_top() {
    let lines = logged("trace", || {
        let (none, some) = (None::<&str>, Some("x"));
        tracing::warn!(target: "t", none, some, count = 3_u64, less = -1, part = 0.5, odd = f64::NAN, yes = true,
            debug = ?("a", 1), shown = %"b", "said \"so\"");
    });
    let lines = parsed(&lines);
    let time = lines[0]["timestamp"].as_str().unwrap();
    assert!(humantime::parse_rfc3339(time).is_ok() && time.len() == "2026-01-01T00:00:00.000000Z".len());
    let expected = json!({
        "timestamp": time, "level": "WARN", "target": "t", "some": "x", "count": 3, "less": -1, "part": 0.5,
        "odd": null, "yes": true, "debug": "(\"a\", 1)", "shown": "b", "message": "said \"so\"",
    });
    assert_eq!(lines, [expected]);
}

#[test]
fn an_event_is_one_line_whatever_its_values_hold() {
    let nasty = "a\n{\"level\":\"ERROR\"}\r\u{1b}[31m\u{2028}\"\\\0";
    let lines = parsed(&logged("trace", || tracing::info!(nasty, shown = %nasty, debug = ?nasty)));
    assert_eq!((lines.len(), &lines[0]["nasty"], &lines[0]["shown"]), (1, &json!(nasty), &json!(nasty)));
}
