//! A vendor's contract, which is its documentation as data, and the translation for that vendor.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use jsonschema::Validator;
use serde_json::Value;
use vendors::json::{Limits, read_object};
use vendors::{
    AccountNames, Catalog, CatalogKind, CatalogSet, Catalogs, Dialect, Handling, Item, Policies, Refused, Request,
    Target, Update, registry, translate_request,
};

/// The vendor that documents every field.
pub(crate) const SUPERSET: &str = "autocalls";

/// The vendor of the legacy dialect.
pub(crate) const LEGACY: &str = "sondos";

/// The content of `contracts/<vendor>/`.
pub(crate) struct Contract {
    pub(crate) dialect: &'static Dialect,
    pub(crate) schema: Value,
    pub(crate) endpoint: Value,
    pub(crate) catalogs: Value,
    /// One page of the list of assistants.
    pub(crate) assistants: Value,
    /// Every documented operation.
    pub(crate) operations: Value,
    /// What a creation requires, and how it differs from an update.
    pub(crate) create: Value,
    pub(crate) live: CatalogSet,
    validator: Validator,
}

/// A documented response, from `answers/`.
pub(crate) struct DocumentedResponse {
    pub(crate) name: String,
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl DocumentedResponse {
    /// The body as it is sent; empty if the documentation shows none.
    pub(crate) fn text(&self) -> String {
        if self.body.is_null() { String::new() } else { self.body.to_string() }
    }
}

static CONTRACTS: LazyLock<Vec<Contract>> = LazyLock::new(|| registry::flat().map(Contract::read).collect());

/// The contracts of the flat dialects, whose bodies have the fields as their members. Nested dialects are held to theirs in
/// [`nested`](crate::nested).
pub(crate) fn contracts() -> &'static [Contract] {
    &CONTRACTS
}

/// The contract of one vendor.
pub(crate) fn contract(name: &str) -> &'static Contract {
    contracts().iter().find(|contract| contract.name() == name).unwrap()
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

impl Contract {
    fn read(dialect: &'static Dialect) -> Self {
        let folder = folder(dialect.name);
        let schema = json(folder.join("request.schema.json"));
        let catalogs = json(folder.join("catalogs.json"));
        let mut live = CatalogSet::default();
        for kind in CatalogKind::ALL {
            let (Some(list), Some(spec)) = (catalogs.get(kind.as_str()), dialect.catalog(kind)) else { continue };
            live.set(kind, Arc::new(Catalog::parse(list.to_string().as_bytes(), spec).unwrap()));
        }
        Self {
            dialect,
            validator: jsonschema::draft202012::new(&schema).unwrap(),
            schema,
            endpoint: json(folder.join("endpoint.json")),
            catalogs,
            assistants: json(folder.join("assistants.json"))["body"].take(),
            operations: json(folder.join("operations.json"))["operations"].take(),
            create: json(folder.join("create.json")),
            live,
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.dialect.name
    }

    /// Whether the vendor uses the legacy dialect's names.
    pub(crate) fn is_legacy(&self) -> bool {
        self.property("assistant_name").is_some()
    }

    /// The vendor whose names this vendor uses.
    pub(crate) fn vocabulary(&self) -> &'static str {
        if self.is_legacy() { LEGACY } else { self.name() }
    }

    /// The documented request bodies: name and text.
    pub(crate) fn examples(&self) -> Vec<(String, String)> {
        texts(folder(self.name()).join("examples"))
    }

    /// The documented responses.
    pub(crate) fn responses(&self) -> Vec<DocumentedResponse> {
        texts(folder(self.name()).join("answers"))
            .into_iter()
            .map(|(name, text)| {
                let mut response: Value = serde_json::from_str(&text).unwrap();
                let status = response["status"].as_u64().unwrap().try_into().unwrap();
                DocumentedResponse { name, status, body: response["body"].take() }
            })
            .collect()
    }

    /// The schema of a top-level member, if it is documented.
    pub(crate) fn property(&self, wire: &str) -> Option<&Value> {
        self.schema["properties"].get(wire)
    }

    /// The violations of the contract's schema in a body.
    pub(crate) fn complaints(&self, body: &str) -> Vec<String> {
        let body: Value = serde_json::from_str(body).unwrap();
        self.validator.iter_errors(&body).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }

    /// Translates for this vendor, with the contract's catalogs and no policies.
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
        let target = Target {
            dialect: self.dialect,
            vendor: self.name(),
            id: "789",
            handling,
            policies,
            catalogs,
            accounts: &Accounts,
        };
        translate_request(&update, &target)
    }

    /// The body for an update. The update must be accepted, and the body must satisfy the contract's schema.
    pub(crate) fn body(&self, update: &str) -> String {
        let request = self
            .translate(update, Handling::Strict)
            .unwrap_or_else(|refused| panic!("{} refuses {update}: {:#?}", self.name(), refused.items));
        let body = String::from_utf8(request.body).unwrap();
        let complaints = self.complaints(&body);
        assert!(complaints.is_empty(), "{}: {update} became {body}: {complaints:?}", self.name());
        body
    }

    /// The codes of the items for an update, which strict handling must refuse.
    pub(crate) fn refusals_of_strict(&self, update: &str) -> Vec<&'static str> {
        let refused = self.translate(update, Handling::Strict).unwrap_err();
        refused.items.list.iter().map(|item| item.code.as_str()).collect()
    }

    /// The items for an update, which must be refused with either handling.
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

/// The members of a JSON object with their text, in their order.
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

/// Pointer and code of each item, sorted.
pub(crate) fn places(items: &[Item]) -> Vec<(String, &'static str)> {
    let mut places: Vec<_> = items.iter().map(|item| (item.pointer.clone(), item.code.as_str())).collect();
    places.sort();
    places
}

/// The accounts that updates may name: the dialects, and one that is elsewhere.
#[derive(Debug)]
struct Accounts;

impl AccountNames for Accounts {
    fn has(&self, name: &str) -> bool {
        name == "elsewhere" || registry::Names.has(name)
    }

    fn nearest(&self, name: &str) -> Option<&str> {
        registry::Names.nearest(name).map(|name| registry::dialect(name).unwrap().name)
    }
}
