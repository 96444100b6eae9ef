//! A strict reader of the Prometheus text format: whatever it takes, Prometheus takes.

use std::collections::{BTreeMap, BTreeSet};

/// An exposition by family name.
#[derive(Debug, Default)]
pub struct Scrape {
    pub families: BTreeMap<String, Scraped>,
}

#[derive(Debug, Default)]
pub struct Scraped {
    pub kind: String,
    pub help: String,
    pub samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Scrape {
    /// Reads a text; panics with the line that is wrong.
    #[track_caller]
    pub fn read(text: &str) -> Self {
        let mut scrape = Self::default();
        let mut current = String::new();
        assert!(text.ends_with('\n'), "the last line must end");
        for line in text.lines() {
            if let Some(meta) = line.strip_prefix("# HELP ") {
                let (name, help) = meta.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                current = name.to_owned();
                let help = help.to_owned();
                let known = scrape.families.insert(current.clone(), Scraped { help, ..Scraped::default() });
                assert!(known.is_none(), "twice: {line}");
            } else if let Some(meta) = line.strip_prefix("# TYPE ") {
                let (name, kind) = meta.split_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert_eq!(name, current, "the type comes after its help");
                scrape.families.get_mut(name).unwrap().kind = kind.to_owned();
            } else {
                let sample = sample(line);
                let family = scrape.families.get_mut(&current).unwrap_or_else(|| panic!("{line}"));
                let suffix = sample.name.strip_prefix(&current).unwrap_or_else(|| panic!("{line} in {current}"));
                let allowed: &[&str] = if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                assert!(allowed.contains(&suffix), "{line}");
                family.samples.push(sample);
            }
        }
        scrape
    }

    /// All series, by their names and labels; panics if one is there twice.
    #[track_caller]
    pub fn series(&self) -> BTreeSet<(String, BTreeMap<String, String>)> {
        let all = self.families.values().flat_map(|family| &family.samples);
        let mut set = BTreeSet::new();
        for sample in all {
            assert!(set.insert((sample.name.clone(), sample.labels.clone())), "twice: {sample:?}");
        }
        set
    }

    /// The sum of the samples called `name` that have these labels; `None` without any.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let all = self.families.values().flat_map(|family| &family.samples);
        let has =
            |sample: &&Sample| labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|v| v == value));
        let found: Vec<f64> = all.filter(|sample| sample.name == name).filter(has).map(|sample| sample.value).collect();
        (!found.is_empty()).then(|| found.iter().sum())
    }
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let value = value.parse().unwrap_or_else(|error| panic!("{error}: {line}"));
    let Some((name, labels)) = series.split_once('{') else {
        return Sample { name: series.to_owned(), labels: BTreeMap::new(), value };
    };
    let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("open labels: {line}"));
    Sample { name: name.to_owned(), labels: pairs(labels), value }
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    while !rest.is_empty() {
        let (name, quoted) = rest.split_once("=\"").unwrap_or_else(|| panic!("{text}"));
        let (mut value, mut chars) = (String::new(), quoted.char_indices());
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("open value: {text}")) {
                (at, '"') => break at,
                (_, '\\') => match chars.next().unwrap().1 {
                    'n' => value.push('\n'),
                    escaped @ ('\\' | '"') => value.push(escaped),
                    other => panic!("\\{other} is no escape: {text}"),
                },
                (_, other) => value.push(other),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name} twice: {text}");
        rest = &quoted[end + 1..];
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
    labels
}
