//! Oracle for the translation of any body, for every vendor and both handlings.

use std::collections::BTreeSet;

use vendors::json::{Limits, excerpt, read_object};
use vendors::{
    Field, Handling, ItemCode, Items, Refused, Request, Row, Rule, Target, Update, missing_lookups, translate_request,
};

use crate::pointer;
use crate::vendor::vendors;

/// The longest part of an unknown key that a report repeats, in bytes.
const KEY: usize = 128;

/// Fails if a law of the translation does not hold.
pub(crate) fn check(body: &[u8]) {
    let Ok(update) = Update::read(body) else { return };
    for vendor in vendors() {
        let [strict, lenient] = [Handling::Strict, Handling::Lenient].map(|handling| {
            let target = vendor.target(handling);
            let result = translate_request(&update, &target);
            match &result {
                Ok(request) => accepted(&update, &target, request),
                Err(refused) => refusal(&update, refused),
            }
            backwards(&update, &target, &result);
            missing_lookups(&update, target.dialect, target.policies, &target.catalogs);
            result
        });
        if let Ok(strict) = strict {
            assert_eq!(Ok(strict), lenient, "lenient handling drops only what strict handling refuses");
        }
    }
}

fn accepted(update: &Update<'_>, target: &Target<'_>, request: &Request) {
    let wire = members(request);
    let applied: BTreeSet<_> = request.report.applied.iter().copied().collect();
    let mut reported: Vec<_> = applied.iter().map(|field| field.name().to_owned()).collect();
    reported.extend(request.report.dropped.iter().map(|note| note.field.clone().into_owned()));
    reported.sort();
    let mut sent: Vec<_> = update.entries.iter().map(|entry| excerpt(&entry.key, KEY).into_owned()).collect();
    sent.sort();
    // They are applied if something of them was sent, and reported by account.
    let is_options = |name: &String| name.starts_with("vendor_options");
    reported.retain(|name| !is_options(name));
    sent.retain(|name| !is_options(name));
    assert_eq!(reported, sent, "each field sent is applied or dropped, and no other");
    assert_eq!(request.sent.fields, applied.iter().copied().collect());
    for note in &request.report.warnings {
        let is_applied = Field::from_name(&note.field).is_some_and(|field| applied.contains(&field));
        assert!(is_applied || note.code == "other_vendor", "{note:?}");
    }
    for (key, _) in &wire {
        let mut rows = applied.iter().map(|field| (*field, target.dialect.row(*field)));
        let is_written = |(field, row): (Field, &Row)| {
            row.wire_names(field).any(|name| name == key) || row.paths().any(|path| path.first() == Some(&&**key))
        };
        let is_option =
            |path: &String| path == key || path.strip_prefix(&**key).is_some_and(|rest| rest.starts_with('.'));
        let written = rows.any(is_written) || request.sent.options.iter().any(is_option);
        assert!(written, "`{key}` comes from nowhere");
    }
    for entry in &update.entries {
        let Some(field) = entry.field.filter(|field| applied.contains(field)) else { continue };
        let name = match target.dialect.row(field).rule {
            Rule::Same | Rule::Without(_) => field.name(),
            Rule::Rename(wire) => wire,
            _ => continue,
        };
        let written = (name.to_owned(), entry.value.text().to_owned());
        assert!(wire.contains(&written), "{written:?} is not on the wire");
    }
}

/// The members of the vendor request with their text, after the reference has accepted the body as JSON too.
fn members(request: &Request) -> Vec<(String, String)> {
    assert_ne!(crate::reference(&request.body), Some(false), "{:?}", String::from_utf8_lossy(&request.body));
    let members = read_object(&request.body, Limits::CALLER).unwrap_or_else(|error| panic!("{error}"));
    members.into_iter().map(|(key, value)| (key.into_owned(), value.text().to_owned())).collect()
}

fn refusal(update: &Update<'_>, refused: &Refused) {
    let items = &refused.items;
    assert!(!items.list.is_empty() && items.list.len() <= Items::MAX);
    for item in &items.list {
        let segments = pointer::segments(&item.pointer);
        let first = segments.first().unwrap_or_else(|| panic!("{item:?} points at nothing"));
        assert!(update.entries.iter().any(|entry| excerpt(&entry.key, KEY) == **first), "{item:?} was not sent");
        assert!(!item.detail.is_empty() && item.detail.len() < 4096, "{item:?}");
    }
}

/// The order of keys affects only the order of members and items.
fn backwards(update: &Update<'_>, target: &Target<'_>, result: &Result<Request, Refused>) {
    let mut turned = update.clone();
    turned.entries.reverse();
    match (result, translate_request(&turned, target)) {
        (Ok(one), Ok(other)) => {
            let sorted = |request: &Request| members(request).into_iter().collect::<BTreeSet<_>>();
            assert_eq!(sorted(one), sorted(&other));
            assert_eq!(one.sent.fields, other.sent.fields);
        }
        (Err(one), Err(other)) => {
            // Of two fields that set the same place of a document, the later one is refused.
            let is_either = |code: ItemCode| code == ItemCode::Conflict && target.dialect.plan.is_some();
            let places = |refused: &Refused| {
                refused
                    .items
                    .list
                    .iter()
                    .filter(|item| !is_either(item.code))
                    .map(|item| (item.pointer.clone(), item.code.as_str()))
                    .collect::<BTreeSet<_>>()
            };
            assert!(one.items.is_full() || places(one) == places(&other), "{one:?}\n{other:?}");
        }
        (one, other) => panic!("{one:?}, but backwards {other:?}"),
    }
}
