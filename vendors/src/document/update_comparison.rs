//! What one update loses by going to another vendor: both translate it, and neither is sent anything.

use std::collections::BTreeMap;

use crate::canonical::{Field, Update};
use crate::catalog::{CatalogSet, Catalogs};
use crate::dialect::{AccountNames, Handling, Policies, Target, translate_request};
use crate::item::{Item, ItemCode};
use crate::json::{Kind, Value};

use super::comparison::{Loss, Severity, compare};
use super::coverage::Named;

/// The difference that another vendor makes to one update.
#[derive(Debug, Clone, Default)]
pub struct UpdateComparison {
    /// What the second vendor refuses although the first does not, in the order of the pointers.
    pub losses: Vec<Item>,
    /// What the second vendor takes although the first does not, as pointers.
    pub gains: Vec<String>,
    /// The update's fields that the second vendor holds less exactly.
    pub approximated: Vec<Loss>,
    /// The update's fields whose ids or names have to be looked up again.
    pub resolve: Vec<Field>,
}

/// Compares two vendors for one update. `accounts` are those that `vendor_options` may name.
///
/// # Errors
/// What is wrong with the update at both vendors.
pub fn compare_update(
    update: &Update<'_>,
    from: Named<'_>,
    to: Named<'_>,
    accounts: &dyn AccountNames,
) -> Result<UpdateComparison, Vec<Item>> {
    let (before, mut after) = (errors_at(update, from, accounts), errors_at(update, to, accounts));
    let wrong = before.iter().filter(|(pointer, item)| !is_unsupported(item) && after.get(*pointer) == Some(item));
    let wrong: Vec<_> = wrong.map(|(_, item)| item.clone()).collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let gains = before.keys().filter(|pointer| !after.contains_key(*pointer)).cloned().collect();
    after.retain(|pointer, _| !before.contains_key(pointer));
    let comparison = compare(from.1, to.1);
    let is_sent = |field: Field| update.fields.contains(field);
    let nearly = |loss: &Loss| loss.severity == Severity::Approximated && is_sent(loss.field);
    let resolve = update.entries.iter().filter_map(|entry| entry.field);
    Ok(UpdateComparison {
        losses: after.into_values().collect(),
        gains,
        approximated: comparison.losses.into_iter().filter(nearly).collect(),
        resolve: resolve.filter(|field| comparison.resolve.contains(field)).collect(),
    })
}

fn is_unsupported(item: &Item) -> bool {
    matches!(item.code, ItemCode::UnsupportedField | ItemCode::UnsupportedValue)
}

/// Every error of the update at a vendor, by pointer. Unresolved names and ids of another type do not count: they are looked up
/// again.
fn errors_at(update: &Update<'_>, (vendor, dialect): Named<'_>, accounts: &dyn AccountNames) -> BTreeMap<String, Item> {
    let nothing = CatalogSet::default();
    let target = Target {
        dialect,
        vendor,
        id: "1",
        handling: Handling::Strict,
        policies: &Policies::default(),
        catalogs: Catalogs { configured: &nothing, live: &nothing },
        accounts,
    };
    let refused = translate_request(update, &target).err();
    let items = refused.into_iter().flat_map(|refused| refused.items.list);
    let items = items.filter(|item| item.code != ItemCode::UnresolvedName && !is_id_of_another(item, update));
    items.map(|item| (item.pointer.clone(), item)).collect()
}

/// Whether an item is against an id that is one of other vendors.
fn is_id_of_another(item: &Item, update: &Update<'_>) -> bool {
    let field = item.field.as_deref().and_then(Field::from_name).filter(|field| field.spec().shape.is_of_ids());
    let is_id = |value: Value<'_>| value.as_integer().is_some() || value.kind() == Kind::String;
    item.code == ItemCode::WrongType
        && field.and_then(|field| update.get(field)).is_some_and(|value| match value.kind() {
            Kind::Array => value.elements().all(is_id),
            _ => is_id(value),
        })
}
