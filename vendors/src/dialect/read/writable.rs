//! Which told values an update would refuse: the update that holds them all is translated, and not sent.

use std::borrow::Cow;

use crate::canonical::{Field, Update};
use crate::catalog::{CatalogSet, Catalogs};
use crate::dialect::{Dialect, Handling, Policies, Target, translate_request};
use crate::item::{Item, ItemCode};
use crate::json::{Limits, Pointer, push_string, read_value};
use crate::registry;

/// The fields that an update with all these values would have refused, each with the first reason.
pub(super) fn refusals(
    dialect: &'static Dialect,
    policies: &Policies,
    told: &[(Field, Cow<'_, str>)],
) -> Vec<(Field, String)> {
    let (configured, live) = (CatalogSet::default(), CatalogSet::default());
    let target = Target {
        dialect,
        vendor: dialect.name,
        id: "",
        handling: Handling::Strict,
        policies,
        catalogs: Catalogs { configured: &configured, live: &live },
        accounts: &registry::Names,
    };
    let mut refused: Vec<(Field, String)> = Vec::new();
    loop {
        let body = body(told, &refused);
        let items = match Update::read(&body).map(|update| translate_request(&update, &target)) {
            Ok(Err(refusal)) => refusal.items,
            Ok(Ok(_)) => return refused,
            // A vendor's text may be nested deeper than a caller's, or name a member twice.
            Err(_) => {
                let found: Vec<_> =
                    told.iter().filter_map(|(field, text)| unreadable(*field, text, &refused)).collect();
                if found.is_empty() {
                    return refused;
                }
                refused.extend(found);
                continue;
            }
        };
        let before = refused.len();
        // Ids are looked up when they are written; the vendor's own are in its catalog.
        for item in items.list.iter().filter(|item| item.code != ItemCode::UnresolvedName) {
            let Some(field) = item.field.as_deref().and_then(Field::from_name) else { continue };
            if !refused.iter().any(|(known, _)| *known == field) {
                refused.push((field, reason(field, item)));
            }
        }
        if refused.len() == before {
            return refused;
        }
    }
}

/// The update with all values but those that are known to be refused.
fn body(told: &[(Field, Cow<'_, str>)], refused: &[(Field, String)]) -> Vec<u8> {
    let mut out = vec![b'{'];
    for (field, text) in told.iter().filter(|(field, _)| !refused.iter().any(|(known, _)| known == field)) {
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, field.name());
        out.push(b':');
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b'}');
    out
}

/// The reason, with the place inside the field.
fn reason(field: Field, item: &Item) -> String {
    let root = Pointer::Root.key(field.name()).to_string();
    match item.pointer.strip_prefix(&root).filter(|inside| !inside.is_empty()) {
        Some(inside) => format!("{inside}: {}", item.detail),
        None => item.detail.clone(),
    }
}

/// The refusal of a text that no caller may send.
fn unreadable(field: Field, text: &str, refused: &[(Field, String)]) -> Option<(Field, String)> {
    let error = read_value(text.as_bytes(), Limits { depth: Limits::CALLER.depth - 1, ..Limits::CALLER }).err()?;
    (!refused.iter().any(|(known, _)| *known == field)).then(|| (field, error.to_string()))
}
