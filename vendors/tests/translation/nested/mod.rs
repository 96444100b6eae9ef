//! The nested dialects: what an update becomes, request by request, against vendors made of closures.

mod assignments;
mod elevenlabs;
mod engine;
mod laws;
mod moving;
mod retell;
mod vapi;

use std::sync::Arc;

use vendors::registry::{self, Names};
use vendors::{
    Catalog, CatalogEntry, CatalogKind, CatalogSet, Catalogs, Dialect, Handling, ListedAssistant, Policies,
    ReadAssistant, Refused, Request, Run, Settings, Step, Target, Update, missing_lookups, read_assistant,
    translate_creation, translate_request,
};

/// A dialect by its name.
pub(crate) fn dialect(name: &str) -> &'static Dialect {
    registry::dialect(name).unwrap()
}

/// Translates an update in strict handling, without catalogs.
pub(crate) fn translate(dialect: &'static Dialect, update: &str) -> Result<Request, Refused> {
    with_target(dialect, |target| translate_request(&Update::read(update.as_bytes()).unwrap(), target))
}

/// Translates a creation likewise.
pub(crate) fn create(dialect: &'static Dialect, update: &str) -> Result<Request, Refused> {
    let creation = dialect.operations.create.as_ref().unwrap();
    with_target(dialect, |target| translate_creation(&Update::read(update.as_bytes()).unwrap(), creation, target))
}

fn with_target<R>(dialect: &'static Dialect, then: impl FnOnce(&Target<'_>) -> R) -> R {
    with_handling(dialect, Handling::Strict, then)
}

/// Calls the function with a target that handles what is unsupported like this, without catalogs.
pub(crate) fn with_handling<R>(
    dialect: &'static Dialect,
    handling: Handling,
    then: impl FnOnce(&Target<'_>) -> R,
) -> R {
    let (configured, live, policies) = (CatalogSet::default(), CatalogSet::default(), Policies::default());
    then(&Target {
        dialect,
        vendor: dialect.name,
        id: "id_1",
        handling,
        policies: &policies,
        catalogs: Catalogs { configured: &configured, live: &live },
        accounts: &Names,
    })
}

/// Translates an update with configured catalogs: kind, id and name of each entry.
pub(crate) fn with_catalogs(
    dialect: &'static Dialect,
    entries: &[(CatalogKind, &str, &str)],
    update: &str,
) -> Result<Request, Refused> {
    let mut configured = CatalogSet::default();
    for kind in CatalogKind::ALL {
        let of_kind = entries.iter().filter(|(of, ..)| *of == kind);
        let of_kind = of_kind.map(|(_, id, name)| CatalogEntry::new(serde_json::Value::from(*id).to_string(), *name));
        configured.set(kind, Arc::new(of_kind.collect::<Catalog>()));
    }
    with_target(dialect, |target| {
        let live = CatalogSet::default();
        let target = Target { catalogs: Catalogs { configured: &configured, live: &live }, ..*target };
        let update = Update::read(update.as_bytes()).unwrap();
        assert_eq!(missing_lookups(&update, dialect, target.policies, &target.catalogs), [], "no catalog can be asked");
        translate_request(&update, &target)
    })
}

/// The body of an update, which is not refused, as JSON.
pub(crate) fn body(dialect: &'static Dialect, update: &str) -> serde_json::Value {
    let request = translate(dialect, update).unwrap_or_else(|refused| panic!("{refused:?}"));
    serde_json::from_slice(&request.body).unwrap()
}

/// Carries out a run against a vendor that answers each step with this JSON.
pub(crate) fn drive(run: &mut Run<'_>, vendor: impl Fn(&Step) -> String) -> Result<Vec<Step>, Refused> {
    let mut steps = Vec::new();
    while let Some(step) = run.next()? {
        run.answered(vendor(&step).as_bytes()).unwrap();
        steps.push(step);
    }
    Ok(steps)
}

/// The steps of an update as `METHOD path body`.
pub(crate) fn steps(
    dialect: &'static Dialect,
    update: &str,
    settings: &Settings,
    vendor: impl Fn(&Step) -> String,
) -> Vec<String> {
    let request = translate(dialect, update).unwrap_or_else(|refused| panic!("{refused:?}"));
    let mut run = Run::update(dialect, "id_1", &request, settings).unwrap();
    let steps = drive(&mut run, vendor).unwrap_or_else(|refused| panic!("{refused:?}"));
    steps.iter().map(|step| format!("{} {} {}", step.method, step.path, String::from_utf8_lossy(&step.body))).collect()
}

/// Reads a document backwards, and gives what the function makes of it.
pub(crate) fn read<R>(dialect: &'static Dialect, document: &str, then: impl FnOnce(&ReadAssistant<'_>) -> R) -> R {
    let listed = ListedAssistant::document(dialect, document.as_bytes()).unwrap();
    then(&read_assistant(dialect, &Policies::default(), &listed))
}
