//! A vendor's body read backwards: the canonical update, and what cannot be read.
//!
//! The update is translated again and compared with the body, so that what the reading loses is said and not guessed.

use std::collections::HashMap;

use serde::Serialize;
use vendors::json::{Kind, Limits, Value, lay_out, push_string, read_value};
use vendors::{Catalogs, Field, Handling, WrittenBody, read_written};

use crate::admin::Operator;
use crate::api::{Destination, PreviewOptions, preview, redact_undocumented};
use crate::problem::{Code, Problem};

use super::{check_length, destination};

/// The most differences that are listed.
const MAX_DIFFERENCES: usize = 100;

/// A body read backwards.
#[derive(Debug, Serialize)]
pub(crate) struct Backwards {
    /// The account or dialect whose body it is.
    pub(crate) from: String,
    /// The dialect.
    pub(crate) dialect: &'static str,
    /// The canonical update as text, secrets redacted.
    pub(crate) update: String,
    /// The fields in it, in the order of the documentation.
    pub(crate) fields: Vec<ReadField>,
    /// What an update would refuse, and why; it is not in the update.
    pub(crate) unreadable: Vec<Unreadable>,
    /// The members without a canonical field: they are in `vendor_options`.
    pub(crate) vendor_options: Vec<String>,
    /// The members that say which assistant it is, or are set by the vendor alone: they are left out.
    pub(crate) ignored: Vec<&'static str>,
    /// The fields that only what the body lacks would tell, if it were the whole assistant: they are left out.
    pub(crate) absent: Vec<&'static str>,
    /// What the update becomes if it is translated for the same vendor again.
    pub(crate) again: Again,
}

/// A field that was read.
#[derive(Debug, Serialize)]
pub(crate) struct ReadField {
    pub(crate) field: &'static str,
    /// Where the vendor has it.
    pub(crate) wire: Vec<String>,
    /// What the configured catalog calls the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// A field that was not.
#[derive(Debug, Serialize)]
pub(crate) struct Unreadable {
    pub(crate) field: &'static str,
    pub(crate) detail: String,
}

/// The way back to the vendor.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Again {
    /// Whether the same body results.
    pub(crate) is_same: bool,
    /// Where it differs: the pointer, and how.
    pub(crate) differences: Vec<Difference>,
    /// Why it could not be translated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// A difference.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    pub(crate) pointer: String,
    pub(crate) detail: &'static str,
}

/// Reads a vendor's body.
///
/// # Errors
/// It is no JSON object, or there is no such account or dialect.
pub(crate) async fn backwards(operator: &Operator, from: &str, body: &str) -> Result<Backwards, Problem> {
    check_length(body)?;
    let destination = destination(operator, from)?;
    let invalid = |detail: String| Problem::new(Code::InvalidJson, detail);
    let value = read_value(body.as_bytes(), Limits::VENDOR).map_err(|error| invalid(error.to_string()))?;
    if value.kind() != Kind::Object {
        return Err(invalid("a vendor's body must be a JSON object".to_owned()));
    }
    let (dialect, policies) = (destination.dialect(), destination.policies());
    let mut read = read_written(dialect, &policies, value);
    read.fields.sort_by_key(|(field, _)| *field);
    let update = update(destination.name(), &read);
    let mut redacted = Vec::with_capacity(update.len());
    redact_undocumented(&mut redacted, update.as_bytes());
    let fields = read.fields.iter().map(|(field, value)| ReadField {
        field: field.name(),
        wire: dialect.describe(*field).wire,
        name: name_of(&destination, *field, value),
    });
    Ok(Backwards {
        from: destination.name().to_owned(),
        dialect: dialect.name,
        update: lay_out(&redacted),
        fields: fields.collect(),
        unreadable: read
            .unwritable
            .iter()
            .map(|told| Unreadable { field: told.field.name(), detail: told.detail.clone() })
            .collect(),
        vendor_options: read.rest.iter().map(|(key, _)| key.clone().into_owned()).collect(),
        absent: read.absent.iter().map(|field| field.name()).collect(),
        again: again(operator, &destination, &update, value, &read.ignored).await,
        ignored: read.ignored,
    })
}

/// What a configured catalog calls an id.
fn name_of(destination: &Destination, field: Field, value: &str) -> Option<String> {
    let account = destination.account()?;
    let catalogs = Catalogs { configured: &account.configured, live: &account.configured };
    let entry = catalogs.by_id(account.dialect.catalog_of(field)?, value)?;
    Some(entry.name.clone())
}

/// The update that was read, as JSON text.
fn update(name: &str, read: &WrittenBody<'_>) -> String {
    let mut out = vec![b'{'];
    let mut push = |key: &str, text: &str| {
        if out.len() > 1 {
            out.push(b',');
        }
        push_string(&mut out, key);
        out.push(b':');
        out.extend_from_slice(text.as_bytes());
    };
    for (field, text) in &read.fields {
        push(field.name(), text);
    }
    if !read.rest.is_empty() {
        let mut options = b"{".to_vec();
        push_string(&mut options, name);
        options.extend_from_slice(b":{");
        for (index, (key, text)) in read.rest.iter().enumerate() {
            options.extend_from_slice(if index > 0 { b"," } else { b"" });
            push_string(&mut options, key);
            options.push(b':');
            options.extend_from_slice(text.as_bytes());
        }
        options.extend_from_slice(b"}}");
        push(Field::VendorOptions.name(), &String::from_utf8_lossy(&options));
    }
    out.push(b'}');
    String::from_utf8(out).unwrap_or_default()
}

/// Translates the update again, and compares.
async fn again(
    operator: &Operator,
    destination: &Destination,
    update: &str,
    body: Value<'_>,
    ignored: &[&str],
) -> Again {
    let options = PreviewOptions { handling: Some(Handling::Strict), ..PreviewOptions::default() };
    let request = match preview(&operator.context, destination, options, update.as_bytes()).await {
        Ok(shown) => shown.request,
        Err(refusal) => {
            let items = refusal.problem.errors.list.iter().take(MAX_DIFFERENCES);
            let items: Vec<_> = items.map(|item| format!("{}: {}", item.pointer, item.detail)).collect();
            let problem = if items.is_empty() { refusal.problem.detail } else { items.join("; ") };
            return Again { problem: Some(problem), ..Again::default() };
        }
    };
    let mut differences = Vec::new();
    if let Ok(sent) = read_value(&request.body, Limits::VENDOR) {
        compare(body, sent, "#", ignored, &mut differences);
    }
    Again { is_same: differences.is_empty(), differences, problem: None }
}

/// Notes where two objects differ; `ignored` are members of the first at its top.
fn compare(body: Value<'_>, sent: Value<'_>, at: &str, ignored: &[&str], out: &mut Vec<Difference>) {
    let pointer = |key: &str| at.to_owned() + vendors::json::Pointer::Root.key(key).to_string().trim_start_matches('#');
    let mut note = |pointer: String, detail| {
        if out.len() < MAX_DIFFERENCES {
            out.push(Difference { pointer, detail });
        }
    };
    let mut inner = Vec::new();
    // The last member of a name counts, as in `Value::get`, which would walk the whole object for each.
    let (of_body, of_sent): (HashMap<_, _>, HashMap<_, _>) = (body.members().collect(), sent.members().collect());
    for (key, value) in body.members().filter(|(key, _)| !(at == "#" && ignored.contains(&&**key))) {
        match of_sent.get(&key).copied() {
            None => note(pointer(&key), "an update sends nothing here"),
            Some(other) if value.kind() == Kind::Object && other.kind() == Kind::Object => {
                inner.push((value, other, pointer(&key)));
            }
            Some(other) if !is_same(value, other) => note(pointer(&key), "an update sends another value"),
            Some(_) => {}
        }
    }
    for (key, _) in sent.members().filter(|(key, _)| !of_body.contains_key(key)) {
        note(pointer(&key), "an update sends this besides");
    }
    for (value, other, pointer) in inner {
        compare(value, other, &pointer, ignored, out);
    }
}

/// Whether two values are the same, however they are written.
fn is_same(one: Value<'_>, other: Value<'_>) -> bool {
    let parsed = |value: Value<'_>| serde_json::from_str::<serde_json::Value>(value.text()).ok();
    one.text() == other.text() || parsed(one).is_some_and(|one| Some(one) == parsed(other))
}
