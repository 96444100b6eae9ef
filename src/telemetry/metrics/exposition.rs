//! The text that Prometheus scrapes, in its own format or as OpenMetrics.
//!
//! Both formats require each family to be written once, with its metadata first.

use std::fmt::{Display, Write};

use super::family::{Family, Kind};
use super::histogram::{BOUNDS, HistogramSnapshot};

/// The text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Prometheus text format 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Format {
    /// The format for an `Accept` header: OpenMetrics if it is listed with a quality above 0.
    pub fn accepted(accept: &str) -> Self {
        let open_metrics = accept.split(',').any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let named = parts.next().is_some_and(|media| media.eq_ignore_ascii_case("application/openmetrics-text"));
            let excluded = |part: &str| part.strip_prefix("q=").is_some_and(|q| q.parse::<f32>() == Ok(0.0));
            named && parts.all(|part| part.strip_prefix("version=").is_none_or(|v| v == "1.0.0") && !excluded(part))
        });
        if open_metrics { Self::OpenMetrics } else { Self::Prometheus }
    }

    /// The media type.
    pub const fn media(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A text that is being written.
#[derive(Debug)]
pub struct Exposition {
    text: String,
    format: Format,
}

/// Writes the series of one family.
#[derive(Debug)]
pub struct Series<'a> {
    text: &'a mut String,
    family: &'static Family,
}

impl Exposition {
    /// An empty text.
    pub fn new(format: Format) -> Self {
        Self { text: String::with_capacity(32 * 1024), format }
    }

    /// Writes the metadata of a family; its series follow.
    pub fn family(&mut self, family: &'static Family) -> Series<'_> {
        let Family { name, kind, help, .. } = family;
        let exposed_name = match self.format {
            Format::OpenMetrics if *kind == Kind::Counter => name.strip_suffix("_total").unwrap_or(name),
            _ => name,
        };
        push(&mut self.text, format_args!("# HELP {exposed_name} {help}\n# TYPE {exposed_name} {}\n", kind.as_str()));
        Series { text: &mut self.text, family }
    }

    /// Ends the text.
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

impl Series<'_> {
    /// Writes the only series of a family without labels.
    pub fn value(&mut self, value: impl Display) {
        self.labelled(&[], value);
    }

    /// Writes one series; `values` are the values of the family's labels, in order.
    pub fn labelled(&mut self, values: &[&str], value: impl Display) {
        debug_assert_eq!(values.len(), self.family.labels.len(), "{}", self.family.name);
        self.sample("", values, None, value);
    }

    /// Writes one series of a histogram.
    pub fn histogram(&mut self, values: &[&str], snapshot: &HistogramSnapshot) {
        debug_assert_eq!(values.len(), self.family.labels.len(), "{}", self.family.name);
        let bounds = BOUNDS.iter().map(|(_, bound)| *bound).chain(["+Inf"]);
        for (bound, count) in bounds.zip(snapshot.cumulative) {
            self.sample("_bucket", values, Some(bound), count);
        }
        self.sample("_sum", values, None, snapshot.sum.as_secs_f64());
        self.sample("_count", values, None, snapshot.count());
    }

    fn sample(&mut self, suffix: &str, values: &[&str], le: Option<&str>, value: impl Display) {
        push(self.text, format_args!("{}{suffix}", self.family.name));
        let labels = self.family.labels.iter().copied().zip(values.iter().copied());
        let mut separator = '{';
        for (label, value) in labels.chain(le.map(|bound| ("le", bound))) {
            push(self.text, format_args!("{separator}{label}=\""));
            escape(self.text, value);
            self.text.push('"');
            separator = ',';
        }
        if separator == ',' {
            self.text.push('}');
        }
        push(self.text, format_args!(" {value}\n"));
    }
}

/// Writing to a `String` cannot fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _infallible = text.write_fmt(arguments);
}

fn escape(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{family, histogram::Histogram};
    use crate::telemetry::metrics::exposition::*;

    #[test]
    fn label_values_are_escaped() {
        let mut exposition = Exposition::new(Format::Prometheus);
        exposition.family(family::BUILD_INFO).labelled(&["a\"b\\c\nd"], 1);
        assert!(exposition.finish().ends_with("switchboard_build_info{version=\"a\\\"b\\\\c\\nd\"} 1\n"));
    }

    #[test]
    fn openmetrics_names_counters_without_their_suffix_and_ends_with_eof() {
        let mut exposition = Exposition::new(Format::OpenMetrics);
        exposition.family(family::PROCESS_CPU).value(1.5);
        let text = exposition.finish();
        assert!(text.contains("# TYPE process_cpu_seconds counter\nprocess_cpu_seconds_total 1.5\n# EOF\n"), "{text}");
    }

    #[test]
    fn a_histogram_ends_with_infinity_sum_and_count() {
        let (mut exposition, histogram) = (Exposition::new(Format::Prometheus), Histogram::default());
        histogram.observe(std::time::Duration::from_secs(60));
        exposition.family(family::QUEUE_DURATION).histogram(&["v"], &histogram.snapshot());
        let text = exposition.finish();
        assert!(text.contains("_bucket{vendor=\"v\",le=\"30\"} 0\n"), "{text}");
        let end = "_bucket{vendor=\"v\",le=\"+Inf\"} 1\nswitchboard_queue_duration_seconds_sum{vendor=\"v\"} 60\n\
                   switchboard_queue_duration_seconds_count{vendor=\"v\"} 1\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn a_scraper_gets_the_format_that_it_accepts() {
        let prometheus = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                          text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Format::accepted(prometheus), Format::OpenMetrics);
        for plain in
            ["", "*/*", "text/plain", "application/openmetrics-text; q=0", "application/openmetrics-text;version=2.0.0"]
        {
            assert_eq!(Format::accepted(plain), Format::Prometheus, "{plain}");
        }
    }
}
