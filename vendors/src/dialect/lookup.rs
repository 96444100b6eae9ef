//! Names to ids and ids to names, through the catalogs of the account that the update goes to.

use crate::canonical::{Field, Update};
use crate::catalog::{CatalogKind, Catalogs, Entry};
use crate::item::ItemCode;
use crate::json::{Kind, Value, excerpt};

use super::Dialect;
use super::body::Cell;
use super::request::{FieldPolicy, Policies, Target};
use super::row::{Form, Rule};

/// What a value needs before it can be written.
enum Need<'a> {
    /// Nothing: it has the wanted form already.
    Nothing,
    /// The entry with this id.
    ById(&'a str),
    /// The entry with this name.
    ByName(std::borrow::Cow<'a, str>),
}

/// A name goes to a vendor that wants names as it stands, so that such a vendor needs no catalog; only a two-letter
/// language code has to be turned into the vendor's name for it.
fn need(value: Value<'_>, catalog: CatalogKind, to: Form) -> Need<'_> {
    match (value.as_str(), value.as_integer(), to) {
        (Some(name), _, Form::Id) => Need::ByName(name),
        (Some(name), _, Form::Name) if catalog == CatalogKind::Languages && is_code(&name) => Need::ByName(name),
        (_, Some(id), Form::Name) => Need::ById(id),
        _ => Need::Nothing,
    }
}

fn is_code(name: &str) -> bool {
    name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The catalogs that this update needs and that `known` does not answer, each once. Fields that the operator has
/// dropped or refused need none.
pub fn missing_lookups(
    update: &Update<'_>,
    dialect: &Dialect,
    policies: &Policies,
    known: &Catalogs<'_>,
) -> Vec<CatalogKind> {
    let mut missing = Vec::new();
    for entry in &update.entries {
        let policy = entry.field.and_then(|field| policies.get(field));
        if matches!(policy, Some(FieldPolicy::Drop | FieldPolicy::Refuse)) {
            continue;
        }
        let Some(Rule::Lookup { catalog, to, .. }) = entry.field.map(|field| dialect.row(field).rule) else { continue };
        let answered = match need(entry.value, catalog, to) {
            Need::Nothing => true,
            Need::ById(id) => known.by_id(catalog, id).is_some(),
            Need::ByName(name) => !known.by_name(catalog, &name).is_empty(),
        };
        if !answered && !missing.contains(&catalog) {
            missing.push(catalog);
        }
    }
    missing
}

/// Writes one looked-up field.
pub(super) fn write(
    value: Value<'_>,
    (wire, catalog, to): (&'static str, CatalogKind, Form),
    target: &Target<'_>,
    cell: &mut Cell<'_>,
) {
    let found = match need(value, catalog, to) {
        Need::Nothing => return cell.body.member(wire, value.text()),
        Need::ById(id) => target.catalogs.by_id(catalog, id).into_iter().collect(),
        Need::ByName(name) => target.catalogs.by_name(catalog, &name),
    };
    match found.as_slice() {
        [only] if to == Form::Id => cell.body.member(wire, &only.id),
        [only] => cell.body.string_member(wire, &only.name),
        [] => cell.refuse(&[], ItemCode::UnresolvedName, unknown(value, catalog, target.vendor)),
        many => cell.refuse(&[], ItemCode::UnresolvedName, ambiguous(many, catalog)),
    }
}

fn unknown(value: Value<'_>, catalog: CatalogKind, vendor: &str) -> String {
    let key = format!("[vendors.{vendor}.catalog.{catalog}]");
    let sent = excerpt(value.text(), 100);
    match value.kind() {
        Kind::String => format!(
            "{sent} is not in the catalog `{catalog}` of `{vendor}`; under {key}, `\"<id>\" = {sent}` would add it"
        ),
        _ => format!(
            "id {sent} is not in the catalog `{catalog}` of `{vendor}`; under {key}, `\"{sent}\" = \"<name>\"` would add it"
        ),
    }
}

fn ambiguous(many: &[&Entry], catalog: CatalogKind) -> String {
    let shown: Vec<_> = many.iter().take(10).map(|entry| format!("`{}` (id {})", entry.name, entry.id)).collect();
    let more = many.len().saturating_sub(shown.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("is ambiguous in the catalog `{catalog}`: {}{rest}", shown.join(", "))
}

impl Dialect {
    /// Whether a field goes through a catalog here, and through which.
    pub fn catalog_of(&self, field: Field) -> Option<CatalogKind> {
        match self.row(field).rule {
            Rule::Lookup { catalog, .. } => Some(catalog),
            _ => None,
        }
    }
}
