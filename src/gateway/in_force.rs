//! The settings in force, as operators see them: those that were read last, but at keys that only a restart changes what
//! the process started with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Gateway, Setting};

/// What is kept of the start, at keys that have changed since.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The values by their keys, of which a section may be the whole.
    values: Vec<(&'static str, Value)>,
    /// Each value in them with where it comes from, by its key.
    listed: BTreeMap<String, Setting>,
}

impl Gateway {
    /// The settings in force, secrets redacted.
    pub fn settings_in_force(&self) -> Cow<'_, Value> {
        if self.kept.values.is_empty() {
            return Cow::Borrowed(&self.redacted_settings);
        }
        let mut shown = self.redacted_settings.clone();
        self.kept.values.iter().for_each(|(key, value)| set(&mut shown, key, value.clone()));
        Cow::Owned(shown)
    }

    /// Each of them with where it comes from.
    pub fn listed_settings(&self) -> Vec<Setting> {
        let mut listed = self.origins.settings(&self.settings_in_force());
        if !self.kept.listed.is_empty() {
            listed.iter_mut().for_each(|one| self.put_back(one));
        }
        listed
    }

    /// What is in force at a key that only a restart changes, if that is not what was read last.
    pub(crate) fn kept(&self, key: &str) -> Option<&Setting> {
        self.kept.listed.get(key)
    }

    /// Keeps what is in force in `before` at these keys, which only a restart changes.
    pub(crate) fn keep(&mut self, before: &Self, keys: &[&'static str]) {
        if keys.is_empty() {
            return;
        }
        let in_force = before.settings_in_force();
        let mut paths: Vec<_> = keys.iter().map(|key| path_of(key, [&in_force, &self.redacted_settings])).collect();
        paths.dedup();
        let value = |path: &&'static str| (*path, at(&in_force, path).cloned().unwrap_or_default());
        let values: Vec<_> = paths.iter().map(value).collect();
        let mut part = Value::Object(Map::new());
        values.iter().for_each(|(path, value)| set(&mut part, path, value.clone()));
        let mut listed = before.origins.settings(&part);
        listed.iter_mut().for_each(|one| before.put_back(one));
        self.kept = Kept { values, listed: listed.into_iter().map(|one| (one.key.clone(), one)).collect() };
    }

    fn put_back(&self, setting: &mut Setting) {
        if let Some(kept) = self.kept(&setting.key) {
            setting.clone_from(kept);
        }
    }
}

/// The key, or its section where one of the settings does not have that.
fn path_of(key: &'static str, settings: [&Value; 2]) -> &'static str {
    let Some((section, _)) = key.split_once('.') else { return key };
    let have = settings.iter().all(|settings| settings.get(section).is_some_and(Value::is_object));
    if have { key } else { section }
}

fn at<'v>(settings: &'v Value, path: &str) -> Option<&'v Value> {
    match path.split_once('.') {
        Some((section, key)) => settings.get(section)?.get(key),
        None => settings.get(path),
    }
}

fn set(settings: &mut Value, path: &str, value: Value) {
    let Some(settings) = settings.as_object_mut() else { return };
    let Some((section, key)) = path.split_once('.') else {
        settings.insert(path.to_owned(), value);
        return;
    };
    let section = settings.entry(section).or_insert_with(|| Value::Object(Map::new()));
    if let Some(section) = section.as_object_mut() {
        section.insert(key.to_owned(), value);
    }
}
