//! The cases of `tests/golden/`: what callers send, with its text kept, and under which conditions it is sent.

use std::path::PathBuf;

use simulators::contracts;
use vendors::json::{Limits, Value, read_value};

/// Updates by the slug of the page example that they stand for.
type Slugs = Vec<(String, String)>;

/// One case: exchanges that belong together.
#[derive(Debug, Clone)]
pub struct Case {
    /// What it shows, in one sentence.
    pub about: String,
    /// What it adds to the configuration, by vendor.
    config: Vec<(String, String)>,
    /// How many assistants the vendor lists from the start; 0 for the documented one alone.
    pub listed: u64,
    exchanges: Vec<Exchange>,
    /// Whether each vendor's page examples stand in front; with their canonical form where that differs, by vendor.
    pages: Option<Vec<(String, Slugs)>>,
}

/// One update, or another call.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What it shows.
    pub name: String,
    /// Whether it finds what the one before it left, instead of the vendor's account as it was at first.
    pub continues: bool,
    /// Method and target, in which `{vendor}`, `{sample}` (the id in the documented list) and `{cursor}` (that of the
    /// reply before) stand for themselves.
    pub call: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// The vendors that it goes to; all if there are none.
    vendors: Vec<String>,
    /// The handling that `Prefer` asks for, if it does.
    pub handling: Option<String>,
    /// The faults in force.
    pub faults: Vec<String>,
    /// The canonical fields, as they are sent; empty if none are.
    pub update: String,
}

/// What an exchange calls unless it says otherwise.
const UPDATE: &str = "PUT /v1/assistants/{vendor}:789";

/// The directory of the cases.
pub fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

impl Case {
    /// Reads `tests/golden/<name>.json`.
    pub fn read(name: &str) -> Self {
        let text = std::fs::read(directory().join(format!("{name}.json"))).unwrap();
        let file = read_value(&text, Limits::CALLER).unwrap_or_else(|error| panic!("{name}: {error}"));
        let all = file.get("exchanges").map(|list| list.elements().collect::<Vec<_>>()).unwrap_or_default();
        Self {
            about: text_of(file, "about").unwrap(),
            config: file.get("config").map(configs).unwrap_or_default(),
            listed: file.get("listed").map_or(0, |count| count.text().parse().unwrap()),
            exchanges: all.into_iter().map(|exchange| Exchange::read(exchange, file)).collect(),
            pages: file.get("page_examples").map(|pages| {
                pages.members().map(|(vendor, updates)| (vendor.into_owned(), updates_of(updates))).collect()
            }),
        }
    }

    /// What is added to the configuration for one vendor.
    pub fn config(&self, vendor: &str) -> String {
        self.config.iter().filter(|(name, _)| name == vendor).map(|(_, text)| text.as_str()).collect()
    }

    /// The exchanges of one vendor.
    pub fn exchanges(&self, vendor: &str) -> Vec<Exchange> {
        let pages = self.pages.iter().flat_map(|canonical| {
            let own = canonical.iter().find(|(name, _)| name == vendor).map(|(_, updates)| updates);
            contracts::examples(vendor).iter().map(move |(slug, text)| Exchange {
                name: (*slug).to_owned(),
                continues: false,
                call: UPDATE.to_owned(),
                headers: Vec::new(),
                vendors: Vec::new(),
                handling: None,
                faults: Vec::new(),
                update: match own {
                    Some(own) => own.iter().find(|(name, _)| name == slug).unwrap().1.clone(),
                    None => (*text).to_owned(),
                },
            })
        });
        let meant = |exchange: &&Exchange| exchange.vendors.is_empty() || exchange.vendors.iter().any(|v| v == vendor);
        pages.chain(self.exchanges.iter().filter(meant).cloned()).collect()
    }
}

impl Exchange {
    fn read(exchange: Value<'_>, file: Value<'_>) -> Self {
        let list = |key| {
            let list = exchange.get(key).or_else(|| file.get(key));
            list.map(|list| list.elements().filter_map(|text| Some(text.as_str()?.into_owned())).collect())
        };
        let headers = exchange.get("headers").into_iter().flat_map(Value::members);
        let headers = headers.map(|(name, value)| (name.into_owned(), value.as_str().unwrap().into_owned()));
        let call = text_of(exchange, "call");
        let update = exchange.get("update").or_else(|| file.get("update"));
        assert!(call.is_some() || update.is_some(), "{exchange:?} sends nothing");
        Self {
            name: text_of(exchange, "name").unwrap(),
            continues: exchange.get("continues").and_then(Value::as_bool).unwrap_or_default(),
            call: call.unwrap_or_else(|| UPDATE.to_owned()),
            headers: headers.collect(),
            vendors: list("vendors").unwrap_or_default(),
            handling: text_of(exchange, "handling").or_else(|| text_of(file, "handling")),
            faults: list("faults").unwrap_or_default(),
            update: update.map(|update| update.text().to_owned()).unwrap_or_default(),
        }
    }
}

fn text_of(object: Value<'_>, key: &str) -> Option<String> {
    Some(object.get(key)?.as_str()?.into_owned())
}

fn configs(config: Value<'_>) -> Vec<(String, String)> {
    let lines = |list: Value<'_>| list.elements().filter_map(|line| Some(line.as_str()?.into_owned() + "\n")).collect();
    config.members().map(|(vendor, list)| (vendor.into_owned(), lines(list))).collect()
}

fn updates_of(updates: Value<'_>) -> Slugs {
    updates.members().map(|(slug, update)| (slug.into_owned(), update.text().to_owned())).collect()
}
