//! How an update changes a stored document: at the top level only, or at every depth.

use serde_json::{Map, Value};

/// Sets each member of `update`; whatever it holds replaces the stored member whole.
pub(super) fn top(stored: &mut Map<String, Value>, update: &Map<String, Value>) {
    for (name, value) in update {
        stored.insert(name.clone(), value.clone());
    }
}

/// Merges objects at every depth; everything else, lists too, is replaced.
pub(super) fn deep(stored: &mut Map<String, Value>, update: &Map<String, Value>) {
    for (name, value) in update {
        match (stored.get_mut(name), value) {
            (Some(Value::Object(stored)), Value::Object(update)) => deep(stored, update),
            _ => drop(stored.insert(name.clone(), value.clone())),
        }
    }
}

/// The value at a path of names and indices with dots.
pub(super) fn at<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(document, |value, part| match value {
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

/// Sets the value at a path whose objects exist; whether they did.
pub(super) fn set(document: &mut Value, path: &str, value: Value) -> bool {
    let Some(members) = parent(document, path) else { return false };
    members.insert(last(path).to_owned(), value);
    true
}

/// Takes the member at a path away, and the objects that are empty without it.
pub(super) fn remove(document: &mut Value, path: &str) {
    let taken = parent(document, path).map(|members| (members.shift_remove(last(path)), members.is_empty()));
    if let (Some((Some(_), true)), Some((above, _))) = (taken, path.rsplit_once('.')) {
        remove(document, above);
    }
}

/// Takes one member away; a path that leads nowhere changes nothing.
pub(super) fn remove_member(document: &mut Value, path: &[Value]) {
    let Some((Value::String(name), parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(document, |value, part| match part {
        Value::String(name) => value.get_mut(name.as_str()),
        other => value.get_mut(usize::try_from(other.as_u64()?).ok()?),
    });
    if let Some(members) = parent.and_then(Value::as_object_mut) {
        members.shift_remove(name);
    }
}

fn last(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, last)| last)
}

fn parent<'v>(document: &'v mut Value, path: &str) -> Option<&'v mut Map<String, Value>> {
    let parents = path.rsplit_once('.').map(|(parents, _)| parents.split('.'));
    let parent = parents.into_iter().flatten().try_fold(document, |value, part| match value {
        Value::Array(items) => items.get_mut(part.parse::<usize>().ok()?),
        other => other.get_mut(part),
    })?;
    parent.as_object_mut()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(merge: fn(&mut Map<String, Value>, &Map<String, Value>), stored: Value, update: Value) -> Value {
        let (Value::Object(mut stored), Value::Object(update)) = (stored, update) else { unreachable!() };
        merge(&mut stored, &update);
        stored.into()
    }

    #[test]
    fn the_depth_of_a_merge() {
        let stored = json!({ "a": { "b": { "c": 1, "d": [1, 2] }, "e": 3 }, "f": 4 });
        let update = json!({ "a": { "b": { "d": [5] } } });
        assert_eq!(
            merged(deep, stored.clone(), update.clone()),
            json!({ "a": { "b": { "c": 1, "d": [5] }, "e": 3 }, "f": 4 })
        );
        assert_eq!(merged(top, stored.clone(), update), json!({ "a": { "b": { "d": [5] } }, "f": 4 }));
        assert_eq!(merged(deep, stored, json!({ "a": null })), json!({ "a": null, "f": 4 }));
        assert_eq!(merged(deep, json!({ "a": null }), json!({ "a": { "b": 1 } })), json!({ "a": { "b": 1 } }));
    }

    #[test]
    fn a_member_is_reached_by_its_path() {
        let mut document = json!({ "a": { "b": [{ "c": 1 }] }, "d": 2 });
        assert_eq!(at(&document, "a.b.0.c"), Some(&json!(1)));
        assert_eq!(at(&document, "a.x.c"), None);
        assert!(set(&mut document, "a.b.0.e", json!(5)) && !set(&mut document, "x.y", json!(1)));
        remove(&mut document, "a.b.0.c");
        assert_eq!(document, json!({ "a": { "b": [{ "e": 5 }] }, "d": 2 }));
        let mut sparse = json!({ "a": { "b": { "c": 1 } } });
        remove(&mut sparse, "a.b.c");
        assert_eq!(sparse, json!({}));
    }
}
