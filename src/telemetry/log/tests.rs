use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::*;

#[derive(Clone, Default)]
struct MemorySink(Arc<Mutex<Vec<u8>>>);

impl Sink for MemorySink {
    fn write(&mut self, lines: &mut &[u8]) -> io::Result<()> {
        self.0.lock().unwrap().extend_from_slice(std::mem::take(lines));
        Ok(())
    }

    fn report(&self, _: Option<&io::Error>) {}
}

/// The lines that `run` logs as JSON while `filter` applies.
pub(super) fn logged(filter: &str, run: impl FnOnce(&BackgroundWriter)) -> Vec<Value> {
    let sink = MemorySink::default();
    let writer = BackgroundWriter::start("test", Box::new(sink.clone())).unwrap();
    // With only one subscriber, a parallel test without one could disable an event for the whole process.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let subscriber = tracing_subscriber::registry().with(EnvFilter::new(filter)).with(json(writer.clone()));
    tracing::subscriber::with_default(subscriber, || run(&writer));
    writer.end(Duration::from_secs(60));
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    text.split_inclusive('\n').map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_event_is_one_object_with_its_fields_at_the_top() {
    let lines = logged("trace", |_| {
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
fn an_event_is_one_line_whatever_its_values_hold() {
    let nasty = "a\n{\"level\":\"ERROR\"}\r\u{1b}[31m\u{2028}\"\\\0";
    let lines = logged("trace", |_| tracing::info!(nasty, shown = %nasty, debug = ?nasty));
    assert_eq!((lines.len(), &lines[0]["nasty"], &lines[0]["shown"]), (1, &json!(nasty), &json!(nasty)));
}
