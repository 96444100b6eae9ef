//! One vendor's page as data, and the translation for that vendor.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use serde_json::Value;
use vendors::json::{Limits, read_object};
use vendors::{
    Catalog, CatalogKind, CatalogSet, Catalogs, Dialect, Handling, Item, Policies, Refused, Request, Target, Update,
    registry, translate_request,
};

/// The vendor whose page has every field.
pub(crate) const SUPERSET: &str = "autocalls";

/// The vendor whose page speaks the legacy dialect.
pub(crate) const LEGACY: &str = "sondos";

/// What `contracts/<vendor>/` says.
pub(crate) struct Page {
    pub(crate) dialect: &'static Dialect,
    pub(crate) schema: Value,
    pub(crate) endpoint: Value,
    pub(crate) catalogs: Value,
    /// A page of the list of assistants.
    pub(crate) assistants: Value,
    pub(crate) live: CatalogSet,
    validator: Validator,
}

/// One answer of `answers/`.
pub(crate) struct Answer {
    pub(crate) name: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// The body as it travels; nothing where no page shows one.
    pub(crate) fn text(&self) -> String {
        if self.body.is_null() { String::new() } else { self.body.to_string() }
    }
}

static PAGES: LazyLock<Vec<Page>> = LazyLock::new(|| registry::DIALECTS.into_iter().map(Page::read).collect());

/// Every vendor's page.
pub(crate) fn pages() -> &'static [Page] {
    &PAGES
}

/// The page of one vendor.
pub(crate) fn page(name: &str) -> &'static Page {
    pages().iter().find(|page| page.name() == name).unwrap()
}

fn folder(vendor: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("contracts").join(vendor)
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()
}

fn texts(folder: PathBuf) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    files.sort();
    files
}

impl Page {
    fn read(dialect: &'static Dialect) -> Self {
        let folder = folder(dialect.name);
        let schema = json(folder.join("request.schema.json"));
        let catalogs = json(folder.join("catalogs.json"));
        let mut live = CatalogSet::default();
        for kind in CatalogKind::ALL {
            let catalog = Catalog::parse(catalogs[kind.as_str()].to_string().as_bytes()).unwrap();
            live.set(kind, Arc::new(catalog));
        }
        Self {
            dialect,
            validator: jsonschema::draft202012::new(&schema).unwrap(),
            schema,
            endpoint: json(folder.join("endpoint.json")),
            catalogs,
            assistants: json(folder.join("assistants.json"))["body"].take(),
            live,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.dialect.name
    }

    /// Whether the page has the legacy dialect's words.
    pub(crate) fn is_legacy(&self) -> bool {
        self.property("assistant_name").is_some()
    }

    /// The vendor whose words the page has, where that is another one's.
    pub(crate) fn vocabulary(&self) -> &'static str {
        if self.is_legacy() { LEGACY } else { self.name() }
    }

    /// The page's examples: name and text.
    pub(crate) fn examples(&self) -> Vec<(String, String)> {
        texts(folder(self.name()).join("examples"))
    }

    /// The page's answers.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        texts(folder(self.name()).join("answers"))
            .into_iter()
            .map(|(name, text)| {
                let mut answer: Value = serde_json::from_str(&text).unwrap();
                let status = answer["status"].as_u64().unwrap().try_into().unwrap();
                Answer { name, status, body: answer["body"].take() }
            })
            .collect()
    }

    /// The schema of a top-level member, if the page has it.
    pub(crate) fn property(&self, wire: &str) -> Option<&Value> {
        self.schema["properties"].get(wire)
    }

    /// What is wrong with a body by the page's schema.
    pub(crate) fn complaints(&self, body: &str) -> Vec<String> {
        let body: Value = serde_json::from_str(body).unwrap();
        self.validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Translates for this vendor, with the catalogs of the page and no policies.
    pub(crate) fn translate(&self, body: &str, handling: Handling) -> Result<Request, Refused> {
        self.translate_with(body, handling, &Policies::default())
    }

    pub(crate) fn translate_with(
        &self,
        body: &str,
        handling: Handling,
        policies: &Policies,
    ) -> Result<Request, Refused> {
        let update = Update::read(body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"));
        let configured = CatalogSet::default();
        let catalogs = Catalogs { configured: &configured, live: &self.live };
        let target = Target { dialect: self.dialect, vendor: self.name(), id: "789", handling, policies, catalogs };
        translate_request(&update, &target)
    }

    /// The body for an update that must be accepted, and must then satisfy the page's schema.
    pub(crate) fn body(&self, update: &str) -> String {
        let request = self
            .translate(update, Handling::Strict)
            .unwrap_or_else(|refused| panic!("{} refuses {update}: {:#?}", self.name(), refused.items));
        let body = String::from_utf8(request.body).unwrap();
        let complaints = self.complaints(&body);
        assert!(complaints.is_empty(), "{}: {update} became {body}: {complaints:?}", self.name());
        body
    }

    /// The reasons for an update that must be refused, in both handlings.
    pub(crate) fn refusals(&self, update: &str) -> Vec<Item> {
        let refuse = |handling| match self.translate(update, handling) {
            Err(refused) => refused.items.list,
            Ok(request) => {
                let body = String::from_utf8_lossy(&request.body).into_owned();
                panic!("{} accepts {update} in {handling:?} handling as {body}", self.name())
            }
        };
        refuse(Handling::Lenient);
        refuse(Handling::Strict)
    }
}

/// The members of a JSON object with their own text, in order.
pub(crate) fn members(body: &str) -> Vec<(String, String)> {
    read_object(body.as_bytes(), Limits::VENDOR)
        .unwrap()
        .into_iter()
        .map(|(key, value)| (key.into_owned(), value.text().to_owned()))
        .collect()
}

/// An object with one member.
pub(crate) fn object(key: &str, text: &str) -> String {
    format!("{{\"{key}\":{text}}}")
}

/// Pointer and code of each reason, sorted.
pub(crate) fn places(items: &[Item]) -> Vec<(String, &'static str)> {
    let mut places: Vec<_> = items.iter().map(|item| (item.pointer.clone(), item.code.as_str())).collect();
    places.sort();
    places
}
